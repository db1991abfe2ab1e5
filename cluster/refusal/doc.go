// Package refusal says what goes wrong between a node and the other end of a connection: a closed list of kinds,
// counted one by one, and told in the log about once a minute each.
//
//	peerlink: handshake, first bytes, hello ──┐
//	gossip: memberlist's lines, failed joins ──┴─▶ Note(kind, peer, address, why) ──▶ counters, log, Troubles
//
// A stranger at a port and a node with wrong keys look alike from inside; the operator sees at either end which one it
// is.
//
// # Rejected
//
// A line for every failure (a port scanner would fill the disk); memberlist's own lines (they call a node that went
// away an error, and name no kind).
package refusal
