// Package cluster says who should own a section. It proposes; the log decides (package storage): whatever is wrong in
// here costs waiting or a needless takeover, never a seat.
//
// A node is three machines. Its liveness beats in the store that all nodes share, and says what may be claimed. Its
// membership is gossip, and proposes who should own what. Its link carries what nodes have to tell each other.
//
//	        store (rows)                    other nodes
//	          ▲    │                 gossip ▲ │ UDP, TCP            link ▲ │ TCP
//	     beat │    │ look                   │ ▼                         │ ▼
//	     ┌────┴────▼────┐            ┌──────────────┐            ┌──────────────┐
//	     │     Liveness    │            │  membership  │───book─────▶   peerlink   │
//	     └───────┬──────┘            └──────┬───────┘            └──────┬───────┘
//	MayClaim     │ OnVacated                │ View                      │ PeerUp, Received, PeerDown
//	Lease        ▼ OnStale                  ▼ Owner, Coordinator        ▼ Send
//	"may it be claimed?"            "who should own it?"        "tell that node, in order"
//
// A node in gossip is a member once its row in this node's own store has been seen to move (see IdentityCheck): gossip
// does not say which store a node is on, and one on a restored copy would sell every seat a second time.
//
// Beyond that none of the three believes another: a node that gossip calls dead keeps its sections until its row
// lapses; a node whose row is alive and whose link is down is asked nothing; and the link takes only addresses from
// membership.
//
// # The rooms
//
//	cluster     Node, Member, View, IdentityCheck: who is there, who of them counts, who should own what
//	   │            gossip is memberlist's
//	   ├──▶ heartbeat   rows in the store: who is alive, what may be claimed, how long memory may be trusted
//	   ├──▶ peerlink    one stream a peer
//	   │       ▼
//	   ├──▶ refusal     what fails between nodes, counted by kind
//	   │       ▼
//	   ├──▶ keys        files and certificates
//	   └──▶ netlimit    bounds on connections, before every port
//
// # Heartbeat
//
// A Liveness beats in the store, and says whether a section may be taken over: see package heartbeat.
//
// # Membership and placement
//
//	memberlist ──join, update, leave──▶ membership ──dirty──▶ one goroutine ──▶ View ──▶ ViewChanged, the link's book
//	 callbacks under its lock only copy       SetState changes the own entry at once; a View is immutable
//
// View.Owner is rendezvous hashing over the Serving members: no state, no agreement, 40 ns; a node that joins or leaves
// moves only its own share. A process is a member under a name of its own at every start, so that nothing said about
// its last life sticks to it. A node that cannot be understood is left out and named in the log. Addresses that are
// configured or were lost are called again for ever, for memberlist forgets the dead and would leave a healed network
// in two halves.
//
// # The link
//
// One gRPC stream for each pair of nodes: see package peerlink. The link's address book is the view.
//
// # Upgrades
//
// A member says in gossip which protocols of the link it speaks, and the hello of a stream says so again. Builds that
// have one in common work side by side, so that adjacent builds may be rolled out node by node. Builds that have none
// leave each other out of their views, name each other in the log (and in LeftOut), and refuse each other's streams on
// both sides (other_protocol).
//
// Protocol 3, the stream, has nothing in common with 1 and 2, Proto.Actor's remote. So over that step a cluster is
// upgraded in one go, with the sale paused: all nodes stop, then all start with the new build. Node by node is safe and
// not useful: the heartbeat rows are one for all, and no node takes a living one's sections (P1 holds); but each half
// sees only itself, so that a buyer whom the balancer sends to the other half hears 503 until the last old node has
// gone.
//
// # What safety does not depend on
//
// None of this. A node that is paused, cut off or has a broken clock may believe whatever it likes: its next append
// meets the seq that its successor has taken, and it stops. Heartbeats only keep two living nodes from taking sections
// from each other in turn.
//
// The same goes for views and sessions. Two nodes that both believe to be a section's owner meet at its log; a message
// of the link that was forged, lost or late can cost an answer.
//
// # Rejected
//
// Proto.Actor's own cluster package (after a pause its placement split for ever, and an owner's death took
// 5.5 s to see); Proto.Actor's remote for one more version beside the stream (all of its guards would have to stay for
// one step that a cluster takes once); a ring with virtual nodes (state to build, and no evener for it); futures for
// answers (an allocation, a timer and a goroutine's wake a message).
package cluster
