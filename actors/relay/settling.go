package relay

import "holdfast/storage"

// Settling finds the moment at which nothing that an older view allowed can still happen anywhere. Until then whoever has become home of
// a buyer must not search for seats under a key that the home before may be searching with (P5). It is the old trick of virtual
// synchrony: a member says that it has the view, after everything that it let in under the views before has ended.
//
//	view changes ──▶ a new round: Settle to all ──▶ requests of older rounds end ──▶ Settled to all who asked ──▶ heard from all: settled
//
// A view may come back under the number it had, so a word counts only in answer to the present round's question.
//
// It holds no lock and knows no time.
type Settling struct {
	me      storage.WriterID
	view    uint64
	members []storage.WriterID
	round   uint64                      // grows with every view; 0: there was none
	under   map[uint64]int              // requests under way by the round that let them in
	heard   map[storage.WriterID]bool   // members that are settled in this round
	asked   map[storage.WriterID]uint64 // the newest round that a member asked about
}

// NewSettling begins without a view, and unsettled.
func NewSettling(me storage.WriterID) *Settling {
	return &Settling{me: me, under: map[uint64]int{}, heard: map[storage.WriterID]bool{}, asked: map[storage.WriterID]uint64{}}
}

// View takes a view; it says whether that is a new one.
func (s *Settling) View(number uint64, members []storage.WriterID) bool {
	if number == s.view && s.round > 0 {
		return false
	}
	s.view, s.members = number, members
	s.round++
	clear(s.heard)
	return true
}

// Number is the present view's.
func (s *Settling) Number() uint64 { return s.view }

// Round is what this node asks the others about.
func (s *Settling) Round() uint64 { return s.round }

// Admit counts a request in, in the present round. The result, never 0, is for Leave.
func (s *Settling) Admit() (gen uint64) {
	s.under[s.round]++
	return s.round
}

// Hold counts something more that belongs to a request let in.
func (s *Settling) Hold(gen uint64) { s.under[gen]++ }

// Leave counts it out.
func (s *Settling) Leave(gen uint64) {
	if s.under[gen]--; s.under[gen] <= 0 {
		delete(s.under, gen)
	}
}

// Quiet says that nothing let in under an older view is under way here: the others may be told so.
func (s *Settling) Quiet() bool {
	if s.round == 0 {
		return false
	}
	for gen := range s.under {
		if gen != s.round {
			return false
		}
	}
	return true
}

// Asked takes a member's question.
func (s *Settling) Asked(from storage.WriterID, round uint64) { s.asked[from] = round }

// Answer is what a member is to be told now; false: nothing yet.
func (s *Settling) Answer(to storage.WriterID) (m Settled, ok bool) {
	round, asked := s.asked[to]
	return Settled{View: s.view, Round: round}, asked && s.Quiet()
}

// Heard takes a member's word, if it is about the view and the round of now.
func (s *Settling) Heard(from storage.WriterID, m Settled) {
	if m.View == s.view && m.Round == s.round {
		s.heard[from] = true
	}
}

// Lost forgets a member's word and question: the link over which they came has ended, and what was on it with it.
func (s *Settling) Lost(peer storage.WriterID) {
	delete(s.heard, peer)
	delete(s.asked, peer)
}

// Settled says that all members are quiet in the present view.
func (s *Settling) Settled() bool {
	if !s.Quiet() {
		return false
	}
	for _, m := range s.members {
		if m != s.me && !s.heard[m] {
			return false
		}
	}
	return true
}
