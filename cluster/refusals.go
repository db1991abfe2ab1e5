package cluster

import (
	"time"

	"holdfast/cluster/keys"
	"holdfast/cluster/netlimit"
	"holdfast/cluster/refusal"
)

// Refusal is a kind of failure between this node and the other end: see package refusal.
type Refusal = refusal.Kind

// Keys are what makes a process a node: see package keys.
type Keys = keys.Keys

// What callers of this package ask about refusals.
const (
	PortLink, PortGossip     = refusal.PortLink, refusal.PortGossip
	SideListener, SideDialer = refusal.SideListener, refusal.SideDialer

	ReasonNotTLS    = refusal.ReasonNotTLS
	ReasonAuthority = refusal.ReasonAuthority
	ReasonWrongKey  = refusal.ReasonWrongKey
	ReasonNotANode  = refusal.ReasonNotANode
	ReasonSilent    = refusal.ReasonSilent
)

// MakeKeys writes keys for nodes into dir: see keys.Make.
func MakeKeys(dir string, nodes []string, validity time.Duration) error {
	return keys.Make(dir, nodes, validity)
}

// LoadKeys reads a node's keys from a directory that MakeKeys wrote: see keys.Load.
func LoadKeys(dir, node string) (*Keys, error) { return keys.Load(dir, node) }

// SecretFiles are those of LoadKeys' files that nobody else may read.
func SecretFiles(dir, node string) []string { return keys.SecretFiles(dir, node) }

// Refusals are all failures so far between this node and others, by kind.
func (n *Node) Refusals() map[Refusal]uint64 { return n.refusals.Counts() }

// Troubles are the kinds of failures that go on: there was one within the last minute.
func (n *Node) Troubles() []netlimit.Notice[Refusal] { return n.refusals.Current() }
