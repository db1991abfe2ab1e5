package actors

import (
	"context"
	"errors"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// extend gives a hold more time.
func (b *box) extend(id BookingID, who Caller) (BookingView, error) {
	var out BookingView
	err := b.e.Extend(id, who, patience, &out)
	return out, err
}

func (b *box) sale(s storage.SaleState) {
	b.t.Helper()
	if _, err := b.e.SetSale(context.Background(), b.event, s); err != nil {
		b.t.Fatal(err)
	}
}

// Kind: a sale that is over and goes on giving time. The table is the one in sale.go.
func TestSaleStateRules(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.now.Add(1000)
	first, err := b.extend(held.ID, caller(1, 2))
	if err != nil || first.ExpiresAt <= held.ExpiresAt {
		t.Fatalf("while open: %+v, %v", first, err)
	}
	b.sale(storage.SalePaused)
	b.now.Add(1000)
	if got, err := b.extend(held.ID, caller(1, 3)); err != nil || got.ExpiresAt <= first.ExpiresAt {
		t.Errorf("while paused: %+v, %v", got, err)
	}
	b.sale(storage.SaleClosed)
	b.now.Add(1000)
	before := b.booking(held.ID)
	if _, err := b.extend(held.ID, caller(1, 4)); !errors.Is(err, ErrSaleNotOpen) ||
		b.booking(held.ID).ExpiresAt != before.ExpiresAt {
		t.Errorf("while closed: %v", err)
	}
	if got, err := b.extend(held.ID, caller(1, 2)); err != nil || got.ID != held.ID {
		t.Errorf("P5: the repeat of an accepted extension while closed: %+v, %v", got, err)
	}
	if _, err := b.extend(held.ID, caller(2, 1)); !errors.Is(err, ErrBookingUnknown) {
		t.Errorf("another buyer's booking while closed: %v", err)
	}
	if got, err := b.confirm(held.ID, caller(1, 5), "tok_ok"); err != nil || got.State != section.BookingConfirmed {
		t.Errorf("what is held is paid while closed: %+v, %v", got, err)
	}
	var refused *Refusal
	if _, err := b.extend(held.ID, caller(1, 6)); !errors.As(err, &refused) ||
		refused.Code != section.AlreadyConfirmed {
		t.Errorf("a sold booking while closed: %v", err)
	}
}

// Kind: a show that has begun and is still sold.
func TestSaleEndsByTheClock(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	v, err := venue.Parse([]byte(smallPlan), venue.Options{Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	starts := section.Instant(b.now.Load() + 5000)
	for _, row := range []struct {
		name string
		ends section.Instant
		end  section.Instant
	}{
		{"at the start, in an event of an earlier build", 0, starts},
		{"before the start", starts - 1000, starts - 1000},
		{"at the door", starts + 60_000, starts + 60_000},
	} {
		b.now.Store(int64(starts) - 5000)
		made, err := b.e.CreateEvent(
			context.Background(),
			&storage.Event{Name: row.name, Currency: "EUR", Sale: storage.SaleOpen, Rules: boxRules(),
				StartsAt: starts, SaleEndsAt: row.ends},
			v,
		)
		if err != nil {
			t.Fatal(err)
		}
		b.event = made.ID
		b.now.Store(int64(row.end) - 1)
		held := b.mustHold(caller(1, 1), "A-1-1")
		b.now.Store(int64(row.end))
		if _, err := b.hold(caller(1, 2), "A-1-2"); !errors.Is(err, ErrSaleEnded) || !errors.Is(err, ErrSaleNotOpen) {
			t.Errorf("%s: a hold of named seats: %v", row.name, err)
		}
		if _, err := b.best(caller(1, 3), BestAvailable{Quantity: 1}); !errors.Is(err, ErrSaleEnded) {
			t.Errorf("%s: the best seat: %v", row.name, err)
		}
		if _, err := b.extend(held.ID, caller(1, 4)); !errors.Is(err, ErrSaleEnded) {
			t.Errorf("%s: more time: %v", row.name, err)
		}
		if again := b.mustHold(caller(1, 1), "A-1-1"); again.ID != held.ID {
			t.Errorf("%s: P5: the repeat is %v, first %v", row.name, again.ID, held.ID)
		}
		if got, err := b.confirm(held.ID, caller(1, 5), "tok_ok"); err != nil || got.State != section.BookingConfirmed {
			t.Errorf("%s: paying what is held: %+v, %v", row.name, got, err)
		}
	}
}
