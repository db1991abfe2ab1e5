package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/cluster"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

// useless checks a cluster whose n3 can serve nobody: a balancer is kept from it and from no other, an operator is told
// at each node, and the logs of both sides say why.
func (d *drill) useless(t *testing.T, reason string, atGood, atBad []string) {
	t.Helper()
	bad := d.nodes[2]
	testkit.Eventually(t, "n3 is not ready", func() bool {
		status, text := bad.readyz()
		return status == http.StatusServiceUnavailable && strings.Contains(text, "no section can be reached")
	})
	d.wants(t, 0, atGood...)
	d.wants(t, 2, atBad...)
	for _, n := range d.nodes[:2] {
		if status, text := n.readyz(); status != http.StatusOK {
			t.Errorf("%s, with which nothing is wrong, says %d %s", n.name, status, text)
		}
	}
	for _, n := range []*drilled{d.nodes[0], bad} {
		if log := n.log(); !strings.Contains(log, "turned away between nodes") ||
			!strings.Contains(log, "address=127.0.0.1:") {
			t.Errorf("%s's log says nothing of it", n.name)
		}
	}
	if log := d.nodes[0].log() + bad.log(); !strings.Contains(log, "reason="+reason) {
		t.Errorf("no log says %s", reason)
	}
}

// TestDrillWrongAuthorityDoesNotLookReady: n3 has a certificate of another authority. It gossips, reaches nobody, and
// would refuse every third buyer.
func TestDrillWrongAuthorityDoesNotLookReady(t *testing.T) {
	d := newDrill(t, pgtest.Database(t), 3)
	other := d.makeKeys(t, "other", "n3")
	d.giveKeys(t, d.nodes[2], other, "ca.pem", "n3.pem", "n3-key.pem")
	d.openSome(t, 2)
	d.start(t, d.nodes[2])
	d.useless(t, cluster.ReasonAuthority, []string{"link_down", "turned_away"},
		[]string{"link_down", "turned_away", "sections_not_served", "not_ready"})
}

// TestDrillWrongGossipKeyDoesNotLookReady: n3 takes itself for the only node.
func TestDrillWrongGossipKeyDoesNotLookReady(t *testing.T) {
	d := newDrill(t, pgtest.Database(t), 3)
	other := d.makeKeys(t, "other", "x")
	d.giveKeys(t, d.nodes[2], other, "gossip.key")
	d.openSome(t, 2)
	d.start(t, d.nodes[2])
	d.useless(t, cluster.ReasonWrongKey, []string{"heartbeats_differ", "turned_away"},
		[]string{"heartbeats_differ", "turned_away", "sections_not_served", "not_ready"})
	if v := d.status(t, 0, "--expect", "3", "--ignore", "heartbeats_differ"); !v.has("nodes_missing") ||
		v.has("heartbeats_differ") {
		t.Errorf("three nodes are expected, and two are there: %s", v.text)
	}
}

// TestDrillAnothersCertificateDoesNotStart: n2's certificate under n3's name.
func TestDrillAnothersCertificateDoesNotStart(t *testing.T) {
	d := newDrill(t, pgtest.Database(t), 3)
	n3 := d.nodes[2]
	for from, to := range map[string]string{"n2.pem": "n3.pem", "n2-key.pem": "n3-key.pem"} {
		text, err := os.ReadFile(filepath.Join(d.nodes[1].keys, from))
		if err == nil {
			err = os.WriteFile(filepath.Join(n3.keys, to), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d.start(t, n3)
	testkit.Eventually(t, "n3 has ended", func() bool {
		select {
		case <-n3.ended:
			return true
		default:
			return false
		}
	})
	if log := n3.log(); !strings.Contains(log, "n3.pem") || !strings.Contains(log, "it is of n2, and not of n3") {
		t.Errorf("why is not said:\n%s", log)
	}
}

// TestDrillStrangersAndNewCertificatesDoNotGoUnseen: whoever knocks at the cluster's ports is counted, new certificates
// are taken in while links stay up, and files that cannot be used are told until they are mended.
func TestDrillStrangersAndNewCertificatesDoNotGoUnseen(t *testing.T) {
	d := newDrill(t, pgtest.Database(t), 2)
	d.open(t)
	testkit.Eventually(t, "all is well", func() bool { return d.status(t, 0, "--expect", "2").code == exitOK })
	n1 := d.nodes[0]
	before := metric(t, n1, "holdfast_cluster_certificate_expiry_timestamp_seconds")
	renewed := d.makeKeysAgain(t, n1, 2*time.Hour)
	d.giveKeys(t, n1, renewed, "n1.pem", "n1-key.pem")
	testkit.Eventually(t, "the new certificate is in use", func() bool {
		return metric(t, n1, "holdfast_cluster_certificate_expiry_timestamp_seconds") != before
	})
	testkit.Eventually(t, "all is well with the new certificate", func() bool {
		return d.status(t, 1, "--expect", "2").code == exitOK
	})
	if err := os.WriteFile(filepath.Join(n1.keys, "n1.pem"), []byte("half a cert"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.wants(t, 1, "keys_not_reloaded")
	if metric(t, n1, "holdfast_cluster_keys_reload_successful") != "0" ||
		!strings.Contains(n1.log(), "ALARM: the cluster's keys were not reloaded") {
		t.Error("no alarm for files that cannot be used")
	}
	d.giveKeys(t, n1, renewed, "n1.pem")
	testkit.Eventually(t, "all is well again", func() bool { return d.status(t, 1).code == exitOK })
	for _, c := range []struct{ address, door, reason string }{
		{n1.peer, cluster.PortLink, cluster.ReasonNotTLS}, {n1.gossip, cluster.PortGossip, cluster.ReasonNotANode},
	} {
		knock(t, c.address)
		name := fmt.Sprintf(`holdfast_cluster_handshake_failures_total{port="%s",reason="%s",side="listener"}`, c.door,
			c.reason)
		testkit.Eventually(t, name+" counts", func() bool { return metric(t, n1, name) == "1" })
	}
	d.wants(t, 1, "turned_away")
}

// makeKeysAgain is a certificate of the same authority with another end.
func (d *drill) makeKeysAgain(t *testing.T, n *drilled, validity time.Duration) string {
	t.Helper()
	folder := filepath.Join(d.folder, "renewed")
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(d.folder, "keys"))); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{n.name + ".pem", n.name + "-key.pem"} {
		if err := os.Remove(filepath.Join(folder, file)); err != nil {
			t.Fatal(err)
		}
	}
	if err := cluster.MakeKeys(folder, []string{n.name}, validity); err != nil {
		t.Fatal(err)
	}
	return folder
}

func knock(t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	_, _ = io.Copy(io.Discard, conn) // until it is hung up on
}

// metric is one value of a node's /metrics, as it stands there; empty: it is not there.
func metric(t *testing.T, n *drilled, name string) string {
	t.Helper()
	_, page := testkit.Get(t, "http://"+n.api+"/metrics")
	for line := range strings.SplitSeq(page, "\n") {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return value
		}
	}
	return ""
}

// TestDrillDatabaseThatIsAwayDoesNotLookWell: the exit code says so while it is away, every node stays on the balancer,
// for refusals tell more than a balancer without nodes, and all is well again without a hand.
func TestDrillDatabaseThatIsAwayDoesNotLookWell(t *testing.T) {
	database := pgtest.Database(t)
	s := newSwallower(t, hostOf(t, database))
	d := newDrill(t, s.behind(t, database), 2)
	d.open(t)
	s.swallow.Store(true)
	d.wants(t, 0, "heartbeat_not_written", "sections_not_served")
	d.wants(t, 1, "heartbeat_not_written", "node_joining", "none_serving")
	for _, n := range d.nodes {
		if status, text := n.readyz(); status != http.StatusOK {
			t.Errorf("%s: %d %s: the balancer has nobody", n.name, status, text)
		}
	}
	s.heal()
	testkit.Eventually(t, "all is well again", func() bool { return d.status(t, 0, "--expect", "2").code == exitOK })
}

// TestDrillTwoDrainsAtOnceDoNotEmptyTheHouse: of two nodes that are drained in one moment, one goes on to serve.
func TestDrillTwoDrainsAtOnceDoNotEmptyTheHouse(t *testing.T) {
	d := newDrill(t, pgtest.Database(t), 2)
	d.open(t)
	var both sync.WaitGroup
	for _, n := range d.nodes {
		both.Go(func() {
			var node wire.ClusterNode
			// 409 last_node where one is told of the other in time.
			_ = d.client(n).Post(t.Context(), "/v1/cluster/nodes/"+n.name+"/drain", "", strings.NewReader("{}"), 2,
				&node)
		})
	}
	both.Wait()
	testkit.Eventually(t, "one of them serves everything", func() bool {
		s := d.seen(t, d.nodes[0])
		serving := 0
		for _, n := range s.Nodes {
			if n.State == "serving" {
				serving++
			}
		}
		return len(s.Nodes) == 2 && serving == 1 && s.Serving == s.Total && s.InDoubt == 0
	})
	for _, n := range d.nodes {
		status, _ := n.readyz()
		if serves := !strings.Contains(d.stateOf(t, n), "draining"); (status == http.StatusOK) != serves {
			t.Errorf("%s: readyz %d", n.name, status)
		}
		if log := n.log(); !strings.Contains(log,
			`msg=operator who=drill did="POST /v1/cluster/nodes/{node}/drain" to=`+n.name) {
			t.Errorf("%s: nobody wrote down who drained it", n.name)
		}
	}
}

func (d *drill) stateOf(t *testing.T, n *drilled) string {
	for _, m := range d.seen(t, n).Nodes {
		if m.Name == n.name {
			return m.State
		}
	}
	return ""
}
