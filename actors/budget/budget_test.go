package budget

import "testing"

var kept []byte

func twice(testing.TB) func() {
	return func() { kept = make([]byte, 100); kept = make([]byte, 200) }
}

// A budget is met by what a path allocates, and by nothing less.
func TestJudgement(t *testing.T) {
	for _, c := range []struct {
		name   string
		path   Path
		within bool
	}{
		{"exact", Exact("two", 10, 20, twice), true},
		{"one too many", Exact("two", 10, 19, twice), false},
		{"within the slack", About("two", 10, 19, 1, twice), true},
		{"beyond the slack", About("two", 10, 17, 2, twice), false},
	} {
		if got := c.path.judge(c.path.spent(t, func() {})) == ""; got != c.within {
			t.Errorf("%s: within the budget: %v", c.name, got)
		}
	}
	exact := Exact("two", 10, 20, twice)
	if exact.judge(exact.spent(t, exact.waste)) == "" {
		t.Error("an allocation that was added was not noticed")
	}
}
