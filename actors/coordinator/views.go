package coordinator

import (
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
)

// View is what one node sees of the cluster at one moment, as far as searches need it. It never changes.
type View interface {
	// Version is the same on nodes that see the same members in the same states.
	Version() uint64
	// Peers lists the members, this node included.
	Peers() []storage.WriterID
	// Coordinator is the node that runs a buyer's searches over an event's sections; the zero id: nobody is there who
	// could.
	Coordinator(event storage.EventID, buyer section.BuyerID) storage.WriterID
}

// Quiesce asks a member to say Quiesced, with a number of the asker's own that is new with every view: a view may come
// back under the number that it had. Views are the versions of its newest views, that of Round last: the member may not
// have seen all of them.
type Quiesce struct {
	Round uint64
	Views []uint64
}

// Quiesced says that a member has this view, and that nothing which it let in under an older one is still under way.
// Round is that of the newest Quiesce it had heard from the receiver then.
type Quiesced struct{ View, Round uint64 }

// Views says which searches a node may run, and which it may serve a request of. It remembers the views until every
// event that is searched has been found safe in a newer one. It holds no lock and knows no time.
type Views struct {
	me      storage.WriterID
	barrier *viewBarrier
	past    []View // newest last
	first   int    // number of past[0]; numbers begin at 1, so that 0 means never
	firm    int    // number of the newest view in which the barrier was passed; 0: none
	// heeded is the newest round of each peer whose views were compared with this node's.
	heeded map[storage.WriterID]uint64
}

// unknownView stands in past for a view that others had and this node did not: in it, any node may have been any
// buyer's coordinator.
type unknownView struct{ peers []storage.WriterID }

func (unknownView) Version() uint64             { return 0 }
func (u unknownView) Peers() []storage.WriterID { return u.peers }
func (unknownView) Coordinator(storage.EventID, section.BuyerID) storage.WriterID {
	return storage.WriterID{}
}

// ViewsMax bounds the views that are remembered, and Quiesce.Views; more make every buyer wait.
const ViewsMax = 64

// NewViews begins without a view.
func NewViews(me storage.WriterID) *Views {
	return &Views{me: me, barrier: newViewBarrier(me), first: 1, heeded: map[storage.WriterID]uint64{}}
}

// Now is the present view; nil: there is none yet.
func (v *Views) Now() View {
	if len(v.past) == 0 {
		return nil
	}
	return v.past[len(v.past)-1]
}

// See takes a view; it says whether that is a new one: then all members are to be asked to quiesce (Quiesce).
func (v *Views) See(view View) bool {
	if now := v.Now(); now != nil && now.Version() == view.Version() {
		return false
	}
	v.push(view)
	return true
}

// push adds a view; its number is the round in which the others are asked about it.
func (v *Views) push(view View) {
	v.barrier.see(view.Version(), view.Peers())
	v.past = append(v.past, view)
	if len(v.past) > ViewsMax {
		v.first, v.past = v.first+1, slices.Clone(v.past[1:])
	}
}

// Quiesce is what the others are asked.
func (v *Views) Quiesce() Quiesce {
	m := Quiesce{Round: v.barrier.round}
	for _, view := range v.past {
		m.Views = append(m.Views, view.Version())
	}
	return m
}

// Of is the buyer's coordinator; the zero id: nobody's view says.
func (v *Views) Of(event storage.EventID, buyer section.BuyerID) storage.WriterID {
	if now := v.Now(); now != nil {
		return now.Coordinator(event, buyer)
	}
	return storage.WriterID{}
}

// Admit lets a request of another node's search in: if that is the buyer's coordinator, and no other can have been
// since the barrier was last passed. Without the second, a node that has been away and back could still search beside
// the one that took its place meanwhile. The result, never 0, is for Leave.
func (v *Views) Admit(from storage.WriterID, event storage.EventID, buyer section.BuyerID) (gen uint64, ok bool) {
	if v.Now() == nil || v.Of(event, buyer) != from {
		return 0, false
	}
	if number, passed := v.Safe(); passed {
		v.firm = number
	}
	if v.changedSince(v.firm, event, buyer, from) {
		return 0, false
	}
	return v.barrier.admit(), true
}

// Begin lets a search of this node's own begin; the caller has seen to it that it may (Of, Inherited, Safe). The result
// is for Leave.
func (v *Views) Begin() (gen uint64) { return v.barrier.admit() }

// Hold counts something more in that belongs to the same search, and may outlast it.
func (v *Views) Hold(gen uint64) { v.barrier.hold(gen) }

// Leave ends what Admit, Begin or Hold began.
func (v *Views) Leave(gen uint64) { v.barrier.leave(gen) }

// OnQuiesce takes a peer's question. The question may tell of views that this node has never had, although both have
// the same one now: the others believed it gone, say. Then another node may have been a coordinator in its place, and
// it begins anew, as after any change of view: anew says that all are to be asked. Views that it may yet come to see
// itself are none of these.
func (v *Views) OnQuiesce(from storage.WriterID, m Quiesce) (anew bool) {
	v.barrier.onQuiesce(from, m.Round)
	now := v.Now()
	if now == nil || len(m.Views) == 0 || m.Views[len(m.Views)-1] != now.Version() {
		return false
	}
	for i, version := range m.Views {
		round := m.Round - uint64(len(m.Views)-1-i)
		anew = anew || round > v.heeded[from] && version != 0 && !v.had(version)
	}
	v.heeded[from] = m.Round
	if anew {
		v.push(unknownView{now.Peers()})
		v.push(now)
	}
	return anew
}

func (v *Views) had(version uint64) bool {
	return slices.ContainsFunc(v.past, func(view View) bool { return view.Version() == version })
}

// Answers calls tell for every member that has asked and may be told now. Telling it twice does no harm.
func (v *Views) Answers(tell func(to storage.WriterID, m Quiesced)) {
	now := v.Now()
	if now == nil || !v.barrier.isQuiet() {
		return
	}
	for _, peer := range now.Peers() {
		if m, ok := v.barrier.answer(peer); ok && peer != v.me {
			tell(peer, m)
		}
	}
}

// Quiet says that nothing of an older view is under way here.
func (v *Views) Quiet() bool { return v.barrier.isQuiet() }

// OnQuiesced takes a peer's word that it is quiet.
func (v *Views) OnQuiesced(from storage.WriterID, m Quiesced) { v.barrier.onQuiesced(from, m) }

// Lost forgets what a peer has asked and said: the link has ended.
func (v *Views) Lost(peer storage.WriterID) { v.barrier.lost(peer) }

// Inherited says that another node may have searched for this buyer since the event was safe, which was at that number.
func (v *Views) Inherited(safe int, event storage.EventID, buyer section.BuyerID) bool {
	return v.changedSince(safe, event, buyer, v.me)
}

func (v *Views) changedSince(number int, event storage.EventID, buyer section.BuyerID, who storage.WriterID) bool {
	if number < v.first {
		return true
	}
	return slices.ContainsFunc(v.past[number-v.first:], func(view View) bool {
		return view.Coordinator(event, buyer) != who
	})
}

// Safe gives the number at which an event is safe whose sections have all been heard out; false: not all members are
// quiet.
func (v *Views) Safe() (number int, ok bool) {
	return v.first + len(v.past) - 1, v.Now() != nil && v.barrier.passed()
}
