package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

const (
	wideSections = 12
	wideSeats    = 100
)

// importWide creates an event of many sections on sale.
func importWide(t *testing.T, url string) {
	t.Helper()
	var sections []string
	for i := range wideSections {
		sections = append(sections, fmt.Sprintf(`{"id":"S%d","category":"Stalls","rows":[{"label":"1","seats":%d}]}`, i,
			wideSeats))
	}
	plan := testkit.WriteFile(t, "wide.json", `{"sections":[`+strings.Join(sections, ",")+`]}`)
	code, out := tool(t, "import", "--url", url, "--name", "May Day", "--starts-at", "2030-05-01T20:00:00Z", "--price",
		"*=2500", "--open", plan)
	if code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
}

// seen is what a node says of the cluster.
func seen(t *testing.T, base string) *wire.Cluster {
	t.Helper()
	said := &wire.Cluster{}
	if err := (&client.Client{Base: base, Key: "dev", HTTP: http.DefaultClient}).Get(t.Context(), "/v1/cluster",
		said); err != nil {
		t.Fatal(err)
	}
	return said
}

// settled says that every node sees that many others, and every section where it belongs.
func settled(t *testing.T, nodes []*node.Node, sections int) bool {
	for _, n := range nodes {
		s := seen(t, "http://"+n.Addr())
		if len(s.Nodes) != len(nodes) || s.Total != sections || s.Serving != sections || s.InDoubt+s.Misplaced != 0 {
			return false
		}
	}
	return true
}

// collector buys a seat after the other, in all sections and at all nodes in turn, until it is told to stop.
type collector struct {
	ctx     context.Context
	stop    context.CancelFunc
	ended   sync.WaitGroup
	bought  atomic.Int64
	mu      sync.Mutex
	refused []string
}

func collect(t *testing.T, nodes []*node.Node) *collector {
	s := &collector{}
	s.ctx, s.stop = context.WithCancel(t.Context())
	event := nodes[0].Engine().Events()[0].ID.String()
	s.ended.Go(func() {
		for i := 0; i < wideSections*wideSeats && s.ctx.Err() == nil; i++ {
			s.buy(nodes[i%len(nodes)], event, fmt.Sprintf("S%d-1-%d", i%wideSections, i/wideSections+1), i)
		}
	})
	t.Cleanup(func() { s.stop(); s.ended.Wait() })
	return s
}

func (s *collector) buy(node *node.Node, event, seat string, i int) {
	request, err := http.NewRequest(http.MethodPost, "http://"+node.Addr()+"/v1/events/"+event+"/bookings",
		strings.NewReader(`{"seats":["`+seat+`"]}`))
	if err != nil {
		panic(err) // the test's own words
	}
	request.Header.Set("X-Buyer", fmt.Sprint("buyer", i))
	request.Header.Set("Idempotency-Key", "1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.complain(seat + ": " + err.Error())
		return
	}
	var said struct{ Code string }
	err = json.NewDecoder(response.Body).Decode(&said)
	if err = testkit.CloseBody(err, response.Body); err != nil || response.StatusCode != http.StatusCreated {
		s.complain(fmt.Sprintf("%s at %s: %d %s %v", seat, node.Name(), response.StatusCode, said.Code, err))
		return
	}
	s.bought.Add(1)
}

func (s *collector) complain(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, text)
}

// more waits until that many further seats are bought, so that something is bought while something else happens.
func (s *collector) more(t *testing.T, n int64) {
	t.Helper()
	goal := s.bought.Load() + n
	testkit.Eventually(t, "purchases", func() bool { return s.bought.Load() >= goal })
}

// TestOperatorDrainsANodeWhileItSells goes through a rolling upgrade's first half as its operator: look, drain, look,
// undo (P3, P11).
func TestOperatorDrainsANodeWhileItSells(t *testing.T) {
	nodes := nodetest.OpenCluster(t, pgtest.Database(t), 3)
	url := "http://" + nodes[0].Addr()
	importWide(t, url)
	testkit.Eventually(t, "every section is served where it belongs", func() bool {
		return settled(t, nodes, wideSections)
	})
	if code, out := tool(t, "cluster", "status", "--url", url); code != exitOK ||
		!strings.Contains(out, "12 sections: 12 served, 0 in doubt, 0 not") {
		t.Errorf("status: %d\n%s", code, out)
	}
	buyer := collect(t, nodes)
	buyer.more(t, 20)
	if code, out := tool(t, "cluster", "drain", "n2", "--wait", "--url", url); code != exitOK ||
		!strings.Contains(out, "n2 owns no section") {
		t.Errorf("drain: %d\n%s", code, out)
	}
	checkDrained(t, nodes)
	buyer.more(t, 20)
	if code, out := tool(t, "cluster", "drain", hexWriter(nodes[1]), "--undo", "--wait", "--url",
		"http://"+nodes[1].Addr()); code != exitOK || !strings.Contains(out, "0 still to move") {
		t.Errorf("undo: %d\n%s", code, out)
	}
	testkit.Eventually(t, "n2 has its share again", func() bool {
		return settled(t, nodes, wideSections) && nodes[1].Ready() == nil
	})
	buyer.more(t, 20)
	buyer.stop()
	buyer.ended.Wait()
	if len(buyer.refused) > 0 {
		t.Errorf("P11: %d bought, %d refused while sections moved: %q", buyer.bought.Load(), len(buyer.refused),
			buyer.refused)
	}
	if code, out := tool(t, "cluster", "rebalance", "--wait", "--url", url); code != exitOK ||
		!strings.Contains(out, "every section is where it is placed") {
		t.Errorf("rebalance: %d\n%s", code, out)
	}
	if code, out := tool(t, "cluster", "drain", "n9", "--url", url); code != exitFailed ||
		!strings.Contains(out, "node_unknown") {
		t.Errorf("a node that is not there: %d %s", code, out)
	}
	checkClusterMetrics(t, nodes[0])
}

func hexWriter(n *node.Node) string { id := n.Writer(); return fmt.Sprintf("%x", id[:]) }

func checkDrained(t *testing.T, nodes []*node.Node) {
	t.Helper()
	if status, body := testkit.Get(t, "http://"+nodes[1].Addr()+"/readyz"); status != http.StatusServiceUnavailable ||
		!strings.Contains(body, "draining") {
		t.Errorf("readyz of a drained node: %d %s", status, body)
	}
	if n := nodes[1].Engine().Stats().SectionsServing.Load(); n != 0 {
		t.Errorf("a drained node still has %d sections", n)
	}
	testkit.Eventually(t, "all sections served by the others", func() bool { return settled(t, nodes, wideSections) })
	for _, n := range seen(t, "http://"+nodes[0].Addr()).Nodes {
		if (n.Name == "n2") != (n.State == "draining") || (n.Name == "n2") != (n.Sections == 0) {
			t.Errorf("after the drain: %+v", n)
		}
	}
	if code, out := tool(t, "cluster", "drain", "n2", "--wait", "--url", "http://"+nodes[2].Addr()); code != exitOK {
		t.Errorf("drained again: %d %s", code, out)
	}
}

func checkClusterMetrics(t *testing.T, node *node.Node) {
	t.Helper()
	_, text := testkit.Get(t, "http://"+node.Addr()+"/metrics")
	for _, want := range []string{
		`holdfast_sections{state="serving"}`, `holdfast_sections{state="stopped"}`, "holdfast_forwarded_total",
		"holdfast_sections_transferred_total",
		"holdfast_replication_records_dropped_total", "holdfast_sections_in_doubt 0", "holdfast_sections_uncertain 0",
		`holdfast_cluster_members{state="serving"} 3`,
		`holdfast_cluster_members{state="draining"} 0`, `holdfast_cluster_link_up{peer="n2"} 1`,
		`holdfast_cluster_link_bytes_total{direction="sent",peer="n3"}`,
		`holdfast_cluster_link_round_trip_seconds{peer="n2"}`, `holdfast_cluster_link_dropped_total{peer="n3"}`,
		"holdfast_passivated_total 0", `holdfast_cluster_refused_total{kind="malformed"} 0`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("not among the metrics: %s", want)
		}
	}
}

// TestDrainOfTheOnlyNodeSaysSo: it keeps its sections and sells on.
func TestDrainOfTheOnlyNodeSaysSo(t *testing.T) {
	nodes := nodetest.OpenCluster(t, pgtest.Database(t), 1)
	url := "http://" + nodes[0].Addr()
	importWide(t, url)
	testkit.Eventually(t, "its sections are served", func() bool { return settled(t, nodes, wideSections) })
	if code, out := tool(t, "cluster", "drain", "n1", "--url", url); code != exitFailed ||
		!strings.Contains(out, "409 last_node") || !strings.Contains(out, "--force") {
		t.Errorf("%d %s", code, out)
	}
	if s := seen(t, url); s.Nodes[0].State != "serving" || nodes[0].Ready() != nil {
		t.Errorf("refused, and yet: %+v, %v", s.Nodes[0], nodes[0].Ready())
	}
	if code, out := tool(t, "cluster", "drain", "n1", "--force", "--wait", "--url", url); code != exitFailed ||
		!strings.Contains(out, "no other node is serving") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := tool(t, "cluster", "status", "--url", url); code != exitFindings ||
		!strings.Contains(out, "no node serves: n1 is draining (none_serving)") {
		t.Errorf("%d %s", code, out)
	}
	event := nodes[0].Engine().Events()[0].ID.String()
	if a := hold(t, nodes[0], event, "alice", "S1-1-1"); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.text)
	}
	if code, out := tool(t, "cluster", "drain", "n1", "--undo", "--wait", "--url", url); code != exitOK {
		t.Errorf("%d %s", code, out)
	}
	for range 100 { // the last word counts, whatever the ones before are still doing
		if err := errors.Join(nodes[0].DrainCluster(true), nodes[0].DrainCluster(false)); err != nil {
			t.Fatal(err)
		}
	}
	if s := seen(t, url); s.Nodes[0].State != "serving" || nodes[0].Ready() != nil {
		t.Errorf("after many drains undone: %+v, %v", s.Nodes[0], nodes[0].Ready())
	}
}

// TestANodeAloneShowsItself: without a cluster there is something to see, and nothing to drain.
func TestANodeAloneShowsItself(t *testing.T) {
	single := nodetest.Open(t, t.TempDir())
	defer nodetest.Close(t, single)
	alone := []*node.Node{single}
	url := "http://" + single.Addr()
	importWide(t, url)
	testkit.Eventually(t, "its sections are served", func() bool { return settled(t, alone, wideSections) })
	if code, out := tool(t, "cluster", "status", "--url", url); code != exitOK ||
		!strings.Contains(out, "12 sections: 12 served") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := tool(t, "cluster", "drain", single.Name(), "--url", url); code != exitFailed ||
		!strings.Contains(out, "not_clustered") {
		t.Errorf("%d %s", code, out)
	}
	if _, text := testkit.Get(t, url+"/metrics"); strings.Contains(text, "holdfast_cluster_") ||
		strings.Contains(text, "holdfast_sections_in_doubt") {
		t.Error("metrics of a cluster that is not there")
	}
}
