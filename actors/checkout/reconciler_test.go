package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestDelay(t *testing.T) {
	for attempt, want := range map[int]time.Duration{0: 250 * time.Millisecond, 1: 500 * time.Millisecond, 6: 16 * time.Second,
		7: 30 * time.Second, 1000: 30 * time.Second} {
		if got := Delay(attempt); got != want {
			t.Errorf("question %d after %v, want %v", attempt, got, want)
		}
	}
}

// scripted answers look-ups from a list, the last for ever.
type scripted struct {
	Gateway
	answers []Status
	begun   []time.Duration
	start   time.Time
}

func (g *scripted) Lookup(context.Context, PaymentID) (Status, error) {
	g.begun = append(g.begun, time.Since(g.start))
	s := g.answers[0]
	if len(g.answers) > 1 {
		g.answers = g.answers[1:]
	}
	if s == Unknown {
		return s, errors.New("line cut")
	}
	return s, nil
}

// reconcile runs one payment to its end and gives what was settled, and how often it was tried.
func reconcile(t *testing.T, g *scripted, failures int) (settled Status, tries int) {
	synctest.Test(t, func(t *testing.T) {
		g.start = time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		r := NewReconciler(g, func(_ context.Context, id PaymentID, s Status) error {
			if tries++; tries <= failures {
				return errors.New("section away")
			}
			settled = s
			close(done)
			return nil
		})
		ended := make(chan struct{})
		go func() { r.Run(ctx); close(ended) }()
		r.Add("p")
		r.Add("p")
		<-done
		synctest.Wait()
		if r.Open() != 0 {
			t.Errorf("%d payments stay open", r.Open())
		}
		cancel()
		<-ended
	})
	return settled, tries
}

// TestReconciler: P6, asked again until the answer is known and carried into the booking.
func TestReconciler(t *testing.T) {
	for _, row := range []struct {
		name     string
		answers  []Status
		failures int
		want     Status
		begun    int
	}{
		{"charged at once", []Status{Charged}, 0, Charged, 1},
		{"unknown twice", []Status{Unknown, Unknown, Declined}, 0, Declined, 3},
		{"the section is away", []Status{Charged}, 2, Charged, 3},
		{"never seen is believed late", []Status{NotFound}, 0, Declined, notFoundPatience + 1},
		{"never seen, then charged", []Status{NotFound, NotFound, Charged}, 0, Charged, 3},
	} {
		g := &scripted{answers: row.answers}
		settled, _ := reconcile(t, g, row.failures)
		if settled != row.want || len(g.begun) != row.begun {
			t.Errorf(
				"%s: settled %v after %d questions, want %v after %d", row.name, settled, len(g.begun), row.want,
				row.begun,
			)
		}
		if g.begun[0] != Delay(0) {
			t.Errorf("%s: first asked after %v", row.name, g.begun[0])
		}
	}
}

// TestWatch: P6, money that comes after its payment was given up is settled too; then, or after a day and a half, the
// asking ends.
func TestWatch(t *testing.T) {
	for _, row := range []struct {
		name  string
		late  int // questions of the watch before the money is there; -1: never
		want  []Status
		begun int
	}{
		{"never", -1, []Status{Declined}, notFoundPatience + 1 + watchQuestions},
		{"at once", 0, []Status{Declined, Charged}, notFoundPatience + 2},
		{"at last", watchQuestions - 1, []Status{Declined, Charged}, notFoundPatience + 1 + watchQuestions},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := &scripted{start: time.Now()}
			for range notFoundPatience + 1 + max(row.late, 0) {
				g.answers = append(g.answers, NotFound)
			}
			if row.late >= 0 {
				g.answers = append(g.answers, Charged)
			}
			var settled []Status
			r := NewReconciler(
				g, func(_ context.Context, _ PaymentID, s Status) error { settled = append(settled, s); return nil },
			)
			ctx, cancel := context.WithTimeout(context.Background(), 72*time.Hour)
			defer cancel()
			r.Add("p")
			r.Run(ctx)
			if !slices.Equal(settled, row.want) || len(g.begun) != row.begun || len(r.open) != 0 {
				t.Errorf(
					"%s: settled %v after %d questions, want %v after %d; %d stay", row.name, settled, len(g.begun),
					row.want, row.begun, len(r.open),
				)
			}
		})
	}
}

// TestAddWhileAsked: P6, an answer from before a payment was begun again does not settle the second attempt.
func TestAddWhileAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &scripted{answers: []Status{Declined, Charged}, start: time.Now()}
		var settled []Status
		var r *Reconciler
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		r = NewReconciler(g, func(_ context.Context, id PaymentID, s Status) error {
			if settled = append(settled, s); len(settled) == 1 {
				r.Add(id)
			}
			return nil
		})
		r.Add("p")
		r.Run(ctx)
		if !slices.Equal(settled, []Status{Declined, Charged}) || r.Open() != 0 {
			t.Errorf("settled %v, %d open", settled, r.Open())
		}
	})
}

// TestSomebodyElsesPayment: it is asked about when its time has come and nobody has said that it is settled; what was
// given up stays watched, and a payment dropped between its time and its question is not asked about.
func TestSomebodyElsesPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &scripted{answers: []Status{Charged}, start: time.Now()}
		var settled []PaymentID
		var r *Reconciler
		r = NewReconciler(g, func(_ context.Context, id PaymentID, _ Status) error {
			if settled = append(settled, id); id == "first" || id == "second" { // both are due at this moment
				r.Drop("first")
				r.Drop("second")
			}
			return nil
		})
		r.places = 1 // one after the other
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		r.AddAfter("settled in time", 5*time.Second)
		r.AddAfter("first", 6*time.Second)
		r.AddAfter("second", 6*time.Second)
		r.AddAfter("its own node asks sooner", time.Minute)
		r.Add("its own node asks sooner")
		r.Drop("settled in time")
		r.Drop("never added")
		r.Run(ctx)
		if len(settled) != 2 || settled[0] != "its own node asks sooner" ||
			!slices.Equal(g.begun, []time.Duration{Delay(0), 6 * time.Second}) {
			t.Errorf("settled %v, asked after %v", settled, g.begun)
		}
		if r.Open() != 0 {
			t.Errorf("%d open", r.Open())
		}
	})
}

// silent never answers about some payments, until the asker's patience ends; it counts the questions that wait.
type silent struct {
	Gateway
	about           func(PaymentID) bool
	mu              sync.Mutex
	waiting, widest int
}

func (g *silent) Lookup(ctx context.Context, id PaymentID) (Status, error) {
	if !g.about(id) {
		return Charged, nil
	}
	g.count(1)
	defer g.count(-1)
	<-ctx.Done()
	return Unknown, ctx.Err()
}

func (g *silent) count(by int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting += by
	g.widest = max(g.widest, g.waiting)
}

// TestSilentProcessorDoesNotHoldUpOtherPayments: P6. A question without an answer ends, others are asked meanwhile, and
// there is a bound to how many are under way.
func TestSilentProcessorDoesNotHoldUpOtherPayments(t *testing.T) {
	for _, row := range []struct {
		silent, others int
		within         time.Duration // of the first question
	}{
		{1, 100, 0}, {questionsMax - 1, 100, 0}, {4 * questionsMax, 100, 5 * questionTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := &silent{about: func(id PaymentID) bool { return id[0] == 's' }}
			var settled atomic.Int64
			var last atomic.Pointer[time.Time]
			r := NewReconciler(g, func(_ context.Context, id PaymentID, _ Status) error {
				now := time.Now()
				last.Store(&now)
				settled.Add(1)
				return nil
			})
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			began := time.Now()
			for i := range row.silent { // due before the others
				r.AddAfter(PaymentID(fmt.Sprint("silent ", i)), 0)
			}
			for i := range row.others {
				r.Add(PaymentID(fmt.Sprint("other ", i)))
			}
			r.Run(ctx)
			if took := last.Load().Sub(began) - Delay(0); int(settled.Load()) != row.others || took > row.within {
				t.Errorf(
					"%d silent: %d of %d others settled, the last %v after it could be asked", row.silent,
					settled.Load(), row.others, took,
				)
			}
			if most := g.widest; most > questionsMax || r.querying != 0 || r.Open() != row.silent {
				t.Errorf(
					"%d silent: %d questions at once, %d at the end, %d open", row.silent, most, r.querying, r.Open(),
				)
			}
		})
	}
}

// TestDroppedPaymentAddedAnewIsAskedOnce: P6. Between its time and its question a payment may go and come back; the
// place that was taken for it is free again.
func TestDroppedPaymentAddedAnewIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &scripted{answers: []Status{Charged}, start: time.Now()}
		r := NewReconciler(g, func(context.Context, PaymentID, Status) error { return nil })
		r.AddAfter("p", 0)
		if due, _ := r.due(time.Now()); len(due) != 1 {
			t.Fatalf("due: %v", due)
		}
		r.Drop("p")
		r.Add("p")
		r.ask(t.Context(), "p") // the question of the first
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		r.Run(ctx)
		if !slices.Equal(g.begun, []time.Duration{Delay(0)}) || r.querying != 0 || r.Open() != 0 {
			t.Errorf("asked %v, %d under way, %d open", g.begun, r.querying, r.Open())
		}
	})
}
