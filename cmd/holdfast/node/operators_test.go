package node

import (
	"net"
	"testing"

	"holdfast/cmd/holdfast/config"
)

// TestOthersFindTheAPIOfANodeThatListensEverywhere: "every address" is none that another machine could ask.
func TestOthersFindTheAPIOfANodeThatListensEverywhere(t *testing.T) {
	for _, c := range []struct{ listen, peer, advertise, host string }{
		{"127.0.0.1:0", "10.0.0.1:7947", "", "127.0.0.1"},
		{"0.0.0.0:0", "10.0.0.1:7947", "", "10.0.0.1"},
		{":0", "0.0.0.0:7947", "n1.example:7947", "n1.example"},
	} {
		listener, err := net.Listen("tcp", c.listen)
		if err != nil {
			t.Fatal(err)
		}
		node := &Node{listener: listener}
		got, err := node.reachableAddr(&config.Config{Membership: config.Membership{PeerListen: c.peer,
			PeerAdvertise: c.advertise}})
		host, port, _ := net.SplitHostPort(got)
		if _, real, _ := net.SplitHostPort(node.Addr()); err != nil || host != c.host || port != real {
			t.Errorf("%+v: %s, %v", c, got, err)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}
}
