package cluster

import (
	"net"
	"testing"

	"holdfast/cluster/netlimit"
)

// Strangers who open connections and say nothing take no more of this node's descriptors than its ports are allowed,
// and do not keep a node out that has something to say.
func TestFloodOfConnectionsIsBoundedAtBothPorts(t *testing.T) {
	a := start(t, "a", nil)
	b := start(t, "b", nil, a)
	connected(t, a, b)
	for _, port := range []struct {
		name, address string
		limiter       *netlimit.Limiter
	}{{"gossip", a.GossipAddress(), a.gossipPort}, {"link", a.link.Addr(), a.linkPort}} {
		for range 3 * ConnsMax {
			conn, err := net.Dial("tcp", port.address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			if n := port.limiter.Open(); n > ConnsMax {
				t.Fatalf("%s: %d connections are open", port.name, n)
			}
		}
	}
	c := start(t, "c", nil, a)
	connected(t, a, b, c)
	if s := a.linkPort.Stats(); s.GaveWay.Load()+s.Full.Load() == 0 {
		t.Error("nobody had to give way at the link: this proves nothing")
	}
}
