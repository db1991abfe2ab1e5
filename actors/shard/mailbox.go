package shard

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// mailbox is the queue in front of a shard's actor, under the library's contract: messages of one sender are handled in
// the order of posting, one at a time, system messages first; a panic goes to the supervisor.
//
// In place of the library's it has one lock and two slices that change places, and a sender may run it (PostAndRun): a
// request to an idle shard is then judged on the goroutine that brought it, without a hand-over to another one and
// back. Run to completion is what Seastar and the LMAX disruptor call it.
//
//	post ──▶ in ── swapped when out is empty ──▶ out ──▶ handler, on whichever goroutine runs the mailbox
//
//	idle ── post: hand to the dispatcher; PostAndRun: run here ──▶ running ── nothing left ──▶ idle
//	                                                                 └─ a turn is over ──▶ dispatcher
//
// Invariant: the mailbox is idle, or exactly one goroutine runs it or is about to.
type mailbox struct {
	dispatcher actor.Dispatcher
	invoker    actor.MessageInvoker
	runOn      func() // run, as one value for all times

	mu        sync.Mutex
	system    []any
	in        []any
	running   bool
	suspended bool

	out  []any // the runner's own, from next on
	next int
}

// inlineTurn is how many messages a sender handles before the dispatcher goes on: its own request, the marker behind
// it, and a few of others that came meanwhile. More would let one buyer's answer wait for other buyers' requests.
const inlineTurn = 8

// keptMax is the greatest queue, in messages, that is kept for the next burst.
const keptMax = 512

func newMailbox() *mailbox {
	m := &mailbox{}
	m.runOn = func() { m.run(m.dispatcher.Throughput()) }
	return m
}

// RegisterHandlers implements actor.Mailbox.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.invoker, m.dispatcher = invoker, dispatcher
}

// Start implements actor.Mailbox.
func (*mailbox) Start() {}

// UserMessageCount implements actor.Mailbox: the messages that nobody has begun to handle.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.in)
}

// PostUserMessage implements actor.Mailbox.
func (m *mailbox) PostUserMessage(message any) {
	if m.post(message) {
		m.dispatcher.Schedule(m.runOn)
	}
}

// PostSystemMessage implements actor.Mailbox.
func (m *mailbox) PostSystemMessage(message any) {
	m.mu.Lock()
	m.system = append(m.system, message)
	idle := !m.running
	m.running = true
	m.mu.Unlock()
	if idle {
		m.dispatcher.Schedule(m.runOn)
	}
}

// PostAndRun posts a message, and runs the mailbox for a turn if nobody does. The caller holds no lock that a handler,
// or whoever an answer is told to, may want.
func (m *mailbox) PostAndRun(message any) {
	if m.post(message) {
		m.run(inlineTurn)
	}
}

// post queues a message; true: the mailbox was idle, and is the caller's to run.
func (m *mailbox) post(message any) (idle bool) {
	m.mu.Lock()
	m.in = append(m.in, message)
	if idle = !m.running && !m.suspended; idle {
		m.running = true
	}
	m.mu.Unlock()
	return idle
}

// run handles messages until none is left, or hands on to the dispatcher when its turn is over.
func (m *mailbox) run(turn int) {
	for range turn {
		if !m.handleOne() {
			return
		}
	}
	m.dispatcher.Schedule(m.runOn)
}

// handleOne handles the next message; false: there is none, and the mailbox is idle.
func (m *mailbox) handleOne() (some bool) {
	message, system, some := m.take()
	if !some {
		return false
	}
	defer func() {
		if p := recover(); p != nil {
			m.invoker.EscalateFailure(p, message)
		}
	}()
	if !system {
		m.invoker.InvokeUserMessage(message)
		return true
	}
	switch message.(type) {
	case *actor.SuspendMailbox:
		m.suspend(true)
	case *actor.ResumeMailbox:
		m.suspend(false)
	default:
		m.invoker.InvokeSystemMessage(message)
	}
	return true
}

func (m *mailbox) suspend(suspended bool) {
	m.mu.Lock()
	m.suspended = suspended
	m.mu.Unlock()
}

// take gives the next message. Without one the mailbox becomes idle under the same lock under which others post, so
// that no message is left behind.
func (m *mailbox) take() (message any, system, some bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case len(m.system) > 0:
		message = m.system[0]
		m.system[0] = nil
		m.system = m.system[1:]
		return message, true, true
	case m.suspended:
		m.running = false
		return nil, false, false
	case m.next == len(m.out):
		m.swap()
	}
	if m.next == len(m.out) {
		m.running = false
		return nil, false, false
	}
	message = m.out[m.next]
	m.out[m.next] = nil
	m.next++
	return message, false, true
}

// swap makes what came in what goes out. The queue of a burst is not kept.
func (m *mailbox) swap() {
	spent := m.out[:0]
	if cap(spent) > keptMax {
		spent = nil
	}
	m.out, m.in, m.next = m.in, spent, 0
}
