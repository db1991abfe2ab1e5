package relay

import "holdfast/storage"

// Settling finds the moment at which nothing that an older view allowed can still happen anywhere. Until then whoever has become home of
// a buyer must not search for seats under a key that the home before may be searching with (P5). It is the old trick of virtual
// synchrony: a member says that it has the view, after everything that it let in under the views before has ended.
//
//	view changes ──▶ new generation ──▶ requests of older ones end ──▶ Settled to all ──▶ heard from all: settled
//
// It holds no lock and knows no time.
type Settling struct {
	me      storage.WriterID
	view    uint64
	members []storage.WriterID
	gen     uint64
	under   map[uint64]int              // requests under way by the generation that let them in
	heard   map[storage.WriterID]uint64 // the view that a member last said it is settled in
}

// NewSettling begins without a view, and unsettled.
func NewSettling(me storage.WriterID) *Settling {
	return &Settling{me: me, under: map[uint64]int{}, heard: map[storage.WriterID]uint64{}}
}

// View takes a new view.
func (s *Settling) View(number uint64, members []storage.WriterID) {
	if number == s.view && s.gen > 0 {
		return
	}
	s.view, s.members = number, members
	s.gen++
}

// Number is the present view's.
func (s *Settling) Number() uint64 { return s.view }

// Admit counts a request in, under the present view. The result, never 0, is for Leave.
func (s *Settling) Admit() (gen uint64) {
	s.under[s.gen]++
	return s.gen
}

// Leave counts it out.
func (s *Settling) Leave(gen uint64) {
	if s.under[gen]--; s.under[gen] <= 0 {
		delete(s.under, gen)
	}
}

// Quiet says that nothing let in under an older view is under way here: the others may be told so.
func (s *Settling) Quiet() bool {
	if s.gen == 0 {
		return false
	}
	for gen := range s.under {
		if gen != s.gen {
			return false
		}
	}
	return true
}

// Heard takes a member's word that it is quiet in a view.
func (s *Settling) Heard(from storage.WriterID, view uint64) { s.heard[from] = view }

// Lost forgets a member's word: the link over which it came has ended, and what was on it with it.
func (s *Settling) Lost(peer storage.WriterID) { delete(s.heard, peer) }

// Settled says that all members are quiet in the present view.
func (s *Settling) Settled() bool {
	if !s.Quiet() {
		return false
	}
	for _, m := range s.members {
		if view, ok := s.heard[m]; m != s.me && (!ok || view != s.view) {
			return false
		}
	}
	return true
}
