//go:build planted

package chaos

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/actors/planted"
	"holdfast/bench/chaos/testbed"
	"holdfast/bench/check"
)

// plants are bugs that a planted server can be given, what shows them, and within how many seeds they must be caught.
var plants = []struct {
	bug     string
	nemeses []string
	seeds   int
}{
	{"", nil, 1}, // no bug: must pass
	{"answer-early", []string{"kill", "storerestart"}, 3},
	{"forget-requests", []string{"kill"}, 3},
	{"repeat-anew", []string{"kill"}, 2},
	{"drop-hold", []string{"kill"}, 2},
	{"double-grant", []string{"kill"}, 2},
	{"early-lapse", []string{"kill"}, 2},
	{"no-tickets", []string{"kill"}, 2},
	{"unknown-is-done", []string{"storecut", "storerestart"}, 3},
	{"unknown-is-failed", []string{"storecut", "storerestart"}, 3},
	{"ignore-fence", []string{"pause", "storecut"}, 4},
	{"reclaim-without-rule", []string{"partition", "oneway", "pause"}, 4},
}

// TestPlantedClusterIsCaught runs servers that are broken on purpose. Each must fail within a few seeds, and the same
// build with no bug awake must pass: else the silence of this harness would mean nothing. It takes ten minutes and
// more, so it is built with the tag "planted" only: make chaos.
func TestPlantedClusterIsCaught(t *testing.T) {
	needPostgreSQL(t)
	binary := filepath.Join(t.TempDir(), "holdfast")
	if err := planted.Build(t.Context(), binary); err != nil {
		t.Fatal(err)
	}
	for _, p := range plants {
		name := p.bug
		if name == "" {
			name = "none"
		}
		t.Run(name, func(t *testing.T) { huntPlant(t, binary, p.bug, p.nemeses, p.seeds) })
	}
}

func huntPlant(t *testing.T, binary, bug string, nemeses []string, seeds int) {
	t.Helper()
	if bug != "" && planted.Named(bug) == nil {
		t.Fatalf("there is no bug %q", bug)
	}
	nemeses = usable(t, nemeses)
	first := seedOf(t)
	for i := range seeds {
		// not t.TempDir: PostgreSQL's user may not pass through that
		folder, err := os.MkdirTemp("", "holdfast-planted-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(folder) })
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		report := play(t, Config{
			Binary: binary, Seed: first + uint64(i), Duration: 25 * time.Second, Nemeses: nemeses,
			Environment: []string{"HOLDFAST_PLANT=" + bug}, Folder: folder,
		})
		t.Logf("seed %d: %s: %s", report.Seed, report.Verdict, report.Why)
		switch {
		case bug == "" && report.Verdict != Passed:
			t.Fatalf("no bug was awake, and it did not pass:\n%s", report)
		case bug == "" || caught(report):
			return
		}
	}
	t.Errorf("%q was not caught with %d seeds from %d on", bug, seeds, first)
}

// caught says that some check failed which is about what was sold; that a node left late, or that healing took long,
// may have other reasons.
func caught(report *Report) bool {
	for _, name := range []string{check.Repeats, check.Seats, check.Ends, check.Gone, check.Log, checkReads, checkMaps,
		checkEpochs, checkRefunds, checkAudit} {
		if report.Failed(name) {
			return true
		}
	}
	return false
}

// usable leaves out what needs network namespaces where there are none.
func usable(t *testing.T, nemeses []string) (list []string) {
	t.Helper()
	why := testbed.NoNamespaces()
	for i := range kinds {
		for _, name := range nemeses {
			if kinds[i].name == name && (why == "" || !kinds[i].split) {
				list = append(list, name)
			}
		}
	}
	if len(list) == 0 && len(nemeses) > 0 {
		t.Skipf("NOT LOOKED FOR: %v need network namespaces: %s", nemeses, why)
	}
	return list
}
