package cluster_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/actors"
	"holdfast/actors/audit"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/sales"
	"holdfast/actors/simtest"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

const (
	// calledOffPercent is how many worlds with bookings over several sections end with their event called off.
	calledOffPercent = 20
	// calledOffBound is how long it may take until everything has gone back, the death of a node included.
	calledOffBound = 30 * time.Second
)

// callingOff is the end of such a world: orders that are held, being paid and sold, over several sections, when the
// catalog says that the event is cancelled; a node dies; and whoever has the money answers as the log asks.
type callingOff struct {
	w      *world
	chance *rand.Rand // of its own: worlds that are not called off are what they were
	held   map[actors.BookingID]bool
}

// callOff ends a world so, or does nothing, and says whether it has.
func (w *world) callOff() bool {
	chance := rand.New(rand.NewPCG(w.seed, 0xca11ed0f))
	if !w.ordering() || chance.IntN(100) >= calledOffPercent {
		return false
	}
	c := &callingOff{w: w, chance: chance, held: map[actors.BookingID]bool{}}
	for _, id := range w.buyers.held {
		c.held[id] = true
	}
	w.tally["called off"]++
	c.sell()
	off := onsale.Change{Sale: storage.SaleCancelling, Cancelled: &onsale.Cancellation{At: 1, Reason: "storm"}}
	if err := w.store.ChangeSale(context.Background(), w.plan.header.ID, off, storage.OperatorKey{}); err != nil {
		w.failf("the catalog does not take that the event is cancelled: %w", err)
	}
	w.proving = false
	c.kill("killed while its event was called off")
	for end := w.now + calledOffBound; w.failure == nil; {
		w.until(w.now + 100*time.Millisecond)
		why := c.open()
		if why == "" {
			c.audit()
			break
		}
		if w.now > end {
			w.failf("P6: %v after the event was called off %s", calledOffBound, why)
		}
		c.answer()
	}
	return true
}

// sell has orders placed, and some of them paid, as far as a moment allows.
func (c *callingOff) sell() {
	w := c.w
	for range 8 {
		intent := w.buyers.add()
		intent.kind = section.PlaceHold
		for _, no := range c.chance.Perm(w.sections)[:2+c.chance.IntN(2)] {
			intent.seats = append(intent.seats, fmt.Sprintf("%c-1-%d", 'A'+no, 1+c.chance.IntN(w.plan.seats)))
		}
		w.buyers.sendTo(intent, c.somebody())
	}
	w.until(w.now + 400*time.Millisecond)
	for _, kind := range []section.CommandKind{section.BeginPayment, section.ConfirmPayment, section.RefundBooking} {
		for _, id := range w.buyers.held {
			if c.held[id] || c.chance.IntN(100) < 30 {
				continue
			}
			intent := w.buyers.add()
			intent.kind, intent.id, intent.section, intent.who.Operator = kind, id, int(id.Section.Section), true
			if intent.attempt = 1; kind == section.RefundBooking {
				intent.attempt = 0
				if w.buyers.oneSeat(intent); intent.part == nil {
					continue
				}
			}
			w.buyers.sendTo(intent, c.somebody())
		}
		w.until(w.now + 300*time.Millisecond)
	}
}

func (c *callingOff) somebody() *host {
	live := c.w.living()
	return live[c.chance.IntN(len(live))]
}

// kill has a node die in one of the next moments, and another start in its place.
func (c *callingOff) kill(why string) {
	w := c.w
	if c.chance.IntN(100) < 30 {
		return
	}
	wait := func(most time.Duration) time.Duration { return time.Duration(c.chance.Int64N(int64(most))) }
	w.at(wait(600*time.Millisecond), nil, "killed while called off", func() {
		live := w.living()
		if len(live) < 2 {
			return
		}
		h := live[c.chance.IntN(len(live))]
		spot := h.spot
		w.crash(h, why)
		w.at(50*time.Millisecond+wait(2*time.Second), nil, "restart", func() {
			if spot.host == nil {
				w.start(spot)
			}
		})
	})
}

// each visits all bookings of all sections, in order.
func (c *callingOff) each(visit func(no int, number section.BookingNo, b *simtest.Booking)) {
	for no, m := range c.w.judge.models {
		for _, number := range slices.Sorted(maps.Keys(m.Bookings)) {
			visit(no, number, m.Bookings[number])
		}
	}
}

// answer is the reconciler with a processor that answers at once: each payment that is open gets its last word, and
// each refund that is due is taken.
func (c *callingOff) answer() {
	c.each(func(no int, number section.BookingNo, b *simtest.Booking) {
		id := actors.BookingID{Section: c.w.key(no), No: number}
		if b.State == section.BookingPaying {
			kind := []section.CommandKind{section.ConfirmPayment, section.FailPayment}[c.chance.IntN(2)]
			c.w.tally["called off: while paying"]++
			c.tell(id, section.Command{Kind: kind, Pay: account.Payment{Attempt: b.Attempt}})
		}
		for _, refund := range slices.Sorted(maps.Keys(b.Due)) {
			state := []account.RefundState{account.Pending, account.Refunded}[c.chance.IntN(2)]
			c.tell(id, section.Command{Kind: section.SettleRefund,
				Pay: account.Payment{Refund: refund, State: state}})
		}
	})
}

func (c *callingOff) tell(id actors.BookingID, command section.Command) {
	h := c.somebody()
	if !h.opened {
		return
	}
	h.thread("reconciler", func() {
		var out actors.BookingView
		_, _ = h.e.Act(&command, id, actors.Caller{Operator: true}, c.w.time().Add(time.Second), &out)
	})
}

// open says what has not gone back yet; empty: nothing.
func (c *callingOff) open() (why string) {
	for no := range c.w.judge.models {
		if c.w.judge.follow(no); c.w.judge.off[no] == nil {
			return fmt.Sprintf("section %d has not heard of it", no)
		}
	}
	c.each(func(no int, number section.BookingNo, b *simtest.Booking) {
		switch {
		case why != "":
		case takesSeats(b.State):
			why = fmt.Sprintf("booking %d of section %d is %v", number, no, b.State)
		case len(b.Due) > 0:
			why = fmt.Sprintf("booking %d of section %d has refunds due: %v", number, no, b.Due)
		}
	})
	return why
}

// audit holds money against money: whatever was taken for a booking that stood when its section heard, or came later,
// is owed back whole (P6); and has the verifier read it all.
func (c *callingOff) audit() {
	w := c.w
	c.each(func(no int, number section.BookingNo, b *simtest.Booking) {
		if w.judge.off[no][number] {
			w.tally["called off: booking that stood"]++
			if b.Taken != b.Given {
				w.failf("P6: booking %d of section %d: %d was taken, %d goes back", number, no, b.Taken, b.Given)
			}
		}
	})
	for no, m := range w.judge.models {
		if m.Free() != w.plan.seats {
			w.failf("P6: the event is called off, and section %d has %d of %d seats free", no, m.Free(), w.plan.seats)
		}
	}
	c.clean()
}

// clean has the verifier read all logs.
func (c *callingOff) clean() {
	w := c.w
	report, err := audit.Run(context.Background(), w.store, audit.Options{})
	if err != nil {
		w.failf("the audit: %w", err)
		return
	}
	if !report.Clean() {
		w.failf("P6: the audit finds %v", report.Findings)
	}
}

// calledOff judges a change of a section whose log says that the event is cancelled: nothing more is held, given time,
// paid or sold. A leg follows its home, which was sold before.
func (j *judge) calledOff(no int, c *section.Change) {
	if c.Kind == section.SaleSwitched {
		if c.Sale.State() == sales.Cancelling {
			j.off[no] = map[section.BookingNo]bool{}
			for number, b := range j.models[no].Bookings {
				stood := b.State == section.BookingConfirmed || b.State == section.BookingPaying
				j.off[no][number] = stood && !b.Leg
			}
		}
		return
	}
	if j.off[no] == nil {
		return
	}
	switch c.Kind {
	case section.HoldPlaced, section.LegBound, section.HoldExtended, section.PaymentBegun, section.BookingSold:
		j.w.failf("P6: a change of kind %d of booking %d in section %d, whose event is called off", c.Kind, c.Booking,
			no)
	}
}
