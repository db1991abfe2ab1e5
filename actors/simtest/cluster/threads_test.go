package cluster_test

import (
	"context"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"iter"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// thread is work of a host that may wait: what is a goroutine in a real process. Threads are coroutines (iter.Pull):
// exactly one runs, the others stand where they wait, and the world decides which is next.
type thread struct {
	host  *host
	yield func(struct{}) bool
	next  func() (struct{}, bool)
	stop  func()
	ready func() bool // what it waits for; nil: only for time
	woken bool        // a moment is on its way to it
	turn  uint64      // counts its waits, so that an alarm of an earlier one does not end a later one
	ended bool
}

// killed unwinds a thread whose process has died.
type killed struct{}

// thread starts work beside whoever calls.
func (h *host) thread(what string, work func()) {
	t := &thread{host: h}
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if p := recover(); p != nil {
				if _, killed := p.(killed); !killed {
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
func (h *host) resume(t *thread) {
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
func (h *host) wait(until time.Time, ready func() bool) bool {
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
			panic(killed{})
		}
	}
	return true
}

// wakeThreads looks who has what it waits for.
func (h *host) wakeThreads() {
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

// runtime is a host's shard.Runtime: the world's queue.
type runtime struct{ h *host }

func (c runtime) Now() time.Time { return c.h.w.time() }

func (c runtime) Spawn(_ *sync.WaitGroup, work func()) { c.h.thread("begins", work) }

func (c runtime) Pause(_ context.Context, d time.Duration) {
	c.h.wait(c.h.w.time().Add(max(d, time.Microsecond)), nil)
}

func (c runtime) AfterFunc(d time.Duration, f func()) shard.Timer {
	a := &alarm{h: c.h, f: f}
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

func (c runtime) Await(_ context.Context, until time.Time, done, or <-chan struct{}) bool {
	return c.h.wait(until, func() bool { return closed(done) || closed(or) })
}

func (c runtime) Answered(r *writer.Request, until time.Time) bool {
	return r.Collect(!c.h.wait(until, r.Answered))
}

// alarm is time.AfterFunc's timer.
type alarm struct {
	h    *host
	f    func()
	set  uint64 // the setting that counts
	live bool
}

// Stop is a timer's.
func (a *alarm) Stop() bool {
	was := a.live
	a.live = false
	a.set++
	return was
}

// Reset is a timer's.
func (a *alarm) Reset(d time.Duration) bool {
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

// dispatcher runs a host's mailboxes.
type dispatcher struct{ h *host }

// Schedule runs a mailbox when a processor is free.
func (d dispatcher) Schedule(run func()) { d.h.w.soon(d.h, "mailbox", run) }

// Throughput implements the library's interface.
func (d dispatcher) Throughput() int { return shard.DispatcherBatch }

func (d dispatcher) Close() {}

var _ actor.Dispatcher = dispatcher{}
