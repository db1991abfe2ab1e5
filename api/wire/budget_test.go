package wire

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// A budget is how often a path may allocate: today's figure, counted. It may be tightened, never loosened; whoever needs more has found a
// reason to look for another way. Times vary from machine to machine, allocations do not.
type budget struct {
	path   string
	of     int     // times that the path is taken for one count, so that memory which grows a chunk at a time is counted too
	allocs float64 // of all of them together
	make   func() func()
}

// spent counts, after the path was taken as often before. added is what a planted fault does besides, once in a
// count. Of three counts the least is taken: the runtime allocates now and then on its own account, the path always.
func (b budget) spent(added func()) float64 {
	least := math.Inf(1)
	for range 3 {
		run := b.make()
		least = min(least, testing.AllocsPerRun(1, func() {
			for range b.of {
				run()
			}
			added()
		}))
	}
	return least
}

// judge says what is wrong with a count; empty: it is within the budget.
func (b budget) judge(spent float64) string {
	if spent <= b.allocs {
		return ""
	}
	return fmt.Sprintf("%d × %s: %v allocations, budget %v", b.of, b.path, spent, b.allocs)
}

// wasted takes what a planted allocation makes, so that it is made on the heap.
var wasted *[64]byte

func asItIs() {}

func wasteOne() { wasted = new([64]byte) }

// TestBudgets holds every path of the wire against its allocations, and then once more with a single allocation added, which must be
// noticed.
func TestBudgets(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector adds allocations of its own: run without -race, as make test does")
	}
	for _, b := range budgets() {
		spent := b.spent(asItIs)
		if finding := b.judge(spent); finding != "" {
			t.Error(finding)
		}
		if spent < b.allocs {
			t.Logf("%d × %s: only %v of %v allocations: tighten the budget", b.of, b.path, spent, b.allocs)
		}
		if b.judge(b.spent(wasteOne)) == "" {
			t.Errorf("%s: one allocation more was not noticed", b.path)
		}
	}
}

// budgets are what every request of a buyer is read with and answered with.
func budgets() []budget {
	return []budget{
		{"body of two named seats", 1000, 0, parsePath(`{"seats":["A-1-1","A-1-2"]}`)},
		{"body of eight named seats", 1000, 0, parsePath(`{"seats":["A-1-1","A-1-2","A-1-3","A-1-4","A-1-5","A-1-6","A-1-7","A-1-8"]}`)},
		{"body of the best two", 1000, 0, parsePath(`{"best_available":{"quantity":2,"section":"A"}}`)},
		{"body of a confirmation", 1000, 1000, confirmPath}, // the token
		{"held booking", 1000, 0, bookingPath(0)},
		{"confirmed booking of eight", 1000, 0, bookingPath(8)},
		{"lost seats of a refusal", 1000, 0, seatsPath},
		{"delta of eight seats", 1000, 0, deltaPath},
	}
}

func parsePath(body string) func() func() {
	return func() func() {
		var p BookParser
		text := []byte(body)
		return func() {
			if err := p.Parse(text); err != nil {
				panic(err)
			}
		}
	}
}

func confirmPath() func() {
	body := []byte(`{"payment_token":"tok_ok"}`)
	return func() {
		var c Confirm
		if err := Decode(body, &c); err != nil {
			panic(err)
		}
	}
}

// bookingPath encodes a booking of two seats that is held, or one of so many tickets.
func bookingPath(tickets int) func() func() {
	return func() func() {
		expires := Time(1_900_000_000_123)
		b := Booking{ID: "b1", Event: "e1", State: "held", Seats: []string{"A-1-1", "A-1-2"}, ExpiresAt: &expires, Total: Money{4500, "EUR"}}
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

func seatsPath() func() {
	out, seats := make([]byte, 0, 256), []string{"A-1-1", "A-1-2"}
	return func() { out = AppendStrings(out[:0], seats) }
}

func deltaPath() func() {
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
		b.Run(strings.ReplaceAll(path.path, " ", "-"), func(b *testing.B) {
			run := path.make()
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
