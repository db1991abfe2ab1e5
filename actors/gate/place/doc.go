// Package place signs places and admissions, and opens them again (P8). A poll needs no state on any node: the token
// says who stands where, and whoever grants something checks it.
//
//	Ring.AppendPlace ──▶ token ──▶ the buyer ──▶ Ring.OpenPlace(token, whose, for what) ──▶ Place, or why not
//
// # The bytes
//
// A token is unpadded base64url of a body and its tag. Integers are big-endian:
//
//	version 1 · kind 1 · key id 4 · event 16 · generation 4 · number 4 · pseudonym 16
//	· of an admission: pool 4 · session 4 · until 8 (ms since 1970) · record of the gate's log 8
//	tag: the first 16 bytes of HMAC-SHA256(secret of the key id, domain of the kind ‖ body)
//
// So a place is 83 characters, an admission 115. Domain (holdfast/place/v1, holdfast/admission/v1) and kind keep
// one from being taken for the other, the key id lets keys rotate: the newest signs, all of the ring open. A lost key
// costs a second join, which signs the same number again. The generation is raised when a gate begins anew, so that
// nothing stale is taken.
//
// Each way of being wrong has its error, told in this order: form, version, kind, key, tag, event, generation, buyer,
// time. Nothing about the contents is told before the tag has been checked. A refusal allocates nothing.
//
// # Rejected
//
// Ed25519: an edge could verify without a secret, but nothing is granted at an edge, and verifying costs fifty times as
// much. JSON web tokens: three times as long, and an algorithm that the sender names.
package place
