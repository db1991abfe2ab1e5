// Package api is Holdfast's outside: HTTP in, problem+json out, and nothing decided here that the engine decides.
//
//	            api/listen                            api (this room)             rooms of handlers
//	connection ──► head beyond doubt? ──► router ──► precheck: size, card, who ──► booking ──┐
//	                     │                   │       key, limits    │              catalog   ├──► Engine (actors)
//	                     │                   │ 404, 405             │              live      │
//	   answer ◄──────────┴───────────────────┴── api/problem ◄──────┴── error ◄─── operate ──┘
//
// This room ties the knot: configuration, the one table of routes, prechecks, metrics, health, pages. The rooms below
// know nothing of it: each room of handlers gets an api/call.Call, and names in an interface of its own what it asks of
// the engine. The arrows (cmd/tidy holds them):
//
//	api ──► booking, catalog, live, operate ──► limit ──► call ──► auth ──► card ──► problem ──► document, wire
//	                                              └──► listen ──────────────────────────┘
//	api ──► meter, which knows no other room
//
// Handlers return errors and never write them, so that every refusal has one place where its status and code are
// decided (api/problem) and one place where it is logged (server.go). Browsing (api/live, api/catalog) shares nothing
// with booking but the projection, so browsing never slows booking (P9).
//
// Idempotency (P5). Every mutation takes an Idempotency-Key; without one the server draws a random key, which protects
// the request inside the cluster but not against the caller's own retry. The request's name in the log is a hash of
// buyer and key, and its fingerprint a hash of method, path and body: the same key with anything else is a mismatch.
// What concerns seats is remembered by the sections, in their logs. The keys of the sale switch, of creations and
// deletions, of blocking over several sections and of drains stand in the store, for all nodes; without a key nothing
// is remembered of these (package actors lists who remembers what). A call to block or unblock seats of several
// sections may be refused, or cut short, with some sections done; the same key finishes it. So it is with a deletion.
//
// An outcome that is not known is never told as a failure: the answer is 503 outcome_unknown, and a repeat with the
// same key learns the truth (P3).
//
// Rejected: one package. Of its 41 files every second one reached into the server, and no handler could be read alone.
package api
