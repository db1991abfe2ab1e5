package checkout_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/checkout"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// ward is the truth of bookings, in memory: each is paying, by an attempt that was opened and whose token is gone.
type ward struct {
	mu       sync.Mutex
	bookings map[booking.ID]*till.Booking
}

func newWard(paying int) *ward {
	w := &ward{bookings: map[booking.ID]*till.Booking{}}
	for no := range paying {
		id := booking.ID{No: section.BookingNo(no + 1)}
		b := &till.Booking{ID: id, State: section.BookingPaying, Total: 4500, Currency: "EUR"}
		b.Money = account.Money{Attempt: 1, Phase: account.Opened, Amount: 4500}
		w.bookings[id] = b
	}
	return w
}

func (w *ward) Read(_ context.Context, id booking.ID) (till.Booking, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := *w.bookings[id]
	b.Money = *b.Money.Clone()
	return b, nil
}

func (w *ward) Tell(_ context.Context, id booking.ID, c section.Command) (section.Rejection, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.bookings[id]
	switch c.Kind {
	case section.ConfirmPayment:
		b.State, b.Money.Phase = section.BookingConfirmed, account.Captured
	case section.FailPayment:
		b.State, b.Money.Phase = section.BookingHeld, account.Over
	default:
	}
	return section.Accepted, nil
}

func (w *ward) paying() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.bookings {
		if b.State == section.BookingPaying {
			n++
		}
	}
	return n
}

// farBank cannot be reached until a moment: of two questions one fails at once and one is never answered. Then each
// takes a quarter of a second. Every third payment was captured.
type farBank struct {
	till.Nobody
	back time.Time

	mu            sync.Mutex
	asked         int
	under, widest int
}

var errFar = errors.New("connection refused")

func (f *farBank) ask(ctx context.Context) error {
	f.mu.Lock()
	f.asked++
	silent := f.asked%2 == 0
	f.under++
	f.widest = max(f.widest, f.under)
	f.mu.Unlock()
	defer func() { f.mu.Lock(); f.under--; f.mu.Unlock() }()
	away := time.Now().Before(f.back)
	if away && !silent {
		return errFar
	}
	timer := time.NewTimer(250 * time.Millisecond)
	defer timer.Stop()
	if away {
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *farBank) Lookup(ctx context.Context, a processor.AttemptID, _ processor.Reference) (processor.Answer, error) {
	if err := f.ask(ctx); err != nil {
		return processor.Answer{}, err
	}
	if strings.HasSuffix(strings.TrimSuffix(string(a), "-1"), "a") {
		return processor.Answer{Status: processor.Captured, Amount: 4500, Currency: "EUR"}, nil
	}
	return processor.Answer{Status: processor.Opened}, nil
}

func (f *farBank) Cancel(ctx context.Context, _ processor.AttemptID, _ processor.Reference) (processor.Answer, error) {
	return processor.Answer{Status: processor.Cancelled}, f.ask(ctx)
}

// TestNothingStandsInPayingWhenTheProcessorIsBack: P6, several hundred open attempts and a processor that was away:
// ten seconds after it can be reached no booking is paying, and it was never asked more at once than the bound.
func TestNothingStandsInPayingWhenTheProcessorIsBack(t *testing.T) {
	for name, away := range map[string]time.Duration{"never away": 0, "a minute": time.Minute + 77*time.Millisecond,
		"five minutes": 5*time.Minute + 1234*time.Millisecond} {
		t.Run(name, func(t *testing.T) { outage(t, away, 400) })
	}
}

// TestWeekWithoutTheProcessorAndTheTill: P6, the same for a week, with one booking that is asked about all the time.
func TestWeekWithoutTheProcessorAndTheTill(t *testing.T) { outage(t, 7*24*time.Hour, 1) }

func outage(t *testing.T, away time.Duration, attempts int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, bank := newWard(attempts), &farBank{back: time.Now().Add(away)}
		cash := &till.Till{Processor: bank, Section: w, Now: func() section.Instant { return 0 }}
		r := checkout.NewReconciler(func(ctx context.Context, id booking.ID, hints uint64) (checkout.Outcome, error) {
			left, err := cash.Settle(ctx, id, hints)
			out := checkout.Outcome{Rest: left.Rest, Answered: left.Answered, Silent: left.Silent, Why: left.Why}
			if left.Any() {
				out.Left = checkout.Pressing
			}
			return out, err
		})
		for id := range w.bookings {
			r.Add(id)
		}
		ctx, cancel := context.WithTimeout(t.Context(), away+10*time.Second)
		defer cancel()
		r.Run(ctx)
		if left := w.paying(); left != 0 || r.Open() != 0 {
			t.Errorf("10 s after the processor is back %d of %d are paying, %d on the list", left, attempts, r.Open())
		}
		if bank.widest > checkout.SettlementsMax {
			t.Errorf("%d questions at once", bank.widest)
		}
	})
}
