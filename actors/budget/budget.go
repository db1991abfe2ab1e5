// Package budget holds hot paths against their allocations, for the tests of every room.
//
//	Path (name, times, allocations, how to make it) ──▶ Check ──▶ counted ──▶ within the budget?
//	                                                        └──▶ counted once more, with one allocation added: noticed?
//
// A budget is how often a path may allocate: today's figure, counted. It may be tightened, never loosened; whoever
// needs more has found a reason to look for another way. Times vary from machine to machine, allocations do not.
package budget

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
)

// Path is one way through the code, and what it may allocate.
type Path struct {
	name   string
	of     int     // times that the path is taken for one count, so that memory which grows a chunk at a time is counted too
	allocs float64 // of all of them together
	slack  float64
	begin  func(t testing.TB) func()
}

// Exact is a path whose count is the same every time. begin makes a state of its own and the function that takes the
// path once; allocs are those of taking it so many times.
func Exact(name string, times int, allocs float64, begin func(t testing.TB) func()) Path {
	return Path{name: name, of: times, allocs: allocs, begin: begin}
}

// About is a path in which several goroutines take part: which of them finds a pool empty, or has to be started, is the
// scheduler's choice. slack is what may come on top.
func About(name string, times int, allocs, slack float64, begin func(t testing.TB) func()) Path {
	return Path{name: name, of: times, allocs: allocs, slack: slack, begin: begin}
}

// Name is the path's name.
func (p *Path) Name() string { return p.name }

// Benchmark times the path, as a benchmark under b named like the path.
func (p *Path) Benchmark(b *testing.B) {
	b.Run(strings.NewReplacer(", ", "-", ",", "", " ", "-").Replace(p.name), func(b *testing.B) {
		run := p.begin(b)
		b.ReportAllocs()
		for b.Loop() {
			run()
		}
	})
}

// Check counts every path, and then once more with a single allocation added (where there is slack, with more than
// that), which must be noticed: a check that cannot fail guards nothing. raceDetector says that the test runs under it;
// then nothing can be counted, and the skip says so.
func Check(t *testing.T, raceDetector bool, paths []Path) {
	t.Helper()
	if raceDetector {
		t.Skip(
			"the race detector empties pools at random and allocates on its own, so allocations mean nothing: run without -race, as make test does",
		)
	}
	for i := range paths {
		paths[i].check(t)
	}
}

// countsMore is how often a path that is over its budget is counted anew: on a busy machine collections of garbage fall
// into every count, and empty pools.
const countsMore = 4

func (p *Path) check(t *testing.T) {
	t.Helper()
	spent := p.spent(t, func() {})
	for tries := 0; tries < countsMore && p.judge(spent) != ""; tries++ { // a busy machine, or a path that is too dear
		spent = min(spent, p.spent(t, func() {}))
	}
	if finding := p.judge(spent); finding != "" {
		t.Error(finding)
	}
	if spent < p.allocs-p.slack {
		t.Logf("%d × %s: only %v of %v allocations: tighten the budget", p.of, p.name, spent, p.allocs)
	}
	if p.judge(p.spent(t, p.waste)) == "" {
		t.Errorf("%s: one allocation more was not noticed", p.name)
	}
}

// spent counts, on a state of its own that has taken the path as often before. added is what a deliberate fault does
// besides, once in a count. Of three counts the least is taken: the runtime allocates now and then on its own account,
// the path always.
func (p *Path) spent(t testing.TB, added func()) float64 {
	t.Helper()
	least := math.Inf(1)
	for range 3 {
		run := p.begin(t)
		least = min(least, testing.AllocsPerRun(1, func() {
			for range p.of {
				run()
			}
			added()
		}))
	}
	return least
}

// judge says what is wrong with a count; empty: it is within the budget.
func (p *Path) judge(spent float64) string {
	if spent <= p.allocs+p.slack {
		return ""
	}
	return fmt.Sprintf("%d × %s: %v allocations, budget %v", p.of, p.name, spent, p.allocs)
}

// wasted takes what a deliberate allocation makes, so that it is made on the heap.
var wasted atomic.Pointer[[64]byte]

// waste allocates once, and as often as the slack would hide.
func (p *Path) waste() {
	for range int(p.slack)*2 + 1 {
		wasted.Store(new([64]byte))
	}
}
