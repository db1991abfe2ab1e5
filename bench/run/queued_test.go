package run

import "testing"

// Kind: a load that lets people join without end. Who waits has no connection, so behind doors every scenario has a
// rate.
func TestWaitingRoomsHaveArrivalsByARate(t *testing.T) {
	for _, s := range Scenarios() {
		if s.Queued(); s.Load.Rate <= 0 || s.WaitingRoom == nil {
			t.Errorf("%s: %v a second", s.Name, s.Load.Rate)
		}
	}
}
