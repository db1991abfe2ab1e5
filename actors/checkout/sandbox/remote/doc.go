// Package remote is the sandbox as a process of its own: a server that others reach over HTTP, and the adapter that
// reaches it.
//
//	engine ─▶ Client ── HTTP ──▶ Server ─▶ sandbox.Sandbox ─▶ books
//	   ▲                            │
//	   └──── signed webhooks ───────┘          browser ── /challenge/… ──▶ Server
//
// The wire is JSON. Times are Unix milliseconds, amounts minor units of ISO 4217. {a} is the attempt, escaped.
//
//	POST /v1/payments                   {"attempt","booking","amount","currency"}   200 {"reference"}
//	POST /v1/payments/{a}/charge        {"reference","token","return"}              200 answer
//	POST /v1/payments/{a}/cancel        {"reference"}                               200 answer
//	GET  /v1/payments/{a}?reference=                                                200 answer
//	POST /v1/payments/{a}/refunds       {"reference","id","amount","currency"}      200 {"status"}
//	GET  /v1/payments/{a}/refunds/{id}?reference=                                   200 {"status"}
//	GET  /v1/payments?since=            200: a line for each payment, oldest first, and a last one {"end":true}
//	GET  /v1/events?cursor=             200 {"events":[{"id","attempt","kind"}],"next"}
//	GET, POST /challenge/{a}?reference= the buyer's page
//
//	answer: {"status","decline","next":{"type","url"},"amount","currency"}
//
// Anything but 200 is {"error":"…"}: 400 for what cannot be read, 404 for a payment that is not there, 503 where the
// books do not answer. To the adapter all of these are Unknown. An answer that a token has lost is a connection that
// ends without one.
//
// The server asks for no key: whoever reaches it may charge and refund, for there is no money in it. It is to be bound
// to an address that only the engine and its buyers' browsers reach.
//
// Rejected: gRPC. A person with curl is to be able to look at a payment, and a browser has to reach the same process.
package remote
