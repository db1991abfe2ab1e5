package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/bookingsearch"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/coordinator"
	"holdfast/actors/fares"
	"holdfast/actors/gate/place"
	"holdfast/actors/orders"
	"holdfast/actors/price"
	"holdfast/actors/pseudonym"
	"holdfast/actors/request"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/tariff"
	"holdfast/actors/shard"
	"holdfast/actors/telemetry"
	"holdfast/actors/ticketing"
	"holdfast/actors/trace"
	"holdfast/actors/venue"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// BookingID names a booking anywhere; see booking.ID.
type BookingID = booking.ID

// AppendBookingID appends the text of id; see booking.AppendID.
func AppendBookingID(dst []byte, id BookingID) []byte { return booking.AppendID(dst, id) }

// ParseBookingID reads the text of a booking's id; see booking.ParseID.
func ParseBookingID(text []byte) (id BookingID, ok bool) { return booking.ParseID(text) }

// Conditions of the engine; api maps each to one problem code.
var (
	ErrEventUnknown   = errors.New("actors: no such event")
	ErrEventDeleted   = errors.New("actors: the event has been deleted") // told to a repeat of its creation only
	ErrEventInUse     = errors.New("actors: the event has live holds or tickets")
	ErrBookingUnknown = errors.New("actors: no such booking")
	ErrSaleNotOpen    = errors.New("actors: sale is not open")
	ErrSaleEnded      = fmt.Errorf(
		"%w: it has ended", ErrSaleNotOpen,
	) // by the clock: the switch may say what it likes
	ErrEventCancelled = errors.New("actors: the event is cancelled")
	ErrNotReturnable  = errors.New("actors: bookings of the event cannot be given back now")
	// ErrRefundForOperators: a buyer gives a booking back whole, and only of a postponed event.
	ErrRefundForOperators = errors.New("actors: only operators refund")
	ErrNotCancelled       = errors.New("actors: the event is not cancelled")
	ErrOverloaded         = shard.ErrOverloaded   // in-flight bound met; retry later
	ErrUnavailable        = writer.ErrUnavailable // store trouble, loading, stopping: fail closed
	ErrTimeout            = request.ErrTimeout    // the outcome is unknown: repeat with the same key
	// ErrMoved: the section is another node's, and this node could not find which; from a section, that it left while the
	// request waited in front of it. Surely not done, to be tried again.
	ErrMoved          = shard.ErrMoved
	ErrSectionUnknown = errors.New("actors: no such section")         // best_available.section
	ErrCategory       = errors.New("actors: no such category")        // best_available.category
	ErrMismatch       = errors.New("actors: idempotency key reused")  // with another body
	ErrDeclined       = errors.New("actors: payment declined")        // the hold stays
	ErrTokenMissing   = errors.New("actors: no payment token")        // of a booking that costs something
	ErrProcessor      = errors.New("actors: the processor is silent") // nothing was begun: the hold stays
	ErrForgotten      = pseudonym.ErrForgotten                        // whose an event's bookings were
	ErrNoContact      = errors.New("actors: no contact data")         // the buyer left none, or it was erased
)

// SeatsUnknownError lists seat ids that the event does not have.
type SeatsUnknownError struct{ Seats []string }

func (e *SeatsUnknownError) Error() string {
	return "actors: " + strconv.Itoa(len(e.Seats)) + " unknown seats"
}

// NotTogetherError refuses a search: suitable seats are free, but fewer than wanted, or in more sections than one
// booking may have. It tells what could be had. It may live in the BookingView that Book was given, as a Refusal does.
type NotTogetherError struct {
	Free    uint32 // suitable seats free in all that was searched
	Largest uint32 // most of them that one booking can have
	Section string // the section that has most of them, as the plan calls it

	at storage.SectionNo
}

func (e *NotTogetherError) Error() string {
	return "actors: " + strconv.FormatUint(uint64(e.Free), 10) + " suitable seats are free, at most " +
		strconv.FormatUint(uint64(e.Largest), 10) + " of them in one booking"
}

// Refusal carries a section's "no" to the caller, with seat ids instead of indexes. The one that Book answers with may
// live in the BookingView that Book was given: it is valid until that is used again.
type Refusal struct {
	Code  section.Rejection
	Seats []string
	Wait  time.Duration // of ChallengeCoolDown: until the seats may be had
	until section.Instant
}

func (r *Refusal) Error() string { return "actors: refused: " + r.Code.String() }

// Caller says who asks and under which idempotency key.
type Caller struct {
	Buyer       section.BuyerID   // whose booking it is or becomes
	Operator    bool              // asks for that buyer, and may act on anybody's booking
	Request     section.RequestID // zero: none
	Fingerprint uint64
	Trace       *trace.Parent // on whose behalf; nil: nobody has said
}

// OperatorBuyer stands for all operators where one place must see all keys of one asker; see package coordinator.
var OperatorBuyer = coordinator.OperatorBuyer

// BestAvailable asks the engine to choose.
type BestAvailable struct {
	Quantity   uint32
	Section    string // empty: any, in order of quality
	Category   string // empty: any
	Accessible bool
}

// BookCall asks for seats: either Seats or Best (Best.Quantity > 0).
type BookCall struct {
	Event storage.EventID
	Caller
	Seats []string
	Best  BestAvailable
	// AnyBuyerTotal says that the buyer may have any number of seats in all; one booking is bounded as ever. Of
	// operators only.
	AnyBuyerTotal bool
	// Fares is which types of tickets the seats are to be of, and whether they are given away, which operators say.
	Fares fares.Request
	// Admission is what the buyer's token says, opened and verified; nil: none. Of events with a waiting room.
	Admission *place.Admission
}

// BookingView is what a buyer sees of a booking.
type BookingView struct {
	ID        BookingID
	State     section.BookingState
	Seats     []string
	Split     bool
	ExpiresAt section.Instant // meaningful while held
	Zone      *time.Location  // the venue's clock
	Amount    int64           // minor units
	// Price is what Amount is made of; free where no price of the event has components.
	Price     price.Price
	Currency  string
	Tickets   []TicketView      // once confirmed, of the seats that are not refunded
	Refunds   []till.RefundView // by number
	Next      processor.Next    // while the buyer has to do something, and until when
	NextUntil section.Instant

	money *account.Money      // nil: it never paid
	alive []section.SeatIndex // of a booking with money: the seats that are not refunded
	// Confirming, of a confirmed order: the money is there, and some section has not sold its seats yet. It will.
	Confirming bool
	order      *order.Part // of a booking over several sections
	aliveLegs  []order.Leg // of one with money: the seats of its legs that are not refunded
	fared      fares.Priced

	// Types are what types of tickets Seats are of, and what each costs; empty: there are none, and prices are what
	// they were.
	Types []fares.SeatType
	// Gift says who gave the booking away, and why; nil: it is paid for.
	Gift *tariff.Gift

	Exchange *till.ExchangeView // nil: it is no exchange
	lost     []string           // of a refused exchange
	// Transfers are those of its tickets that whoever asked has a part in, by number. Received: they have not paid for
	// the booking, and are shown the tickets alone that they were given.
	Transfers []ticketing.Short
	Received  bool

	// What a refused Book answers with, so that a refusal costs no memory (P7).
	refusal Refusal
	apart   NotTogetherError
}

// RefundDue says that the processor has not answered a refund yet.
func (v *BookingView) RefundDue() bool {
	return slices.ContainsFunc(v.Refunds, func(r till.RefundView) bool { return r.State == account.Due.String() })
}

// anyAlive says that some seat of a booking with money is not refunded, nor owed back.
func (v *BookingView) anyAlive() bool { return len(v.alive)+len(v.aliveLegs) > 0 }

// exchanged says that the booking is an exchange that is done.
func (v *BookingView) exchanged() bool { return v.Exchange != nil && v.Exchange.Done }

// TicketView is one sold seat and its code (an HMAC over the store's secret: unguessable, the same at every repeat).
type TicketView struct {
	Seat string
	Code string
}

// SectionStatus, SeatChange and Delta are the map's words; see package seatmap.
type (
	SectionStatus = seatmap.SectionStatus
	SeatChange    = seatmap.SeatChange
	Delta         = seatmap.Delta
)

// ListedBooking is a booking in a list. Where a buyer goes on with a payment is told by Booking alone.
type ListedBooking struct {
	BookingView
	PlacedAt section.Instant
	Buyer    section.BuyerID
}

// BookingsPage is some bookings, newest first: see package bookingsearch for what a page promises, and for Incomplete.
type BookingsPage struct {
	Bookings   []ListedBooking
	Next       bookingsearch.Key // zero: there are no more
	Incomplete bool
	AsOf       section.Instant // what was durable then is told; what came later may be
}

// LiveMap is an event's projection: a read model, never consulted to grant (P9).
type LiveMap interface {
	// Version grows with every delta; equal versions mean an equal map.
	Version() uint64
	// Read calls visit for every section in plan order, as one consistent cut, with the version it stands for; the
	// letters are valid during the call only.
	Read(visit func(no storage.SectionNo, s SectionStatus)) (version uint64)
	// Deltas calls visit for every delta with version > after, in order (one delta is one version step). ok is false
	// when the ring has forgotten some: start again from Read. It never blocks the writer for long.
	Deltas(after uint64, visit func(version uint64, d *Delta)) (ok bool)
	// Changed returns a channel that is closed at the next delta.
	Changed() <-chan struct{}
}

// Lifecycle is where a section stands on this node.
type Lifecycle = writer.Phase

// Lifecycle states.
const (
	Stopped   = writer.Stopped
	Acquiring = writer.Acquiring
	Loading   = writer.Loading
	Serving   = writer.Serving
	Draining  = writer.Draining
	Condemned = writer.Condemned
)

// Stats are the engine's counters since its start; read them with Load.
type Stats = telemetry.Stats

// ticketHost is how package ticketing meets this engine.
func (e *Engine) ticketHost() ticketing.Host {
	return ticketing.Host{Keys: e.cfg.Store, Links: e.codes, Now: e.cfg.Clock, Ask: e.askTicket, Event: e.ticketEvent,
		Look: e.lookAtTickets}
}

// askTicket has a booking's home judge a command about a ticket, or, of Kind 0, tell the booking.
func (e *Engine) askTicket(
	id BookingID, c section.Command, who ticketing.Caller, deadline time.Time,
) (ticketing.Answer, error) {
	var out BookingView
	r := request.New()
	r.Command, r.Read = c, c.Kind == 0
	got, err := e.command(r, id, Caller(who), deadline, &out)
	switch {
	case c.Kind == 0 && errors.Is(err, ErrTimeout):
		err = ErrUnavailable // a read that is not answered has no outcome to be unknown
	case c.Entry != nil && errors.Is(err, ErrBookingUnknown):
		err = ticketing.ErrNoSuch
	}
	return ticketing.Answer{Outcome: got, Alive: out.alive, Money: out.money, Refused: got.Lost}, err
}

func (e *Engine) ticketEvent(id storage.EventID, deadline time.Time) (*ticketing.Event, error) {
	ev, o, err := e.openEvent(id, deadline)
	if err != nil {
		return nil, err
	}
	header := ev.header.Load()
	place := func(no storage.SectionNo, seat section.SeatIndex, b ticketing.Fare) (p ticketing.Place, known bool) {
		if int(no) >= len(o.sections) || int(seat) >= len(o.ids[no]) {
			return p, false
		}
		mark, fare := b.Fare.Of(b.Mark, b.Leg, seat)
		t, layout := ev.table(mark), o.sections[no].kind.Layout
		if t == nil {
			return p, false
		}
		p = ticketing.Place{Seat: o.ids[no][seat], Section: header.Sections[no].Name,
			Category: o.venue.Categories[layout.Seats[seat].Category].Label,
			Price:    fares.Price(t, fare, b.Leg, seat, layout), Type: fares.Name(t, fare, b.Leg, seat, layout)}
		return p, p.Price != nil
	}
	return &ticketing.Event{Header: header, Zone: ev.zone, Sections: len(o.sections), Place: place}, nil
}

// lookAtTickets shows a section's state as it is served or followed here, and has it served if nobody does.
func (e *Engine) lookAtTickets(
	ctx context.Context, id storage.EventID, no storage.SectionNo, see func(*section.State),
) bool {
	ev, err := e.event(id)
	if err != nil {
		return false
	}
	o, err := ev.open(ctx)
	if err != nil || int(no) >= len(o.sections) {
		return false
	}
	s := o.sections[no]
	for pause := time.Duration(0); ctx.Err() == nil; pause = min(2*pause+time.Millisecond, 50*time.Millisecond) {
		if e.clock.Pause(ctx, pause); s.look(ctx, see) {
			return true
		}
		if pause == 0 { // nobody may have asked for it yet: whoever should have it serves it from here on
			until, _ := ctx.Deadline()
			r := request.New()
			if r.Read = true; s.do(r, until) == nil {
				r.Free()
			}
		}
	}
	return false
}

// bookedSeats names seats by their ids in a refund; they are the booking's, or were.
func (o *openEvent) bookedSeats(c *section.Command, out *BookingView, ids []string) error {
	var unknown []string
	if c.Seats = nil; c.Order != nil {
		c.Order.Legs = nil
	}
	for _, id := range ids {
		ref, ok := o.seats.Find(id)
		was := ok && (ref.section == out.ID.Section.Section && slices.Contains(out.alive, ref.index) ||
			slices.ContainsFunc(out.aliveLegs, func(l order.Leg) bool {
				return l.Section == uint32(ref.section) && slices.Contains(l.Seats, ref.index)
			}) || refunded(out, id))
		switch {
		case !was:
			unknown = append(unknown, id)
		case ref.section == out.ID.Section.Section:
			c.Seats = append(c.Seats, ref.index)
		default:
			c.Order.Legs = orders.WithSeat(c.Order.Legs, uint32(ref.section), ref.index)
		}
	}
	if len(unknown) > 0 {
		return &SeatsUnknownError{Seats: unknown}
	}
	return nil
}

// refunded says that a seat of a booking has gone back, or will.
func refunded(out *BookingView, id string) bool {
	return slices.ContainsFunc(out.Refunds, func(r till.RefundView) bool { return slices.Contains(r.Seats, id) })
}

// refundedBefore tells a booking of which some seats that are to be refunded were so before. One that names others too
// is refused: what was asked for is not done.
func (e *Engine) refundedBefore(
	id BookingID, who Caller, seats []string, deadline time.Time, out *BookingView,
) error {
	if err := e.read(id, who, deadline, out); err != nil {
		return err
	}
	var before []string
	for _, seat := range seats {
		if refunded(out, seat) {
			before = append(before, seat)
		}
	}
	if len(before) < len(seats) {
		return &Refusal{Code: section.AlreadyRefunded, Seats: before}
	}
	return nil
}

// Venue is an event's plan.
func (e *Engine) Venue(ctx context.Context, id storage.EventID) (*venue.Venue, error) {
	ev, err := e.shown(ctx, id)
	if err != nil {
		return nil, err
	}
	if o := ev.ready.Load(); o != nil || e.peerRPC != nil || ev.restless() {
		if o, err = ev.open(ctx); err != nil {
			return nil, errors.Join(ErrUnavailable, err)
		}
		return o.venue, nil
	}
	v, err := ev.loadVenue(ctx)
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	return v, nil
}
