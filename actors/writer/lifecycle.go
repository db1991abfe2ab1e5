package writer

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"holdfast/actors/witness"
	"holdfast/storage"
)

// Phase is where a shard stands on this node.
//
//	           activate          claimed            loaded
//	Stopped ───────────▶ Acquiring ─────▶ Loading ─────────▶ Serving
//	   ▲ ▲                   │               │                │   │ drain
//	   │ └───── failed ──────┴─── failed ────┘                │   ▼
//	   └───────────── fenced, store error, panic ─────────────┴─ Draining
//
// From everywhere but Condemned itself records that are lost lead to Condemned.
//
// Invariants: only Serving has an activation that takes requests; a section that left Serving returns only through a
// new claim with a higher epoch and a fresh load; Condemned (damaged or lost records, or the second guard met) is left
// only by a restart of the process, for a person has to look first; lost records are found again after it, as far as
// they are remembered.
type Phase int32

// The phases of a shard.
const (
	Stopped Phase = iota
	Acquiring
	Loading
	Serving
	Draining
	Condemned
)

var phaseNames = [...]string{"stopped", "acquiring", "loading", "serving", "draining", "condemned"}

func (p Phase) String() string { return phaseNames[p] }

// moves is the whole table: what is not here cannot happen.
var moves = map[Phase][]Phase{
	Stopped:   {Acquiring, Condemned},
	Acquiring: {Loading, Stopped, Condemned},
	Loading:   {Serving, Stopped, Condemned},
	Serving:   {Draining, Stopped, Condemned},
	Draining:  {Stopped, Condemned},
	Condemned: {},
}

// transition is the only way from one state to another; it panics on a move that the table does not have.
func transition(from, to Phase) Phase {
	for _, ok := range moves[from] {
		if ok == to {
			return to
		}
	}
	panic(fmt.Sprintf("actors: no way from %v to %v", from, to))
}

// Lifecycle is a shard's way through its phases on this node: every move, and when the next one may begin. It knows no
// clock and starts nothing: its driver says what time it is, and holds a lock.
type Lifecycle struct {
	phase    Phase
	why      error     // of the last stop
	failures int       // activations that failed in a row
	notUntil time.Time // no activation before
	hurried  bool      // the reason for a rest went away while an activation was under way that cannot know it
	gauge    *PhaseGauge
}

// PhaseGauge counts shards by where they stand.
type PhaseGauge [len(phaseNames)]atomic.Int64

// NewLifecycle begins with a shard that is stopped, and counts it in gauge, which may be nil.
func NewLifecycle(gauge *PhaseGauge) Lifecycle {
	if gauge != nil {
		gauge[Stopped].Add(1)
	}
	return Lifecycle{gauge: gauge}
}

// Forget takes the shard out of the count.
func (c *Lifecycle) Forget() {
	if c.gauge != nil {
		c.gauge[c.phase].Add(-1)
		c.gauge = nil
	}
}

// Phase is where the shard stands.
func (c *Lifecycle) Phase() Phase { return c.phase }

// Why is the reason of the last stop; nil after an activation that ended well.
func (c *Lifecycle) Why() error { return c.why }

// Failures counts the activations that failed in a row.
func (c *Lifecycle) Failures() int { return c.failures }

// NotUntil is the moment before which no activation may begin.
func (c *Lifecycle) NotUntil() time.Time { return c.notUntil }

// To is the only place where a shard changes its phase.
func (c *Lifecycle) To(next Phase) {
	next = transition(c.phase, next)
	if c.gauge != nil {
		c.gauge[c.phase].Add(-1)
		c.gauge[next].Add(1)
	}
	c.phase = next
}

// Begin starts an activation, if none is to wait.
func (c *Lifecycle) Begin(now time.Time) bool {
	if c.Rests(now) {
		return false
	}
	c.To(Acquiring)
	return true
}

// Rests says that the shard may not be activated now.
func (c *Lifecycle) Rests(now time.Time) bool { return c.phase != Stopped || now.Before(c.notUntil) }

// Served ends an activation well.
func (c *Lifecycle) Served() {
	c.To(Serving)
	c.failures, c.why, c.hurried = 0, nil, false
}

// Condemn closes a shard that stands still, for that reason.
func (c *Lifecycle) Condemn(why error) {
	c.To(Condemned)
	c.why = why
}

// Failed ends an activation badly. again: the shard tries by itself after the delay, for its timers must run whether or
// not anybody asks.
func (c *Lifecycle) Failed(why error, now time.Time) (delay time.Duration, again bool) {
	c.To(AfterStop(why))
	c.failures++
	c.why = why
	if c.hurried {
		c.hurried = false
		return 0, c.phase == Stopped
	}
	delay = activationDelay(c.failures)
	if LostTo(why) {
		delay = fencedRest << min(c.failures-1, 2)
	}
	c.notUntil = now.Add(delay)
	return delay, c.phase == Stopped && !LostTo(why)
}

// Halt ends a life that served.
func (c *Lifecycle) Halt(why error, now time.Time) {
	c.To(AfterStop(why))
	c.why, c.notUntil = why, now
	if LostTo(why) {
		c.notUntil = now.Add(fencedRest)
	}
}

// Hurry ends a rest: the reason for it is gone. An activation that is under way may find the reason all the same: then
// it is made again.
func (c *Lifecycle) Hurry() {
	c.notUntil = time.Time{}
	c.hurried = c.phase == Acquiring || c.phase == Loading
}

// activationDelay grows from 50 ms by doubling to 0.8 s: a store that comes back is selling again within a second. It
// need not grow further to spare the store, for only a few shards are acquired at a time.
func activationDelay(failures int) time.Duration {
	return 50 * time.Millisecond << min(failures-1, 4)
}

// fencedRest is how long a shard that another writer has is not even asked for: long enough for the other to show in
// this node's view, short enough for a client's retries when the other has gone. It doubles twice while the other
// stays.
const fencedRest = 500 * time.Millisecond

// LostTo says that a shard stopped because it is another writer's.
func LostTo(why error) bool {
	var fenced *storage.FencedError
	return errors.As(why, &fenced) || errors.Is(why, ErrNotOurs)
}

// HasLost says that the store lacks what was acknowledged: a claim finds that by what is remembered, and a shard that
// serves because its next record does not continue the log.
func HasLost(why error) bool {
	var lost *witness.LostError
	return errors.As(why, &lost) || errors.Is(why, storage.ErrGap)
}

// AfterStop says whether the shard may come back by itself: Stopped, or else Condemned.
func AfterStop(why error) Phase {
	var corrupt *storage.CorruptError
	if errors.As(why, &corrupt) || errors.Is(why, storage.ErrTicketTaken) || HasLost(why) {
		return Condemned
	}
	return Stopped
}
