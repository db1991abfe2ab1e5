package operate

import (
	"errors"
	"net/http"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/wallclock"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/testclock"
)

// TestClock is the clock of a store that was made for tests.
type TestClock interface {
	// ClockAhead tells the time that the engine goes by, and how far it is ahead of the machine's.
	ClockAhead() (now section.Instant, ahead time.Duration, err error)
	// AdvanceClock puts it forward; wallclock.ErrAheadMost.
	AdvanceClock(by time.Duration) error
}

// Clock tells the time of a store for tests.
func (h *Handlers) Clock(r *call.Call) error {
	if h.clock == nil {
		return &problem.Problem{Kind: problem.NoTestClock}
	}
	now, ahead, err := h.clock.ClockAhead()
	if err != nil {
		return err
	}
	return r.Encode(http.StatusOK,
		&testclock.Clock{Now: wire.Time(now), AheadSeconds: int64(ahead / time.Second)})
}

// AdvanceClock puts it forward, once under a key (P5).
func (h *Handlers) AdvanceClock(r *call.Call) error {
	var body testclock.Advance
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if most := int64(wallclock.AheadMost / time.Second); body.Seconds < 1 || body.Seconds > most {
		return problem.BadField("seconds", "must be 1 to 315360000: ten years in all")
	}
	if h.clock == nil {
		return &problem.Problem{Kind: problem.NoTestClock}
	}
	r.Detailf("seconds=%d", body.Seconds)
	r.Fingerprint().Body(r.Body())
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	who := r.OperatorCaller()
	done, err := h.engine.Done(ctx, who)
	if err != nil {
		return err
	}
	if !done {
		err = h.clock.AdvanceClock(time.Duration(body.Seconds) * time.Second)
		if errors.Is(err, wallclock.ErrAheadMost) {
			return problem.BadField("seconds", "would put the clock more than ten years ahead in all")
		}
		if err != nil {
			return err
		}
		if err := h.engine.MarkDone(ctx, who); err != nil {
			return err
		}
	}
	return h.Clock(r)
}
