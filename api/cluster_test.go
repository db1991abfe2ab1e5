package api

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/operate"
	"holdfast/api/wire"
	"holdfast/storage"
)

// fakeCluster is three nodes of which this one is the first; edit what it says as you like.
type fakeCluster struct {
	look     operate.ClusterState
	places   []actors.ShardStatus
	drained  map[storage.WriterID]bool
	standing operate.MemberStatus
	wish     operate.DrainRequest
	missed   []storage.WriterID
	err      error
}

var nodeA, nodeB, nodeC = storage.WriterID{0xa}, storage.WriterID{0xb}, storage.WriterID{0xc}

func threeNodes() *fakeCluster {
	return &fakeCluster{
		drained: map[storage.WriterID]bool{},
		look: operate.ClusterState{Self: nodeA, View: 0xfeed, Clustered: true, Uncertain: 1, Members: []operate.Member{
			{ID: nodeA, Name: "n1", State: "serving", API: "127.0.0.1:1", Up: true},
			{ID: nodeB, Name: "n2", State: "serving", API: "127.0.0.1:2", Up: true, RoundTrip: 1500 * time.Microsecond},
			{ID: nodeC, Name: "n3", State: "joining", API: "127.0.0.1:3"},
		}},
		places: []actors.ShardStatus{
			{Name: "A", Life: actors.Serving, Owner: nodeA, Sure: true, Epoch: 2, Seq: 9, Placed: nodeA},
			{Name: "B", Owner: nodeB, Sure: true, Epoch: 3, Seq: 4, Behind: 1, Placed: nodeB},
			{Name: "C", Owner: nodeC, Epoch: 1, Seq: 5, Placed: nodeB},
			{Name: "D", Life: actors.Draining, Owner: nodeA, Epoch: 2, Placed: nodeB},
		},
	}
}

func (f *fakeCluster) State() operate.ClusterState {
	look := f.look
	look.Members = append([]operate.Member(nil), f.look.Members...)
	return look
}

func (f *fakeCluster) Shards(visit func(*actors.ShardStatus)) {
	for i := range f.places {
		visit(&f.places[i])
	}
}

func (f *fakeCluster) Drain(_ context.Context, node storage.WriterID, wish operate.DrainRequest) (operate.MemberStatus,
	error) {
	f.drained[node], f.wish = !wish.Undo, wish
	return f.standing, f.err
}

func (f *fakeCluster) Rebalance(context.Context) ([]storage.WriterID, error) { return f.missed, f.err }

func clusterHouse(t *testing.T, f *fakeCluster) *house {
	return openOver(t, &fakeEngine{}, &lockedBuffer{}, func(c *Config) {
		if f != nil {
			c.Cluster = f
		}
	})
}

func TestClusterTellsWhoRunsWhat(t *testing.T) {
	h := clusterHouse(t, threeNodes())
	var got wire.Cluster
	h.do("GET", "/v1/cluster", operator, "").want(200, "").into(&got)
	if got.Self != inHex(nodeA) || got.View != "000000000000feed" || got.Total != 4 || got.Serving != 2 ||
		got.InDoubt != 1 || got.Uncertain != 1 || got.Misplaced != 2 {
		t.Errorf("%+v", got)
	}
	var states []string
	for _, s := range got.Sections {
		states = append(states, s.Section+" "+s.State+" "+s.OwnerName)
	}
	if text := strings.Join(states, ", "); text != "A serving n1, B elsewhere n2, C in_doubt n3, D draining n1" {
		t.Error(text)
	}
	if b := got.Sections[1]; b.Owner != inHex(nodeB) || b.Epoch != 3 || b.Seq != 4 || b.Behind != 1 || !b.Sure ||
		b.Placed != inHex(nodeB) {
		t.Errorf("%+v", b)
	}
	for i, want := range []wire.ClusterNode{
		{ID: inHex(nodeA), Name: "n1", State: "serving", API: "127.0.0.1:1", Up: true, Self: true, Sections: 2},
		{ID: inHex(nodeB), Name: "n2", State: "serving", API: "127.0.0.1:2", Up: true, Sections: 1, RoundTrip: 1.5},
		{ID: inHex(nodeC), Name: "n3", State: "joining", API: "127.0.0.1:3", Sections: 1},
	} {
		if got.Nodes[i] != want {
			t.Errorf("got  %+v\nwant %+v", got.Nodes[i], want)
		}
	}
}

// TestSleepingSectionsAreNotInDoubt: nobody runs them because nobody wants them.
func TestSleepingSectionsAreNotInDoubt(t *testing.T) {
	f := threeNodes()
	f.places[2].Passivated = true
	var got wire.Cluster
	clusterHouse(t, f).do("GET", "/v1/cluster", operator, "").want(200, "").into(&got)
	if got.InDoubt != 0 || got.Asleep != 1 || got.Total != 4 || got.Sections[2].State != wire.SectionAsleep ||
		got.Nodes[2].Sections != 0 {
		t.Errorf("%+v", got)
	}
}

// TestWhatIsWrongIsTold: with a code for machines, and with names of nodes that have gone.
func TestWhatIsWrongIsTold(t *testing.T) {
	f := threeNodes()
	f.look.Heartbeats = 4
	f.look.Troubles = []wire.ClusterTrouble{{Code: "store_unreachable", Text: "it does not answer"}}
	gone, since := storage.WriterID{0xd}, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	f.look.Gone = []operate.GoneMember{{ID: gone, Name: "n4", Since: since},
		{ID: storage.WriterID{0xe}, Name: "n3", Since: since, Back: true}}
	f.places[2].Owner, f.places[0].Life = gone, actors.Condemned
	var got wire.Cluster
	clusterHouse(t, f).do("GET", "/v1/cluster", operator, "").want(200, "").into(&got)
	if got.Heartbeats != 4 || len(got.Troubles) != 1 || got.Troubles[0] != f.look.Troubles[0] || got.Condemned != 1 {
		t.Errorf("%+v", got)
	}
	if len(got.Gone) != 1 || got.Gone[0] != (wire.ClusterGone{ID: inHex(gone), Name: "n4",
		Since: "2030-01-02T03:04:05Z"}) {
		t.Errorf("%+v", got.Gone)
	}
	if s := got.Sections[2]; s.OwnerName != "n4" || s.State != wire.SectionInDoubt {
		t.Errorf("%+v", s)
	}
}

func TestClusterListIsAsLongAsWanted(t *testing.T) {
	f := threeNodes()
	other := storage.EventID{9}
	f.places[3].Key.Event = other
	h := clusterHouse(t, f)
	var got wire.Cluster
	h.do("GET", "/v1/cluster?sections=none", operator, "").want(200, "").into(&got)
	if len(got.Sections) != 0 || got.Total != 4 || got.Nodes[0].Sections != 2 {
		t.Errorf("without a list: %+v", got)
	}
	got = wire.Cluster{}
	h.do("GET", "/v1/cluster?sections=all&event="+other.String(), operator, "").want(200, "").into(&got)
	if len(got.Sections) != 1 || got.Sections[0].Section != "D" || got.Sections[0].Event != other.String() ||
		got.Total != 1 || got.Nodes[0].Sections != 1 {
		t.Errorf("of one event: %+v", got)
	}
	h.do("GET", "/v1/cluster?sections=some", operator, "").want(400, "bad_request")
	h.do("GET", "/v1/cluster?nonsense=1", operator, "").want(400, "bad_request")
	h.do("GET", "/v1/cluster?event=nonsense", operator, "").want(404, "event_unknown")
}

func TestClusterIsForOperators(t *testing.T) {
	h := clusterHouse(t, threeNodes())
	for _, call := range [][2]string{{"GET", "/v1/cluster"}, {"POST", "/v1/cluster/nodes/n2/drain"},
		{"POST", "/v1/cluster/rebalance"}} {
		h.do(call[0], call[1], nobody, "").want(401, "unauthorized")
		h.do(call[0], call[1], alice, "").want(403, "forbidden")
	}
}

func TestDrainFindsTheNodeThatIsMeant(t *testing.T) {
	f := threeNodes()
	f.standing = operate.MemberStatus{State: "draining", Sections: 7}
	h := clusterHouse(t, f)
	var node wire.ClusterNode
	h.do("POST", "/v1/cluster/nodes/n2/drain", operator, "").want(200, "").into(&node)
	if !f.drained[nodeB] || node.ID != inHex(nodeB) || node.State != "draining" || node.Sections != 7 {
		t.Errorf("by name: %v, %+v", f.drained, node)
	}
	h.do("POST", "/v1/cluster/nodes/n2/drain", operator, "{}").want(200, "") // as often as one likes
	h.do("POST", "/v1/cluster/nodes/n2/drain", operator, `{"force":true}`).want(200, "")
	if f.wish != (operate.DrainRequest{Force: true, By: "dev"}) {
		t.Errorf("%+v", f.wish)
	}
	f.standing.State = "serving"
	h.do("POST", "/v1/cluster/nodes/"+strings.ToUpper(inHex(nodeB))+"/drain", operator,
		`{"undo":true}`).want(200, "").into(&node)
	if f.drained[nodeB] || node.State != "serving" {
		t.Errorf("undone by id: %v, %+v", f.drained, node)
	}
	h.do("POST", "/v1/cluster/nodes/n9/drain", operator, "").want(404, "node_unknown")
	h.do("POST", "/v1/cluster/nodes/n2/drain", operator, `{"undo":1}`).want(400, "bad_request")
	h.do("POST", "/v1/cluster/nodes/n2/drain", operator, `{"redo":true}`).want(400, "bad_request")
	f.look.Members[2].Name = "n2"
	h.do("POST", "/v1/cluster/nodes/n2/drain", operator, "").want(409, "node_ambiguous")
	h.do("POST", "/v1/cluster/nodes/"+inHex(nodeC)+"/drain", operator, "").want(200, "")
	if !f.drained[nodeC] {
		t.Error("of two nodes of one name, the id names one")
	}
}

// What another node says is told; that it says nothing is told as something else.
func TestDrainTellsWhatTheOtherNodeSaid(t *testing.T) {
	f := threeNodes()
	h := clusterHouse(t, f)
	for _, c := range []struct {
		err    error
		status int
		code   string
		says   string
	}{
		{fmt.Errorf("%w: no link", actors.ErrUnavailable), 503, "unavailable", "may be asked again"},
		{errors.Join(actors.ErrUnavailable, context.DeadlineExceeded), 503, "unavailable", "may be asked again"},
		{errors.New("this node does not know the call drain"), 503, "unavailable", "does not know the call"},
		{operate.ErrNotClustered, 409, "not_clustered", ""},
		{fmt.Errorf("n2: %w", operate.ErrLastNode), 409, "last_node", "force"},
	} {
		f.err = c.err
		a := h.do("POST", "/v1/cluster/nodes/n2/drain", operator, "").want(c.status, c.code)
		if !strings.Contains(a.problem.Detail, c.says) {
			t.Errorf("%v: %s", c.err, a.body)
		}
	}
}

func TestRebalanceCountsWhatIsElsewhere(t *testing.T) {
	f := threeNodes()
	f.missed = []storage.WriterID{nodeC, {0xd}}
	h := clusterHouse(t, f)
	var got wire.Rebalance
	h.do("POST", "/v1/cluster/rebalance", operator, "").want(200, "").into(&got)
	if got.Misplaced != 2 || len(got.Unreached) != 1 || got.Unreached[0] != "n3" {
		t.Errorf("%+v", got)
	}
	h.do("POST", "/v1/cluster/rebalance", operator, `{"x":1}`).want(400, "bad_request")
}

// A server alone shows itself, and has nobody to give anything to.
func TestAServerAloneHasNobodyToDrainTo(t *testing.T) {
	alone := threeNodes()
	alone.look.Members, alone.look.Clustered = alone.look.Members[:1], false
	alone.places = []actors.ShardStatus{{Name: "A", Life: actors.Serving, Owner: nodeA, Sure: true, Placed: nodeA},
		{Name: "B", Placed: nodeA}}
	h := clusterHouse(t, alone)
	var got wire.Cluster
	h.do("GET", "/v1/cluster", operator, "").want(200, "").into(&got)
	if len(got.Nodes) != 1 || !got.Nodes[0].Self || got.Sections[1].State != "stopped" || got.InDoubt != 0 {
		t.Errorf("%+v", got)
	}
	h.do("POST", "/v1/cluster/nodes/n1/drain", operator, "").want(409, "not_clustered")
	h.do("POST", "/v1/cluster/rebalance", operator, "").want(409, "not_clustered")
	h = clusterHouse(t, nil) // embedded by somebody who gave none
	h.do("GET", "/v1/cluster", operator, "").want(409, "not_clustered")
	h.do("POST", "/v1/cluster/nodes/n1/drain", operator, "").want(409, "not_clustered")
}

// Ten thousand sections are told within a blink: operators watch exactly when a machine has the most to do.
func BenchmarkClusterOfTenThousandSections(b *testing.B) {
	f := threeNodes()
	f.places = nil
	for i := range 10_000 {
		f.places = append(f.places, actors.ShardStatus{
			Key:   storage.SectionKey{Event: storage.EventID{byte(i / 1000)}, Section: storage.SectionNo(i % 1000)},
			Name:  fmt.Sprint("S", i),
			Owner: nodeB, Placed: nodeB, Sure: true, Epoch: section.Epoch(i), Seq: section.Seq(i),
		})
	}
	server, ctx := New(&fakeEngine{}, Config{DevAuth: true, Cluster: f}), &fasthttp.RequestCtx{}
	ctx.Request.SetRequestURI("/v1/cluster")
	ctx.Request.Header.Set("Authorization", "Bearer dev")
	for b.Loop() {
		ctx.Response.Reset()
		server.Handler(ctx)
		if answer := ctx.Response.Body(); len(answer) < len(f.places)*100 {
			b.Fatalf("%d bytes", len(answer))
		}
	}
}

// TestLateRepeatDoesNotDrainANodeAgain: P5. The key of a drain that was undone long ago comes back; with another body
// it is refused.
func TestLateRepeatDoesNotDrainANodeAgain(t *testing.T) {
	f := threeNodes()
	f.standing.State = "draining"
	h := clusterHouse(t, f)
	const path = "/v1/cluster/nodes/n2/drain"
	drain := func(key, body string) *answer {
		return h.do("POST", path, operator.with("Idempotency-Key", key), body)
	}
	drain("k1", "").want(200, "")
	drain("k2", `{"undo":true}`).want(200, "")
	var node wire.ClusterNode
	drain("k1", "").want(200, "").into(&node)
	if f.drained[nodeB] || node.Name != "n2" || node.State != "serving" || node.Sections != 1 {
		t.Errorf("P5: drained %v, told %+v", f.drained[nodeB], node)
	}
	drain("k1", `{"undo":true}`).want(422, "idempotency_mismatch")
	drain("", `{"undo":true}`).want(200, "")
	f.err = actors.ErrUnavailable
	drain("k3", "").want(503, "unavailable")
	f.err = nil
	drain("k3", "").want(200, "")
	if !f.drained[nodeB] {
		t.Error("the repeat of a call that nobody was told of did nothing")
	}
}

func inHex(id storage.WriterID) string { return hex.EncodeToString(id[:]) }
