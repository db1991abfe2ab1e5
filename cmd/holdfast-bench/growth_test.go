package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/bench/growth"
)

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bench.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const growthOutput = "BenchmarkGrowth/history=0-2 100 120 ns/op\nBenchmarkGrowth/history=1000-2 100 123 ns/op\n"

func TestGrowthRefusesNonsense(t *testing.T) {
	for name, c := range map[string]struct {
		arguments []string
		want      string
	}{
		"no server":            {[]string{"growth"}, "--binary is needed"},
		"no such dimension":    {[]string{"growth", "fame", "--binary", os.Args[0]}, `nothing grows by "fame"`},
		"below the first step": {[]string{"growth", "holds", "--to", "9", "--binary", os.Args[0]}, "above 9"},
		"benchmarks of no curve": {[]string{"growth", "holds", "--binary", os.Args[0], "--gobench",
			writeFile(t, "BenchmarkOther-2 100 120 ns/op\n")}, "no benchmark in it varies a number"},
		"benchmarks that failed": {[]string{"growth", "holds", "--binary", os.Args[0], "--gobench",
			writeFile(t, growthOutput+"FAIL\n")}, "failed"},
	} {
		var out, errs bytes.Buffer
		if code := command(t.Context(), c.arguments, &out, &errs); code != 2 ||
			!strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: code %d, said %q", name, code, errs.String())
		}
	}
}

func TestGrowthHelpTellsEveryDimension(t *testing.T) {
	var out, errs bytes.Buffer
	if code := command(t.Context(), []string{"growth", "--help"}, &out, &errs); code != 0 {
		t.Fatalf("code %d, said %q", code, errs.String())
	}
	words := strings.Join(strings.Fields(out.String()), " ")
	for _, d := range growth.Dimensions() {
		if !strings.Contains(words, d.Name+" "+d.About) {
			t.Errorf("%s is not told: %s", d.Name, out.String())
		}
	}
}

func TestGrowthTakesWhatWasSaid(t *testing.T) {
	c := growthCommand{Dimensions: []string{"holds"}, To: 10_000, Rounds: 2, Gobench: writeFile(t, growthOutput)}
	c.Binary = "b"
	config, err := c.config()
	if err != nil {
		t.Fatal(err)
	}
	if config.To != 10_000 || config.Rounds != 2 || config.Seed == 0 || config.Target.Start == nil ||
		len(config.Benchmarks) != 1 || config.Benchmarks[0].X.Label != "history" {
		t.Errorf("%+v", config)
	}
}
