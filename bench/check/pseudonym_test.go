package check

import (
	"testing"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// heldTwice finds two acknowledged holds of one buyer in a log, and one of another buyer.
func heldTwice(t *testing.T, w *world, l logLines) (first, second, other int, key []byte) {
	t.Helper()
	q := newRequests(newArchive(w.h))
	lines := map[string]int{}
	for i := range l {
		if l[i].Kind == wire.LogHoldPlaced {
			lines[l[i].Request] = i
		}
	}
	byBuyer := map[uint64][]int{}
	for _, r := range q.list {
		p, op := q.op(r.op)
		if i, there := lines[w.logName(q, p, op)]; there && r.verdict == history.Done && !r.again {
			byBuyer[op.Buyer] = append(byBuyer[op.Buyer], i)
		}
	}
	for buyer, holds := range byBuyer {
		for somebody, others := range byBuyer {
			if len(holds) > 1 && somebody != buyer {
				second = max(holds[0], holds[1])
				return min(holds[0], holds[1]), second, others[0], nameOfKey(w, q, l, second)
			}
		}
	}
	t.Fatal("no buyer has two holds in this world")
	return 0, 0, 0, nil
}

// nameOfKey is the key that was sent with a line's request.
func nameOfKey(w *world, q *requests, l logLines, at int) []byte {
	for _, r := range q.list {
		if p, op := q.op(r.op); w.logName(q, p, op) == l[at].Request {
			return history.AppendName(nil, w.h.Header.KeyPrefix, op.Key)
		}
	}
	return nil
}

// TestNamesOfBuyersAreHeldToEachOther guards P14 and P13: in an event a buyer has one name and a name one buyer, or
// somebody was counted twice, or two as one. The request is named rightly for the wrong name each time.
func TestNamesOfBuyersAreHeldToEachOther(t *testing.T) {
	for what, name := range map[string]func(l logLines, other int) string{
		"a second name of one buyer": func(logLines, int) string { return wire.HashText([16]byte{7, 7}) },
		"the name of another buyer":  func(l logLines, other int) string { return l[other].Buyer },
	} {
		w, l := loggedWorldOf(1, true)
		_, second, other, key := heldTwice(t, w, l)
		l[second].Buyer = name(l, other)
		buyer, ok := wire.ParseHash(l[second].Buyer)
		if !ok {
			t.Fatal(l[second].Buyer)
		}
		l[second].Request = wire.HashText(wire.RequestHash(buyer, key))
		if got := againstLog(w.h, ndjson(t, l)); got.State != Failed || !got.Has(LogForeign) && !got.Has(LogDiffers) {
			t.Errorf("P14: %s: %v %v", what, got.State, got.Faults)
		}
	}
}
