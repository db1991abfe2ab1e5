package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// tally is what became of one test in all runs.
type tally struct {
	name                    string
	passed, failed, skipped int
	slowest                 float64 // seconds
	why                     string
}

func sumFiles(files []string, slowest int, out io.Writer) (code int, err error) {
	if len(files) == 0 {
		return 2, errors.New("sum: which file?")
	}
	all := map[string]*tally{}
	for _, name := range files {
		if err := count(all, name); err != nil {
			return 2, err
		}
	}
	return sum(all, slowest, out), nil
}

func count(all map[string]*tally, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var one result
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		key := strings.TrimSpace(one.Package + " " + one.Test)
		t := all[key]
		if t == nil {
			t = &tally{name: key}
			all[key] = t
		}
		switch one.Action {
		case "pass":
			t.passed++
		case "fail":
			t.failed++
		case "skip":
			t.skipped++
			t.why = one.Why
		}
		t.slowest = max(t.slowest, one.Seconds)
	}
	return nil
}

// isTest tells tests from packages; whole tells those that are no part of another.
func (t *tally) isTest() bool { return strings.Contains(t.name, " ") }

func (t *tally) whole() bool {
	_, test, ok := strings.Cut(t.name, " ")
	return ok && !strings.Contains(test, "/")
}

// sum prints the end of a run: what is slow, what was skipped, what failed, and the counts as the last line.
func sum(all map[string]*tally, slowest int, out io.Writer) (code int) {
	order := make([]*tally, 0, len(all))
	for _, t := range all {
		order = append(order, t)
	}
	slices.SortFunc(order, func(a, b *tally) int {
		return cmp.Or(cmp.Compare(b.slowest, a.slowest), cmp.Compare(a.name, b.name))
	})
	fmt.Fprintln(out, "\nThe slowest tests:")
	for _, t := range order {
		if t.whole() && slowest > 0 {
			slowest--
			fmt.Fprintf(out, "%8.1f s  %s\n", t.slowest, t.name)
		}
	}
	var passed, failed, skipped int
	for _, t := range order {
		if t.isTest() {
			passed, failed, skipped = passed+t.passed, failed+t.failed, skipped+t.skipped
		}
		if t.skipped > 0 {
			fmt.Fprintf(out, "SKIPPED %s: %s\n", t.name, t.why)
		}
	}
	for _, t := range order {
		if t.failed > 0 {
			code = 1
			fmt.Fprintf(out, "FAILED %d of %d  %s\n", t.failed, t.failed+t.passed+t.skipped, t.name)
		}
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	return code
}
