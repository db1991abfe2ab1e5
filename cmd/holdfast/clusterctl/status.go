package clusterctl

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/pause"
)

// Status is what the nodes of a cluster said at about the same moment: the one that was asked, and all that it knows
// of.
type Status struct {
	api    string
	own    wire.Cluster
	nodes  []nodeStatus // in the order of own.Nodes
	silent []Finding    // nodes that were to be asked first, and did not answer
}

// nodeStatus is one node's own word.
type nodeStatus struct {
	node wire.ClusterNode // as the one that was asked sees it
	said *wire.Cluster    // nil: see err
	err  error            // nil too: it was not asked
}

// patience bounds one look: a node that takes longer does not answer.
const patience = 2 * time.Second

// fetch asks one node, and then, unless only that one is wanted, every other that it knows.
func fetch(ctx context.Context, first *client.Client, only bool) (*Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	l := &Status{api: first.Base}
	if err := l.askFirst(ctx, first); err != nil {
		return nil, fmt.Errorf("%s: %w", first.Base, err)
	}
	slices.SortStableFunc(l.own.Nodes, func(a, b wire.ClusterNode) int { return cmp.Compare(a.Name, b.Name) })
	l.nodes = make([]nodeStatus, len(l.own.Nodes))
	var queries sync.WaitGroup
	for i, node := range l.own.Nodes {
		l.nodes[i].node = node
		switch {
		case node.Self:
			l.nodes[i].said = &l.own
			continue
		case only:
			continue
		}
		queries.Go(func() { l.nodes[i].said, l.nodes[i].err = askNode(ctx, first, node.API) })
	}
	queries.Wait()
	return l, nil
}

func (l *Status) askFirst(ctx context.Context, first *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return first.Get(ctx, "/v1/cluster", &l.own)
}

func askNode(ctx context.Context, first *client.Client, address string) (*wire.Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	other := &client.Client{Base: "http://" + address, Key: first.Key, HTTP: first.HTTP}
	said := &wire.Cluster{}
	if err := other.Get(ctx, "/v1/cluster", said); err != nil {
		return nil, err
	}
	return said, nil
}

// sectionKey names a section.
type sectionKey struct{ event, section string }

func keyOf(s *wire.ClusterSection) sectionKey { return sectionKey{s.Event, s.Section} }

// claim is a node that says of itself that it runs a section.
type claim struct {
	node  string
	epoch uint64
}

// claims are, by section, all who say so. More than one is a contradiction, unless they were asked while it moved.
func (l *Status) claims() map[sectionKey][]claim {
	all := map[sectionKey][]claim{}
	for i := range l.nodes {
		said := l.nodes[i].said
		if said == nil {
			continue
		}
		for j := range said.Sections {
			if s := &said.Sections[j]; s.Sure && s.Owner == said.Self {
				all[keyOf(s)] = append(all[keyOf(s)], claim{l.nodes[i].node.Name, s.Epoch})
			}
		}
	}
	return all
}

// owners names who runs each section: whoever says so itself, else whom the asked node is sure of, else nobody ("").
func (l *Status) owners() map[sectionKey]string {
	all := map[sectionKey]string{}
	for i := range l.own.Sections {
		if s := &l.own.Sections[i]; s.Sure {
			all[keyOf(s)] = s.OwnerName
		} else {
			all[keyOf(s)] = ""
		}
	}
	for key, list := range l.claims() {
		newest := slices.MaxFunc(list, func(a, b claim) int { return cmp.Compare(a.epoch, b.epoch) })
		all[key] = newest.node
	}
	return all
}

// disagreements are what the nodes contradict each other in.
func (l *Status) disagreements() (all []Finding) {
	self := l.selfName()
	all = append(all, l.outsiders()...)
	for i := range l.nodes {
		n := &l.nodes[i]
		switch {
		case n.said == nil && n.err == nil:
		case n.said == nil:
			all = append(all, silence(n))
		case n.said.Self != n.node.ID:
			all = append(all, Finding{Code: codeNodeReplaced, Node: n.node.Name, about: n.node.ID,
				Text: fmt.Sprintf("at %s, where %s should be, another node answers, or a new start of it", n.node.API,
					n.node.Name)})
		case n.said.View != l.own.View:
			all = append(all, Finding{Code: codeViewsDiffer, Node: n.node.Name, about: n.node.ID,
				Text: fmt.Sprintf("%s and %s see different clusters: %s", self, n.node.Name,
					viewDifference(self, &l.own, n.node.Name, n.said))})
		}
	}
	return append(all, l.doubles()...)
}

// outsiders are what any of the nodes says of who should not be there, or should.
func (l *Status) outsiders() (all []Finding) {
	for i := range l.nodes {
		n := &l.nodes[i]
		if n.said == nil || n.said.Self != n.node.ID {
			continue
		}
		if n.said.Yields != "" {
			all = append(all, Finding{Code: codeStandsDown, Node: n.node.Name, about: n.node.ID,
				Text: "it serves nothing: " + n.said.Yields})
		}
		for _, s := range n.said.Strangers {
			all = append(all, Finding{Code: codeForeign, Node: n.node.Name, about: s.ID,
				Text: fmt.Sprintf("%s (%s) is a stranger to %s: %s", s.Name, s.Peer, n.node.Name, s.Why)})
		}
		for _, u := range n.said.Unmet {
			all = append(all, Finding{Code: codeNotInGossip, Node: n.node.Name, about: u.ID, Text: fmt.Sprintf(
				"%s lives on the database, and gossip does not know it (its own: %s)", u.Name,
				cmp.Or(u.Gossip, "none"))})
		}
	}
	return all
}

func (l *Status) selfName() string {
	for _, n := range l.own.Nodes {
		if n.Self {
			return n.Name
		}
	}
	return l.api
}

// doubles are sections that two nodes say to run.
func (l *Status) doubles() (all []Finding) {
	name := l.namer()
	claims := l.claims()
	for i := range l.own.Sections {
		key := keyOf(&l.own.Sections[i])
		if list := claims[key]; len(list) > 1 {
			var who []string
			for _, c := range list {
				who = append(who, fmt.Sprintf("%s (epoch %d)", c.node, c.epoch))
			}
			all = append(all, Finding{Code: codeSectionDoubled, about: key.event + key.section, Text: fmt.Sprintf(
				"section %s: %s all say that they run it; only the highest epoch can write, the others find out at "+
					"their next record", name(key), strings.Join(who, " and "))})
		}
	}
	return all
}

// viewDifference says what one node sees and the other does not.
func viewDifference(a string, seenByA *wire.Cluster, b string, seenByB *wire.Cluster) string {
	mine, theirs := membersOf(seenByA), membersOf(seenByB)
	var parts []string
	for _, id := range slices.Sorted(maps.Keys(mine)) {
		if _, also := theirs[id]; !also {
			parts = append(parts, fmt.Sprintf("%s does not see %s", b, mine[id].Name))
		} else if theirs[id].State != mine[id].State {
			parts = append(parts, fmt.Sprintf("for %s %s is %s, for %s %s", a, mine[id].Name, mine[id].State, b,
				theirs[id].State))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(theirs)) {
		if _, also := mine[id]; !also {
			parts = append(parts, fmt.Sprintf("%s does not see %s", a, theirs[id].Name))
		}
	}
	if len(parts) == 0 {
		return "it has changed between the two answers"
	}
	return strings.Join(parts, "; ")
}

func membersOf(c *wire.Cluster) map[string]wire.ClusterNode {
	all := map[string]wire.ClusterNode{}
	for _, n := range c.Nodes {
		all[n.ID] = n
	}
	return all
}

// namer writes sections for people: with the beginning of the event's id where there are several events.
func (l *Status) namer() func(sectionKey) string {
	events := map[string]bool{}
	for i := range l.own.Sections {
		events[l.own.Sections[i].Event] = true
	}
	if len(events) < 2 {
		return func(w sectionKey) string { return w.section }
	}
	return func(w sectionKey) string { return w.event[:min(8, len(w.event))] + "/" + w.section }
}

// Confirmed looks, and looks again before it believes that something is wrong.
func Confirmed(ctx context.Context, nodes *Nodes, c Criteria) (*Status, []Finding, error) {
	l, err := nodes.Status(ctx, c.Only)
	if err != nil {
		return nil, nil, err
	}
	before := c.judge(l)
	if len(before) == 0 || !pause.For(ctx, c.Pause) {
		return l, before, nil
	}
	silent := l.silent // whoever answers now is asked first
	if l, err = nodes.Status(ctx, c.Only); err != nil {
		return nil, nil, err
	}
	l.silent = silent
	still := slices.DeleteFunc(c.judge(l), func(f Finding) bool { return !slices.ContainsFunc(before, f.same) })
	return l, still, nil
}
