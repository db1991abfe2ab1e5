package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"holdfast/api/wire"
)

// pretended is a node that says whatever a test wants.
type pretended struct {
	*httptest.Server
	said   wire.Cluster
	locked atomic.Bool // it does not know the key
}

func (p *pretended) address() string { return strings.TrimPrefix(p.URL, "http://") }

// pretend starts nodes named n1, n2 …, all of which see all of them serving; view and sections are the test's to fill
// in.
func pretend(t *testing.T, count int) []*pretended {
	t.Helper()
	var all []*pretended
	for i := range count {
		p := &pretended{said: wire.Cluster{Self: nodeID(i), View: "00"}}
		p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if p.locked.Load() {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if r.URL.Path != "/v1/cluster" || r.Header.Get("Authorization") != "Bearer dev" {
				http.Error(w, r.URL.Path, http.StatusNotFound)
				return
			}
			if err := json.NewEncoder(w).Encode(&p.said); err != nil {
				t.Error(err)
			}
		}))
		t.Cleanup(p.Close)
		all = append(all, p)
	}
	for _, p := range all {
		for i, other := range all {
			p.said.Nodes = append(p.said.Nodes, wire.ClusterNode{
				ID: nodeID(i), Name: nodeNameOf(i), State: "serving", API: other.address(), Up: true, Self: p == other,
			})
		}
	}
	return all
}

func nodeID(i int) string { return strings.Repeat(string(rune('a'+i)), 32) }

func nodeNameOf(i int) string { return "n" + string(rune('1'+i)) }

// runs has a node say that it runs a section, and that is all that it says of sections.
func (p *pretended) runs(section string, epoch uint64) {
	i := slices.IndexFunc(p.said.Nodes, func(n wire.ClusterNode) bool { return n.Self })
	p.said.Sections = append(p.said.Sections, wire.ClusterSection{
		Event: "e", Section: section, State: "serving", Owner: p.said.Self, OwnerName: nodeNameOf(i), Epoch: epoch,
		Sure: true, Placed: p.said.Self,
	})
	p.said.Total, p.said.Serving = p.said.Total+1, p.said.Serving+1
}

// believes has a node say that another runs a section.
func (p *pretended) believes(section string, i int, epoch uint64) {
	p.said.Sections = append(p.said.Sections, wire.ClusterSection{
		Event: "e", Section: section, State: wire.SectionElsewhere, Owner: nodeID(i), OwnerName: nodeNameOf(i),
		Epoch: epoch, Sure: true, Placed: nodeID(i),
	})
	p.said.Total, p.said.Serving = p.said.Total+1, p.said.Serving+1
}

func TestStatusOfAClusterThatAgrees(t *testing.T) {
	nodes := pretend(t, 2)
	nodes[0].runs("A", 1)
	nodes[0].believes("B", 1, 4)
	nodes[1].runs("B", 4)
	code, out := tool(t, "cluster", "status", "--url", nodes[0].URL)
	if code != exitOK || !strings.Contains(out, "* n1") || !strings.Contains(out, "2 sections: 2 served, 0 in doubt") ||
		strings.Contains(out, "trouble") {
		t.Errorf("%d\n%s", code, out)
	}
	if strings.Contains(out, "EPOCH") {
		t.Errorf("sections that nobody asked for:\n%s", out)
	}
	if _, out := tool(t, "cluster", "status", "--sections", "--url", nodes[0].URL); !strings.Contains(out,
		"elsewhere") || !strings.Contains(out, "EPOCH") {
		t.Errorf("no list:\n%s", out)
	}
	code, out = tool(t, "cluster", "status", "--json", "--url", nodes[1].URL)
	var document struct {
		Asked         string
		Cluster       wire.Cluster
		Disagreements []string
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != exitOK ||
		document.Cluster.Self != nodeID(1) || document.Disagreements == nil {
		t.Errorf("%d %v\n%s", code, err, out)
	}
}

// TestStatusSaysWhereNodesDisagree plants each kind of contradiction.
func TestStatusSaysWhereNodesDisagree(t *testing.T) {
	nodes := pretend(t, 4)
	nodes[0].runs("A", 1)
	nodes[1].runs("A", 2) // both say that they run it
	nodes[1].said.View, nodes[1].said.Nodes = "01", nodes[1].said.Nodes[:3]
	nodes[1].said.Nodes[2].State = "draining"
	nodes[2].said.Self = nodeID(9) // another process at the same address
	nodes[3].Close()
	code, out := tool(t, "cluster", "status", "--url", nodes[0].URL)
	for _, want := range []string{
		"section A: n1 (epoch 1) and n2 (epoch 2) all say that they run it", "n1 and n2 see different clusters",
		"n2 does not see n4",
		"for n1 n3 is serving, for n2 draining", "where n3 should be, another node answers",
		"n4 (" + nodes[3].address() + ") does not answer",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("not said: %s", want)
		}
	}
	if code != exitFindings || t.Failed() {
		t.Errorf("%d\n%s", code, out)
	}
	if code, out := tool(t, "cluster", "status", "--only", "--url", nodes[0].URL); code != exitOK ||
		strings.Contains(out, "trouble") {
		t.Errorf("nobody else was to be asked: %d\n%s", code, out)
	}
}

func TestStatusNamesSectionsInDoubt(t *testing.T) {
	nodes := pretend(t, 1)
	nodes[0].said.Total, nodes[0].said.InDoubt, nodes[0].said.Uncertain = 2, 2, 1
	nodes[0].said.Sections = []wire.ClusterSection{
		{Event: "e", Section: "A", State: wire.SectionInDoubt, Owner: nodeID(5), Epoch: 7},
		{Event: "e", Section: "B", State: wire.SectionInDoubt},
	}
	code, out := tool(t, "cluster", "status", "--url", nodes[0].URL)
	for _, want := range []string{"in doubt: A, last run by ffffffff, which gossip does not know any more, in epoch 7",
		"in doubt: B, owner not known", "of 1 the database does not say"} {
		if !strings.Contains(out, want) {
			t.Errorf("not said: %s\n%s", want, out)
		}
	}
	if code != exitFindings {
		t.Errorf("exit code %d", code)
	}
	if code, out := tool(t, "cluster", "status", "--url", "http://127.0.0.1:1"); code != exitFailed ||
		!strings.Contains(out, "127.0.0.1:1") {
		t.Errorf("nobody there: %d %s", code, out)
	}
}

func TestKeysForNodes(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	code, out := tool(t, "cluster", "keys", "--out", folder, "n1", "n2")
	if code != exitOK || !strings.Contains(out, "n2.pem n2-key.pem") || !strings.Contains(out, "ca-key.pem") {
		t.Errorf("%d %s", code, out)
	}
	for _, name := range []string{"ca.pem", "gossip.key", "n1-key.pem"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	if code, out := tool(t, "cluster", "keys", "--out", folder, "n1"); code != exitFailed ||
		!strings.Contains(out, "not overwritten") {
		t.Errorf("the same node again: %d %s", code, out)
	}
	if code, out := tool(t, "cluster", "keys", "--out", folder, "--validity", "30 days", "n3"); code != exitFailed ||
		!strings.Contains(out, "365d or 12h") {
		t.Errorf("a validity that is none: %d %s", code, out)
	}
}

func TestClusterCommandsHelp(t *testing.T) {
	for _, command := range []string{"status", "drain", "rebalance", "keys", "local"} {
		if code, out := tool(t, "cluster", command, "--help"); code != exitOK ||
			!strings.Contains(out, "holdfast cluster "+command) || !strings.Contains(out, "Examples") {
			t.Errorf("%s: %d %s", command, code, out)
		}
	}
}

func TestClusterMistakesAreTold(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"local", "--nodes", "0"}, "--nodes must be from 1 to 16"},
		{[]string{"local", "--listen", "0.0.0.0:8080"}, "loopback"},
		{[]string{"local", "--demo-buyers", "-1"}, "--demo-buyers"},
		{[]string{"keys", "--out", t.TempDir(), "../x"}, "cannot name"},
		{[]string{"drain"}, "<node>"},
	} {
		if code, out := tool(t, append([]string{"cluster"}, c.args...)...); code != exitFailed ||
			!strings.Contains(out, c.want) {
			t.Errorf("%v: %d %s", c.args, code, out)
		}
	}
}
