package actors

import (
	"errors"
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
	h.rules.See(h.e.desk.peers.View())
	h.announce()
	h.mu.Unlock()
}

// announce tells the others when this node is quiet, and wakes whoever waits for a change. It says nothing while a record has not gone out
// that may have a key in it. The caller holds mu.
func (h *home) announce() {
	close(h.changed)
	h.changed = make(chan struct{})
	if h.e.desk.unsynced.Load() > 0 {
		return
	}
	if view, tell := h.rules.Tell(); tell {
		h.e.desk.others(func(peer storage.WriterID) { h.e.desk.send(peer, &relay.Settled{View: view}) })
	}
}

// again is for what announce left out because records had not gone out yet.
func (h *home) again() {
	h.mu.Lock()
	h.announce()
	h.mu.Unlock()
}

// sendSettled tells a peer whose link is new what the others have heard.
func (d *desk) sendSettled(peer storage.WriterID) {
	h := d.e.home
	h.mu.Lock()
	defer h.mu.Unlock()
	if view, told := h.rules.Told(); told {
		d.send(peer, &relay.Settled{View: view})
	}
}

func (h *home) heard(from storage.WriterID, view uint64) {
	h.mu.Lock()
	h.rules.Heard(from, view)
	h.announce()
	h.mu.Unlock()
}

func (h *home) lost(peer storage.WriterID) {
	h.mu.Lock()
	h.rules.Lost(peer)
	h.mu.Unlock()
}

// admit lets a request of a search in, if it comes from the buyer's home.
func (h *home) admit(from storage.WriterID, event storage.EventID, buyer section.BuyerID) (gen uint64, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rules.Admit(from, event, buyer)
}

func (h *home) leave(gen uint64) {
	h.mu.Lock()
	h.rules.Leave(gen)
	if _, tell := h.rules.Told(); !tell { // the last of an older view may have left
		h.announce()
	}
	h.mu.Unlock()
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
		wait := min(time.Until(deadline), homePatience)
		if wait <= 0 {
			return 0, ErrUnavailable
		}
		timer := time.NewTimer(wait)
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
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
	gen, _ = h.rules.Admit(h.e.writer, id, buyer)
	return gen, nil
}

// makeSafe tries to find that all of the event's keys are known here. The caller holds mu, which guards safeSince.
func (h *home) makeSafe(ev *event) bool {
	number, settled := h.rules.Safe()
	o := ev.ready.Load()
	if !settled || o == nil {
		return false
	}
	for _, s := range o.sections {
		if !s.heardOut() {
			return false
		}
	}
	ev.safeSince = number
	return true
}

// heardOut says that this node's index has every request that the section remembers.
func (s *Section) heardOut() bool {
	if s.serving.Load() != nil {
		return true
	}
	s.mu.Lock()
	f, condemned := s.follower, s.life == Condemned
	s.mu.Unlock()
	if condemned {
		return true // it takes nothing any more, here or elsewhere
	}
	if f == nil {
		return false
	}
	at, ok := f.caughtUp()
	if !ok {
		return false
	}
	if at.Seq == 0 || at.Kind == storage.EntryReleased {
		return true
	}
	return s.announced()
}
