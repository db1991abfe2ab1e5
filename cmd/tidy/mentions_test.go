package tidy

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"
)

// mention is a Go file's name in a comment.
var mention = regexp.MustCompile(`\b[a-z][a-z0-9_]*\.go\b`)

// TestCommentsNameFilesThatAreThere: a file that moved takes the comments along that send a reader to it.
func TestCommentsNameFilesThatAreThere(t *testing.T) {
	known := map[string]bool{}
	walkFiles(t, func(file string) { known[path.Base(file)] = true })
	report(t, checkMentions(checkout(t), known))
}

func checkMentions(sources []*source, known map[string]bool) (findings []string) {
	for _, s := range sources {
		if s.Test || strings.HasPrefix(s.Folder, "api/clienttest") { // which names what its generator writes
			continue
		}
		for _, group := range s.File.Comments {
			for _, name := range mention.FindAllString(group.Text(), -1) {
				if !known[name] {
					findings = append(findings,
						fmt.Sprintf("%s: a comment names %s, which is not there", s.at(group.Pos()), name))
				}
			}
		}
	}
	return findings
}

func TestMentionsFindPlantedViolations(t *testing.T) {
	runPlanted(t, []planted{
		{"a file that is gone", "actors/a.go", "// Package a is told in gone.go.\npackage a\n", "names gone.go"},
		{"a file that is there", "actors/a.go", "// Package a is told in here.go.\npackage a\n", ""},
	}, func(sources []*source) []string { return checkMentions(sources, map[string]bool{"here.go": true}) })
}
