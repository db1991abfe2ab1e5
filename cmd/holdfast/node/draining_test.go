package node

import (
	"testing"

	"holdfast/cluster"
	"holdfast/storage"
)

// TestOfTwoDrainsThatMeetOneYields, and only then.
func TestOfTwoDrainsThatMeetOneYields(t *testing.T) {
	low, high, third := storage.WriterID{1}, storage.WriterID{2}, storage.WriterID{3}
	view := func(a, b, c cluster.State) *cluster.View {
		return cluster.NewView(low, []cluster.Member{{Writer: low, State: a}, {Writer: high, State: b},
			{Writer: third, State: c}})
	}
	for _, c := range []struct {
		view            *cluster.View
		lowest, highest bool
	}{
		{view(cluster.Draining, cluster.Draining, cluster.Draining), true, false},
		{view(cluster.Draining, cluster.Draining, cluster.Serving), false, false},
		{view(cluster.Draining, cluster.Joining, cluster.Joining), false, false}, // it was let: somebody served then
		{view(cluster.Draining, cluster.Draining, cluster.Joining), true, false},
	} {
		if lastToDrain(c.view, low) != c.lowest || lastToDrain(c.view, high) != c.highest {
			t.Errorf("%+v: %v %v", c, lastToDrain(c.view, low), lastToDrain(c.view, high))
		}
	}
}
