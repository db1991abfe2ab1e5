package checkout

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"math"
	"sync"
	"time"

	"holdfast/actors/booking"
)

// Left is what a settlement leaves open of a booking: what the processor has not said its last word about.
type Left uint8

// What may be left, the more pressing first.
const (
	Nothing Left = iota
	Pressing
	Slow   // what takes hours or days by its nature
	Person // what nobody but an operator can do more about: it is on the list for people to see
)

var leftNames = [...]string{"nothing", "pressing", "slow", "person"}

func (l Left) String() string { return leftNames[l] }

// Outcome is what one settlement comes to.
type Outcome struct {
	Left     Left
	Rest     uint64 // hints that are still to be looked at
	Answered bool   // the processor answered about something
	Silent   bool   // it did not about something else
	Why      string // it stands, for operators; no secret is in it
}

// Settle takes one booking's money as far as it goes now. An error means that the section could not be reached: the
// booking stays on the list. hints name attempts that somebody has spoken of: bit n attempt n, bit 0 one that a build
// without attempts began. It must be idempotent.
type Settle func(ctx context.Context, id booking.ID, hints uint64) (Outcome, error)

// Reconciler sees to bookings whose money is not settled until it is. What is on its list follows from the logs of the
// sections that are served here: a list that is lost is made anew.
//
// Invariants: a booking leaves the list only after Settle has returned Nothing in a call that began after its last Add;
// a hint is given to Settle until Settle has looked at it.
type Reconciler struct {
	settle Settle

	mu      sync.Mutex
	open    map[booking.ID]*openBooking
	waiting queue // those of open that nobody settles now
	running int   // settlements under way
	places  int   // how many may be
	wake    chan struct{}
	word    time.Time // when the processor last answered about anything
}

type openBooking struct {
	id     booking.ID
	place  int // in Reconciler.waiting; -1: it is being settled
	adds   int // a settlement from before the last one leaves it on the list
	tries  int
	hints  uint64
	next   time.Time
	lastAt time.Time // when it was last asked about; zero: never here
	since  time.Time
	why    string
	left   Left
	silent bool // the processor did not answer the last time
}

// NewReconciler makes one that does nothing until Run.
func NewReconciler(settle Settle) *Reconciler {
	return &Reconciler{
		settle: settle, open: map[booking.ID]*openBooking{}, places: settlementsMax, wake: make(chan struct{}, 1),
	}
}

// Add puts a booking on the list; adding it twice is adding it once.
func (r *Reconciler) Add(id booking.ID) { r.AddAfter(id, Delay(0)) }

// AddAfter is Add of a booking that somebody else is seeing to, for the case that this never ends: nothing is asked
// before that time has passed.
func (r *Reconciler) AddAfter(id booking.ID, wait time.Duration) { r.add(id, wait, 0) }

// Nudge has a booking looked at at once, on the list or not, with hints; see Settle.
func (r *Reconciler) Nudge(id booking.ID, hints uint64) { r.add(id, 0, hints) }

func (r *Reconciler) add(id booking.ID, wait time.Duration, hints uint64) {
	r.mu.Lock()
	first := time.Now().Add(wait)
	p := r.open[id]
	if p == nil {
		p = &openBooking{id: id, next: first, since: time.Now(), left: Pressing}
		r.open[id] = p
		heap.Push(&r.waiting, p)
	}
	if (p.tries == 0 || hints != 0 || p.left == Person) && first.Before(p.next) {
		if p.next = first; p.place >= 0 {
			heap.Fix(&r.waiting, p.place)
		}
	}
	p.adds++
	p.hints |= hints
	r.mu.Unlock()
	r.signal()
}

func (r *Reconciler) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Drop ends what AddAfter began: whoever saw to the booking has settled it. One that was asked about already stays.
func (r *Reconciler) Drop(id booking.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.open[id]; p != nil && p.tries == 0 && p.hints == 0 && p.place >= 0 {
		heap.Remove(&r.waiting, p.place)
		delete(r.open, id)
	}
}

// Open counts the bookings on the list.
func (r *Reconciler) Open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}

// Oldest is how long a booking has been on the list, the longest of those that should leave soon; 0: there is none.
func (r *Reconciler) Oldest() (age time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.open {
		if p.left == Pressing {
			age = max(age, time.Since(p.since))
		}
	}
	return age
}

// Class is how many bookings of one kind of Left are on the list, and how long the oldest has been.
type Class struct {
	Open   int
	Oldest time.Duration
}

// Classes counts the list by what is left.
func (r *Reconciler) Classes() map[Left]Class {
	all := map[Left]Class{Pressing: {}, Slow: {}, Person: {}}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.open {
		c := all[p.left]
		all[p.left] = Class{c.Open + 1, max(c.Oldest, time.Since(p.since))}
	}
	return all
}

// Delay is how long to wait before try number n (from 0): 250 ms, doubling, at most 5 s. The bound and settleTimeout
// together are less than the ten seconds in which a processor that can be reached again has every payment decided.
func Delay(n int) time.Duration { return min(250*time.Millisecond<<min(n, 10), 5*time.Second) }

// SlowDelay is Delay of what is slow: 5 s, doubling, at most 10 minutes.
func SlowDelay(n int) time.Duration { return min(5*time.Second<<min(n, 10), 10*time.Minute) }

// settleTimeout bounds one settlement: a processor that says nothing has not answered, and is asked again later.
const settleTimeout = 3 * time.Second

// settlementsMax is how many settlements are under way at once. Those that wait for a silent processor end in
// settleTimeout, and come back less often, so that they never take all places from the others for long.
const settlementsMax = 32

// Run settles until ctx ends, several bookings at once; it returns when the last settlement has ended.
func (r *Reconciler) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	for ctx.Err() == nil {
		due, next := r.due(time.Now())
		for _, id := range due {
			running.Go(func() {
				defer r.signal()
				r.run(ctx, id)
			})
		}
		timer.Reset(next)
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// due takes what is to be settled now, longest due first, as far as there are places, and tells how long until
// something else is. Whatever waits for a place is found when a settlement ends.
func (r *Reconciler) due(now time.Time) (due []booking.ID, next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for next = time.Hour; len(r.waiting) > 0; {
		wait := r.waiting[0].next.Sub(now)
		if wait > 0 {
			next = min(next, wait)
			break
		}
		if r.running == r.places {
			break
		}
		r.running++
		due = append(due, heap.Pop(&r.waiting).(*openBooking).id)
	}
	return due, next
}

// queue has the bookings that wait, longest due first: a cancelled event brings tens of thousands at once.
type queue []*openBooking

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	a, b := &q[i].id, &q[j].id
	return cmp.Or(q[i].next.Compare(q[j].next), bytes.Compare(a.Section.Event[:], b.Section.Event[:]),
		cmp.Compare(a.Section.Section, b.Section.Section), cmp.Compare(a.No, b.No)) < 0
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *queue) Push(p any) {
	p.(*openBooking).place = len(*q)
	*q = append(*q, p.(*openBooking))
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	p := (*q)[last]
	p.place, (*q)[last] = -1, nil
	*q = (*q)[:last]
	return p
}

// run settles one booking that due took.
func (r *Reconciler) run(ctx context.Context, id booking.ID) {
	r.mu.Lock()
	p := r.open[id]
	begun, hints := p.adds, p.hints
	r.mu.Unlock()
	bounded, cancel := context.WithTimeout(ctx, settleTimeout)
	out, err := r.settle(bounded, id, hints)
	cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.running--
	p.lastAt, p.why, p.silent = now, out.Why, out.Silent
	if err == nil {
		p.left, p.hints = max(out.Left, Pressing), p.hints&^(hints&^out.Rest)
		if out.Answered {
			r.answered(now)
		}
	}
	keep := true
	switch {
	case err == nil && p.adds != begun: // the answer may be older than the newest request: ask again
		p.tries, p.next = 0, now.Add(Delay(0))
	case err == nil && out.Left == Nothing && p.hints == 0:
		keep = false
		delete(r.open, id)
	case err == nil && out.Left == Slow:
		p.next = now.Add(SlowDelay(p.tries))
		p.tries++
	case err == nil && out.Left == Person:
		p.next = now.Add(personDelay)
		p.tries++
	default:
		p.next = now.Add(Delay(p.tries + 1))
		p.tries++
	}
	if keep {
		heap.Push(&r.waiting, p)
	}
}

// personDelay is the time between two looks at what waits for a person.
const personDelay = time.Hour

// answered notes that the processor has answered. After it was away for longer than the longest Delay all that waits
// for its answer is asked at once, so that nothing waits for its turn beside a processor that can be reached.
func (r *Reconciler) answered(now time.Time) {
	away := now.Sub(r.word) > Delay(math.MaxInt)
	if r.word = now; !away {
		return
	}
	for _, p := range r.open {
		if p.silent && p.left == Pressing && now.Before(p.next) {
			p.next = now
		}
	}
	heap.Init(&r.waiting)
}

// Entry is one booking of the list, for people.
type Entry struct {
	Booking booking.ID
	Left    Left
	Since   time.Time // on this list
	LastAt  time.Time // when the processor was last asked; zero: not yet, here
	Next    time.Time // when it is asked again
	Tries   int
	Why     string
}

// Entries are all bookings of the list that the function wants, in no order.
func (r *Reconciler) Entries(want func(booking.ID) bool) (all []Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, p := range r.open {
		if want(id) {
			all = append(all, Entry{id, p.left, p.since, p.lastAt, p.next, p.tries, p.why})
		}
	}
	return all
}

// Unheard are those of some bookings whose hints are still to be looked at.
func (r *Reconciler) Unheard(of []booking.ID) (unheard []booking.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range of {
		if p := r.open[id]; p != nil && p.hints != 0 {
			unheard = append(unheard, id)
		}
	}
	return unheard
}
