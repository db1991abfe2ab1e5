package shard

import (
	"runtime"
	"sync"
)

// Dispatcher runs actors' mailboxes on goroutines that it keeps, one for each processor. The library's own starts a new
// goroutine whenever a mailbox turns from empty to not: each new one grows its stack by copying on its way into the
// machine, which cost a tenth of all processor time; and with more of them than processors a mailbox waits behind its
// neighbours in the scheduler's queue in place of this one.
//
//	Schedule ──▶ queue ──▶ an idle worker is woken; without one the queue waits until some worker is free
//
// A mailbox's turn never waits for anything, so no more workers than processors are of use. Handlers and the committer
// run most mailboxes themselves (see mailbox): what comes here is timers, requests of other nodes, and what a turn did
// not get to.
type Dispatcher struct {
	mu     sync.Mutex
	queue  []func() // from head on
	head   int
	idle   int
	closed bool
	wake   sync.Cond // of mu
	ended  sync.WaitGroup
}

// DispatcherBatch is how many messages a mailbox may handle before it lets others run.
const DispatcherBatch = 300

// NewDispatcher starts the workers.
func NewDispatcher() *Dispatcher {
	d := &Dispatcher{}
	d.wake.L = &d.mu
	for range runtime.GOMAXPROCS(0) {
		d.ended.Go(d.work)
	}
	return d
}

// Schedule has a mailbox run; it never waits for one. After Close a mailbox runs on a goroutine of its own, so that
// what is still told to a shard is heard.
func (d *Dispatcher) Schedule(run func()) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		go run()
		return
	}
	if len(d.queue) == cap(d.queue) && d.head > 0 { // reuse the spent front rather than grow
		rest := copy(d.queue, d.queue[d.head:])
		clear(d.queue[rest:])
		d.queue, d.head = d.queue[:rest], 0
	}
	d.queue = append(d.queue, run)
	wake := d.idle > 0
	d.mu.Unlock()
	if wake {
		d.wake.Signal()
	}
}

// Throughput implements the library's interface.
func (d *Dispatcher) Throughput() int { return DispatcherBatch }

// work runs one mailbox after the other, until Close.
func (d *Dispatcher) work() {
	for {
		run := d.take()
		if run == nil {
			return
		}
		run()
	}
}

// take waits for a mailbox; nil: the dispatcher is closed, and nothing is left.
func (d *Dispatcher) take() (run func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.head == len(d.queue) {
		if d.closed {
			return nil
		}
		d.queue, d.head = d.queue[:0], 0
		d.idle++
		d.wake.Wait()
		d.idle--
	}
	run = d.queue[d.head]
	d.queue[d.head] = nil
	d.head++
	return run
}

// Close lets the workers run what is queued, and ends them. The caller is none of them.
func (d *Dispatcher) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.wake.Broadcast()
	d.ended.Wait()
}
