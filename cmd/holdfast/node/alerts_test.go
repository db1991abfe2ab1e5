package node_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.yaml.in/yaml/v3"

	"holdfast/api/limit/redislimit"
	"holdfast/cluster"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

// The shipped alert rules and their unit tests.
const (
	alertRules = "../../../cluster/alerts.yml"
	alertTests = "../../../cluster/alerts_test.yml"
)

type alertRule struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

func readAlerts(t *testing.T) (all []alertRule) {
	t.Helper()
	text, err := os.ReadFile(alertRules)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct{ Rules []alertRule }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) < 20 {
		t.Fatalf("only %d rules: this would pass on nothing", len(all))
	}
	return all
}

// exported are the metrics of a single node and of one in a cluster with keys, by name.
func exported(t *testing.T) (registries []*prometheus.Registry, names map[string]bool) {
	t.Helper()
	config := nodetest.Config(filepath.Join(t.TempDir(), "d"))
	config.MailServer, config.MailFrom = "smtp://127.0.0.1:1?tls=off", "box@example.com" // nobody is there
	single := nodetest.OpenWith(t, config)
	t.Cleanup(func() { nodetest.Close(t, single) })
	several := nodetest.OpenCluster(t, pgtest.Database(t), 1)[0]
	keyed := prometheus.NewRegistry() // as it would be with keys, which have an end
	dir := t.TempDir()
	if err := cluster.MakeKeys(dir, []string{"n1"}, time.Hour); err != nil {
		t.Fatal(err)
	}
	metrics, err := node.MetricsWithKeys(several, dir, "n1")
	if err != nil {
		t.Fatal(err)
	}
	keyed.MustRegister(metrics...)
	shared, err := redislimit.Open("redis://127.0.0.1:1", testkit.QuietLog()) // nobody is there, and it is known
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.Close() }) // it never had a connection
	keyed.MustRegister(shared.Metrics()...)
	registries = []*prometheus.Registry{node.RegistryOf(single), node.RegistryOf(several), keyed}
	testkit.Get(t, "http://"+single.Addr()+"/healthz") // a histogram shows with its first sample
	names = map[string]bool{"up": true}
	for _, registry := range registries {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			names[family.GetName()] = true
		}
	}
	// of other nodes, of failures, of sinks, and of waiting rooms: here are none
	for _, vector := range []string{"holdfast_cluster_link_up", "holdfast_cluster_handshake_failures_total",
		"holdfast_feed_oldest_untold_seconds", "holdfast_feed_shards_stuck",
		"holdfast_feed_sink_failing", "holdfast_feed_streams_lost_total",
		"holdfast_queue_waiting", "holdfast_queue_phase", "holdfast_queue_paused", "holdfast_queue_sold_out",
		"holdfast_queue_slots", "holdfast_queue_slots_occupied", "holdfast_queue_called_total"} {
		names[vector] = true
	}
	return registries, names
}

var (
	quotedText = regexp.MustCompile(`"[^"]*"`)
	metricName = regexp.MustCompile(`\b(holdfast_[a-z0-9_]+|process_[a-z0-9_]+|go_[a-z0-9_]+)`)
	partName   = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// An alert on a metric that nobody exports never fires, and nobody finds out.
func TestAlertsUseMetricsThatExist(t *testing.T) {
	_, names := exported(t)
	for _, rule := range readAlerts(t) {
		used := metricName.FindAllString(quotedText.ReplaceAllString(rule.Expr, ""), -1)
		if len(used) == 0 && !strings.HasPrefix(rule.Expr, "up{") {
			t.Errorf("%s uses no metric: %s", rule.Alert, rule.Expr)
		}
		for _, name := range used {
			there := names[name] || names[partName.ReplaceAllString(name, "")]
			if !there {
				t.Errorf("%s uses %s, which no node exports", rule.Alert, name)
			}
		}
	}
}

// Whoever is woken at 3 a.m. is told how bad it is, what it is, and what to do; and somebody has tried whether the rule
// fires when it should, and only then.
func TestEveryAlertIsToldAndTried(t *testing.T) {
	tests, err := os.ReadFile(alertTests)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, rule := range readAlerts(t) {
		if severity := rule.Labels["severity"]; severity != "page" && severity != "ticket" {
			t.Errorf("%s: severity %q", rule.Alert, severity)
		}
		if len(rule.Annotations["summary"]) < 20 || len(rule.Annotations["runbook"]) < 40 {
			t.Errorf("%s: summary %q, runbook %q", rule.Alert, rule.Annotations["summary"], rule.Annotations["runbook"])
		}
		for _, what := range []string{" fires\n", " keeps quiet\n"} {
			if !strings.Contains(string(tests), "name: "+rule.Alert+what) {
				t.Errorf("alerts_test.yml has no test %s%s", rule.Alert, what)
			}
		}
		if seen[rule.Alert] {
			t.Errorf("%s stands there twice", rule.Alert)
		}
		seen[rule.Alert] = true
	}
}

// promtool is on the PATH, or where make packages puts it.
func promtool(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("promtool"); err == nil {
		return path
	}
	path, err := filepath.Abs("../../../bin/promtool")
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Skipf("SKIPPED: no promtool (make packages fetches it): nobody has checked the alert rules: %v", err)
	}
	return path
}

// TestAlertRulesHold: Prometheus' own tool parses the rules and runs their unit tests.
func TestAlertRulesHold(t *testing.T) {
	tool := promtool(t)
	for _, args := range [][]string{{"check", "rules", alertRules}, {"test", "rules", alertTests}} {
		if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestMetricsKeepConventions: base units, _total for counters and only for them, help for all, as Prometheus' linter
// asks.
func TestMetricsKeepConventions(t *testing.T) {
	registries, names := exported(t)
	for _, registry := range registries {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range problems {
			if strings.HasPrefix(problem.Metric, "holdfast_") {
				t.Errorf("%s: %s", problem.Metric, problem.Text)
			}
		}
	}
	for _, want := range []string{"holdfast_build_info", "holdfast_http_request_duration_seconds",
		"holdfast_cluster_certificate_expiry_timestamp_seconds"} {
		if !names[want] {
			t.Errorf("no metric %s", want)
		}
	}
}
