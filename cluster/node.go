package cluster

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"holdfast/cluster/netlimit"
	"holdfast/cluster/peerlink"
	"holdfast/cluster/refusal"
)

// Node is this process in the cluster: its view of the others, and its links to them. Safe for concurrent use.
type Node struct {
	opts       Options
	membership *membership
	link       *peerlink.Link
	// gossipAt is the address that others can join.
	gossipAt string
	list     *memberlist.Memberlist
	view     atomic.Pointer[View]

	mu         sync.Mutex // of self, identity and every change of view
	self       Member
	identity   *IdentityCheck
	identities atomic.Pointer[Identities]
	sought     atomic.Bool // everybody to join has been called once

	gossip chan struct{} // capacity 1: there is something to be said about self
	// gossipPort and linkPort bound the connections that others make to this node.
	gossipPort, linkPort *netlimit.Limiter
	refusals             *refusal.Log
	ctx                  context.Context
	cancel               context.CancelFunc
	workers              sync.WaitGroup
	closed               sync.Once
}

// Join makes this process a node, in state Joining and alone at first: the addresses of Options.Join are called in the
// background, for ever. ctx bounds the look-up of listening addresses only. Errors are the operator's: a setting, or an
// address that cannot be listened on.
func Join(ctx context.Context, o Options) (*Node, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	n := &Node{
		opts: o, gossip: make(chan struct{}, 1), gossipPort: o.newLimiter("gossip"), linkPort: o.newLimiter("link"),
		refusals: refusal.NewLog(o.Logger), identity: NewIdentityCheck(o.Writer, o.Store, o.Lapse),
	}
	n.identities.Store(&Identities{})
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.membership = newMembership(o.Name+"/"+hex.EncodeToString(o.Writer[:]), o.protocol, n.announce, o.Logger)
	config, err := n.gossipConfig(ctx)
	if err != nil {
		return nil, err
	}
	n.self = Member{Writer: o.Writer, Name: o.Name, API: o.API, Build: o.Build, Store: o.Store, Protocol: o.protocol}
	n.view.Store(NewView(o.Writer, []Member{n.self})) // the link asks for it from its first moment on
	if err = n.newLink(); err != nil {
		return nil, err
	}
	if err := n.listen(config); err != nil {
		n.cancel()
		n.link.Close()
		return nil, err
	}
	n.workers.Go(n.watch)
	n.workers.Go(n.keepJoining)
	n.workers.Go(n.spread)
	return n, nil
}

// listen begins to gossip, once it is known where the link listens.
func (n *Node) listen(config *memberlist.Config) error {
	n.self.Peer = withPort(n.opts.PeerAdvertise, n.link.Addr())
	if _, err := appendMeta(nil, n.self); err != nil { // with all that it may say later
		return err
	}
	if _, err := n.membership.say(n.self); err != nil {
		return err
	}
	n.view.Store(NewView(n.opts.Writer, []Member{n.self}))
	transport, err := newGossipTransport(config, n.gossipPort, n.refusals)
	if err != nil {
		return fmt.Errorf("cluster: GossipListen %s: %w", n.opts.GossipListen, err)
	}
	config.Transport = transport
	if n.list, err = memberlist.Create(config); err != nil {
		return errors.Join(fmt.Errorf("cluster: GossipListen %s: %w", n.opts.GossipListen, err), transport.Shutdown())
	}
	// once, before anything is said: memberlist gives it out without a lock
	n.gossipAt = gossipAddress(n.list.LocalNode()).String()
	return nil
}

// withPort puts the port of real in place of one that was left to the system.
func withPort(advertise, real string) string {
	host, port, err := net.SplitHostPort(advertise)
	if _, actual, bad := net.SplitHostPort(real); err == nil && bad == nil && port == "0" {
		return net.JoinHostPort(host, actual)
	}
	return advertise
}

// gossipConfig is memberlist's, tuned to notice a dead node in about a second.
func (n *Node) gossipConfig(ctx context.Context) (*memberlist.Config, error) {
	o := n.opts
	c := memberlist.DefaultLANConfig()
	// unique per process start: a name that comes back would inherit what is still said about its last life
	c.Name = n.membership.self
	c.Label = "holdfast"
	c.Delegate, c.Events = n.membership, n.membership
	c.Logger = gossipLogger(o.Logger, n.refusals)
	c.ProbeInterval, c.ProbeTimeout, c.GossipInterval = o.ProbeInterval, o.ProbeTimeout, o.GossipInterval
	// the longest suspicion is twice the shortest, not six times
	c.SuspicionMult, c.SuspicionMaxTimeoutMult = o.SuspicionMult, 2
	// a node that is slow itself may take twice as long to judge, not eight times
	c.AwarenessMaxMultiplier = 2
	c.PushPullInterval = 10 * time.Second
	c.TCPTimeout = time.Second
	c.GossipToTheDeadTime = time.Minute // one that was paused hears that it is thought dead, and objects
	c.DeadNodeReclaimTime = time.Second
	if o.Keys != nil {
		c.Keyring = o.Keys.Ring()
	}
	var err error
	if c.BindAddr, c.BindPort, err = place(ctx, "GossipListen", o.GossipListen); err != nil {
		return nil, err
	}
	c.AdvertiseAddr, c.AdvertisePort, err = place(ctx, "GossipAdvertise", o.GossipAdvertise)
	c.AdvertisePort = cmp.Or(c.AdvertisePort, c.BindPort)
	return c, err
}

// place resolves a host:port of this node, for memberlist wants an IP.
func place(ctx context.Context, field, address string) (ip string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("cluster: %s: %w", field, err)
	}
	resolved, err := resolve(ctx, net.JoinHostPort(cmp.Or(host, "0.0.0.0"), text))
	if err != nil {
		return "", 0, fmt.Errorf("cluster: %s: %w", field, err)
	}
	host, _, _ = net.SplitHostPort(resolved[0])
	port, err = strconv.Atoi(text)
	return host, port, err
}

// GossipAddress is the host:port that other nodes can join: the real port, if Options left it to the system.
func (n *Node) GossipAddress() string { return n.gossipAt }

// View is the newest one. It costs one atomic load.
func (n *Node) View() *View { return n.view.Load() }

// LeftOut are the nodes of the gossip that this one cannot work with, by name, and why: their builds speak another
// protocol.
func (n *Node) LeftOut() map[string]string { return n.membership.leftOut() }

// SetState says what this node is now: at once in its own view, and to the others within some gossip intervals.
func (n *Node) SetState(s State) {
	n.mu.Lock()
	n.self.State = s
	n.rebuild()
	n.mu.Unlock()
	n.membership.touch() // the worker tells the handler
	n.announce()
}

// announce has what this node is said again.
func (n *Node) announce() {
	select {
	case n.gossip <- struct{}{}:
	default:
	}
}

// rebuild makes a view of what is known now. Under mu.
func (n *Node) rebuild() *View {
	c := n.judge()
	n.self.StandsDown = c.StandsDown()
	if changed, err := n.membership.say(n.self); changed && err == nil { // what it may say was checked at Join
		n.announce()
	}
	v := NewView(n.opts.Writer, append(slices.Clone(c.Members), n.self))
	if old := n.view.Load(); v.equal(old) {
		return old
	}
	n.view.Store(v)
	return v
}

// watch turns what memberlist says into views, and tells link and handler.
func (n *Node) watch() {
	var (
		notified *View
		said     reported
	)
	for {
		n.mu.Lock()
		v := n.rebuild()
		n.mu.Unlock()
		n.report(&said)
		if notified == nil || !v.equal(notified) { // there and back again while the handler was busy is no news
			notified = v
			n.linkTo(v)
			n.opts.Handler.ViewChanged(v)
		}
		select {
		case <-n.ctx.Done():
			return
		case <-n.membership.dirty:
		}
	}
}

// sayAgain is how often a change is gossiped once more, in gossip intervals. Memberlist sends a change four times in
// all, to nodes of its choice, and then no more: one that was said while others were joining, or to nodes that have
// died, is heard by some ten seconds later, with the next exchange of states.
var sayAgain = [...]time.Duration{2, 4, 8, 16, 32}

// spread gossips changes of this node's state, and whenever somebody has come: memberlist waits for them to go out, and
// SetState must not.
func (n *Node) spread() {
	again := time.NewTimer(0)
	defer again.Stop()
	said := len(sayAgain)
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-n.gossip:
			said = 0
		case <-again.C:
			if said == len(sayAgain) {
				continue
			}
		}
		_ = n.list.UpdateNode(n.opts.GossipInterval) // its error is that it has not gone out yet: nobody waits for that
		if said < len(sayAgain) {
			again.Reset(sayAgain[said] * n.opts.GossipInterval)
			said++
		}
	}
}

// keepJoining calls who is missing: quickly at first, then every Rejoin. Memberlist forgets the dead, so that two
// halves of a cluster that was cut would never find each other again by themselves.
func (n *Node) keepJoining() {
	wait := n.opts.GossipInterval
	for {
		alone := n.joinMissing()
		n.mu.Lock()
		n.rebuild() // before anybody may act on having met all
		n.mu.Unlock()
		n.sought.Store(true)
		select {
		case <-n.ctx.Done():
			return
		case <-time.After(wait + rand.N(wait/4+1)):
		}
		if wait = min(2*wait, n.opts.Rejoin); !alone {
			wait = n.opts.Rejoin
		}
	}
}

// joinMissing tells whether this node is still alone, though it knows of others.
func (n *Node) joinMissing() bool {
	ctx, cancel := context.WithTimeout(n.ctx, time.Second)
	defer cancel()
	var configured []string
	for _, address := range n.opts.Join {
		ips, err := resolve(ctx, address)
		if err != nil {
			n.opts.Logger.Debug("an address to join cannot be resolved", "address", address, "error", err)
		}
		configured = append(configured, ips...)
	}
	addresses, alone := n.membership.missing(configured)
	var calls sync.WaitGroup // side by side: one that swallows packets must not keep this node from the others
	for _, address := range addresses {
		calls.Go(func() {
			if _, err := n.list.Join([]string{address}); err != nil {
				n.notJoined(address, err)
			}
		})
	}
	calls.Wait()
	return alone && len(n.opts.Join) > 0
}

// notJoined tells somebody who is there and will not have us from an address where nobody is.
func (n *Node) notJoined(address string, err error) {
	if reason, there := refusal.JoinTrouble(err); there && n.ctx.Err() == nil {
		n.refusals.Note(Refusal{Port: PortGossip, Side: SideDialer, Reason: reason}, "", address,
			strings.Join(strings.Fields(err.Error()), " "))
		return
	}
	n.opts.Logger.Debug("nobody answers", "address", address, "error", err)
}

// Leave tells the others that this node goes, for at most a second and as long as ctx allows, and then closes
// everything as Close does. A node that does not hear it finds out by itself, in about a second; when all leave
// together there is nobody to hear it.
func (n *Node) Leave(ctx context.Context) error {
	return n.end(func() error {
		patience := time.Second
		if deadline, ok := ctx.Deadline(); ok {
			patience = min(patience, time.Until(deadline))
		}
		if ctx.Err() != nil || patience <= 0 {
			return context.Cause(ctx)
		}
		if err := n.list.Leave(patience); err != nil {
			n.opts.Logger.Debug("nobody has heard that this node leaves", "error", err)
		}
		return nil
	})
}

// Close ends everything at once and tells nobody, as a crash would: the others see links break, and find this node dead
// in about a second. The handler hears PeerDown for each session, and nothing afterwards. It takes milliseconds, or a
// second if a call to a missing node is under way.
func (n *Node) Close() error { return n.end(func() error { return nil }) }

func (n *Node) end(farewell func() error) (err error) {
	n.closed.Do(func() {
		err = farewell()
		n.cancel()
		err = errors.Join(err, n.list.Shutdown())
		n.workers.Wait()
		n.link.Close()
		n.refusals.Close()
	})
	return err
}
