package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

func TestMain(m *testing.M) {
	var err error
	if binaryFolder, err = os.MkdirTemp("", "holdfast-test-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(binaryFolder) }()
	pgtest.Main(m)
}

// reply is what the tests below look at of an answer.
type reply struct {
	status int
	retry  string
	body   wireBooking
	text   string
}

func ask(t *testing.T, node *node.Node, method, path, buyer, key, body string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+node.Addr()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Buyer", buyer)
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err = testkit.CloseBody(err, response.Body); err != nil {
		t.Fatal(err)
	}
	a := reply{status: response.StatusCode, retry: response.Header.Get("Retry-After"), text: string(text)}
	_ = json.Unmarshal(text, &a.body) // a problem has other fields
	return a
}

func hold(t *testing.T, node *node.Node, event, buyer string, seats ...string) reply {
	t.Helper()
	wish, err := json.Marshal(map[string]any{"seats": seats})
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, node, http.MethodPost, "/v1/events/"+event+"/bookings", buyer, buyer+strings.Join(seats, ""),
		string(wish))
}

// importOn creates an event on sale through a running server.
func importOn(t *testing.T, node *node.Node) (event string) {
	t.Helper()
	code, out := tool(t, "import", "--url", "http://"+node.Addr(), "--name", "May Day", "--starts-at",
		"2030-05-01T20:00:00Z", "--price", "*=2500", "--open",
		testkit.WriteFile(t, "plan.json", smallPlan))
	if code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
	return node.Engine().Events()[0].ID.String()
}

// granted repeats a hold under its key until it is granted, as a buyer does. A busy machine may answer a request later
// than its deadline, and then says so: with 503 and when to come again (P3). Anything else fails.
func granted(t *testing.T, node *node.Node, event, buyer, seat string) (a reply) {
	t.Helper()
	testkit.Eventually(t, buyer+" holds "+seat, func() bool {
		a = hold(t, node, event, buyer, seat)
		if a.status != http.StatusCreated && (a.status != http.StatusServiceUnavailable || a.retry == "") {
			t.Fatalf("P5: the refused wish of %s, repeated: %d, Retry-After %q: %s", buyer, a.status, a.retry, a.text)
		}
		return a.status == http.StatusCreated
	})
	return a
}

// nobodyIsLeft tells that no node stands in the database: whoever starts next has nobody to wait for.
func nobodyIsLeft(t *testing.T, address string) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), address, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := store.Nodes(t.Context())
	if err = errors.Join(err, store.Close()); err != nil || len(nodes) != 0 {
		t.Errorf("after a stop in good order %d nodes stand in the database: %v", len(nodes), err)
	}
}

// TestNodeOnADatabase sells over HTTP, restarts without a wait, and finds what it told (P2, P5, P6).
func TestNodeOnADatabase(t *testing.T) {
	address := pgtest.Database(t)
	node := nodetest.OpenShared(t, address)
	event := importOn(t, node)
	held := hold(t, node, event, "alice", "A-1-1", "A-1-2")
	sold := ask(t, node, http.MethodPost, "/v1/bookings/"+held.body.ID+"/confirm", "alice", "pay",
		`{"payment_token":"tok_ok"}`)
	if held.status != http.StatusCreated || sold.status != http.StatusOK || sold.body.State != "confirmed" {
		t.Fatalf("hold %d %s, confirm %d %s", held.status, held.text, sold.status, sold.text)
	}
	kept := hold(t, node, event, "bob", "A-1-3")
	nodetest.Close(t, node)
	nobodyIsLeft(t, address)
	node = nodetest.OpenShared(t, address)
	defer func() { nodetest.Close(t, node) }()
	if again := hold(t, node, event, "bob", "A-1-3"); again.status != http.StatusCreated ||
		again.body.ID != kept.body.ID {
		t.Errorf("P5: the same key after a restart: %d %s", again.status, again.text)
	}
	if got := ask(t, node, http.MethodGet, "/v1/bookings/"+held.body.ID, "alice", "look",
		""); got.body.State != "confirmed" {
		t.Errorf("P2: the sold booking is %s", got.text)
	}
	refund := ask(t, node, http.MethodPost, "/v1/bookings/"+held.body.ID+"/confirm", "alice", "pay again",
		`{"payment_token":"tok_ok"}`)
	if refund.status/100 == 5 {
		t.Errorf("P6: the books were not found again: %d %s", refund.status, refund.text)
	}
	if _, text := testkit.Get(t, "http://"+node.Addr()+"/metrics"); !strings.Contains(text,
		"holdfast_store_reachable 1") || !strings.Contains(text, "holdfast_nodes_alive 1") {
		t.Error("the database's metrics are missing")
	}
}

// TestLosersCostNoStatements: P7. Heartbeats and looks at the catalog go on meanwhile, and are few.
func TestLosersCostNoStatements(t *testing.T) {
	node := nodetest.OpenShared(t, pgtest.Database(t))
	defer nodetest.Close(t, node)
	event := importOn(t, node)
	if first := hold(t, node, event, "winner", "A-1-1"); first.status != http.StatusCreated {
		t.Fatalf("%d %s", first.status, first.text)
	}
	begun := time.Now()
	statements, appends := counterOf(t, node, "store_statements_total"), counterOf(t, node, "store_appends_total")
	const losers = 300
	for i := range losers {
		if lost := hold(t, node, event, fmt.Sprint("loser", i), "A-1-1"); lost.status != http.StatusConflict {
			t.Fatalf("%d %s", lost.status, lost.text)
		}
	}
	beats := int64(time.Since(begun)/(250*time.Millisecond)+1) * 4
	if n := counterOf(t, node, "store_statements_total") - statements; n > beats {
		t.Errorf("P7: %d statements while %d lost, %d would be heartbeats", n, losers, beats)
	}
	if n := counterOf(t, node, "store_appends_total") - appends; n != 0 {
		t.Errorf("P7: %d appends", n)
	}
}

// counterOf is the value of one of the node's metrics.
func counterOf(t *testing.T, node *node.Node, name string) int64 {
	t.Helper()
	_, text := testkit.Get(t, "http://"+node.Addr()+"/metrics")
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, "holdfast_"+name+" "); found {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return int64(n)
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// TestTwoNodesOnOneDatabase: the second takes nothing from the first while that lives, and everything when it has gone
// (P1, P2, P3).
func TestTwoNodesOnOneDatabase(t *testing.T) {
	address := pgtest.Database(t)
	first := nodetest.OpenShared(t, address)
	event := importOn(t, first)
	held := hold(t, first, event, "alice", "A-1-1")
	second := nodetest.OpenShared(t, address)
	defer nodetest.Close(t, second)
	if status, body := testkit.Get(t, "http://"+second.Addr()+"/readyz"); status != http.StatusServiceUnavailable ||
		!strings.Contains(body, "standing by") {
		t.Errorf("readyz of a node that stands by: %d %s", status, body)
	}
	for i := range 5 {
		if a := hold(t, second, event, "bob", "A-1-2"); a.status != http.StatusServiceUnavailable || a.retry == "" {
			t.Errorf("P3: the second node answers %d, Retry-After %q: %s", a.status, a.retry, a.text)
		}
		if a := hold(t, first, event, "carol", fmt.Sprintf("A-1-%d", i+5)); a.status != http.StatusCreated {
			t.Errorf("the first node was disturbed: %d %s", a.status, a.text)
		}
	}
	if n := first.Engine().Stats().Fenced.Load(); n != 0 {
		t.Errorf("the first node was fenced %d times", n)
	}
	nodetest.Close(t, first)
	took := testkit.Eventually(t, "the second node takes over", func() bool { return second.Ready() == nil })
	t.Logf("taken over after %v", took)
	if a := hold(t, second, event, "alice", "A-1-1"); a.status != http.StatusCreated || a.body.ID != held.body.ID {
		t.Errorf("P5: after the takeover: %d %s", a.status, a.text)
	}
	if a := hold(t, second, event, "bob", "A-1-2"); a.status != http.StatusCreated {
		t.Errorf("the refused wish, repeated: %d %s", a.status, a.text)
	}
}

// TestDatabaseGoesAndComesBack: P3, while it is away everything is refused in time and the alarm is on; then the sale
// goes on by itself, and what was refused may be repeated.
func TestDatabaseGoesAndComesBack(t *testing.T) {
	server := pgtest.Start(t)
	config := nodetest.SharedConfig(server.Database(t))
	config.RequestTimeout = time.Second
	node, err := node.Open(t.Context(), config, testkit.QuietLog(), node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer nodetest.Close(t, node)
	event := importOn(t, node)
	if a := hold(t, node, event, "alice", "A-1-1"); a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.text)
	}
	stops := node.Engine().Stats().SectionStops.Load()
	server.Stop(t)
	for i := range 3 { // every answer comes while the database is away: nobody was kept waiting for its return
		begun := time.Now()
		a := hold(t, node, event, fmt.Sprint("buyer", i), fmt.Sprintf("A-1-%d", i+4))
		if a.status != http.StatusServiceUnavailable || a.retry == "" || time.Since(begun) > testkit.EventuallyMax/2 {
			t.Errorf("P3: %d, Retry-After %q after %v: %s", a.status, a.retry, time.Since(begun), a.text)
		}
		t.Logf("refused after %v: %s", time.Since(begun), a.text)
	}
	testkit.Eventually(t, "the alarm", func() bool {
		_, text := testkit.Get(t, "http://"+node.Addr()+"/metrics")
		return strings.Contains(text, "holdfast_store_reachable 0")
	})
	server.Restart(t)
	begun := time.Now()
	granted(t, node, event, "bob", "A-1-2")
	t.Logf("selling %v after the server was back", time.Since(begun))
	for i := range 3 {
		granted(t, node, event, fmt.Sprint("buyer", i), fmt.Sprintf("A-1-%d", i+4))
	}
	if n := node.Engine().Stats().SectionStops.Load(); n != stops {
		t.Errorf("%d sections stopped: the memory was not kept", n-stops)
	}
}

// TestStartWithoutADatabase fails at once, and says why.
func TestStartWithoutADatabase(t *testing.T) {
	code, out := tool(t, "serve", "--dev-auth", "--listen", "127.0.0.1:0", "--store",
		"postgres://holdfast@127.0.0.1:1/none?sslmode=disable")
	if code != exitFailed || !strings.Contains(out, "127.0.0.1:1") {
		t.Errorf("%d %s", code, out)
	}
}

func TestMigrateCommand(t *testing.T) {
	address := pgtest.Database(t)
	config := nodetest.SharedConfig(address)
	config.Migrate = false
	if _, err := node.Open(t.Context(), config, testkit.QuietLog(), node.Options{}); err == nil ||
		!strings.Contains(err.Error(), "schema") {
		t.Errorf("a database without tables was opened: %v", err)
	}
	if code, out := tool(t, "migrate", "--store", address); code != exitOK || !strings.Contains(out, "applied 0001") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := tool(t, "migrate", "--store", address); code != exitOK || !strings.Contains(out, "nothing to do") {
		t.Errorf("%d %s", code, out)
	}
	node, err := node.Open(t.Context(), config, testkit.QuietLog(), node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	nodetest.Close(t, node)
}
