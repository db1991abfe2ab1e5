// Package listen owns connections and the heads of requests, until it is certain what the request is.
//
//	net.Listener ── netlimit ──► Conn ──► fasthttp ──► head ── framing, sizes, memory ──► Answer
//	     bounds, gives way        │                      │
//	                              └ bare LF, lingering   └ a fault: nothing but its refusal reaches Answer
//
// What frames a request must be beyond doubt. Whatever stands before this server reads the same bytes, and two readings
// of where a request ends let one client write into the next one's (request smuggling; framing.go). The memory of large
// bodies is bounded before their first byte is read (bodies.go). A Front is one listener with its bounds, its metrics
// and its way to stop (front.go).
//
// Rejected: net/http, whose server costs a refused hold several times as much; and fasthttp's own bound on connections,
// which knows no problem documents and refuses where it should make room.
package listen
