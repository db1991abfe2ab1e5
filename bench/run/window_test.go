package run

import (
	"encoding/json"
	"testing"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/lab"
	"holdfast/bench/lab/labtest"
	"holdfast/bench/load"
)

// Of a load with a window, exactly those count who come within it.
func TestWindowCountsWhoComesWithinIt(t *testing.T) {
	target := lab.Endpoint{Address: labtest.Memory(t), OperatorKey: "dev"}
	event, err := lab.OpenEvent(t.Context(), target, lab.UniformVenue(5, 10, 20),
		lab.Terms{HoldTTL: time.Minute, SeatsPerHold: 8}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pace := load.Steady(1000)
	a := assignment{
		Address: target.Address, Conns: 16, Loops: 2, Pace: &pace, Duration: 300 * time.Millisecond,
		Patience: 20 * time.Second,
		Window:   &Window{From: 100 * time.Millisecond, To: 200 * time.Millisecond},
		Job: buyers.Job{Scenario: "steady", Seed: 3, Events: []string{event.ID}, Buyers: "b", Keys: "k",
			Start: time.Now()},
	}
	done, err := a.run(t.Context(), []*buyers.Event{event}, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen, whole := done.Window, done.Result
	if seen.Guests != 100 || seen.Requests < seen.Guests || seen.Stayed <= 0 || seen.Left == 0 {
		t.Errorf("%d guests made %d requests in %s, %d left", seen.Guests, seen.Requests, seen.Stayed, seen.Left)
	}
	var within, all uint64
	for i := range seen.Kinds {
		within += seen.Kinds[i].Outcomes.Total()
		all += whole.Kinds[i].Outcomes.Total()
		if seen.Kinds[i].All().Count() != seen.Kinds[i].Outcomes.Total() {
			t.Errorf("%s: not every answer has its time", seen.Kinds[i].Name)
		}
	}
	if within < seen.Guests || within >= all || seen.Useful == 0 || seen.Useful >= whole.Useful ||
		seen.Lag.Count() != within || seen.Holds().Count() != seen.Sent.Count() {
		t.Errorf("%d of %d requests, %d of %d useful, %d starts, %d and %d holds", within, all, seen.Useful,
			whole.Useful, seen.Lag.Count(), seen.Holds().Count(), seen.Sent.Count())
	}
	var other Windowed // as another process sends it
	text, err := json.Marshal(seen)
	if err == nil {
		err = json.Unmarshal(text, &other)
	}
	other.merge(seen)
	if err != nil || other.Guests != 2*seen.Guests || other.Holds().Count() != 2*seen.Holds().Count() ||
		other.Lag.Count() != 2*seen.Lag.Count() || other.Holds().At(0.99) != seen.Holds().At(0.99) {
		t.Errorf("%v; two parts make %+v", err, other)
	}
}
