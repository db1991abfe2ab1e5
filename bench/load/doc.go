// Package load sends requests at moments, and takes the time.
//
//	Pace ──when──▶ ┌───────────────────────── loop (one thread) ─────────────────────────┐
//	               │ arrivals ─▶ thinking (heap by due time) ─▶ waiting (queue) ─▶ socket │ ══HTTP══▶ server
//	Script ─what─▶ │     ▲                                                          │    │
//	               │     └────────────── Answered: more? ◀── class, latency ◀───────┘    │
//	               └──────────────▶ Result: outcomes apart, histograms, series, own cost ┘
//
// A load is open (a Pace says when each buyer comes, whatever the server does) or closed (a free connection takes the
// next buyer). In an open loop a request's time counts from the moment at which its buyer would have pressed the
// button, so that a server that stalls cannot slow down its own judge (coordinated omission). A request that begins
// late is sent all the same and counted: as LateStarts when a connection was free, which is the client's fault, else as
// Queued.
//
// Buyers are scripts: small state machines that say what to send next and after how long. Ten thousand of them cost no
// goroutine and no connection while they think.
//
// Why not a goroutine a connection: it took 24 µs of processor time a request, as much as the server that was measured,
// for every answer was waited for twice, by the runtime and by the scheduler. A loop asks the kernel once for all of
// its sockets and makes two system calls a request; it takes about a third of that. Its thread's processor time is part
// of the result: a loop that had no time left measured itself.
//
// What happens to a broken connection: its request is Lost (its outcome is unknown, never a failure), and it is made
// again with growing pauses.
package load
