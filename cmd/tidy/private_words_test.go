package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

// fieldTerms are words that were this house's own, with what the field says. None of them stands in a name that
// product code declares.
var fieldTerms = map[string]string{
	"trip":       "call; a round trip is a round trip",
	"errand":     "inbound request",
	"carry":      "do, submit",
	"asked":      "request",
	"asking":     "query, client",
	"calling":    "client",
	"awaited":    "pending call",
	"steward":    "rebalancer",
	"heir":       "successor",
	"asleep":     "passivated",
	"tired":      "passivating",
	"awake":      "active",
	"course":     "lifecycle",
	"census":     "state gauge",
	"fellowship": "cluster adapter",
	"roster":     "membership",
	"sighting":   "observation",
	"sightings":  "observations",
	"heart":      "liveness",
	"overslept":  "stale",
	"door":       "guard, check",
	"doors":      "guards, checks",
	"desk":       "sessions, peers",
	"judged":     "decided",
	"unjudged":   "not done",
	"midway":     "unknown",
	"wish":       "request, criteria",
	"wishes":     "requests, criteria",
	"told":       "answer, notified",
	"heard":      "received, observed",
	"aside":      "in the background",
	"clockwork":  "runtime",
	"people":     "views",
	"crowd":      "buyers",
	"hall":       "event, venue",
	"halls":      "events, venues",
	"house":      "event, venue",
	"houses":     "events, venues",
	"arena":      "testbed",
	"ground":     "machine",
	"lane":       "worker",
	"lanes":      "workers",
	"deed":       "operation",
	"deeds":      "operations",
	"beside":     "sidecar, beyond",
	"contestant": "target",
	"contender":  "target",
	"contenders": "targets",
	"kin":        "identity check, members",
	"company":    "identities",
	"stranger":   "foreign node",
	"strangers":  "foreign nodes",
	"yields":     "stands down",
	"met":        "seen, recorded, reached",
	"unmet":      "not in gossip, unseen",
}

// compounds are two words that mean something else together than the second does alone.
var compounds = map[string]bool{"round trip": true}

// keptWords are names that still have such a word, as folder: name, each with its reason. Entries are only taken out.
var keptWords = map[string]string{
	"api/wire: Asleep":          wireWord,
	"api/wire: ClusterStranger": wireWord,
	"api/wire: ClusterUnmet":    wireWord,
	"api/wire: SectionAsleep":   wireWord,
	"api/wire: Strangers":       wireWord,
	"api/wire: Unmet":           wireWord,
	"api/wire: Yields":          wireWord,
}

// Reasons of keptWords.
const (
	wireWord = "the wire has this word, and the wire is fixed: the Go name follows the member's"
)

// declaredNames visits the names that a file declares, wherever it does.
func declaredNames(s *source, visit func(*ast.Ident)) {
	names := func(list []*ast.Ident) {
		for _, name := range list {
			visit(name)
		}
	}
	fresh := func(list ...ast.Expr) {
		for _, e := range list {
			if name, ok := e.(*ast.Ident); ok {
				visit(name)
			}
		}
	}
	visit(s.File.Name)
	ast.Inspect(s.File, func(n ast.Node) bool {
		switch d := n.(type) {
		case *ast.FuncDecl:
			visit(d.Name)
		case *ast.TypeSpec:
			visit(d.Name)
		case *ast.ValueSpec:
			names(d.Names)
		case *ast.Field:
			names(d.Names)
		case *ast.AssignStmt:
			if d.Tok == token.DEFINE {
				fresh(d.Lhs...)
			}
		case *ast.RangeStmt:
			if d.Tok == token.DEFINE {
				fresh(d.Key, d.Value)
			}
		}
		return true
	})
}

// privateWord is the first word of a name that is not the field's.
func privateWord(name string) (word string) {
	before := ""
	for _, part := range camelWord.FindAllString(name, -1) {
		part = strings.ToLower(part)
		if fieldTerms[part] != "" && !compounds[before+" "+part] {
			return part
		}
		before = part
	}
	return ""
}

// literally says that in this room the word means just what it says, as it does in the plan of the waiting room.
func literally(folder, word string) bool {
	switch folder {
	case "storage", "actors/waitingroom", "api/wire":
		return word == "doors"
	}
	return strings.HasPrefix(folder, "actors/gate") && (word == "people" || word == "doors")
}

func checkFieldTerms(sources []*source, kept map[string]string) (findings []string) {
	used := make(map[string]bool)
	for _, s := range sources {
		if s.Test || generated(s) {
			continue
		}
		declaredNames(s, func(name *ast.Ident) {
			word := privateWord(name.Name)
			if word == "" || literally(s.Folder, word) {
				return
			}
			key := s.Folder + ": " + name.Name
			if used[key] = true; kept[key] == "" {
				findings = append(findings, fmt.Sprintf("%s: %s: %q is a word of this house's own; the field says: %s",
					s.at(name.Pos()), name.Name, word, fieldTerms[word]))
			}
		})
	}
	for _, key := range slices.Sorted(maps.Keys(kept)) {
		if !used[key] {
			findings = append(findings, key+": keptWords has a name that is not there any more: take it out")
		}
	}
	return findings
}

// TestNamesAreTheFieldsTerms: a reader who knows databases and clusters can guess what a name means.
func TestNamesAreTheFieldsTerms(t *testing.T) { report(t, checkFieldTerms(checkout(t), keptWords)) }

func TestFieldTermsFindPlantedViolations(t *testing.T) {
	check := func(sources []*source) []string {
		return checkFieldTerms(sources, map[string]string{"a: desk": "a reason"})
	}
	desk := "\nvar desk int\n"
	runPlanted(t, []planted{
		{"type", "a/a.go", "package a\n\ntype censusOf int\n" + desk, "state gauge"},
		{"function", "a/a.go", "package a\n\nfunc letHeirIn() {}\n" + desk, "successor"},
		{"field", "a/a.go", "package a\n\ntype t struct{ wish int }\n" + desk, "request"},
		{"parameter", "a/a.go", "package a\n\nfunc f(told func()) {}\n" + desk, "notified"},
		{"local variable", "a/a.go", "package a\n\nfunc f() { errand := 1; _ = errand }\n" + desk, "inbound request"},
		{"loop variable", "a/a.go", "package a\n\nfunc f() { for lane := range 3 { _ = lane } }\n" + desk, "worker"},
		{"package", "a/a.go", "package crowd\n" + desk, "buyers"},
		{"a round trip is one", "a/a.go", "package a\n\nvar roundTrip, RoundTripTime int\n" + desk, ""},
		{"a part of another word", "a/a.go", "package a\n\nvar background, stripped, discourse int\n" + desk, ""},
		{"a use is not a declaration", "a/a.go", "package a\n\nfunc f() { other.Wish() }\n" + desk, ""},
		{"a test's names are its own", "a/a_test.go", "package a\n\nvar census int\n", "a: desk: keptWords has a name"},
		{"kept", "a/a.go", "package a\n" + desk, ""},
		{"kept and gone", "a/a.go", "package a\n", "a: desk: keptWords has a name that is not there any more"},
	}, check)
}

// TestGlossaryHasNoPrivateWord: what the root README's glossary defines is no word that names may not have.
func TestGlossaryHasNoPrivateWord(t *testing.T) {
	_, words, found := strings.Cut(readFile(t, "README.md"), "\n## Words\n")
	words, _, ends := strings.Cut(words, "\n## ")
	if !found || !ends || strings.Count(words, "**") < 20 {
		t.Fatal("README.md has no glossary under Words")
	}
	for n, part := range strings.Split(words, "**") {
		if word := privateWord(part); n%2 == 1 && word != "" {
			t.Errorf("README.md defines %q: %s", part, fieldTerms[word])
		}
	}
}
