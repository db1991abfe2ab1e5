package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestOldNamesOfFlagsStillWork: for one version, and with one notice however often a name is given.
func TestOldNamesOfFlagsStillWork(t *testing.T) {
	for old, now := range renamedFlags {
		var before, after commands
		for _, c := range []struct {
			into *commands
			name string
		}{{&before, old}, {&after, now}} {
			parser, err := kong.New(c.into, kong.Name("holdfast-bench"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err = parser.Parse([]string{"capacity", "--target", "http://127.0.0.1:1", c.name + "=6"}); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if before.Capacity.Events != 6 || before.Capacity.Events != after.Capacity.Events {
			t.Errorf("%s sets %d, %s sets %d", old, before.Capacity.Events, now, after.Capacity.Events)
		}
		got := renamed([]string{"capacity", old + "=6", old, "7", now, "8"})
		if len(got) != 1 || !strings.HasPrefix(got[0], old+" is "+now) {
			t.Errorf("notices of %s: %q", old, got)
		}
	}
	if got := renamed([]string{"run", "--events", "6"}); got != nil {
		t.Errorf("notices without an old name: %q", got)
	}
}
