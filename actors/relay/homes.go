package relay

import (
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
)

// View is what one node sees of the cluster at one moment. It never changes.
type View interface {
	// Version is the same on nodes that see the same members in the same states.
	Version() uint64
	// Peers lists the members, this node included.
	Peers() []storage.WriterID
	// Owner is the node that should run the section; the zero id: nobody is there who could.
	Owner(key storage.SectionKey) storage.WriterID
	// Home is the node that runs a buyer's searches over an event's sections; the zero id as for Owner.
	Home(event storage.EventID, buyer section.BuyerID) storage.WriterID
}

// Homes says which searches a node may run, and which it may serve a request of. It remembers the views until every event that is searched
// has been found safe in a newer one; see Settling for what makes a view safe. It holds no lock and knows no time.
type Homes struct {
	me       storage.WriterID
	settling *Settling
	past     []View // newest last
	first    int    // number of past[0]; numbers begin at 1, so that 0 means never
	firm     int    // number of the newest view that all were settled in; 0: none
	// heeded is the newest round of each peer whose views were compared with this node's.
	heeded map[storage.WriterID]uint64
}

// unseen stands in past for a view that others had and this node did not: in it, anybody may have been anybody's home.
type unseen struct{ peers []storage.WriterID }

func (unseen) Version() uint64                                        { return 0 }
func (u unseen) Peers() []storage.WriterID                            { return u.peers }
func (unseen) Owner(storage.SectionKey) storage.WriterID              { return storage.WriterID{} }
func (unseen) Home(storage.EventID, section.BuyerID) storage.WriterID { return storage.WriterID{} }

// pastMax bounds the views that are remembered; more make every buyer wait.
const pastMax = 64

// NewHomes begins without a view.
func NewHomes(me storage.WriterID) *Homes {
	return &Homes{me: me, settling: NewSettling(me), first: 1, heeded: map[storage.WriterID]uint64{}}
}

// Now is the present view; nil: there is none yet.
func (h *Homes) Now() View {
	if len(h.past) == 0 {
		return nil
	}
	return h.past[len(h.past)-1]
}

// See takes a view; it says whether that is a new one: then all members are to be asked whether they are settled (Round).
func (h *Homes) See(v View) bool {
	if now := h.Now(); now != nil && now.Version() == v.Version() {
		return false
	}
	h.push(v)
	return true
}

// push adds a view; its number is the round in which the others are asked about it.
func (h *Homes) push(v View) {
	h.settling.View(v.Version(), v.Peers())
	h.past = append(h.past, v)
	if len(h.past) > pastMax {
		h.first, h.past = h.first+1, slices.Clone(h.past[1:])
	}
}

// Question is what the others are asked.
func (h *Homes) Question() Settle {
	m := Settle{Round: h.settling.Round()}
	for _, v := range h.past {
		m.Views = append(m.Views, v.Version())
	}
	return m
}

// Of is the buyer's home; the zero id: nobody's view says.
func (h *Homes) Of(event storage.EventID, buyer section.BuyerID) storage.WriterID {
	if now := h.Now(); now != nil {
		return now.Home(event, buyer)
	}
	return storage.WriterID{}
}

// Admit lets a request of another node's search in: if that is the buyer's home, and no other can have been since all were last settled.
// Without the second, a node that has been away and back could still search beside the one that took its place meanwhile. The result,
// never 0, is for Leave.
func (h *Homes) Admit(from storage.WriterID, event storage.EventID, buyer section.BuyerID) (gen uint64, ok bool) {
	if h.Now() == nil || h.Of(event, buyer) != from {
		return 0, false
	}
	if number, settled := h.Safe(); settled {
		h.firm = number
	}
	if h.changedSince(h.firm, event, buyer, from) {
		return 0, false
	}
	return h.settling.Admit(), true
}

// Begin lets a search of this node's own begin; whoever calls has seen to it that it may (Of, Inherited, Safe). The result is for Leave.
func (h *Homes) Begin() (gen uint64) { return h.settling.Admit() }

// Hold counts something more in that belongs to the same search, and may outlast it.
func (h *Homes) Hold(gen uint64) { h.settling.Hold(gen) }

// Leave ends what Admit, Begin or Hold began.
func (h *Homes) Leave(gen uint64) { h.settling.Leave(gen) }

// Asked takes a peer's question whether this node is settled. It may tell of views that this node has never had, although both have the same one
// now: the others believed it gone, say. Then somebody else may have been a home in its place, and it begins anew, as after any change of
// view: anew says that all are to be asked. Views that it may yet come to see itself are none of these.
func (h *Homes) Asked(from storage.WriterID, m Settle) (anew bool) {
	h.settling.Asked(from, m.Round)
	now := h.Now()
	if now == nil || len(m.Views) == 0 || m.Views[len(m.Views)-1] != now.Version() {
		return false
	}
	for i, version := range m.Views {
		round := m.Round - uint64(len(m.Views)-1-i)
		anew = anew || round > h.heeded[from] && version != 0 && !h.hadView(version)
	}
	h.heeded[from] = m.Round
	if anew {
		h.push(unseen{now.Peers()})
		h.push(now)
	}
	return anew
}

func (h *Homes) hadView(version uint64) bool {
	return slices.ContainsFunc(h.past, func(v View) bool { return v.Version() == version })
}

// Answers calls tell for every member that has asked and may be told now. Telling it twice does no harm.
func (h *Homes) Answers(tell func(to storage.WriterID, m Settled)) {
	now := h.Now()
	if now == nil || !h.settling.Quiet() {
		return
	}
	for _, peer := range now.Peers() {
		if m, ok := h.settling.Answer(peer); ok && peer != h.me {
			tell(peer, m)
		}
	}
}

// Quiet says that nothing of an older view is under way here.
func (h *Homes) Quiet() bool { return h.settling.Quiet() }

// Heard takes a peer's word that it is settled.
func (h *Homes) Heard(from storage.WriterID, m Settled) { h.settling.Heard(from, m) }

// Lost forgets it: the link has ended.
func (h *Homes) Lost(peer storage.WriterID) { h.settling.Lost(peer) }

// Inherited says that another node may have searched for this buyer since the event was safe, which was at that number.
func (h *Homes) Inherited(safe int, event storage.EventID, buyer section.BuyerID) bool {
	return h.changedSince(safe, event, buyer, h.me)
}

func (h *Homes) changedSince(number int, event storage.EventID, buyer section.BuyerID, home storage.WriterID) bool {
	if number < h.first {
		return true
	}
	return slices.ContainsFunc(h.past[number-h.first:], func(v View) bool { return v.Home(event, buyer) != home })
}

// Safe gives the number at which an event is safe whose sections have all been heard out; false: not all members are settled.
func (h *Homes) Safe() (number int, ok bool) {
	return h.first + len(h.past) - 1, h.Now() != nil && h.settling.Settled()
}
