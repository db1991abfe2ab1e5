// Package queue is a waiting room's outside: joining, polling, the stream, one's turn, the draw, and what operators do
// (P8). Nothing is decided here: the gate decides, and this room signs, verifies, and tells.
//
//	POST queue ─────────────▶ Engine.JoinQueue ──▶ place, signed
//	GET  queue, stream ◀──── board: one frame of counters, encoded once for everybody ◀── Engine.QueueFrame
//	       │ only if the frame says that the place may have been called
//	       └───────────────▶ place verified ──▶ Engine.QueuePlace
//	POST queue/admission ──▶ place verified ──▶ Engine.TakeTurn ──▶ admission, signed
//	POST bookings ─────────▶ admission verified (Admit) ──▶ BookCall.Admission, judged by the section
//
// # A poll costs no state
//
// A position follows from the number in the token and from the frame alone (package position), so a poll asks nobody
// and allocates nothing. Its token's signature is not looked at: what is computed of a forged number helps nobody.
// Whatever is personal (called, inside, gone, a path of the draw) or is granted is behind a signature.
//
// How soon to ask again, each answer says: so late that all polls of an event together stay below Config.PollsPerSecond
// (see pace.go), sooner for whoever is called soon, and never at the same moment for all.
//
// # What is honest
//
// ahead is an upper bound. A place that was given up is told as waiting until its turn, for only the gate knows who
// left. An ETA that nobody can tell is left out, and eta_basis says why.
//
// # Rejected
//
// A place kept per person on the nodes: a million of them, on each node. Verifying each poll: half of its price, for
// nothing. A poll interval from a table: the bound would depend on the crowd.
package queue
