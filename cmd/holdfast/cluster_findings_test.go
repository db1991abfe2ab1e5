package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/clusterctl"
	"holdfast/cmd/holdfast/testkit"
)

// planting is one thing wrong in a cluster that is well but for it.
type planting struct {
	code  string
	says  string
	flags []string
	plant func(nodes []*pretended)
}

var plantings = []planting{
	{"store_unreachable", "n2: its database does not answer", nil, func(n []*pretended) {
		n[1].said.Troubles = []wire.ClusterTrouble{{Code: "store_unreachable", Text: "its database does not answer"}}
	}},
	{"sections_not_served", "1 of 3 sections are served by nobody whom n1 reaches: C", nil, func(n []*pretended) {
		n[0].said.Total++
		n[0].said.Sections = append(n[0].said.Sections, wire.ClusterSection{Event: "e", Section: "C", State: "loading"})
	}},
	{"sections_uncertain", "of 1 sections", nil, func(n []*pretended) { n[0].said.Uncertain = 1 }},
	{"sections_condemned", "n2: it has closed 1 sections for good: their log is damaged, or has lost records: B", nil,
		func(n []*pretended) {
			n[1].said.Condemned = 1
			n[1].said.Sections[0].State = "condemned"
		}},
	{"link_down", "the link between n1 and n2 is down", nil, func(n []*pretended) { n[0].said.Nodes[1].Up = false }},
	{"link_down", "the link between n2 and n3 is down", nil, func(n []*pretended) { n[2].said.Nodes[1].Up = false }},
	{"none_serving", "no node serves: n1 is draining, n2 is draining, n3 is draining", nil, func(n []*pretended) {
		everywhere(n, func(m *wire.ClusterNode) { m.State = "draining" })
	}},
	{"node_joining", "n3: it is joining", nil, func(n []*pretended) {
		everywhere(n, func(m *wire.ClusterNode) {
			if m.Name == "n3" {
				m.State = "joining"
			}
		})
	}},
	{"name_doubled", "n2: several nodes have this name", nil, func(n []*pretended) {
		everywhere(n, func(m *wire.ClusterNode) {
			if m.Name == "n3" {
				m.Name = "n2"
			}
		})
	}},
	{"heartbeats_differ", "n1 knows 3 nodes by gossip, and 4 are alive", nil, func(n []*pretended) {
		n[0].said.Heartbeats = 4
	}},
	{"heartbeats_differ", "and 2 are alive", nil, func(n []*pretended) { n[0].said.Heartbeats = 2 }},
	{"builds_differ", "n1 n3 of v1, n2 of v2", nil, func(n []*pretended) {
		everywhere(n, func(m *wire.ClusterNode) { m.Build = build(m.Name) })
	}},
	{"nodes_missing", "4 nodes are expected, 3 are there; gone: n4 (2030-01-02T03:04:05Z)", []string{"--expect", "4"},
		func(n []*pretended) {
			n[0].said.Gone = []wire.ClusterGone{{ID: nodeID(9), Name: "n4", Since: "2030-01-02T03:04:05Z"}}
		}},
	{"nodes_too_many", "2 nodes are expected, 3 are there", []string{"--expect", "2"}, func([]*pretended) {}},
	{"views_differ", "n1 and n3 see different clusters", nil, func(n []*pretended) { n[2].said.View = "01" }},
	{"node_silent", "n3 (", nil, func(n []*pretended) { n[2].Close() }},
	{"operator_key_differ", "n2: it does not take this operator's key", nil, func(n []*pretended) {
		n[1].locked.Store(true)
	}},
	{"node_replaced", "where n2 should be", nil, func(n []*pretended) { n[1].said.Self = nodeID(9) }},
	{"section_doubled", "section B: n1 (epoch 9) and n2 (epoch 4)", nil, func(n []*pretended) {
		n[0].said.Sections[1].State, n[0].said.Sections[1].Owner, n[0].said.Sections[1].Epoch = "serving", nodeID(0), 9
	}},
}

// TestStatusIsNotWellWhateverIsWrong plants each kind of trouble in a cluster that is well but for it: the exit code is
// 1, the trouble has its code, in words and in JSON, and its text names nodes and no ids.
func TestStatusIsNotWellWhateverIsWrong(t *testing.T) {
	confirmPauseIs(t, time.Millisecond)
	for _, c := range plantings {
		t.Run(c.code, func(t *testing.T) {
			nodes := wellCluster(t)
			if code, out := tool(t, "cluster", "status", "--expect", "3", "--url", nodes[0].URL); code != exitOK {
				t.Fatalf("not well before anything was planted: %d\n%s", code, out)
			}
			c.plant(nodes)
			args := append([]string{"cluster", "status", "--url", nodes[0].URL}, c.flags...)
			code, out := tool(t, args...)
			if code != exitFindings || !strings.Contains(out, "trouble: ") || !strings.Contains(out, c.says) ||
				!strings.Contains(out, "("+c.code+")") {
				t.Errorf("%d\n%s", code, out)
			}
			code, out = tool(t, append(args, "--json")...)
			var said struct {
				Well     bool
				Troubles []clusterctl.Finding
			}
			if err := json.Unmarshal([]byte(out), &said); err != nil || code != exitFindings || said.Well ||
				len(said.Troubles) == 0 || said.Troubles[0].Code == "" {
				t.Errorf("%d %v\n%s", code, err, out)
			}
			for _, f := range said.Troubles {
				if strings.Contains(f.Text, nodeID(0)[:8]) || strings.Contains(f.Text, nodeID(1)[:8]) ||
					strings.Contains(f.Text, nodeID(2)[:8]) {
					t.Errorf("an id where a name should be: %s", f)
				}
				args = append(args, "--ignore", f.Code)
			}
			if code, out := tool(t, args...); code != exitOK {
				t.Errorf("known, and yet: %d\n%s", code, out)
			}
		})
	}
}

// wellCluster is three nodes, two sections, and nothing wrong.
func wellCluster(t *testing.T) []*pretended {
	nodes := pretend(t, 3)
	for _, n := range nodes {
		n.said.Heartbeats = 3
		for i := range n.said.Nodes {
			n.said.Nodes[i].Peer = "127.0.0.1:1"
		}
	}
	nodes[0].runs("A", 1)
	nodes[0].believes("B", 1, 4)
	nodes[1].runs("B", 4)
	return nodes
}

func everywhere(nodes []*pretended, change func(*wire.ClusterNode)) {
	for _, n := range nodes {
		for i := range n.said.Nodes {
			change(&n.said.Nodes[i])
		}
	}
}

func build(name string) string {
	if name == "n2" {
		return "v2"
	}
	return "v1"
}

func confirmPauseIs(t *testing.T, d time.Duration) {
	was := confirmPause
	confirmPause = d
	t.Cleanup(func() { confirmPause = was })
}

// TestStatusDoesNotDieWithTheNodeItAsks: of several --url the first that answers is asked and the other is a trouble; a
// watch turns to another node, known from the look before, and says so.
func TestStatusDoesNotDieWithTheNodeItAsks(t *testing.T) {
	confirmPauseIs(t, time.Millisecond)
	nodes := wellCluster(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var said logBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"cluster", "status", "--watch", "--url", nodes[0].URL}, &said, &said)
	}()
	testkit.Eventually(t, "the first look", func() bool { return strings.Contains(said.String(), "as n1 sees it") })
	nodes[0].Close()
	testkit.Eventually(t, "another node is asked, and that is said", func() bool {
		return strings.Contains(said.String(), nodes[0].URL+" does not answer: "+nodes[1].URL+" is asked")
	})
	if stop(); <-ended != exitOK {
		t.Errorf("^C: %s", said.String())
	}
	code, out := tool(t, "cluster", "status", "--url", nodes[0].URL, "--target", nodes[2].URL)
	if code != exitFindings || !strings.Contains(out, "as n3 sees it") || !strings.Contains(out, "(target_silent)") {
		t.Errorf("%d\n%s", code, out)
	}
	nodes[1].Close()
	nodes[2].Close()
	if code, out := tool(t, "cluster", "status", "--url", nodes[0].URL+","+nodes[2].URL); code != exitFailed ||
		!strings.Contains(out, "no node answers") {
		t.Errorf("%d\n%s", code, out)
	}
}
