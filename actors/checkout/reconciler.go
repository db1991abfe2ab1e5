package checkout

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Settle carries a payment's known answer into its booking. An error means that the section could not be reached: it is
// called again later. It must be idempotent.
type Settle func(ctx context.Context, id PaymentID, s Status) error

// Reconciler asks the processor about payments without an answer until each has one, and the booking has it too.
//
// Invariant: a payment leaves the list only after Settle returned nil on an answer that was given after its last Add.
// One that was given up ("never seen", believed) stays to be watched.
type Reconciler struct {
	gateway Gateway
	settle  Settle

	mu       sync.Mutex
	open     map[PaymentID]*openPayment
	querying int // questions under way
	places   int // how many may be
	wake     chan struct{}
}

type openPayment struct {
	adds     int // an answer from before the last one settles nothing
	attempts int
	next     time.Time
	querying bool // a question about it is under way
	watched  bool // given up; only money that comes late is still of interest
	since    time.Time
}

// NewReconciler makes one that does nothing until Run.
func NewReconciler(g Gateway, settle Settle) *Reconciler {
	return &Reconciler{
		gateway: g, settle: settle, open: map[PaymentID]*openPayment{}, places: questionsMax,
		wake: make(chan struct{}, 1),
	}
}

// Add puts a payment on the list; adding it twice is adding it once.
func (r *Reconciler) Add(id PaymentID) { r.AddAfter(id, Delay(0)) }

// AddAfter is Add of a payment that somebody else is seeing to, for the case that it never ends: nothing is asked
// before that time has passed.
func (r *Reconciler) AddAfter(id PaymentID, wait time.Duration) {
	r.mu.Lock()
	p := r.open[id]
	if p == nil || p.watched {
		p = &openPayment{next: time.Now().Add(wait), since: time.Now()}
		r.open[id] = p
	}
	if first := time.Now().Add(wait); p.attempts == 0 && first.Before(p.next) {
		p.next = first
	}
	p.adds++
	r.mu.Unlock()
	r.signal()
}

func (r *Reconciler) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Drop ends what AddAfter began: whoever saw to the payment has settled it. A payment that was given up stays watched,
// for its money may still come.
func (r *Reconciler) Drop(id PaymentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.open[id]; p != nil && !p.watched {
		delete(r.open, id)
	}
}

// Open counts payments without an answer; those given up are not among them.
func (r *Reconciler) Open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, p := range r.open {
		if !p.watched {
			n++
		}
	}
	return n
}

// Oldest is the age of the payment that has been on the list for longest without an answer; 0: there is none.
func (r *Reconciler) Oldest() (age time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.open {
		if !p.watched {
			age = max(age, time.Since(p.since))
		}
	}
	return age
}

// Delay is how long to wait before question number attempt (from 0): 250 ms, doubling, at most 30 s.
func Delay(attempt int) time.Duration {
	return min(250*time.Millisecond<<min(attempt, 10), 30*time.Second)
}

// WatchDelay is how long to wait before question number attempt (from 0) about a payment that was given up: 30 s,
// doubling.
func WatchDelay(attempt int) time.Duration { return 30 * time.Second << min(attempt, watchQuestions) }

// watchQuestions is how often a payment that was given up is asked about: the last time some 34 hours later, when any
// processor has dropped what it did not take.
const watchQuestions = 12

// questionTimeout bounds one question: a processor that says nothing has not answered, and is asked again later.
const questionTimeout = 5 * time.Second

// questionsMax is how many questions are under way at once. Those that wait for a silent processor end in
// questionTimeout, and come back ever less often, so that they never take all places from the others for long.
const questionsMax = 16

// Run asks until ctx ends, several questions at once; it returns when the last of them has ended.
func (r *Reconciler) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var querying sync.WaitGroup
	defer querying.Wait()
	for ctx.Err() == nil {
		due, next := r.due(time.Now())
		for _, id := range due {
			querying.Go(func() {
				defer r.signal()
				r.ask(ctx, id)
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

// notFoundPatience is how many questions must be answered "never seen" before that is believed: a charge that was sent
// just before a crash may still be on its way to the processor.
const notFoundPatience = 3

// due takes what is to be asked now, longest due first, as far as there are places, and tells how long until something
// else is. Whatever waits for a place is found when a question ends.
func (r *Reconciler) due(now time.Time) (due []PaymentID, next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next = time.Hour
	for id, p := range r.open {
		switch wait := p.next.Sub(now); {
		case p.querying:
		case wait <= 0:
			due = append(due, id)
		default:
			next = min(next, wait)
		}
	}
	slices.SortFunc(due, func(a, b PaymentID) int {
		return cmp.Or(r.open[a].next.Compare(r.open[b].next), cmp.Compare(a, b))
	})
	due = due[:min(len(due), r.places-r.querying)]
	for _, id := range due {
		r.open[id].querying = true
	}
	r.querying += len(due)
	return due, next
}

// ask puts one question, of a payment that due took.
func (r *Reconciler) ask(ctx context.Context, id PaymentID) {
	p, begun := r.begin(id)
	if p == nil { // dropped since it was found due
		return
	}
	bounded, cancel := context.WithTimeout(ctx, questionTimeout)
	status, err := r.gateway.Lookup(bounded, id)
	cancel()
	if err != nil {
		status = Unknown
	}
	verdict := r.believe(p, status)
	settled := verdict != Unknown && r.settle(ctx, id, verdict) == nil
	r.mu.Lock()
	defer r.mu.Unlock()
	r.querying--
	p.querying = false
	switch {
	case r.open[id] != p: // given up and added again meanwhile
	case settled && p.adds != begun: // the answer may be older than the newest request: ask again
		p.attempts, p.next = 0, time.Now().Add(Delay(0))
	case settled && status == NotFound:
		p.watched, p.attempts, p.next = true, 0, time.Now().Add(WatchDelay(0))
	case settled, p.watched && p.attempts >= watchQuestions-1:
		delete(r.open, id)
	default:
		p.again(time.Now())
	}
}

// begin gives the payment that is asked about, and how often it was added until now; nil frees the place again.
func (r *Reconciler) begin(id PaymentID) (p *openPayment, adds int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p = r.open[id]; p == nil || !p.querying { // dropped, and perhaps added anew
		r.querying--
		return nil, 0
	}
	return p, p.adds
}

// believe turns the processor's word into what is to be settled now; Unknown: nothing yet.
func (r *Reconciler) believe(p *openPayment, status Status) Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case status == Charged: // however late: from now on it is open until it is settled
		p.watched = false
	case status == NotFound && (p.watched || p.attempts < notFoundPatience):
		return Unknown
	case status == NotFound:
		return Declined // the hold goes back to its buyer
	}
	return status
}

func (p *openPayment) again(now time.Time) {
	p.attempts++
	if p.watched {
		p.next = now.Add(WatchDelay(p.attempts))
		return
	}
	p.next = now.Add(Delay(p.attempts))
}
