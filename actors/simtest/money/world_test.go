package money

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"

	"holdfast/actors/booking"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/sales"
)

const (
	price  = 1000 // of one seat
	ttl    = section.Instant(600_000)
	euro   = "EUR"
	number = section.BookingNo(1)
)

var (
	seats   = []section.SeatIndex{0, 1}
	errLost = errors.New("the line was cut")
	rules   = section.Rules{HoldTTL: section.Millis(ttl), HoldCeiling: 2 * section.Millis(ttl), SeatsPerBookingMax: 8,
		SeatsPerBuyerMax: 8, DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin}
	layout = &section.Layout{
		General: true, Seats: make([]section.SeatSpec, len(seats)), Quality: make([]uint32, len(seats)),
	}
)

// fault is a bug that is planted into what stands between the till and its ports.
type fault uint8

const (
	none fault = iota
	confirmBeforeCharged
	refundTwice
	staleDeclineBelieved
	lateMoneyDropped
	cancelNotAsked
	sectionForgotten   // the event is cancelled, and the section does not hear
	paidAfterCancelled // a payment begins although the section has heard
)

// world is one booking, its section's log, the processor, and the calls that are under way.
type world struct {
	fault  fault
	state  *section.State
	log    []section.Change
	now    section.Instant
	bank   bank
	flows  []*flow
	paid   int // pay flows begun
	used   map[string]int
	moved  bool // the last decision changed something
	broken error
	off    bool // the catalog says that the event is cancelled
}

// flow is one call of the till, at a call of a port.
type flow struct {
	name   string
	node   int
	next   func() (*call, bool)
	stop   func()
	at     *call // nil: it has ended
	seen   uint64
	charge bool // it has a token
}

// call is one call of a port, with its answer.
type call struct {
	name string
	bank bool // of the processor: it may be lost
	do   func()
	fail func(error)
	said func() string
}

func newWorld(f fault) *world {
	w := &world{fault: f, state: section.NewState(layout, rules), now: 1000, used: map[string]int{}}
	w.bank.attempts = map[processor.AttemptID]*payment{}
	w.tell(section.Command{Kind: section.PlaceHold, Seats: seats, Buyer: section.BuyerID{1}})
	return w
}

// tell has the section judge a command, and what it changes is durable. As under a writer, what time has made due comes
// first.
func (w *world) tell(c section.Command) section.Rejection {
	for w.decide(section.Command{Kind: section.WindUp, Max: 1}) == section.Accepted && w.moved {
	}
	return w.decide(c)
}

func (w *world) decide(c section.Command) section.Rejection {
	c.At, c.Booking, c.Operator = w.now, number, true
	if c.Kind == section.PlaceHold {
		c.Booking = 0
	}
	var d section.Decision
	w.state.Decide(&c, &d)
	if w.moved = len(d.Changes) > 0; w.moved {
		w.state.Begin(w.state.Seq() + 1)
	}
	for i := range d.Changes {
		change := d.Changes[i]
		change.Seats = slices.Clone(change.Seats)
		w.landed(&change)
		w.log = append(w.log, change)
		w.state.Apply(&change, nil)
	}
	return d.Outcome.Rejection
}

// landed judges a change at the moment it becomes true: what the processor knows by then must allow it.
func (w *world) landed(c *section.Change) {
	p := w.bank.attempts[w.attempt(c.Pay.Attempt)]
	if turn, _ := w.state.SaleAt(); turn.State() == sales.Cancelling {
		switch c.Kind {
		case section.HoldPlaced, section.HoldExtended, section.PaymentBegun, section.BookingSold:
			w.fail("a change of kind %d after the event was cancelled", c.Kind)
		}
	}
	switch c.Kind {
	case section.BookingSold:
		if p == nil || p.status != processor.Captured {
			w.fail("I3, I4: sold for attempt %d, of which the bank says %+v", c.Pay.Attempt, p)
		}
	case section.PaymentFailed:
		if c.Pay.Reason == account.EventOff {
			if p != nil && p.status != processor.Captured {
				w.fail("I3: attempt %d was ended as captured, of which the bank says %v", c.Pay.Attempt, p.status)
			}
			break
		}
		if p != nil && p.status != processor.Declined && p.status != processor.Cancelled && !p.betrayed {
			w.fail("I3: attempt %d failed, of which the bank says %v", c.Pay.Attempt, p.status)
		}
	case section.RefundPending, section.RefundDone:
		if w.bank.refund(w.refundID(c.Pay.Refund)) == nil { // what it says by now may be newer than the word
			w.fail("I5: refund %d told as on its way, which the bank never saw", c.Pay.Refund)
		}
	}
}

func (w *world) fail(format string, args ...any) {
	if w.broken == nil {
		w.broken = fmt.Errorf(format, args...)
	}
}

func (w *world) attempt(n uint8) processor.AttemptID {
	return till.AttemptID(&till.Booking{ID: booking.ID{No: number}}, n)
}

func (w *world) refundID(n uint32) processor.RefundID {
	return till.RefundID(booking.ID{No: number}, n)
}

// cancel calls the event off: the catalog's word, and the section's turn.
func (w *world) cancel() {
	w.off = true
	if w.fault != sectionForgotten {
		w.tell(section.Command{Kind: section.SwitchSale, Sale: sales.Of(1, sales.Cancelling)})
	}
}

// view is the booking as the section has it.
func (w *world) view() (b till.Booking) {
	var d section.Decision
	b = till.Booking{ID: booking.ID{No: number}, Total: price * int64(len(seats)), Currency: euro}
	if !w.state.Lookup(number, &d) {
		return b
	}
	b.State = d.Outcome.State
	if m := d.Outcome.Money; m != nil {
		b.Money = *m
		b.Money.Refunds, b.Money.Past = slices.Clone(m.Refunds), slices.Clone(m.Past)
	}
	return b
}

// crash loses what no log has: every call, and the node's memory. The log alone makes the section again.
func (w *world) crash() {
	for _, f := range w.flows {
		f.stop()
	}
	w.flows = nil
	before := w.state.AppendSnapshot(nil)
	again := section.NewState(layout, rules)
	for i := range w.log {
		again.Begin(section.Seq(i + 1))
		again.Apply(&w.log[i], nil)
	}
	w.state = again
	if !slices.Equal(truth(before), truth(again.AppendSnapshot(nil))) {
		w.fail("P10: the log makes another section than the one that wrote it")
	}
}

// truth is a snapshot without the number of its newest record: a refund of nothing is two changes of one record.
func truth(snapshot []byte) []byte { return slices.Concat(snapshot[:9], snapshot[10:]) }

func (w *world) close() {
	for _, f := range w.flows {
		f.stop()
	}
}

// hash names the world: two with the same are the same from here on.
func (w *world) hash() uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, w.now, w.paid, w.used, w.off)
	h.Write(truth(w.state.AppendSnapshot(nil)))
	w.bank.write(h)
	var flows []string
	for _, f := range w.flows {
		if f.at != nil {
			flows = append(flows, fmt.Sprint(f.name, f.node, f.at.name, f.seen))
		}
	}
	slices.Sort(flows)
	fmt.Fprint(h, flows)
	return h.Sum64()
}

// start begins a flow on a node, which runs to its first call of a port.
func (w *world) start(name string, node int, charge bool, run func(t *till.Till, ctx context.Context)) {
	f := &flow{name: name, node: node, charge: charge}
	f.next, f.stop = iter.Pull(func(yield func(*call) bool) {
		ports := &ports{w: w, yield: yield}
		t := &till.Till{Processor: ports, Section: ports, Now: func() section.Instant { return w.now },
			Busy: func(booking.ID) bool { return w.busy(node) }}
		defer func() {
			if r := recover(); r != nil && r != any(errStopped) {
				panic(r)
			}
		}()
		run(t, context.Background())
	})
	w.flows = append(w.flows, f)
	f.advance()
}

var errStopped = errors.New("the process is gone")

func (f *flow) advance() {
	if f.at, _ = f.next(); f.at == nil {
		f.stop()
	}
}

// busy says that a call on the node still has a token that it may charge with.
func (w *world) busy(node int) bool {
	return slices.ContainsFunc(w.flows, func(f *flow) bool { return f.node == node && f.charge && f.at != nil })
}

// step performs a flow's call: it arrives, and its answer is told or lost; or it never arrives.
func (w *world) step(f *flow, arrives, told bool) {
	c := f.at
	if arrives {
		c.do()
	}
	if !arrives || !told {
		c.fail(errLost)
	}
	h := fnv.New64a()
	fmt.Fprint(h, f.seen, c.name, c.said())
	f.seen = h.Sum64()
	f.advance()
}

// pay is what the engine's confirm does.
func pay(t *till.Till, ctx context.Context) {
	id := booking.ID{No: number}
	b, err := t.Section.Read(ctx, id)
	if err != nil || b.State != section.BookingHeld {
		return
	}
	p, err := t.Open(ctx, &b, b.Money.Attempt+1)
	if err != nil {
		return
	}
	r, err := t.Section.Tell(ctx, id, section.Command{Kind: section.BeginPayment, Pay: p})
	if err != nil || r != section.Accepted {
		return // nobody charges what the log may have begun: settle ends it
	}
	b.State, b.Money.Attempt, b.Money.Phase, b.Money.Amount = section.BookingPaying, p.Attempt, account.Opened, p.Amount
	b.Money.SetReference(p.Reference)
	_, _ = t.Charge(ctx, &b, "token")
}

func settle(hints uint64) func(t *till.Till, ctx context.Context) {
	return func(t *till.Till, ctx context.Context) { _, _ = t.Settle(ctx, booking.ID{No: number}, hints) }
}
