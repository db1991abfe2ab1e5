package problem

import (
	"slices"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
)

// TestSeatsThatCoolDownSayUntilWhen: a client that waits as long as it is told is never too early.
func TestSeatsThatCoolDownSayUntilWhen(t *testing.T) {
	for wait, seconds := range map[time.Duration]int{time.Millisecond: 1, time.Second: 1, 899*time.Second + 1: 900} {
		p, surprise := Classify(&actors.Refusal{Code: section.ChallengeCoolDown, Seats: []string{"A-1-1"}, Wait: wait})
		if surprise || p.Status != 429 || p.Code != "challenge_cool_down" || p.Wait != seconds ||
			!slices.Equal(p.Seats, []string{"A-1-1"}) {
			t.Errorf("%v: %+v", wait, p)
		}
	}
}
