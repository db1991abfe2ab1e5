package ticketing

import (
	"errors"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/transfer"
	"holdfast/actors/ticket"
)

// ErrLink: a text is the link of no transfer of this house.
var ErrLink = errors.New("ticketing: not the link of a transfer")

// RefusedError is the home's no to a transfer. Seats are those of the home's section that it names.
type RefusedError struct {
	Code  section.Rejection
	Seats []string
}

func (e *RefusedError) Error() string { return "ticketing: refused: " + e.Code.String() }

// Side says what a transfer is to who sees it.
type Side string

// The sides. An operator, and who has nothing but the link, is on neither.
const (
	Sent     Side = "sent"
	Received Side = "received"
)

// TransferState is where a transfer stands, as it is told.
type TransferState string

// The states. Only an offered one can be accepted.
const (
	Offered   TransferState = "offered"
	Accepted  TransferState = "accepted"
	Withdrawn TransferState = "withdrawn"
	Expired   TransferState = "expired" // nobody has accepted it in its time, or its tickets were refunded or let in
)

// TransferView is a transfer, as it is told.
type TransferView struct {
	Booking booking.ID
	No      uint16
	Event   *Event
	State   TransferState
	Side    Side
	Link    string // of an offer, to who offers it
	At      section.Instant
	Until   section.Instant
	Ended   section.Instant // 0: it was neither accepted nor withdrawn
	Tickets []Listed        // of passes, their rotations are left out
}

// OfferMax is how long an offer stands where its event begins later: two weeks.
const OfferMax section.Millis = 14 * 24 * 60 * 60 * 1000

// OpenLink reads a link; false: it is none of this house.
func (d *Issuer) OpenLink(link string) (id booking.ID, no uint16, ok bool) {
	return d.host.Links.OpenLink(link)
}

// Offer offers tickets of a booking to who opens the link: those of seats, or, where none is named, all that the caller
// has. ErrNoSuch: a seat is not the booking's. *RefusedError, and the engine's own.
func (d *Issuer) Offer(id booking.ID, seats []string, who Caller, timeout time.Duration) (*TransferView, error) {
	deadline := time.Now().Add(timeout)
	answer, ev, err := d.standing(id, Caller{Buyer: who.Buyer, Operator: who.Operator}, deadline)
	if err != nil {
		return nil, err
	}
	w := &transfer.Word{Until: d.host.Now() + section.Instant(OfferMax)}
	if starts := ev.Header.StartsAt; starts != 0 {
		w.Until = min(w.Until, starts)
	}
	for _, seat := range seats {
		t, known := d.named(ev, id, &answer, seat)
		if !known {
			return nil, &RefusedError{Code: section.TicketUnknown, Seats: []string{seat}}
		}
		w.Tickets = append(w.Tickets, t)
	}
	return d.command(id, section.Command{Kind: section.OfferTransfer, Transfer: w}, who, ev, deadline)
}

// named finds the ticket of a seat that a booking has, or had.
func (d *Issuer) named(ev *Event, id booking.ID, a *Answer, seat string) (entry.Ticket, bool) {
	for _, one := range soldOf(a) {
		if place, err := placeOf(ev, id, &a.Outcome, one.Ticket); err == nil && place.Seat == seat {
			return one.Ticket, true
		}
	}
	return entry.Ticket{}, false
}

// Withdraw takes back an offer of the caller's; an operator takes any. *RefusedError, and the engine's own.
func (d *Issuer) Withdraw(id booking.ID, no uint16, who Caller, timeout time.Duration) (*TransferView, error) {
	deadline := time.Now().Add(timeout)
	ev, err := d.host.Event(id.Section.Event, deadline)
	if err != nil {
		return nil, err
	}
	return d.command(id, section.Command{Kind: section.WithdrawTransfer, Transfer: &transfer.Word{No: no}}, who, ev,
		deadline)
}

// Accept gives the tickets of a link to the caller. ErrLink, *RefusedError, and the engine's own.
func (d *Issuer) Accept(link string, who Caller, timeout time.Duration) (*TransferView, error) {
	id, no, ok := d.host.Links.OpenLink(link)
	if !ok {
		return nil, ErrLink
	}
	deadline := time.Now().Add(timeout)
	ev, err := d.host.Event(id.Section.Event, deadline)
	if err != nil {
		return nil, err
	}
	if ev.begun(d.host.Now()) { // it may begin earlier than was known when the tickets were offered
		answer, err := d.host.Ask(id, section.Command{}, Caller{Operator: true}, deadline)
		if err != nil {
			return nil, err
		}
		if int(no) <= len(answer.Transfers) && answer.Transfers[no-1].State == transfer.Offered {
			return nil, &RefusedError{Code: section.TransferExpired}
		}
	}
	return d.command(id, section.Command{Kind: section.AcceptTransfer, Transfer: &transfer.Word{No: no}}, who, ev,
		deadline)
}

// Transfers tells the transfers of a booking that the caller has a part in, by number; an operator all of them.
func (d *Issuer) Transfers(id booking.ID, who Caller, timeout time.Duration) ([]TransferView, error) {
	deadline := time.Now().Add(timeout)
	answer, ev, err := d.standing(id, Caller{Buyer: who.Buyer, Operator: who.Operator}, deadline)
	if err != nil {
		return nil, err
	}
	all := []TransferView{}
	for i := range answer.Transfers {
		side, part := sideOf(&answer.Transfers[i], who.viewer())
		if !part {
			continue
		}
		view, err := d.view(ev, id, &answer, &answer.Transfers[i], side)
		if err != nil {
			return nil, err
		}
		all = append(all, *view)
	}
	return all, nil
}

// SeeLink tells what who has a link would get. who may be nobody. ErrLink.
func (d *Issuer) SeeLink(link string, who Caller, timeout time.Duration) (*TransferView, error) {
	id, no, ok := d.host.Links.OpenLink(link)
	if !ok {
		return nil, ErrLink
	}
	answer, ev, err := d.standing(id, Caller{Operator: true}, time.Now().Add(timeout))
	switch {
	case err != nil:
		return nil, err
	case int(no) > len(answer.Transfers):
		return nil, ErrLink
	}
	t := &answer.Transfers[no-1]
	side, _ := sideOf(t, viewer{who: who.Buyer})
	return d.view(ev, id, &answer, t, side)
}

// sideOf says what a transfer is to a viewer, and whether it is shown.
func sideOf(t *transfer.Transfer, v viewer) (side Side, part bool) {
	nobody := v.who == section.BuyerID{}
	switch {
	case !nobody && section.BuyerID(t.From) == v.who:
		return Sent, true
	case !nobody && t.State == transfer.Accepted && section.BuyerID(t.To) == v.who:
		return Received, true
	}
	return "", v.all
}

// standing is a booking as it stands, and its event.
func (d *Issuer) standing(id booking.ID, who Caller, deadline time.Time) (a Answer, ev *Event, err error) {
	if a, err = d.host.Ask(id, section.Command{}, who, deadline); err == nil {
		ev, err = d.host.Event(id.Section.Event, deadline)
	}
	return a, ev, err
}

// command has the home judge a transfer, and tells it as it stands after that.
func (d *Issuer) command(
	id booking.ID, c section.Command, who Caller, ev *Event, deadline time.Time,
) (*TransferView, error) {
	answer, err := d.host.Ask(id, c, who, deadline)
	if err != nil {
		return nil, err
	}
	if answer.Rejection != section.Accepted {
		refused := &RefusedError{Code: answer.Rejection}
		for _, seat := range answer.Refused {
			if place, known := ev.Place(id.Section.Section, seat, Fare{Mark: answer.Mark, Fare: answer.Fare}); known {
				refused.Seats = append(refused.Seats, place.Seat)
			}
		}
		return nil, refused
	}
	no := answer.Transfer
	if no == 0 || int(no) > len(answer.Transfers) { // a key that was used for something else of the booking
		return nil, &RefusedError{Code: section.IdempotencyMismatch}
	}
	side, _ := sideOf(&answer.Transfers[no-1], viewer{who: who.Buyer})
	return d.view(ev, id, &answer, &answer.Transfers[no-1], side)
}

// view tells a transfer.
func (d *Issuer) view(ev *Event, id booking.ID, a *Answer, t *transfer.Transfer, side Side) (*TransferView, error) {
	out := &TransferView{Booking: id, No: t.No, Event: ev, Side: side, At: t.At, Until: t.Until, Ended: t.Ended,
		State: d.stateOf(ev, a, t)}
	if out.State == Offered && side == Sent {
		out.Link = d.host.Links.Link(id, t.No)
	}
	for _, one := range t.Tickets {
		place, err := placeOf(ev, id, &a.Outcome, one)
		if err != nil {
			return nil, err
		}
		out.Tickets = append(out.Tickets, Listed{ID: ticket.ID(id, one), Place: place, Pass: entry.Pass{Ticket: one}})
	}
	return out, nil
}

// begun says that the event has, as far as is known.
func (e *Event) begun(now section.Instant) bool {
	return e.Header.StartsAt != 0 && now >= e.Header.StartsAt
}

// stateOf tells where a transfer stands. An offer whose tickets were refunded or let in since is nobody's to accept.
func (d *Issuer) stateOf(ev *Event, a *Answer, t *transfer.Transfer) TransferState {
	switch t.State {
	case transfer.Accepted:
		return Accepted
	case transfer.Withdrawn:
		return Withdrawn
	}
	now := d.host.Now()
	if !t.Open(now) || ev.begun(now) {
		return Expired
	}
	valid := 0
	for _, one := range soldOf(a) {
		if t.Has(one.Ticket) && one.valid && !passOf(a.Passes, one.Ticket).Admitted {
			valid++
		}
	}
	if valid < len(t.Tickets) {
		return Expired
	}
	return Offered
}
