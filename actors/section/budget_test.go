package section

import (
	"fmt"
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/section/account"
)

// TestBudgets holds every hot path of this package against its allocations.
func TestBudgets(t *testing.T) { budget.Check(t, raceDetector, budgets()) }

// budgets are the paths of the core that run for every buyer.
func budgets() []budget.Path {
	return []budget.Path{
		budget.Exact("hold of a seat", 5000, 665, holdPath),
		budget.Exact("hold of the best two", 100, 86, bestPath),
		budget.Exact("hold and its release", 5000, 528, holdReleasePath),
		budget.Exact("hold, its extension, payment and sale", 5000, 977, salePath),
		budget.Exact("refusal of a taken seat", 1000, 0, takenPath),
		budget.Exact("refusal of the best two, sold out", 1000, 0, soldOutPath),
		budget.Exact("repeat of a hold", 1000, 0, repeatPath),
		budget.Exact("end of 100 holds", 100, 624, lapsePath),
		budget.Exact("reading of a booking", 1000, 0, readPath),
		budget.Exact("snapshot of 100,000 changes into a buffer that has room", 1, 11, snapshotPath),
		budget.Exact(
			"making of a section of 50,000, and its first hold", 1, 29, emptyPath,
		), // two tables come with the first entry: 24 KiB less for a section that never has one
	}
}

func holdPath(testing.TB) func() {
	h, i := newHolder(100_000), uint64(0)
	return func() { h.hold(i, Instant(i)); i++ }
}

func bestPath(testing.TB) func() {
	b := newBestHolder(5000)
	for range 100 {
		b.best(2)
	}
	return func() { b.best(2) }
}

// holdReleasePath keeps a thousand holds in a section, so that lists that grow and shrink are met in both directions.
func holdReleasePath(testing.TB) func() {
	h, i := newHolder(100_000), uint64(0)
	h.s.rules.DedupeWindow = 1000
	for ; i < 1000; i++ {
		h.hold(i, Instant(i))
	}
	return func() {
		h.hold(i, Instant(i))
		h.release(i-1000, BookingNo(i-1000+1), Instant(i))
		i++
	}
}

func salePath(testing.TB) func() {
	h, i := newHolder(100_000), uint64(0)
	step := func(kind CommandKind) {
		h.c = Command{
			Kind: kind, At: Instant(2*i+1) * Instant(ExtendMin), Buyer: buyerOf(i), Booking: BookingNo(i + 1),
			Request: requestOf(i<<8 | uint64(kind)<<40), Pay: account.Payment{Attempt: 1},
		}
		h.run()
	}
	return func() {
		h.hold(i, Instant(2*i)*Instant(ExtendMin))
		for _, kind := range []CommandKind{ExtendHold, BeginPayment, ConfirmPayment} {
			step(kind)
		}
		i++
	}
}

// refusal is a path that ends in one no, and checks that it is that one.
func refusal(h *holder, c Command, want Rejection) func() {
	return func() {
		if h.s.Decide(&c, &h.d); h.d.Outcome.Rejection != want {
			panic(fmt.Sprintf("%v, want %v", h.d.Outcome.Rejection, want))
		}
	}
}

func takenPath(testing.TB) func() {
	h := newHolder(100)
	h.hold(7, 0)
	return refusal(
		h, Command{Kind: PlaceHold, Buyer: buyerOf(1 << 40), Seats: seatsOf(7), Request: requestOf(1 << 40)}, SeatTaken,
	)
}

func soldOutPath(testing.TB) func() {
	b := newBestHolder(100)
	for b.s.Free() > 1 {
		b.best(2)
	}
	c := Command{Kind: PlaceBest, Buyer: buyerOf(1 << 40), Request: requestOf(1 << 40), Quantity: 2, AnyCategory: true}
	return refusal(&b.holder, c, SoldOut)
}

func repeatPath(testing.TB) func() {
	h := newHolder(100)
	h.hold(7, 0)
	c := h.c
	c.Seats = seatsOf(7)
	return refusal(h, c, Accepted)
}

// lapsePath places a hundred holds and lets all of them end by one command.
func lapsePath(testing.TB) func() {
	h, i := newHolder(100_000), uint64(0)
	return func() {
		at := h.s.LastAt()
		for range 100 {
			h.hold(i, at)
			i++
		}
		h.c = Command{Kind: ExpireHolds, At: at + Instant(testRules.HoldTTL), Max: 100}
		if h.run(); h.s.LiveHolds() != 0 {
			panic("a hold outlived its end")
		}
	}
}

func readPath(testing.TB) func() {
	h := newHolder(100)
	h.hold(7, 0)
	return func() {
		if !h.s.Lookup(1, &h.d) {
			panic("a booking is not found")
		}
	}
}

func snapshotPath(testing.TB) func() {
	h := busySection()
	body := h.s.AppendSnapshot(nil)
	return func() { body = h.s.AppendSnapshot(body[:0]) }
}

// emptyPath makes a section and places its first hold: what a show that nobody wants costs, in pieces of memory.
func emptyPath(testing.TB) func() {
	l := generalLayout(50_000)
	return func() {
		h := &holder{s: NewState(l, testRules), touched: make([]SeatIndex, 0, 64)}
		h.s.Begin(1)
		h.hold(0, 0)
	}
}
