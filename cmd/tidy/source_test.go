package tidy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "holdfast"
	root   = "../.."
)

// source is one parsed Go file. Folder and Path are relative to the module's root, with slashes.
type source struct {
	Path   string
	Folder string
	Test   bool
	Lines  int
	Text   string
	Fset   *token.FileSet
	File   *ast.File
}

func parseSource(path, text string) (*source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{
		Path: path, Folder: filepath.ToSlash(filepath.Dir(path)), Test: strings.HasSuffix(path, "_test.go"),
		Lines: strings.Count(text, "\n"), Text: text, Fset: fset, File: file,
	}, nil
}

func (s *source) line(p token.Pos) int { return s.Fset.Position(p).Line }

func (s *source) at(p token.Pos) string { return s.Path + ":" + strconv.Itoa(s.line(p)) }

// imports lists the file's import paths with their places.
func (s *source) imports() map[string]token.Pos {
	paths := make(map[string]token.Pos, len(s.File.Imports))
	for _, spec := range s.File.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths[path] = spec.Pos()
		}
	}
	return paths
}

// skipped are folders that hold no source of ours.
var skipped = map[string]bool{".git": true, "bin": true, "data": true, "testdata": true, "node_modules": true}

// walkFiles calls visit for every file of the checkout with its slash path.
func walkFiles(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipped[entry.Name()] {
				return filepath.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(relative))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// parsed is the checkout, read once for all tests.
var parsed []*source

// checkout parses every Go file of the module. Tests here run one after the other, so nothing guards parsed.
func checkout(t *testing.T) []*source {
	t.Helper()
	if parsed != nil {
		return parsed
	}
	var sources []*source
	walkFiles(t, func(path string) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		one, err := parseSource(path, readFile(t, path))
		if err != nil {
			t.Fatalf("parse: %v", err)
		}
		sources = append(sources, one)
	})
	if len(sources) < 5 {
		t.Fatalf("only %d Go files found under %s: the checks would pass on nothing", len(sources), root)
	}
	parsed = sources
	return sources
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// plant parses a small source for the self tests.
func plant(t *testing.T, path, text string) *source {
	t.Helper()
	parsed, err := parseSource(path, text)
	if err != nil {
		t.Fatalf("planted source does not parse: %v", err)
	}
	return parsed
}

func report(t *testing.T, findings []string) {
	t.Helper()
	for _, finding := range findings {
		t.Error(finding)
	}
}

// planted is a self test: a violation that a check must find, or a clean source that it must leave alone.
type planted struct {
	name string
	path string
	text string
	want string // part of the finding; empty: no finding
}

func runPlanted(t *testing.T, cases []planted, check func([]*source) []string) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			findings := check([]*source{plant(t, c.path, c.text)})
			all := strings.Join(findings, "\n")
			if c.want == "" && len(findings) > 0 {
				t.Fatalf("clean source was reported: %s", all)
			}
			if !strings.Contains(all, c.want) {
				t.Fatalf("planted violation not found: want %q in %q", c.want, all)
			}
		})
	}
}
