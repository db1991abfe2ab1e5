// Package dense holds the memory of a pure machine: records without pointers, in chunks, found through tables of
// 8-byte entries. The collector has nothing to scan, and no command pays for a big copy: growth adds a chunk, or moves
// 1/256 of a table. Nothing here knows what a record means.
//
//	Slab    items by index, for ever        bookings, buyers, heaps
//	Queue   first in, first out, numbered   requests and ended bookings, oldest first
//	Table   tag of a key → handle           an index of one of the two; the key itself stays with the item
//
// Rejected: Go maps (pointers to scan, growth of millions of entries at once); one slice an index (an append copies all
// of a section's bookings within one command).
package dense
