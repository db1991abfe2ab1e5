// Package draw is the draw of a lobby: who stands where, from data that everybody may see, so that everybody can
// recompute the draw (P8). The package is pure; the gate, the command line and an offline verifier run the same code,
// and the page's JavaScript is held to the same vectors (testdata/vectors.json).
//
//	entrants 0…N-1 ──Leaf──▶ Merkle tree ──▶ root ─┐
//	(pseudonym, party, salt)                       ├─ logged and published at the close
//	                                       N ──────┘
//	                                                   later: the beacon's round, fixed before the lobby opened
//	event, N, root, the round's signature ──Seed──▶ seed ──Permutation──▶ place = π(seed, number)
//
// The order of events is the proof: N and root bind the entrants before anybody can know the signature, so neither
// dropping, adding nor swapping entrants can be aimed at a result.
//
// # The bytes
//
// Integers are big-endian; u8, u32 and u64 name their sizes; ‖ joins; H is SHA-256. Strings are ASCII, without an end
// mark or a length. All inputs but the signature have fixed lengths, and the signature comes last.
//
//	salt(n)      = first 16 bytes of H("holdfast/salt/v1" ‖ key[32] ‖ u32 n)
//	leaf(n)      = H(u8 0 ‖ "holdfast/leaf/v1" ‖ u32 n ‖ pseudonym[16] ‖ u8 party ‖ salt[16])
//	node(l, r)   = H(u8 1 ‖ l[32] ‖ r[32])
//	root         = the tree of RFC 6962: of no leaf H(""), of one leaf the leaf, of more node(the tree of the first k,
//	               the tree of the rest), k the greatest power of two that is smaller than the number of leaves
//	path         = the siblings from the leaf up to the root (RFC 9162, 2.1.3.1)
//	seed         = H("holdfast/seed/v1" ‖ event[16] ‖ u64 N ‖ root[32] ‖ signature)
//	side         = the smallest even integer with side·side ≥ N
//	f(r, x)      = (first 6 bytes of H("holdfast/round/v1" ‖ seed[32] ‖ u8 r ‖ u32 x), as an integer) mod side
//	step(v)      = L, R = v div side, v mod side
//	               for r = 0 … 11:  L, R = R, (L + f(r, R)) mod side
//	               L·side + R
//	place(n)     = v = step(n); while v ≥ N: v = step(v); v            (cycle walking)
//
// Six bytes, because a double holds them exactly: JavaScript needs no big integers. The bias of the modulo is below
// 2^-32. One round is one block of SHA-256.
//
// side is even, because rounds over an odd side give even permutations only: half of all orders of nine would never be
// drawn, and orders of five unequally often. The tests count the orders of few. side·side is less than N + 4√N + 4, so
// a second step is rare, but for the few.
//
// # Rejected
//
// A shuffle of N numbers: needs all of them at once, which a telephone would have to hold. A Feistel network over bits:
// up to four steps a number instead of one. Sorting by H(seed ‖ number): no number's place is known without all others.
package draw
