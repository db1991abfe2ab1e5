// Package chaos runs real processes of Holdfast on one PostgreSQL, does to them what machines and networks do, lets
// buyers shop all the while, and holds every answer against every other one and against the log.
//
//	seed ──▶ schedule ──▶ nemeses ── kill -9, stop, cut, drain … ──┐
//	                                                              ▼
//	 workers of buyers ──HTTP, any node, one key──▶ n1   n2   n3   (n4 …)   each in a namespace, or on the loopback
//	 watchers of maps ◀──────SSE, each node─────  │     │     │
//	 probes ──a seat of each section──▶           └─────┼─────┘
//	    │                                               ▼
//	    │ every request, every answer               PostgreSQL ──▶ holdfast log, holdfast audit
//	    ▼                                                               │
//	 bench/check: one order a seat, one effect a key, no op after its end, the log says what the answers said
//	 and here: who sold after another had taken over · what a read forgot · maps · how long each section was away
//
// # What a run proves, and what it does not
//
// A run that passes has found nothing wrong with what it looked at, which is what its seed made happen. It is repeated
// by its seed: the schedule and the wishes are the same, the machine's timing is not. A run in which too little was
// sold proves nothing and is called invalid; a check that had no time is called not checked; neither is called passed.
//
// # Two events
//
// The checker of histories knows no refunds: a sale is for good. So buyers shop in two events. In the stalls nobody
// refunds, and maps are recorded. In the event of returns tickets are given back all the time; there a booking that the
// log shows refunded is told to the checker as one whose payment failed and which was then released (see returns.go),
// in the answers and in the log alike. Nothing is lost by that but the difference between held and sold while such a
// booking lasts, and no map of that event is recorded.
//
// # Clocks
//
// What is told about a hold's end may be wrong by as much as a nemesis moved a clock by a step that servers believe;
// the checker is told so (ClockSlack). A step that they must not believe gives no slack, and neither does a run without
// that nemesis: milliseconds. A process that starts has no other clock to hold this one against, so a node that starts
// finds its clock put right.
//
// # What stays behind
//
// Nothing. Processes are killed by the kernel when this one dies (see launch); namespaces, bridges and folders carry
// this process's id in their names, and whoever starts next removes those of processes that are gone. A folder that is
// kept is renamed.
package chaos
