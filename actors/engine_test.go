package actors

import (
	"context"
	"errors"
	"slices"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

// TestBookingLife walks the happy path: hold, read, extend, confirm, repeat, refund, and the seats are for sale again
// (P5, P6).
func TestBookingLife(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1", "A-1-2")
	if held.State != section.BookingHeld || b.letters(0)[:3] != "hha" {
		t.Fatalf("P9: after the answer the map shows %q, booking %+v", b.letters(0), held)
	}
	b.now.Add(1000)
	var out BookingView
	if err := b.e.Extend(held.ID, caller(1, 2), patience, &out); err != nil || out.ExpiresAt != held.ExpiresAt+1000 {
		t.Errorf("extend: %v, until %d after %d", err, out.ExpiresAt, held.ExpiresAt)
	}
	sold, err := b.confirm(held.ID, caller(1, 3), "tok_ok")
	if err != nil || sold.State != section.BookingConfirmed || len(sold.Tickets) != 2 {
		t.Fatalf("confirm: %v %+v", err, sold)
	}
	again, err := b.confirm(held.ID, caller(1, 3), "tok_ok")
	if err != nil || !slices.Equal(again.Tickets, sold.Tickets) || b.bank.charges.Load() != 1 {
		t.Errorf("P6: confirmed again: %v %+v, %d charges", err, again, b.bank.charges.Load())
	}
	operator := Caller{Operator: true, Request: section.RequestID{9}}
	if err := b.e.Refund(held.ID, operator, RefundCall{}, patience, &out); err != nil ||
		out.State != section.BookingRefunded {
		t.Errorf("refund: %v %+v", err, out)
	}
	if got := b.letters(0)[:2]; got != "aa" || b.seatsOf(1) != 0 {
		t.Errorf("after the refund the map shows %q and the buyer has %d seats", got, b.seatsOf(1))
	}
}

func TestReleaseTwiceIsOneWish(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	for key := range uint64(3) {
		var out BookingView
		if err := b.e.Release(held.ID, caller(1, 2+key), patience, &out); err != nil ||
			out.State != section.BookingReleased {
			t.Errorf("release %d: %v %+v", key, err, out)
		}
	}
	if b.seatsOf(1) != 0 {
		t.Errorf("the buyer still has %d seats in the ledger", b.seatsOf(1))
	}
}

func TestBookErrors(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(9, 1), "A-1-1")
	for _, row := range []struct {
		name string
		call BookCall
		want string
	}{
		{"event", BookCall{Event: storage.EventID{1}, Seats: []string{"A-1-1"}}, ErrEventUnknown.Error()},
		{"seat", BookCall{Seats: []string{"A-1-1", "Z-1-1"}}, "actors: 1 unknown seats"},
		{"section", BookCall{Best: BestAvailable{Quantity: 1, Section: "Z"}}, ErrSectionUnknown.Error()},
		{"category", BookCall{Best: BestAvailable{Quantity: 1, Category: "gold"}}, ErrCategory.Error()},
		{"taken", BookCall{Seats: []string{"A-1-1", "A-1-2"}}, "seat_taken"},
		{"twice", BookCall{Seats: []string{"A-1-2", "A-1-2"}}, "duplicate_seat"},
		{"none", BookCall{}, "no_seats"},
		{"too many", BookCall{Best: BestAvailable{Quantity: 5}}, "too_many_seats"},
		{"accessible", BookCall{Best: BestAvailable{Quantity: 1, Accessible: true}}, "sold_out"},
	} {
		call := row.call
		if call.Event == (storage.EventID{}) {
			call.Event = b.event
		}
		call.Caller = caller(1, 0)
		var out BookingView
		if err := b.e.Book(&call, patience, &out); code(err) != row.want {
			t.Errorf("%s: %v, want %s", row.name, err, row.want)
		}
	}
	if b.seatsOf(1) != 0 {
		t.Errorf("refusals left %d seats in the buyer's ledger", b.seatsOf(1))
	}
}

func TestSaleSwitch(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.e.SetSale(context.Background(), b.event, storage.SalePaused); err != nil {
		t.Fatal(err)
	}
	if _, err := b.hold(caller(1, 2), "A-1-2"); !errors.Is(err, ErrSaleNotOpen) {
		t.Errorf("a new hold while paused: %v", err)
	}
	if again := b.mustHold(caller(1, 1), "A-1-1"); again.ID != held.ID {
		t.Errorf("P5: the repeat while paused told %v, first %v", again.ID, held.ID)
	}
}

// TestStrangers sees that a booking is its buyer's and the operator's alone.
func TestStrangers(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	var out BookingView
	for name, err := range map[string]error{
		"read":          b.e.Booking(held.ID, caller(2, 0), patience, &out),
		"release":       b.e.Release(held.ID, caller(2, 5), patience, &out),
		"extend":        b.e.Extend(held.ID, caller(2, 6), patience, &out),
		"refund":        b.e.Refund(held.ID, caller(2, 7), RefundCall{}, patience, &out),
		"confirm":       b.e.Confirm(held.ID, caller(2, 8), "tok_ok", patience, &out),
		"other section": b.e.Booking(BookingID{Section: b.key(7), No: 1}, caller(1, 0), patience, &out),
		"other event":   b.e.Booking(BookingID{Section: storage.SectionKey{}, No: 1}, caller(1, 0), patience, &out),
	} {
		if !errors.Is(err, ErrBookingUnknown) {
			t.Errorf("%s by a stranger: %v", name, err)
		}
	}
	if b.bank.charges.Load() != 0 {
		t.Error("a stranger was charged")
	}
}

// TestKeyOfAnotherSection: P5, a key belongs to one request, wherever it was first sent.
func TestKeyOfAnotherSection(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.hold(caller(1, 1), "B-1-1"); !errors.Is(err, ErrMismatch) {
		t.Errorf("the key used for another section: %v", err)
	}
	other := caller(1, 1)
	other.Fingerprint++
	if _, err := b.hold(other, "A-1-1"); !errors.Is(err, ErrMismatch) {
		t.Errorf("the key used with another body: %v", err)
	}
}

// TestRestartKeepsEverything: P2 and P5 across a stop and a start.
func TestRestartKeepsEverything(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	named := b.mustHold(caller(1, 1), "A-1-1")
	best, err := b.best(caller(2, 1), BestAvailable{Quantity: 2})
	if err != nil {
		t.Fatal(err)
	}
	inB, err := b.best(caller(3, 1), BestAvailable{Quantity: 3, Section: "B"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.confirm(named.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	before := [2]string{b.letters(0), b.letters(1)}
	b.restart()
	if after := [2]string{b.letters(0), b.letters(1)}; after != before {
		t.Errorf("P2: the map was %q and is %q", before, after)
	}
	for name, pair := range map[string][2]BookingID{
		"named": {named.ID, b.mustHold(caller(1, 1), "A-1-1").ID},
		"best":  {best.ID, first(b.best(caller(2, 1), BestAvailable{Quantity: 2})).ID},
		"in B":  {inB.ID, first(b.best(caller(3, 1), BestAvailable{Quantity: 3, Section: "B"})).ID},
	} {
		if pair[0] != pair[1] {
			t.Errorf("P5: %s repeated after the restart: %v, first %v", name, pair[1], pair[0])
		}
	}
	for buyer, want := range map[byte]uint32{1: 1, 2: 2, 3: 3} {
		if got := b.seatsOf(buyer); got != want {
			t.Errorf("buyer %d has %d seats in the ledger, want %d", buyer, got, want)
		}
	}
}

func first(v BookingView, _ error) BookingView { return v }

// TestConcurrentDuplicates: P5, the same event-wide wish from many connections is one booking.
func TestConcurrentDuplicates(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	views := make([]BookingView, 16)
	for _, err := range together(16, func(i int) (err error) {
		views[i], err = b.best(caller(1, 1), BestAvailable{Quantity: 2})
		return err
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range views {
		if v.ID != views[0].ID {
			t.Errorf("P5: bookings %v and %v for one wish", v.ID, views[0].ID)
		}
	}
	if b.seatsOf(1) != 2 {
		t.Errorf("the ledger counts %d seats", b.seatsOf(1))
	}
}

// TestBuyerLimitSpansSections sees the event's limit, and the ledger given back by refusals, releases and expiry.
func TestBuyerLimitSpansSections(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	a := b.mustHold(caller(1, 1), "A-1-1", "A-1-2", "A-1-3", "A-1-4")
	if _, err := b.hold(caller(1, 2), "B-1-1", "B-1-2", "B-1-3"); code(err) != "too_many_for_buyer" {
		t.Fatalf("seven seats in two sections: %v", err)
	}
	b.mustHold(caller(1, 3), "B-1-1", "B-1-2")
	var out BookingView
	if err := b.e.Release(a.ID, caller(1, 4), patience, &out); err != nil {
		t.Fatal(err)
	}
	if got := b.seatsOf(1); got != 2 {
		t.Fatalf("after the release the ledger counts %d, want 2", got)
	}
	b.now.Add(int64(boxRules().HoldTTL))
	b.mustHold(caller(2, 1), "B-1-1") // any command ends what is due (P4)
	if got := b.seatsOf(1); got != 0 {
		t.Errorf("after expiry the ledger counts %d", got)
	}
}

// TestLosersWriteNothing: P7.
func TestLosersWriteNothing(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-1")
	before := b.store.Calls(faultstore.OpCommit)
	for i := range 50 {
		if _, err := b.hold(caller(2, uint64(i+1)), "A-1-1"); code(err) != "seat_taken" {
			t.Fatal(err)
		}
	}
	if after := b.store.Calls(faultstore.OpCommit); after != before {
		t.Errorf("P7: 50 refusals cost %d writes", after-before)
	}
}

// TestLastSeats: P1 and P11, many buyers race for fewer seats over two sections: every seat goes, to one buyer each.
func TestLastSeats(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	views := make([]BookingView, 40)
	errs := together(40, func(i int) (err error) {
		views[i], err = b.best(caller(byte(i+1), 1), BestAvailable{Quantity: 1})
		return err
	})
	owner := map[string]int{}
	for i, err := range errs {
		if err == nil {
			if other, twice := owner[views[i].Seats[0]]; twice {
				t.Fatalf("P1: seat %s has buyers %d and %d", views[i].Seats[0], other, i)
			}
			owner[views[i].Seats[0]] = i
		} else if code(err) != "sold_out" {
			t.Errorf("buyer %d: %v", i, err)
		}
	}
	if len(owner) != 16 {
		t.Errorf("P11: %d of 16 seats were sold to 40 buyers", len(owner))
	}
}

// TestBestTogetherBeforeSplit: seats together anywhere beat a split in the best section; a split beats sold out (P11).
func TestBestTogetherBeforeSplit(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-2", "A-1-4", "A-1-6")
	b.mustHold(caller(2, 1), "A-2-2", "A-2-4")
	out, err := b.best(caller(3, 1), BestAvailable{Quantity: 4})
	if err != nil || out.Split || out.ID.Section.Section != 1 {
		t.Fatalf("together: %v %+v", err, out)
	}
	out, err = b.best(caller(4, 1), BestAvailable{Quantity: 4})
	if err != nil || !out.Split {
		t.Errorf("P11: split: %v %+v", err, out)
	}
}
