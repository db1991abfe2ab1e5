package orders

import (
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/booking"
)

const (
	tellPatience = 5 * time.Second        // of one attempt to tell all legs of one order
	pauseMin     = 20 * time.Millisecond  // after a first attempt that failed
	pauseMax     = 5 * time.Second        // and after many
	roundEvery   = 250 * time.Millisecond // between looks for what is due
	tellAtOnce   = 32                     // orders that are told side by side
	alarmAfter   = 60 * time.Second       // after which an order that cannot be told is an error in the log
)

// Host is what a Notifier has of its engine.
type Host struct {
	Now func() time.Time
	// Spawn runs work in the background; false: the engine has ended.
	Spawn func(work func()) bool
	// Ended says that the engine ends.
	Ended func() bool
	// Pause waits for d, or until the engine ends.
	Pause func(d time.Duration)
	// Await waits until something comes, or until the engine ends.
	Await func(something <-chan struct{})
	// Tell brings what has become of an order to all its legs.
	Tell func(id booking.ID, deadline time.Time) error
	// Ask has every leg that is due, in the sections that serve here, ask its home.
	Ask func(deadline time.Time)
	// Alarm says that an order's legs could not be told since a time.
	Alarm func(id booking.ID, since time.Time, err error)
}

// Notifier is the list of orders whose legs are to hear of something.
type Notifier struct {
	host Host

	mu       sync.Mutex
	open     map[booking.ID]*notice
	waiting  []booking.ID // not begun yet
	busy     int
	querying atomic.Bool
	bound    atomic.Int64  // legs that wait for a word, in the sections that serve here
	wake     chan struct{} // there is something to do again
}

type notice struct {
	attempts int
	next     time.Time
	since    time.Time
	alarmed  bool
	again    bool // something else has become of it meanwhile
	begun    bool
}

// NewNotifier is empty. Run does what time brings.
func NewNotifier(h Host) *Notifier {
	return &Notifier{host: h, open: map[booking.ID]*notice{}, wake: make(chan struct{}, 1)}
}

// Add has the legs of an order be told, soon. It does not wait.
func (n *Notifier) Add(id booking.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if o := n.open[id]; o != nil {
		o.again = true
		return
	}
	now := n.host.Now()
	n.open[id] = &notice{next: now, since: now}
	n.waiting = append(n.waiting, id)
	n.start()
	n.nudge()
}

func (n *Notifier) nudge() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Open counts the orders whose legs are to hear of something.
func (n *Notifier) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.open)
}

// Binds changes the number of legs that wait for a word here.
func (n *Notifier) Binds(more int) {
	if n.bound.Add(int64(more)) > 0 && more > 0 {
		n.nudge()
	}
}

// start has as many workers as there is work, up to tellAtOnce. The caller holds mu.
func (n *Notifier) start() {
	for n.busy < min(tellAtOnce, len(n.waiting)) {
		n.busy++
		if !n.host.Spawn(n.work) {
			n.busy--
			return
		}
	}
}

func (n *Notifier) work() {
	for {
		n.mu.Lock()
		if len(n.waiting) == 0 || n.host.Ended() {
			n.busy--
			n.mu.Unlock()
			return
		}
		id := n.waiting[0]
		n.waiting = n.waiting[1:]
		o := n.open[id]
		o.begun, o.again = true, false
		n.mu.Unlock()
		n.ended(id, o, n.host.Tell(id, n.host.Now().Add(tellPatience)))
	}
}

func (n *Notifier) ended(id booking.ID, o *notice, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	o.begun = false
	switch now := n.host.Now(); {
	case o.again:
		n.waiting = append(n.waiting, id)
	case err == nil:
		delete(n.open, id)
	default:
		o.next = now.Add(min(pauseMin<<min(o.attempts, 10), pauseMax))
		o.attempts++
		if !o.alarmed && now.Sub(o.since) >= alarmAfter {
			o.alarmed = true
			n.host.Alarm(id, o.since, err)
		}
	}
}

// Round begins what is due again, and has the legs of this node's sections ask.
func (n *Notifier) Round() {
	n.mu.Lock()
	now := n.host.Now()
	for id, o := range n.open {
		if o.attempts > 0 && !o.begun && !o.next.After(now) {
			o.next = now.Add(time.Hour) // it is in the list
			n.waiting = append(n.waiting, id)
		}
	}
	n.start()
	n.mu.Unlock()
	if n.bound.Load() == 0 || !n.querying.CompareAndSwap(false, true) {
		return
	}
	started := n.host.Spawn(func() {
		defer n.querying.Store(false)
		n.host.Ask(n.host.Now().Add(tellPatience))
	})
	if !started {
		n.querying.Store(false)
	}
}

// Run does what time brings, until the engine ends.
func (n *Notifier) Run() {
	for !n.host.Ended() {
		if n.Open() == 0 && n.bound.Load() == 0 {
			n.host.Await(n.wake)
		}
		n.host.Pause(roundEvery)
		n.Round()
	}
}
