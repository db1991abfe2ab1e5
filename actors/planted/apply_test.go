package planted

import (
	"strings"
	"testing"
	"testing/fstest"
)

// someWriter is a package with two functions of one name on different types, and a line that stands twice.
const someWriter = `package writer

type Writer struct{ n int }

func (w *Writer) Submit(n int) int {
	w.n += n
	w.n++
	if n > 1 {
		w.n++
	}
	return w.n
}

type Shelf[T any] struct{}

func (s *Shelf[T]) Submit() {}

func over(
	a int,
) int {
	return a
}
`

func someTree() fstest.MapFS {
	return fstest.MapFS{
		"actors/writer/writer.go":      {Data: []byte(someWriter)},
		"actors/writer/writer_test.go": {Data: []byte("package writer\n\nfunc tested() {\n\tw.n += n\n}\n")},
		"actors/other.go":              {Data: []byte("package actors\n\nfunc moved() {\n\tcount(1)\n}\n")},
	}
}

// bugsOf parses patches, the first called a, the next b.
func bugsOf(t *testing.T, patches ...string) (bugs []Bug) {
	t.Helper()
	for i, text := range patches {
		bug, err := parse(string(rune('a'+i)), text)
		if err != nil {
			t.Fatal(err)
		}
		bugs = append(bugs, *bug)
	}
	return bugs
}

const submit = "@@ actors/writer Writer.Submit\n"

// TestEditsArePutWhereTheyBelong: before, after, instead, at a function's beginning; several bugs at one place in
// order.
func TestEditsArePutWhereTheyBelong(t *testing.T) {
	for _, c := range []struct {
		name    string
		patches []string
		want    string
	}{
		{"after a line", []string{submit + " w.n += n\n+X\n"}, "w.n += n\nX\nw.n++"},
		{"before a line", []string{submit + "+X\n w.n += n\n"}, "X\nw.n += n\nw.n++"},
		{"around a line", []string{submit + "+X\n w.n += n\n+Y\n"}, "X\nw.n += n\nY\nw.n++"},
		{"in place of a line", []string{submit + "-w.n += n\n+X\n"}, "{\nX\nw.n++"},
		{"two lines of context make it one place", []string{submit + " w.n++\n }\n+X\n"}, "}\nX\nreturn"},
		{"a line's beginning", []string{submit + " if n…\n+X\n"}, "if n > 1 {\nX\nw.n++"},
		{"a function's beginning", []string{submit + "+X\n"}, "int {\nX\nw.n += n"},
		{"a header of several lines", []string{"@@ actors/writer over\n+X\n"}, ") int {\nX\nreturn a"},
		{"two bugs after one line",
			[]string{submit + " w.n += n\n+X\n", submit + " w.n += n\n+Y\n"}, "w.n += n\nX\nY\nw.n++"},
		{"two bugs around one line",
			[]string{submit + "+X\n w.n += n\n+}\n", submit + "+Y\n w.n += n\n+}\n"}, "X\nY\nw.n += n\n}\n}\nw.n++"},
		{"one bug after a line, one before the next",
			[]string{submit + "+Y\n w.n++\n if n > 1 {\n", submit + " w.n += n\n+X\n"}, "w.n += n\nX\nY\nw.n++"},
		{"two edits of one bug",
			[]string{submit + " w.n += n\n+X\n\n" + submit + "-return w.n\n+Y\n"}, "Y\n}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			texts, err := patched(someTree(), bugsOf(t, c.patches...))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.ReplaceAll(texts["actors/writer/writer.go"], "\t", ""); !strings.Contains(got, c.want) {
				t.Errorf("want %q in\n%s", c.want, got)
			}
			if !strings.Contains(texts["actors/writer/planted.go"], "package writer\n") {
				t.Errorf("the package cannot ask whether a bug is awake: %q", texts["actors/writer/planted.go"])
			}
		})
	}
}

// TestAPatchThatDoesNotApplyNamesAll: the patch, the place, the text that is looked for, and where the text stands now.
func TestAPatchThatDoesNotApplyNamesAll(t *testing.T) {
	const (
		adds  = submit + " w.n += n\n+X\n"
		takes = submit + "-w.n += n\n+Y\n"
		moved = "actors/other.go:4 (actors moved)"
	)
	for _, c := range []struct {
		name    string
		patches []string
		want    []string
	}{
		{"text gone", []string{submit + " w.m += n\n+X\n"},
			[]string{"a.patch", "actors/writer", "Writer.Submit", "writer.go:5", "0 times", "w.m", "nowhere else"}},
		{"text moved", []string{submit + " count(1)\n+X\n"}, []string{"a.patch", "count(1)", "0 times", moved}},
		{"text twice", []string{submit + " w.n++\n+X\n"}, []string{"a.patch", "w.n++", "2 times"}},
		{"function gone", []string{"@@ actors/writer Writer.Send\n count(1)\n+X\n"},
			[]string{"a.patch", "Writer.Send", "no such function", moved}},
		{"function of another type", []string{"@@ actors/writer Shelf.Submit\n+X\n"},
			[]string{"a.patch", "Shelf.Submit", "one line"}},
		{"folder gone", []string{"@@ actors/relay Writer.Submit\n+X\n"},
			[]string{"a.patch", "actors/relay", "no such folder"}},
		{"tests are not patched", []string{"@@ actors/writer tested\n+X\n"}, []string{"no such function"}},
		{"two take one line", []string{takes, takes}, []string{"a.patch", "b.patch", "w.n += n"}},
		{"one takes what another needs", []string{adds, takes}, []string{"a.patch", "b.patch", "w.n += n"}},
		{"one needs what another takes", []string{takes, adds}, []string{"a.patch", "b.patch", "w.n += n"}},
		{"all are told", []string{submit + " w.m += n\n+X\n", submit + " w.o += n\n+Y\n"},
			[]string{"a.patch", "w.m", "b.patch", "w.o"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			texts, err := patched(someTree(), bugsOf(t, c.patches...))
			if err == nil {
				t.Fatalf("it was applied:\n%s", texts["actors/writer/writer.go"])
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("want %q in: %v", want, err)
				}
			}
		})
	}
}

func TestAFunctionThatIsThereTwiceIsRefused(t *testing.T) {
	tree := someTree()
	tree["actors/writer/plan9.go"] = &fstest.MapFile{Data: []byte("package writer\n\nfunc (w Writer) Submit() {\n}\n")}
	_, err := patched(tree, bugsOf(t, submit+"+X\n"))
	if err == nil || !strings.Contains(err.Error(), "plan9.go") || !strings.Contains(err.Error(), "writer.go") {
		t.Errorf("want both files: %v", err)
	}
}

// TestMisspeltPatchesAreRefused with the line.
func TestMisspeltPatchesAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown field", "# What.\npromises: P1\n", "x.patch:2"},
		{"place without a function", "@@ actors/writer\n+X\n", "x.patch:1"},
		{"line without a sign", submit + "X\n", "x.patch:2"},
		{"no change", submit + " w.n += n\n", "changes nothing"},
		{"no line", submit, "changes nothing"},
		{"empty anchor", submit + " \n+X\n", "no anchor"},
		{"line that goes in part", submit + "-w.n…\n+X\n", "whole"},
	} {
		if _, err := parse("x", c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q in: %v", c.name, c.want, err)
		}
	}
}

func TestHeaderIsRead(t *testing.T) {
	const header = "# Something\n# is wrong.\npromise: P1 P2\nalso: y z\ncaught: TestA TestB\ncaught: TestC\n\n"
	b, err := parse("x", header+submit+"+X\n")
	if err != nil {
		t.Fatal(err)
	}
	lists := len(b.Also) == 2 && len(b.Caught) == 3 && len(b.Edits) == 1
	if b.What != "Something is wrong." || b.Promise != "P1 P2" || !lists {
		t.Errorf("%+v", b)
	}
}
