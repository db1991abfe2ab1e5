package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// module is the prefix of this module's import paths.
const module = "holdfast/"

// starting are the calls that start a process; a database and a browser are some.
var starting = map[string][]string{
	"os/exec":                      {"Command", "CommandContext"},
	"os":                           {"StartProcess"},
	"github.com/chromedp/chromedp": {"NewExecAllocator"},
}

// function is what one function mentions: names of its own package, and "folder.Name" of others of this module.
type function struct {
	folder, name string
	test         bool
	starts       bool
	mentions     []string
}

// printStarters writes a line for each package: its folder, and a pattern for -run.
func printStarters(root string, out io.Writer) error {
	functions, err := scan(root)
	if err != nil {
		return err
	}
	byFolder := map[string][]string{}
	for _, f := range reach(functions) {
		if f.test {
			byFolder[f.folder] = append(byFolder[f.folder], f.name)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(byFolder)) {
		slices.Sort(byFolder[folder])
		fmt.Fprintf(out, "./%s\t^(%s)$\n", folder, strings.Join(byFolder[folder], "|"))
	}
	return nil
}

// reach gives the functions that start a process, or mention one that does. Methods are known by name only: better one
// too many.
func reach(functions []*function) (found []*function) {
	known := map[string]bool{}
	for more := true; more; {
		more = false
		for _, f := range functions {
			f.starts = f.starts || slices.ContainsFunc(f.mentions, func(m string) bool { return known[m] })
			if key := f.folder + "." + f.name; f.starts && !known[key] {
				known[key], more = true, true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(functions), func(f *function) bool { return !f.starts })
}

// scan reads every Go file of the module below root.
func scan(root string) (functions []*function, err error) {
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return enter(root, name, entry.Name())
		case strings.HasSuffix(name, ".go"):
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			folder, err := filepath.Rel(root, filepath.Dir(name))
			if err != nil {
				return err
			}
			functions = append(functions, functionsOf(file, filepath.ToSlash(folder),
				strings.HasSuffix(name, "_test.go"))...)
		}
		return nil
	})
	return functions, err
}

// enter leaves out what is no source of this module: hidden folders, npm's, and modules of their own.
func enter(root, name, base string) error {
	if name == root {
		return nil
	}
	if strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

func functionsOf(file *ast.File, folder string, test bool) (all []*function) {
	imports := map[string]string{} // the name in this file, the path
	for _, spec := range file.Imports {
		if target, err := strconv.Unquote(spec.Path.Value); err == nil {
			name := path.Base(target)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			imports[name] = target
		}
	}
	note := func(name string, test bool, body ast.Node) {
		f := &function{folder: folder, name: name, test: test}
		ast.Inspect(body, func(n ast.Node) bool { return f.look(n, imports) })
		all = append(all, f)
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Body != nil {
				note(d.Name.Name, test && d.Recv == nil && strings.HasPrefix(d.Name.Name, "Test") &&
					d.Name.Name != "TestMain", d.Body)
			}
		case *ast.GenDecl: // a variable may hold a function
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
					for i := range v.Names {
						note(v.Names[i].Name, false, v.Values[i])
					}
				}
			}
		}
	}
	return all
}

// look notes what a node mentions, and tells whether to look inside of it.
func (f *function) look(n ast.Node, imports map[string]string) bool {
	switch n := n.(type) {
	case *ast.Ident:
		f.mentions = append(f.mentions, f.folder+"."+n.Name)
	case *ast.SelectorExpr:
		of, ok := n.X.(*ast.Ident)
		target := ""
		if ok {
			target = imports[of.Name]
		}
		if target == "" {
			return true // a method or a field
		}
		f.starts = f.starts || slices.Contains(starting[target], n.Sel.Name)
		if own, ours := strings.CutPrefix(target, module); ours {
			f.mentions = append(f.mentions, own+"."+n.Sel.Name)
		}
		return false
	}
	return true
}
