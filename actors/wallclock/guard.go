// Package wallclock tells whether the wall clock may be believed, by holding it against the monotonic one.
//
// A record's time is the wall clock's, because it has to mean the same on other machines and after a restart. But a
// wall clock is set: by NTP, by a hypervisor, by a hand. A clock that shows tomorrow for a third of a second ends every
// hold, and a section's time never goes back, so every later hold would last a day. Nobody sets the monotonic clock;
// between two readings of both, they pass the same time, or one of them is wrong:
//
//	             step > Bound                     back within Bound
//	believed ────────────────────▶ in doubt ────────────────────────▶ believed
//	    ▲                             │ the clock stays where it stepped to, for Settle
//	    └─────────────────────────────┘ then it is believed: somebody has put it right
//
// Slow differences (a clock that NTP slews) are followed, FollowMost each time it is looked at.
//
// # Rejected
//
//   - To stamp with the monotonic clock alone: two nodes, and a node and its successor, would disagree about every end.
//   - To go on with the old time during a doubt: when the step was right (a machine that was suspended), holds that have
//     long ended would be confirmed.
//   - To doubt for ever, until a restart: a clock that is put right by a step would stop the sale for the night.
//   - A bound on how far a record may be from the last one of its section: a section can be quiet for a day.
package wallclock

import (
	"sync"
	"sync/atomic"
	"time"
)

// FollowMost is how far the guard follows a slow difference each time it is told to. At two looks a second that is 40
// ms/s, more than any slewing by NTP but the fastest.
const FollowMost = 20 * time.Millisecond

// moved is how far a clock in doubt may wander and still be the same clock that stays where it is.
const moved = 100 * time.Millisecond

// gapMost is more than the time between two looks, also on a busy machine.
const gapMost = 4 * time.Second

// Change is told when belief begins or ends.
type Change struct {
	Doubted bool          // from now on the clock is not believed
	Kept    bool          // it is believed where it stepped to; else it came back
	Step    time.Duration // how far it stepped; back is negative
	Lasted  time.Duration // of a doubt that ended
}

// Guard judges readings of the two clocks. All of it may be called from several goroutines.
type Guard struct {
	bound, settle int64 // nanoseconds; bound < 0: every reading is believed
	gap           int64 // the longest time without a look of a clock that stays: nobody knows where it was meanwhile
	onChange      func(Change)

	base  atomic.Int64 // wall minus monotonic, as believed
	doubt atomic.Bool

	mu    sync.Mutex // guards what follows, and changes of base and doubt
	since int64      // monotonic: when it stepped
	still int64      // monotonic: since when it has stayed
	seen  int64      // monotonic: when it was last looked at in a doubt
	at    int64      // wall minus monotonic, where it stays
}

// New believes the first reading. A difference of more than bound is a step, which is believed when it has lasted for
// settle. A negative bound believes everything. told hears of changes; it must not call the guard.
func New(bound, settle time.Duration, wall, mono int64, onChange func(Change)) *Guard {
	g := &Guard{bound: int64(bound), settle: int64(settle), gap: int64(min(settle/2, gapMost)), onChange: onChange}
	g.base.Store(wall - mono)
	return g
}

// Near says that a reading, in nanoseconds, is to be believed. It changes nothing and costs two loads: when it says no,
// read both clocks again and ask Judge, since a process may be stopped between two readings.
func (g *Guard) Near(wall, mono int64) bool {
	return g.bound < 0 || !g.doubt.Load() && g.within(wall-mono-g.base.Load())
}

func (g *Guard) within(difference int64) bool {
	return difference <= g.bound && difference >= -g.bound
}

// Judge says whether a reading is to be believed, and begins or ends a doubt.
func (g *Guard) Judge(wall, mono int64) bool {
	if g.bound < 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	offset := wall - mono
	step := offset - g.base.Load()
	switch {
	case g.within(step):
		if g.doubt.Load() {
			g.end(Change{Step: time.Duration(g.at - g.base.Load()), Lasted: time.Duration(mono - g.since)})
		}
	case !g.doubt.Load():
		g.since, g.still, g.seen, g.at = mono, mono, mono, offset
		g.doubt.Store(true)
		g.onChange(Change{Doubted: true, Step: time.Duration(step)})
	case offset-g.at > int64(moved) || g.at-offset > int64(moved), mono-g.seen > g.gap:
		g.still, g.at = mono, offset
	case mono-g.still >= g.settle:
		g.base.Store(offset)
		g.end(Change{Kept: true, Step: time.Duration(step), Lasted: time.Duration(mono - g.since)})
	}
	g.seen = mono
	return !g.doubt.Load()
}

func (g *Guard) end(c Change) {
	g.doubt.Store(false)
	g.onChange(c)
}

// Look is Judge for a ticker: it also follows a slow difference.
func (g *Guard) Look(wall, mono int64) bool {
	if !g.Judge(wall, mono) {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	step := wall - mono - g.base.Load()
	g.base.Add(max(min(step, int64(FollowMost)), -int64(FollowMost)))
	return true
}

// Doubt tells how far the clock has stepped, while it is not believed.
func (g *Guard) Doubt() (step time.Duration, doubted bool) {
	if !g.doubt.Load() {
		return 0, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Duration(g.at - g.base.Load()), g.doubt.Load()
}
