package queue

import (
	"testing"

	"pgregory.net/rapid"

	"holdfast/actors/gate"
	"holdfast/actors/gate/position"
)

// However many wait and however fast they are called, all polls together stay below the bound: each place asks again
// after what it was told, and not sooner.
func TestPollsOfACrowdStayBelowTheBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		queued := rapid.Uint32Range(1, 2_000_000).Draw(t, "crowd")
		perSecond := float64(rapid.IntRange(1000, 50_000).Draw(t, "polls a second"))
		f := position.Frame{Phase: gate.Open, Joined: queued, Pace: rapid.Uint32Range(0, 2_000_000).Draw(t, "pace")}
		if float64(queued)/pollMost > perSecond/2 {
			t.Skip("more than can be held off for an hour")
		}
		step := max(queued/20_000, 1)
		var rate float64
		for number := uint32(0); number < queued; number += step {
			s := f.Stand(gate.Number(number))
			after := pollAfter(&f, queued, perSecond, &s)
			if answer := jittered(after, gate.Number(number), gate.Seq(queued)); float64(answer) < after ||
				float64(answer) > after*5/4+1 {
				t.Fatalf("told %d s instead of %v", answer, after)
			}
			n := float64(min(step, queued-number))
			if step > 1 && number < 20*step {
				n = 0 // told apart below
			}
			rate += n / after
		}
		for number := range min(20*step, queued) {
			if step == 1 {
				break
			}
			s := f.Stand(gate.Number(number))
			rate += 1 / pollAfter(&f, queued, perSecond, &s)
		}
		if rate > perSecond*1.01 {
			t.Fatalf("%.0f polls a second, bound %.0f", rate, perSecond)
		}
	})
}

// Whoever is called soon is told to ask soon, whoever is not, is not; and not all at the same moment.
func TestPollsComeCloserAsTheTurnDoes(t *testing.T) {
	const queued, perSecond = 1_000_000, 20_000
	f := position.Frame{Phase: gate.Open, Joined: queued, Pace: 100_000}
	after := func(number gate.Number) float64 {
		s := f.Stand(number)
		return pollAfter(&f, queued, perSecond, &s)
	}
	if near, soon, far := after(10), after(5000), after(900_000); near != pollLeast || soon != 40.8 || far != 100 {
		t.Errorf("after %v, %v and %v seconds", near, soon, far)
	}
	answer := map[int]bool{}
	for number := range gate.Number(1000) {
		answer[jittered(100, number, 1)] = true
	}
	if len(answer) < 20 {
		t.Errorf("a thousand come back in only %d different seconds", len(answer))
	}
	f.Paused = true
	if again := after(10); again != 100 {
		t.Errorf("paused: after %v s", again)
	}
}
