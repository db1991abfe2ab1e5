// Package cooldown is a pure rule: whoever lets holds lapse, again and again, waits before the next one, and longer
// each time. Off by default, per event. Time comes in as data; the memory is the caller's.
//
//	hold abandoned ──▶ Rule.Abandoned(memory) ──▶ memory      lapsed, or released unpaid: the caller says which counts
//	new hold ────────▶ Rule.Until(memory) ──▶ the instant before which a hold is refused
//
//	abandoned holds   1 … Free   Free+1   Free+2   Free+3 …
//	wait after it     none       Base     2·Base   4·Base, at most Max
//
// Forget after the last abandoned hold, one is forgotten, and one more after each Forget that follows. A hold that is
// paid forgives all.
//
// How it is wired: an event's waiting room (package waitingroom) keeps a Memory of each buyer whose holds lapsed, as
// the records of sections tell; it calls Abandoned at a lapse, and Until before a hold is placed. The refusal is 429
// cool_down with Retry-After. A Memory is 24 bytes; Zero says that it need not be kept. Memories are of one life of a
// node and of what lapses in sections there: a restart forgives, and of several nodes each counts for itself.
//
// # What it does to the fair
//
// Free spares whoever loses a payment page or changes their mind. Seats that a bot keeps blocking in turns come back
// for longer each time; a bot with many identities pays once for each, which is what limits and proof of work are for.
//
// # Rejected
//
// A count for each address: whole towns share one. Counting releases like lapses by rule: a released seat is free at
// once and hurts nobody; the caller decides. A wait that is drawn: nobody could be told how long.
package cooldown
