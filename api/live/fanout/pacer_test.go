package fanout

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// work lets a pacer write for so much processor time on a machine where a write costs that much, and where a writer is
// kept waiting for a part of the time. It returns what the rests were.
func work(p *pacer, total, cost time.Duration, crowded float64, age time.Duration) (rested time.Duration) {
	for busy := time.Duration(0); busy < total; {
		count := p.slice()
		processor := time.Duration(count) * cost
		wall := time.Duration(float64(processor) / (1 - crowded))
		p.turn(age)
		if rest := p.worked(count, wall, processor, 0); rest > 0 {
			p.rested(rest)
			rested += rest
		}
		busy += processor
	}
	return rested
}

// P9: nothing is set for a machine. A slice is as long on a fast one as on a slow one, and where nobody waits there is
// no rest.
func TestP9PaceFollowsWhatAWriteCosts(t *testing.T) {
	for _, cost := range []time.Duration{time.Microsecond, 6 * time.Microsecond, 60 * time.Microsecond} {
		p := newPacer()
		if rested := work(&p, time.Second, cost, 0, 0); rested != 0 {
			t.Errorf("at %v a write: rested for %v beside nobody", cost, rested)
		}
		if slice := time.Duration(p.slice()) * cost; slice > sliceLength || slice < sliceLength*3/4 {
			t.Errorf("at %v a write, a slice is %v", cost, slice)
		}
	}
}

// P9: where others wait, writers give way; where the news grows old as well, they hurry, and leave a part to the others
// all the same. Both hold on whatever machine, and both pass.
func TestP9BookingsGoFirst(t *testing.T) {
	for _, cost := range []time.Duration{time.Microsecond, 60 * time.Microsecond} {
		p := newPacer()
		work(&p, time.Second, cost, 0.5, 0)
		if share := shareOf(&p, cost, 0.5, 0); share > shareMin*1.1 {
			t.Errorf("at %v a write: a share of %.2f while others wait", cost, share)
		}
		work(&p, time.Second, cost, 0.5, 2*freshAim)
		if share := shareOf(&p, cost, 0.5, 2*freshAim); share > shareCrowded*1.02 || share < shareCrowded*0.95 {
			t.Errorf("at %v a write: a share of %.2f while others wait and the news is old", cost, share)
		}
		work(&p, time.Second, cost, 0, 0)
		if share := shareOf(&p, cost, 0, 0); share != 1 {
			t.Errorf("at %v a write: a share of %.2f when nobody waits any more", cost, share)
		}
	}
}

// shareOf is the part of the time in which a pacer has its writer at work.
func shareOf(p *pacer, cost time.Duration, crowded float64, age time.Duration) float64 {
	const length = time.Second
	return float64(length) / float64(length+work(p, length, cost, crowded, age))
}

// Whatever a machine tells, clocks that go backwards included, a pace stays within its bounds.
func TestPaceIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPacer()
		some := func(name string) time.Duration {
			return time.Duration(rapid.Int64Range(-int64(time.Second), int64(10*time.Second)).Draw(t, name))
		}
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			p.turn(some("age"))
			wall := max(some("wall"), 0)
			count, yielded := rapid.IntRange(0, shardMax).Draw(t, "count"), max(some("yield"), 0)
			rest := p.worked(count, wall, some("processor"), yielded)
			if rest < 0 || rest > 0 && rest < restMin || rest > restMax {
				t.Fatalf("a rest of %v after %v", rest, wall)
			}
			if rest > 0 {
				p.rested(rest + max(some("over"), 0))
			}
			if p.share < shareMin || p.share > 1 || p.slice() < 1 || p.slice() > shardMax {
				t.Fatalf("share %v, slice %d", p.share, p.slice())
			}
		}
	})
}
