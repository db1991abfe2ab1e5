// Package auth says who a caller is: a buyer by a signed token (or by name in dev mode), or an operator by a key.
//
//	Authorization ──► operator's key? ──► token.Verifier ──► remembered until its exp
//	X-Buyer       ──► dev mode only              │
//	                                             └──► Identity, or a problem
//
// Keys change while the server runs, and each list is replaced as a whole. What was verified is forgotten with the keys
// that verified it, so no token outlives its key. Operators' keys are compared in constant time, all of them, so that
// the time of a refusal tells nothing.
//
// What an event's logs call a buyer is not known here: it depends on the event's key (call.Call.Named). Limits, which
// count over all events, know a caller as a Person.
//
// Rejected: sessions on the server. A token costs one look-up here, and nothing has to be shared between nodes.
package auth
