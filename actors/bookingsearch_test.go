package actors

import (
	"context"
	"errors"
	"slices"
	"testing"

	"holdfast/actors/bookingsearch"
	"holdfast/actors/section"
	"holdfast/storage"
)

// bookingsOf lists an event's, or with a zero event one buyer's of all events.
func bookingsOf(t *testing.T, e *Engine, q bookingsearch.Request, buyer byte) BookingsPage {
	t.Helper()
	if buyer != 0 {
		q.Buyer = func(storage.EventID) (section.BuyerID, error) { return section.BuyerID{buyer}, nil }
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	page, err := e.Bookings(ctx, &q)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func idsOf(p BookingsPage) (ids []BookingID) {
	for i := range p.Bookings {
		ids = append(ids, p.Bookings[i].ID)
	}
	return ids
}

// The desk finds bookings by seat, reference and state, as their buyers see them, orders over several sections once.
func TestBookingsAreFoundAtTheDesk(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	lapsed := b.mustHold(caller(1, 1), "A-1-1")
	b.now.Add(1000)
	both := b.mustHold(caller(2, 1), "A-1-2", "B-1-1")
	b.now.Add(1000)
	bought := b.mustHold(caller(1, 2), "B-1-2")
	if _, err := b.confirm(bought.ID, caller(1, 3), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	var out BookingView
	if err := b.e.Release(lapsed.ID, caller(1, 4), patience, &out); err != nil {
		t.Fatal(err)
	}
	reference := b.booking(bought.ID).money.Reference()
	states := func(s ...section.BookingState) bookingsearch.Query { return bookingsearch.Query{States: s} }
	for _, c := range []struct {
		name  string
		q     bookingsearch.Request
		buyer byte
		want  []BookingID
	}{
		{"all", bookingsearch.Request{}, 0, []BookingID{bought.ID, both.ID, lapsed.ID}},
		{"a leg's seat", bookingsearch.Request{Seat: "B-1-1"}, 0, []BookingID{both.ID}},
		{"a home's seat", bookingsearch.Request{Seat: "A-1-2"}, 0, []BookingID{both.ID}},
		{"a seat that was given back", bookingsearch.Request{Seat: "A-1-1"}, 0, []BookingID{lapsed.ID}},
		{"a payment", bookingsearch.Request{Query: bookingsearch.Query{Payment: reference}}, 0, []BookingID{bought.ID}},
		{"a state", bookingsearch.Request{Query: states(section.BookingConfirmed)}, 0, []BookingID{bought.ID}},
		{"a buyer", bookingsearch.Request{}, 1, []BookingID{bought.ID, lapsed.ID}},
	} {
		c.q.Event = b.event
		page := bookingsOf(t, b.e, c.q, c.buyer)
		if got := idsOf(page); !slices.Equal(got, c.want) || page.Incomplete {
			t.Errorf("%s: %v, want %v, incomplete %v", c.name, got, c.want, page.Incomplete)
		}
	}
	for _, got := range bookingsOf(t, b.e, bookingsearch.Request{Event: b.event}, 0).Bookings {
		want := b.booking(got.ID)
		if got.State != want.State || got.Amount != want.Amount || !slices.Equal(got.Seats, want.Seats) ||
			!slices.Equal(got.Tickets, want.Tickets) || got.Buyer == (section.BuyerID{}) || got.PlacedAt == 0 {
			t.Errorf("listed %+v, stands %+v", got, want)
		}
	}
	var unknown *SeatsUnknownError
	if _, err := b.e.Bookings(t.Context(), &bookingsearch.Request{Event: b.event, Seat: "Z"}); !errors.As(
		err, &unknown,
	) {
		t.Errorf("a seat that is none: %v", err)
	}
	if _, err := b.e.Bookings(t.Context(), &bookingsearch.Request{Event: storage.EventID{1}}); !errors.Is(
		err, ErrEventUnknown,
	) {
		t.Errorf("an event that is none: %v", err)
	}
}

// Kind: a list that opens everything, or forgets what nobody has open. A buyer's bookings of events that were closed
// are found, and of the others nothing is claimed or written.
func TestClosedEventsAreSearchedAndLeftAlone(t *testing.T) {
	e, store := idleWorld(t)
	var events []storage.EventID
	for range 4 {
		events = append(events, idleEvent(t, e, 2))
	}
	var held BookingView
	for _, sale := range []storage.SaleState{storage.SaleOpen, storage.SaleClosed} {
		if _, err := e.SetSale(t.Context(), events[1], sale); err != nil {
			t.Fatal(err)
		}
		if sale == storage.SaleOpen {
			if err := e.Book(&BookCall{Event: events[1], Caller: caller(1, 1), Seats: []string{"S0-1-1"}}, patience,
				&held); err != nil {
				t.Fatal(err)
			}
			if err := e.Confirm(held.ID, caller(1, 2), "tok_ok", patience, &held); err != nil {
				t.Fatal(err)
			}
		}
	}
	e.sweepUntil(t, idleSweeps, func() bool { return !e.isOpen(events[1]) })
	before := store.written.Load()
	if page := bookingsOf(t, e, bookingsearch.Request{}, 2); len(page.Bookings) != 0 || page.Incomplete ||
		store.written.Load() != before {
		t.Errorf("a stranger: %v, %d records written", idsOf(page), store.written.Load()-before)
	}
	page := bookingsOf(t, e, bookingsearch.Request{}, 1)
	if got := idsOf(page); !slices.Equal(got, []BookingID{held.ID}) || page.Incomplete {
		t.Errorf("the buyer: %v, want %v", got, held.ID)
	}
	for i, id := range events {
		if e.isOpen(id) != (i == 1) {
			t.Errorf("event %d: open %v", i, e.isOpen(id))
		}
	}
}

// Kind: a list that stands still, or has holes, because a section is another node's. Each node tells the same, and goes
// on when the owner of some is gone.
func TestEachNodeListsAllBookings(t *testing.T) {
	f := newFleet(t, 3)
	var want []BookingID
	for no := range 8 {
		out, err := f.nodes[no%3].hold(caller(byte(no+1), 1), fleetSeat(no, 1))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, out.ID)
	}
	sorted := func(ids []BookingID) []BookingID {
		slices.SortFunc(ids, func(a, b BookingID) int { return int(a.Section.Section) - int(b.Section.Section) })
		return ids
	}
	for _, n := range f.nodes {
		n := n
		f.eventually("every booking is told", func() bool {
			page := bookingsOf(t, n.e, bookingsearch.Request{Event: f.event}, 0)
			return !page.Incomplete && slices.Equal(sorted(idsOf(page)), want)
		})
		if got := idsOf(bookingsOf(t, n.e, bookingsearch.Request{}, 3)); !slices.Equal(got, want[2:3]) {
			t.Errorf("one buyer's: %v", got)
		}
	}
}
