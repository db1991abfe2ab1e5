// Package bench measures a Holdfast server from the outside, over HTTP, next to a server that does nothing.
//
//	Pace ──when──▶ Load ──bytes──▶ conn ══HTTP══▶ server under test   A  B  A  B …  (Compare: same client, same bytes, same run)
//	Hall ──what──▶  │                       ╚═▶ do-nothing server
//	                ▼
//	     tally: Outcomes apart, latency from the intended start, late starts, the client's own share of the machine
//
// Three habits decide whether such figures mean anything:
//
//   - Open loop measures latency. A request's time counts from when its buyer would have pressed the button, not from when a
//     connection happened to be free; otherwise a stalled server slows its own judge and looks fast (coordinated omission).
//   - Closed loop measures throughput. Its latencies say little and are printed only to tell how deep the queue was.
//   - Absolute figures belong to one machine on one day. Ratios against a do-nothing server that reads the same requests and
//     sends the same bytes, in alternating rounds of the same run, carry over.
//
// The client shares the machine with what it measures, so it does little: requests are assembled from bytes prepared before,
// answers are scanned for a status and a length and nothing else, and the client's own processor time is part of every result.
//
// The package may import api/wire and an HTTP client, never the server: a load tool that shares code with its subject measures
// what it knows instead of what it sees. The scenarios are functions over a Target, so that others (peers to compare with, a
// checker of histories) can be put beside them.
package bench
