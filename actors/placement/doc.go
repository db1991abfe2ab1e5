// Package placement holds the rules by which sections find their nodes, and requests find sections: conclusions from
// what one node knows, without clocks, goroutines or I/O.
//
//	view (who is there) ──▶ Placed ─┐
//	Entry (who was heard of) ───────┼─▶ Routing   ──▶ Route:     which node a request goes to
//	the section here (serving?) ────┘   Situation ──▶ ActionFor: claim it, transfer it, or leave it
//
// A node keeps an Entry for each section: who serves it, as far as this node has heard. What an owner says of itself
// goes before what others believe, and a newer epoch before an older one.
//
// Nothing here is authority. The log decides who writes a section; a wrong entry or a wrong view costs a hop or a
// wait.
//
// # Rejected
//
//   - Moving sections because the view changes: two nodes whose views differ would play a section back and forth. A
//     section moves because its owner lets go of it.
//   - One directory of all sections under a lock: every forwarded request would take it. An entry is one atomic pointer.
//   - Forgetting an owner whose link is down: it may serve, and its epoch still tells which word is older.
package placement
