package operate

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"holdfast/actors"
	"holdfast/api/wire"
	"holdfast/api/wire/feeds"
	"holdfast/storage"
)

// Cluster is what operators see, and want, of the nodes that share the sections. A server that shares them with nobody
// has one too, of one member. Its methods are safe for concurrent use.
type Cluster interface {
	// State is who is there as this node sees it now; this node is among the members.
	State() ClusterState
	// Shards visits every section of the events in use, by event and section.
	Shards(visit func(*actors.ShardStatus))
	// Drain has a member own nothing from now on, or (undo) take sections again, and tells how that member stands then.
	// It is idempotent. ErrNotClustered; ErrLastNode; actors.ErrUnavailable: the member could not be asked, or has not
	// answered, and may have done it; other errors are the member's own words.
	Drain(ctx context.Context, node storage.WriterID, request DrainRequest) (MemberStatus, error)
	// Rebalance has every member look at once for sections that belong elsewhere, and tells which could not be told.
	// ErrNotClustered.
	Rebalance(ctx context.Context) (unreached []storage.WriterID, err error)
}

// ErrNotClustered: there is no other node that could be meant.
var ErrNotClustered = errors.New("api: this server shares its sections with no other")

// ErrLastNode: no other node serves that the member reaches, so that a drain would leave nobody to serve.
// DrainRequest.Force does it all the same.
var ErrLastNode = errors.New("api: no other node could serve")

// DrainRequest says what is wanted of a member, and by which operator's key.
type DrainRequest struct {
	Undo, Force bool
	By          string
}

// ClusterState is one node's sight of the members at one moment.
type ClusterState struct {
	Self      storage.WriterID
	View      uint64 // the same on nodes that see the same members in the same states
	Members   []Member
	Uncertain int64 // sections placed here that may be neither claimed nor found
	Clustered bool
	// Heartbeats, Gone and Troubles: see wire.Cluster.
	Heartbeats int
	Gone       []GoneMember
	Troubles   []wire.ClusterTrouble

	Store       storage.StoreID // zero: the store is one node's alone
	Foreign     []ForeignMember
	NotInGossip []SilentMember
	Feeds       []feeds.Lag
	StandsDown  string // why this node serves nothing because of foreign nodes; empty: it may serve
}

// ForeignMember is a node of the gossip that is not on this node's store. Up and RoundTrip mean nothing.
type ForeignMember struct {
	Member
	Why string
}

// SilentMember is a living node on this node's store that gossip does not know.
type SilentMember struct {
	ID           storage.WriterID
	Name, Gossip string
}

// GoneMember is a node that was a member.
type GoneMember struct {
	ID    storage.WriterID
	Name  string
	Since time.Time
	Back  bool // a member has its name: it is kept for the names of what it ran
}

// Member is one node.
type Member struct {
	ID                            storage.WriterID
	Name, State, API, Peer, Build string
	Up                            bool // reached; of Self: true
	RoundTrip                     time.Duration
}

// MemberStatus is what a member says of itself.
type MemberStatus struct {
	State    string
	Sections int // that it runs
}

func hexID(id storage.WriterID) string {
	if id == (storage.WriterID{}) {
		return ""
	}
	return hex.EncodeToString(id[:])
}
