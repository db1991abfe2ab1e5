package section

import (
	"encoding/binary"
	"fmt"
)

// testRules are generous, so that a test meets only the limits it sets itself.
var testRules = Rules{
	HoldTTL: 600_000, HoldCeiling: 1_200_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8,
	DedupeWindow: DefaultDedupeWindow, DedupeCountMin: DefaultDedupeCountMin,
}

// rowsLayout makes a layout of one category; the middle of the first row is the best place.
func rowsLayout(counts ...uint32) *Layout {
	l := &Layout{}
	for r, n := range counts {
		l.Rows = append(l.Rows, RowSpec{First: SeatIndex(len(l.Seats)), Count: n})
		for i := range n {
			l.Seats = append(l.Seats, SeatSpec{})
			l.Quality = append(l.Quality, uint32(r)*10+max(i, n-1-i)-n/2)
		}
	}
	return l
}

func generalLayout(places int) *Layout {
	return &Layout{General: true, Seats: make([]SeatSpec, places), Quality: make([]uint32, places)}
}

func buyerOf(n uint64) (b BuyerID) {
	binary.LittleEndian.PutUint64(b[:], n+1)
	return b
}

func requestOf(n uint64) (r RequestID) {
	binary.LittleEndian.PutUint64(r[:], (n+1)*0x9e3779b97f4a7c15)
	binary.LittleEndian.PutUint64(r[8:], n+1)
	return r
}

func seatsOf(seats ...SeatIndex) []SeatIndex { return seats }

// desk drives a State the way a writer does: one record per accepted command.
type desk struct {
	state   *State
	d       Decision
	touched []SeatIndex
	log     []Change // deep copies, with the record each belongs to
	seqs    []Seq
}

func newDesk(l *Layout, r Rules) *desk { return &desk{state: NewState(l, r)} }

// do decides and applies; the outcome is valid until the next call.
func (k *desk) do(c Command) Outcome {
	k.state.nameAttempt(&c)
	k.state.Decide(&c, &k.d)
	if len(k.d.Changes) > 0 {
		k.state.Begin(k.state.Seq() + 1)
	}
	k.touched = k.touched[:0]
	for i := range k.d.Changes {
		change := k.d.Changes[i]
		change.Seats = append([]SeatIndex(nil), change.Seats...)
		k.log = append(k.log, change)
		k.seqs = append(k.seqs, k.state.Seq())
		k.touched = k.state.Apply(&k.d.Changes[i], k.touched)
	}
	return k.d.Outcome
}

// nameAttempt has a command that names no attempt be about the last one, or begin the next.
func (s *State) nameAttempt(c *Command) {
	slot := s.bookings.find(c.Booking)
	if c.Pay.Attempt != 0 || slot == 0 {
		return
	}
	last, _ := s.accounts.Last(slot)
	switch c.Kind {
	case BeginPayment:
		c.Pay.Attempt = max(last, s.bookings.slab.At(slot).attempts()) + 1
	case ConfirmPayment, FailPayment, ChallengePayment:
		c.Pay.Attempt = max(last, 1)
	}
}

// replay makes a new state from the recorded changes alone.
func (k *desk) replay() *State {
	s := NewState(k.state.layout, k.state.rules)
	var touched []SeatIndex
	for i := range k.log {
		s.Begin(k.seqs[i])
		touched = s.Apply(&k.log[i], touched[:0])
	}
	return s
}

func (k *desk) mustHold(buyer uint64, at Instant, seats ...SeatIndex) BookingNo {
	out := k.do(Command{Kind: PlaceHold, At: at, Buyer: buyerOf(buyer), Seats: seats})
	if out.Rejection != Accepted {
		panic(fmt.Sprintf("hold of %v: %v", seats, out.Rejection))
	}
	return out.Booking
}
