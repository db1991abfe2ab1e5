package main

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
)

// clusterLook is what the nodes of a cluster said at about the same moment: the one that was asked, and all that it knows of.
type clusterLook struct {
	asked  string
	own    wire.Cluster
	nodes  []nodeLook // in the order of own.Nodes
	silent []finding  // nodes that were to be asked first, and did not answer
}

// nodeLook is one node's own word.
type nodeLook struct {
	node wire.ClusterNode // as the one that was asked sees it
	said *wire.Cluster    // nil: see err
	err  error            // nil too: it was not asked
}

// lookPatience bounds one look: a node that takes longer does not answer.
const lookPatience = 2 * time.Second

// lookAt asks one node, and then, unless only that one is wanted, every other that it knows.
func lookAt(ctx context.Context, first *client, only bool) (*clusterLook, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*lookPatience)
	defer cancel()
	l := &clusterLook{asked: first.base}
	if err := l.askFirst(ctx, first); err != nil {
		return nil, fmt.Errorf("%s: %w", first.base, err)
	}
	slices.SortStableFunc(l.own.Nodes, func(a, b wire.ClusterNode) int { return cmp.Compare(a.Name, b.Name) })
	l.nodes = make([]nodeLook, len(l.own.Nodes))
	var asking sync.WaitGroup
	for i, node := range l.own.Nodes {
		l.nodes[i].node = node
		switch {
		case node.Self:
			l.nodes[i].said = &l.own
			continue
		case only:
			continue
		}
		asking.Go(func() { l.nodes[i].said, l.nodes[i].err = askNode(ctx, first, node.API) })
	}
	asking.Wait()
	return l, nil
}

func (l *clusterLook) askFirst(ctx context.Context, first *client) error {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	return first.get(ctx, "/v1/cluster", &l.own)
}

func askNode(ctx context.Context, first *client, address string) (*wire.Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	other := &client{base: "http://" + address, key: first.key, http: first.http}
	said := &wire.Cluster{}
	if err := other.get(ctx, "/v1/cluster", said); err != nil {
		return nil, err
	}
	return said, nil
}

// where names a section.
type where struct{ event, section string }

func whereOf(s *wire.ClusterSection) where { return where{s.Event, s.Section} }

// claim is a node that says of itself that it runs a section.
type claim struct {
	node  string
	epoch uint64
}

// claims are, by section, all who say so. More than one is a contradiction, unless they were asked while it moved.
func (l *clusterLook) claims() map[where][]claim {
	all := map[where][]claim{}
	for i := range l.nodes {
		said := l.nodes[i].said
		if said == nil {
			continue
		}
		for j := range said.Sections {
			if s := &said.Sections[j]; s.Sure && s.Owner == said.Self {
				all[whereOf(s)] = append(all[whereOf(s)], claim{l.nodes[i].node.Name, s.Epoch})
			}
		}
	}
	return all
}

// owners names who runs each section: whoever says so itself, else whom the asked node is sure of, else nobody ("").
func (l *clusterLook) owners() map[where]string {
	all := map[where]string{}
	for i := range l.own.Sections {
		if s := &l.own.Sections[i]; s.Sure {
			all[whereOf(s)] = s.OwnerName
		} else {
			all[whereOf(s)] = ""
		}
	}
	for key, list := range l.claims() {
		newest := slices.MaxFunc(list, func(a, b claim) int { return cmp.Compare(a.epoch, b.epoch) })
		all[key] = newest.node
	}
	return all
}

// disagreements are what the nodes contradict each other in.
func (l *clusterLook) disagreements() (all []finding) {
	self := l.selfName()
	all = append(all, l.outsiders()...)
	for i := range l.nodes {
		n := &l.nodes[i]
		switch {
		case n.said == nil && n.err == nil:
		case n.said == nil:
			all = append(all, silence(n))
		case n.said.Self != n.node.ID:
			all = append(all, finding{Code: codeNodeReplaced, Node: n.node.Name, about: n.node.ID,
				Text: fmt.Sprintf("at %s, where %s should be, another node answers, or a new start of it", n.node.API, n.node.Name)})
		case n.said.View != l.own.View:
			all = append(all, finding{Code: codeViewsDiffer, Node: n.node.Name, about: n.node.ID,
				Text: fmt.Sprintf("%s and %s see different clusters: %s", self, n.node.Name, viewDifference(self, &l.own, n.node.Name, n.said))})
		}
	}
	return append(all, l.doubles()...)
}

// outsiders are what any of the nodes says of who should not be there, or should.
func (l *clusterLook) outsiders() (all []finding) {
	for i := range l.nodes {
		n := &l.nodes[i]
		if n.said == nil || n.said.Self != n.node.ID {
			continue
		}
		if n.said.Yields != "" {
			all = append(all, finding{Code: codeYields, Node: n.node.Name, about: n.node.ID, Text: "it serves nothing: " + n.said.Yields})
		}
		for _, s := range n.said.Strangers {
			all = append(all, finding{Code: codeStranger, Node: n.node.Name, about: s.ID,
				Text: fmt.Sprintf("%s (%s) is a stranger to %s: %s", s.Name, s.Peer, n.node.Name, s.Why)})
		}
		for _, u := range n.said.Unmet {
			all = append(all, finding{Code: codeUnmet, Node: n.node.Name, about: u.ID, Text: fmt.Sprintf(
				"%s lives on the database, and gossip does not know it (its own: %s)", u.Name, cmp.Or(u.Gossip, "none"))})
		}
	}
	return all
}

func (l *clusterLook) selfName() string {
	for _, n := range l.own.Nodes {
		if n.Self {
			return n.Name
		}
	}
	return l.asked
}

// doubles are sections that two nodes say to run.
func (l *clusterLook) doubles() (all []finding) {
	name := l.namer()
	claims := l.claims()
	for i := range l.own.Sections {
		key := whereOf(&l.own.Sections[i])
		if list := claims[key]; len(list) > 1 {
			var who []string
			for _, c := range list {
				who = append(who, fmt.Sprintf("%s (epoch %d)", c.node, c.epoch))
			}
			all = append(all, finding{Code: codeSectionDoubled, about: key.event + key.section, Text: fmt.Sprintf(
				"section %s: %s all say that they run it; only the highest epoch can write, the others find out at their next record", name(key), strings.Join(who, " and "))})
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
			parts = append(parts, fmt.Sprintf("for %s %s is %s, for %s %s", a, mine[id].Name, mine[id].State, b, theirs[id].State))
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
func (l *clusterLook) namer() func(where) string {
	events := map[string]bool{}
	for i := range l.own.Sections {
		events[l.own.Sections[i].Event] = true
	}
	if len(events) < 2 {
		return func(w where) string { return w.section }
	}
	return func(w where) string { return w.event[:min(8, len(w.event))] + "/" + w.section }
}

// confirmPause is the time after which a contradiction must still be there to count: sections move, and answers are not of one instant.
var confirmPause = 700 * time.Millisecond

// confirmed looks, and looks again before it believes that something is wrong.
func confirmed(ctx context.Context, nodes *asker, s *clusterStatusCommand) (*clusterLook, []finding, error) {
	l, err := nodes.look(ctx, s.Only)
	if err != nil {
		return nil, nil, err
	}
	before := s.judge(l)
	if len(before) == 0 || !pause(ctx, confirmPause) {
		return l, before, nil
	}
	silent := l.silent // whoever answers now is asked first
	if l, err = nodes.look(ctx, s.Only); err != nil {
		return nil, nil, err
	}
	l.silent = silent
	still := slices.DeleteFunc(s.judge(l), func(f finding) bool { return !slices.ContainsFunc(before, f.same) })
	return l, still, nil
}
