package load

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPaceStart(t *testing.T) {
	const second = time.Second
	cases := []struct {
		name string
		pace Pace
		n    RequestNo
		want time.Duration
	}{
		{"steady, first at once", Steady(100), 0, 0},
		{"steady, second", Steady(100), 1, 10 * time.Millisecond},
		{"steady, after a second", Steady(100), 100, second},
		{"slower than one a second", Steady(0.5), 3, 6 * second},
		{"burst starts together", Pace{Burst: 3, To: 10}, 2, 0},
		{"behind the burst the rate begins", Pace{Burst: 3, To: 10}, 3, 0},
		{"behind the burst, second", Pace{Burst: 3, To: 10}, 4, 100 * time.Millisecond},
		{"ramp from nothing: half the area", Pace{To: 100, Ramp: 10 * second}, 125, 5 * second},
		{"ramp's end", Pace{To: 100, Ramp: 10 * second}, 500, 10 * second},
		{"behind the ramp", Pace{To: 100, Ramp: 10 * second}, 600, 11 * second},
		{"level ramp is steady", Pace{From: 100, To: 100, Ramp: 10 * second}, 50, 500 * time.Millisecond},
		{"falling ramp", Pace{From: 100, To: 0, Ramp: 10 * second}, 375, 5 * second},
		{"falling to nothing", Pace{From: 100, To: 0, Ramp: 10 * second}, 501, Never},
		{"only a burst", Pace{Burst: 5}, 5, Never},
		{"further than time goes", Steady(1e-12), 1, Never},
	}
	for _, c := range cases {
		if got := c.pace.Start(c.n); (got - c.want).Abs() > time.Microsecond {
			t.Errorf("%s: request %d starts at %s, want %s", c.name, c.n, got, c.want)
		}
	}
}

func TestPaceDue(t *testing.T) {
	cases := []struct {
		name    string
		pace    Pace
		elapsed time.Duration
		want    uint64
	}{
		{"before the beginning", Steady(100), -1, 0},
		{"the first is due at once", Steady(100), 0, 1},
		{"just before the second", Steady(100), 9_999_999, 1},
		{"the second", Steady(100), 10 * time.Millisecond, 2},
		{"burst", Pace{Burst: 7}, 0, 7},
		{"burst and nothing else", Pace{Burst: 7}, time.Hour, 7},
		{"middle of a ramp", Pace{To: 100, Ramp: 10 * time.Second}, 5*time.Second + 1, 126},
		{"after a ramp", Pace{To: 100, Ramp: 10 * time.Second}, 11*time.Second + 1, 601},
	}
	for _, c := range cases {
		if got := c.pace.Due(c.elapsed); got != c.want {
			t.Errorf("%s: %d due after %s, want %d", c.name, got, c.elapsed, c.want)
		}
	}
}

func TestPaceDueInvertsStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Pace{
			Burst: rapid.Uint64Range(0, 50).Draw(t, "burst"),
			From:  Rate(rapid.Float64Range(0, 5000).Draw(t, "from")),
			To:    Rate(rapid.Float64Range(0.1, 5000).Draw(t, "to")),
			Ramp:  time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "ramp")),
		}
		n := RequestNo(rapid.Uint64Range(0, 20_000).Draw(t, "n"))
		at := p.Start(n)
		if next := p.Start(n + 1); next < at {
			t.Fatalf("request %d starts at %s, before %d at %s", n+1, next, n, at)
		}
		if due := p.Due(at); due <= uint64(n) {
			t.Fatalf("%d due at the start of request %d", due, n)
		}
		if due := p.Due(at - 1); at > 0 && due > uint64(n) {
			t.Fatalf("%d due just before the start of request %d", due, n)
		}
	})
}

func TestPaceValidate(t *testing.T) {
	for _, p := range []Pace{{From: -1}, {To: -1}, {Ramp: -1}, {To: Rate(math.Inf(1))}} {
		if p.Validate() == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
	if err := Steady(100).Validate(); err != nil {
		t.Error(err)
	}
}
