package grammar

import (
	"os"
	"strings"
	"testing"
)

// store is the folder of the SQL store.
const store = ".."

// TestEveryStatementIsValid is what this module is for.
func TestEveryStatementIsValid(t *testing.T) {
	sources, err := Sources(os.DirFS(store))
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]int{}
	for _, s := range sources {
		folder, _, _ := strings.Cut(s.File, "/")
		read[folder]++
		for _, finding := range Check(s) {
			t.Error(finding)
		}
	}
	if read["queries"] < 20 || read["schema"] < 5 || read["testdata"] < 2 {
		t.Errorf("only these statements were found, by folder: %v: the rules would pass on nothing", read)
	}
}

func TestPlantedViolationsAreFound(t *testing.T) {
	for _, c := range planted {
		t.Run(c.name, func(t *testing.T) {
			if c.file == "" {
				c.file = "queries/x.sql"
			}
			var findings []string
			for _, s := range split(c.file, c.text) {
				findings = append(findings, Check(s)...)
			}
			all := strings.Join(findings, "\n")
			if c.want == "" && all != "" || !strings.Contains(all, c.want) {
				t.Errorf("findings are %q, want %q", all, c.want)
			}
		})
	}
}

func TestFilesAreTakenApartAtTheirNames(t *testing.T) {
	got := split("queries/x.sql", "-- what this is\n\n-- name: one\n-- why\nSELECT 1\n\n-- name: two\nSELECT 2\n")
	if len(got) != 2 || got[0].Name != "one" || !strings.Contains(got[0].Text, "SELECT 1") ||
		strings.Contains(got[0].Text, "SELECT 2") ||
		got[1].Name != "two" {
		t.Errorf("%+v", got)
	}
}
