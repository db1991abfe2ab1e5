package cluster

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"holdfast/cluster/refusal"
	"holdfast/storage"
)

// membership is what memberlist says, put down as it is said. Its callbacks run under memberlist's lock: they only
// copy, and set a flag.
type membership struct {
	self  string // memberlist's name of this node
	ours  [2]uint8
	log   *slog.Logger
	dirty chan struct{} // capacity 1
	came  func()        // somebody has come, who may not have heard what this node is

	mu    sync.Mutex
	nodes map[string]entry
	lost  map[string]time.Time // gossip addresses of nodes that vanished without a word, and when
	said  map[string]string    // per node: what was last wrong with what it says of itself
	meta  []byte               // our own, as gossiped
}

type entry struct {
	gossip netip.AddrPort
	meta   []byte
}

const (
	// lostFor is how long a vanished node is called again. Its address may by then be anybody's.
	lostFor  = time.Hour
	lostMost = 64
)

func newMembership(self string, ours [2]uint8, came func(), logger *slog.Logger) *membership {
	return &membership{
		self: self, ours: ours, came: came, log: logger, dirty: make(chan struct{}, 1),
		nodes: map[string]entry{}, lost: map[string]time.Time{}, said: map[string]string{},
	}
}

func (ms *membership) touch() {
	select {
	case ms.dirty <- struct{}{}:
	default:
	}
}

func gossipAddress(n *memberlist.Node) netip.AddrPort {
	ip, _ := netip.AddrFromSlice(n.Addr)
	return netip.AddrPortFrom(ip.Unmap(), n.Port)
}

// NotifyJoin is memberlist's.
func (ms *membership) NotifyJoin(n *memberlist.Node) {
	ms.mu.Lock()
	_, known := ms.nodes[n.Name]
	ms.nodes[n.Name] = entry{gossipAddress(n), slices.Clone(n.Meta)}
	delete(ms.lost, gossipAddress(n).String())
	ms.mu.Unlock()
	ms.touch()
	if !known && n.Name != ms.self {
		ms.came()
	}
}

// NotifyUpdate is memberlist's.
func (ms *membership) NotifyUpdate(n *memberlist.Node) { ms.NotifyJoin(n) }

// NotifyLeave is memberlist's, for those who left and those who died.
func (ms *membership) NotifyLeave(n *memberlist.Node) {
	ms.mu.Lock()
	delete(ms.nodes, n.Name)
	delete(ms.said, n.Name)
	if n.State != memberlist.StateLeft && n.Name != ms.self {
		if len(ms.lost) >= lostMost {
			ms.forgetOldest()
		}
		ms.lost[gossipAddress(n).String()] = time.Now()
	}
	ms.mu.Unlock()
	ms.touch()
}

func (ms *membership) forgetOldest() {
	var oldest string
	for address, at := range ms.lost {
		if oldest == "" || at.Before(ms.lost[oldest]) {
			oldest = address
		}
	}
	delete(ms.lost, oldest)
}

// NodeMeta is memberlist's.
func (ms *membership) NodeMeta(int) []byte {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return ms.meta
}

// NotifyMsg, GetBroadcasts, LocalState and MergeRemoteState are memberlist's: nothing but membership is gossiped.
func (ms *membership) NotifyMsg([]byte) {}

// GetBroadcasts has none.
func (ms *membership) GetBroadcasts(int, int) [][]byte { return nil }

// LocalState is empty.
func (ms *membership) LocalState(bool) []byte { return nil }

// MergeRemoteState merges nothing.
func (ms *membership) MergeRemoteState([]byte, bool) {}

// say sets what is gossiped about this node, and tells whether that is another thing than before. The store is named
// once somebody is there and all of them can read it: a build that cannot would leave this node out.
func (ms *membership) say(m Member) (changed bool, err error) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if !ms.allRead(protocolStore) {
		m.Store, m.StandsDown = storage.StoreID{}, false
	}
	meta, err := appendMeta(nil, m)
	if err != nil {
		return false, err
	}
	changed = !bytes.Equal(meta, ms.meta)
	ms.meta = meta
	return changed, nil
}

// allRead says that others are there, and that all of them speak that version. Under mu.
func (ms *membership) allRead(version uint8) bool {
	others := 0
	for name, e := range ms.nodes {
		if name == ms.self {
			continue
		}
		others++
		if m, err := parseMeta(e.meta); err != nil || m.Protocol[1] < version {
			return false
		}
	}
	return others > 0
}

// others are the members whose word can be read and whose protocol we speak. Of the rest it is said once, loudly, that
// they are left out.
func (ms *membership) others() (members []Member) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for name, e := range ms.nodes {
		if name == ms.self {
			continue
		}
		m, err := parseMeta(e.meta)
		if err == nil && !m.speaksWith(ms.ours) {
			err = fmt.Errorf("it speaks protocol %d to %d, this build %d to %d", m.Protocol[0], m.Protocol[1],
				ms.ours[0], ms.ours[1])
		}
		if err == nil {
			delete(ms.said, name)
			members = append(members, m)
			continue
		}
		if ms.said[name] != err.Error() {
			ms.said[name] = err.Error()
			ms.log.Error("a node of the cluster is left out: this build cannot work with it", "node", name, "gossip",
				e.gossip.String(), "why", err)
		}
	}
	return members
}

// leftOut are the members that cannot be worked with, by name, and why.
func (ms *membership) leftOut() map[string]string {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	all := make(map[string]string, len(ms.said))
	for name, why := range ms.said {
		name, _, _ = strings.Cut(name, "/") // the rest is this start of it
		all[name] = why
	}
	return all
}

// without leaves out the rows of nodes that are in gossip, whether or not this build can work with them.
func (ms *membership) without(rows []Row) (unknown []Row) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	there := make(map[string]bool, len(ms.nodes))
	for name := range ms.nodes {
		there[name[strings.LastIndexByte(name, '/')+1:]] = true
	}
	for _, row := range rows {
		if !there[hex.EncodeToString(row.Writer[:])] {
			unknown = append(unknown, row)
		}
	}
	return unknown
}

// missing are the addresses to be called: configured ones where nobody is, and lost ones. alone: nobody else is known.
func (ms *membership) missing(configured []string) (addresses []string, alone bool) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	there := map[string]bool{}
	for _, e := range ms.nodes {
		there[e.gossip.String()] = true
	}
	for address, at := range ms.lost {
		if time.Since(at) > lostFor {
			delete(ms.lost, address)
		} else {
			configured = append(configured, address)
		}
	}
	slices.Sort(configured)
	for _, address := range slices.Compact(configured) {
		if !there[address] {
			addresses = append(addresses, address)
		}
	}
	return addresses, len(ms.nodes) < 2
}

// resolve turns host:port into ip:port, all of a name's. Here rather than in memberlist, which cannot be told to give
// up.
func resolve(ctx context.Context, address string) ([]string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	addresses := make([]string, len(ips))
	for i, ip := range ips {
		addresses[i] = net.JoinHostPort(ip.Unmap().String(), port)
	}
	return addresses, nil
}

// gossipLog takes memberlist's lines to the log at debug level: what they call an error is a node that went away. Those
// that tell of strangers, and of nodes with other keys, are refusals.
type gossipLog struct {
	log      *slog.Logger
	refusals *refusal.Log
}

func (g gossipLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if reason, address, why, ok := refusal.GossipTrouble(text); ok {
		g.refusals.Note(Refusal{Port: PortGossip, Side: SideListener, Reason: reason}, "", address, why)
	} else {
		g.log.Debug("gossip", "line", text)
	}
	return len(line), nil
}

func gossipLogger(l *slog.Logger, refusals *refusal.Log) *log.Logger {
	return log.New(gossipLog{l, refusals}, "", 0)
}
