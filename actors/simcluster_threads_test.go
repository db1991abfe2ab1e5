package actors

import (
	"context"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"iter"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// simThread is work of a host that may wait: what is a goroutine in a real process. Threads are coroutines (iter.Pull):
// exactly one runs, the others stand where they wait, and the world decides which is next.
type simThread struct {
	host  *simHost
	yield func(struct{}) bool
	next  func() (struct{}, bool)
	stop  func()
	ready func() bool // what it waits for; nil: only for time
	woken bool        // a moment is on its way to it
	turn  uint64      // counts its waits, so that an alarm of an earlier one does not end a later one
	ended bool
}

// simKilled unwinds a thread whose process has died.
type simKilled struct{}

// thread starts work beside whoever calls.
func (h *simHost) thread(what string, work func()) {
	t := &simThread{host: h}
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if p := recover(); p != nil {
				if _, killed := p.(simKilled); !killed {
					panic(p)
				}
			}
		}()
		t.yield = yield
		work()
	})
	h.threads = append(h.threads, t)
	h.w.soon(h, what, func() { h.resume(t) })
}

// resume lets a thread go on until it waits again.
func (h *simHost) resume(t *simThread) {
	h.w.running = t
	_, alive := t.next()
	h.w.running = nil
	if alive {
		return
	}
	t.ended = true
	for i := range h.threads {
		if h.threads[i] == t {
			last := len(h.threads) - 1
			h.threads[i] = h.threads[last]
			h.threads = h.threads[:last]
			return
		}
	}
}

// wait lets the running thread stand until ready says yes; false: until came first. A nil ready waits for time only.
func (h *simHost) wait(until time.Time, ready func() bool) bool {
	t := h.w.running
	if t == nil {
		panic("simulator: something that may not wait waits")
	}
	for ready == nil || !ready() {
		left := until.Sub(h.w.time())
		if !until.IsZero() && left <= 0 {
			return false
		}
		t.turn++
		t.ready, t.woken = ready, false
		if turn := t.turn; !until.IsZero() {
			h.w.at(left+h.w.between(0, 100*time.Microsecond), h, "time is up", func() {
				if t.turn == turn && !t.ended {
					t.turn++ // whatever else was to wake it comes too late
					h.resume(t)
				}
			})
		}
		if !t.yield(struct{}{}) {
			panic(simKilled{})
		}
	}
	return true
}

// wakeThreads looks who has what it waits for.
func (h *simHost) wakeThreads() {
	for _, t := range h.threads {
		if t.ready == nil || t.woken || !t.ready() {
			continue
		}
		t.woken = true
		turn := t.turn
		h.w.soon(h, "goes on", func() {
			if t.turn == turn && !t.ended {
				t.turn++
				h.resume(t)
			}
		})
	}
}

// simClockwork is a host's clockwork.
type simClockwork struct{ h *simHost }

func (c simClockwork) Now() time.Time { return c.h.w.time() }

func (c simClockwork) Spawn(_ *sync.WaitGroup, work func()) { c.h.thread("begins", work) }

func (c simClockwork) Pause(_ context.Context, d time.Duration) {
	c.h.wait(c.h.w.time().Add(max(d, time.Microsecond)), nil)
}

func (c simClockwork) AfterFunc(d time.Duration, f func()) shard.Timer {
	a := &simAlarm{h: c.h, f: f}
	a.Reset(d)
	return a
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (c simClockwork) Await(_ context.Context, until time.Time, done, or <-chan struct{}) bool {
	return c.h.wait(until, func() bool { return closed(done) || closed(or) })
}

func (c simClockwork) Answered(r *writer.Request, until time.Time) bool {
	return r.Collect(!c.h.wait(until, r.Answered))
}

// simAlarm is time.AfterFunc's timer.
type simAlarm struct {
	h    *simHost
	f    func()
	set  uint64 // the setting that counts
	live bool
}

// Stop is a timer's.
func (a *simAlarm) Stop() bool {
	was := a.live
	a.live = false
	a.set++
	return was
}

// Reset is a timer's.
func (a *simAlarm) Reset(d time.Duration) bool {
	was := a.live
	a.set++
	a.live = true
	set := a.set
	a.h.w.at(max(d, 0)+a.h.w.between(0, 200*time.Microsecond), a.h, "alarm", func() {
		if a.live && a.set == set {
			a.live = false
			a.f()
		}
	})
	return was
}

// simDispatcher runs a host's mailboxes.
type simDispatcher struct{ h *simHost }

// Schedule runs a mailbox when a processor is free.
func (d simDispatcher) Schedule(run func()) { d.h.w.soon(d.h, "mailbox", run) }

// Throughput implements the library's interface.
func (d simDispatcher) Throughput() int { return shard.DispatcherBatch }

func (d simDispatcher) Close() {}

var _ actor.Dispatcher = simDispatcher{}
