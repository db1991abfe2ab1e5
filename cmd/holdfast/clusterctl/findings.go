package clusterctl

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"holdfast/api/wire"
	"holdfast/cmd/holdfast/client"
)

// Finding is one thing in a cluster that is not as it should be. Codes are for ever; those that nodes say of themselves
// are in node/troubles.go.
type Finding struct {
	Code string `json:"code"`
	Node string `json:"node,omitempty"` // whose trouble it is; empty: the cluster's
	Text string `json:"text"`
	// about is the same in the next look if it is still so, whatever numbers are in Text.
	about string
}

func (f Finding) same(g Finding) bool {
	return f.Code == g.Code && f.Node == g.Node && f.about == g.about
}

func (f Finding) String() string {
	if f.Node == "" {
		return fmt.Sprintf("%s (%s)", f.Text, f.Code)
	}
	return fmt.Sprintf("%s: %s (%s)", f.Node, f.Text, f.Code)
}

// The codes of what is found by comparing.
const (
	codeTargetSilent      = "target_silent"       // a node that was named with --url does not answer
	codeNodeSilent        = "node_silent"         // a member does not answer at its API
	codeKeysDiffer        = "operator_key_differ" // a member does not take this operator's key
	codeNodeReplaced      = "node_replaced"       // another process answers in a member's place
	codeViewsDiffer       = "views_differ"        // two nodes see different clusters
	codeSectionDoubled    = "section_doubled"     // two nodes say to run one section
	codeSectionsUnserved  = "sections_not_served"
	codeSectionsUncertain = "sections_uncertain" // the database does not say whether they may be claimed
	codeSectionsCondemned = "sections_condemned" // closed for good: the log is damaged, or has lost records
	codeLinkDown          = "link_down"
	codeNoneServing       = "none_serving" // every node is joining or draining
	codeNodeJoining       = "node_joining" // not loaded, or cut off from the database
	codeNameDoubled       = "name_doubled"
	codeHeartbeatsDiffer  = "heartbeats_differ" // gossip and database disagree on who is there
	codeBuildsDiffer      = "builds_differ"
	codeForeign           = "stranger"       // a node of the gossip is on another database
	codeNotInGossip       = "unmet"          // a living node on the database that gossip does not know
	codeStandsDown        = "yields"         // a node serves nothing because of strangers
	codeNodesMissing      = "nodes_missing"  // fewer than --expect
	codeNodesTooMany      = "nodes_too_many" // more than --expect
)

// findings are everything that is not as it should be. expect is how many nodes there should be; 0: any number.
func (l *Status) findings(expect int) (all []Finding) {
	all = append(all, l.silent...)
	all = append(all, l.ownWords()...)
	all = append(all, l.sectionTroubles()...)
	all = append(all, l.memberTroubles(expect)...)
	all = append(all, l.linksDown()...)
	return append(all, l.disagreements()...)
}

// ownWords are what nodes say to be wrong with themselves.
func (l *Status) ownWords() (all []Finding) {
	for i := range l.nodes {
		if n := &l.nodes[i]; n.said != nil {
			for _, t := range n.said.Troubles {
				all = append(all, Finding{Code: t.Code, Node: n.node.Name, Text: t.Text})
			}
		}
	}
	return all
}

// named lists the sections in some state.
func (l *Status) named(of *wire.Cluster, is func(*wire.ClusterSection) bool) string {
	var names []string
	name := l.namer()
	for i := range of.Sections {
		if s := &of.Sections[i]; is(s) {
			names = append(names, name(keyOf(s)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	shown, rest := names, ""
	if len(names) > namesMax {
		shown, rest = names[:namesMax], " …"
	}
	return ": " + strings.Join(shown, " ") + rest
}

func (l *Status) sectionTroubles() (all []Finding) {
	own := &l.own
	if unserved := own.Total - own.Serving - own.Asleep; unserved > 0 {
		names := l.named(own, func(s *wire.ClusterSection) bool { return !s.Sure && s.State != wire.SectionAsleep })
		all = append(all, Finding{Code: codeSectionsUnserved,
			Text: fmt.Sprintf("%d of %d sections are served by nobody whom %s reaches%s",
				unserved, own.Total, l.selfName(), names)})
	}
	if own.Uncertain > 0 {
		all = append(all, Finding{Code: codeSectionsUncertain,
			Text: fmt.Sprintf("of %d sections the database does not say whether they may be claimed", own.Uncertain)})
	}
	for i := range l.nodes {
		if n := &l.nodes[i]; n.said != nil && n.said.Condemned > 0 {
			names := l.named(n.said, func(s *wire.ClusterSection) bool { return s.State == "condemned" })
			all = append(all, Finding{Code: codeSectionsCondemned, Node: n.node.Name, Text: fmt.Sprintf(
				"it has closed %d sections for good: their log is damaged, or has lost records%s", n.said.Condemned,
				names)})
		}
	}
	return all
}

func (l *Status) memberTroubles(expect int) (all []Finding) {
	own := &l.own
	names, builds := map[string]int{}, map[string][]string{}
	serving, states := 0, []string{}
	for _, n := range own.Nodes {
		names[n.Name]++
		builds[n.Build] = append(builds[n.Build], n.Name)
		states = append(states, n.Name+" is "+n.State)
		switch n.State {
		case "serving":
			serving++
		case "joining":
			all = append(all, Finding{Code: codeNodeJoining, Node: n.Name,
				Text: "it is joining: not loaded yet, or cut off from the database", about: n.ID})
		}
		if names[n.Name] == 2 {
			all = append(all, Finding{Code: codeNameDoubled, Node: n.Name,
				Text: "several nodes have this name: give each its own --node-name"})
		}
	}
	if serving == 0 {
		all = append(all, Finding{Code: codeNoneServing, Text: "no node serves: " + strings.Join(states, ", ")})
	}
	if len(builds) > 1 {
		all = append(all, Finding{Code: codeBuildsDiffer, Text: "nodes are of different builds: " + buildsText(builds)})
	}
	if alive := own.Heartbeats; alive > 0 && alive != len(own.Nodes) && l.shares() {
		all = append(all, Finding{Code: codeHeartbeatsDiffer,
			Text: fmt.Sprintf("%s knows %d nodes by gossip, and %d are alive in its database: "+
				"wrong gossip keys, a node that was not told of the cluster, or one of another database", l.selfName(),
				len(own.Nodes), alive)})
	}
	switch {
	case expect > 0 && len(own.Nodes) < expect:
		all = append(all, Finding{Code: codeNodesMissing, Text: fmt.Sprintf("%d nodes are expected, %d are there%s",
			expect, len(own.Nodes), goneText(own.Gone))})
	case expect > 0 && len(own.Nodes) > expect:
		all = append(all, Finding{Code: codeNodesTooMany, Text: fmt.Sprintf("%d nodes are expected, %d are there",
			expect, len(own.Nodes))})
	}
	return all
}

// shares says that the asked node is told of others: one that stands by is not.
func (l *Status) shares() bool {
	return slices.ContainsFunc(l.own.Nodes, func(n wire.ClusterNode) bool { return n.Self && n.Peer != "" })
}

func buildsText(builds map[string][]string) string {
	var parts []string
	for build, nodes := range builds {
		parts = append(parts, strings.Join(nodes, " ")+" of "+build)
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func goneText(gone []wire.ClusterGone) string {
	if len(gone) == 0 {
		return ""
	}
	var parts []string
	for _, g := range gone[:min(len(gone), namesMax)] {
		parts = append(parts, fmt.Sprintf("%s (%s)", g.Name, g.Since))
	}
	return "; gone: " + strings.Join(parts, ", ")
}

// linksDown are those that either end says to be down, each once.
func (l *Status) linksDown() (all []Finding) {
	reported := map[[2]string]bool{}
	for i := range l.nodes {
		n := &l.nodes[i]
		if n.said == nil || n.said.Self != n.node.ID {
			continue
		}
		for _, peer := range n.said.Nodes {
			pair := [2]string{min(n.node.ID, peer.ID), max(n.node.ID, peer.ID)}
			if peer.Self || peer.Up || reported[pair] {
				continue
			}
			reported[pair] = true
			all = append(all, Finding{Code: codeLinkDown,
				Text: fmt.Sprintf("the link between %s and %s is down: %s does not reach %s",
					min(n.node.Name, peer.Name), max(n.node.Name, peer.Name), n.node.Name, peer.Peer),
				about: pair[0] + pair[1]})
		}
	}
	return all
}

// silence says why a member gave no answer.
func silence(n *nodeStatus) Finding {
	var refused *client.Problem
	if errors.As(n.err, &refused) && (refused.Status == http.StatusUnauthorized ||
		refused.Status == http.StatusForbidden) {
		return Finding{Code: codeKeysDiffer, Node: n.node.Name, about: n.node.ID,
			Text: fmt.Sprintf("it does not take this operator's key (%s): its keys are others than those of the rest",
				n.node.API)}
	}
	return Finding{Code: codeNodeSilent, Node: n.node.Name, Text: fmt.Sprintf("%s (%s) does not answer: %v",
		n.node.Name, n.node.API, n.err), about: n.node.ID}
}

// without leaves out what the operator knows of.
func without(all []Finding, codes []string) []Finding {
	return slices.DeleteFunc(all, func(f Finding) bool { return slices.Contains(codes, f.Code) })
}
