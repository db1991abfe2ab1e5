package planted

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
)

// Bug is one file of testdata.
type Bug struct {
	Name    string   // its file's name, and what Activate and HOLDFAST_PLANT call it
	Also    []string // further names
	What    string   // what the build does wrong
	Promise string   // the promises that are broken (P1 P3), or liveness
	Caught  []string // the tests that must find it
	Edits   []Edit
}

// Edit is one hunk.
type Edit struct {
	Folder   string // below the module's root
	Function string // NAME or TYPE.NAME
	lines    []line
}

// line is one line of a hunk: op is ' ', '-' or '+'.
type line struct {
	op   byte
	text string
}

//go:embed testdata
var embedded embed.FS

const (
	bugsFolder   = "testdata/bugs"
	switchFolder = "testdata/switch"
	addedFolder  = "testdata/added"
	patchEnding  = ".patch"
)

// read gives the bugs of one folder in the order of their names.
func read(files fs.FS, folder string) ([]Bug, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, err
	}
	var bugs []Bug
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), patchEnding)
		if !ok {
			return nil, fmt.Errorf("planted: %s/%s is no %s file", folder, entry.Name(), patchEnding)
		}
		text, err := fs.ReadFile(files, path.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		bug, err := parse(name, string(text))
		if err != nil {
			return nil, err
		}
		bugs = append(bugs, *bug)
	}
	return bugs, nil
}

// All gives every bug, in the order of their names.
var All = sync.OnceValue(func() []Bug {
	bugs, err := read(embedded, bugsFolder)
	if err != nil {
		panic(err) // the files are part of the binary: a test has read them
	}
	return bugs
})

// parse reads one file.
func parse(name, text string) (*Bug, error) {
	b := &Bug{Name: name}
	for n, row := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if err := b.take(row); err != nil {
			return nil, fmt.Errorf("planted: %s%s:%d: %w: %q", name, patchEnding, n+1, err, row)
		}
	}
	for i := range b.Edits {
		if err := b.Edits[i].check(); err != nil {
			e := &b.Edits[i]
			return nil, fmt.Errorf("planted: %s%s: edit of %s %s: %w", name, patchEnding, e.Folder, e.Function, err)
		}
	}
	return b, nil
}

// place is a folder and a function.
var place = regexp.MustCompile(`^@@ ([a-z0-9/-]+) ((?:\w+\.)?\w+)$`)

func (b *Bug) take(row string) error {
	if at := place.FindStringSubmatch(row); at != nil {
		b.Edits = append(b.Edits, Edit{Folder: at[1], Function: at[2]})
		return nil
	}
	if len(b.Edits) == 0 {
		return b.takeHeader(row)
	}
	e := &b.Edits[len(b.Edits)-1]
	switch {
	case row == "": // between hunks
	case strings.IndexByte(" -+", row[0]) >= 0:
		e.lines = append(e.lines, line{row[0], row[1:]})
	default:
		return errors.New("a hunk's line begins with a space, a minus or a plus")
	}
	return nil
}

func (b *Bug) takeHeader(row string) error {
	if text, ok := strings.CutPrefix(row, "# "); ok {
		b.What = strings.TrimSpace(b.What + " " + text)
		return nil
	}
	key, value, _ := strings.Cut(row, ":")
	value = strings.TrimSpace(value)
	switch key {
	case "":
	case "promise":
		b.Promise = value
	case "caught":
		b.Caught = append(b.Caught, strings.Fields(value)...)
	case "also":
		b.Also = strings.Fields(value)
	default:
		return errors.New("neither # text, nor promise:, caught: or also:, nor @@ FOLDER FUNCTION")
	}
	return nil
}

// check says whether an edit does something.
func (e *Edit) check() error {
	changes := false
	for _, l := range e.lines {
		changes = changes || l.op != ' '
		if l.op != '+' && strings.TrimSpace(l.text) == "" {
			return errors.New("an empty line is no anchor")
		}
		if l.op == '-' && strings.HasSuffix(l.text, rest) {
			return errors.New("a line that goes is given whole")
		}
	}
	if !changes {
		return errors.New("it changes nothing")
	}
	return nil
}
