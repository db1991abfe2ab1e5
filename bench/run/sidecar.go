package run

import (
	"context"
	"errors"
	"sync"
	"time"

	"holdfast/bench/lab"
	"holdfast/bench/report"
)

// crashSidecar kills the server in the middle of the round's arrivals and starts it again on the same data. What buyers
// feel is in the latency; what was lost, if anything, is for the checks to find.
func crashSidecar(ctx context.Context, r *Round) (end func() ([]report.Figure, error), err error) {
	if r.Running.Crash == nil {
		return nil, errors.New("run: a server that is to be killed must be ours: give a binary")
	}
	var ready time.Duration
	var failed error
	var crashing sync.WaitGroup
	crashing.Go(func() {
		if failed = lab.SleepUntil(ctx, r.Begin.Add(r.Scenario.Load.Duration/2)); failed != nil {
			return
		}
		r.Running.Crash()
		begin := time.Now()
		failed = r.Running.Revive(ctx)
		ready = time.Since(begin)
	})
	return func() ([]report.Figure, error) {
		crashing.Wait()
		return []report.Figure{{Name: "ready again after kill -9", Value: float64(ready) / float64(time.Millisecond),
			Unit: "ms"}}, failed
	}, nil
}
