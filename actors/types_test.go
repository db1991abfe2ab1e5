package actors

import (
	"errors"
	"sync"
	"testing"
	"time"

	"holdfast/actors/fares"
	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/section/tariff"
	"holdfast/storage/onsale"
)

// typesOf is a list of adults' and children's prices.
func typesOf(adult, child int64) *onsale.Prices {
	return &onsale.Prices{Totals: map[string]int64{"standard": adult}, Types: map[string][]price.Type{"standard": {
		{Name: "adult", Price: price.Price{Face: adult}}, {Name: "child", Price: price.Price{Face: child}}}}}
}

func (b *box) reprice(p *onsale.Prices) {
	b.t.Helper()
	if _, err := b.edit(onsale.Edit{Reason: "r", Prices: p}, Caller{}); err != nil {
		b.t.Fatal(err)
	}
}

// bookTyped holds seats as types of tickets, which are given behind them.
func (b *box) bookTyped(who Caller, types []string, seats ...string) (out BookingView, err error) {
	call := BookCall{Event: b.event, Caller: who, Seats: seats, Fares: fares.Request{Types: types}}
	return out, b.e.Book(&call, patience, &out)
}

// I12, P6: whoever holds seats keeps the price of then, through an edit, a restart and a replay; what comes costs what
// the edit says; each pays, and gets back, its own.
func TestHoldsKeepTheirPriceAndTheNextOnesCostWhatTheEditSays(t *testing.T) {
	b := newHouse(t)
	before := b.mustHold(caller(1, 1), "A-1-1", "A-1-2")
	over := b.mustHold(caller(2, 2), "B-1-1", "C-1-1")
	b.reprice(typesOf(6000, 2000))
	for range 2 {
		if got := b.booking(before.ID); got.Amount != before.Amount {
			t.Errorf("who held before the edit is to pay %d, was told %d", got.Amount, before.Amount)
		}
		if again := b.mustHold(caller(2, 2), "B-1-1", "C-1-1"); again.ID != over.ID || again.Amount != over.Amount {
			t.Errorf("P5: the repeat costs %d, the first %d", again.Amount, over.Amount)
		}
		b.restart()
	}
	family, err := b.bookTyped(caller(3, 3), []string{"", "child"}, "A-1-3", "A-1-4")
	if err != nil || family.Amount != 8000 || family.Types[0].Type != "adult" || family.Types[1].Type != "child" {
		t.Fatalf("%+v, %v", family, err)
	}
	apart, err := b.bookTyped(caller(4, 4), []string{"child", "", "child"}, "D-1-1", "D-1-2", "E-1-1")
	if err != nil || apart.Amount != 10000 || apart.Types[2] != (fares.SeatType{Type: "child", Amount: 2000}) {
		t.Fatalf("%+v, %v", apart, err)
	}
	if again, err := b.bookTyped(caller(4, 4), []string{"child", "", "child"}, "D-1-1", "D-1-2", "E-1-1"); err != nil ||
		again.ID != apart.ID || again.Amount != 10000 {
		t.Errorf("P5: the repeat is %+v, %v", again, err)
	}
	for _, id := range []BookingID{before.ID, over.ID, family.ID, apart.ID} {
		if _, err := b.confirm(id, Caller{Operator: true}, "tok_ok"); err != nil {
			t.Fatal(err)
		}
	}
	b.reprice(typesOf(9000, 3000))
	given, err := b.refund(family.ID, operatorCaller(21, 1), "A-1-4")
	if err != nil || given.Refunds[0].Amount != 2000 || given.Amount != 6000 {
		t.Errorf("the child's seat: %+v, %v", given, err)
	}
	if given, err = b.refund(apart.ID, operatorCaller(22, 1), "E-1-1"); err != nil || given.Refunds[0].Amount != 2000 {
		t.Errorf("the child's seat elsewhere: %+v, %v", given, err)
	}
	if given, err = b.refund(before.ID, operatorCaller(23, 1)); err != nil || given.Refunds[0].Amount != before.Amount {
		t.Errorf("who held before: %+v, %v", given, err)
	}
	b.restart()
	if now := b.booking(apart.ID); now.Amount != 8000 || len(now.Types) != 2 {
		t.Errorf("what is left: %+v", now)
	}
	b.audited()
}

// A type that a seat does not have is refused by the section, unless it remembers the request: then what was placed is
// told (P5). The best seats are of the types that were asked for.
func TestTypesThatSeatsDoNotHaveAreRefused(t *testing.T) {
	b := newHouse(t)
	b.reprice(typesOf(6000, 2000))
	first, err := b.bookTyped(caller(1, 1), []string{"child"}, "A-1-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, seats := range [][]string{{"B-1-1"}, {"B-1-1", "C-1-1"}} {
		if _, err := b.bookTyped(caller(2, 0), []string{"dog"}, seats...); code(err) != section.TypeUnknown.String() {
			t.Errorf("a dog's ticket for %v: %v", seats, err)
		}
	}
	b.reprice(&onsale.Prices{Totals: map[string]int64{"standard": 7000}})
	if again, err := b.bookTyped(caller(1, 1), []string{"child"}, "A-1-1"); err != nil || again.ID != first.ID ||
		again.Amount != 2000 || again.Types[0].Type != "child" {
		t.Errorf("P5: the repeat of a type that is no more: %+v, %v", again, err)
	}
	if _, err := b.bookTyped(caller(3, 0), []string{"child"}, "A-1-2"); code(err) != section.TypeUnknown.String() {
		t.Errorf("a type that is no more: %v", err)
	}
	b.reprice(typesOf(5000, 1000))
	best := func(who Caller, n uint32, wanted ...fares.Wanted) (out BookingView, err error) {
		call := BookCall{Event: b.event, Caller: who, Best: BestAvailable{Quantity: n},
			Fares: fares.Request{Wanted: wanted}}
		return out, b.e.Book(&call, patience, &out)
	}
	adults, child := fares.Wanted{Type: "adult", Seats: 2}, fares.Wanted{Type: "child", Seats: 1}
	if out, err := best(caller(4, 0), 3, adults, child); err != nil || out.Amount != 11000 {
		t.Errorf("two adults and a child: %+v, %v", out, err)
	}
	if out, err := best(caller(5, 0), 6, fares.Wanted{Type: "child", Seats: 6}); err != nil || out.Amount != 6000 ||
		len(out.Seats) != 6 {
		t.Errorf("six children in two sections: %+v, %v", out, err)
	}
	if _, err := best(caller(6, 0), 1, fares.Wanted{Type: "dog", Seats: 1}); code(err) != section.TypeUnknown.String() {
		t.Errorf("the best seat for a dog: %v", err)
	}
	b.audited()
}

// I4: what an operator gives away costs nothing, over sections too, is sold without a token, and gives nothing back;
// who did it and why is in the log.
func TestWhatIsGivenAwayCostsNothing(t *testing.T) {
	b := newHouse(t)
	gift := func(seats ...string) BookingView {
		t.Helper()
		who := caller(7, 0)
		who.Operator = true
		call := BookCall{Event: b.event, Caller: who, Seats: seats,
			Fares: fares.Request{Gift: &tariff.Gift{By: "desk", Reason: "press"}}}
		var out BookingView
		if err := b.e.Book(&call, patience, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	for n, out := range []BookingView{gift("A-1-1"), gift("B-1-1", "C-1-1")} {
		if out.Amount != 0 || out.Gift == nil || out.Gift.By != "desk" || out.Gift.Reason != "press" {
			t.Fatalf("%+v", out)
		}
		sold, err := b.confirm(out.ID, Caller{Operator: true}, "")
		if err != nil || sold.State != section.BookingConfirmed {
			t.Fatalf("%+v, %v", sold, err)
		}
		b.restart()
		back, err := b.refund(out.ID, operatorCaller(byte(30+n), 1))
		if err != nil || back.Gift == nil || back.Refunds[0].Amount != 0 {
			t.Errorf("%+v, %v", back, err)
		}
	}
	b.audited()
}

// A hold that races with an edit has one of the two prices: the one that its section logged. Sections move meanwhile,
// and bookings lie in several of them; the audit judges each hold by the list in its section's log (I12).
func TestPricesAreEditedWhileSectionsMove(t *testing.T) {
	f := newCountedFleet(t, 4)
	calm := f.stir(f.nodes[3])
	var holds sync.WaitGroup
	stop := make(chan struct{})
	for n := range 3 {
		holds.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				seats := []string{fleetSeat(i%8, 1+(i/8+7*n)%20)}
				if i%2 == 0 {
					seats = append(seats, fleetSeat((i+1)%8, 1+(i/8+7*n)%20))
				}
				out, err := f.nodes[n].hold(caller(byte(1+i%5), 0), seats...)
				if err == nil && out.Amount%int64(len(seats)) != 0 {
					t.Errorf("seats of one order cost %d: two lists", out.Amount)
				}
				if err == nil && i%3 == 0 {
					_ = f.nodes[n].e.Release(out.ID, Caller{Operator: true}, patience, &out)
				}
			}
		})
	}
	for round := range 6 {
		err := again(func() error {
			header, err := f.nodes[round%3].e.Event(f.event)
			if err != nil {
				return err
			}
			edit := onsale.Edit{Version: header.Version(), Reason: "r",
				Prices: &onsale.Prices{Totals: map[string]int64{}}}
			for category := range header.Prices {
				edit.Prices.Totals[category] = int64(5001 + 2*round)
			}
			_, err = f.nodes[round%3].e.EditEvent(t.Context(), f.event, Caller{Operator: true}, edit)
			var changed *onsale.VersionError
			if errors.As(err, &changed) {
				return ErrUnavailable // this node has not read the catalog yet
			}
			return err
		})
		if err != nil {
			t.Errorf("edit %d: %v", round, err)
		}
		<-time.After(10 * time.Millisecond) // holds come in by these prices
	}
	close(stop)
	holds.Wait()
	calm()
	header, err := f.store.Event(t.Context(), f.event)
	if err != nil || header.Prices["standard"] != 5011 || len(header.Editions()) != 7 {
		t.Errorf("the event stands as %+v, %v", header, err)
	}
	f.audited()
}

// I12, P6: seats that take the place of others cost what the list in force says, of the default type unless another is
// named; what is given up counts for what it cost by the booking's own list and types; each keeps its price after.
func TestExchangesGoByTheListInForceAndGiveBackByTheBookingsOwn(t *testing.T) {
	b := newHouse(t)
	b.reprice(typesOf(6000, 2000))
	family, err := b.bookTyped(caller(3, 3), []string{"", "child"}, "A-1-1", "A-1-2")
	if err != nil || family.Amount != 8000 {
		t.Fatalf("%+v, %v", family, err)
	}
	if _, err = b.confirm(family.ID, caller(3, 0), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	b.reprice(typesOf(9000, 3000))
	swap := func(request uint64, gives, seats, types []string) (out BookingView) {
		t.Helper()
		call := BookCall{Event: b.event, Caller: caller(3, request), Seats: seats, Fares: fares.Request{Types: types}}
		if err := b.e.Exchange(family.ID, gives, &call, patience, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	plain := swap(31, []string{"A-1-1"}, []string{"A-1-3"}, nil)
	if x := plain.Exchange; x.Credit != 6000 || x.Difference != 3000 || plain.Types[0].Type != "adult" {
		t.Fatalf("an adult's seat for an adult's: %+v, %+v", x, plain)
	}
	if _, err = b.confirm(plain.ID, caller(3, 32), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	child := swap(33, []string{"A-1-2"}, []string{"A-1-4"}, []string{"child"})
	if x := child.Exchange; x.Credit != 2000 || x.Difference != 1000 || child.Types[0].Type != "child" {
		t.Fatalf("a child's seat for a child's: %+v", x)
	}
	if _, err = b.confirm(child.ID, caller(3, 34), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	var out BookingView
	call := BookCall{Event: b.event, Caller: caller(3, 35), Seats: []string{"A-1-1"},
		Fares: fares.Request{Types: []string{"dog"}}}
	if err := b.e.Exchange(family.ID, []string{"A-1-3"}, &call, patience, &out); code(err) != "ticket_type_unknown" {
		t.Errorf("a dog's ticket: %v", err)
	}
	b.reprice(typesOf(500, 100))
	for range 2 {
		if now := b.booking(family.ID); now.Amount != 12000 || now.Types[0].Amount != 9000 ||
			now.Types[1] != (fares.SeatType{Type: "child", Amount: 3000}) {
			t.Errorf("what the booking has now: %+v", now)
		}
		b.restart()
	}
	given, err := b.refund(family.ID, operatorCaller(36, 1), "A-1-4")
	if err != nil || given.Amount != 9000 {
		t.Errorf("the child's seat is given back: %+v, %v", given, err)
	}
	b.audited()
}
