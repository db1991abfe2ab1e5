package actors

import (
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
	"holdfast/actors/gate/place"
	"holdfast/actors/price"
	"holdfast/actors/pseudonym"
	"holdfast/actors/request"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/shard"
	"holdfast/actors/telemetry"
	"holdfast/actors/trace"
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

	// What a refused Book answers with, so that a refusal costs no memory (P7).
	refusal Refusal
	apart   NotTogetherError
}

// RefundDue says that the processor has not answered a refund yet.
func (v *BookingView) RefundDue() bool {
	return slices.ContainsFunc(v.Refunds, func(r till.RefundView) bool { return r.State == account.Due.String() })
}

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
