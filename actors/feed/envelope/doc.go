// Package envelope says what a change of a section's log is called outside, and what of it is told: a CloudEvents 1.0
// event. It is pure, and one for all sinks: each change has the same id, type and data wherever it is told.
//
//	record (seq, hash, prev) ─┐
//	change n of it ───────────┼─▶ Of ─▶ Event ─▶ Append: JSON, structured mode
//	the booking's placing ────┤
//	names of seats, currency ─┘
//
// # What a consumer can rely on
//
// id is event/section/seq/n for ever: a repeat has the same. sequence is the record's number, zero-padded, so that
// texts sort as numbers do; change counts within a record from 0, and changes is how many the record has. hash is the
// record's, previoushash that of the record before: a consumer that gets every type (no filter) sees every record of
// every section's log, those without a change too (section.claimed, section.released), and can follow the chain. With
// a filter there are gaps that cannot be told from lost ones.
//
// Each section is a shard with an order of its own (partitionkey). There is no order over shards.
//
// A booking over several sections (an order) is told at its home, the section in its id: every booking.* has all seats,
// and its legs with the seats of each. The legs' own sections tell leg.bound, leg.sold and leg.freed: what happens to
// the seats there, under the home's order. Whoever counts bookings reads booking.*, whoever counts seats of a section
// reads both. An event's sale switch is in the log of each of its sections: event.* is the first section's word, and
// section.sale_* the others'.
//
// Nobody is named (P14): buyer is the pseudonym under the event's key, and requests, references of the processor and
// ticket codes are left out.
//
// Kinds of changes that this table does not know are told as section.changed with their number, so that a new kind is
// never a gap.
//
// # Rejected
//
// A name of Holdfast's in each type (com.holdfast.booking.held): the source says whose it is. Bodies of records, by
// which a consumer could reckon the hash: their form is the log's own. The state after each change: it is a fold of
// the changes, and the consumer's.
package envelope
