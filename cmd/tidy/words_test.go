package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// phrase is something that never stands in the source. Patterns are written so that they do not match themselves.
type phrase struct {
	Pattern *regexp.Regexp
	Why     string
	Tests   bool // only in tests
	Prose   bool // only in comments and documents, where code would be hit by accident
}

var phrases = []phrase{
	{
		Pattern: regexp.MustCompile(`\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b`),
		Why:     "finish it, or say in the comment why it is left out",
	},
	{
		Pattern: regexp.MustCompile(`time[.]Sleep\(`),
		Tests:   true,
		Why:     "a test that sleeps is slow or wrong: inject time or wait for an event",
	},
	{Pattern: regexp.MustCompile(`\bt[.](Skip|SkipNow|Skipf)\(\)`), Tests: true, Why: "a skip says loudly why"},
	{Pattern: regexp.MustCompile(`(?m:^|[^\w.])/(home|root|Users|wor[k])/[a-z]`), Why: "a path of one machine"},
	{
		Pattern: regexp.MustCompile(`(?m:^|[ \t(])#[0-9]+\b`),
		Prose:   true,
		Why:     "issue numbers age; say the reason itself",
	},
	{
		Pattern: regexp.MustCompile(`(?i)\b(seat|booking|buyer)s?['s]* lease|\bleased? (a |the )?(seat|booking)`),
		Why:     "a lease is the right to write; seats are on hold",
	},
	{
		Pattern: regexp.MustCompile(
			`(?i)\bbookings? (is|are|was|were|gets|be|been) commit[t]ed|\bcommit[t]ed bookings?`,
		),
		Why: "a booking is confirmed; the log commits",
	},
	{
		Pattern: regexp.MustCompile(`(?i)\bevent[ -]record`),
		Why:     "an Event is a show; what happened to a seat is a Change",
	},
	{
		Pattern: regexp.MustCompile(`(?i)\b(queue|waiting[ -]room|waiting) ticket`),
		Why:     "a position in the waiting room is a Place; a Ticket is a sold seat",
	},
	{Pattern: regexp.MustCompile(`\b[Ll]og[.]Fatal|\bos[.]Exit\(`), Why: ""},
}

// exits are the files outside of mains that may end the process, each with its reason.
var exits = map[string]string{
	"storage/pebblestore/tuning.go": "a failed write-ahead log leaves every later answer in doubt; only a new start can tell (P3)",
}

// exitAllowed: only a main may end the process.
func exitAllowed(s *source) bool { return s.File.Name.Name == "main" || s.Test || exits[s.Path] != "" }

func checkPhrases(sources []*source) []string {
	var findings []string
	for _, s := range sources {
		comments := commentLines(s)
		for _, p := range phrases {
			if p.Why == "" && exitAllowed(s) || p.Tests && !s.Test {
				continue
			}
			for _, hit := range p.Pattern.FindAllStringIndex(s.Text, -1) {
				line := 1 + strings.Count(s.Text[:hit[1]], "\n")
				if !p.Prose || comments[line] {
					findings = append(
						findings,
						fmt.Sprintf("%s:%d: %q: %s", s.Path, line, strings.TrimSpace(s.Text[hit[0]:hit[1]]), reason(p)),
					)
				}
			}
		}
	}
	return findings
}

func reason(p phrase) string {
	if p.Why == "" {
		return "only a main ends the process; return the error"
	}
	return p.Why
}

func commentLines(s *source) map[int]bool {
	lines := make(map[int]bool)
	for _, group := range s.File.Comments {
		for line := s.line(group.Pos()); line <= s.line(group.End()); line++ {
			lines[line] = true
		}
	}
	return lines
}

var camelWord = regexp.MustCompile(`[A-Z]?[a-z0-9]+|[A-Z]+`)

// checkNames looks at the names that a file gives: a section is never a "sec".
func checkNames(sources []*source) []string {
	var findings []string
	for _, s := range sources {
		ast.Inspect(s.File, func(n ast.Node) bool {
			name, ok := n.(*ast.Ident)
			if !ok || !strings.Contains(strings.ToLower(name.Name), "sec") {
				return true
			}
			for _, word := range camelWord.FindAllString(name.Name, -1) {
				if strings.EqualFold(word, "sec") || strings.EqualFold(word, "secs") {
					findings = append(
						findings,
						fmt.Sprintf("%s: %s: write section (or seconds) in full", s.at(name.Pos()), name.Name),
					)
				}
			}
			return true
		})
	}
	return findings
}

// checkDocs wants a doc comment on everything exported. Methods of unexported types and tests need none; a const or var
// group may carry one comment for all.
func checkDocs(sources []*source) []string {
	var findings []string
	missing := func(s *source, name *ast.Ident) {
		findings = append(findings, fmt.Sprintf("%s: exported %s has no doc comment", s.at(name.Pos()), name.Name))
	}
	for _, s := range sources {
		if s.Test || generated(s) {
			continue
		}
		for _, declaration := range s.File.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !wellKnown[d.Name.Name] {
					missing(s, d.Name)
				}
			case *ast.GenDecl:
				undocumented(d, func(name *ast.Ident) { missing(s, name) })
			}
		}
	}
	return findings
}

// wellKnown methods say by their name all that a comment could.
var wellKnown = map[string]bool{
	"Error": true, "Unwrap": true, "String": true, "Len": true, "Less": true, "Swap": true, "Close": true,
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	exported := false
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok {
			exported = exported || name.IsExported()
		}
		return true
	})
	return exported
}

func undocumented(d *ast.GenDecl, visit func(*ast.Ident)) {
	if d.Doc != nil && d.Tok != token.TYPE {
		return
	}
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
				visit(s.Name)
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && s.Doc == nil && s.Comment == nil {
					visit(name)
				}
			}
		}
	}
}

// checkPackageComments wants exactly the comment that draws the machine: in doc.go (or main.go of a command).
func checkPackageComments(sources []*source) []string {
	documented := make(map[string]bool)
	var findings, folders []string
	for _, s := range sources {
		if _, seen := documented[s.Folder]; !seen {
			documented[s.Folder] = false
			folders = append(folders, s.Folder)
		}
		if s.File.Doc != nil && !s.Test {
			documented[s.Folder] = true
		}
	}
	for _, folder := range folders {
		if !documented[folder] {
			findings = append(findings, folder+": the package has no comment that says what it is (doc.go)")
		}
	}
	return findings
}

func TestWords(t *testing.T) { report(t, checkPhrases(checkout(t))) }

func TestNames(t *testing.T) { report(t, checkNames(checkout(t))) }

func TestExportedThingsAreDocumented(t *testing.T) { report(t, checkDocs(checkout(t))) }

func TestPackagesAreDescribed(t *testing.T) { report(t, checkPackageComments(checkout(t))) }

// TestDocumentsKeepTheWords reads what is not Go: pages, scripts, settings.
func TestDocumentsKeepTheWords(t *testing.T) {
	walkFiles(t, func(path string) {
		if !strings.HasSuffix(path, ".md") && path != "Makefile" && !strings.HasPrefix(path, ".ci/") {
			return
		}
		for number, text := range strings.Split(readFile(t, path), "\n") {
			for _, p := range phrases {
				if p.Why == "" || p.Tests {
					continue
				}
				if hit := p.Pattern.FindString(text); hit != "" &&
					!(strings.HasPrefix(text, "#") && path == "Makefile") {
					t.Errorf("%s:%d: %q: %s", path, number+1, hit, p.Why)
				}
			}
		}
	})
}

func TestWordsFindPlantedViolations(t *testing.T) {
	in := func(comment string) string { return "package a\n\n// " + comment + "\nvar a = 1\n" }
	runPlanted(t, []planted{
		{"left over", "a.go", in("TO" + "DO later"), "finish it"},
		{"sleep in a test", "a_test.go", "package a\n\nfunc a() { time." + "Sleep(1) }\n", "sleeps"},
		{"sleep elsewhere is another matter", "a.go", "package a\n\nfunc a() { time." + "Sleep(1) }\n", ""},
		{"silent skip", "a_test.go", "package a\n\nfunc a() { t." + "Skip() }\n", "loudly"},
		{"machine path", "a.go", in("see /ho" + "me/alice/x"), "one machine"},
		{"issue number", "a.go", in("because of #" + "12"), "issue numbers"},
		{"color in code", "a.go", "package a\n\nvar a = \" #112233\"\n", ""},
		{"hold as a lease", "a.go", in("the seat" + " lease ends"), "on hold"},
		{"lease of the log is fine", "a.go", in("the lease is the right to write a log"), ""},
		{"booking commits", "a.go", in("the booking is com" + "mitted"), "confirmed"},
		{"show or change", "a.go", in("an event" + " record"), "Change"},
		{"place or ticket", "a.go", in("a queue" + " ticket"), "Place"},
		{"library exits", "a.go", "package a\n\nfunc a() { os." + "Exit(1) }\n", "only a main"},
		{"main exits", "a.go", "package main\n\nfunc a() { os." + "Exit(1) }\n", ""},
	}, checkPhrases)
	runPlanted(t, []planted{
		{"sec", "a.go", "package a\n\nvar sec int\n", "in full"},
		{"sec inside", "a.go", "package a\n\nfunc loadSecByID() {}\n", "in full"},
		{"seconds and security", "a.go", "package a\n\nvar seconds, security, secret, sectionNo int\n", ""},
	}, checkNames)
	runPlanted(t, []planted{
		{"function", "a.go", "package a\n\nfunc Bare() {}\n", "Bare"},
		{"method", "a.go", "package a\n\n// T is.\ntype T int\n\nfunc (t *T) Bare() {}\n", "Bare"},
		{"type", "a.go", "package a\n\ntype Bare int\n", "Bare"},
		{"constant", "a.go", "package a\n\nconst Bare = 1\n", "Bare"},
		{"group comment", "a.go", "package a\n\n// All of them.\nconst (\n\tOne = 1\n\tTwo = 2\n)\n", ""},
		{"hidden receiver", "a.go", "package a\n\ntype t int\n\nfunc (t) Bare() {}\n", ""},
	}, checkDocs)
	runPlanted(t, []planted{
		{"no package comment", "b/a.go", "package b\n", "b: the package"},
		{"comment in a test does not count", "b/a_test.go", "// Package b.\npackage b\n", "b: the package"},
		{"described", "b/a.go", "// Package b is.\npackage b\n", ""},
	}, checkPackageComments)
}
