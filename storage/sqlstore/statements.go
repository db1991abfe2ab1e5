package sqlstore

import (
	"embed"
	"fmt"
	"strings"
)

// Every statement is in a .sql file, so that a grammar can check all of them and an operator can read them.
//
//go:embed queries/*.sql schema/*.sql
var files embed.FS

// statements are the queries by name.
var statements = loadStatements()

// sql gives a statement by the name it has in queries/*.sql; a name that is not there is a bug and panics.
func sql(name string) string {
	text, ok := statements[name]
	if !ok {
		panic(fmt.Sprintf("sqlstore: no statement %q", name))
	}
	return text
}

func loadStatements() map[string]string {
	all := map[string]string{}
	names, err := files.ReadDir("queries")
	if err != nil {
		panic(err) // embedded: cannot happen
	}
	for _, file := range names {
		text, err := files.ReadFile("queries/" + file.Name())
		if err != nil {
			panic(err)
		}
		for name, statement := range splitStatements(string(text)) {
			if _, twice := all[name]; twice {
				panic(fmt.Sprintf("sqlstore: two statements named %q", name))
			}
			all[name] = statement
		}
	}
	return all
}

// splitStatements takes a file of "-- name: x" headers apart. Comments are left out of what is sent.
func splitStatements(text string) map[string]string {
	out := map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if header, ok := strings.CutPrefix(trimmed, "-- name: "); ok {
			name = header
			continue
		}
		if strings.HasPrefix(trimmed, "--") || name == "" {
			continue
		}
		out[name] += line
	}
	for name, statement := range out {
		out[name] = strings.TrimSpace(statement)
	}
	return out
}
