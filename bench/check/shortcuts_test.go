package check

import (
	"context"
	"fmt"
	"holdfast/bench/check/history"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"
)

// drawJunk draws a small history that obeys no server: times, verdicts and seats as they fall. Some of it has an order
// and much has none.
func drawJunk(t *rapid.T) *history.History {
	time := rapid.IntRange(0, 30)
	seat := rapid.Uint32Range(0, 1)
	b := newBuilder(history.Event{ID: "show", Sections: []history.Section{{ID: "A", Seats: 2}}})
	name := func() string { return rapid.SampledFrom([]string{"u", "v", "w", "x"}).Draw(t, "name") }
	window := func() (int, int) {
		call := time.Draw(t, "call")
		return call, call + rapid.IntRange(0, 8).Draw(t, "took")
	}
	for _, n := range []string{"u", "v", "w", "x"}[:rapid.IntRange(1, 4).Draw(t, "bookings")] {
		call, ret := window()
		granting(n, call, ret, ret+rapid.IntRange(0, 20).Draw(t, "lasts"), seat.Draw(t, "seat"))(b)
	}
	for range rapid.IntRange(0, 10).Draw(t, "more") {
		call, ret := window()
		n := name()
		if _, there := b.of[n]; !there {
			n = "u"
		}
		verdict := rapid.SampledFrom([]history.Verdict{history.Done, history.Done, history.Ended,
			history.Unknown}).Draw(t, "verdict")
		key := otherKey(uint64(1000 + len(b.part.Ops)))
		switch rapid.IntRange(0, 6).Draw(t, "what") {
		case 0:
			confirmed(verdict, n, call, ret)(b)
		case 1:
			released(verdict, n, call, ret)(b)
		case 2:
			extended(verdict, n, call, ret, ret+10)(b)
		case 3:
			wanted(history.Unknown, "ghost", call, never, seat.Draw(t, "seat"))(b)
		case 4:
			letters := rapid.SampledFrom([]string{"aa", "ah", "ha", "hs", "sa", "as", "hh", "ss"}).Draw(t, "letters")
			shown(letters, call, ret)(b)
		default:
			wanted(history.Taken, "loser", call, ret, seat.Draw(t, "seat"))(b)
		}
		key(b)
	}
	return b.h
}

// faultySeats are the seats that a run found faults of, and how many it handed to porcupine.
func faultySeats(h *history.History, exhaustive bool) (seats []int, searched uint64) {
	result := Run(context.Background(), h, Options{LookLag: 1, Workers: 1, exhaustive: exhaustive})
	c := result.Find(Seats)
	for _, f := range c.Faults {
		seats = append(seats, f.Seat)
	}
	slices.Sort(seats)
	return slices.Compact(seats), c.Count("searched")
}

// TestShortcutsChangeNoVerdict: leaving out sure looks, and orders found at once, give the verdict of the full search,
// on histories with and without an order.
func TestShortcutsChangeNoVerdict(t *testing.T) {
	faulty, clean, spared := 0, 0, uint64(0)
	rapid.Check(t, func(t *rapid.T) {
		h := drawJunk(t)
		quick, few := faultySeats(h, false)
		full, all := faultySeats(h, true)
		if !slices.Equal(quick, full) {
			t.Fatalf("with the shortcuts seats %v are faulty, without %v\n%s", quick, full, dump(h))
		}
		if len(full) > 0 {
			faulty++
		} else {
			clean++
		}
		spared += all - few
	})
	if faulty == 0 || clean == 0 || spared == 0 {
		t.Errorf("%d faulty, %d clean, %d seats spared: the test looked at one side only", faulty, clean, spared)
	}
}

// TestShortcutsOnAServer is the same on what a server answered, right or wrong, with one operation spoilt.
func TestShortcutsOnAServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bug := simBug(rapid.IntRange(int(noBug), int(seesOldMap)).Draw(t, "bug"))
		w := simulate(simSize{events: 1, sections: 1, seats: 2, buyers: 3, wishes: 4, crashes: 1}, bug, drawn(t))
		p := w.h.Parts[rapid.IntRange(0, len(w.h.Parts)-1).Draw(t, "part")]
		if len(p.Ops) > 0 {
			op := &p.Ops[rapid.IntRange(0, len(p.Ops)-1).Draw(t, "operation")]
			shift := history.Nanos(rapid.IntRange(-20, 20).Draw(t, "shift")) * simMilli
			op.Call += shift
			if op.Return != history.Never {
				op.Return += shift
			}
		}
		quick, _ := faultySeats(w.h, false)
		full, _ := faultySeats(w.h, true)
		if !slices.Equal(quick, full) {
			t.Fatalf("with the shortcuts seats %v are faulty, without %v\n%s", quick, full, dump(w.h))
		}
	})
}

// TestWitnessIsAnOrder: steps whose order was found at once are never refused by the full search. (Where none was
// found, the search decides.)
func TestWitnessIsAnOrder(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		var steps []step
		for range rapid.IntRange(1, 9).Draw(t, "steps") {
			s := step{
				call:    history.Nanos(rapid.IntRange(0, 15).Draw(t, "call")),
				booking: seatState(rapid.IntRange(1, 3).Draw(t, "booking")),
				act:     act(rapid.IntRange(int(grant), int(seenSold)).Draw(t, "act")),
			}
			s.ret = s.call + history.Nanos(rapid.IntRange(0, 6).Draw(t, "took"))
			if s.act == lapse || s.act == maybeRelease || s.act == maybeConfirm || s.act == ghostHold {
				s.ret = history.Never
			}
			steps = append(steps, s)
		}
		before := slices.Clone(steps)
		if !witness(steps) {
			return
		}
		found++
		if !porcupine.CheckOperations(seatModel, operations(before)) {
			t.Fatalf("an order of steps that have none: %v", before)
		}
		at := history.Nanos(-1)
		for i, s := range steps { // the order itself: no step stands behind one that was called after its return
			if at = max(at, s.call); at > s.ret {
				t.Fatalf("step %d of %v is out of time", i, steps)
			}
		}
	})
	if found == 0 {
		t.Error("no order was ever found")
	}
}

// TestNoneLeftCounts holds the sweep against counting by hand.
func TestNoneLeftCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.IntRange(0, 20)
		var g noneLeft
		p := &history.Part{}
		for range rapid.IntRange(0, 12).Draw(t, "gaps") {
			from := history.Nanos(moment.Draw(t, "from"))
			g.open(span{from, from + history.Nanos(moment.Draw(t, "long")) + 1})
		}
		for range rapid.IntRange(1, 8).Draw(t, "queries") {
			call := history.Nanos(moment.Draw(t, "call"))
			p.Ops = append(p.Ops, history.Op{Kind: history.Best, Call: call,
				Return: call + history.Nanos(rapid.IntRange(0, 5).Draw(t, "took"))})
		}
		slices.SortFunc(p.Ops, func(a, b history.Op) int { return int(a.Call - b.Call) })
		q := &requests{archive: &archive{h: &history.History{Parts: []*history.Part{p}}}}
		for i := range p.Ops {
			g.queries = append(g.queries, makeRef(0, i))
		}
		gaps := slices.Clone(g.gaps)
		got := map[*history.Op]uint32{}
		g.judge(q, func(op *history.Op, free uint32) { got[op] = free })
		for i := range p.Ops {
			op, want := &p.Ops[i], uint32(0)
			for _, gap := range gaps {
				if gap.from < op.Call && op.Return < gap.to {
					want++
				}
			}
			if got[op] != want {
				t.Fatalf("%v to %v: %d, want %d of %v", op.Call, op.Return, got[op], want, gaps)
			}
		}
	})
}

// dump lists a history for a failure.
func dump(h *history.History) (text string) {
	for _, p := range h.Parts {
		for i := range p.Ops {
			op := &p.Ops[i]
			text += fmt.Sprintf("%v %v buyer %d key %d of %d: %v to %v, ends %v, seats %v lost %v %s\n", op.Kind,
				op.Verdict, op.Buyer, op.Key, op.Of,
				op.Call, op.Return, op.Expires, p.SeatsOf(op.Seats), p.SeatsOf(op.Lost), p.TextOf(op.Text))
		}
	}
	return text
}
