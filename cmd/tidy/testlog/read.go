package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string
}

// result is how one test, or a package (Test is empty), ended in one run.
type result struct {
	Package string  `json:"package"`
	Test    string  `json:"test,omitempty"`
	Action  string  `json:"action"` // pass, fail, skip
	Seconds float64 `json:"seconds"`
	Why     string  `json:"why,omitempty"` // of a skip
}

// reader turns events into output for people and results for sum.
type reader struct {
	out     io.Writer
	results []result
	said    map[string][]string // by package and test, until it has ended
	running map[string]event
	builds  map[string][]string
}

func keyOf(e event) string { return e.Package + "\x00" + e.Test }

func readInto(into string, in io.Reader, out io.Writer) (code int, err error) {
	r := &reader{out: out, said: map[string][]string{}, running: map[string]event{}, builds: map[string][]string{}}
	if err := r.read(in); err != nil {
		return 2, err
	}
	r.unfinished()
	if len(r.results) == 0 {
		fmt.Fprintln(out, "FAIL: no test was heard of")
		r.results = append(r.results, result{Package: "nothing was run", Action: "fail"})
	}
	if into != "" {
		if err := add(into, r.results); err != nil {
			return 2, err
		}
	}
	if slices.ContainsFunc(r.results, func(one result) bool { return one.Action == "fail" }) {
		return 1, nil
	}
	return 0, nil
}

func add(file string, results []result) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(f)
	for _, one := range results {
		err = errors.Join(err, encoder.Encode(one))
	}
	return errors.Join(err, f.Close())
}

func (r *reader) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case line == "":
		case json.Unmarshal([]byte(line), &e) != nil || e.Action == "":
			fmt.Fprint(r.out, line) // of the go command itself
		default:
			r.hear(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *reader) hear(e event) {
	switch e.Action {
	case "start", "run":
		r.running[keyOf(e)] = e
	case "output":
		r.said[keyOf(e)] = append(r.said[keyOf(e)], e.Output)
	case "build-output":
		r.builds[e.ImportPath] = append(r.builds[e.ImportPath], e.Output)
	case "pass", "fail", "skip":
		r.ended(e)
	}
}

func (r *reader) ended(e event) {
	said := r.said[keyOf(e)]
	delete(r.said, keyOf(e))
	delete(r.running, keyOf(e))
	one := result{Package: e.Package, Test: e.Test, Action: e.Action, Seconds: e.Elapsed}
	switch {
	case e.Test == "" && e.Action == "skip": // a package without tests
		return
	case e.Action == "skip":
		one.Why = reason(said)
		fmt.Fprintf(r.out, "SKIPPED %s %s: %s\n", e.Package, e.Test, one.Why)
	case e.Action == "fail":
		for _, line := range slices.Concat(r.builds[e.FailedBuild], said) {
			fmt.Fprint(r.out, line)
		}
	case e.Test == "":
		fmt.Fprint(r.out, verdict(said, e))
	}
	r.results = append(r.results, one)
}

// verdict is the go command's last line about a package that passed.
func verdict(said []string, e event) string {
	for _, line := range slices.Backward(said) {
		if strings.HasPrefix(line, "ok ") {
			return line
		}
	}
	return fmt.Sprintf("ok  \t%s\t%.3fs\n", e.Package, e.Elapsed)
}

// reason is what a test said before it was skipped, without the framing.
func reason(said []string) string {
	var words []string
	for _, line := range said {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		if _, after, ok := strings.Cut(line, ".go:"); ok {
			_, line, _ = strings.Cut(after, ": ")
		}
		words = append(words, line)
	}
	if len(words) == 0 {
		return "WITHOUT A REASON"
	}
	return strings.Join(words, " ")
}

// unfinished tests are failures: their process was killed, or `go test` was.
func (r *reader) unfinished() {
	for _, e := range r.running {
		for _, line := range r.said[keyOf(e)] {
			fmt.Fprint(r.out, line)
		}
		fmt.Fprintf(r.out, "FAIL: %s %s never ended\n", e.Package, e.Test)
		r.results = append(r.results, result{Package: e.Package, Test: e.Test, Action: "fail"})
	}
}
