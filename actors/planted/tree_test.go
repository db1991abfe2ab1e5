package planted

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func rootFS(t *testing.T) fs.FS {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	return os.DirFS(root)
}

func everyPatch(t *testing.T) []Bug {
	t.Helper()
	bugs, err := read(embedded, bugsFolder)
	if err != nil {
		t.Fatal(err)
	}
	switches, err := read(embedded, switchFolder)
	if err != nil {
		t.Fatal(err)
	}
	return append(bugs, switches...)
}

// TestEveryPatchAppliesToThisTree: code that moves takes its bugs along, or this says where they belong now.
func TestEveryPatchAppliesToThisTree(t *testing.T) {
	bugs := everyPatch(t)
	if len(bugs) < 29 {
		t.Errorf("only %d patches are left", len(bugs))
	}
	texts, err := patched(rootFS(t), bugs)
	if err != nil {
		t.Fatal(err)
	}
	if err := add(embedded, texts); err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		if _, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution); err != nil {
			t.Errorf("patched, it is no Go: %v", err)
		}
	}
}

var (
	goodName    = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	goodPromise = regexp.MustCompile(`^(P\d+( P\d+)*|liveness)$`)
	asks        = regexp.MustCompile(`\bbug(?:Awake|Strikes)\("([^"]*)"`)
)

// TestEveryBugIsDocumented: what it does, whom it hurts, who finds it; and it is asleep until its own name is called.
func TestEveryBugIsDocumented(t *testing.T) {
	for _, bug := range All() {
		told := strings.HasSuffix(bug.What, ".") && goodPromise.MatchString(bug.Promise) && len(bug.Caught) > 0
		if !told || !goodName.MatchString(bug.Name) {
			t.Errorf("%s: text %q, promise %q, caught %v: one is missing or has another form",
				bug.Name, bug.What, bug.Promise, bug.Caught)
		}
		for i := range bug.Edits {
			if names := asked(&bug.Edits[i]); len(names) != 1 || !names[bug.Name] {
				t.Errorf("%s: its edit of %s asks whether %v are awake; every edit asks for its own bug",
					bug.Name, bug.Edits[i].Function, names)
			}
		}
	}
	seen := make(map[string]bool)
	for _, name := range Names() {
		if seen[name] {
			t.Errorf("two bugs are called %s", name)
		}
		seen[name] = true
	}
}

// asked gives the bugs that an edit's new lines ask for.
func asked(e *Edit) map[string]bool {
	var added strings.Builder
	for _, l := range e.lines {
		if l.op == '+' {
			added.WriteString(l.text + "\n")
		}
	}
	return every(asks, added.String())
}

// claim is a file of tests that wake bugs.
type claim struct {
	path  string
	tests map[string]bool // the names of its tests
	names map[string]bool // the strings it quotes
}

func (c *claim) speaksOf(bug *Bug) bool {
	return c.names[bug.Name] || slices.ContainsFunc(bug.Also, func(name string) bool { return c.names[name] })
}

var (
	testName = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	quoted   = regexp.MustCompile(`"([a-z-]+)"`)
)

// claims reads every file of tests that can wake bugs.
func claims(t *testing.T) (all []claim) {
	t.Helper()
	files := rootFS(t)
	err := fs.WalkDir(files, ".", func(at string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (at == "actors/planted" || unread(at)):
			return fs.SkipDir
		case !strings.HasSuffix(at, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(files, at)
		if err != nil || !strings.Contains(string(text), `"holdfast/actors/planted"`) {
			return err
		}
		all = append(all, claim{at, every(testName, string(text)), every(quoted, string(text))})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func every(pattern *regexp.Regexp, text string) map[string]bool {
	found := make(map[string]bool)
	for _, hit := range pattern.FindAllStringSubmatch(text, -1) {
		found[hit[1]] = true
	}
	return found
}

// TestEveryBugIsCaughtByTestsThatNameIt, and no test names a bug without being named by it.
func TestEveryBugIsCaughtByTestsThatNameIt(t *testing.T) {
	all := claims(t)
	for _, bug := range All() {
		for _, test := range bug.Caught {
			if !slices.ContainsFunc(all, func(c claim) bool { return c.tests[test] && c.speaksOf(&bug) }) {
				t.Errorf("%s: caught by %s, but no file has that test and names the bug", bug.Name, test)
			}
		}
		for _, c := range all {
			if c.speaksOf(&bug) && !slices.ContainsFunc(bug.Caught, func(test string) bool { return c.tests[test] }) {
				t.Errorf("%s: %s names it, and caught: none of its tests", bug.Name, c.path)
			}
		}
	}
}
