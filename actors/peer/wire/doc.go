// Package wire is what the engines of a cluster say to each other: the messages and their bytes. It knows no
// goroutines, clocks or I/O, so that a simulator can hold the very same conversation a million times. What a node
// concludes from messages stands in packages placement and coordinator.
//
//	node that was asked                          node that owns the section
//	   Ask, Search        ─────────────────────▶   judged and made durable
//	   Answer             ◀─────────────────────   after the record has landed, and after that record on the same link
//
//	   Subscribe(event)   ─────────────────────▶   from now on, every record of every section it serves there:
//	   Serving, Record …  ◀─────────────────────   its log, link by link of the hash chain
//	   Released           ◀─────────────────────   served no longer, and by which node it should be
//
//	   GateAsk            ─────────────────────▶   of a waiting room: joins in batches, turns, what operators do
//	   GateAnswer         ◀─────────────────────
//	   Ends               ─────────────────────▶   the ends of sessions, which every section is to know of
//	   EndsObserved       ◀─────────────────────   those that do
//
//	   Quiesce, Quiesced  ◀────────────────────▶   whether older views are over (package coordinator)
//	   FreeQuery, -Reply  ◀────────────────────▶   which sections may have seats: one question for many sections
//
// A link gives messages in order and without gaps until it goes down; then everything on the way is lost, and a new one
// begins with Subscribe. That order is what makes an answer follow the records it rests on, so that a buyer who is told
// of a hold finds it on the map of the node that tells.
//
// # Versions
//
// A message is its kind, one byte, and its fields. A field is never changed; new ones are new kinds, which nodes that
// speak an older protocol are never sent (see Protocol). Those of waiting rooms go only to nodes that have said
// something of a gate: a build without gates says nothing of them, and reads over a Serving, Record or Released of one.
// The bytes are held by golden tests.
//
// # Rejected
//
//   - Generated codecs: a message is a few integers and ids, read and written once; a schema's tags and lengths double a
//     record's head, and a decoder that reuses its lists (none allocates for an Ask) would be hand-written anyway.
//   - Sending Command.At: two nodes' clocks differ, and a section's time is its owner's to say.
package wire
