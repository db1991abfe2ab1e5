package actors

import (
	"errors"
	"slices"
	"sync"
	"time"

	"holdfast/actors/relay"
	"holdfast/actors/section"
	"holdfast/storage"
)

// home decides which searches may run here. A search asks one section after the other, so no single log can see two of them under one
// key: that is the buyer's home's to see, one node for each buyer of an event. When a view makes another node the home, that one waits
// until
//
//   - every member is settled in the view (package relay): no search of an older home is under way, and no section lets one in;
//   - every section of the event has been heard to its end: served here, or by a member whose records come in, or given up.
//
// Then its index knows every key that was ever accepted, and it may take an unknown one for new (P5). Buyers whose home has not changed do
// not wait. Where that cannot be known, because a node is gone and its sections are not claimed yet, or the members disagree, the
// answer is "unavailable, repeat" (P3).
type home struct {
	e *Engine

	mu      sync.Mutex
	rules   *relay.Homes
	changed chan struct{}
}

func newHome(e *Engine) *home {
	return &home{e: e, rules: relay.NewHomes(e.writer), changed: make(chan struct{})}
}

// errNotHome says that another node is the buyer's home.
var errNotHome = errors.New("actors: another node runs this buyer's searches")

func (h *home) viewChanged() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rules.See(h.e.desk.peers.View()) {
		h.ask()
		h.tell()
	}
	h.wake()
}

// ask has all members say when they are settled. The caller holds mu.
func (h *home) ask() {
	question := h.rules.Question()
	h.e.desk.others(func(peer storage.WriterID) { h.e.desk.send(peer, &question) })
}

// askAgain is for questions and words that did not get through.
func (h *home) askAgain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, settled := h.rules.Safe(); !settled {
		h.ask()
		h.tell()
	}
}

// askOne begins with a peer whose link is new.
func (h *home) askOne(peer storage.WriterID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	question := h.rules.Question()
	h.e.desk.send(peer, &question)
}

// tell says to whoever has asked that this node is settled, if it is. It says nothing while a record has not gone out that may have a key
// in it. The caller holds mu.
func (h *home) tell() {
	if h.e.desk.unsynced.Load() == 0 {
		h.rules.Answers(func(to storage.WriterID, m relay.Settled) { h.e.desk.send(to, &m) })
	}
}

// wake has whoever waits look again. The caller holds mu.
func (h *home) wake() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// synced is for what tell left out because records had not gone out yet.
func (h *home) synced() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tell()
}

func (h *home) asked(from storage.WriterID, m relay.Settle) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rules.Asked(from, m) {
		h.ask()
		h.wake()
	}
	h.tell()
}

func (h *home) heard(from storage.WriterID, m relay.Settled) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rules.Heard(from, m)
	h.wake()
}

func (h *home) lost(peer storage.WriterID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rules.Lost(peer)
}

// admit lets a request of a search in, if it comes from the buyer's home.
func (h *home) admit(from storage.WriterID, event storage.EventID, buyer section.BuyerID) (gen uint64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rules.Admit(from, event, buyer)
}

// hold counts a request of a search that may outlast it: one that waits inside a section when its search gives up.
func (h *home) hold(gen uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rules.Hold(gen)
}

func (h *home) leave(gen uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.rules.Quiet()
	h.rules.Leave(gen)
	if !was && h.rules.Quiet() { // the last of an older view has left
		h.tell()
		h.wake()
	}
}

// of is the buyer's home.
func (h *home) of(event storage.EventID, buyer section.BuyerID) storage.WriterID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rules.Of(event, buyer)
}

// begin lets a search of this node's begin, once it is safe; leave must follow. errNotHome, or ErrUnavailable after the deadline.
func (h *home) begin(ev *event, buyer section.BuyerID, deadline time.Time) (gen uint64, err error) {
	for {
		h.mu.Lock()
		changed := h.changed
		switch gen, err = h.tryBegin(ev, buyer); {
		case gen != 0 || err != nil:
			h.mu.Unlock()
			return gen, err
		}
		h.mu.Unlock()
		now := h.e.clock.now()
		wait := min(deadline.Sub(now), homePatience)
		if wait <= 0 {
			return 0, ErrUnavailable
		}
		h.e.clock.await(h.e.ctx, now.Add(wait), changed, nil)
	}
}

// still says that no other node can have become the buyer's home since a search began. One that was away meanwhile, as others saw it, may have got
// sections back that know nothing of what its stand-in has done: the search has to begin anew, once this node has heard (P5).
func (h *home) still(gen uint64, event storage.EventID, buyer section.BuyerID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.rules.Inherited(int(gen), event, buyer)
}

// homePatience is how long a search waits until it looks again whether the sections have been heard, which nobody tells it.
const homePatience = 20 * time.Millisecond

func (h *home) tryBegin(ev *event, buyer section.BuyerID) (gen uint64, err error) {
	id := ev.header.Load().ID
	switch home := h.rules.Of(id, buyer); {
	case home == (storage.WriterID{}):
		return 0, nil
	case home != h.e.writer:
		return 0, errNotHome
	case h.rules.Inherited(ev.safeSince, id, buyer) && !h.makeSafe(ev):
		return 0, nil
	}
	return h.rules.Begin(), nil
}

// makeSafe tries to find that all of the event's keys are known here. The caller holds mu, which guards safeSince.
func (h *home) makeSafe(ev *event) bool {
	number, settled := h.rules.Safe()
	o := ev.ready.Load()
	if !settled || o == nil {
		return false
	}
	for _, s := range o.sections {
		if !s.heardOut() || !s.agreed(h.rules.Now()) {
			return false
		}
	}
	ev.safeSince = number
	return true
}

// agreed says that nobody serves the section who is no member of the view: who has not agreed to it may be searching there under an older one,
// although the link still brings what comes of that.
func (s *Section) agreed(now relay.View) bool {
	owner := s.owner.Load()
	return s.serving.Load() != nil || owner == nil || !owner.announced || slices.Contains(now.Peers(), owner.writer)
}

// heardOut says that this node's index has every request that the section remembers.
func (s *Section) heardOut() bool {
	if s.serving.Load() != nil {
		return true
	}
	s.mu.Lock()
	f, out := s.follower, s.life.Phase() == Condemned || s.asleep.Load() || s.follower != nil && s.follower.stuck.Load()
	s.mu.Unlock()
	if out {
		return true // it takes nothing any more, or has taken nothing for long, here and elsewhere
	}
	if f == nil {
		return false
	}
	if _, ok := f.caughtUp(); !ok {
		return false
	}
	return s.announced()
}
