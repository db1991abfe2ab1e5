package tidy

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"strings"
	"testing"
)

// tourLinesMax is what a stranger reads to follow one hold from the request to its answer.
const tourLinesMax = 1000

const tourFile = "actors/README.md"

// tourStop is a list item of the tour: a file, and the declarations of it that are to be read.
var tourStop = regexp.MustCompile("(?m)^\\* \\[[^\\]]+\\]\\(([^)]+\\.go)\\):((?:\\s+`[^`]+`)+)$")

// TestTheTourIsTrue: each stop of the tour is there, and all of them are no more than tourLinesMax lines, comments
// included.
func TestTheTourIsTrue(t *testing.T) {
	lines, findings := walkTour(readFile(t, tourFile), checkout(t))
	report(t, findings)
	t.Logf("the tour reads %d lines of code", lines)
}

func walkTour(text string, sources []*source) (lines int, findings []string) {
	files := map[string]*source{}
	for _, s := range sources {
		files[s.Path] = s
	}
	stops := tourStop.FindAllStringSubmatch(text, -1)
	if len(stops) == 0 {
		findings = append(findings, tourFile+": no stop of the tour is found")
	}
	for _, stop := range stops {
		file := path.Join(path.Dir(tourFile), stop[1])
		s := files[file]
		if s == nil {
			findings = append(findings, fmt.Sprintf("%s: %s is not there", tourFile, file))
			continue
		}
		for _, name := range strings.Fields(strings.ReplaceAll(stop[2], "`", " ")) {
			n := declarationLines(s, name)
			if n == 0 {
				findings = append(findings, fmt.Sprintf("%s: %s has no declaration %s", tourFile, file, name))
			}
			lines += n
		}
	}
	if lines > tourLinesMax {
		findings = append(findings,
			fmt.Sprintf("%s: %d lines to read; the tour ends at %d", tourFile, lines, tourLinesMax))
	}
	return lines, findings
}

// declarationLines counts the lines of a function (NAME or TYPE.NAME) or of a type, with its comment; 0: there is none.
func declarationLines(s *source, name string) int {
	for _, d := range s.File.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if qualified(d) == name {
				return span(s, d, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, is := spec.(*ast.TypeSpec); is && t.Name.Name == name {
					if len(d.Specs) > 1 {
						return span(s, t, t.Doc)
					}
					return span(s, d, d.Doc)
				}
			}
		}
	}
	return 0
}

func qualified(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	if star, is := receiver.(*ast.StarExpr); is {
		receiver = star.X
	}
	if generic, is := receiver.(*ast.IndexExpr); is {
		receiver = generic.X
	}
	if id, is := receiver.(*ast.Ident); is {
		return id.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

func span(s *source, n ast.Node, doc *ast.CommentGroup) int {
	from := n.Pos()
	if doc != nil {
		from = doc.Pos()
	}
	return s.line(n.End()) - s.line(from) + 1
}

// TestTheTourFindsPlantedViolations: a stop that is gone, and a tour that is too long.
func TestTheTourFindsPlantedViolations(t *testing.T) {
	long := "package a\n\nfunc long() {\n" + strings.Repeat("\tlong()\n", tourLinesMax) + "}\n"
	s := plant(t, "actors/a.go", long)
	for text, want := range map[string]string{
		"* [a](b.go): `long`\n":        "actors/b.go is not there",
		"* [a](a.go): `gone`\n":        "no declaration gone",
		"* [a](a.go): `long`\n":        "the tour ends at 1000",
		"nothing to read\n":            "no stop of the tour",
		"* [a](a.go): `long` `gone`\n": "no declaration gone",
	} {
		if _, findings := walkTour(text, []*source{s}); !strings.Contains(strings.Join(findings, "\n"), want) {
			t.Errorf("%q: %q, want %q", text, findings, want)
		}
	}
}
