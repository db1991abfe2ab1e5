package actors

import (
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/section"
	"holdfast/storage"
)

// TestHintsWaitForTheSectionsNode guards P6: money of an attempt that had ended is told of by hints only. They come,
// twice, while the section's node is gone, are taken at once, and the money is given back once another node has the
// section.
func TestHintsWaitForTheSectionsNode(t *testing.T) {
	var line changingProcessor
	f := newFleetWith(t, 2, fleetPlan, 8, func(c *Config) {
		line.set(c.Processor)
		c.Processor, c.ChargeTimeout = &line, 50*time.Millisecond
	})
	here, gone := f.nodes[0], f.nodes[1]
	no := storage.SectionNo(0)
	for f.owner(no) != gone {
		no++
	}
	held, err := here.hold(caller(3, 1), fleetSeat(int(no), 1))
	if err != nil {
		t.Fatal(err)
	}
	var out BookingView
	if err := here.e.Confirm(held.ID, caller(3, 2), "tok_declined", patience, &out); err == nil {
		t.Fatalf("not declined: %+v", out)
	}
	bank := &fickleBank{Processor: line.get(), taken: map[processor.AttemptID]int64{},
		back: map[processor.RefundID]int64{}}
	line.set(bank)
	f.kill(gone)
	bank.betray(attempt(held.ID, 1))
	hinted := []processor.AttemptID{attempt(held.ID, 1)}
	for range 2 {
		here.e.PaymentHint(processor.Hint{Attempt: attempt(held.ID, 1)})
	}
	if len(here.e.PaymentsUnheard(hinted)) == 0 {
		t.Error("nothing says that the hint waits")
	}
	f.lapse(gone)
	f.eventually("the money is back", func() bool {
		bank.mu.Lock()
		defer bank.mu.Unlock()
		return len(bank.back) == 1
	})
	f.eventually("no hint waits", func() bool { return len(here.e.PaymentsUnheard(hinted)) == 0 })
	err = here.e.Booking(held.ID, caller(3, 0), patience, &out)
	if err != nil || out.State == section.BookingConfirmed {
		t.Errorf("%v %+v", err, out.State)
	}
	if len(bank.back) != 1 {
		t.Errorf("P6: given back %v", bank.back)
	}
}
