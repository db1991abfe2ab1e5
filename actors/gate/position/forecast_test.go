package position

import (
	"testing"

	"holdfast/actors/gate"
)

// P8: an ETA that was wrong is seen to have been wrong, and one that a pause overtook is not.
func TestForecastsMeetTheTruth(t *testing.T) {
	found := map[int64][]int64{}
	see := func(estimate, was int64) { found[estimate] = append(found[estimate], was) }
	var f Forecast
	frame := Frame{Phase: gate.Open, Joined: 100_000, Pace: 10_000} // ten a second
	at := gate.Instant(1_000_000)
	pass := func(seconds, each int) {
		for range seconds {
			f.Saw(at, &frame, see)
			at, frame.Called = at+1000, frame.Called+gate.Rank(each)
		}
	}
	pass(71, 10)
	if len(found[60]) != 2 || found[60][0] != 60 || found[60][1] != 60 {
		t.Errorf("as told: %v", found)
	}
	clear(found)
	pass(120, 5) // half as fast, while the pace is still told as it was
	late := found[60]
	if len(late) == 0 || late[len(late)-1] < 110 {
		t.Errorf("half as fast: %v", found)
	}
	clear(found)
	frame.Paused = true
	pass(700, 0)
	frame.Paused = false
	f.Saw(at, &frame, see)
	if len(found) != 0 {
		t.Errorf("a pause that everybody was told of: %v", found)
	}
	pass(10_000, 0) // calls stand still and nobody says why: bounded
	if f.n > forecastMax {
		t.Errorf("%d are noted", f.n)
	}
}
