package shard

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"pgregory.net/rapid"
)

// manual is a dispatcher whose owner says when a mailbox runs.
type manual struct{ due []func() }

func (d *manual) Schedule(run func()) { d.due = append(d.due, run) }
func (*manual) Throughput() int       { return 3 }

// log is an invoker that writes down what it was given.
type log struct {
	handled  []any
	failures []any
	inside   bool
	then     func(message any)
}

func (l *log) InvokeSystemMessage(message any) { l.InvokeUserMessage(message) }
func (l *log) InvokeUserMessage(message any) {
	if l.inside {
		panic("two at a time")
	}
	l.inside = true
	defer func() { l.inside = false }()
	l.handled = append(l.handled, message)
	if l.then != nil {
		l.then(message)
	}
}
func (l *log) EscalateFailure(reason, _ any) { l.failures = append(l.failures, reason) }

// TestMailboxIsAQueue: whatever is posted, by whichever way and while whatever runs, is handled once, in the order of
// posting, one at a time; system messages go first; a suspended mailbox handles no other.
func TestMailboxIsAQueue(t *testing.T) { rapid.Check(t, mailboxIsAQueue) }

func mailboxIsAQueue(t *rapid.T) {
	d, l, m := &manual{}, &log{}, newMailbox()
	m.RegisterHandlers(l, d)
	var user, system []any
	suspended, number := false, 0
	post := func(how int) {
		number++
		switch how {
		case 0:
			user = append(user, number)
			m.PostUserMessage(number)
		case 1:
			user = append(user, number)
			m.PostAndRun(number)
		case 2:
			system = append(system, -number)
			m.PostSystemMessage(-number)
		}
	}
	l.then = func(any) { // a handler posts to itself too
		if number < 200 && rapid.IntRange(0, 3).Draw(t, "inside") == 0 {
			post(rapid.IntRange(0, 2).Draw(t, "how inside"))
		}
	}
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		switch step := rapid.IntRange(0, 6).Draw(t, "step"); step {
		case 3:
			suspended = true
			m.PostSystemMessage(&actor.SuspendMailbox{})
		case 4:
			suspended = false
			m.PostSystemMessage(&actor.ResumeMailbox{})
		case 5, 6:
			runDue(d, 1)
		default:
			post(step)
		}
		if len(d.due) > 1 {
			t.Fatalf("scheduled %d times at once", len(d.due))
		}
	}
	if suspended {
		m.PostSystemMessage(&actor.ResumeMailbox{})
	}
	runDue(d, 1000)
	checkHandled(t, l, user, system)
	if m.running || m.UserMessageCount() != 0 {
		t.Fatalf("running %v, %d left", m.running, m.UserMessageCount())
	}
}

// checkHandled compares what was handled with what was posted, kind by kind.
func checkHandled(t *rapid.T, l *log, user, system []any) {
	var gotUser, gotSystem []any
	for _, message := range l.handled {
		if message.(int) < 0 {
			gotSystem = append(gotSystem, message)
		} else {
			gotUser = append(gotUser, message)
		}
	}
	if !slices.Equal(gotUser, user) || !slices.Equal(gotSystem, system) {
		t.Fatalf("handled %v and %v, posted %v and %v", gotUser, gotSystem, user, system)
	}
}

// runDue runs what is scheduled, and what that schedules, some times.
func runDue(d *manual, times int) {
	for ; times > 0 && len(d.due) > 0; times-- {
		run := d.due[0]
		d.due = d.due[1:]
		run()
	}
}

// TestSuspendedMailboxWaits: no message of a user is handled until the mailbox is resumed, and a sender runs nothing.
func TestSuspendedMailboxWaits(t *testing.T) {
	d, l, m := &manual{}, &log{}, newMailbox()
	m.RegisterHandlers(l, d)
	m.PostSystemMessage(&actor.SuspendMailbox{})
	runDue(d, 10)
	m.PostAndRun(1)
	m.PostUserMessage(2)
	if len(l.handled) != 0 || len(d.due) != 0 {
		t.Fatalf("handled %v, due %d", l.handled, len(d.due))
	}
	m.PostSystemMessage(&actor.ResumeMailbox{})
	if runDue(d, 10); !slices.Equal(l.handled, []any{1, 2}) {
		t.Fatalf("handled %v", l.handled)
	}
}

// TestASenderRunsOneTurn: a sender handles a bounded number of messages, however many come meanwhile; the dispatcher
// has the rest.
func TestASenderRunsOneTurn(t *testing.T) {
	d, l, m := &manual{}, &log{}, newMailbox()
	m.RegisterHandlers(l, d)
	l.then = func(message any) {
		if n := message.(int); n < 100 {
			m.PostUserMessage(n + 1)
		}
	}
	m.PostAndRun(0)
	if len(l.handled) != inlineTurn || len(d.due) != 1 {
		t.Fatalf("the sender handled %d, due %d", len(l.handled), len(d.due))
	}
	if runDue(d, 1000); len(l.handled) != 101 {
		t.Fatalf("%d handled in all", len(l.handled))
	}
}

// TestAPanicGoesToTheSupervisor: and the messages behind it are handled.
func TestAPanicGoesToTheSupervisor(t *testing.T) {
	d, l, m := &manual{}, &log{}, newMailbox()
	m.RegisterHandlers(l, d)
	l.then = func(message any) {
		if message == 1 {
			panic("planned")
		}
	}
	m.PostUserMessage(1)
	m.PostAndRun(2)
	runDue(d, 10)
	if len(l.failures) != 1 || !slices.Equal(l.handled, []any{1, 2}) {
		t.Fatalf("failures %v, handled %v", l.failures, l.handled)
	}
}

// TestTheQueueOfABurstIsNotKept: memory follows what waits, not what once waited.
func TestTheQueueOfABurstIsNotKept(t *testing.T) {
	d, m := &manual{}, newMailbox()
	m.RegisterHandlers(&log{}, d)
	for n := range 10 * keptMax {
		m.PostUserMessage(n)
	}
	runDue(d, 1_000_000)
	for n := range 3 {
		m.PostAndRun(n)
	}
	if cap(m.in) > keptMax || cap(m.out) > keptMax {
		t.Errorf("kept room for %d and %d messages", cap(m.in), cap(m.out))
	}
}

// TestManySendersOneAtATime: with real goroutines, every sender's own messages are handled in its order, none twice and
// none at the same time, whoever runs the mailbox.
func TestManySendersOneAtATime(t *testing.T) {
	const senders, each = 8, 2000
	d, l, m := NewDispatcher(), &log{}, newMailbox()
	defer d.Close()
	m.RegisterHandlers(l, d)
	done, next := make(chan struct{}), [senders]int{}
	handled := 0
	l.then = func(message any) {
		from := message.([2]int)
		if next[from[0]] != from[1] {
			panic(fmt.Sprintf("sender %d: %d before %d", from[0], from[1], next[from[0]]))
		}
		next[from[0]]++
		if handled++; handled == senders*each {
			close(done)
		}
	}
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for n := range each {
				if (s+n)%3 == 0 {
					m.PostUserMessage([2]int{s, n})
				} else {
					m.PostAndRun([2]int{s, n})
				}
			}
		})
	}
	all.Wait()
	await(t, done)
	if len(l.failures) > 0 {
		t.Error(l.failures[0])
	}
}

// TestDispatcherRunsWhatIsScheduled: also more than it has workers, and after its end.
func TestDispatcherRunsWhatIsScheduled(t *testing.T) {
	const many = 1000
	d := NewDispatcher()
	var all sync.WaitGroup
	for range many {
		all.Add(1)
		d.Schedule(all.Done)
	}
	all.Wait()
	for range many {
		all.Add(1)
		d.Schedule(all.Done)
	}
	d.Close()
	all.Wait() // what was queued before the end has run
	all.Add(1)
	d.Schedule(all.Done)
	all.Wait()
}
