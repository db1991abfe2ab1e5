package checkout

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/section"
)

func TestDelay(t *testing.T) {
	for try, want := range map[int]time.Duration{0: 250 * time.Millisecond, 1: 500 * time.Millisecond,
		4: 4 * time.Second, 5: 5 * time.Second, 1000: 5 * time.Second} {
		if got := Delay(try); got != want {
			t.Errorf("try %d after %v, want %v", try, got, want)
		}
	}
	if Delay(1000)+settleTimeout >= 10*time.Second {
		t.Errorf("P6: a processor that can be reached again is asked after %v", Delay(1000)+settleTimeout)
	}
}

func bookingOf(no int) booking.ID { return booking.ID{No: section.BookingNo(no)} }

// word is what one settlement comes to.
type word struct {
	left Left
	err  error
}

// scripted settles by a list, the last for ever, and keeps when it was asked.
type scripted struct {
	words []word
	begun []time.Duration
	hints []uint64
	start time.Time
}

func (s *scripted) settle(_ context.Context, _ booking.ID, hints uint64) (Outcome, error) {
	s.begun, s.hints = append(s.begun, time.Since(s.start)), append(s.hints, hints)
	w := s.words[0]
	if len(s.words) > 1 {
		s.words = s.words[1:]
	}
	return Outcome{Left: w.left}, w.err
}

// TestReconciler: P6, a booking is asked about until nothing is left of it.
func TestReconciler(t *testing.T) {
	away := errors.New("section away")
	for _, row := range []struct {
		name  string
		words []word
		begun []time.Duration // how long after the last
	}{
		{"settled at once", []word{{Nothing, nil}}, []time.Duration{Delay(0)}},
		{"no answer twice", []word{{Pressing, nil}, {Pressing, nil}, {Nothing, nil}},
			[]time.Duration{Delay(0), Delay(1), Delay(2)}},
		{"the section is away", []word{{Nothing, away}, {Nothing, away}, {Nothing, nil}},
			[]time.Duration{Delay(0), Delay(1), Delay(2)}},
		{"a refund that takes its time", []word{{Slow, nil}, {Slow, nil}, {Nothing, nil}},
			[]time.Duration{Delay(0), SlowDelay(0), SlowDelay(1)}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{words: row.words, start: time.Now()}
			r := NewReconciler(s.settle)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			r.Add(bookingOf(1))
			r.Add(bookingOf(1))
			r.Run(ctx)
			at, want := time.Duration(0), []time.Duration(nil)
			for _, d := range row.begun {
				at += d
				want = append(want, at)
			}
			if !slices.Equal(s.begun, want) || r.Open() != 0 {
				t.Errorf("%s: asked at %v, want %v; %d open", row.name, s.begun, want, r.Open())
			}
		})
	}
}

// TestWeekWithoutTheProcessor: P6, nothing is given up, and ten seconds after the processor is back all is settled.
func TestWeekWithoutTheProcessor(t *testing.T) {
	for _, row := range []struct {
		away     time.Duration
		payments int
	}{{7 * 24 * time.Hour, 1}, {10 * time.Minute, 2 * settlementsMax}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			var settled atomic.Int64
			r := NewReconciler(func(ctx context.Context, _ booking.ID, _ uint64) (Outcome, error) {
				if time.Since(start) < row.away {
					<-ctx.Done() // silent
					return Outcome{Left: Pressing, Silent: true}, nil
				}
				settled.Add(1)
				return Outcome{}, nil
			})
			for no := range row.payments {
				r.Add(bookingOf(no))
			}
			ctx, cancel := context.WithTimeout(t.Context(), row.away+10*time.Second)
			defer cancel()
			r.Run(ctx)
			if int(settled.Load()) != row.payments || r.Open() != 0 {
				t.Errorf("%d of %d settled, %d open", settled.Load(), row.payments, r.Open())
			}
		})
	}
}

// TestAddWhileSettled: P5, P6, what is added while it is asked about is asked about again: the answer may be older.
func TestAddWhileSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *Reconciler
		asked := 0
		r = NewReconciler(func(_ context.Context, id booking.ID, _ uint64) (Outcome, error) {
			if asked++; asked == 1 {
				r.Add(id)
			}
			return Outcome{}, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r.Add(bookingOf(1))
		r.Run(ctx)
		if asked != 2 || r.Open() != 0 {
			t.Errorf("asked %d times, %d open", asked, r.Open())
		}
	})
}

// TestNudge: a hint is looked at at once, however long the booking would have waited, once for all that came together.
func TestNudge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{words: []word{{Slow, nil}, {Slow, nil}, {Nothing, nil}}, start: time.Now()}
		r := NewReconciler(s.settle)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		time.AfterFunc(3*time.Second, func() {
			r.Nudge(bookingOf(1), 1<<1)
			r.Nudge(bookingOf(1), 1<<2)
		})
		r.Add(bookingOf(1))
		r.Run(ctx)
		if len(s.begun) != 3 || s.begun[1] != 3*time.Second || s.hints[1] != 6 || s.hints[2] != 0 {
			t.Errorf("asked at %v with hints %v", s.begun, s.hints)
		}
	})
}

// TestSomebodyElsesPayment: it is asked about when its time has come and nobody has said that it is settled.
func TestSomebodyElsesPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []booking.ID
		r := NewReconciler(func(_ context.Context, id booking.ID, _ uint64) (Outcome, error) {
			asked = append(asked, id)
			return Outcome{}, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r.AddAfter(bookingOf(1), 5*time.Second)
		r.AddAfter(bookingOf(2), 6*time.Second)
		r.AddAfter(bookingOf(3), time.Minute)
		r.Add(bookingOf(3)) // its own node asks sooner
		r.Drop(bookingOf(1))
		r.Drop(bookingOf(4))
		r.Run(ctx)
		if !slices.Equal(asked, []booking.ID{bookingOf(3), bookingOf(2)}) || r.Open() != 0 {
			t.Errorf("asked about %v, %d open", asked, r.Open())
		}
	})
}

// TestSilentProcessorDoesNotHoldUpOtherPayments: P6. A question without an answer ends, others are asked meanwhile, and
// there is a bound to how many are under way.
func TestSilentProcessorDoesNotHoldUpOtherPayments(t *testing.T) {
	for _, row := range []struct {
		silent, others int
		within         time.Duration // of the first question
	}{
		{1, 100, 0}, {settlementsMax - 1, 100, 0}, {4 * settlementsMax, 100, 5 * settleTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var settled, waiting, widest int
			var last time.Time
			r := NewReconciler(func(ctx context.Context, id booking.ID, _ uint64) (Outcome, error) {
				mu.Lock()
				defer mu.Unlock()
				if int(id.No) >= row.silent {
					settled, last = settled+1, time.Now()
					return Outcome{}, nil
				}
				waiting++
				widest = max(widest, waiting)
				mu.Unlock()
				<-ctx.Done()
				mu.Lock()
				waiting--
				return Outcome{Left: Pressing, Silent: true}, nil
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			began := time.Now()
			for i := range row.silent { // due before the others
				r.AddAfter(bookingOf(i), 0)
			}
			for i := range row.others {
				r.Add(bookingOf(row.silent + i))
			}
			r.Run(ctx)
			if took := last.Sub(began) - Delay(0); settled != row.others || took > row.within {
				t.Errorf("%d silent: %d of %d others settled, the last %v after it could be asked", row.silent, settled,
					row.others, took)
			}
			if widest > settlementsMax || r.running != 0 || r.Open() != row.silent {
				t.Errorf("%d silent: %d at once, %d at the end, %d open", row.silent, widest, r.running, r.Open())
			}
		})
	}
}

// TestHintsAreKeptUntilLookedAt: P6, what somebody has spoken of is looked at however often the processor is silent,
// and Unheard tells until then.
func TestHintsAreKeptUntilLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []uint64
		var r *Reconciler
		r = NewReconciler(func(_ context.Context, id booking.ID, hints uint64) (Outcome, error) {
			if asked = append(asked, hints); len(asked) < 3 {
				return Outcome{Rest: hints, Silent: true}, nil
			}
			if got := r.Unheard([]booking.ID{id, bookingOf(9)}); len(got) != 1 {
				t.Errorf("unheard %v before the last look", got)
			}
			return Outcome{Answered: true}, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r.Nudge(bookingOf(1), 4)
		r.Run(ctx)
		if !slices.Equal(asked, []uint64{4, 4, 4}) || r.Open() != 0 || len(r.Unheard([]booking.ID{bookingOf(1)})) != 0 {
			t.Errorf("hints %v, %d open", asked, r.Open())
		}
	})
}

// TestWhatWaitsForAPersonIsListed: it stays on the list, is hardly ever asked about, makes nothing look old, and is
// looked at at once when somebody says so.
func TestWhatWaitsForAPersonIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{words: []word{{Person, nil}, {Person, nil}, {Nothing, nil}}, start: time.Now()}
		r := NewReconciler(s.settle)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		r.Add(bookingOf(1))
		time.AfterFunc(10*time.Minute, func() {
			all := r.Entries(func(booking.ID) bool { return true })
			if len(all) != 1 || all[0].Left != Person || r.Oldest() != 0 || len(s.begun) != 1 {
				t.Errorf("%+v, oldest %v, asked at %v", all, r.Oldest(), s.begun)
			}
			r.Add(bookingOf(1))
		})
		r.Run(ctx)
		if len(s.begun) < 2 || s.begun[1] != 10*time.Minute+Delay(0) {
			t.Errorf("asked at %v", s.begun)
		}
	})
}
