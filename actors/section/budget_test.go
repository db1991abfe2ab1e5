package section

import (
	"fmt"
	"math"
	"testing"
)

// A budget is how often a path may allocate: today's figure, counted. It may be tightened, never loosened; whoever needs more has found a
// reason to look for another way. Times vary from machine to machine, allocations do not.
type budget struct {
	path   string
	of     int     // times that the path is taken for one count, so that memory which grows a chunk at a time is counted too
	allocs float64 // of all of them together
	make   func() func()
}

// spent counts, on a state of its own that has taken the path as often before. added is what a planted fault does besides, once in a
// count. Of three counts the least is taken: the runtime allocates now and then on its own account, the path always.
func (b budget) spent(added func()) float64 {
	least := math.Inf(1)
	for range 3 {
		run := b.make()
		least = min(least, testing.AllocsPerRun(1, func() {
			for range b.of {
				run()
			}
			added()
		}))
	}
	return least
}

// judge says what is wrong with a count; empty: it is within the budget.
func (b budget) judge(spent float64) string {
	if spent <= b.allocs {
		return ""
	}
	return fmt.Sprintf("%d × %s: %v allocations, budget %v", b.of, b.path, spent, b.allocs)
}

// wasted takes what a planted allocation makes, so that it is made on the heap.
var wasted *[64]byte

func asItIs() {}

func wasteOne() { wasted = new([64]byte) }

// TestBudgets holds every path of the core against its allocations, and then once more with a single allocation added, which must be
// noticed.
func TestBudgets(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector adds allocations of its own: run without -race, as make test does")
	}
	for _, b := range budgets() {
		spent := b.spent(asItIs)
		if finding := b.judge(spent); finding != "" {
			t.Error(finding)
		}
		if spent < b.allocs {
			t.Logf("%d × %s: only %v of %v allocations: tighten the budget", b.of, b.path, spent, b.allocs)
		}
		if b.judge(b.spent(wasteOne)) == "" {
			t.Errorf("%s: one allocation more was not noticed", b.path)
		}
	}
}

// budgets are the paths of the core that run for every buyer.
func budgets() []budget {
	return []budget{
		{"hold of a seat", 5000, 665, holdPath},
		{"hold of the best two", 100, 86, bestPath},
		{"hold and its release", 5000, 528, holdReleasePath},
		{"hold, its extension, payment and sale", 5000, 701, salePath},
		{"refusal of a taken seat", 1000, 0, takenPath},
		{"refusal of the best two, sold out", 1000, 0, soldOutPath},
		{"repeat of a hold", 1000, 0, repeatPath},
		{"end of 100 holds", 100, 624, lapsePath},
		{"reading of a booking", 1000, 0, readPath},
		{"snapshot of 100,000 changes into a buffer that has room", 1, 11, snapshotPath},
		{"making of a section of 50,000, and its first hold", 1, 27, emptyPath},
	}
}

func holdPath() func() {
	h, i := newHolder(100_000), uint64(0)
	return func() { h.hold(i, Instant(i)); i++ }
}

func bestPath() func() {
	b := newBestHolder(5000)
	for range 100 {
		b.best(2)
	}
	return func() { b.best(2) }
}

// holdReleasePath keeps a thousand holds in a section, so that lists that grow and shrink are met in both directions.
func holdReleasePath() func() {
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

func salePath() func() {
	h, i := newHolder(100_000), uint64(0)
	step := func(kind CommandKind) {
		h.c = Command{Kind: kind, At: Instant(i), Buyer: buyerOf(i), Booking: BookingNo(i + 1), Request: requestOf(i<<8 | uint64(kind)<<40)}
		h.run()
	}
	return func() {
		h.hold(i, Instant(i))
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

func takenPath() func() {
	h := newHolder(100)
	h.hold(7, 0)
	return refusal(h, Command{Kind: PlaceHold, Buyer: buyerOf(1 << 40), Seats: seatsOf(7), Request: requestOf(1 << 40)}, SeatTaken)
}

func soldOutPath() func() {
	b := newBestHolder(100)
	for b.s.Free() > 1 {
		b.best(2)
	}
	c := Command{Kind: PlaceBest, Buyer: buyerOf(1 << 40), Request: requestOf(1 << 40), Quantity: 2, AnyCategory: true}
	return refusal(&b.holder, c, SoldOut)
}

func repeatPath() func() {
	h := newHolder(100)
	h.hold(7, 0)
	c := h.c
	c.Seats = seatsOf(7)
	return refusal(h, c, Accepted)
}

// lapsePath places a hundred holds and lets all of them end by one command.
func lapsePath() func() {
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

func readPath() func() {
	h := newHolder(100)
	h.hold(7, 0)
	return func() {
		if !h.s.Lookup(1, &h.d) {
			panic("a booking is not found")
		}
	}
}

func snapshotPath() func() {
	h := busySection()
	body := h.s.AppendSnapshot(nil)
	return func() { body = h.s.AppendSnapshot(body[:0]) }
}

// emptyPath makes a section and places its first hold: what a show that nobody wants costs, in pieces of memory.
func emptyPath() func() {
	l := generalLayout(50_000)
	return func() {
		h := &holder{s: NewState(l, testRules), touched: make([]SeatIndex, 0, 64)}
		h.s.Begin(1)
		h.hold(0, 0)
	}
}
