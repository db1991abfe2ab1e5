package main

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/testkit"
)

// Kind: a setting that is read and changes nothing. However --processors is set, the running server says that it has
// so many, in its start line and in its metrics; without it, that it has what Go finds.
func TestProcessorsAreThoseThatWereSet(t *testing.T) {
	file := testkit.WriteFile(t, "f.yaml", "processors: 5\n")
	for _, c := range []struct {
		name        string
		flags       []string
		environment string // HOLDFAST_PROCESSORS
		want        int
	}{
		{"nothing", nil, "", runtime.GOMAXPROCS(0)},
		{"a flag", []string{"--processors=3"}, "", 3},
		{"the environment", nil, "4", 4},
		{"a file", []string{"--config", file}, "", 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.environment != "" {
				t.Setenv("HOLDFAST_PROCESSORS", c.environment)
			}
			logs := &logBuffer{}
			p := newProcess(t, buildBinary(t), "--data", t.TempDir())
			p.level, p.errs, p.more = "info", logs, c.flags
			if err := p.start(); err != nil {
				t.Fatalf("%v\n%s", err, logs)
			}
			_, metrics := testkit.Get(t, "http://"+p.address+"/metrics")
			p.terminate()
			if line := fmt.Sprintf("\ngo_sched_gomaxprocs_threads %d\n", c.want); !strings.Contains(metrics, line) {
				t.Errorf("no line %q in the metrics", line)
			}
			if said := fmt.Sprintf("processors=%d", c.want); !strings.Contains(logs.String(), said) {
				t.Errorf("no %q in the log:\n%s", said, logs)
			}
		})
	}
}
