package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

// gossipPort finds a port that is free for UDP and TCP alike, of whose number others can be told before its node
// starts.
func gossipPort(t *testing.T) string {
	t.Helper()
	for range 20 {
		address := testkit.FreeAddress()
		packets, err := net.ListenPacket("udp", address)
		if err == nil {
			_ = packets.Close()
			return address
		}
	}
	t.Fatal("no port is free for UDP and TCP")
	return ""
}

// fleet are processes with one gossip; each may be on a database of its own.
type fleet struct {
	t       *testing.T
	binary  string
	gossip  string // of the first
	members []*fleetNode
}

type fleetNode struct {
	*process
	name string
	logs *logBuffer
}

func newFleet(t *testing.T) *fleet {
	return &fleet{t: t, binary: buildBinary(t), gossip: gossipPort(t)}
}

// add makes a process of the fleet; it is killed when the test is over.
func (f *fleet) add(address string, flags ...string) *fleetNode {
	f.t.Helper()
	n := &fleetNode{newProcess(f.t, f.binary, "--store", address), fmt.Sprint("n", len(f.members)+1), &logBuffer{}}
	n.level, n.errs = "info", n.logs
	n.more = append(slices.Concat(untiring, []string{"--node-name", n.name}), flags...)
	f.members = append(f.members, n)
	f.t.Cleanup(func() {
		if n.command != nil && n.command.ProcessState == nil {
			n.kill()
		}
		if f.t.Failed() {
			f.t.Logf("the log of %s:\n%.6000s", n.name, n.logs)
		}
	})
	return n
}

// clustered adds one that gossips with the first.
func (f *fleet) clustered(address string) *fleetNode {
	f.t.Helper()
	gossip := f.gossip
	if len(f.members) > 0 {
		gossip = "127.0.0.1:0"
	}
	return f.add(address, "--insecure", "--gossip-listen", gossip, "--join", f.gossip)
}

func (n *fleetNode) mustStart() {
	n.t.Helper()
	if err := n.start(); err != nil {
		n.t.Fatalf("%s: %v\n%.4000s", n.name, err, n.logs)
	}
}

// readyz answers what it says of itself.
func (n *fleetNode) readyz() (status int, text string) {
	response, err := http.Get("http://" + n.address + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	body, err := io.ReadAll(response.Body)
	if err = testkit.CloseBody(err, response.Body); err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}

// wait repeats a question until its answer is right.
func (n *fleetNode) wait(what string, right func() bool) {
	n.t.Helper()
	if took := testkit.Eventually(n.t, n.name+": "+what, right); took > time.Second {
		n.t.Logf("%s: %s, after %v", n.name, what, took.Round(10*time.Millisecond))
	}
}

// buy asks for one seat, once.
func (n *fleetNode) buy(event, seat string) (status int, code string) {
	got, err := n.askOnce("buyer-"+seat, "POST", "/v1/events/"+event+"/bookings", "key-"+seat, `{"seats":["`+seat+`"]}`)
	if err != nil {
		return 0, err.Error()
	}
	return got.status, got.Code
}

// mustBuy repeats it under its key until it is granted.
func (n *fleetNode) mustBuy(event, seat string) {
	n.t.Helper()
	n.wait("sells "+seat, func() bool {
		status, code := n.buy(event, seat)
		if status != http.StatusCreated && status != http.StatusServiceUnavailable && status != 0 {
			n.t.Fatalf("%s at %s: %d %s", seat, n.name, status, code)
		}
		return status == http.StatusCreated
	})
}

// records is how many records all logs of a database have.
func records(t *testing.T, address string) (all uint64) {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), address, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	keys, err := store.Sections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		var tail storage.Tail
		if tail, err = store.Tail(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		all += uint64(tail.Seq)
	}
	return all
}

// TestARestoredCopyUnderTheSameGossipSellsNothing (P1, P2, P6): a node that was given the cluster's gossip and a
// restored copy of its database is handed nothing and opens nothing, however long it waits and whoever of the others
// goes; and they sell on.
func TestARestoredCopyUnderTheSameGossipSellsNothing(t *testing.T) {
	f, address := newFleet(t), pgtest.Shared(t).Database(t)
	first, second := f.clustered(address), f.clustered(address)
	first.mustStart()
	second.mustStart()
	event := first.createEvent()
	first.mustBuy(event, "A-1-1")
	second.mustBuy(event, "B-1-1")
	copied := pgtest.Shared(t).Copy(t, address)
	before := records(t, copied)
	stray := f.clustered(copied)
	if err := stray.launch(); err != nil {
		t.Fatal(err)
	}
	first.wait("knows the stranger", func() bool { return first.metric("holdfast_cluster_foreign_nodes") == 1 })
	stray.wait("yields", func() bool {
		status, text := stray.readyz()
		return status == http.StatusServiceUnavailable && strings.Contains(text, "claims and serves nothing") &&
			stray.metric("holdfast_cluster_foreign_nodes") == 2
	})
	refusesAll(t, stray, event)
	first.wait("says so in its log", func() bool { return strings.Contains(first.logs.String(), "ALARM") })
	checkAlarms(t, first, stray)
	for i := range crashSections {
		first.mustBuy(event, fmt.Sprintf("%c-2-1", 'A'+i))
		second.mustBuy(event, fmt.Sprintf("%c-2-2", 'A'+i))
	}
	second.kill() // and now the copy's node is one of two, and then the only one
	first.mustBuy(event, "A-3-1")
	first.kill()
	stray.wait("sees that the others have gone", func() bool {
		return stray.metric(`holdfast_cluster_foreign_nodes`) == 0
	})
	refusesAll(t, stray, event)
	first.mustStart()
	for i := range crashSections {
		first.mustBuy(event, fmt.Sprintf("%c-4-1", 'A'+i))
	}
	refusesAll(t, stray, event)
	if after := records(t, copied); after != before {
		t.Errorf("P1: the copy's logs have %d records, %d when it was made: somebody sells from it", after, before)
	}
}

// refusesAll asks a node for a seat of each section, some of them sold and some not.
func refusesAll(t *testing.T, n *fleetNode, event string) {
	t.Helper()
	var asking sync.WaitGroup
	for i := range 2 * crashSections {
		seat := fmt.Sprintf("%c-%d-1", 'A'+i/2, 1+3*(i%2))
		asking.Go(func() {
			if status, code := n.buy(event, seat); status == http.StatusCreated {
				t.Errorf("P1: %s, on another database, sells %s (%s)", n.name, seat, code)
			}
		})
	}
	asking.Wait()
}

// checkAlarms: one line that names the node and why, and cluster status says so on either side.
func checkAlarms(t *testing.T, first, stray *fleetNode) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(first.logs.String()) {
		if strings.Contains(line, "ALARM") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.Contains(lines[0], "node="+stray.name) ||
		!strings.Contains(lines[0], "no heartbeat row in this node's database") {
		t.Errorf("alarms of %s: %q", first.name, lines)
	}
	for _, n := range []*fleetNode{first, stray} {
		out, err := exec.Command(n.binary, "cluster", "status", "--url", "http://"+n.address).CombinedOutput()
		if code := exitCode(err); code != exitFindings || !strings.Contains(string(out), "is a stranger to "+n.name) {
			t.Errorf("status at %s: %d\n%s", n.name, code, out)
		}
	}
}

func exitCode(err error) int {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return 0
}

// TestAForgottenStandbyDoesNotStartBesideACluster: a node without gossip on a cluster's database says which flags it
// needs, and claims nothing when one of the cluster dies.
func TestAForgottenStandbyDoesNotStartBesideACluster(t *testing.T) {
	f, address := newFleet(t), pgtest.Shared(t).Database(t)
	first, second := f.clustered(address), f.clustered(address)
	first.mustStart()
	second.mustStart()
	event := first.createEvent()
	first.mustBuy(event, "A-1-1")
	forgotten := f.add(address)
	if err := forgotten.launch(); err != nil {
		t.Fatal(err)
	}
	code := exitCode(forgotten.command.Wait())
	for _, want := range []string{"n1 (gossip " + f.gossip + ")", "n2 (gossip 127.0.0.1:", "--gossip-listen", "--join",
		f.gossip, "--cluster-keys", "lapse"} {
		if !strings.Contains(forgotten.logs.String(), want) {
			t.Errorf("not said: %s\n%s", want, forgotten.logs)
		}
	}
	if code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	first.kill()
	for i := range crashSections {
		second.mustBuy(event, fmt.Sprintf("%c-2-1", 'A'+i))
	}
	second.kill() // the whole cluster is dead: its rows lapse, and a node of no cluster may start
	forgotten.mustStart()
	forgotten.mustBuy(event, "A-3-1")
}

// TestANodeOfNoClusterBesideOneIsAnAlarm: it was there first, serves, and gossip does not know it.
func TestANodeOfNoClusterBesideOneIsAnAlarm(t *testing.T) {
	f, address := newFleet(t), pgtest.Shared(t).Database(t)
	alone := f.add(address)
	alone.mustStart()
	event := alone.createEvent()
	alone.mustBuy(event, "A-1-1")
	late := f.add(address, "--insecure", "--gossip-listen", f.gossip)
	if err := late.launch(); err != nil {
		t.Fatal(err)
	}
	late.wait("the alarm", func() bool { return late.metric("holdfast_cluster_nodes_not_in_gossip") == 1 })
	late.wait("its line in the log", func() bool {
		return strings.Contains(late.logs.String(),
			"ALARM: a living node on this database that gossip does not know") &&
			strings.Contains(late.logs.String(), "node=n1")
	})
	out, err := exec.Command(late.binary, "cluster", "status", "--url", "http://"+late.address).CombinedOutput()
	if code := exitCode(err); code != exitFindings || !strings.Contains(string(out), "n1 lives on the database") {
		t.Errorf("status: %d\n%s", code, out)
	}
	alone.mustBuy(event, "A-1-2")
}
