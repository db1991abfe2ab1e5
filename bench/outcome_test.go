package bench

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
		{409, `{"status":409,"code":"sale_not_open"}`, Failed},
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
	a.add(&b)
	if a[Held] != 5 || a[Unknown] != 1 || a.Total() != 6 {
		t.Errorf("sum is %v", a)
	}
	if got := a.String(); got != "held 5, unknown 1" {
		t.Errorf("text is %q", got)
	}
	if got, err := json.Marshal(a); err != nil || string(got) != `{"held":5,"unknown":1}` {
		t.Errorf("JSON is %s, %v", got, err)
	}
}

func TestLatenciesMergeAndKeepTheTail(t *testing.T) {
	a, b := newLatencies(), newLatencies()
	for range 99 {
		a.record(time.Millisecond)
	}
	b.record(time.Hour) // beyond the range: clamped, not lost
	b.record(-time.Second)
	a.merge(b)
	q := a.quantiles()
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

func TestSpread(t *testing.T) {
	cases := []struct {
		values []float64
		want   Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3}},
		{[]float64{5, 1, 3}, Spread{3, 1, 5}},
		{[]float64{4, 1, 3, 2}, Spread{2.5, 1, 4}},
	}
	for _, c := range cases {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

func TestProcessorTimeOfOtherProcesses(t *testing.T) {
	cases := []struct {
		stat string
		want time.Duration
	}{
		{"42 (holdfast) S 1 42 42 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 9 0 100", 1750 * time.Millisecond},
		{"42 (a ) b) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 9 0 100", 30 * time.Millisecond},
		{"42 (x) S", 0},
		{"", 0},
	}
	for _, c := range cases {
		if got := parseStat(c.stat); got != c.want {
			t.Errorf("%q: %s, want %s", c.stat, got, c.want)
		}
	}
}
