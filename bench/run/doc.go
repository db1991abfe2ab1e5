// Package run puts targets under a scenario's load, in rounds, and has every answer judged.
//
//	Config ──▶ Session: each Target started, with data of its own
//	             │ rounds A B C, C B A …
//	             ▼
//	           Round: events opened ─▶ load from one process or several ─▶ last look at every map
//	             │         └─ Sidecar: a crash, watchers of the live map …
//	             ▼
//	           Judge: bench/check over all answers and the log, the server's own audit ──▶ report
//
// Run is all of that. Package capacity and package growth drive a Session themselves: one plays rounds whose rate it
// chooses from what the last one showed, the other many small loads on a server of each point's own.
//
// Rounds alternate, so that neither target always follows the other and noise that lasts longer than a round meets all.
// A round in which the client was the bottleneck is void: it has a reason and no number. A figure is never better than
// its check: a target whose answers do not fit together is reported as that first.
package run
