package cluster

import (
	"testing"
	"time"
)

// TestAReadyNodeIsSeenReadyByAllBeforeTheNextExchangeOfStates: what a node says of itself while others are just joining
// was heard by some only with memberlist's next exchange of states, ten seconds later, in one start of six.
func TestAReadyNodeIsSeenReadyByAllBeforeTheNextExchangeOfStates(t *testing.T) {
	const rounds = 16
	for range rounds {
		a := start(t, "a", patient)
		a.SetState(Serving)
		b := start(t, "b", patient, a)
		b.SetState(Serving)
		c := start(t, "c", patient, a)
		c.SetState(Serving)
		ready := time.Now()
		for _, n := range []*tested{a, b, c} {
			n.ear.until(t, "everybody serves", func() bool { return len(n.View().serving) == 3 })
		}
		if took := time.Since(ready); took > 6*time.Second {
			t.Errorf("it took %v until all saw all ready", took)
		}
		for _, n := range []*tested{a, b, c} {
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
