package cooldown

import "errors"

// Rule is how long who waits. Times are in milliseconds.
type Rule struct {
	Free   uint8 // abandoned holds that cost nothing
	Base   int64 // the first wait
	Max    int64 // the longest
	Forget int64 // after so long, one abandoned hold is forgotten
}

// ErrRule says that a rule contradicts itself.
var ErrRule = errors.New("cool-down: 0 < Base ≤ Max ≤ a week and Max ≤ Forget ≤ a year are needed")

const (
	day       = 24 * 60 * 60 * 1000
	maxMax    = 7 * day
	forgetMax = 366 * day
)

// Check says whether the rule makes sense; ErrRule. Forget is at least Max: else the wait would outlast its reason.
func (r *Rule) Check() error {
	if r.Base <= 0 || r.Max < r.Base || r.Max > maxMax || r.Forget < r.Max || r.Forget > forgetMax {
		return ErrRule
	}
	return nil
}

// Memory is what is kept of one buyer. The zero value is a buyer of whom nothing is known.
type Memory struct {
	Last  int64 // Unix milliseconds of the newest abandoned hold: waits begin there
	Since int64 // from when on Forget counts: Last, or when the newest was forgotten
	Count uint8 // abandoned holds that are not forgotten; 255 stands for more
}

// Zero says that there is nothing to keep.
func (m Memory) Zero() bool { return m.Count == 0 }

// Abandoned is the memory after one more abandoned hold at now. A clock that goes back shortens no wait.
func (r *Rule) Abandoned(m Memory, now int64) Memory {
	m = r.At(m, now)
	if m.Count < 255 {
		m.Count++
	}
	m.Last = max(m.Last, now)
	m.Since = m.Last
	return m
}

// At is the memory at now, with what is forgotten taken out.
func (r *Rule) At(m Memory, now int64) Memory {
	if m.Count == 0 || now <= m.Since {
		return m
	}
	forgotten := (now - m.Since) / r.Forget
	if forgotten >= int64(m.Count) {
		return Memory{}
	}
	m.Count -= uint8(forgotten)
	m.Since += forgotten * r.Forget
	return m
}

// Until is the instant before which a new hold is refused; 0: none is. It is the same at whatever later moment one
// asks, as long as the wait runs.
func (r *Rule) Until(m Memory) int64 {
	if m.Count <= r.Free {
		return 0
	}
	wait := r.Base
	for range m.Count - r.Free - 1 {
		if wait >= r.Max/2+1 {
			wait = r.Max
			break
		}
		wait *= 2
	}
	return m.Last + min(wait, r.Max)
}
