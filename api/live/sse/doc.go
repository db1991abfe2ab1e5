// Package sse is the door of every stream of server-sent events: a live map's and a waiting room's.
//
//	request ─▶ Serve: bound, limits, headers ─ connection ─▶ Viewer ─▶ Follow: a hub of package fanout
//
// A connection that is handed over leaves fasthttp: neither a goroutine nor a buffer of the request stays behind.
//
// Rejected: a body stream of fasthttp's, which keeps a goroutine and the request's buffers for each that follows.
package sse
