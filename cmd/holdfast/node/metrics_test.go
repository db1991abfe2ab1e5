package node_test

import (
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

var deprecatedHelp = regexp.MustCompile(`(?m)^# HELP (\S+) Deprecated, gone in the next version: use (\S+)\.$`)

// samplesOf are the samples of a metric on a page, without its name, in order.
func samplesOf(page, name string) (samples []string) {
	for line := range strings.Lines(page) {
		rest, ours := strings.CutPrefix(line, name)
		if ours && rest != "" && strings.ContainsRune("{ _", rune(rest[0])) {
			samples = append(samples, rest)
		}
	}
	slices.Sort(samples)
	return samples
}

// TestDeprecatedMetricsEqualTheirSuccessors: dashboards on an old name go on for one version, and the manual names it.
func TestDeprecatedMetricsEqualTheirSuccessors(t *testing.T) {
	several := nodetest.OpenCluster(t, pgtest.Database(t), 1)[0]
	testkit.Get(t, "http://"+several.Addr()+"/healthz") // a histogram shows with its first sample
	status, page := testkit.Get(t, "http://"+several.Addr()+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d: %s", status, page)
	}
	manual, err := os.ReadFile("../../../cluster/README.md")
	if err != nil {
		t.Fatal(err)
	}
	renamed := map[string]string{}
	for _, found := range deprecatedHelp.FindAllStringSubmatch(page, -1) {
		renamed[found[1]] = found[2]
	}
	if len(renamed) < 7 {
		t.Errorf("only %d deprecated names on the page: %v", len(renamed), renamed)
	}
	for _, old := range slices.Sorted(maps.Keys(renamed)) {
		was, is := samplesOf(page, old), samplesOf(page, renamed[old])
		if len(was) == 0 || !slices.Equal(was, is) {
			t.Errorf("%s has %q, %s has %q", old, was, renamed[old], is)
		}
		if row := "| `" + old + "` | `" + renamed[old] + "` |"; !strings.Contains(string(manual), row) {
			t.Errorf("cluster/README.md lacks %s", row)
		}
	}
	types := map[string]int{}
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(page, -1) {
		if types[found[1]]++; types[found[1]] > 1 {
			t.Errorf("%s is a metric twice: Prometheus refuses the page", found[1])
		}
	}
}
