// Package api is Holdfast's outside: HTTP in, problem+json out, and nothing decided here that the engine decides.
//
//	             ┌ card numbers? (P12) ─ who? ─ rate? ┐
//	fasthttp ──► router ───────────────────────────────► handler ──► Engine (actors) ──► answer or error
//	   ▲            │ 404, 405                            │                               │
//	   └────────────┴──────────── problem.go: one table from error to status, code, Retry-After ◄┘
//
//	Live (a projection) ─┬─ cached documents ──► GET availability      encoded once per version, shared by every reader
//	                     └─ hub ─ ring of frames ─► SSE clients         encoded once, written by 10,000 goroutines
//
// Why it is split this way: handlers return errors and never write them, so that every refusal has one place where its
// status and code are decided (problem.go) and one place where it is logged (server.go). Reading (availability.go, hub.go)
// shares nothing with booking but the projection, so browsing never slows booking (P9).
//
// Idempotency (P5). Every mutation takes an Idempotency-Key; without one the server draws a random key, which protects
// the request inside the cluster but not against the caller's own retry. The request's name in the log is a hash of buyer
// and key, and its fingerprint a hash of method, path and body: the same key with anything else is a mismatch.
// What concerns seats is remembered by the sections, in their logs. The keys of the sale switch, of creations and deletions, of blocking over
// several sections and of drains stand in the store, for all nodes; without a key nothing is remembered of these (package actors lists who
// remembers what). A call to block or unblock seats of several sections may be refused, or cut short, with some sections done; the same key
// finishes it. So it is with a deletion.
//
// An outcome that is not known is never told as a failure: the answer is 503 outcome_unknown, and a repeat with the same
// key learns the truth (P3).
package api
