package rig

import (
	"context"
	"sync"

	"holdfast/bench/load"
)

// BusyResult is browsing while the server sells as fast as it can.
type BusyResult struct {
	Availability Result `json:"availability"` // open loop: latency as a browsing fan feels it
	Holds        Result `json:"holds"`        // closed loop: the load beside it
}

// AvailabilityWhileSelling reads a map at a fixed rate while holds run as fast as the server takes them, in another
// event.
func (r *Rig) AvailabilityWhileSelling(ctx context.Context, reads, holds Shape) (b BusyResult, err error) {
	browsing, err := newAvailability(ctx, r.Target, reads)
	if err != nil {
		return b, err
	}
	selling := &holdsWork{target: r.Target, shape: holds}
	readLoad, err := browsing.prepare(ctx)
	if err != nil {
		return b, err
	}
	holdLoad, err := selling.prepare(ctx)
	if err != nil {
		return b, err
	}
	var sidecar sync.WaitGroup
	var holdErr error
	sidecar.Go(func() {
		b.Holds, holdErr = runAgainst(ctx, holdLoad, r.Target.Address, nil)
		holdErr = expect(b.Holds, holdErr, load.Held)
	})
	b.Availability, err = runAgainst(ctx, readLoad, r.Target.Address, r.Server)
	sidecar.Wait()
	if err = expect(b.Availability, err, load.Served); err != nil {
		return b, err
	}
	return b, holdErr
}
