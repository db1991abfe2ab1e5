package cooldown

import (
	"errors"
	"testing"
)

const minute, hour = 60_000, 60 * 60_000

var rule = Rule{Free: 2, Base: minute, Max: 10 * minute, Forget: hour}

// TestWaitGrows: the first ones are free; then each wait is twice the one before, up to the longest.
func TestWaitGrows(t *testing.T) {
	m, now := Memory{}, int64(1000)
	for i, want := range []int64{0, 0, 1, 2, 4, 8, 10, 10} {
		m = rule.Abandoned(m, now)
		got := rule.Until(m)
		if want == 0 && got != 0 || want != 0 && got != now+want*minute {
			t.Fatalf("after %d: until %d, want %d min from %d", i+1, got, want, now)
		}
		now++
	}
	for range 1000 {
		m = rule.Abandoned(m, now)
	}
	if got := rule.Until(m); got != now+10*minute {
		t.Errorf("after a thousand: %d", got)
	}
}

// TestForgottenOneByOne: patience brings the count down one at a time, and to nothing at last.
func TestForgottenOneByOne(t *testing.T) {
	m := Memory{Last: 1000, Since: 1000, Count: 4}
	for _, c := range []struct {
		at    int64
		count uint8
	}{{0, 4}, {1000 + hour - 1, 4}, {1000 + hour, 3}, {1000 + 3*hour, 1}, {1000 + 4*hour, 0}, {1 << 60, 0}} {
		if got := rule.At(m, c.at); got.Count != c.count || got.Zero() != (c.count == 0) {
			t.Errorf("at %d: %+v, want %d", c.at, got, c.count)
		}
	}
	if in, once := rule.At(rule.At(m, 1000+hour+5), 1000+2*hour), rule.At(m, 1000+2*hour); in != once {
		t.Errorf("who asks often is forgiven otherwise: %+v, %+v", in, once)
	}
	if got := rule.Until(rule.At(m, 1000+hour)); got > 1000+hour {
		t.Errorf("what is forgotten makes one wait anew, until %d", got)
	}
}

// TestWaitIsTheSameWhenever: the wait does not change while it runs, whoever asks, and however often.
func TestWaitIsTheSameWhenever(t *testing.T) {
	for count := uint8(1); count < 20; count++ {
		m := Memory{Last: 5000, Since: 5000, Count: count}
		until := rule.Until(m)
		for at := m.Last; at < until; at += minute / 3 {
			if got := rule.Until(rule.At(m, at)); got != until {
				t.Fatalf("%d abandoned, at %d: until %d, want %d", count, at, got, until)
			}
		}
	}
}

// TestClockThatGoesBack: a node whose clock is behind shortens no wait.
func TestClockThatGoesBack(t *testing.T) {
	m := Memory{Last: 10 * hour, Since: 10 * hour, Count: 5}
	if got := rule.Abandoned(m, hour); got.Last != m.Last || got.Count != 6 {
		t.Errorf("%+v", got)
	}
}

// TestRuleThatContradictsItself: each has its error, and the longest that are allowed do not overflow.
func TestRuleThatContradictsItself(t *testing.T) {
	if err := rule.Check(); err != nil {
		t.Error(err)
	}
	for _, bend := range []func(r *Rule){
		func(r *Rule) { r.Base = 0 }, func(r *Rule) { r.Max = r.Base - 1 }, func(r *Rule) { r.Forget = r.Max - 1 },
		func(r *Rule) { r.Max = maxMax + 1 }, func(r *Rule) { r.Forget = forgetMax + 1 },
	} {
		r := rule
		if bend(&r); !errors.Is(r.Check(), ErrRule) {
			t.Errorf("%+v is taken", r)
		}
	}
	longest := Rule{Base: maxMax, Max: maxMax, Forget: forgetMax}
	if got := longest.Until(Memory{Last: 1 << 47, Count: 255}); got != 1<<47+maxMax || longest.Check() != nil {
		t.Errorf("until %d", got)
	}
}
