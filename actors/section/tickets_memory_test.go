package section

import (
	"math"
	"testing"
)

// What a sold seat, of a booking and a buyer of its own that was paid for, may take of the heap in bytes; and what its
// ticket may take besides, once it was let in or issued anew. A ticket that nobody has shown takes nothing.
const (
	soldSeatMax   = 260
	usedTicketMax = 100
)

// TestMemoryOfTickets guards what a section keeps for its doors, by what lives on the heap after a collection. The
// least of three measurements counts: what else is allocated meanwhile only adds.
func TestMemoryOfTickets(t *testing.T) {
	if raceDetector {
		t.Skip("SKIPPED: the race detector's own memory would be counted in")
	}
	sold, used, anew := math.Inf(1), math.Inf(1), math.Inf(1)
	for n := 0; n < 3 && (sold > soldSeatMax || used > usedTicketMax || anew > usedTicketMax); n++ {
		a, b, c := memoryOfTickets(t)
		sold, used, anew = min(sold, a), min(used, b), min(anew, c)
	}
	t.Logf("%.1f bytes a sold seat, %.1f more once let in, %.1f more once issued anew", sold, used, anew)
	if sold > soldSeatMax || used > usedTicketMax || anew > usedTicketMax {
		t.Errorf("the budgets are %d and %d", soldSeatMax, usedTicketMax)
	}
}

// memoryOfTickets sells a section whose half is then let in, and whose other half is issued anew.
func memoryOfTickets(t *testing.T) (sold, used, anew float64) {
	t.Helper()
	const seats, half = 100_000, 50_000
	k := newDesk(generalLayout(seats), testRules)
	k.forgetLog()
	numbers := make([]BookingNo, seats)
	before := heapInUse()
	for i := range numbers {
		numbers[i] = k.sell(uint64(i), 1, SeatIndex(i))
		k.forgetLog()
	}
	after := heapInUse()
	sold = float64(int64(after-before)) / seats
	for i := range half {
		if out := k.scan(numbers[i], 5, ticketOf(SeatIndex(i), "north")); out.Rejection != Accepted {
			t.Fatalf("seat %d: %v", i, out.Rejection)
		}
		k.forgetLog()
	}
	admitted := heapInUse()
	used = float64(int64(admitted-after)) / half
	for i := half; i < seats; i++ {
		w := ticketOf(SeatIndex(i), "")
		if out := k.do(Command{Kind: ReissueTicket, At: 6, Booking: numbers[i], Operator: true,
			Entry: &w}); out.Rejection != Accepted {
			t.Fatalf("seat %d: %v", i, out.Rejection)
		}
		k.forgetLog()
	}
	anew = float64(int64(heapInUse()-admitted)) / half
	if free := k.state.Free(); free != 0 {
		t.Fatalf("%d seats are free", free)
	}
	return sold, used, anew
}

// forgetLog has the desk keep its state alone, which is what is measured.
func (k *desk) forgetLog() { k.log, k.seqs = k.log[:0], k.seqs[:0] }
