package tidy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// undocumentedModules lists imports of modules that the README does not justify.
func undocumentedModules(sources []*source, readme string) []string {
	var findings []string
	for _, s := range sources {
		for target, pos := range s.imports() {
			first, _, _ := strings.Cut(target, "/")
			if !strings.Contains(first, ".") || namedIn(readme, target) {
				continue
			}
			findings = append(findings, fmt.Sprintf("%s: %s is not among README's dependencies; say there in one line why it is worth having", s.at(pos), target))
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
	report(t, undocumentedModules(checkout(t), readFile(t, "README.md")))
}

var makeTarget = regexp.MustCompile(`make ([a-z]+)`)

// TestReadmeSpeaksOfThingsThatExist: targets of make, folders and files that it names.
func TestReadmeSpeaksOfThingsThatExist(t *testing.T) {
	readme, makefile := readFile(t, "README.md"), readFile(t, "Makefile")
	targets := makeTarget.FindAllStringSubmatch(readme, -1)
	if len(targets) < 3 {
		t.Fatalf("only %d targets of make in the README", len(targets))
	}
	for _, target := range targets {
		if !strings.Contains(makefile, "\n"+target[1]+":") {
			t.Errorf("README says make %s, which the Makefile does not have", target[1])
		}
	}
	for _, folder := range []string{"cmd/holdfast", "actors/section", "storage", "api", "bench"} {
		if !strings.Contains(readme, "| `"+folder+"`") {
			t.Errorf("README's floor plan leaves %s out", folder)
		}
	}
}

func TestUndocumentedDependencyIsFound(t *testing.T) {
	planted := plant(t, "api/a.go", "package api\nimport (\n_ \"net/http\"\n_ \"example.org/known/deep/inside\"\n_ \"example.org/new\"\n)\n")
	findings := undocumentedModules([]*source{planted}, "| `example.org/known` | because |")
	if len(findings) != 1 || !slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, "example.org/new") }) {
		t.Errorf("findings: %v", findings)
	}
}
