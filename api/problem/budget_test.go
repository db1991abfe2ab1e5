package problem

import (
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/section"
)

// TestBudgets holds the hot path of this package against its allocations.
func TestBudgets(t *testing.T) { budget.Check(t, raceDetector, budgets) }

var budgets = []budget.Path{
	budget.Exact("problem with two seats", 1000, 0, problemPath),
}

// BenchmarkProblem times it, under the name of its budget.
func BenchmarkProblem(b *testing.B) { budgets[0].Benchmark(b) }

func problemPath(testing.TB) func() {
	p, out := &Problem{Kind: refusals[section.SeatTaken], Seats: []string{"A-1-1", "A-1-2"}}, make([]byte, 0, 512)
	return func() { out = Append(out[:0], p) }
}
