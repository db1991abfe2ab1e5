package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/section"
	"holdfast/storage/faultstore"
)

// fickleBank is a bank that may take money against its own last word.
type fickleBank struct {
	processor.Processor
	mu    sync.Mutex
	taken map[processor.AttemptID]int64
	back  map[processor.RefundID]int64
}

// betray takes the money of an attempt, whatever was said of it.
func (f *fickleBank) betray(a processor.AttemptID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken[a] = 4500
}

func (f *fickleBank) Lookup(
	ctx context.Context, a processor.AttemptID, ref processor.Reference,
) (processor.Answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.taken[a] > 0 {
		return processor.Answer{Status: processor.Captured, Amount: f.taken[a], Currency: "EUR"}, nil
	}
	return f.Processor.Lookup(ctx, a, ref)
}

func (f *fickleBank) Refund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.taken[r.Attempt] > 0 {
		f.back[r.ID] = r.Amount
		return processor.Refunded, nil
	}
	return f.Processor.Refund(ctx, r)
}

// moneyMoves are what may happen to a booking whose first charge was sent and never answered, in any order. A move that
// the booking refuses is part of the story.
var moneyMoves = []struct {
	name string
	do   func(b *box, f *fickleBank, id BookingID)
}{
	{"settle", func(b *box, _ *fickleBank, id BookingID) { b.settle(id) }},
	{"take the money of the first attempt", func(b *box, f *fickleBank, id BookingID) { f.betray(attempt(id, 1)) }},
	{"hear of the first attempt", func(b *box, _ *fickleBank, id BookingID) { b.hear(id, 1) }},
	{"release", func(b *box, _ *fickleBank, id BookingID) {
		_ = b.e.Release(id, caller(1, 0), patience, new(BookingView))
	}},
	{"lapse", func(b *box, _ *fickleBank, _ BookingID) { b.now.Add(int64(boxRules().HoldTTL)) }},
	{"pay again", func(b *box, _ *fickleBank, id BookingID) { _, _ = b.confirm(id, caller(1, 0), "tok_ok") }},
	{"refund", func(b *box, _ *fickleBank, id BookingID) {
		_ = b.e.Refund(id, Caller{Operator: true}, RefundCall{}, patience, new(BookingView))
	}},
}

func attempt(id BookingID, number uint8) processor.AttemptID {
	return till.AttemptID(&till.Booking{ID: id}, number)
}

// settle does what the reconciler does.
func (b *box) settle(id BookingID) { b.hear(id, 0) }

// hear settles a booking of whose attempt somebody has spoken; 0: nobody.
func (b *box) hear(id BookingID, number uint8) {
	b.t.Helper()
	hints := uint64(0)
	if number > 0 {
		hints = 1 << number
	}
	if _, err := b.e.settleMoney(context.Background(), id, hints); err != nil {
		b.t.Errorf("settling %v: %v", id, err)
	}
}

// agree: P6, the bank has what was sold, and nothing else.
func (b *box) agree(f *fickleBank, id BookingID) error {
	taken, back, _ := b.bank.total(b.t, id)
	f.mu.Lock()
	defer f.mu.Unlock()
	if stray := f.taken[attempt(id, 1)]; stray > 0 {
		taken += stray
		for r, amount := range f.back {
			if len(r) > len(id.String()) && string(r[:len(id.String())]) == id.String() {
				back += amount
			}
		}
	}
	sold := int64(0)
	if v := b.booking(id); v.State == section.BookingConfirmed {
		sold = v.Amount
	} else if v.State == section.BookingPaying {
		return errors.New("the booking is paying for ever")
	}
	if taken-back != sold {
		return fmt.Errorf("the bank took %d and gave %d back, and %d is sold", taken, back, sold)
	}
	return nil
}

// TestLateMoney: P6 over every sequence of up to three moves, with a bank that keeps its word and one that does not.
func TestLateMoney(t *testing.T) {
	var line changingProcessor
	b, runs := newBox(t, boxRules(), Config{Processor: &line}), 0
	f := &fickleBank{Processor: b.bank, taken: map[processor.AttemptID]int64{}, back: map[processor.RefundID]int64{}}
	line.set(f)
	var walk func(path []int, depth int)
	walk = func(path []int, depth int) {
		runs++
		lateMoney(b, f, path)
		if depth == 0 {
			return
		}
		for i := range moneyMoves {
			walk(append(path[:len(path):len(path)], i), depth-1)
		}
	}
	walk(nil, 3) // deeper, and with a section and a till of its own: actors/simtest/money
	t.Logf("%d histories", runs)
}

// lateMoney plays one history, tells the booking the processor's last word, twice, and leaves the seat free.
func lateMoney(b *box, f *fickleBank, path []int) {
	held := b.mustHold(caller(1, 0), "A-1-1")
	if v, err := b.confirm(held.ID, caller(1, 0), "tok_lost"); err != nil || v.State != section.BookingPaying {
		b.t.Fatalf("%v %v, want paying", err, v.State)
	}
	story := "nothing"
	for _, i := range path {
		moneyMoves[i].do(b, f, held.ID)
		story += ", " + moneyMoves[i].name
	}
	for range 2 {
		b.hear(held.ID, 1)
		if err := b.agree(f, held.ID); err != nil {
			b.t.Errorf("P6: after %s: %v", story, err)
		}
	}
	_ = b.e.Refund(held.ID, Caller{Operator: true}, RefundCall{}, patience, new(BookingView))
	_ = b.e.Release(held.ID, caller(1, 0), patience, new(BookingView))
}

// TestRefundIsRetried: P6, a refund that was lost on the way stays owed by the log, through a restart.
func TestRefundIsRetried(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	b.bank.refundsLost.Store(2)
	var out BookingView
	if err := b.e.Refund(held.ID, Caller{Operator: true}, RefundCall{}, patience, &out); err != nil ||
		out.State != section.BookingConfirmed || len(out.Tickets) != 0 || out.Refunds[0].State != "due" {
		t.Fatalf("P6: %v %+v, want a refund that is due and no valid ticket", err, out)
	}
	b.restart()
	b.until("the seat on sale", func() bool { return b.letters(0)[0] == 'a' })
	if taken, back, _ := b.bank.total(t, held.ID); taken != back || taken == 0 {
		t.Errorf("P6: %d of %d went back", back, taken)
	}
}

// TestRefundCutInHalf: P6, when the money went back and the seats' record was lost, the reconciler takes the tickets.
func TestRefundCutInHalf(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	b.store.Add(faultstore.Rule{Op: faultstore.OpCommit, After: 1, Times: 1, Do: faultstore.Lose, Err: errBroken})
	var out BookingView
	if err := b.e.Refund(held.ID, Caller{Operator: true}, RefundCall{}, patience, &out); err == nil &&
		out.State == section.BookingRefunded {
		t.Fatal("a refund whose record was lost is told as done")
	}
	b.until("the seats back on sale", func() bool { return b.letters(0)[0] == 'a' })
	if taken, back, _ := b.bank.total(t, held.ID); taken != back || taken == 0 {
		t.Errorf("P6: %d of %d went back", back, taken)
	}
}

// TestCancelledAttemptNeverCharges: P6, another node has given an attempt up whose call was about to charge it: the
// call finds it cancelled, and nobody has paid.
func TestCancelledAttemptNeverCharges(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.bank.gate, b.bank.asked = make(chan struct{}), make(chan struct{}, 1)
	done := make(chan error, 1)
	go func() { _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); done <- err }()
	<-b.bank.asked
	elsewhere := &till.Till{Processor: b.bank.Sandbox, Section: tillSection{b.e}, Now: b.config.Clock}
	if left, err := elsewhere.Settle(t.Context(), held.ID, 0); err != nil || left.Any() {
		t.Fatalf("%+v %v", left, err)
	}
	if err := b.e.Release(held.ID, caller(1, 3), patience, new(BookingView)); err != nil {
		t.Fatal(err)
	}
	close(b.bank.gate)
	if err := <-done; !errors.Is(err, ErrDeclined) {
		t.Errorf("P6: told %v", err)
	}
	if taken, _, status := b.bank.total(t, held.ID); taken != 0 || status != processor.Cancelled {
		t.Errorf("P6: %d was taken, the processor says %v", taken, status)
	}
}
