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

// A parser within its cost is passed, and one that costs more than what it was given earns is found.
func TestReadingJudges(t *testing.T) {
	for _, c := range []struct {
		name   string
		r      Reading
		input  int
		spends int
		within bool
	}{
		{"nothing", Reading{}, 10, 0, true},
		{"within the constant", Reading{}, 10, 1 << 20, true},
		{"over it", Reading{}, 10, 8 << 20, false},
		{"earned", Reading{PerByte: 8}, 1 << 20, 8 << 20, true},
		{"over what was earned", Reading{PerByte: 8}, 1 << 20, 32 << 20, false},
		{"a larger constant", Reading{Fixed: 16 << 20}, 10, 8 << 20, true},
	} {
		finding := c.r.finding(c.input, func() { kept = make([]byte, c.spends) })
		if (finding == "") != c.within {
			t.Errorf("%s: %q", c.name, finding)
		}
	}
}
