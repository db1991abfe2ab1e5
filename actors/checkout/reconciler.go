package checkout

import (
	"context"
	"sync"
	"time"
)

// Settle carries a payment's known answer into its booking. An error means that the section could not be reached: it is
// called again later. It must be idempotent.
type Settle func(ctx context.Context, id PaymentID, s Status) error

// Reconciler asks the processor about payments without an answer until each has one, and the booking has it too.
//
// Invariant: a payment leaves the list only after Settle returned nil.
type Reconciler struct {
	gateway Gateway
	settle  Settle

	mu   sync.Mutex
	open map[PaymentID]*openPayment
	wake chan struct{}
}

type openPayment struct {
	attempts int
	next     time.Time
}

// NewReconciler makes one that does nothing until Run.
func NewReconciler(g Gateway, settle Settle) *Reconciler {
	return &Reconciler{gateway: g, settle: settle, open: map[PaymentID]*openPayment{}, wake: make(chan struct{}, 1)}
}

// Add puts a payment on the list; adding it twice is adding it once.
func (r *Reconciler) Add(id PaymentID) {
	r.mu.Lock()
	if _, ok := r.open[id]; !ok {
		r.open[id] = &openPayment{next: time.Now().Add(Delay(0))}
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Open counts payments without an answer.
func (r *Reconciler) Open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.open)
}

// Delay is how long to wait before question number attempt (from 0): 250 ms, doubling, at most 30 s.
func Delay(attempt int) time.Duration {
	return min(250*time.Millisecond<<min(attempt, 10), 30*time.Second)
}

// Run asks until ctx ends.
func (r *Reconciler) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		due, next := r.due(time.Now())
		for _, id := range due {
			r.ask(ctx, id)
		}
		if len(due) > 0 {
			continue
		}
		timer.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// notFoundPatience is how many questions must be answered "never seen" before that is believed: a charge that was sent just before
// a crash may still be on its way to the processor.
const notFoundPatience = 3

func (r *Reconciler) patience(id PaymentID) Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.open[id]; p != nil && p.attempts < notFoundPatience {
		return Unknown
	}
	return Declined // the hold goes back to its buyer
}

// due lists what is to be asked now, and how long until something else is.
func (r *Reconciler) due(now time.Time) ([]PaymentID, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var due []PaymentID
	next := time.Hour
	for id, p := range r.open {
		if wait := p.next.Sub(now); wait <= 0 {
			due = append(due, id)
		} else {
			next = min(next, wait)
		}
	}
	return due, next
}

func (r *Reconciler) ask(ctx context.Context, id PaymentID) {
	status, err := r.gateway.Lookup(ctx, id)
	if status == NotFound {
		status = r.patience(id)
	}
	if err == nil && status != Unknown {
		err = r.settle(ctx, id, status)
		if err == nil {
			r.mu.Lock()
			delete(r.open, id)
			r.mu.Unlock()
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.open[id]; p != nil {
		p.attempts++
		p.next = time.Now().Add(Delay(p.attempts))
	}
}
