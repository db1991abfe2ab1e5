// Package operate answers operators about nodes and blocked seats, and logs who operated the server.
//
//	GET /v1/cluster ──► Cluster.State, Cluster.Shards ──► tally ──► who runs what, and what is wrong
//	drain, rebalance ──► Cluster ──► another node
//	every operator's call, and every attempt ──► Log
//
// Cluster is an interface of this room: the handlers know nodes as operators do, by name and state. A drain is done
// once under a key (P5): the engine remembers which keys were acknowledged.
//
// Rejected: counting shards of other nodes by asking them. What this node sees is enough, and no dead node is waited
// for.
package operate
