// Package drawproof is the document of a draw as everybody may see it (P8): what GET …/queue/draw answers and what
// holdfast draw verify reads, with its schema in schema.json.
//
//	version, event, phase
//	rule   from the event's creation on: when the lobby closes, and which round of which beacon seeds the draw
//	close  from the close on: when it was, N, the root over all entrants, and the round that the rule gives
//	draw   from the draw on: the round's signature, and the seed
//	place  only for a buyer who shows a place: number, pseudonym, party, salt, path, and the rank once drawn
//
// Each part stays as it was once it is there. So a copy that was saved before the round proves, beside a copy of later,
// that nothing was changed in between: anybody who waits can be that witness.
//
// Hashes, salts and signatures are lower-case hexadecimal; times are RFC 3339. rule.beacon is absent where no
// independent beacon seeds the draw: the operator hands a value in, and is trusted.
//
// Rejected: one flat object, in which an absent root and a root that is not there yet look alike. Base64, which people
// cannot compare by eye, and of which several spellings mean one value.
package drawproof
