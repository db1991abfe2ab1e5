package tidy

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// go test says "no tests to run" and passes: a test that was renamed or moved would be run by no target, and nobody
// would know. So every pattern of the Makefile must find tests where it looks for them.

// testRun is one go test of the Makefile with a -run.
type testRun struct {
	patterns []string // what stands between the bars of -run
	packages []string // ./folder, or ./folder/...
	planted  bool     // with the tag planted
	target   string   // whose recipe it is
}

var (
	assignment = regexp.MustCompile(`(?m)^([A-Z_]+) *[:?]?= *(.*)$`)
	reference  = regexp.MustCompile(`\$\(([A-Z_]+)\)`)
	runFlag    = regexp.MustCompile(` -run ('[^']*'|"[^"]*"|\S+)`)
	targetName = regexp.MustCompile(`^([a-z-]+):(?:[^=]|$)`)
	packageArg = regexp.MustCompile(`(?:^| )(\./\S+)`)
)

// makeVariables gives the Makefile's variables as they are written.
func makeVariables(text string) map[string]string {
	values := make(map[string]string)
	for _, hit := range assignment.FindAllStringSubmatch(strings.ReplaceAll(text, "\\\n", ""), -1) {
		values[hit[1]] = hit[2]
	}
	return values
}

func expanded(text string, values map[string]string) string {
	for range 5 {
		text = reference.ReplaceAllStringFunc(text, func(name string) string {
			value, known := values[reference.FindStringSubmatch(name)[1]]
			if !known {
				return name
			}
			return value
		})
	}
	return text
}

// testRuns gives every go test of this module with a -run that is no shell variable and not empty.
func testRuns(makefile string) (runs []testRun) {
	values, target := makeVariables(makefile), ""
	for row := range strings.SplitSeq(strings.ReplaceAll(makefile, "\\\n", ""), "\n") {
		if hit := targetName.FindStringSubmatch(row); hit != nil {
			target = hit[1]
		}
		if !strings.HasPrefix(row, "\t") || !strings.Contains(row, "$(GO) test ") {
			continue
		}
		row = expanded(row, values)
		hit := runFlag.FindStringSubmatch(row)
		if hit == nil || strings.ContainsAny(hit[1], `"`) {
			continue
		}
		pattern := strings.ReplaceAll(strings.Trim(hit[1], "'"), "$$", "$")
		if pattern == "^$" {
			continue
		}
		run := testRun{
			patterns: strings.Split(pattern, "|"), planted: strings.Contains(row, " -tags planted"), target: target,
		}
		for _, at := range packageArg.FindAllStringSubmatch(row, -1) {
			run.packages = append(run.packages, strings.TrimPrefix(at[1], "./"))
		}
		runs = append(runs, run)
	}
	return runs
}

// holds says that a run's packages include the folder.
func (r *testRun) holds(folder string) bool {
	return slices.ContainsFunc(r.packages, func(p string) bool {
		deep, below := strings.CutSuffix(p, "/...")
		return p == "..." || p == folder || below && (deep == folder || strings.HasPrefix(folder, deep+"/"))
	})
}

// finds says that the run has the test.
func (r *testRun) finds(test *namedTest) bool {
	return r.holds(test.folder) && r.planted == test.planted && slices.ContainsFunc(r.patterns, func(p string) bool {
		return regexp.MustCompile(p).MatchString(test.name)
	})
}

// namedTest is a test function.
type namedTest struct {
	name    string
	folder  string
	at      string
	planted bool // only with the tag
}

func namedTests(sources []*source) (tests []namedTest) {
	for _, s := range sources {
		if !s.Test {
			continue
		}
		for _, declaration := range s.File.Decls {
			d, ok := declaration.(*ast.FuncDecl)
			if ok && d.Recv == nil && strings.HasPrefix(d.Name.Name, "Test") && d.Name.Name != "TestMain" {
				tests = append(tests, namedTest{d.Name.Name, s.Folder, s.at(d.Pos()), buildTag.MatchString(s.Text)})
			}
		}
	}
	return tests
}

func checkTestRuns(makefile string, sources []*source) (findings []string) {
	runs, tests := testRuns(makefile), namedTests(sources)
	for i := range runs {
		for _, pattern := range runs[i].patterns {
			one := runs[i]
			one.patterns = []string{pattern}
			if !slices.ContainsFunc(tests, func(test namedTest) bool { return one.finds(&test) }) {
				findings = append(findings, fmt.Sprintf("Makefile: -run %s finds no test in %v", pattern, one.packages))
			}
		}
	}
	values := makeVariables(makefile)
	skip := regexp.MustCompile(strings.Trim(values["SLOW_TESTS"]+"|"+values["ALONE_TESTS"], "|"))
	all := strings.ReplaceAll(values["PURE_PKGS"]+" "+values["PAGE_PKGS"], "./", "") // nothing is skipped there
	whole := testRun{packages: strings.Fields(all)}
	for _, test := range tests {
		left := test.planted || skip.MatchString(test.name) && !whole.holds(test.folder)
		if left && !slices.ContainsFunc(runs, func(r testRun) bool {
			return r.finds(&test) && (test.planted || (r.target == "test-steps" || r.target == "test-quiet-steps"))
		}) {
			findings = append(findings, fmt.Sprintf("%s: make runs %s nowhere: no list of the Makefile has its package",
				test.at, test.name))
		}
	}
	return findings
}

func TestEveryRunOfTheMakefileFindsItsTests(t *testing.T) {
	makefile := readFile(t, "Makefile")
	if runs := testRuns(makefile); len(runs) < 8 {
		t.Errorf("only %d runs were read", len(runs))
	}
	report(t, checkTestRuns(makefile, checkout(t)))
}

func TestRunsThatFindNothingAreFound(t *testing.T) {
	const makefile = "SLOW_TESTS := KillNine\nSLOW_PKGS  := ./cmd/a ./b/...\nPAGE_PKGS := ./web\n\n" +
		"test-steps: x\n\t$(GO) test -run '$(SLOW_TESTS)' $(SLOW_PKGS)\n" +
		"\t$(GO) test -tags planted,x -run Planted \\\n\t  ./a\n" +
		"\t$(GO) test -run '^$$' -bench . ./a\n\t$(GO) test -run '^TestOne$$' ./a\n" +
		"drills:\n\t$(GO) test -run KillNine ./b/... ./d\n"
	slow := planted{path: "b/c/a_test.go", text: "package c\n\nfunc TestKillNine(t *testing.T) {}\n"}
	bug := planted{path: "a/a_test.go", text: "//go:build planted\n\npackage a\n\nfunc TestPlanted(t *testing.T) {}\n"}
	one := planted{path: "a/b_test.go", text: "package a\n\nfunc TestOne(t *testing.T) {}\n"}
	untagged := planted{path: bug.path, text: strings.TrimPrefix(bug.text, "//go:build planted\n")}
	elsewhere := func(p planted, folder string) planted { p.path = folder + "/a_test.go"; return p }
	renamed := func(p planted, name string) planted { p.text = strings.ReplaceAll(p.text, "One", name); return p }
	for _, c := range []struct {
		name  string
		files []planted
		want  string // part of the findings; empty: none
	}{
		{"all there", []planted{slow, bug, one}, ""},
		{"renamed", []planted{slow, bug}, "-run ^TestOne$ finds no test"},
		{"longer name", []planted{slow, bug, renamed(one, "OneMore")}, "^TestOne$"},
		{"moved", []planted{slow, bug, elsewhere(one, "d")}, "-run ^TestOne$ finds no test"},
		{"slow test in a new room", []planted{slow, bug, one, elsewhere(slow, "d")}, "make runs TestKillNine nowhere"},
		{"slow test where all are run", []planted{slow, bug, one, elsewhere(slow, "web")}, ""},
		{"bug in a new room", []planted{slow, bug, one, elsewhere(bug, "d")}, "make runs TestPlanted nowhere"},
		{"bug without the tag", []planted{slow, one, untagged}, "-run Planted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sources []*source
			for _, f := range c.files {
				sources = append(sources, plant(t, f.path, f.text))
			}
			all := strings.Join(checkTestRuns(makefile, sources), "\n")
			if !strings.Contains(all, c.want) || c.want == "" && all != "" {
				t.Errorf("want %q in %q", c.want, all)
			}
		})
	}
}
