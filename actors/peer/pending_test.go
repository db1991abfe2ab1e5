package peer

import (
	"slices"
	"testing"
)

// TestPendingCallIsTakenOnce: an answer, a lost link and a caller that gives up each find a call at most once, and what
// a link takes along is told in the order of asking.
func TestPendingCallIsTakenOnce(t *testing.T) {
	var p pending[string]
	for id := uint64(200); id > 0; id-- {
		p.add(id, []string{"to A", "to B"}[id%2])
	}
	if call, ok := p.take(7); !ok || call != "to B" {
		t.Errorf("%q %v", call, ok)
	}
	if _, ok := p.take(7); ok {
		t.Error("answered twice")
	}
	var q pending[uint64]
	for _, id := range []uint64{130, 2, 66, 1, 65, 3} {
		q.add(id, id)
	}
	order := q.takeAll(func(id uint64) bool { return id != 3 })
	if !slices.Equal(order, []uint64{1, 2, 65, 66, 130}) || q.size() != 1 {
		t.Errorf("%v, %d left", order, q.size())
	}
	if lost := p.takeAll(func(call string) bool { return call == "to B" }); len(lost) != 99 || p.size() != 100 {
		t.Errorf("%d lost, %d left", len(lost), p.size())
	}
}
