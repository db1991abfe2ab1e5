package writer

import (
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

// TestBookingNumberIsNotGivenTwiceWhateverWasLost guards P2 and P6: a life that was lost with everything it wrote, its
// claim too, has given numbers that the next life must not give, although nobody knows of it any more.
func TestBookingNumberIsNotGivenTwiceWhateverWasLost(t *testing.T) {
	layout := &section.Layout{General: true, Seats: make([]section.SeatSpec, 100), Quality: make([]uint32, 100)}
	rules := section.Rules{HoldTTL: 1000, HoldCeiling: 2000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8}
	given := map[section.BookingNo]section.Instant{}
	for _, claimed := range []section.Instant{1_800_000_000_000, 1_800_000_000_001, 1_800_000_000_500, 1_700_000_000_000} { // clocks may go back
		w := New(
			testKey, storage.WriterID{1}, storage.Tail{Seq: 2, Epoch: 2, At: claimed},
			section.NewMachine(section.NewState(layout, rules)),
		)
		for i := range 100 {
			r := holdRequest(i, section.SeatIndex(i))
			w.Submit(r)
			no := call(r).Decision.Outcome.Booking
			if before, twice := given[no]; twice {
				t.Fatalf(
					"booking number %d is given by the life of %d, and was by that of %d, which was lost", no, claimed,
					before,
				)
			}
			given[no] = claimed
		}
	}
}

// TestNumbersAreDenseWithinALife: a gap inside of a life is a lost record, and the audit tells it by that.
func TestNumbersAreDenseWithinALife(t *testing.T) {
	w := newTestWriter(10)
	for i := range 10 {
		r := holdRequest(i, section.SeatIndex(i))
		if w.Submit(r); call(r).Decision.Outcome.Booking != section.BookingNo(i+1) {
			t.Errorf("hold %d is booking %d", i, call(r).Decision.Outcome.Booking)
		}
	}
}
