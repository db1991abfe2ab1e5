package grammar

import (
	"io/fs"
	"path"
	"strings"
)

// Source is one statement, or one script of several, as it stands in a file.
type Source struct {
	File string // slash path from the folder that was read
	Name string // from "-- name: x"; "" where the file has no names
	Text string
}

func (s Source) String() string {
	if s.Name == "" {
		return s.File
	}
	return s.File + ": " + s.Name
}

// PostgresOnly tells whether the statement is never sent to CockroachDB.
func (s Source) PostgresOnly() bool {
	return strings.HasSuffix(s.Name, "_postgres") || strings.HasSuffix(strings.TrimSuffix(s.File, ".sql"), "_postgres")
}

// Sources reads every .sql file below a folder.
func Sources(folder fs.FS) (all []Source, err error) {
	err = fs.WalkDir(folder, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".sql" {
			return err
		}
		text, err := fs.ReadFile(folder, file)
		if err != nil {
			return err
		}
		all = append(all, split(file, string(text))...)
		return nil
	})
	return all, err
}

const nameHeader = "-- name: "

// split takes a file apart at its names, as the store does. A file without any is one source.
func split(file, text string) (sources []Source) {
	if !strings.Contains(text, nameHeader) {
		return []Source{{File: file, Text: text}}
	}
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), nameHeader); ok {
			sources = append(sources, Source{File: file, Name: name})
		} else if len(sources) > 0 {
			sources[len(sources)-1].Text += line
		}
	}
	return sources
}
