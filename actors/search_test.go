package actors

import (
	"errors"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/storage/faultstore"
)

// TestSearchGoesOnAfterATimeout: P11 and P5. A search timed out in a section that then lost its seats to others and
// never got to the request; repeated, it finds seats elsewhere, and concurrent repeats are one booking.
func TestSearchGoesOnAfterATimeout(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.live()
	arrived, open := b.stuck(faultstore.Lose)
	first := make(chan error, 1)
	go func() { _, err := b.hold(caller(9, 1), "A-1-6"); first <- err }() // what the search waits behind, and what kills the section
	<-arrived
	var out BookingView
	call := BookCall{Event: b.event, Caller: caller(1, 1), Best: BestAvailable{Quantity: 4}}
	if err := b.e.Book(&call, 50*time.Millisecond, &out); !errors.Is(err, ErrTimeout) {
		t.Fatalf("no answer in time: %v", err)
	}
	open()
	if err := <-first; !errors.Is(err, ErrUnavailable) {
		t.Fatalf("a hold that was not written: %v", err)
	}
	err := b.retry(func() error { _, err := b.hold(caller(2, 1), "A-1-1", "A-1-2", "A-1-3", "A-1-4"); return err })
	if err != nil {
		t.Fatal(err)
	}
	b.mustHold(caller(3, 1), "A-2-1", "A-2-2", "A-2-3", "A-2-4")
	views := make([]BookingView, 8)
	for _, err := range together(8, func(i int) (err error) {
		views[i], err = b.best(caller(1, 1), BestAvailable{Quantity: 4})
		return err
	}) {
		if err != nil {
			t.Fatalf("P11: repeated while section B has six free seats: %v", err)
		}
	}
	for _, v := range views {
		if v.ID != views[0].ID || v.ID.Section.Section != 1 {
			t.Errorf("P5: one wish became %v and %v", views[0].ID, v.ID)
		}
	}
	if got := b.seatsOf(1); got != 4 {
		t.Errorf("the ledger counts %d seats, the buyer has 4", got)
	}
}

// TestSearchAsksWhereHoldsAreDue: P4 and P11, a hold that is due to end is no reason to call its section full.
func TestSearchAsksWhereHoldsAreDue(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	for buyer, quantity := range []uint32{4, 4, 4, 2, 2} {
		if _, err := b.best(caller(byte(buyer+1), 1), BestAvailable{Quantity: quantity}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.best(caller(9, 1), BestAvailable{Quantity: 1}); code(err) != "sold_out" {
		t.Fatalf("all seats are held: %v", err)
	}
	b.now.Add(int64(boxRules().HoldTTL))
	if _, err := b.best(caller(9, 1), BestAvailable{Quantity: 4}); err != nil {
		t.Errorf("P11: all holds are due, the search says %v", err)
	}
}

// TestRepeatOfASweptTime: P5, a repeat gets its first answer even when its hold was placed long ago and its seats are
// taken, after the index has looked for things to forget.
func TestRepeatOfASweptTime(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	b.now.Add(2 * int64(section.DefaultDedupeWindow))
	b.mustHold(caller(3, 7), "A-1-4") // so that a hold exists that is not due: the map is to be trusted
	ev, _, err := b.e.openEvent(b.event, deadlineSoon())
	if err != nil {
		t.Fatal(err)
	}
	sibling := caller(1, 1)
	sibling.Request[14]++
	if _, err := b.hold(sibling, "A-1-2"); err != nil {
		t.Fatal(err)
	}
	ev.index.Sweep()
	if again, err := b.hold(caller(1, 1), "A-1-1"); err != nil || again.ID != held.ID {
		t.Errorf("P5: the repeat after two days: %v %v, first %v", err, again.ID, held.ID)
	}
}

// TestIndexForgetsWhatTheSectionForgot: the index lets go of a request once its section has, and not before.
func TestIndexForgetsWhatTheSectionForgot(t *testing.T) {
	rules := boxRules()
	rules.DedupeWindow, rules.DedupeCountMin = 1000, 1
	b := newBox(t, rules, Config{})
	ev, _, err := b.e.openEvent(b.event, deadlineSoon())
	if err != nil {
		t.Fatal(err)
	}
	nth := func(n byte) Caller {
		who := caller(n, 1)
		who.Request = section.RequestID{14: n}
		return who
	}
	for n, seat := range []string{"A-1-1", "A-1-2", "A-1-3", "A-1-4"} {
		ev.index.Sweep()
		b.mustHold(nth(byte(n)), seat)
		b.now.Add(2000)
	}
	for n, want := range []bool{false, false, true, true} {
		if there := ev.index.Contains(nth(byte(n)).Request); there != want {
			t.Errorf("P5: request %d is in the index: %v, want %v", n, there, want)
		}
	}
}
