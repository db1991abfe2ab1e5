// Package history is what was asked of a server and what was answered: the record that package check judges.
//
//	a client ──▶ Part: Ops (kind, verdict, when, who, seats) ──┐
//	a client ──▶ Part ─────────────────────────────────────────┼──▶ History ── Write / Read ──▶ a file
//	Header: events and their sections, clocks, names ──────────┘       └──▶ check.Run
//
// Answer.Verdict is the one place that says what an answer is worth, for all who record.
//
// # What a recorder owes
//
// A verdict is a promise about an answer, and a wrong one makes right servers look wrong. Refused says "surely without
// effect"; where a server says less, the verdict is Unknown. Of Holdfast's answers that means: 202, 500 and 503
// outcome_unknown are Unknown, and so is 503 unavailable, for the section may have stopped with the request inside. 503
// overloaded, 429, 402 and the 4xx about form are Refused. A booking that was granted and is answered by 404 is Ended.
// A release that finds its hold lapsed may be Ended or Done.
//
// Everything is numbers: texts and seats lie in arenas of their part, so that a history of millions of operations costs
// a few bytes each, in memory and in the file. The file has frames with checksums; a cut or a flipped bit is found.
package history
