// Package bench measures a Holdfast server from the outside, over HTTP, next to a server that does nothing.
//
//	RunConfig ──▶ runner ──▶ Contestants: processes with data of their own (holdfast, holdfast on a database, peers, nothing)
//	                 │ rounds A B C, C B A …
//	                 ├─▶ OpenHouse: an event on sale      crowd: what buyers do ──▶ drive: sends, takes the time
//	                 ├─▶ beside: a crash, watchers of the live map
//	                 ▼
//	              check (answers against each other and the log) + the server's own audit ──▶ report
//
// Run measures named scenarios; Capacity climbs a load until an objective breaks; Grow shows how cost grows. The Rig and its Load are the older
// and smaller half: one kind of request at a time, against one server, beside one that repeats a recorded answer.
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
// answers are scanned for what matters and nothing else, and the client's own processor time is part of every result. A round in which the
// client was the bottleneck is void: it has a reason and no number.
//
// The package may import api/wire and an HTTP client, never the server: a load tool that shares code with its subject measures
// what it knows instead of what it sees.
package bench
