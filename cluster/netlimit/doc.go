// Package netlimit stands before whatever accepts connections: the HTTP server, its second listener, the cluster's
// ports. A resource that runs out costs refusals there, and never the process.
//
//	             ┌────────────────────── Limiter ──────────────────────┐
//	Accept ──▶   │ trouble that passes (EMFILE, ENOBUFS …): wait, retry │
//	             │ room?          no: one that is not served gives way  │ ──▶ Conn, to be served
//	             │ nobody idle?   a refusal, and closed                 │
//	             └──────────────────────────────────────────────────────┘
//
// A Conn knows what is being done with it. Until its server begins to act on a request, closing it loses nothing, and
// that is what happens: to make room, and (when nothing has arrived) at once when the server stops. The two decisions,
// to serve and to close, exclude each other by one atomic word: of a connection that was closed to make room no request
// was acted on.
package netlimit
