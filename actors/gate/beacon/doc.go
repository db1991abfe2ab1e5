// Package beacon verifies rounds of drand, the public beacon that seeds the draw of a lobby (P8). The package is pure:
// it fetches nothing, and whoever has a round's signature can check it years later.
//
//	chain hash ──(in the log, before the lobby opens)──▶ pins key, period and genesis: Chain.CheckHash
//	key, round, signature ──Chain.Verify──▶ nil, or why the signature is not that of the round
//
// The hash of a chain is that of its parameters, so a key that an operator made up has another hash: what is trusted is
// the hash in the rule and nothing that is handed in later.
//
//	hash  = SHA-256(u32 period in s ‖ u64 genesis in s ‖ public key ‖ group hash ‖ beacon's id, unless "default")
//	bls-unchained-g1-rfc9380   message = SHA-256(u64 round), signature in G1, key in G2            (quicknet, 3 s)
//	pedersen-bls-chained       message = SHA-256(previous signature ‖ u64 round), the other way round  (default, 30 s)
//
// The pairing is github.com/cloudflare/circl's, whose BLS signatures (draft-irtf-cfrg-bls-signature) have the very
// domain tags of both schemes; the tests hold it to rounds that drand published.
//
// # Rejected
//
// drand's own Go client: not to be had by the module proxy, and it fetches. gnark-crypto: a proof system's arithmetic,
// with the hash to the curve to be put together here. blst: needs a C compiler. Schemes with the old domain tag
// (bls-unchained-on-g1): their network has ended. A pairing of our own: a mistake in it would be believed.
package beacon
