package actors

import (
	"fmt"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/wallclock"
	"holdfast/actors/writer"
)

const (
	// ClockStepMaxDefault is Config.ClockStepMax of a machine's own clock.
	ClockStepMaxDefault = time.Second
	clockSettle         = 30 * time.Second
	clockEvery          = 500 * time.Millisecond // between two looks at both clocks
)

// errClock says that the wall clock is not believed: nothing can be given an end by it. It passes.
var errClock = &writer.Failure{Class: writer.Unknown,
	Why: fmt.Errorf("%w: the wall clock has stepped and is not believed yet", ErrUnavailable)}

// wall is the engine's wall clock, and the judgement on it.
type wall struct {
	guard *wallclock.Guard
	began time.Time // the clockwork's, for the monotonic clock
}

// believeClock takes the wall clock as it is now for right.
func (e *Engine) believeClock() {
	e.wall.began = e.clock.Now()
	now, mono := e.readClocks()
	e.wall.guard = wallclock.New(e.cfg.ClockStepMax, e.cfg.ClockSettle, now, mono, e.clockChanged)
}

// readClocks gives both clocks in nanoseconds.
func (e *Engine) readClocks() (wall, mono int64) {
	now := e.clock.Now()
	mono = int64(now.Sub(e.wall.began))
	if e.cfg.machineClock {
		return now.UnixNano(), mono
	}
	return int64(e.cfg.Clock()) * int64(time.Millisecond), mono
}

// stamp gives the time that a record may carry; not sure: none may, because the clock has stepped.
func (e *Engine) stamp() (at section.Instant, sure bool) {
	now, mono := e.readClocks()
	if !e.wall.guard.Near(now, mono) {
		now, mono = e.readClocks() // the process may have been stopped between the two
		if !e.wall.guard.Judge(now, mono) {
			return 0, false
		}
	}
	return section.Instant(now / int64(time.Millisecond)), true
}

// watchClock looks at the clocks from time to time, so that a doubt begins and ends on a node where nothing happens,
// and slow differences are followed.
func (e *Engine) watchClock() {
	now, mono := e.readClocks()
	e.wall.guard.Look(now, mono)
	e.clock.AfterFunc(clockEvery, func() {
		if e.ctx.Err() == nil {
			e.watchClock()
		}
	})
}

// clockChanged hears from the guard.
func (e *Engine) clockChanged(c wallclock.Change) {
	e.eventLog.ClockChanged(c)
	if c.Kept { // timers were set by the old time
		e.clock.AfterFunc(0, e.lookAtEnds)
	}
}

// lookAtEnds has every section that serves look for holds that have ended.
func (e *Engine) lookAtEnds() {
	for _, ev := range *e.catalog.Load() {
		o := ev.ready.Load()
		if o == nil {
			continue
		}
		for _, s := range o.sections {
			if inc := s.shard.Serving(); inc != nil {
				inc.LookAtTimers()
			}
		}
		if o.queue != nil {
			if inc := o.queue.Shard().Serving(); inc != nil {
				inc.LookAtTimers()
			}
		}
	}
}

// ClockDoubt tells how far the wall clock has stepped, while it is not believed.
func (e *Engine) ClockDoubt() (step time.Duration, doubted bool) { return e.wall.guard.Doubt() }

// ClockChanged says that the wall clock is not believed any more, or again. The ALARM is for whoever sets clocks.
func (e *eventLog) ClockChanged(c wallclock.Change) {
	step := "step_seconds"
	switch {
	case c.Doubted:
		e.stats.ClockSteps.Add(1)
		e.log.Error(
			"ALARM: the wall clock has stepped: nothing is held, sold or ended by it until it is back, or has stayed where it is",
			"alarm", AlarmClockDoubt, step, c.Step.Seconds(),
		)
	case c.Kept:
		e.log.Info("the wall clock is believed again", "alarm", AlarmClockDoubt)
		e.log.Error(
			"ALARM: the wall clock has stayed where it stepped to and is believed now: holds end by the new time",
			"alarm", AlarmClockKept, step, c.Step.Seconds(), "lasted_seconds", c.Lasted.Seconds(),
		)
	default:
		e.log.Info(
			"the wall clock is back: everything goes on", "alarm", AlarmClockDoubt, step, c.Step.Seconds(),
			"lasted_seconds", c.Lasted.Seconds(),
		)
	}
}

// LogAhead says that a section's log has been written by a clock that was ahead of this node's: the section's time
// stands until the clock has caught up, so new holds last longer by as much.
func (e *eventLog) LogAhead(key string, by time.Duration) {
	e.log.Error(
		"ALARM: the section's log is ahead of this node's clock: until the clock has caught up, holds last longer by that. "+
			"Set the clocks of all nodes by NTP",
		"alarm",
		AlarmLogAhead,
		"section",
		key,
		"ahead_seconds",
		by.Seconds(),
	)
}

// tellAhead compares a log that was claimed with the clock.
func (s *Section) tellAhead(last section.Instant) {
	now, sure := s.engine.stamp()
	if by := time.Duration(last-now) * time.Millisecond; sure && s.engine.cfg.ClockStepMax > 0 &&
		by > s.engine.cfg.ClockStepMax {
		s.engine.stats.LogsAhead.Add(1)
		s.engine.eventLog.LogAhead(s.key.String(), by)
	}
}
