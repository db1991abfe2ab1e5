package tidy

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// document is a README: the root has one, and each top folder may have its own.
type document struct{ Path, Text string }

func readmes(t *testing.T) (all []document) {
	t.Helper()
	walkFiles(t, func(file string) {
		if path.Base(file) == "README.md" {
			all = append(all, document{file, readFile(t, file)})
		}
	})
	if len(all) < 6 {
		t.Fatalf("only %d READMEs", len(all))
	}
	return all
}

func allText(documents []document) string {
	var text strings.Builder
	for _, d := range documents {
		text.WriteString(d.Text)
	}
	return text.String()
}

// undocumentedModules lists imports of modules that no README justifies.
func undocumentedModules(sources []*source, readme string) []string {
	var findings []string
	for _, s := range sources {
		for target, pos := range s.imports() {
			first, _, _ := strings.Cut(target, "/")
			if !strings.Contains(first, ".") || namedIn(readme, target) {
				continue
			}
			findings = append(findings, fmt.Sprintf("%s: %s is not among the dependencies in cmd/README.md; say there "+
				"in one line why it is worth having", s.at(pos), target))
		}
	}
	return findings
}

// namedIn tells whether the readme names the module that the package belongs to.
func namedIn(readme, target string) bool {
	for module := target; strings.Count(module, "/") >= 1; module = module[:strings.LastIndex(module, "/")] {
		if strings.Contains(readme, "`"+module+"`") {
			return true
		}
	}
	return false
}

func TestReadmeJustifiesEveryDependency(t *testing.T) {
	report(t, undocumentedModules(checkout(t), allText(readmes(t))))
}

var makeTarget = regexp.MustCompile(`make\s+([a-z][a-z-]+)`)

// unknownTargets lists targets of make that a document names and the Makefile does not have.
func unknownTargets(d document, makefile string) (findings []string) {
	for _, target := range makeTarget.FindAllStringSubmatch(inCode(d.Text), -1) {
		if !strings.Contains(makefile, "\n"+target[1]+":") {
			findings = append(findings, fmt.Sprintf("%s says make %s, which the Makefile does not have", d.Path,
				target[1]))
		}
	}
	return findings
}

var codeSpan = regexp.MustCompile("(?s)```.*?```|`[^`]+`")

// inCode is what a document shows as code: "make" is a word besides.
func inCode(text string) string { return strings.Join(codeSpan.FindAllString(text, -1), "\n") }

// TestReadmesSpeakOfThingsThatExist: targets of make, and every room of the floor plan that is a top one.
func TestReadmesSpeakOfThingsThatExist(t *testing.T) {
	documents, makefile := readmes(t), readFile(t, "Makefile")
	for _, d := range documents {
		report(t, unknownTargets(d, makefile))
	}
	rooms := readFile(t, "cmd/README.md")
	for _, folder := range []string{"cmd/holdfast", "actors/section", "storage", "api", "api/booking", "bench"} {
		if !strings.Contains(rooms, "`"+folder+"`") {
			t.Errorf("the floor plan in cmd/README.md leaves %s out", folder)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// deadLinks lists links of a document to files that are not there. exists is asked with paths from the root.
func deadLinks(d document, exists func(string) bool) (findings []string) {
	for _, found := range link.FindAllStringSubmatch(d.Text, -1) {
		target, _, _ := strings.Cut(found[1], "#")
		if target == "" || strings.Contains(target, "://") {
			continue
		}
		if !exists(path.Join(path.Dir(d.Path), target)) {
			findings = append(findings, fmt.Sprintf("%s: %s is not there", d.Path, found[1]))
		}
	}
	return findings
}

func TestLinksOfReadmesLeadSomewhere(t *testing.T) {
	exists := func(file string) bool {
		_, err := os.Stat(filepath.Join("..", "..", file))
		return err == nil
	}
	for _, d := range readmes(t) {
		report(t, deadLinks(d, exists))
	}
}

// Sizes of a document: the root README is read in one sitting, and a line fits beside another window.
const (
	rootLinesMax       = 150
	documentColumnsMax = 120
)

func longLines(d document) (findings []string) {
	lines := strings.Split(strings.TrimSuffix(d.Text, "\n"), "\n")
	if d.Path == "README.md" && len(lines) >= rootLinesMax {
		findings = append(findings, fmt.Sprintf("%s has %d lines; it stays under %d", d.Path, len(lines), rootLinesMax))
	}
	for i, line := range lines {
		if n := utf8.RuneCountInString(line); n > documentColumnsMax {
			findings = append(
				findings, fmt.Sprintf("%s:%d: %d columns; a line ends at %d", d.Path, i+1, n, documentColumnsMax),
			)
		}
	}
	return findings
}

func TestReadmesKeepTheirSize(t *testing.T) {
	for _, d := range readmes(t) {
		report(t, longLines(d))
	}
}

// Each kind of fault in a document is found when it is planted.
func TestReadmeChecksFindPlantedFaults(t *testing.T) {
	nothing := func(string) bool { return false }
	for _, c := range []struct {
		name, text string
		check      func(document) []string
		want       string
	}{
		{"target", "run `make nonsense`", func(d document) []string { return unknownTargets(d, "\nall:") }, "nonsense"},
		{"target in a block", "```\nmake nonsense\n```", func(d document) []string { return unknownTargets(d, "\nall:") }, "nonsense"},
		{"a word", "they make mistakes", func(d document) []string { return unknownTargets(d, "\nall:") }, ""},
		{"dead link", "see [x](../nowhere.go)", func(d document) []string { return deadLinks(d, nothing) }, "nowhere.go"},
		{"link elsewhere", "see [x](https://example.org/a)", func(d document) []string { return deadLinks(d, nothing) }, ""},
		{"long line", strings.Repeat("ä", documentColumnsMax+1), longLines, "columns"},
		{"line that fits", strings.Repeat("ä", documentColumnsMax), longLines, ""},
		{"long root", strings.Repeat("\n", rootLinesMax+1), longLines, "stays under"},
	} {
		findings := c.check(document{"README.md", c.text})
		if c.want == "" && len(findings) > 0 ||
			c.want != "" && !strings.Contains(strings.Join(findings, "\n"), c.want) {
			t.Errorf("%s: %q", c.name, findings)
		}
	}
}

func TestUndocumentedDependencyIsFound(t *testing.T) {
	planted := plant(
		t, "api/a.go",
		"package api\nimport (\n_ \"net/http\"\n_ \"example.org/known/deep/inside\"\n_ \"example.org/new\"\n)\n",
	)
	findings := undocumentedModules([]*source{planted}, "| `example.org/known` | because |")
	if len(findings) != 1 ||
		!slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, "example.org/new") }) {
		t.Errorf("findings: %v", findings)
	}
}
