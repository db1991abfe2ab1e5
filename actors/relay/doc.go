// Package relay is what the engines of a cluster say to each other, and what they conclude from it: words and conclusions without
// goroutines, clocks or I/O, so that a simulator can hold the very same conversation a million times.
//
//	node that was asked                          node that owns the section
//	   Ask, Search        ─────────────────────▶   judged and made durable
//	   Answer             ◀─────────────────────   after the record has landed, and after that record on the same link
//
//	   Subscribe(event)   ─────────────────────▶   from now on, every record of every section it serves there:
//	   Serving, Record …  ◀─────────────────────   its log, link by link of the hash chain
//	   Released           ◀─────────────────────   served no longer, and by whom it should be
//
// A link gives messages in order and without gaps until it goes down; then everything on the way is lost, and a new one begins with
// Subscribe. That order is what makes an answer follow the records it rests on, so that whoever is told of a hold finds it on the map
// of the node that tells.
//
// # Versions
//
// A message is its kind, one byte, and its fields. A field is never changed; new ones are new kinds, which nodes that speak an older
// protocol are never sent (see Protocol). The bytes are held by golden tests.
package relay
