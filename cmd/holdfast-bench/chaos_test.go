package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestChaosRefusesNonsense(t *testing.T) {
	for name, arguments := range map[string][]string{
		"no binary":         {"chaos"},
		"no such nemesis":   {"chaos", "--binary", "/bin/true", "--nemesis", "flood"},
		"no such place":     {"chaos", "--binary", "/bin/true", "--namespaces", "sometimes"},
		"too many nodes":    {"chaos", "--binary", "/bin/true", "--nodes", "99"},
		"not a server":      {"chaos", "--binary", "/bin/false", "--namespaces", "never"},
		"duration below it": {"chaos", "--binary", "/bin/true", "--duration", "-1s"},
	} {
		var out, errs bytes.Buffer
		if code := command(t.Context(), arguments, &out, &errs); code != 2 || errs.Len() == 0 {
			t.Errorf("%s: code %d, said %q", name, code, errs.String())
		}
	}
}

// TestChaosTellsHowToRepeat: the command in the report is one that this command line reads, and has the seed that was
// drawn.
func TestChaosTellsHowToRepeat(t *testing.T) {
	c := chaosCommand{Binary: "/bin/true", Seed: 7, Duration: time.Minute, Nodes: 3, Buyers: 16,
		Nemesis: []string{"kill", "flood"}, Namespaces: "auto"}
	words := strings.Fields(c.again())
	if words[0] != "holdfast-bench" || !strings.Contains(c.again(), "--seed 7") {
		t.Fatalf("%v", words)
	}
	var out, errs bytes.Buffer
	if code := command(t.Context(), words[1:], &out, &errs); code != 2 || !strings.Contains(errs.String(), `"flood"`) {
		t.Errorf("code %d, said %q: everything but the nemesis must be understood", code, errs.String())
	}
}
