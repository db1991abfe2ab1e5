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
	told     uint64 // the view that the others were told to be settled here
	past     []View // newest last
	first    int    // number of past[0]; numbers begin at 1, so that 0 means never
}

// pastMax bounds the views that are remembered; more make every buyer wait.
const pastMax = 64

// NewHomes begins without a view.
func NewHomes(me storage.WriterID) *Homes {
	return &Homes{me: me, settling: NewSettling(me), first: 1}
}

// Now is the present view; nil: there is none yet.
func (h *Homes) Now() View {
	if len(h.past) == 0 {
		return nil
	}
	return h.past[len(h.past)-1]
}

// See takes a new view.
func (h *Homes) See(v View) {
	if now := h.Now(); now == nil || now.Version() != v.Version() {
		h.past = append(h.past, v)
		if len(h.past) > pastMax {
			h.first, h.past = h.first+1, slices.Clone(h.past[1:])
		}
	}
	h.settling.View(v.Version(), v.Peers())
}

// Of is the buyer's home; the zero id: nobody's view says.
func (h *Homes) Of(event storage.EventID, buyer section.BuyerID) storage.WriterID {
	if now := h.Now(); now != nil {
		return now.Home(event, buyer)
	}
	return storage.WriterID{}
}

// Admit lets a request of somebody's search in, if that is the buyer's home. The result, never 0, is for Leave.
func (h *Homes) Admit(from storage.WriterID, event storage.EventID, buyer section.BuyerID) (gen uint64, ok bool) {
	if h.Now() == nil || h.Of(event, buyer) != from {
		return 0, false
	}
	return h.settling.Admit(), true
}

// Leave ends what Admit began.
func (h *Homes) Leave(gen uint64) { h.settling.Leave(gen) }

// Tell says whether the others are to be told that this node is settled, and in which view; it says so once for each.
func (h *Homes) Tell() (view uint64, tell bool) {
	number := h.settling.Number()
	if !h.settling.Quiet() || h.told == number {
		return number, false
	}
	h.told = number
	return number, true
}

// Told is the view that a peer whose link is new has to be told of; false: none.
func (h *Homes) Told() (view uint64, told bool) {
	number := h.settling.Number()
	return number, h.settling.Quiet() && h.told == number
}

// Heard takes a peer's word that it is settled.
func (h *Homes) Heard(from storage.WriterID, view uint64) { h.settling.Heard(from, view) }

// Lost forgets it: the link has ended.
func (h *Homes) Lost(peer storage.WriterID) { h.settling.Lost(peer) }

// Inherited says that another node may have searched for this buyer since the event was safe, which was at that number.
func (h *Homes) Inherited(safe int, event storage.EventID, buyer section.BuyerID) bool {
	if safe < h.first {
		return true
	}
	return slices.ContainsFunc(h.past[safe-h.first:], func(v View) bool { return v.Home(event, buyer) != h.me })
}

// Safe gives the number at which an event is safe whose sections have all been heard out; false: not all members are settled.
func (h *Homes) Safe() (number int, ok bool) {
	return h.first + len(h.past) - 1, h.Now() != nil && h.settling.Settled()
}
