package venue_test

import (
	"math"
	"reflect"
	"testing"

	"holdfast/actors/venue"
)

func floor(f float64) float64 { return math.Floor(f) }

func hypot(a, b venue.Seat) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

func TestStadiumMeetsItsSize(t *testing.T) {
	for _, wanted := range []int{1000, 2000, 5000, 12_345, 40_000, 80_000, 150_000} {
		v := venue.Stadium(wanted)
		mustHold(t, v)
		if off := math.Abs(float64(v.SeatCount()-wanted)) / float64(wanted); off > 0.02 {
			t.Errorf("Stadium(%d) has %d seats", wanted, v.SeatCount())
		}
	}
}

func TestStadiumLooksLikeOne(t *testing.T) {
	v := venue.Stadium(40_000)
	got := count(v)
	if got.sections < 56 || got.sections > 64 || got.categories != 5 || got.accessible < 100 ||
		got.broken < got.rows/2 {
		t.Errorf("%+v", got)
	}
	apart(t, v, 9.9)
	used := map[int]int{}
	for _, seat := range seatsByID(v) {
		used[int(seat.Category)]++
		if seat.X < 0 || seat.Y < 0 {
			t.Fatalf("%s stands at %v, %v", seat.ID, seat.X, seat.Y)
		}
	}
	if len(used) != 5 {
		t.Errorf("seats by category: %v", used)
	}
	if !reflect.DeepEqual(v, venue.Stadium(40_000)) {
		t.Error("two stadiums of one size differ")
	}
	best := v.Sections[v.BestFirst()[0]].Rows[0].Seats[0]
	if v.Categories[best.Category].Label != "Premium" && v.Categories[best.Category].Label != "Category 1" {
		t.Errorf("the best section is %q", v.Categories[best.Category].Label)
	}
}
