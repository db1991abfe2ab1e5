package actors

import (
	"errors"
	"slices"
	"testing"

	"holdfast/actors/audit"
	"holdfast/actors/audit/processorlist"
	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// pricesPlan has dear and cheap rows in one section, and another section.
const pricesPlan = `{"sections":[{"id":"A","rows":[{"label":"1","category":"dear","seats":4},` +
	`{"label":"2","category":"cheap","seats":4}]},{"id":"B","category":"dear","rows":[{"label":"1","seats":2}]}]}`

// priced is a box of an event whose prices have fees.
func priced(t *testing.T, config Config) *box {
	t.Helper()
	b := newBox(t, boxRules(), config)
	v, err := venue.Parse([]byte(pricesPlan), venue.Options{Name: "priced"})
	if err != nil {
		t.Fatal(err)
	}
	rules := boxRules()
	rules.SeatsPerBuyerMax = 2
	header, err := b.e.CreateEvent(t.Context(), &storage.Event{Name: "priced", Currency: "EUR", Sale: storage.SaleOpen,
		Rules: rules, Prices: map[string]int64{"dear": 6000, "cheap": 2500},
		Components: map[string]price.Price{
			"dear":  {Face: 5500, Fees: []price.Fee{{Code: "service", Amount: 500}}},
			"cheap": {Face: 2000, Fees: []price.Fee{{Code: "service", Amount: 500}}}}}, v)
	if err != nil {
		t.Fatal(err)
	}
	b.event = header.ID
	return b
}

// auditClean fails on every finding about the store and the processor's list.
func (b *box) auditClean() {
	b.t.Helper()
	report, err := audit.Run(b.t.Context(), b.inner.Clone(), audit.Options{Payments: processorlist.Of(b.bank)})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, finding := range report.Findings {
		b.t.Error(finding)
	}
}

func (b *box) exchange(id BookingID, who Caller, gives, seats []string) (BookingView, error) {
	var out BookingView
	err := b.e.Exchange(id, gives, &BookCall{Event: b.event, Caller: who, Seats: seats}, patience, &out)
	return out, err
}

// TestSeatsAreExchanged: the difference is charged or given back, to the cent (P6); the codes of what is given up are
// void, those of what stays are as they were; the buyer's limit is met before, meanwhile and after (P13).
func TestSeatsAreExchanged(t *testing.T) {
	bothWays(t, func(t *testing.T, config Config) {
		b := priced(t, config)
		sold := b.soldTickets(1, "A-2-1", "A-2-2")
		id := sold.Booking
		for range 2 { // P5
			x, err := b.exchange(id, caller(1, 3), []string{"A-2-1"}, []string{"A-1-2"})
			if err != nil || x.State != section.BookingHeld || x.Exchange == nil || x.Exchange.Of != id ||
				x.Exchange.Difference != 3500 || x.Amount != 3500 || x.Exchange.Credit != 2500 {
				t.Fatalf("%+v %v", x, err)
			}
			var no *Refusal
			if _, err := b.exchange(id, caller(1, 4), []string{"A-2-2"}, []string{"A-1-3"}); !errors.As(err, &no) ||
				no.Code != section.ExchangeUnderWay {
				t.Fatalf("a second exchange beside it: %v", err)
			}
		}
		x, _ := b.exchange(id, caller(1, 3), []string{"A-2-1"}, []string{"A-1-2"})
		if now := b.booking(id); !slices.Equal(now.Seats, []string{"A-2-1", "A-2-2"}) || len(now.Tickets) != 2 {
			t.Fatalf("before it is paid: %+v", now)
		}
		for range 2 { // P5
			done, err := b.confirm(x.ID, caller(1, 5), "tok_ok")
			if err != nil || !done.exchanged() {
				t.Fatalf("%+v %v", done, err)
			}
		}
		now := b.booking(id)
		if !slices.Equal(now.Seats, []string{"A-1-2", "A-2-2"}) || now.State != section.BookingConfirmed {
			t.Fatalf("%+v", now)
		}
		if taken, _, _ := b.bank.total(t, x.ID); taken != 3500 {
			t.Errorf("P6: %d taken for the difference", taken)
		}
		after := b.tickets(id)
		codes := map[string]string{}
		for _, one := range after.Tickets {
			codes[one.Seat] = one.Code
		}
		for _, one := range sold.Tickets {
			switch _, err := b.scan(one.Code, "north", 0); {
			case one.Seat == "A-2-1" && err == nil:
				t.Error("a code of a seat that was given up opens a door")
			case one.Seat == "A-2-2" && (err != nil || codes[one.Seat] != one.Code):
				t.Errorf("the code of a seat that stays: %v", err)
			}
		}
		if _, err := b.scan(codes["A-1-2"], "north", 0); err != nil {
			t.Errorf("the code of the new seat: %v", err)
		}
		if other, err := b.hold(caller(2, 1), "A-2-1"); err != nil {
			t.Errorf("the seat that was given up: %+v %v", other, err)
		}
		b.auditClean()
	})
}

// TestCheaperSeatsGiveTheDifferenceBack: P6, over several payments too: a refund of the booking takes what exchanges
// have brought.
func TestCheaperSeatsGiveTheDifferenceBack(t *testing.T) {
	b := priced(t, Config{})
	id := b.soldTickets(1, "A-2-1").Booking
	dearer, err := b.exchange(id, caller(1, 3), []string{"A-2-1"}, []string{"A-1-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = b.confirm(dearer.ID, caller(1, 4), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	cheaper, err := b.exchange(id, caller(1, 5), []string{"A-1-1"}, []string{"A-2-3"})
	if err != nil || cheaper.Exchange.Difference != -3500 || cheaper.Amount != 0 {
		t.Fatalf("%+v %v", cheaper, err)
	}
	if done, err := b.confirm(cheaper.ID, caller(1, 6), ""); err != nil || !done.exchanged() {
		t.Fatalf("%+v %v", done, err)
	}
	b.until("the difference is back", func() bool {
		_, first, _ := b.bank.total(t, id)
		_, second, _ := b.bank.total(t, dearer.ID)
		return first+second == 3500
	})
	var out BookingView
	if err := b.e.Refund(id, operatorCaller(3, 1), RefundCall{}, patience, &out); err != nil ||
		out.State != section.BookingRefunded {
		t.Fatalf("%+v %v", out, err)
	}
	b.until("all is back", func() bool {
		taken, first, _ := b.bank.total(t, id)
		more, second, _ := b.bank.total(t, dearer.ID)
		return taken+more == 6000 && first+second == 6000
	})
	b.auditClean()
}

// TestWhatIsNotExchanged: each refusal says why, and nothing changes.
func TestWhatIsNotExchanged(t *testing.T) {
	b := priced(t, Config{})
	sold := b.soldTickets(1, "A-2-1", "A-2-2")
	id := sold.Booking
	held := b.mustHold(caller(2, 1), "A-1-4")
	if _, err := b.scan(sold.Tickets[1].Code, "north", 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id           BookingID
		who          Caller
		gives, seats []string
		want         section.Rejection
	}{
		{id, caller(1, 11), []string{"A-2-1"}, []string{"A-1-1", "A-1-2"}, section.ExchangeUneven},
		{id, caller(1, 12), []string{"A-2-1"}, []string{"B-1-1"}, section.ExchangeOverSections},
		{id, caller(1, 13), []string{"A-2-1"}, []string{"A-1-4"}, section.SeatTaken},
		{id, caller(1, 14), []string{"A-2-2"}, []string{"A-1-1"}, section.AlreadyAdmitted},
		{id, caller(1, 15), []string{"A-2-3"}, []string{"A-1-1"}, section.AlreadyRefunded},
		{id, caller(1, 16), []string{"A-2-1"}, []string{"A-2-1"}, section.NoSeats},
		{held.ID, caller(2, 17), []string{"A-1-4"}, []string{"A-1-1"}, section.NotConfirmed},
	} {
		var no *Refusal
		if _, err := b.exchange(c.id, c.who, c.gives, c.seats); !errors.As(err, &no) || no.Code != c.want {
			t.Errorf("%v for %v: %v, want %v", c.gives, c.seats, err, c.want)
		}
	}
	_, err := b.exchange(id, caller(2, 18), []string{"A-2-1"}, []string{"A-1-1"})
	if !errors.Is(err, ErrBookingUnknown) {
		t.Errorf("another buyer's booking: %v", err)
	}
	b.auditClean()
}

// TestAnExchangeThatCannotBeGivesItsMoneyBack: P6, whoever is let in while the difference is being paid keeps the seat.
func TestAnExchangeThatCannotBeGivesItsMoneyBack(t *testing.T) {
	b := priced(t, Config{})
	sold := b.soldTickets(1, "A-2-1")
	x, err := b.exchange(sold.Booking, caller(1, 3), []string{"A-2-1"}, []string{"A-1-1"})
	if err != nil {
		t.Fatal(err)
	}
	b.bank.before = func() {
		if _, err := b.scan(sold.Tickets[0].Code, "north", 0); err != nil {
			t.Error(err)
		}
	}
	var no *Refusal
	if got, err := b.confirm(x.ID, caller(1, 4), "tok_ok"); !errors.As(err, &no) || no.Code != section.NotExchangeable {
		t.Fatalf("%+v %v", got, err)
	}
	b.until("the money is back", func() bool {
		taken, back, _ := b.bank.total(t, x.ID)
		return taken == 3500 && back == 3500
	})
	if now := b.booking(sold.Booking); !slices.Equal(now.Seats, []string{"A-2-1"}) {
		t.Errorf("%+v", now)
	}
	b.auditClean()
}
