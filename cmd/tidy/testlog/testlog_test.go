package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, file, text string) (code int, said string) {
	t.Helper()
	var out strings.Builder
	code, err := run([]string{"read", "--into", file}, strings.NewReader(text), &out)
	if err != nil {
		t.Fatal(err)
	}
	return code, out.String()
}

const passing = `{"Action":"start","Package":"holdfast/a"}
{"Action":"run","Package":"holdfast/a","Test":"TestGood"}
{"Action":"output","Package":"holdfast/a","Test":"TestGood","Output":"noise\n"}
{"Action":"pass","Package":"holdfast/a","Test":"TestGood","Elapsed":1.5}
{"Action":"run","Package":"holdfast/a","Test":"TestLeft"}
{"Action":"output","Package":"holdfast/a","Test":"TestLeft","Output":"=== RUN   TestLeft\n"}
{"Action":"output","Package":"holdfast/a","Test":"TestLeft","Output":"    a_test.go:7: no browser: none\n"}
{"Action":"output","Package":"holdfast/a","Test":"TestLeft","Output":"--- SKIP: TestLeft (0.00s)\n"}
{"Action":"skip","Package":"holdfast/a","Test":"TestLeft","Elapsed":0}
{"Action":"output","Package":"holdfast/a","Output":"ok  \tholdfast/a\t1.6s\n"}
{"Action":"pass","Package":"holdfast/a","Elapsed":1.6}
`

func TestWhatPassesIsOneLineAndWhatIsSkippedSaysWhy(t *testing.T) {
	code, said := read(t, filepath.Join(t.TempDir(), "log"), passing)
	if want := "SKIPPED holdfast/a TestLeft: no browser: none\nok  \tholdfast/a\t1.6s\n"; code != 0 || said != want {
		t.Errorf("%d %q, want 0 %q", code, said, want)
	}
}

// TestEveryKindOfFailureIsOne: a test's, a package's, a build's, a process that was killed, and a run that never began.
func TestEveryKindOfFailureIsOne(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a test", `{"Action":"output","Package":"p","Test":"TestBad","Output":"it broke\n"}
{"Action":"fail","Package":"p","Test":"TestBad"}`, "it broke"},
		{"a package", `{"Action":"output","Package":"p","Output":"panic: outside of tests\n"}
{"Action":"fail","Package":"p"}`, "panic: outside of tests"},
		{"a build", `{"ImportPath":"p [p.test]","Action":"build-output","Output":"p.go:1: undefined\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`, "undefined"},
		{"a killed process", `{"Action":"run","Package":"p","Test":"TestLong"}
{"Action":"output","Package":"p","Test":"TestLong","Output":"last words\n"}`, "last words\nFAIL: p TestLong never ended"},
		{"nothing at all", "go: cannot find main module\n", "cannot find main module\nFAIL: no test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "log")
			if code, said := read(t, file, c.text); code != 1 || !strings.Contains(said, c.want) {
				t.Errorf("read: %d %q, want 1 and %q", code, said, c.want)
			}
			var out strings.Builder
			if code, err := run([]string{"sum", file}, nil, &out); code != 1 || err != nil ||
				!strings.Contains(out.String(), "FAILED 1 of 1") {
				t.Errorf("sum: %d %v %q", code, err, out.String())
			}
		})
	}
}

// TestSumOfSeveralRuns counts how often each test failed, lists the slowest first, and ends with the counts.
func TestSumOfSeveralRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	read(t, file, passing)
	read(t, file, passing)
	read(t, file, `{"Action":"fail","Package":"holdfast/a","Test":"TestGood","Elapsed":9}`)
	var out strings.Builder
	code, err := run([]string{"sum", "--slowest", "1", file}, nil, &out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{"The slowest tests:", "     9.0 s  holdfast/a TestGood",
		"SKIPPED holdfast/a TestLeft: no browser: none",
		"FAILED 1 of 3  holdfast/a TestGood", "2 passed, 1 failed, 2 skipped"}
	if code != 1 || err != nil || !slices.Equal(lines, want) {
		t.Errorf("%d %v\n%s", code, err, out.String())
	}
}

// TestStartersAreFoundThroughHelpers: by a helper of another package, by one in a variable, and by no more than that.
func TestStartersAreFoundThroughHelpers(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"db/db.go": "package db\nimport \"os/exec\"\nfunc Up() { exec.Command(\"x\") }\nfunc Name() string " +
			"{ return \"db\" }\n",
		"a/a_test.go": "package a\nimport \"holdfast/db\"\nvar once = func() { db.Up() }\nfunc TestUses(t int) " +
			"{ once() }\nfunc TestNames(t int) { db.Name() }\n",
		"own/go.mod":        "module own\n",
		"own/own_test.go":   "package own\nimport \"os/exec\"\nfunc TestOther(t int) { exec.Command(\"x\") }\n",
		"a/testdata/x.go":   "no Go\n",
		"node_modules/x.go": "no Go\n",
	} {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := printStarters(root, &out); err != nil || out.String() != "./a\t^(TestUses)$\n" {
		t.Errorf("%v %q", err, out.String())
	}
}
