package peer

import (
	"errors"
	"sync"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/peer/wire"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Searches decides which searches may run here. A search asks one section after the other, so no single log can see two
// of them under one key: that is for one node to see, the buyer's coordinator, one for each buyer of an event. When a
// view names another one, that node waits until
//
//   - every member is quiet in the view (package coordinator): no search of an older coordinator is under way, and no
//     section lets one in;
//   - every section of the event has been heard to its end: served here, or by a member whose records come in, or given
//     up.
//
// Then its index knows every key that was ever accepted, and it may take an unknown one for new (P5). Buyers whose
// coordinator has not changed do not wait. Where that cannot be known, because a node is gone and its sections are not
// claimed yet, or the members disagree, the answer is "unavailable, repeat" (P3).
type Searches struct {
	n *Network

	mu      sync.Mutex
	rules   *coordinator.Views
	changed chan struct{}
}

// A question is never longer than what the others read.
const _ = uint(wire.ViewsMax - coordinator.ViewsMax)

func newSearches(n *Network) *Searches {
	return &Searches{n: n, rules: coordinator.NewViews(n.Self), changed: make(chan struct{})}
}

// ErrNotCoordinator says that another node is the buyer's coordinator.
var ErrNotCoordinator = errors.New("actors: another node runs this buyer's searches")

func (c *Searches) viewChanged() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rules.See(c.n.Links.View()) {
		c.ask()
		c.tell()
	}
	c.wake()
}

// ask has all members say when they are quiet. The caller holds mu.
func (c *Searches) ask() {
	question := wire.Quiesce(c.rules.Quiesce())
	c.n.others(func(node storage.WriterID) { c.n.send(node, &question) })
}

// askAgain is for questions and words that did not get through.
func (c *Searches) askAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, quiet := c.rules.Safe(); !quiet {
		c.ask()
		c.tell()
	}
}

// askOne begins with a peer whose link is new.
func (c *Searches) askOne(node storage.WriterID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	question := wire.Quiesce(c.rules.Quiesce())
	c.n.send(node, &question)
}

// tell says to whoever has asked that this node is quiet, if it is. It says nothing while a record has not gone out
// that may have a key in it. The caller holds mu.
func (c *Searches) tell() {
	if c.n.unsynced.Load() == 0 {
		c.rules.Answers(func(to storage.WriterID, word coordinator.Quiesced) {
			m := wire.Quiesced(word)
			c.n.send(to, &m)
		})
	}
}

// wake has whoever waits look again. The caller holds mu.
func (c *Searches) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// synced is for what tell left out because records had not gone out yet.
func (c *Searches) synced() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell()
}

func (c *Searches) onQuiesce(from storage.WriterID, m wire.Quiesce) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rules.OnQuiesce(from, coordinator.Quiesce(m)) {
		c.ask()
		c.wake()
	}
	c.tell()
}

func (c *Searches) onQuiesced(from storage.WriterID, m wire.Quiesced) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules.OnQuiesced(from, coordinator.Quiesced(m))
	c.wake()
}

func (c *Searches) lost(node storage.WriterID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules.Lost(node)
}

// admit lets a request of a search in, if it comes from the buyer's coordinator.
func (c *Searches) admit(
	from storage.WriterID, event storage.EventID, buyer section.BuyerID,
) (gen uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rules.Admit(from, event, buyer)
}

// Hold counts a request of a search that may outlast it: one that waits inside a section when its search gives up.
func (c *Searches) Hold(gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules.Hold(gen)
}

// Leave ends what Begin, Hold or an admission began.
func (c *Searches) Leave(gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.rules.Quiet()
	c.rules.Leave(gen)
	if !was && c.rules.Quiet() { // the last of an older view has left
		c.tell()
		c.wake()
	}
}

// Of is the buyer's coordinator.
func (c *Searches) Of(event storage.EventID, buyer section.BuyerID) storage.WriterID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rules.Of(event, buyer)
}

// Begin lets a search of this node's begin, once it is safe; Leave must follow. ErrNotCoordinator, or
// writer.ErrUnavailable after the deadline.
func (c *Searches) Begin(ev *Event, buyer section.BuyerID, deadline time.Time) (gen uint64, err error) {
	for {
		c.mu.Lock()
		changed := c.changed
		switch gen, err = c.tryBegin(ev, buyer); {
		case gen != 0 || err != nil:
			c.mu.Unlock()
			return gen, err
		}
		c.mu.Unlock()
		now := c.n.Clock.Now()
		wait := min(deadline.Sub(now), coordinatorPatience)
		if wait <= 0 {
			return 0, writer.ErrUnavailable
		}
		c.n.Clock.Await(c.n.Context, now.Add(wait), changed, nil)
	}
}

// Still says that no other node can have become the buyer's coordinator since a search began. One that was away
// meanwhile, as others saw it, may have got sections back that know nothing of what its stand-in has done: the search
// has to begin anew, once this node has heard (P5).
func (c *Searches) Still(gen uint64, event storage.EventID, buyer section.BuyerID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.rules.Inherited(int(gen), event, buyer)
}

// coordinatorPatience is how long a search waits until it looks again whether the sections have been heard, which
// nobody tells it.
const coordinatorPatience = 20 * time.Millisecond

func (c *Searches) tryBegin(ev *Event, buyer section.BuyerID) (gen uint64, err error) {
	switch who := c.rules.Of(ev.ID, buyer); {
	case who == (storage.WriterID{}):
		return 0, nil
	case who != c.n.Self:
		return 0, ErrNotCoordinator
	case c.rules.Inherited(ev.safeSince, ev.ID, buyer) && !c.makeSafe(ev):
		return 0, nil
	}
	return c.rules.Begin(), nil
}

// makeSafe tries to find that all of the event's keys are known here. The caller holds mu, which guards safeSince.
func (c *Searches) makeSafe(ev *Event) bool {
	number, quiet := c.rules.Safe()
	sections := c.n.Host.Sections(ev.ID)
	if !quiet || sections == nil {
		return false
	}
	for _, s := range sections {
		if !s.host.AllReceived() || !s.agreed(c.rules.Now()) {
			return false
		}
	}
	ev.safeSince = number
	return true
}

// Inspect calls look with the rules, under the lock that guards them.
func (c *Searches) Inspect(look func(rules *coordinator.Views)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	look(c.rules)
}
