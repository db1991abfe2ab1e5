package main

import (
	"strings"
	"testing"
)

// TestWhatIsCalledInAModuleFailsAndOldGoDoesNot: what is only imported is not called, and a scan that never began
// proves nothing.
func TestWhatIsCalledInAModuleFailsAndOldGoDoesNot(t *testing.T) {
	const config = `{"config":{"scanner_version":"v1"}}{"osv":{"id":"GO-1","summary":"a hole"}}`
	finding := func(module, function string) string {
		return `{"finding":{"osv":"GO-1","fixed_version":"v2","trace":[{"module":"` + module +
			`","version":"v1","function":"` + function + `"},{"module":"holdfast"}]}}`
	}
	for _, c := range []struct {
		name, in string
		code     int
		said     string
	}{
		{"clean", config, 0, "0 vulnerabilities called in modules, 0 in the standard library"},
		{"a module's is called", config + finding("example.org/m", "F"), 1,
			"GO-1  example.org/m v1, mended in v2: a hole"},
		{"a module's is only imported", config + finding("example.org/m", ""), 0, "0 vulnerabilities"},
		{"an old Go", config + finding("stdlib", "F"), 0, "newest patch of Go:\n  GO-1"},
		{"no scan", "", 2, ""},
		{"cut off", config + `{"finding":`, 2, ""},
	} {
		var out strings.Builder
		if code, err := judge(strings.NewReader(c.in), &out); code != c.code ||
			!strings.Contains(out.String(), c.said) || (code == 2) != (err != nil) {
			t.Errorf("%s: %d %v %q", c.name, code, err, out.String())
		}
	}
}
