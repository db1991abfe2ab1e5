package proofofwork

import (
	"errors"
	"testing"
)

var ladder = Ladder{Base: 1000, Max: 10_000, Up: 100, Down: 50, Calm: 10_000}

// climb takes one step a second, and gives the levels.
func climb(from Rung, at int64, seconds int, joins uint32) (Rung, int64) {
	for range seconds {
		at += 1000
		from = ladder.Step(from, at, joins)
	}
	return from, at
}

// TestRushIsMetAtOnce: the difficulty rises with the load in one step, and never over its maximum.
func TestRushIsMetAtOnce(t *testing.T) {
	for joins, want := range map[uint32]uint32{0: 1000, 99: 1000, 100: 2000, 199: 2000, 200: 4000, 400: 8000,
		800: 10_000, 1 << 31: 10_000, 1<<32 - 1: 10_000} {
		if got := ladder.MaxNumber(ladder.Step(Rung{}, 1000, joins)); got != want {
			t.Errorf("%d joins a second: %d, want %d", joins, got, want)
		}
	}
}

// TestLoadBetweenTheMarks: a load that neither rises over Up nor falls under Down changes nothing, for however long.
func TestLoadBetweenTheMarks(t *testing.T) {
	r, at := climb(Rung{}, 0, 1, 250)
	if r.Level != 2 {
		t.Fatalf("level %d", r.Level)
	}
	if r, at = climb(r, at, 1000, 100); r.Level != 2 {
		t.Errorf("level %d after a load of Down", r.Level)
	}
	for range 100 { // a second under the mark, and one over: no calm
		r, at = climb(r, at, 5, 10)
		if r, at = climb(r, at, 1, 150); r.Level != 2 {
			t.Fatalf("level %d while it flaps", r.Level)
		}
	}
}

// TestCalmEndsOneLevelAtATime: the way down is slow, so that a pause of bots does not open the way for them.
func TestCalmEndsOneLevelAtATime(t *testing.T) {
	r, at := climb(Rung{}, 0, 1, 250)
	for _, want := range []struct {
		seconds int
		level   uint8
	}{{10, 2}, {1, 1}, {9, 1}, {1, 0}, {100, 0}} {
		if r, at = climb(r, at, want.seconds, 10); r.Level != want.level {
			t.Errorf("after %d s more: level %d, want %d", want.seconds, r.Level, want.level)
		}
	}
}

// TestClockThatSteps: a clock that goes back makes no calm, and nothing overflows.
func TestClockThatSteps(t *testing.T) {
	r, _ := climb(Rung{}, 0, 1, 150)
	r = ladder.Step(r, 1_000_000, 0)
	r = ladder.Step(r, 500, 0)
	if r = ladder.Step(r, 10_000, 0); r.Level != 1 {
		t.Error("calm was counted twice")
	}
	if r = ladder.Step(r, 10_500, 0); r.Level != 0 {
		t.Error("calm is never counted again")
	}
}

// TestLadderThatContradictsItself: each has its error.
func TestLadderThatContradictsItself(t *testing.T) {
	if err := ladder.Check(); err != nil {
		t.Error(err)
	}
	for _, bend := range []func(l *Ladder){
		func(l *Ladder) { l.Base = 0 }, func(l *Ladder) { l.Max = l.Base - 1 },
		func(l *Ladder) { l.Max = MaxNumberMax + 1 },
		func(l *Ladder) { l.Down = l.Up }, func(l *Ladder) { l.Down = 0 }, func(l *Ladder) { l.Calm = 0 },
	} {
		l := ladder
		if bend(&l); !errors.Is(l.Check(), ErrLadder) {
			t.Errorf("%+v is taken", l)
		}
	}
}
