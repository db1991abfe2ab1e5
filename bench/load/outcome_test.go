package load

import (
	"encoding/json"
	"testing"
	"time"
)

func TestClassify(t *testing.T) {
	cases := []struct {
		status int
		body   string
		want   Outcome
	}{
		{201, `{"id":"x"}`, Held},
		{200, `{}`, Served},
		{304, ``, Served},
		{409, `{"status":409,"code":"seat_taken","seats":["A"]}`, Taken},
		{409, `{"status":409,"code":"sold_out"}`, SoldOut},
		{409, `{"status":409,"code":"not_together"}`, SoldOut},
		{409, `{"status":409,"code":"sale_not_open"}`, Failed},
		{403, `{"code":"not_admitted"}`, Queued},
		{403, `{"code":"forbidden"}`, Failed},
		{429, `{"code":"rate_limited"}`, Limited},
		{503, `{"code":"overloaded"}`, Limited},
		{503, `{"code":"outcome_unknown"}`, Unknown},
		{202, `{}`, Unknown},
		{500, `{"code":"internal"}`, Unknown},
		{504, ``, Unknown},
		{400, `{"code":"bad_request"}`, Failed},
		{401, ``, Failed},
		{404, `{"code":"event_unknown"}`, Failed},
	}
	for _, c := range cases {
		if got := Classify(c.status, []byte(c.body)); got != c.want {
			t.Errorf("%d %s is %s, want %s", c.status, c.body, got, c.want)
		}
	}
}

func TestOutcomesAreKeptApart(t *testing.T) {
	var a, b Outcomes
	a[Held], b[Held], b[Unknown] = 2, 3, 1
	if !a.Only(Held) || a.Only(Taken) || b.Only(Held) || (&Outcomes{}).Only(Held) {
		t.Error("Only: every request, and at least one, must have the outcome")
	}
	a.Add(&b)
	if a[Held] != 5 || a[Unknown] != 1 || a.Total() != 6 {
		t.Errorf("sum is %v", a)
	}
	if got := a.String(); got != "held 5, unknown 1" {
		t.Errorf("text is %q", got)
	}
	if got, err := json.Marshal(a); err != nil || string(got) != `{"held":5,"unknown":1}` {
		t.Errorf("JSON is %s, %v", got, err)
	}
	var back Outcomes
	if err := json.Unmarshal([]byte(`{"held":5,"unknown":1}`), &back); err != nil || back != a {
		t.Errorf("read back: %v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"lost":5}`), &back); err == nil {
		t.Error("an outcome that does not exist was read")
	}
}

func TestLatenciesMergeAndKeepTheTail(t *testing.T) {
	a, b := NewLatencies(), NewLatencies()
	for range 99 {
		a.Record(time.Millisecond)
	}
	b.Record(time.Hour) // beyond the range: clamped, not lost
	b.Record(-time.Second)
	a.Merge(b)
	q := a.Quantiles()
	if q.Count != 101 {
		t.Errorf("count %d, want 101", q.Count)
	}
	if (q.P50 - time.Millisecond).Abs() > 2*time.Microsecond {
		t.Errorf("median %s, want 1ms", q.P50)
	}
	if q.Max < latencyMax*99/100 {
		t.Errorf("the longest is %s, want about %s", q.Max, latencyMax)
	}
}
