package api

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"holdfast/actors"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Cluster is what operators see, and want, of the nodes that share the sections. A server that shares them with nobody has one too, of one
// member. Its methods are safe for concurrent use.
type Cluster interface {
	// Look is who is there as this node sees it now; this node is among the members.
	Look() ClusterLook
	// Places visits every section of the events in use, by event and section.
	Places(visit func(*actors.Place))
	// Drain has a member own nothing from now on, or (undo) take sections again, and tells how that member stands then. It is idempotent.
	// ErrNotClustered; ErrLastNode; actors.ErrUnavailable: the member could not be asked, or has not answered, and may have done it; other errors are the
	// member's own words.
	Drain(ctx context.Context, node storage.WriterID, wish DrainWish) (ClusterStanding, error)
	// Rebalance has every member look at once for sections that belong elsewhere, and tells which could not be told. ErrNotClustered.
	Rebalance(ctx context.Context) (unreached []storage.WriterID, err error)
}

// ErrNotClustered: there is no other node that could be meant.
var ErrNotClustered = errors.New("api: this server shares its sections with no other")

// ErrLastNode: no other node serves that the member reaches, so that a drain would leave nobody to serve. DrainWish.Force does it all
// the same.
var ErrLastNode = errors.New("api: no other node could serve")

// DrainWish says what is wanted of a member, and by which operator's key.
type DrainWish struct {
	Undo, Force bool
	By          string
}

// ClusterLook is one node's sight of the members at one moment.
type ClusterLook struct {
	Self      storage.WriterID
	View      uint64 // the same on nodes that see the same members in the same states
	Members   []ClusterMember
	Uncertain int64 // sections placed here that may be neither claimed nor found
	Clustered bool
	// Heartbeats, Gone and Troubles: see wire.Cluster.
	Heartbeats int
	Gone       []ClusterGone
	Troubles   []wire.ClusterTrouble

	Store     storage.StoreID // zero: the store is one node's alone
	Strangers []ClusterStranger
	Unmet     []ClusterUnmet
	Yields    string // why this node serves nothing because of strangers; empty: it may serve
}

// ClusterStranger is a node of the gossip that is not on this node's store. Up and RoundTrip mean nothing.
type ClusterStranger struct {
	ClusterMember
	Why string
}

// ClusterUnmet is a living node on this node's store that gossip does not know.
type ClusterUnmet struct {
	ID           storage.WriterID
	Name, Gossip string
}

// ClusterGone is a node that was a member.
type ClusterGone struct {
	ID    storage.WriterID
	Name  string
	Since time.Time
	Back  bool // a member has its name: it is kept for the names of what it ran
}

// ClusterMember is one node.
type ClusterMember struct {
	ID                            storage.WriterID
	Name, State, API, Peer, Build string
	Up                            bool // reached; of Self: true
	RoundTrip                     time.Duration
}

// ClusterStanding is what a member says of itself.
type ClusterStanding struct {
	State    string
	Sections int // that it runs
}

func hexID(id storage.WriterID) string {
	if id == (storage.WriterID{}) {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// census is the sections of a ClusterLook, counted.
type census struct {
	look      *ClusterLook
	parties   map[storage.WriterID]*party
	event     storage.EventID // the one whose text is eventText
	eventText string
}

// party is a node, there or gone, as thousands of sections name it.
type party struct {
	id, name string
	sections int
}

func newCensus(look *ClusterLook) *census {
	c := &census{look: look, parties: map[storage.WriterID]*party{}}
	for i := range look.Members {
		c.party(look.Members[i].ID).name = look.Members[i].Name
	}
	for i := range look.Gone {
		c.party(look.Gone[i].ID).name = look.Gone[i].Name
	}
	return c
}

func (c *census) party(id storage.WriterID) *party {
	p := c.parties[id]
	if p == nil {
		p = &party{id: hexID(id)}
		c.parties[id] = p
	}
	return p
}

func (c *census) eventOf(id storage.EventID) string {
	if c.event != id || c.eventText == "" {
		c.event, c.eventText = id, id.String()
	}
	return c.eventText
}

// stateOf is a section's state as people want it: what this node does with it, or who else does.
func (c *census) stateOf(p *actors.Place) string {
	switch {
	case p.Life != actors.Stopped || !c.look.Clustered:
		return p.Life.String()
	case p.Sure:
		return wire.SectionElsewhere
	case p.Asleep:
		return wire.SectionAsleep
	}
	return wire.SectionInDoubt
}

// count takes one section in.
func (c *census) count(p *actors.Place, into *wire.Cluster) (state string) {
	state = c.stateOf(p)
	into.Total++
	if state == wire.SectionAsleep { // nobody's, wherever it was
		into.Asleep++
		return state
	}
	c.party(p.Owner).sections++
	if p.Sure {
		into.Serving++
	}
	if state == wire.SectionInDoubt {
		into.InDoubt++
	}
	if p.Owner != p.Placed {
		into.Misplaced++
	}
	if p.Life == actors.Condemned {
		into.Condemned++
	}
	return state
}

func (c *census) section(p *actors.Place, state string) wire.ClusterSection {
	owner := c.party(p.Owner)
	return wire.ClusterSection{
		Event: c.eventOf(p.Key.Event), Section: p.Name, State: state, Owner: owner.id, OwnerName: owner.name,
		Epoch: uint64(p.Epoch), Seq: uint64(p.Seq), Behind: uint64(p.Behind), Placed: c.party(p.Placed).id, Sure: p.Sure,
	}
}

func (c *census) node(m *ClusterMember) wire.ClusterNode {
	return wire.ClusterNode{
		ID: hexID(m.ID), Name: m.Name, State: m.State, API: m.API, Peer: m.Peer, Build: m.Build, Up: m.Up, Self: m.ID == c.look.Self,
		Sections: c.party(m.ID).sections, RoundTrip: float64(m.RoundTrip.Microseconds()) / 1000,
	}
}

// clusterWish says how much of the cluster is to be told.
type clusterWish struct {
	event   *storage.EventID // nil: all
	without bool             // no list of sections
}

func parseClusterWish(r *request) (w clusterWish, err error) {
	for name, value := range r.ctx.QueryArgs().All() {
		switch string(name) {
		case "event":
			id, ok := storage.EventIDFromText(value)
			if !ok {
				return w, &problem{kind: kindEventUnknown, field: "event"}
			}
			w.event = &id
		case "sections":
			if w.without = string(value) == "none"; !w.without && string(value) != "all" {
				return w, badField("sections", "must be all or none")
			}
		default:
			return w, badField(wire.Name(name), "is not a known parameter")
		}
	}
	return w, nil
}

func (h *operate) getCluster(r *request) error {
	if h.cluster == nil {
		return &problem{kind: kindNotClustered}
	}
	wish, err := parseClusterWish(r)
	if err != nil {
		return err
	}
	if wish.event != nil {
		if _, err := h.engine.Event(*wish.event); err != nil {
			return err
		}
	}
	answer := clusterAnswer(h.cluster, wish)
	return r.encode(http.StatusOK, answer)
}

func clusterAnswer(cluster Cluster, wish clusterWish) *wire.Cluster {
	look := cluster.Look()
	c := newCensus(&look)
	answer := &wire.Cluster{Self: hexID(look.Self), View: viewText(look.View), Uncertain: int(look.Uncertain), Nodes: []wire.ClusterNode{},
		Heartbeats: look.Heartbeats, Troubles: append([]wire.ClusterTrouble{}, look.Troubles...)}
	for _, g := range look.Gone {
		if !g.Back {
			answer.Gone = append(answer.Gone, wire.ClusterGone{ID: hexID(g.ID), Name: g.Name, Since: g.Since.Format(time.RFC3339)})
		}
	}
	cluster.Places(func(p *actors.Place) {
		if wish.event != nil && p.Key.Event != *wish.event {
			return
		}
		state := c.count(p, answer)
		if !wish.without {
			answer.Sections = append(answer.Sections, c.section(p, state))
		}
	})
	for i := range look.Members {
		answer.Nodes = append(answer.Nodes, c.node(&look.Members[i]))
	}
	outsiders(&look, answer)
	return answer
}

// outsiders adds who should not be there, and who should.
func outsiders(look *ClusterLook, answer *wire.Cluster) {
	answer.Yields = look.Yields
	if look.Store != (storage.StoreID{}) {
		answer.Store = look.Store.String()
	}
	for i := range look.Strangers {
		s := &look.Strangers[i]
		answer.Strangers = append(answer.Strangers, wire.ClusterStranger{
			ID: hexID(s.ID), Name: s.Name, State: s.State, API: s.API, Peer: s.Peer, Why: s.Why,
		})
	}
	for _, u := range look.Unmet {
		answer.Unmet = append(answer.Unmet, wire.ClusterUnmet{ID: hexID(u.ID), Name: u.Name, Gossip: u.Gossip})
	}
}

func viewText(version uint64) string { return fmt.Sprintf("%016x", version) }

// memberMeant finds the node that an operator names, by id or by name.
func memberMeant(look *ClusterLook, text string) (*ClusterMember, error) {
	var found []*ClusterMember
	for i := range look.Members {
		if m := &look.Members[i]; m.Name == text || strings.EqualFold(hexID(m.ID), text) {
			found = append(found, m)
		}
	}
	switch len(found) {
	case 0:
		return nil, &problem{kind: kindNodeUnknown}
	case 1:
		return found[0], nil
	}
	return nil, &problem{kind: kindNodeAmbiguous, detail: strconv.Itoa(len(found)) + " nodes have that name: use an id, and give each its own --node-name"}
}

func (h *operate) drainNode(r *request) error {
	var body wire.Drain
	if len(r.body()) > 0 {
		if err := wire.Decode(r.body(), &body); err != nil {
			return err
		}
	}
	cluster := h.cluster
	if cluster == nil {
		return &problem{kind: kindNotClustered}
	}
	look := cluster.Look()
	if !look.Clustered {
		return &problem{kind: kindNotClustered}
	}
	member, err := memberMeant(&look, string(r.param))
	if err != nil {
		return err
	}
	ctx, cancel := deadline(h.timeout)
	defer cancel()
	r.detailf("undo=%v force=%v", body.Undo, body.Force)
	r.asks().body(r.body())
	standing, err := h.drainOnce(ctx, member, DrainWish{Undo: body.Undo, Force: body.Force, By: r.who.name}, r.operator())
	if err != nil {
		return err
	}
	member.State = standing.State
	c := newCensus(&look)
	c.party(member.ID).sections = standing.Sections
	return r.encode(http.StatusOK, c.node(member))
}

// drainOnce has a node drain, or undo, once under a key (P5): a repeat of a call that was acknowledged hears how the node stands, and changes
// nothing. Of a call that nobody was told of, the repeat is the call.
func (h *operate) drainOnce(ctx context.Context, member *ClusterMember, wish DrainWish, who actors.Caller) (ClusterStanding, error) {
	done, err := h.engine.Done(ctx, who)
	if err != nil {
		return ClusterStanding{}, err
	}
	if done {
		return h.standingOf(member), nil
	}
	standing, err := h.cluster.Drain(ctx, member.ID, wish)
	if err != nil {
		return standing, clusterTrouble(member.Name, err)
	}
	return standing, h.engine.MarkDone(ctx, who)
}

// standingOf tells how a member stands as this node sees it.
func (h *operate) standingOf(member *ClusterMember) ClusterStanding {
	standing := ClusterStanding{State: member.State}
	h.cluster.Places(func(p *actors.Place) {
		if p.Owner == member.ID {
			standing.Sections++
		}
	})
	return standing
}

// clusterTrouble tells what another node said, or that it said nothing: an operator has to know which of the two it was.
func clusterTrouble(node string, err error) error {
	switch {
	case errors.Is(err, ErrNotClustered):
		return &problem{kind: kindNotClustered}
	case errors.Is(err, ErrLastNode):
		return &problem{kind: kindLastNode, detail: "no other node serves that " + node + " reaches: drained, nobody would serve; " +
			"start another node, or say force (holdfast cluster drain --force)"}
	case errors.Is(err, actors.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return &problem{kind: kindUnavailable, detail: "node " + node + " could not be asked, or has not answered in time; it may have done it, and may be asked again"}
	}
	return &problem{kind: kindUnavailable, detail: "node " + node + " refuses: " + err.Error()}
}

func (h *operate) rebalance(r *request) error {
	if err := r.noBody(); err != nil {
		return err
	}
	cluster := h.cluster
	if cluster == nil || !cluster.Look().Clustered {
		return &problem{kind: kindNotClustered}
	}
	ctx, cancel := deadline(h.timeout)
	defer cancel()
	missed, err := cluster.Rebalance(ctx)
	if err != nil {
		return err
	}
	seen := clusterAnswer(cluster, clusterWish{without: true})
	answer := wire.Rebalance{Misplaced: seen.Misplaced, Unreached: []string{}}
	look := cluster.Look()
	c := newCensus(&look)
	for _, id := range missed {
		if name := c.party(id).name; name != "" { // else it has gone meanwhile, and owns nothing
			answer.Unreached = append(answer.Unreached, name)
		}
	}
	return r.encode(http.StatusOK, &answer)
}
