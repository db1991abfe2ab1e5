package actors

import (
	"errors"
	"slices"
	"sync"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/peer"
	"holdfast/actors/replica"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// searchCoordinator decides which searches may run here. A search asks one section after the other, so no single log
// can see two of them under one key: that is for one node to see, the buyer's coordinator, one for each buyer of an
// event. When a view names another one, that node waits until
//
//   - every member is quiet in the view (package coordinator): no search of an older coordinator is under way, and no
//     section lets one in;
//   - every section of the event has been heard to its end: served here, or by a member whose records come in, or given
//     up.
//
// Then its index knows every key that was ever accepted, and it may take an unknown one for new (P5). Buyers whose
// coordinator has not changed do not wait. Where that cannot be known, because a node is gone and its sections are not
// claimed yet, or the members disagree, the answer is "unavailable, repeat" (P3).
type searchCoordinator struct {
	e *Engine

	mu      sync.Mutex
	rules   *coordinator.Views
	changed chan struct{}
}

// A question is never longer than what the others read.
const _ = uint(peer.ViewsMax - coordinator.ViewsMax)

func newSearchCoordinator(e *Engine) *searchCoordinator {
	return &searchCoordinator{e: e, rules: coordinator.NewViews(e.writer), changed: make(chan struct{})}
}

// errNotCoordinator says that another node is the buyer's coordinator.
var errNotCoordinator = errors.New("actors: another node runs this buyer's searches")

func (c *searchCoordinator) viewChanged() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rules.See(c.e.peerRPC.peers.View()) {
		c.ask()
		c.tell()
	}
	c.wake()
}

// ask has all members say when they are quiet. The caller holds mu.
func (c *searchCoordinator) ask() {
	question := peer.Quiesce(c.rules.Quiesce())
	c.e.peerRPC.others(func(node storage.WriterID) { c.e.peerRPC.send(node, &question) })
}

// askAgain is for questions and words that did not get through.
func (c *searchCoordinator) askAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, quiet := c.rules.Safe(); !quiet {
		c.ask()
		c.tell()
	}
}

// askOne begins with a peer whose link is new.
func (c *searchCoordinator) askOne(node storage.WriterID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	question := peer.Quiesce(c.rules.Quiesce())
	c.e.peerRPC.send(node, &question)
}

// tell says to whoever has asked that this node is quiet, if it is. It says nothing while a record has not gone out
// that may have a key in it. The caller holds mu.
func (c *searchCoordinator) tell() {
	if c.e.peerRPC.unsynced.Load() == 0 {
		c.rules.Answers(func(to storage.WriterID, word coordinator.Quiesced) {
			m := peer.Quiesced(word)
			c.e.peerRPC.send(to, &m)
		})
	}
}

// wake has whoever waits look again. The caller holds mu.
func (c *searchCoordinator) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// synced is for what tell left out because records had not gone out yet.
func (c *searchCoordinator) synced() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell()
}

func (c *searchCoordinator) onQuiesce(from storage.WriterID, m peer.Quiesce) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rules.OnQuiesce(from, coordinator.Quiesce(m)) {
		c.ask()
		c.wake()
	}
	c.tell()
}

func (c *searchCoordinator) onQuiesced(from storage.WriterID, m peer.Quiesced) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules.OnQuiesced(from, coordinator.Quiesced(m))
	c.wake()
}

func (c *searchCoordinator) lost(peer storage.WriterID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules.Lost(peer)
}

// admit lets a request of a search in, if it comes from the buyer's coordinator.
func (c *searchCoordinator) admit(
	from storage.WriterID, event storage.EventID, buyer section.BuyerID,
) (gen uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rules.Admit(from, event, buyer)
}

// hold counts a request of a search that may outlast it: one that waits inside a section when its search gives up.
func (c *searchCoordinator) hold(gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules.Hold(gen)
}

func (c *searchCoordinator) leave(gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.rules.Quiet()
	c.rules.Leave(gen)
	if !was && c.rules.Quiet() { // the last of an older view has left
		c.tell()
		c.wake()
	}
}

// of is the buyer's coordinator.
func (c *searchCoordinator) of(event storage.EventID, buyer section.BuyerID) storage.WriterID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rules.Of(event, buyer)
}

// begin lets a search of this node's begin, once it is safe; leave must follow. errNotCoordinator, or ErrUnavailable
// after the deadline.
func (c *searchCoordinator) begin(ev *event, buyer section.BuyerID, deadline time.Time) (gen uint64, err error) {
	for {
		c.mu.Lock()
		changed := c.changed
		switch gen, err = c.tryBegin(ev, buyer); {
		case gen != 0 || err != nil:
			c.mu.Unlock()
			return gen, err
		}
		c.mu.Unlock()
		now := c.e.clock.Now()
		wait := min(deadline.Sub(now), coordinatorPatience)
		if wait <= 0 {
			return 0, ErrUnavailable
		}
		c.e.clock.Await(c.e.ctx, now.Add(wait), changed, nil)
	}
}

// still says that no other node can have become the buyer's coordinator since a search began. One that was away
// meanwhile, as others saw it, may have got sections back that know nothing of what its stand-in has done: the search
// has to begin anew, once this node has heard (P5).
func (c *searchCoordinator) still(gen uint64, event storage.EventID, buyer section.BuyerID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.rules.Inherited(int(gen), event, buyer)
}

// coordinatorPatience is how long a search waits until it looks again whether the sections have been heard, which
// nobody tells it.
const coordinatorPatience = 20 * time.Millisecond

func (c *searchCoordinator) tryBegin(ev *event, buyer section.BuyerID) (gen uint64, err error) {
	id := ev.header.Load().ID
	switch who := c.rules.Of(id, buyer); {
	case who == (storage.WriterID{}):
		return 0, nil
	case who != c.e.writer:
		return 0, errNotCoordinator
	case c.rules.Inherited(ev.safeSince, id, buyer) && !c.makeSafe(ev):
		return 0, nil
	}
	return c.rules.Begin(), nil
}

// makeSafe tries to find that all of the event's keys are known here. The caller holds mu, which guards safeSince.
func (c *searchCoordinator) makeSafe(ev *event) bool {
	number, quiet := c.rules.Safe()
	o := ev.ready.Load()
	if !quiet || o == nil {
		return false
	}
	for _, s := range o.sections {
		if !s.heardOut() || !s.agreed(c.rules.Now()) {
			return false
		}
	}
	ev.safeSince = number
	return true
}

// agreed says that nobody serves the section who is no member of the view: who has not agreed to it may be searching
// there under an older one, although the link still brings what comes of that.
func (s *Section) agreed(now coordinator.View) bool {
	owner, known := s.directory.Owner()
	return s.shard.Serving() != nil || !known || !owner.Announced || slices.Contains(now.Peers(), owner.Writer)
}

// heardOut says that this node's index has every request that the section remembers.
func (s *Section) heardOut() bool {
	if s.shard.Serving() != nil {
		return true
	}
	var f *replica.Replica
	out := false
	s.shard.Inspect(func(life *writer.Lifecycle) {
		f = s.replica
		out = life.Phase() == Condemned || s.passivated.Load() || f != nil && f.IsStuck()
	})
	if out {
		return true // it takes nothing any more, or has taken nothing for long, here and elsewhere
	}
	if f == nil {
		return false
	}
	if _, ok := f.CaughtUp(); !ok {
		return false
	}
	return s.announced()
}
