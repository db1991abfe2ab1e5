// Package actors says when: it brings commands to sections, makes what they decide durable, and only then lets anyone
// hear the answer. What is true is decided in package section; who may write is decided by the log in package storage.
//
// A hold's way:
//
//	Book ──▶ bookingCall: sale open? key met before? buyer's limit?      (book.go; package coordinator)
//	           │ do: here, or on the node that has the section           (package request, sections.go)
//	           ▼
//	     shard.Shard ── a slot, the mailbox ──▶ writer.Writer            (packages shard, writer)
//	           │                                 │ the section decides and applies     (package section)
//	           │                                 ▼
//	           │                               Committer ──▶ Store.Commit: many sections, one sync
//	           ├─▶ Section.Landed: the map, the followers on other nodes (packages seatmap, peer)
//	           └─▶ answers of that record told; the next record leaves
//
// The tour in README.md follows a hold through all rooms.
//
// A Section is what an event and the other nodes have to do with a shard: it is the shard's Host, its Observer, and its
// replica's Host. What became of a request is one of three things, done, surely not done, or unknown: see
// writer.Failure.
//
// # Doubt
//
// Fenced, store error, panic: the section dies (Writer.Stop), everybody waiting hears "unavailable, repeat with the
// same key", and a new activation claims the log with a higher epoch and loads what is really there: after a fence
// only for a request that comes after a rest, and only if Config.MayClaim agrees, so that two nodes never take a
// section from each other by themselves. Unknown outcome, or nobody there to take it: the same bytes are sent again, in
// a write of their own, until the log answers; meanwhile the section refuses. Damaged or lost data, or the tickets
// guard met: the section is condemned until a restart. The phases are writer.Phase.
//
// On a store that other nodes use too, a section's memory is no answer by itself: whatever writes nothing (a read, most
// refusals) is answered only under a valid Config.Lease, and after a pause or an outage only once the section has
// looked where its log ends.
//
// # On several nodes
//
// With Config.Peers the sections of an event are spread over nodes on one store. Each section is served by one of them
// and followed by all others, so that every node can answer everything, and go on where another stopped.
//
//	Book on node A ──▶ route: served here? who has announced it? who should have it?       (sections.go, package placement)
//	     │ Ask                                                                              (package peer)
//	     ▼
//	node B ──▶ its section, as for a buyer of its own ──▶ durable
//	     ├─ Record ──▶ everybody's followers: map, buyer quota, key index                   (package replica)
//	     └─ Answer ──▶ after the record, on the same link
//
// Package peer is all of that conversation; peers.go is the engine and its sections as package peer meets them.
//
//	rebalancer, on every node: claims what is placed here and nobody serves, hands over what is placed elsewhere
//	                                                                                        (packages rebalancer, placement)
//	coordinator of a buyer: counts the seats and knows the keys of that buyer, so that one key is one booking
//
// An event's waiting room has one more shard, its gate, which is placed, followed and moved as sections are; see
// queue.go and package waitingroom.
//
// A section moves by a record: whoever has it lets what is in flight land, writes that it is released, and tells the
// successor. Requests that come in meanwhile wait in front of it, and are sent on. When its node is gone, the record of
// the successor's claim does the same, once the rule of takeover (Config.MayClaim) allows it. Views of who is there
// propose all this, and may be wrong or differ: what they cost then is waiting.
//
// A request that was on its way to a node that is gone is sent again under its key, or reported as unknown; never as
// failed.
//
// # Two owners
//
// Open runs an engine's loops in goroutines. OpenStepped assembles the same engine without them, for an owner that runs
// every step when the owner likes: the simulator of whole clusters (package simtest/cluster). See stepped.go.
//
// # Across sections
//
// A booking lives in one section, or is an order: its home has the booking, and its legs are seats of other sections
// that are bound for it. Placing one takes two commits (package orders); what becomes of it is one record at its home,
// of which its legs hear until all have. Binding never waits, no leg acts by a clock, and a home that has not placed an
// order and does not collect it answers that there is none. Rejected: a log of orders of its own (a third commit, and a
// writer that all orders of an event wait for), locks that are held while another section is asked, legs that lapse.
//
// Three things span an event: the key index (a key used again finds its section, P5)
// and the buyer quota (seats per buyer over all sections), both in package coordinator, and the map, in package
// seatmap. All three are rebuilt from the sections at load, and none of them can grant a seat. On several nodes each
// node has all three of the whole event, by following, and may be behind by what is on its way.
//
// So in an event made in a cluster a new hold goes to the buyer's coordinator, whose node is not behind: no other
// grants that buyer anything, and what it has granted counts until it is followed (P5, P13):
//
//	Book on node A ──▶ coordinated: whose coordinator, and where?   (peers.go; packages coordination, coordinator)
//	     │ Book
//	     ▼
//	node C: fenced and counted? ──▶ key, limit, grant (epoch, number, total)
//	     │ Ask with the grant
//	     ▼
//	node B: its section takes the grant if its log has the fence of that epoch     (packages section, grant)
//
// An operator's hold goes by the operators' own coordinator first, for their keys are one list over all buyers. Events
// of earlier builds, and those made by a node alone, have no coordinators: their header says so.
//
// # Operators' keys
//
// Every call of an operator's that changes something is done once under its key (P5), also when the key comes back
// late, after a restart, or at another node. What remembers the key is durable and shared by all nodes:
//
//	create an event          the store's operators' keys; for ever: the event's id is made of the key, and outlives its deletion
//	sale switch, delete      the store's operators' keys, written with the switch in one write
//	block, unblock           each section's log remembers its part; the store's operators' keys have the whole, and the
//	                         operators' coordinator sees to it that no other call has the key at the same moment
//	refund                   the section's log; the processor takes one refund a booking
//	hold, extend, confirm,
//	release for a buyer      the section's log, as for buyers
//	drain, undo              the store's operators' keys, written once the node has done it
//	rebalance                none: it asks for what nodes do by themselves all the time
//
// A key is of one call, whatever the call: used for another event or with another body it is ErrMismatch.
// storage.OperatorKey says how long keys are kept, and how many.
//
// # Rejected
//
// The actor library's persistence (it cannot report a failed write), its futures (12 allocations; a pooled request with
// a channel has none), bounded mailboxes (they spin or lose; the count in front of the mailbox is the bound), its
// restart-on-panic (it keeps the old mailbox and the doubtful memory).
package actors
