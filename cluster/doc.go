// Package cluster says who should own a section. It proposes; the log decides (package storage): whatever is wrong in here costs
// waiting or a needless takeover, never a seat.
//
// A node is three machines. Its heart beats in the store that all nodes share, and says what may be claimed. Its membership is gossip, and
// proposes who should own what. Its link carries what nodes have to tell each other.
//
//	        store (rows)                    other nodes
//	          ▲    │                 gossip ▲ │ UDP, TCP            link ▲ │ TCP
//	     beat │    │ look                   │ ▼                         │ ▼
//	     ┌────┴────▼────┐            ┌──────────────┐            ┌──────────────┐
//	     │     Heart    │            │    roster    │───address──▶     desk     │
//	     └───────┬──────┘            └──────┬───────┘            └──────┬───────┘
//	MayClaim     │ Freed                    │ View                      │ PeerUp, Received, PeerDown
//	Lease        ▼ Overslept                ▼ Owner, Coordinator        ▼ Send
//	"may it be claimed?"            "who should own it?"        "tell that node, in order"
//
// Whoever is in gossip is a member once its row in this node's own store has been seen to move (see Kin): gossip does not say which store a
// node is on, and one on a restored copy would sell every seat a second time.
//
// Beyond that none of the three believes another: a node that gossip calls dead keeps its sections until its row lapses; a node whose row is alive and
// whose link is down is asked nothing; and the link takes only addresses from membership.
//
// # The heart
//
// The heart of a node on a shared store shows that its node is alive, and says whether a section may be taken over from another one.
//
//	       every 500 ms                              asked before every claim
//	Heart ───────────────▶ Nodes.Beat, Nodes.Nodes    MayClaim(section, tail of its log)
//	  │                                                 │
//	  │  rows as this node saw them:                     ├─ this node cannot see or be seen now ──▶ no
//	  │    writer A  value 17  since 0.3 s: alive        ├─ log empty, or released ───────────────▶ yes
//	  │    writer B  value 4   since 2.6 s: lapsed       ├─ tail's writer alive ──────────────────▶ no
//	  │    (no row)            left, or never a node     └─ lapsed, or without a row ─────────────▶ yes
//	  ▼
//	Config.Freed: somebody left or lapsed: now is the time to claim what stands still
//	Config.Overslept: others may have taken what this node believes to have: now is the time to look
//	Lease: until then, and whenever the row was not shown in time, nothing is answered from memory
//
// # Membership and placement
//
//	memberlist ──join, update, leave──▶ roster ──dirty──▶ one goroutine ──▶ View (immutable, behind an atomic pointer) ──▶ ViewChanged
//	 callbacks under its lock only copy               SetState changes the own entry at once
//
// View.Owner is rendezvous hashing over the Serving members: no state, no agreement, 40 ns; who joins or leaves moves only its own share. A
// process is a member under a name of its own at every start, so that nothing said about its last life sticks to it. Who cannot be
// understood is left out and named in the log. Addresses that are configured or were lost are called again for ever, for memberlist forgets
// the dead and would leave a healed network in two halves.
//
// # The link
//
//	Send ─▶ outbox ─▶ sender ─▶ line ═══ Proto.Actor's remote, gRPC, TLS 1.3 ═══▶ door ─▶ desk ─▶ Received
//	        4 MiB     one a peer                                                  bytes   one actor
//	        a peer    8 batches under way                                         for the desk only
//
// Many messages share a batch, because while eight are under way the next one fills; and each batch acknowledges the other direction's.
// A session (see desk) is what both sides agree on with random numbers: in it, messages come in order, once and without gaps, and its end is
// told to both. There is no sending again: whoever needs an answer asks again in the next session, under the same request id.
//
// What remote does without being asked, and what is done about it here: it believes what it reads (the door lets one kind of message through,
// and recovers); its queues have no bound (the window has); it is plaintext by default (Keys, or loopback only); it sleeps for two seconds after
// a connection that failed (the stream waits for the connection instead); it keeps a connection whose stream ended in peace (line never
// says so); it knows connections by address, and the late news of one ends the next (each line has an address of its own); it panics when
// a port is taken (an error); it stops in ten seconds (it is not asked to stop gracefully).
//
// # Whose clock
//
// A row is lapsed when its value has not changed for Lapse on the monotonic clock of the one who looks. Times that another machine
// wrote are only compared for being equal, so that no two clocks ever need to agree. Time in which this node could not look
// proves nothing: after such a gap every row begins anew.
//
// # What safety does not depend on
//
// None of this. A node that is paused, cut off or has a broken clock may believe whatever it likes: its next append meets the seq that
// its heir has taken, and it stops. Heartbeats only keep two living nodes from taking sections from each other in turn.
//
// The same goes for views and sessions. Two nodes that both believe to be a section's owner meet at its log; a message of the link that
// was forged, lost or late can cost an answer.
//
// # Rejected
//
// A lease as the right to write, with an end written by its holder (two clocks, and a paused holder believes in it); an advisory lock of the server (ends with a
// connection, not with a node, and CockroachDB has none); asking the other node over the network (it may be alive and cut off from the store, or
// the other way round: only the store knows who can write); Proto.Actor's own cluster package (after a pause its placement split for ever, and an
// owner's death took 5.5 s to see); a ring with virtual nodes (state to build, and no evener for it); futures for answers (an allocation, a timer
// and a goroutine's wake a message); sending again within a session (a second sequence to get wrong: sections answer the same request id twice
// anyway); a timer that gathers batches (it only adds latency).
package cluster
