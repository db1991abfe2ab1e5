package rebalancer

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/actors/placement"
	"holdfast/actors/shard"
	"holdfast/storage"
)

// house has sections that the view places on another node, and that leave once they may.
type house struct {
	sections        []*elsewhere
	mayMove, closed bool
	looked          int
}

func (h *house) Sections(visit func(s Section, complete bool) (more bool)) {
	for _, s := range h.sections {
		if !visit(s, true) {
			return
		}
	}
}
func (h *house) Repeat()       {}
func (h *house) MayMove() bool { return h.mayMove }
func (h *house) Closing() bool { return h.closed }
func (h *house) Looked()       { h.looked++ }

var me, other = storage.WriterID{1}, storage.WriterID{2}

type elsewhere struct {
	leave chan struct{} // closed: it may leave
	to    atomic.Pointer[storage.WriterID]
}

func (s *elsewhere) Resync() {}
func (s *elsewhere) Situation(bool) placement.Situation {
	return placement.Situation{
		Routing: placement.Routing{Me: me, Serving: s.to.Load() == nil, Placed: other, PlacedUp: true}, Ready: true,
		OwnerAnnounced: true,
	}
}
func (s *elsewhere) Claim() {}
func (s *elsewhere) Transfer(_ context.Context, successor storage.WriterID) {
	<-s.leave
	s.to.Store(&successor)
}
func (s *elsewhere) Idle(time.Time) bool           { return false }
func (s *elsewhere) Passivate(context.Context)     {}
func (s *elsewhere) Unreceived() bool              { return false }
func (s *elsewhere) CatchUp(context.Context) error { return nil }

// TestSectionsMoveAFewAtATime: what is placed elsewhere leaves to its successor, no more at once than the bound says,
// and nothing leaves while the view is not good enough or the node closes.
func TestSectionsMoveAFewAtATime(t *testing.T) {
	leave := make(chan struct{})
	h := &house{}
	for range 10 {
		h.sections = append(h.sections, &elsewhere{leave: leave})
	}
	w := New(t.Context(), h, shard.RealRuntime{}, func(work func()) bool { go work(); return true })
	moving := func(want int, why string) {
		t.Helper()
		if w.Round(); w.Moving() != want {
			t.Errorf("%s: %d sections move, want %d", why, w.Moving(), want)
		}
	}
	moving(0, "a view that is not good enough")
	h.mayMove, h.closed = true, true
	moving(0, "a node that closes")
	h.closed = false
	moving(movesMax, "a good view")
	moving(movesMax, "a second look")
	h.mayMove = false
	w.Drain(true)
	moving(movesMaxDraining, "a node that drains, whatever the view")
	close(leave)
	w.moves.Wait()
	moving(2, "the rest")
	w.moves.Wait()
	for i, s := range h.sections {
		if to := s.to.Load(); to == nil || *to != other {
			t.Errorf("section %d went to %v", i, to)
		}
	}
	if moving(0, "all have left"); h.looked != 7 || w.Woken() {
		t.Errorf("%d rounds, woken %v", h.looked, w.Woken())
	}
}
