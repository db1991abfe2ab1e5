package chaos

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"holdfast/storage/sqlstore/pgserver"
)

// seedVariable chooses another run of these tests than the usual one. A seed fixes what is done and when; what it meets
// differs each time.
const (
	seedVariable = "HOLDFAST_CHAOS_SEED"
	seedUsual    = 31
)

func seedOf(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv(seedVariable)
	if text == "" {
		return seedUsual
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// needPostgreSQL: without its programs nothing can be said. That fails under CI and is loud elsewhere.
func needPostgreSQL(t *testing.T) {
	t.Helper()
	_, err := pgserver.Binaries()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("THE CLUSTER IS NOT TESTED: %v (Debian package postgresql, or `make packages`)", err)
	}
	if err != nil {
		t.Fatalf("the cluster cannot be tested: %v", err)
	}
}

// build makes the server, in a folder that every user may pass through.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "holdfast")
	arguments := append([]string{"build", "-o", binary}, flags...)
	if said, err := exec.CommandContext(t.Context(), "go",
		append(arguments, "holdfast/cmd/holdfast")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return binary
}

func play(t *testing.T, cfg Config) *Report {
	t.Helper()
	t.Logf("again: %s=%d go test -v -run '%s' ./bench/chaos", seedVariable, cfg.Seed, t.Name())
	cfg.Say = func(line string) { t.Log(line) }
	report, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestChaosShort guards P1, P2, P3, P4, P5, P6, P9 and P10 in a cluster of real processes while they are killed,
// stopped, cut off and drained: some twenty seconds of what `make chaos` does for minutes.
func TestChaosShort(t *testing.T) {
	needPostgreSQL(t)
	report := play(t, Config{Binary: build(t), Seed: seedOf(t), Duration: 20 * time.Second})
	t.Logf("\n%s", report)
	if report.Verdict != Passed {
		t.Errorf("%s: %s", report.Verdict, report.Why)
	}
	if len(report.Schedule) == 0 || report.Figures.Watch.Checkpoints == 0 || report.Figures.Reads == 0 ||
		report.Figures.Refunded == 0 {
		t.Errorf("something was never tried: %+v", report.Figures)
	}
}

// TestNothingStaysBehind: neither a run that cannot begin nor one that ends early leaves a folder, a namespace or a
// link.
func TestNothingStaysBehind(t *testing.T) {
	folder := t.TempDir()
	_, err := Run(t.Context(), Config{Binary: filepath.Join(folder, "none"), Folder: folder})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a binary that is not there: %v", err)
	}
	if _, err := Run(t.Context(), Config{Binary: "/bin/false", Folder: folder}); err == nil {
		t.Error("a binary that is no server made a run")
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if left, _ := filepath.Glob(filepath.Join("/run/netns", "holdfast-chaos-"+strconv.Itoa(os.Getpid())+"-*")); len(
		left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestConfigRefusesNonsense(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no binary":        {},
		"no such nemesis":  {Binary: "/bin/true", Nemeses: []string{"flood"}},
		"too many nodes":   {Binary: "/bin/true", Nodes: 99},
		"negative time":    {Binary: "/bin/true", Duration: -1},
		"no such place":    {Binary: "/bin/true", Namespaces: "sometimes"},
		"too many buyers":  {Binary: "/bin/true", Buyers: 100_000},
		"no such binary":   {Binary: "/nowhere/holdfast"},
		"negative buyers":  {Binary: "/bin/true", Buyers: -1},
		"negative members": {Binary: "/bin/true", Nodes: -1},
	} {
		if cfg.fill() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
