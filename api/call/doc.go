// Package call is one call being answered, as every handler gets it.
//
//	fasthttp.RequestCtx ── Acquire ──► Call { route, parameter, identity, key, scratch } ──► handler ── Release ──► pool
//	                                     │
//	                                     └─ Fingerprint ──► Caller: who asks for what, under which key (P5)
//
// A Call is pooled, and everything that the hot calls need is inside of it, so that they are answered without
// allocating. Strings in it may point into fasthttp's buffers: nothing of a Call is kept after its answer.
//
// A Route says what a call of the API demands (rights, a key, a large body), as data: limits, log and prechecks read
// it, and none of them knows a handler.
//
// Rejected: a context.Context with values. It costs an allocation for each value, and hides what a handler needs.
package call
