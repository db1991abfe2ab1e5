package coordinator

import "holdfast/storage"

// viewBarrier finds the moment at which nothing that an older view allowed can still happen anywhere: all members are
// quiet in the present view. It holds no lock and knows no time.
type viewBarrier struct {
	me      storage.WriterID
	view    uint64
	members []storage.WriterID
	round   uint64                      // grows with every view; 0: there was none
	under   map[uint64]int              // requests under way by the round that let them in
	quiet   map[storage.WriterID]bool   // members that are quiet in this round, by their own word
	askers  map[storage.WriterID]uint64 // the newest round that a member asked about
}

// newViewBarrier begins without a view; it is not passed.
func newViewBarrier(me storage.WriterID) *viewBarrier {
	return &viewBarrier{me: me, under: map[uint64]int{}, quiet: map[storage.WriterID]bool{},
		askers: map[storage.WriterID]uint64{}}
}

// see takes a view; it says whether that is a new one.
func (b *viewBarrier) see(view uint64, members []storage.WriterID) bool {
	if view == b.view && b.round > 0 {
		return false
	}
	b.view, b.members = view, members
	b.round++
	clear(b.quiet)
	return true
}

// admit counts a request in, in the present round. The result, never 0, is for leave.
func (b *viewBarrier) admit() (gen uint64) {
	b.under[b.round]++
	return b.round
}

// hold counts something more that belongs to a request let in.
func (b *viewBarrier) hold(gen uint64) { b.under[gen]++ }

// leave counts it out.
func (b *viewBarrier) leave(gen uint64) {
	if b.under[gen]--; b.under[gen] <= 0 {
		delete(b.under, gen)
	}
}

// isQuiet says that nothing let in under an older view is under way here: the others may be told so.
func (b *viewBarrier) isQuiet() bool {
	if b.round == 0 {
		return false
	}
	for gen := range b.under {
		if gen != b.round {
			return false
		}
	}
	return true
}

// onQuiesce takes a member's question.
func (b *viewBarrier) onQuiesce(from storage.WriterID, round uint64) { b.askers[from] = round }

// answer is what a member is to be told now; false: nothing yet.
func (b *viewBarrier) answer(to storage.WriterID) (m Quiesced, ok bool) {
	round, waiting := b.askers[to]
	return Quiesced{View: b.view, Round: round}, waiting && b.isQuiet()
}

// onQuiesced takes a member's word, if it is about the view and the round of now.
func (b *viewBarrier) onQuiesced(from storage.WriterID, m Quiesced) {
	if m.View == b.view && m.Round == b.round {
		b.quiet[from] = true
	}
}

// lost forgets a member's word and question: the link over which they came has ended, and what was on it with it.
func (b *viewBarrier) lost(peer storage.WriterID) {
	delete(b.quiet, peer)
	delete(b.askers, peer)
}

// passed says that all members are quiet in the present view.
func (b *viewBarrier) passed() bool {
	if !b.isQuiet() {
		return false
	}
	for _, m := range b.members {
		if m != b.me && !b.quiet[m] {
			return false
		}
	}
	return true
}
