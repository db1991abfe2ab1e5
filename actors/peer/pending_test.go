package peer

import (
	"slices"
	"testing"
)

// TestPendingCallIsTakenOnce: an answer, a lost link and a caller that gives up each find a call at most once, and what
// a link takes along is told in the order of asking.
func TestPendingCallIsTakenOnce(t *testing.T) {
	var p Pending[string]
	for id := uint64(200); id > 0; id-- {
		p.Add(id, []string{"to A", "to B"}[id%2])
	}
	if call, ok := p.Take(7); !ok || call != "to B" {
		t.Errorf("%q %v", call, ok)
	}
	if _, ok := p.Take(7); ok {
		t.Error("answered twice")
	}
	var q Pending[uint64]
	for _, id := range []uint64{130, 2, 66, 1, 65, 3} {
		q.Add(id, id)
	}
	order := q.TakeAll(func(id uint64) bool { return id != 3 })
	if !slices.Equal(order, []uint64{1, 2, 65, 66, 130}) || q.Len() != 1 {
		t.Errorf("%v, %d left", order, q.Len())
	}
	if lost := p.TakeAll(func(call string) bool { return call == "to B" }); len(lost) != 99 || p.Len() != 100 {
		t.Errorf("%d lost, %d left", len(lost), p.Len())
	}
}
