package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/cluster"
	"holdfast/storage"
)

// planting is one thing wrong in a cluster that is well but for it.
type planting struct {
	code  string
	says  string
	flags []string
	plant func(nodes []*pretended)
}

var plantings = []planting{
	{codeStoreUnreachable, "n2: its database does not answer", nil, func(n []*pretended) {
		n[1].said.Troubles = []wire.ClusterTrouble{{Code: codeStoreUnreachable, Text: "its database does not answer"}}
	}},
	{codeSectionsUnserved, "1 of 3 sections are served by nobody whom n1 reaches: C", nil, func(n []*pretended) {
		n[0].said.Total++
		n[0].said.Sections = append(n[0].said.Sections, wire.ClusterSection{Event: "e", Section: "C", State: "loading"})
	}},
	{codeSectionsUncertain, "of 1 sections", nil, func(n []*pretended) { n[0].said.Uncertain = 1 }},
	{codeSectionsCondemned, "n2: it has closed 1 sections for good: their log is damaged, or has lost records: B", nil, func(n []*pretended) {
		n[1].said.Condemned = 1
		n[1].said.Sections[0].State = "condemned"
	}},
	{codeLinkDown, "the link between n1 and n2 is down", nil, func(n []*pretended) { n[0].said.Nodes[1].Up = false }},
	{codeLinkDown, "the link between n2 and n3 is down", nil, func(n []*pretended) { n[2].said.Nodes[1].Up = false }},
	{codeNoneServing, "no node serves: n1 is draining, n2 is draining, n3 is draining", nil, func(n []*pretended) {
		everywhere(n, func(m *wire.ClusterNode) { m.State = "draining" })
	}},
	{codeNodeJoining, "n3: it is joining", nil, func(n []*pretended) {
		everywhere(n, func(m *wire.ClusterNode) {
			if m.Name == "n3" {
				m.State = "joining"
			}
		})
	}},
	{codeNameDoubled, "n2: several nodes have this name", nil, func(n []*pretended) {
		everywhere(n, func(m *wire.ClusterNode) {
			if m.Name == "n3" {
				m.Name = "n2"
			}
		})
	}},
	{codeHeartbeatsDiffer, "n1 knows 3 nodes by gossip, and 4 are alive", nil, func(n []*pretended) { n[0].said.Heartbeats = 4 }},
	{codeHeartbeatsDiffer, "and 2 are alive", nil, func(n []*pretended) { n[0].said.Heartbeats = 2 }},
	{codeBuildsDiffer, "n1 n3 of v1, n2 of v2", nil, func(n []*pretended) { everywhere(n, func(m *wire.ClusterNode) { m.Build = build(m.Name) }) }},
	{codeNodesMissing, "4 nodes are expected, 3 are there; gone: n4 (2030-01-02T03:04:05Z)", []string{"--expect", "4"}, func(n []*pretended) {
		n[0].said.Gone = []wire.ClusterGone{{ID: nodeID(9), Name: "n4", Since: "2030-01-02T03:04:05Z"}}
	}},
	{codeNodesTooMany, "2 nodes are expected, 3 are there", []string{"--expect", "2"}, func([]*pretended) {}},
	{codeViewsDiffer, "n1 and n3 see different clusters", nil, func(n []*pretended) { n[2].said.View = "01" }},
	{codeNodeSilent, "n3 (", nil, func(n []*pretended) { n[2].Close() }},
	{codeKeysDiffer, "n2: it does not take this operator's key", nil, func(n []*pretended) { n[1].locked.Store(true) }},
	{codeNodeReplaced, "where n2 should be", nil, func(n []*pretended) { n[1].said.Self = nodeID(9) }},
	{codeSectionDoubled, "section B: n1 (epoch 9) and n2 (epoch 4)", nil, func(n []*pretended) {
		n[0].said.Sections[1].State, n[0].said.Sections[1].Owner, n[0].said.Sections[1].Epoch = "serving", nodeID(0), 9
	}},
}

// TestStatusIsNotWellWhateverIsWrong plants each kind of trouble in a cluster that is well but for it: the exit code is 1, the trouble has
// its code, in words and in JSON, and its text names nodes and no ids.
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
			if code != exitFindings || !strings.Contains(out, "trouble: ") || !strings.Contains(out, c.says) || !strings.Contains(out, "("+c.code+")") {
				t.Errorf("%d\n%s", code, out)
			}
			code, out = tool(t, append(args, "--json")...)
			var said struct {
				Well     bool
				Troubles []finding
			}
			if err := json.Unmarshal([]byte(out), &said); err != nil || code != exitFindings || said.Well || len(said.Troubles) == 0 || said.Troubles[0].Code == "" {
				t.Errorf("%d %v\n%s", code, err, out)
			}
			for _, f := range said.Troubles {
				if strings.Contains(f.Text, nodeID(0)[:8]) || strings.Contains(f.Text, nodeID(1)[:8]) || strings.Contains(f.Text, nodeID(2)[:8]) {
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

// TestStatusDoesNotDieWithTheNodeItAsks: of several --url the first that answers is asked and the other is a trouble; a watch turns to
// another node, known from the look before, and says so.
func TestStatusDoesNotDieWithTheNodeItAsks(t *testing.T) {
	confirmPauseIs(t, time.Millisecond)
	nodes := wellCluster(t)
	asks := &asker{named: []*client{{base: nodes[0].URL, key: "dev", http: nodes[0].Client()}}}
	before, err := asks.look(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	nodes[0].Close()
	after, err := asks.look(t.Context(), false)
	if err != nil || after.asked != nodes[1].URL || len(after.silent) != 1 {
		t.Fatalf("%v %+v", err, after)
	}
	if lines := strings.Join(freshNews(before, after, nil), ""); !strings.Contains(lines, nodes[0].URL+" does not answer: "+nodes[1].URL+" is asked") {
		t.Errorf("nothing is said of it: %q", lines)
	}
	code, out := tool(t, "cluster", "status", "--url", nodes[0].URL, "--target", nodes[2].URL)
	if code != exitFindings || !strings.Contains(out, "as n3 sees it") || !strings.Contains(out, "(target_silent)") {
		t.Errorf("%d\n%s", code, out)
	}
	nodes[1].Close()
	nodes[2].Close()
	if code, out := tool(t, "cluster", "status", "--url", nodes[0].URL+","+nodes[2].URL); code != exitFailed || !strings.Contains(out, "no node answers") {
		t.Errorf("%d\n%s", code, out)
	}
}

// TestNodesThatHaveGoneKeepTheirNames, as long as they are remembered and have not come back.
func TestNodesThatHaveGoneKeepTheirNames(t *testing.T) {
	var d departed
	id := func(i int) storage.WriterID { return storage.WriterID{byte(i), byte(i >> 8), 1} }
	view := func(members ...int) *cluster.View {
		var all []cluster.Member
		for _, i := range members {
			all = append(all, cluster.Member{Writer: id(i), Name: fmt.Sprint("n", i%1000)})
		}
		return cluster.NewView(id(members[0]), all)
	}
	now := time.Now()
	d.see(view(1, 2, 3), now.Add(-3*time.Minute))
	d.see(view(1, 3), now.Add(-2*time.Minute))
	d.see(view(1), now.Add(-time.Minute))
	names := func(v *cluster.View) (all []string) {
		for _, g := range d.list(v) {
			if !g.Back {
				all = append(all, g.Name)
			}
		}
		return all
	}
	if got := names(view(1)); !slices.Equal(got, []string{"n3", "n2"}) {
		t.Errorf("%v", got)
	}
	d.see(view(1, 3), now) // gossip had lost it
	d.see(view(1, 3, 1002), now)
	if got := names(view(1, 3, 1002)); len(got) != 0 { // n2 was started again
		t.Errorf("%v", got)
	}
	if all := d.list(view(1, 3, 1002)); len(all) != 1 || all[0].ID != id(2) || all[0].Name != "n2" {
		t.Errorf("what n2's last start ran has no name any more: %+v", all)
	}
	for i := range 2 * departedMost {
		d.see(view(1, 2000+i), now.Add(time.Duration(i)))
	}
	if n := len(d.list(view(1))); n != departedMost {
		t.Errorf("%d are remembered", n)
	}
}

// TestTheEndOfACertificateIsToldInTime and no sooner, whatever its life.
func TestTheEndOfACertificateIsToldInTime(t *testing.T) {
	from := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for life, want := range map[time.Duration][]time.Duration{
		365 * day: {30 * day, 7 * day, day, 0}, 20 * day: {7 * day, day, 0}, 12 * time.Hour: {72 * time.Minute, 0},
	} {
		until := from.Add(life)
		for i, before := range want {
			due, of := stageOf(from, until, until.Add(-before-time.Second))
			if due != i || of != len(want) {
				t.Errorf("life %v, a second before %v: %d of %d", life, before, due, of)
			}
			if due, _ := stageOf(from, until, until.Add(-before)); due != i+1 {
				t.Errorf("life %v, at %v: %d", life, before, due)
			}
		}
	}
}

// TestTheEndOfACertificateIsAnAlarm: each warning once, and an ERROR at the last ones; a new certificate begins anew.
func TestTheEndOfACertificateIsAnAlarm(t *testing.T) {
	dir := t.TempDir()
	if err := cluster.MakeKeys(dir, []string{"n1"}, 100*day); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	k, err := loadNodeKeys(dir, "n1", slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, until := k.keys.Validity()
	for _, step := range []struct {
		left     time.Duration
		lines    int
		level    string
		troubles string
	}{
		{31 * day, 0, "", ""}, {30 * day, 1, "WARN", ""}, {29 * day, 0, "", ""}, {6 * day, 1, "WARN", codeCertificateExpires},
		{5 * day, 0, "", codeCertificateExpires}, {time.Hour, 1, "ERROR", codeCertificateExpires}, {-time.Second, 1, "ERROR", codeCertificateExpired},
		{-day, 0, "", codeCertificateExpired},
	} {
		said.Reset()
		k.now = func() time.Time { return until.Add(-step.left) }
		k.look()
		if strings.Count(said.String(), "\n") != step.lines || !strings.Contains(said.String(), step.level) {
			t.Errorf("%v before the end: %s", step.left, said.String())
		}
		codes := ""
		for _, tr := range k.troubles() {
			codes += tr.code
		}
		if codes != step.troubles {
			t.Errorf("%v before the end: %s", step.left, codes)
		}
	}
}

// TestOfTwoDrainsThatMeetOneYields, and only then.
func TestOfTwoDrainsThatMeetOneYields(t *testing.T) {
	low, high, third := storage.WriterID{1}, storage.WriterID{2}, storage.WriterID{3}
	view := func(a, b, c cluster.State) *cluster.View {
		return cluster.NewView(low, []cluster.Member{{Writer: low, State: a}, {Writer: high, State: b}, {Writer: third, State: c}})
	}
	for _, c := range []struct {
		view            *cluster.View
		lowest, highest bool
	}{
		{view(cluster.Draining, cluster.Draining, cluster.Draining), true, false},
		{view(cluster.Draining, cluster.Draining, cluster.Serving), false, false},
		{view(cluster.Draining, cluster.Joining, cluster.Joining), false, false}, // it was let: somebody served then
		{view(cluster.Draining, cluster.Draining, cluster.Joining), true, false},
	} {
		if yields(c.view, low) != c.lowest || yields(c.view, high) != c.highest {
			t.Errorf("%+v: %v %v", c, yields(c.view, low), yields(c.view, high))
		}
	}
}
