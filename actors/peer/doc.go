// Package peer is what a node does with the other nodes of its cluster: it asks them, answers them, follows their
// sections and has its own followed, and agrees with them on who runs which searches. A request for a section that is
// served here never comes into this package. The messages and their bytes are package wire.
//
//	this node's calls                 Network, one for each engine               other nodes
//
//	Section.Ask, Search, AskFree ──▶ pending ── Ask, Search, FreeQuery ───────▶  (client.go)
//	      waiter is told         ◀── pending ◀─ Answer, FreeReply ────────────
//
//	a shard here ◀── inbound ◀── queue, if it does not serve yet ◀─── Ask ─────  (server.go, queue.go)
//	             ──▶ the record, to all followers; then ────────── Answer ────▶
//
//	Section.Stream, Began, Ended ──▶ Event.Subscribers ── Record, Serving … ──▶  (section.go, subscriptions.go)
//	Directory, the replica       ◀───────────────────────◀ Record, Serving … ──
//
//	Searches.Begin, Still ◀── quiet in this view? ◀────── Quiesce, Quiesced ──▶  (searches.go)
//	Call, SpreadCatalog   ──▶ one handler by its name ─── Call, Catalog ──────▶  (calls.go)
//	Section.AskGate, AskEnds ──▶ gateRequests ── GateAsk, Ends ───────────────▶  (gate.go)
//	      notify is called   ◀── gateRequests ◀─ GateAnswer, EndsObserved ────
//
// A waiting room's gate is a Section too: who has it, and who follows it, is found and told as for sections. What it is
// asked for is its own.
//
// Network.Received runs on the link's goroutine, one for each peer, and never waits: what may take time is handed to a
// goroutine that counts against a bound. The engine is a Host and each of its sections a SectionHost: what varies with
// who sells. Shard, directory and ledgers do not vary, and are what they are.
//
// # Rejected
//
//   - The engine itself on both sides of a call: a local request then passes through code that is there for messages,
//     and whoever reads one has to read the other.
//   - An interface for the shard and for the ledgers: there is one of each, and the request's way calls them often.
package peer
