package ticketing

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/tariff"
	"holdfast/actors/section/transfer"
	"holdfast/actors/ticket"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// Caller is who asks; see actors.Caller, of which it is a copy.
type Caller struct {
	Buyer       section.BuyerID
	Operator    bool
	Request     section.RequestID
	Fingerprint uint64
	Trace       *trace.Parent
}

// Answer is what a booking's home says.
type Answer struct {
	section.Outcome // without Seats, Lost and Money
	// Alive are the seats of the home's section that are not owed back; of a booking that was refunded, those that were
	// the last of it. Of an accepted read only.
	Alive   []section.SeatIndex
	Money   *account.Money      // nil: it never paid
	Refused []section.SeatIndex // of the home's section, that a refusal is about
}

// viewer is whose tickets of a booking are looked for; all: everybody's.
type viewer struct {
	all bool
	who section.BuyerID
}

func (w Caller) viewer() viewer { return viewer{all: w.Operator, who: w.Buyer} }

// Holding says what a viewer has of a ticket.
type Holding uint8

// The holdings: another's ticket is not shown, and one that was given away is, without its code.
const (
	Never Holding = iota
	Gave          // it was theirs, and is another's
	Has
)

// HoldingOf says what a buyer has of a ticket whose booking has been through such transfers, and is shown to them.
func HoldingOf(list []transfer.Transfer, who section.BuyerID, t entry.Ticket) Holding {
	paid := Paid(list, who)
	holder, moved := transfer.HolderOf(list, t)
	switch {
	case moved && section.BuyerID(holder) == who, !moved && paid:
		return Has
	case paid:
		return Gave
	}
	for i := range list {
		if o := &list[i]; o.State == transfer.Accepted && section.BuyerID(o.To) == who && o.Has(t) {
			return Gave
		}
	}
	return Never
}

// Paid says that a buyer to whom a booking is shown is who paid for it: nobody else can have offered its tickets first.
func Paid(list []transfer.Transfer, who section.BuyerID) bool {
	return len(list) == 0 || section.BuyerID(list[0].From) == who
}

// Place is what people call a seat.
type Place struct {
	Seat, Section, Category string
	Type                    string // of ticket; empty: the category has none
	Price                   *price.Price
}

// Fare says which price list a ticket's booking was placed under, and what else its price depends on.
type Fare struct {
	Mark tariff.Mark
	Fare *tariff.Fare
	Leg  uint8 // of the ticket
}

// Event is what this room knows of an event.
type Event struct {
	Header *storage.Event
	Zone   *time.Location // nil: UTC
	// Sections is how many it has.
	Sections int
	// Place is a seat of a section; false: there is none.
	Place func(no storage.SectionNo, seat section.SeatIndex, of Fare) (Place, bool)
}

// Clock is the venue's; UTC where nobody has said which that is.
func (e *Event) Clock() *time.Location {
	if e == nil || e.Zone == nil {
		return time.UTC
	}
	return e.Zone
}

// Host is the engine as this room meets it. Errors are those of the engine's calls.
type Host struct {
	Keys storage.TicketKeys
	// Links makes the links of transfers, and reads them; see booking.TicketCodes.
	Links Links
	Now   func() section.Instant
	// Ask has a booking's home judge a command, or, of Kind 0, tell the booking. who: a key is the command's own.
	Ask func(id booking.ID, c section.Command, who Caller, deadline time.Time) (Answer, error)
	// Event finds an event.
	Event func(id storage.EventID, deadline time.Time) (*Event, error)
	// Look shows a section's state, as it is served or followed here; false: it is neither, now.
	Look func(ctx context.Context, id storage.EventID, no storage.SectionNo, see func(*section.State)) bool
}

// Links are secret texts that stand for transfers.
type Links interface {
	Link(id booking.ID, transfer uint16) string
	OpenLink(text string) (id booking.ID, transfer uint16, ok bool)
}

// Issuer does what buyers, scanners and operators want of tickets. Its methods are safe for concurrent use.
type Issuer struct {
	host Host
	ring *Ring
}

// New makes an issuer of a host.
func New(host Host) *Issuer { return &Issuer{host: host, ring: NewRing(host.Keys, host.Now)} }

// What is wrong with a ticket or its code. Match with errors.Is.
var (
	ErrNotSold    = errors.New("ticketing: the booking is not confirmed: it has no tickets")
	ErrNoSuch     = errors.New("ticketing: the house has no such ticket")
	ErrVoid       = errors.New("ticketing: the ticket was refunded, or issued anew")
	ErrOtherEvent = errors.New("ticketing: the ticket is another event's")
	ErrUnheard    = errors.New("ticketing: a section is not heard of by this node now")
)

// AdmittedError says that a ticket is in already.
type AdmittedError struct{ Scan }

func (e *AdmittedError) Error() string { return "ticketing: the ticket was admitted already" }

// State is where a ticket stands.
type State string

// The states. A ticket that is in stays valid as long as nobody refunds it: its code says who is inside.
const (
	Valid       State = "valid"
	Admitted    State = "admitted"
	Void        State = "void"
	Transferred State = "transferred" // it is another buyer's now, whose code is told to nobody else
)

// Ticket is one seat of a booking, as it is told.
type Ticket struct {
	No int // in its booking, from 1; it never changes
	ID string
	Place
	State State
	Code  string // empty: the ticket is void, or another's
	Pass  entry.Pass
}

// Tickets are those of a booking that somebody may see.
type Tickets struct {
	Booking booking.ID
	Event   *Event
	Tickets []Ticket
}

// Valid says that a ticket opens a door.
func (t *Tickets) Valid() bool {
	return slices.ContainsFunc(t.Tickets, func(one Ticket) bool { return one.Code != "" })
}

// Tickets tells a booking's tickets, with their codes, as far as they are or were the caller's. ErrNotSold: it has
// none, or some section has not sold its seats yet. Who is no operator, has not paid for it, and was never given a
// ticket of it hears that there is no such booking.
func (d *Issuer) Tickets(id booking.ID, who Caller, timeout time.Duration) (*Tickets, error) {
	deadline := time.Now().Add(timeout)
	answer, err := d.host.Ask(id, section.Command{}, Caller{Buyer: who.Buyer, Operator: who.Operator}, deadline)
	if err != nil {
		return nil, err
	}
	confirming := answer.State == section.BookingConfirmed && answer.Order != nil && answer.Unsettled
	if confirming || answer.State != section.BookingConfirmed && answer.State != section.BookingRefunded {
		return nil, ErrNotSold
	}
	ev, err := d.host.Event(id.Section.Event, deadline)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	number, key, err := d.ring.Signer(ctx)
	if err != nil {
		return nil, err
	}
	out, viewer := &Tickets{Booking: id, Event: ev}, who.viewer()
	for n, seat := range soldOf(&answer) {
		holding := Has
		if !viewer.all {
			holding = HoldingOf(answer.Transfers, viewer.who, seat.Ticket)
		}
		t := Ticket{No: n + 1, ID: ticket.ID(id, seat.Ticket), State: Void,
			Pass: passOf(answer.Passes, seat.Ticket)}
		if t.Place, err = placeOf(ev, id, &answer.Outcome, seat.Ticket); err != nil {
			return nil, err
		}
		switch {
		case holding == Never:
			continue
		case holding == Gave:
			t.State, t.Pass = Transferred, entry.Pass{Ticket: seat.Ticket}
		case seat.valid:
			code := ticket.Code{Key: number, Booking: id, Ticket: seat.Ticket, Rotation: t.Pass.Rotation}
			if t.State, t.Code = Valid, code.Sign(key); t.Pass.Admitted {
				t.State = Admitted
			}
		}
		out.Tickets = append(out.Tickets, t)
	}
	return out, nil
}

type sold struct {
	entry.Ticket
	valid bool
}

// soldOf lists all tickets that a sold booking has had, ascending, so that the number of none ever changes.
func soldOf(a *Answer) (all []sold) {
	seats := slices.Clone(a.Alive)
	if a.Money != nil {
		for i := range a.Money.Refunds {
			if r := &a.Money.Refunds[i]; r.Reason == account.Requested {
				seats = append(seats, r.Seats...)
			}
		}
	}
	slices.Sort(seats)
	confirmed := a.State == section.BookingConfirmed
	for _, seat := range slices.Compact(seats) {
		all = append(all, sold{entry.Ticket{Seat: seat}, confirmed && slices.Contains(a.Alive, seat)})
	}
	if a.Order == nil {
		return all
	}
	for k := range a.Order.Legs {
		_, valid := a.Money.OfLeg(uint8(k+1), a.Order.Legs[k].Seats)
		for _, seat := range a.Order.Legs[k].Seats {
			all = append(all, sold{entry.Ticket{Leg: uint8(k + 1), Seat: seat},
				confirmed && slices.Contains(valid, seat)})
		}
	}
	return all
}

func passOf(all []entry.Pass, t entry.Ticket) entry.Pass {
	for i := range all {
		if all[i].Ticket == t {
			return all[i]
		}
	}
	return entry.Pass{Ticket: t}
}

// placeOf finds what people call a ticket's seat.
func placeOf(ev *Event, id booking.ID, o *section.Outcome, t entry.Ticket) (Place, error) {
	no, p := id.Section.Section, o.Order
	if t.Leg > 0 {
		if p == nil || int(t.Leg) > len(p.Legs) {
			return Place{}, ErrNoSuch
		}
		no = storage.SectionNo(p.Legs[t.Leg-1].Section)
	}
	place, known := ev.Place(no, t.Seat, Fare{Mark: o.Mark, Fare: o.Fare, Leg: t.Leg})
	if !known {
		return Place{}, ErrNoSuch
	}
	return place, nil
}

// Keys lists the house's keys, ascending by number; ErrNoKeys.
func (d *Issuer) TicketKeys(ctx context.Context) ([]Key, error) { return d.ring.Keys(ctx) }

// RotateTicketKeys makes a new key; see Ring.Rotate.
func (d *Issuer) RotateTicketKeys(ctx context.Context) ([]Key, error) { return d.ring.Rotate(ctx) }
