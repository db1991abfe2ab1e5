package tidy

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// server are the folders that bin/holdfast is made of.
var server = []string{"actors", "api", "cluster", "storage", "cmd/holdfast"}

// bugsRoom is where planted bugs are kept.
const bugsRoom = "actors/planted"

var (
	speaksOfBugs = regexp.MustCompile(`(?i)planted|\bbug(Awake|Strikes)\b`)
	buildTag     = regexp.MustCompile(`(?m)^//go:build .*\bplanted\b`)
)

// checkPlanted: planted bugs are patches; the files that they change know nothing of them.
func checkPlanted(sources []*source) []string {
	var findings []string
	for _, s := range sources {
		if s.Test || s.Folder == bugsRoom || !inServer(s.Folder) {
			if !s.Test && buildTag.MatchString(s.Text) {
				findings = append(findings, fmt.Sprintf("%s: the tag planted is for tests; see %s", s.Path, bugsRoom))
			}
			continue
		}
		for n, text := range strings.Split(s.Text, "\n") {
			if hit := speaksOfBugs.FindString(text); hit != "" {
				findings = append(findings, fmt.Sprintf("%s:%d: %q: the product knows of no planted bug; see %s",
					s.Path, n+1, hit, bugsRoom))
			}
		}
	}
	return findings
}

func inServer(folder string) bool {
	for _, top := range server {
		if folder == top || strings.HasPrefix(folder, top+"/") {
			return true
		}
	}
	return false
}

func TestProductKnowsNoPlantedBug(t *testing.T) {
	report(t, checkPlanted(checkout(t)))
}

func TestPlantedBugsInTheProductAreFound(t *testing.T) {
	runPlanted(t, []planted{
		{"a flag", "actors/a.go", "package actors\n\nfunc a() bool { return planted(plantB) }\n", "a.go:3"},
		{"a method", "cluster/a.go", "package cluster\n\nfunc (w *W) plantedOutcome() {}\n", "a.go:3"},
		{"a call of the overlay's", "storage/pebblestore/a.go",
			"package pebblestore\n\nfunc a() bool { return bugAwake(\"b\") }\n", "a.go:3"},
		{"an import", "cmd/holdfast/node/a.go", "package node\n\nimport _ \"holdfast/actors/planted\"\n", "a.go:3"},
		{"a file for a tag", "bench/a.go", "//go:build planted && linux\n\npackage bench\n", "is for tests"},
		{"the room itself", "actors/planted/a.go", "package planted\n", ""},
		{"a test", "actors/a_test.go", "//go:build planted\n\npackage actors\n", ""},
		{"not the server", "bench/a.go", "package bench\n\nconst help = \"make planted\"\n", ""},
	}, checkPlanted)
}
