package planted

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// rest at the end of a line of context stands for the rest of that line.
const rest = "…"

// tree is a checkout while edits are gathered. Every edit is matched against the text as it stands there, so that no
// bug needs another one.
type tree struct {
	files   fs.FS // the module's root
	folders map[string]*folder
}

// folder is one package's product files.
type folder struct {
	path      string
	name      string // of the package
	functions map[string][]function
}

// function is one function's place.
type function struct {
	file             *file
	first, body, end int // lines, from 0: of func, of the brace that opens the body, and of the one that closes it
}

// file gathers what is done to one file.
type file struct {
	path   string
	lines  []string
	before map[int][]string // what comes before a line, and what after it
	after  map[int][]string
	gone   map[int]string // lines that go, and the bug that takes them
	needed map[int]string // lines that stay and are an anchor, and a bug that needs them
}

func newTree(files fs.FS) *tree { return &tree{files: files, folders: make(map[string]*folder)} }

// apply gathers all edits of one bug.
func (t *tree) apply(b *Bug) error {
	for i := range b.Edits {
		if err := t.edit(b.Name, &b.Edits[i]); err != nil {
			e := &b.Edits[i]
			return fmt.Errorf("planted: %s%s does not apply to %s, function %s: %w",
				b.Name, patchEnding, e.Folder, e.Function, err)
		}
	}
	return nil
}

func (t *tree) edit(bug string, e *Edit) error {
	in, err := t.folder(e.Folder)
	if err != nil {
		return err
	}
	candidates := in.functions[e.Function]
	switch {
	case len(candidates) == 0:
		return fmt.Errorf("there is no such function%s", t.elsewhere(e.anchor()))
	case len(candidates) > 1:
		return fmt.Errorf("there are several: in %s and %s", candidates[0].file.path, candidates[1].file.path)
	}
	f := candidates[0]
	at, err := f.find(e)
	if err != nil {
		return fmt.Errorf("in %s:%d: %w%s", f.file.path, f.first+1, err, t.elsewhere(e.anchor()))
	}
	return f.file.take(bug, e, at)
}

// anchor is the text that an edit looks for.
func (e *Edit) anchor() (texts []string) {
	for _, l := range e.lines {
		if l.op != '+' {
			texts = append(texts, strings.TrimSpace(l.text))
		}
	}
	return texts
}

// find gives the line at which the edit's anchor begins. Without an anchor it is that of the body's brace.
func (f *function) find(e *Edit) (int, error) {
	anchor := e.anchor()
	if len(anchor) == 0 {
		if f.body == f.end {
			return 0, fmt.Errorf("the function is one line: there is no place at its beginning")
		}
		return f.body, nil
	}
	found, times := 0, 0
	for at := f.first; at+len(anchor)-1 <= f.end; at++ {
		if f.file.stands(at, anchor) {
			found, times = at, times+1
		}
	}
	if times != 1 {
		return 0, fmt.Errorf("this text stands there %d times instead of once:\n\t%s",
			times, strings.Join(anchor, "\n\t"))
	}
	return found, nil
}

func (f *file) stands(at int, anchor []string) bool {
	for i, want := range anchor {
		have := strings.TrimSpace(f.lines[at+i])
		beginning, open := strings.CutSuffix(want, rest)
		if have != want && !(open && strings.HasPrefix(have, beginning)) {
			return false
		}
	}
	return true
}

// take gathers an edit whose anchor begins at that line.
func (f *file) take(bug string, e *Edit, at int) error {
	if len(e.anchor()) == 0 {
		for _, l := range e.lines {
			f.after[at] = append(f.after[at], l.text)
		}
		return nil
	}
	next := at // the anchor's next line
	for _, l := range e.lines {
		switch {
		case l.op == '+' && next == at:
			f.before[at] = append(f.before[at], l.text)
		case l.op == '+':
			f.after[next-1] = append(f.after[next-1], l.text)
		default:
			if err := f.use(bug, next, l.op == '-'); err != nil {
				return err
			}
			next++
		}
	}
	return nil
}

// use notes that a bug needs a line, or takes it away.
func (f *file) use(bug string, at int, takes bool) error {
	other, ok := f.gone[at]
	if !ok && takes {
		other, ok = f.needed[at]
	}
	if ok && other != bug {
		return fmt.Errorf("%s%s has the same line of %s, and one of the two takes it away: %q",
			other, patchEnding, f.path, strings.TrimSpace(f.lines[at]))
	}
	if takes {
		f.gone[at] = bug
	} else {
		f.needed[at] = bug
	}
	return nil
}

// text is the file with its edits; ok: there are some.
func (f *file) text() (text string, ok bool) {
	if len(f.before)+len(f.after)+len(f.gone) == 0 {
		return "", false
	}
	var out []string
	for at, l := range f.lines {
		out = append(out, f.before[at]...)
		if _, gone := f.gone[at]; !gone {
			out = append(out, l)
		}
		out = append(out, f.after[at]...)
	}
	return strings.Join(out, "\n"), true
}

// folder reads a package's product files, once.
func (t *tree) folder(at string) (*folder, error) {
	if in := t.folders[at]; in != nil {
		return in, nil
	}
	entries, err := fs.ReadDir(t.files, at)
	if err != nil {
		return nil, fmt.Errorf("there is no such folder: %w", err)
	}
	in := &folder{path: at, functions: make(map[string][]function)}
	for _, entry := range entries {
		if product(entry.Name()) {
			if err := in.read(t.files, path.Join(at, entry.Name())); err != nil {
				return nil, err
			}
		}
	}
	t.folders[at] = in
	return in, nil
}

func product(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

func (in *folder) read(files fs.FS, name string) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	in.name = parsed.Name.Name
	f := &file{
		path: name, lines: strings.Split(string(text), "\n"),
		before: make(map[int][]string), after: make(map[int][]string),
		gone: make(map[int]string), needed: make(map[int]string),
	}
	row := func(p token.Pos) int { return set.PositionFor(p, false).Line - 1 }
	for _, declaration := range parsed.Decls {
		if d, ok := declaration.(*ast.FuncDecl); ok && d.Body != nil {
			name := called(d)
			place := function{f, row(d.Pos()), row(d.Body.Lbrace), row(d.Body.Rbrace)}
			in.functions[name] = append(in.functions[name], place)
		}
	}
	return nil
}

// called names a function as an edit does. A pointer and type parameters are left out.
func called(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	of := d.Recv.List[0].Type
	for {
		switch t := of.(type) {
		case *ast.StarExpr:
			of = t.X
		case *ast.IndexExpr:
			of = t.X
		case *ast.IndexListExpr:
			of = t.X
		case *ast.Ident:
			return t.Name + "." + d.Name.Name
		default:
			return d.Name.Name
		}
	}
}

// elsewhere says where in the tree a text stands that was not found in its place, for whoever has moved the code.
func (t *tree) elsewhere(anchor []string) string {
	if len(anchor) == 0 {
		return ""
	}
	var places []string
	_ = fs.WalkDir(t.files, ".", func(at string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil: // what cannot be read is not named
		case entry.IsDir() && unread(at):
			return fs.SkipDir
		case product(entry.Name()):
			places = append(places, t.standing(at, anchor)...)
		}
		return nil
	})
	if len(places) == 0 {
		return "\nit stands nowhere else"
	}
	return "\nit stands in " + strings.Join(places, ", ")
}

// unread says that a folder holds no source of the module's.
func unread(folder string) bool {
	name := path.Base(folder)
	return name == "testdata" || name == "node_modules" || folder == "bin" || name != "." && name[0] == '.'
}

// standing gives the functions of a file that hold the text.
func (t *tree) standing(name string, anchor []string) (places []string) {
	alone := &folder{functions: make(map[string][]function)}
	if alone.read(t.files, name) != nil {
		return nil
	}
	for _, called := range slices.Sorted(maps.Keys(alone.functions)) {
		for _, f := range alone.functions[called] {
			if at, err := f.find(&Edit{lines: kept(anchor)}); err == nil {
				places = append(places, fmt.Sprintf("%s:%d (%s %s)", name, at+1, path.Dir(name), called))
			}
		}
	}
	return places
}

func kept(anchor []string) (lines []line) {
	for _, text := range anchor {
		lines = append(lines, line{' ', text})
	}
	return lines
}
