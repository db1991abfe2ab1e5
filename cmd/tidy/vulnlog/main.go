// Command vulnlog reads what `govulncheck -format json` says and judges it: exit 1 when the code calls a function of a
// module that is known to be vulnerable, 0 when nothing is left, or only what a newer Go mends. Those of the standard
// library are listed apart: no line of go.mod mends them, whoever builds with the newest patch of Go has none of them.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// message is one of govulncheck's stream; other members are nobody's business here.
type message struct {
	Config *struct {
		ScannerVersion string `json:"scanner_version"`
	} `json:"config"`
	Finding *finding `json:"finding"`
	OSV     *struct {
		ID      string `json:"id"`
		Summary string `json:"summary"`
	} `json:"osv"`
}

type finding struct {
	OSV          string  `json:"osv"`
	FixedVersion string  `json:"fixed_version"`
	Trace        []frame `json:"trace"` // from the vulnerable symbol up to ours
}

type frame struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Function string `json:"function"` // empty: it is only required or imported, and never called
}

func main() {
	code, err := judge(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vulnlog:", err)
	}
	os.Exit(code)
}

func judge(in io.Reader, out io.Writer) (code int, err error) {
	summaries, modules, std := map[string]string{}, map[string]frame{}, map[string]frame{}
	fixed, scanned := map[string]string{}, false
	for stream := json.NewDecoder(in); ; {
		var m message
		if err := stream.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return 2, err
		}
		scanned = scanned || m.Config != nil
		if m.OSV != nil {
			summaries[m.OSV.ID] = m.OSV.Summary
		}
		if m.Finding == nil || len(m.Finding.Trace) == 0 || m.Finding.Trace[0].Function == "" {
			continue
		}
		fixed[m.Finding.OSV] = m.Finding.FixedVersion
		if at := m.Finding.Trace[0]; at.Module == "stdlib" || at.Module == "toolchain" {
			std[m.Finding.OSV] = at
		} else {
			modules[m.Finding.OSV] = at
		}
	}
	if !scanned {
		return 2, errors.New("nothing was scanned")
	}
	list(out, "called in modules; raise them:", modules, fixed, summaries)
	list(out, "called in the standard library; build with the newest patch of Go:", std, fixed, summaries)
	fmt.Fprintf(out, "%d vulnerabilities called in modules, %d in the standard library of this Go\n", len(modules),
		len(std))
	return min(len(modules), 1), nil
}

func list(out io.Writer, title string, found map[string]frame, fixed, summaries map[string]string) {
	var lines []string
	for id, at := range found {
		mended := "in no version yet"
		if fixed[id] != "" {
			mended = "in " + fixed[id]
		}
		lines = append(lines, fmt.Sprintf("  %s  %s %s, mended %s: %s\n", id, at.Module, at.Version, mended,
			summaries[id]))
	}
	slices.Sort(lines)
	if len(lines) > 0 {
		fmt.Fprintf(out, "%s\n%s", title, strings.Join(lines, ""))
	}
}
