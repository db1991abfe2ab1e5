package cluster

import (
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/hashicorp/memberlist"

	"holdfast/cluster/netlimit"
	"holdfast/cluster/refusal"
)

// ConnsMax bounds the connections that others may have open at each of this node's two ports, gossip and link:
// strangers who open more must not take the descriptors of the store and of buyers. Over it those that have not said a
// word yet give way, then newcomers are hung up on. A peer needs one at the link, and one at gossip for moments.
const ConnsMax = 128

func (o *Options) newLimiter(port string) *netlimit.Limiter {
	return netlimit.New(netlimit.Options{Name: port, Max: ConnsMax, Plain: true, Logger: o.Logger})
}

// gossipTransport is memberlist's own, with a limiter before its streams.
type gossipTransport struct {
	*memberlist.NetTransport
	limiter  *netlimit.Limiter
	refusals *refusal.Log
	streams  chan net.Conn
	ended    chan struct{}
	once     sync.Once
}

// portTries is how often the system is asked for a port that is free for UDP and TCP alike.
const portTries = 10

// newGossipTransport listens, and writes the port that the system chose into the configuration.
func newGossipTransport(
	c *memberlist.Config, limiter *netlimit.Limiter, refusals *refusal.Log,
) (*gossipTransport, error) {
	t := &gossipTransport{
		limiter: limiter, refusals: refusals, streams: make(chan net.Conn), ended: make(chan struct{}),
	}
	tries := 1
	if c.BindPort == 0 {
		tries = portTries
	}
	var err error
	for range tries {
		t.NetTransport, err = memberlist.NewNetTransport(&memberlist.NetTransportConfig{BindAddrs: []string{c.BindAddr},
			BindPort: c.BindPort, Logger: c.Logger})
		if err == nil || !strings.Contains(err.Error(), "address already in use") {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if c.BindPort == 0 {
		c.BindPort = t.GetAutoBindPort()
		c.AdvertisePort = c.BindPort
	}
	go t.admit()
	return t, nil
}

// StreamCh is for memberlist: see memberlist.Transport.
func (t *gossipTransport) StreamCh() <-chan net.Conn { return t.streams }

// Shutdown is for memberlist. Its listeners end first, since they hand over what they have accepted until then.
func (t *gossipTransport) Shutdown() error {
	err := t.NetTransport.Shutdown()
	t.once.Do(func() { close(t.ended) })
	return err
}

func (t *gossipTransport) admit() {
	for {
		select {
		case <-t.ended:
			return
		case c := <-t.NetTransport.StreamCh():
			admitted := t.limiter.Admit(c)
			if admitted == nil {
				t.refusals.Note(Refusal{Port: PortGossip, Side: SideListener, Reason: refusal.ReasonTooMany}, "",
					c.RemoteAddr().String(),
					fmt.Sprintf("more than %d connections at the gossip's port", ConnsMax))
				continue
			}
			select {
			case t.streams <- admitted:
			case <-t.ended:
				_ = admitted.Close() // nobody listens any more
			}
		}
	}
}
