package shard

import (
	"context"
	"sync"
	"time"

	"holdfast/actors/writer"
)

// Runtime is time and concurrency as the shell sees them: everything that takes a while, or runs beside the caller,
// goes through it. So a simulator can stand in for the machine and decide what happens when, without a line of the
// shell being another one.
//
// What is not here may not wait: the simulator runs everything in one goroutine, and a wait behind its back stops the
// world.
type Runtime interface {
	// Now is for deadlines and rests. It never goes back.
	Now() time.Time
	// Spawn runs work beside the caller; group waits for its end.
	Spawn(group *sync.WaitGroup, work func())
	// Pause waits, or until ctx ends.
	Pause(ctx context.Context, d time.Duration)
	// AfterFunc runs f, which must not wait, when d has passed.
	AfterFunc(d time.Duration, f func()) Timer
	// Await waits until done or or is closed; false: until came first, or ctx ended. or may be nil. A zero until never
	// comes.
	Await(ctx context.Context, until time.Time, done, or <-chan struct{}) bool
	// Answered is Request.Wait.
	Answered(r *writer.Request, until time.Time) bool
}

// Timer is what AfterFunc has set.
type Timer interface {
	Stop() bool
	Reset(d time.Duration) bool
}

// RealRuntime is the runtime of a real process.
type RealRuntime struct{}

// Now is time.Now.
func (RealRuntime) Now() time.Time { return time.Now() }

// Spawn starts a goroutine.
func (RealRuntime) Spawn(group *sync.WaitGroup, work func()) { group.Go(work) }

// Pause waits.
func (RealRuntime) Pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// AfterFunc is time.AfterFunc.
func (RealRuntime) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }

// Answered waits for an answer.
func (RealRuntime) Answered(r *writer.Request, until time.Time) bool {
	return r.Wait(time.Until(until))
}

// Await waits for the first of the two.
func (RealRuntime) Await(ctx context.Context, until time.Time, done, or <-chan struct{}) bool {
	var late <-chan time.Time
	// Else ctx says so itself, and its next reader hears the same.
	if end, ends := ctx.Deadline(); !until.IsZero() && !(ends && !end.After(until)) {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-done:
		return true
	case <-or:
		return true
	case <-late:
	case <-ctx.Done():
	}
	return false
}
