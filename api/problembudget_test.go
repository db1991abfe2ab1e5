package api

import (
	"testing"

	"holdfast/actors/budget"
	"holdfast/actors/section"
)

// TestProblemBudgets holds the hot path of this package against its allocations.
func TestProblemBudgets(t *testing.T) { budget.Check(t, raceDetector, problemBudgets) }

var problemBudgets = []budget.Path{
	budget.Exact("problem with two seats", 1000, 0, problemPath),
}

// BenchmarkProblem times it, under the name of its budget.
func BenchmarkProblem(b *testing.B) { problemBudgets[0].Benchmark(b) }

func problemPath(testing.TB) func() {
	p, out := &problem{kind: refusals[section.SeatTaken], seats: []string{"A-1-1", "A-1-2"}}, make([]byte, 0, 512)
	return func() { out = appendProblem(out[:0], p) }
}
