package wire

import (
	"fmt"
	"testing"

	"holdfast/actors/budget"
	"holdfast/api/wire/pricing"
)

// TestBudgets holds every hot path of this package against its allocations.
func TestBudgets(t *testing.T) { budget.Check(t, raceDetector, budgets()) }

// budgets are what every request of a buyer is read with and answered with.
func budgets() []budget.Path {
	return []budget.Path{
		budget.Exact("body of two named seats", 1000, 0, parsePath(`{"seats":["A-1-1","A-1-2"]}`)),
		budget.Exact("body of eight named seats", 1000, 0,
			parsePath(`{"seats":["A-1-1","A-1-2","A-1-3","A-1-4","A-1-5","A-1-6","A-1-7","A-1-8"]}`)),
		budget.Exact("body of the best two", 1000, 0, parsePath(`{"best_available":{"quantity":2,"section":"A"}}`)),
		budget.Exact("body of a confirmation", 1000, 1000, confirmPath), // the token
		budget.Exact("held booking", 1000, 0, bookingPath(0)),
		budget.Exact("confirmed booking of eight", 1000, 0, bookingPath(8)),
		budget.Exact("held booking with what its price is made of", 1000, 0, pricedPath),
		budget.Exact("lost seats of a refusal", 1000, 0, seatsPath),
		budget.Exact("delta of eight seats", 1000, 0, deltaPath),
	}
}

func parsePath(body string) func(testing.TB) func() {
	return func(testing.TB) func() {
		var p BookParser
		text := []byte(body)
		return func() {
			if err := p.Parse(text); err != nil {
				panic(err)
			}
		}
	}
}

func confirmPath(testing.TB) func() {
	body := []byte(`{"payment_token":"tok_ok"}`)
	var c Confirm // a pooled request has it
	return func() {
		c = Confirm{}
		if err := Decode(body, &c); err != nil {
			panic(err)
		}
	}
}

// bookingPath encodes a booking of two seats that is held, or one of so many tickets.
func bookingPath(tickets int) func(testing.TB) func() {
	return func(testing.TB) func() {
		expires := OffsetTime{Time: 1_900_000_000_123}
		b := Booking{ID: "b1", Event: "e1", State: "held", Seats: []string{"A-1-1", "A-1-2"}, ExpiresAt: &expires,
			Total: Money{4500, "EUR"}}
		if tickets > 0 {
			b.State, b.Seats, b.ExpiresAt = "confirmed", nil, nil
		}
		for i := range tickets {
			seat := fmt.Sprintf("A-1-%d", i+1)
			b.Seats, b.Tickets = append(b.Seats, seat), append(b.Tickets, Ticket{seat, "ABCD-EFGH-IJKL-MNOP"})
		}
		out := make([]byte, 0, 4<<10)
		return func() { out = AppendBooking(out[:0], &b) }
	}
}

func pricedPath(testing.TB) func() {
	b := Booking{ID: "b1", Event: "e1", State: "held", Seats: []string{"A-1-1"}, Total: Money{4500, "EUR"},
		Price: &pricing.Price{Face: 4000, Total: 4500, Fees: []pricing.Fee{{Code: "service", Amount: 500}},
			Taxes: []pricing.Tax{{Code: "vat", Rate: "19", Amount: 718, Included: true}}}}
	out := make([]byte, 0, 4<<10)
	return func() { out = AppendBooking(out[:0], &b) }
}

func seatsPath(testing.TB) func() {
	out, seats := make([]byte, 0, 256), []string{"A-1-1", "A-1-2"}
	return func() { out = AppendStrings(out[:0], seats) }
}

func deltaPath(testing.TB) func() {
	out := make([]byte, 0, 256)
	return func() {
		out = out[:0]
		for seat := range uint32(8) {
			out = AppendSeatChange(out, SeatChange{seat, 'h'})
		}
	}
}

// BenchmarkWire is the same paths, timed.
func BenchmarkWire(b *testing.B) {
	for _, path := range budgets() {
		path.Benchmark(b)
	}
}
