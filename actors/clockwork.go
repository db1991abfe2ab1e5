package actors

import (
	"context"
	"sync"
	"time"
)

// clockwork is time and company as the engine's shell meets them: whatever takes a while, or runs beside the caller, goes through it. So a
// simulator can stand in for the machine and decide what happens when, without a line of the shell being another one.
//
// What is not here may not wait: the simulator runs everything in one goroutine, and whoever waits behind its back stops the world.
type clockwork interface {
	// now is for deadlines and rests. It never goes back.
	now() time.Time
	// spawn runs work beside the caller; group waits for its end.
	spawn(group *sync.WaitGroup, work func())
	// pause waits, or until ctx ends.
	pause(ctx context.Context, d time.Duration)
	// after runs f, which must not wait, when d has passed.
	after(d time.Duration, f func()) alarm
	// await waits until done or or is closed; false: until came first, or ctx ended. or may be nil. A zero until never comes.
	await(ctx context.Context, until time.Time, done, or <-chan struct{}) bool
	// answered is Request.wait.
	answered(r *Request, until time.Time) bool
}

// alarm is what after has set.
type alarm interface {
	Stop() bool
	Reset(d time.Duration) bool
}

// machine is the clockwork of a real process.
type machine struct{}

func (machine) now() time.Time { return time.Now() }

func (machine) spawn(group *sync.WaitGroup, work func()) { group.Go(work) }

func (machine) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (machine) after(d time.Duration, f func()) alarm { return time.AfterFunc(d, f) }

func (machine) answered(r *Request, until time.Time) bool { return r.Wait(time.Until(until)) }

func (machine) await(ctx context.Context, until time.Time, done, or <-chan struct{}) bool {
	var late <-chan time.Time
	if end, ends := ctx.Deadline(); !until.IsZero() && !(ends && !end.After(until)) { // else ctx says so itself, and whoever asks it next hears the same
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
