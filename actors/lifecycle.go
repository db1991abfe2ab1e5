package actors

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"holdfast/actors/witness"
	"holdfast/storage"
)

// Lifecycle is where a section stands on this node.
//
//	           activate          claimed            loaded
//	Stopped ───────────▶ Acquiring ─────▶ Loading ─────────▶ Serving
//	   ▲ ▲                   │               │                │   │ drain
//	   │ └───── failed ──────┴─── failed ────┘                │   ▼
//	   └───────────── fenced, store error, panic ─────────────┴─ Draining
//
// From everywhere but Condemned itself records that are lost lead to Condemned.
//
// Invariants: only Serving has an incarnation that takes requests; a section that left Serving returns only through a new
// claim with a higher epoch and a fresh load; Condemned (damaged or lost records, or the second guard met) is left only by a restart
// of the process, for a person has to look first; lost records are found again after it, as far as they are remembered.
type Lifecycle int32

// Lifecycle states.
const (
	Stopped Lifecycle = iota
	Acquiring
	Loading
	Serving
	Draining
	Condemned
)

var lifecycleNames = [...]string{"stopped", "acquiring", "loading", "serving", "draining", "condemned"}

func (l Lifecycle) String() string { return lifecycleNames[l] }

// lifecycleMoves is the whole table: what is not here cannot happen.
var lifecycleMoves = map[Lifecycle][]Lifecycle{
	Stopped:   {Acquiring, Condemned},
	Acquiring: {Loading, Stopped, Condemned},
	Loading:   {Serving, Stopped, Condemned},
	Serving:   {Draining, Stopped, Condemned},
	Draining:  {Stopped, Condemned},
	Condemned: {},
}

// transition is the only way from one state to another; it panics on a move that the table does not have.
func transition(from, to Lifecycle) Lifecycle {
	for _, ok := range lifecycleMoves[from] {
		if ok == to {
			return to
		}
	}
	panic(fmt.Sprintf("actors: no way from %v to %v", from, to))
}

// course is a section's way through its lifecycle on this node: every move, and when the next one may begin. It knows no clock and starts
// nothing: whoever drives it says what time it is.
type course struct {
	life     Lifecycle
	why      error     // of the last stop
	failures int       // activations that failed in a row
	notUntil time.Time // no activation before
	hurried  bool      // the reason for a rest went away while an activation was under way that cannot know it
	census   *census   // counts sections by state; may be nil
}

// census counts sections by where they stand.
type census [len(lifecycleNames)]atomic.Int64

// to is the only place where a section changes its state.
func (c *course) to(next Lifecycle) {
	next = transition(c.life, next)
	if c.census != nil {
		c.census[c.life].Add(-1)
		c.census[next].Add(1)
	}
	c.life = next
}

// begin starts an activation, if none is to wait.
func (c *course) begin(now time.Time) bool {
	if c.rests(now) {
		return false
	}
	c.to(Acquiring)
	return true
}

// rests says that the section may not be activated now.
func (c *course) rests(now time.Time) bool { return c.life != Stopped || now.Before(c.notUntil) }

// served ends an activation well.
func (c *course) served() {
	c.to(Serving)
	c.failures, c.why, c.hurried = 0, nil, false
}

// failed ends an activation badly. again: the section tries by itself after the delay, for its holds must end whether or not anybody asks.
func (c *course) failed(why error, now time.Time) (delay time.Duration, again bool) {
	c.to(afterStop(why))
	c.failures++
	c.why = why
	if c.hurried {
		c.hurried = false
		return 0, c.life == Stopped
	}
	delay = activationDelay(c.failures)
	if lostTo(why) {
		delay = fencedRest << min(c.failures-1, 2)
	}
	c.notUntil = now.Add(delay)
	return delay, c.life == Stopped && !lostTo(why)
}

// halt ends a life that served.
func (c *course) halt(why error, now time.Time) {
	c.to(afterStop(why))
	c.why, c.notUntil = why, now
	if lostTo(why) {
		c.notUntil = now.Add(fencedRest)
	}
}

// hurry ends a rest: the reason for it is gone. An activation that is under way may find the reason all the same: then it is made again.
func (c *course) hurry() {
	c.notUntil = time.Time{}
	c.hurried = c.life == Acquiring || c.life == Loading
}

// activationDelay grows from 50 ms by doubling to 0.8 s: a store that comes back is selling again within a second. It need not grow
// further to spare the store, for only a few sections are acquired at a time.
func activationDelay(failures int) time.Duration {
	return 50 * time.Millisecond << min(failures-1, 4)
}

// fencedRest is how long a section that another writer has is not even asked for: long enough for the other to show in this
// node's view, short enough for a client's retries when the other has gone. It doubles twice while the other stays.
const fencedRest = 500 * time.Millisecond

// lostTo says that a section stopped because it is another writer's.
func lostTo(why error) bool {
	var fenced *storage.FencedError
	return errors.As(why, &fenced) || errors.Is(why, errNotOurs)
}

// hasLost says that the store lacks what was acknowledged: a claim finds that by what is remembered, and a section that
// serves because its next record does not continue the log.
func hasLost(why error) bool {
	var lost *witness.LostError
	return errors.As(why, &lost) || errors.Is(why, storage.ErrGap)
}

// afterStop says whether the section may come back by itself.
func afterStop(why error) Lifecycle {
	var corrupt *storage.CorruptError
	if errors.As(why, &corrupt) || errors.Is(why, storage.ErrTicketTaken) || hasLost(why) {
		return Condemned
	}
	return Stopped
}
