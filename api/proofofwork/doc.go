// Package proofofwork is a pure room: a puzzle that costs whoever joins a waiting room a second of computing, in the
// shape of ALTCHA (version 1). Time and chance come in as data; nothing is kept, so a million puzzles cost no memory.
//
//	Ladder.Step(load) ──▶ maxnumber ──▶ Puzzles.Append ──▶ challenge ──▶ the page's worker (worker.js) counts up
//	                                                                               │ until a hash fits
//	join: Puzzles.Verify(proof, event and buyer, now) ◀── proof, Base64 of JSON ◀───┘
//
//	salt       24 hex digits of chance ?expires= Unix seconds &bound= 32 hex digits &
//	bound      first 8 bytes of HMAC(key, "holdfast/pow/v1" ‖ event ‖ u64 expires), so that another event's is told,
//	           and first 8 bytes of HMAC(key, "holdfast/pow/v1" ‖ event ‖ u64 expires ‖ buyer)
//	challenge  SHA-256(salt ‖ number in decimal), in hex; number is a secret of 0 … maxnumber, drawn for each puzzle
//	signature  HMAC(key, challenge in hex), in hex
//
// The difficulty is fixed when a puzzle is issued: the number was drawn below maxnumber then, and what a client says of
// maxnumber later is not read. Finding the number takes maxnumber/2 hashes in the mean. The salt ends in "&", so no
// digit can move from the salt to the number (the splicing that version 1 once allowed).
//
// Off by default, per event. How it is wired: package api/queue/entry hands out Append's JSON at GET …/queue/challenge,
// and asks Verify before a join; the event's settings say Ladder and lifetime; the keys come from the store's secret by
// HKDF-SHA256 with the info "holdfast proof of work v1"; Ladder.Step sees each second's joins.
//
// # What a proof is worth
//
// It makes many identities dear, not many answers: a proof may be shown again until it expires, but only for the buyer
// and the event that it is bound to, and a second join of one buyer gets the first place again. So replay wins nothing
// and no list of spent proofs is needed. Native code counts some ten times faster than a page; old telephones are
// slow. So the ladder stays low while there is no rush, and rises with it. A lobby makes speed worthless: there, a
// proof costs a fair buyer nothing but a second of a minute that they wait anyway.
//
// # Rejected
//
// A list of spent proofs: memory, a place of truth, and nothing won. The difficulty in the signature only: the drawn
// number fixes it already. Argon2 or scrypt: memory-hard, but every check then costs the server what it costs a bot.
// ALTCHA's version 2: its key derivation costs as much to check as to solve once. Floats of load: a count a second is
// enough, and the same for everybody who recomputes.
package proofofwork
