// Package bench measures a Holdfast server from the outside, over HTTP, next to a server that does nothing and next to
// what others build. This folder holds no code: each of its rooms is a package, and arrows point down.
//
//	chaos      breaks a cluster of real processes under buyers, from a seed, and judges the answers
//	capacity   climbs a load until an objective breaks     growth   shows how cost grows with size
//	     └──────────┬──────────────────────────────────────────┘
//	run        scenarios in rounds: A B C, C B A …         rig      one kind of request beside a recorded answer
//	     │
//	lab        targets, their processes, events made on them, live maps followed
//	     │
//	buyers     what buyers do, and what they were told     baselines   the services that Holdfast is compared with
//	     │
//	load       sends requests at moments, takes the time
//	check      what an answer is worth; whether all answers fit together      report   figures in, pages out
//	           (check/admission: whether a waiting room was fair)
//
// Three habits decide whether such figures mean anything:
//
//   - Open loop measures latency. A request's time counts from when its buyer would have pressed the button, not from
//     when a connection happened to be free; otherwise a stalled server slows its own judge and looks fast (coordinated
//     omission).
//   - Closed loop measures throughput. Its latencies say little and are printed only to tell how deep the queue was.
//   - Absolute figures belong to one machine on one day. Ratios against a do-nothing server that reads the same
//     requests and sends the same bytes, in alternating rounds of the same run, carry over.
//
// The client shares the machine with what it measures, so the client does little: requests are assembled from bytes
// prepared before, answers are scanned for what matters and nothing else, and the client's own processor time is part
// of every result. A round in which the client was the bottleneck is void: it has a reason and no number.
//
// The rooms may import api/wire and an HTTP client, never the server: a load tool that shares code with its subject
// measures what the tool knows instead of what it sees.
package bench
