package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/checkout"
	"holdfast/actors/checkout/pending"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/coordinator"
	"holdfast/actors/gate/place"
	"holdfast/actors/grant"
	"holdfast/actors/peer/wire"
	"holdfast/actors/price"
	"holdfast/actors/pseudonym"
	"holdfast/actors/request"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/shard"
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

// blockMark stands in the operators' keys for a call that blocks seats, or puts them back: it is of several sections,
// and of no buyer's coordinator.
const blockMark storage.SectionNo = grant.Max

// blockKeyed has the section do its part of a call that blocks seats. Its other parts use the same key; a section that
// has recorded the key for anything else says so.
func (s *Section) blockKeyed(m *wire.Ask, g grant.Grant, deadline time.Time) (*request.Request, error) {
	if use, known := s.ev.index.Use(m.Command.Request); known && use.Section != s.key.Section {
		r := request.New()
		r.Command = m.Command
		r.Command.Seats = nil // refused, unless the section remembers the key
		outcome, err := s.ev.ready.Load().sections[use.Section].outcome(r, deadline)
		if err != nil {
			return nil, err
		}
		mismatch := outcome.Rejection == section.IdempotencyMismatch
		if r.Free(); mismatch {
			return nil, ErrMismatch
		}
	}
	r := request.New()
	r.Seats = append(r.Seats, m.Command.Seats...)
	r.Command = m.Command
	r.Command.Seats, r.Command.Grant = r.Seats, g
	if failed := s.do(r, deadline); failed != nil {
		return nil, failed.Why
	}
	if r.Decision.Outcome.Rejection == section.GrantStale {
		r.Free()
		return nil, errNoGrant
	}
	return r, nil
}

// command has one section do its part of a block, or say whether it has.
func (b *blocking) command(no storage.SectionNo, seats []section.SeatIndex) (section.Rejection, []string, error) {
	r := request.New()
	r.Seats = append(r.Seats, seats...)
	r.Command = section.Command{Kind: section.BlockSeats, Seats: r.Seats, Operator: true,
		Buyer: b.who.Buyer, Request: b.who.Request, Fingerprint: b.who.Fingerprint}
	if b.unblock {
		r.Command.Kind = section.UnblockSeats
	}
	s := b.o.sections[no]
	if b.who.Request != (section.RequestID{}) && len(b.ev.coordinators) > 0 {
		answered, err := s.keyedOf(r, b.deadline)
		if err != nil {
			return 0, nil, err
		}
		r = answered
	} else if _, err := s.outcome(r, b.deadline); err != nil {
		return 0, nil, err
	}
	defer r.Free()
	outcome := &r.Decision.Outcome
	return outcome.Rejection, b.o.appendIDs(nil, no, outcome.Lost), nil
}

// Contact data is kept in the store, beside the logs, and nowhere else: no memory, no log, no other node has it (P14).

// Contact is how a buyer is reached, by whatever names the buyer to a server. ErrNoContact, ErrUnavailable.
func (e *Engine) Contact(subject string, timeout time.Duration) (c storage.Contact, err error) {
	err = e.contactCall(timeout, func(ctx context.Context) error {
		c, err = e.cfg.Store.Contact(ctx, subject)
		return err
	})
	return c, err
}

// SetContact makes this a buyer's contact data, durably, in place of what there was, and tells it with its time.
// ErrTimeout, ErrUnavailable.
func (e *Engine) SetContact(subject, email, phone string, timeout time.Duration) (storage.Contact, error) {
	c := storage.Contact{Email: email, Phone: phone, At: e.cfg.Clock()}
	return c, e.contactCall(timeout, func(ctx context.Context) error { return e.cfg.Store.PutContact(ctx, subject, c) })
}

// ForgetBuyer erases what is kept of a buyer beside the logs, durably; again is no error. What stands in events' logs
// stands there under pseudonyms, which end with their event: see ForgetEvent. ErrTimeout, ErrUnavailable.
func (e *Engine) ForgetBuyer(subject string, timeout time.Duration) error {
	return e.contactCall(timeout, func(ctx context.Context) error { return e.cfg.Store.ForgetContact(ctx, subject) })
}

func (e *Engine) contactCall(timeout time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(e.ctx, timeout)
	defer cancel()
	err := do(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrNotFound):
		return ErrNoContact
	case errors.Is(err, storage.ErrUnknown):
		return errors.Join(ErrTimeout, err)
	}
	return errors.Join(ErrUnavailable, err)
}

// PaymentsWaiting counts the bookings here whose money is not settled, and gives the age of the oldest that should be.
func (e *Engine) PaymentsWaiting() (open int, oldest time.Duration) {
	return e.reconciler.Open(), e.reconciler.Oldest()
}

// PaymentsOpen counts those bookings by what is open of them.
func (e *Engine) PaymentsOpen() map[checkout.Left]checkout.Class { return e.reconciler.Classes() }

// openMoney shows what is open or wrong, over all nodes.
func (e *Engine) openMoney() *pending.Lister {
	l := &pending.Lister{Reconciler: e.reconciler, Disputes: &e.disputes, Read: tillSection{e}.Read}
	if e.peerRPC != nil {
		l.Call, l.Others = e.Call, func() []storage.WriterID {
			return slices.DeleteFunc(slices.Clone(e.cfg.Peers.View().Peers()), func(node storage.WriterID) bool {
				return node == e.writer
			})
		}
	}
	return l
}

// Payments gives a page of an event's bookings whose money is open or wrong, over all nodes. Operators only.
func (e *Engine) Payments(ctx context.Context, q pending.Query) (pending.Page, error) {
	if _, err := e.event(q.Event); err != nil {
		return pending.Page{}, err
	}
	return e.openMoney().List(ctx, q)
}

// PaymentsOf tells all that is known of one booking's money. ErrBookingUnknown. Operators only.
func (e *Engine) PaymentsOf(ctx context.Context, id BookingID) (pending.Item, error) {
	item, err := e.openMoney().One(ctx, id)
	if errors.Is(err, till.ErrUnknown) {
		err = ErrBookingUnknown
	}
	return item, err
}

// RetryPayments asks the processor at once about everything that is open of a booking's money, and tries refunds anew
// that failed for good. It never charges, and gives nothing back that the log does not owe: called twice it does once.
// What the processor has not answered is said in Why, and asked again by itself. ErrBookingUnknown. Operators only.
func (e *Engine) RetryPayments(ctx context.Context, id BookingID) (pending.Item, error) {
	item, err := e.PaymentsOf(ctx, id)
	if err != nil {
		return item, err
	}
	for i := range item.Money.Refunds {
		if r := &item.Money.Refunds[i]; r.State == account.Failed && !r.Replaced {
			_, err := tillSection{e}.Tell(ctx, id, section.Command{Kind: section.RetryRefund,
				Pay: account.Payment{Refund: r.No}})
			if err != nil {
				return item, err
			}
		}
	}
	if why := e.mayBeCharging(ctx, &item); why != "" {
		e.reconciler.AddAfter(id, e.cfg.ChargeTimeout+payerPatience)
		item.Why, item.LastAt = why, time.Now()
		return item, nil
	}
	left, err := e.till.Settle(ctx, id, ^uint64(0))
	if err != nil || left.Any() {
		e.reconciler.Nudge(id, 0)
	}
	if err != nil {
		return item, err
	}
	if item, err = e.PaymentsOf(ctx, id); err == nil {
		item.Why, item.LastAt = left.Why, time.Now()
	}
	return item, err
}

// mayBeCharging says why an open attempt is left alone: a call on another node may have its token, and be about to
// charge it. Who asks here would otherwise give it up.
func (e *Engine) mayBeCharging(ctx context.Context, item *pending.Item) (why string) {
	m := &item.Money
	if e.peerRPC == nil || item.State != section.BookingPaying || m.Phase != account.Opened || m.Legacy {
		return ""
	}
	answer, err := e.till.Processor.Lookup(ctx, till.AttemptID(&item.Booking, item.Money.Attempt),
		processor.Reference(item.Money.Reference()))
	switch {
	case err != nil:
		return "the processor does not answer: " + err.Error()
	case answer.Status == processor.Opened:
		return "opened and not charged yet: a node may be about to; it is given up if not"
	}
	return ""
}

// PaymentsUnheard are those of some attempts about which the processor is still to be asked, because of a hint.
func (e *Engine) PaymentsUnheard(of []processor.AttemptID) (unheard []processor.AttemptID) {
	ids := make([]BookingID, 1)
	for _, a := range of {
		if ids[0], _, _ = till.ParseAttempt(a); len(e.reconciler.Unheard(ids)) > 0 {
			unheard = append(unheard, a)
		}
	}
	return unheard
}
