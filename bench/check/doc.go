// Package check proves from outside, out of what a seat server answered, that it oversold nothing; or shows where it
// did.
//
//	parts of a history ──▶ requests ──▶ bookings ──▶ seats ──────────▶ each seat's answers fit an order   "seats"
//	(every call,           one key,     a grant and    │  looks that     that respects time: at hand,
//	 every answer)         one effect   its ops      │  are sure go    or searched for by porcupine
//	                          │            │           └─▶ gaps ──────▶ nobody was refused while they      "none left"
//	                          │            │                            were free
//	                          │            └──────────────────────────▶ nobody acted after a hold's end   "ends"
//	                          └───────────────────────────────────────▶ a key has one answer              "repeats"
//	the server's own log ──▶ replay, change by change ────────────────▶ it says what the answers said     "log"
//
// Five checks, each with a verdict of its own. NotChecked (no time, a log that breaks off, a history that makes no
// sense) is never Passed.
//
// # What is certain, and what is left open
//
// There must be no false alarm, for one is the end of all trust in a checker; so whatever could have been, counts as
// having been possible. An answer that never came may have had its effect, at any moment after its call, or never. A
// hold may lapse at any moment from its end on, less what the clocks may differ. Moments are closed intervals between
// call and return on the client's clock, and what overlaps may have come in either order. What this hides, on purpose:
//
//   - A hold of unknown outcome can explain that its seats were refused or drawn as held, for one stretch of time of
//     any length (of more than three at one seat, for as many as there are refusals). A wish for the best seats of
//     unknown outcome explains that of any seat of the section. Two grants of one seat are never explained by either.
//   - A seat that is refused long after its hold ended is explained by a late lapse. P4 says within 100 ms at the 99th
//     percentile, which is a latency to measure and not a fault to prove.
//   - Seats are judged one by one, for a search over several at once would not end. That a booking's seats were all
//     taken at the same moment is thus not proved by the answers; the log shows it, where a hold is one change.
//   - A booking over several sections is judged in each of them as a booking of its own that hears of its end late:
//     that its seats elsewhere are back when the buyer is told so is not proved. That they are its own, and sold when
//     it is, the log shows as well (see orders.go). Where parties are cut over sections, a seat that was called taken,
//     or drawn as held, up to half a minute after somebody had asked for the best seats of any section, is explained
//     by a cut that failed, if nothing else explains it.
//   - An availability map may be as old as Options.LookLag.
//   - Of a seat that some map shows as blocked, a refusal proves nothing; in an event with blocked seats "none left" is
//     not checked. Operators' work is not in a history: one about an event with blocked seats needs a look that shows
//     them.
//   - An event's first operation meets empty sections. What was sold before the history began is unknown to it.
//   - Nobody's refund is in a history, so a sale is for good.
//
// # Why the shortcuts are none
//
// Linearizability is hard to decide in general, and porcupine does it; but a sale of two million seats leaves a handful
// of steps a seat, and a stampede thousands of refusals at a seat that was taken long before. Three things keep the
// search small, each exact, and each held against the full search on random histories: looks that are sure whatever the
// order are left out (see sure); an order found at once is a proof (see witness); and so is a contradiction between two
// certain things (see plain). Rejected: to sample seats, or to trust the order in which answers came.
//
// Why the model is of one seat and not of a section: its state is one number, steps of different seats commute, and
// what a section adds (an order over all its seats) the log shows in a single sweep.
//
// # What it costs
//
// Everything is numbers: operations lie in arrays, requests are found through four bytes each, a worker keeps its
// scratch memory. A tour of 2.4 million seats and 7.2 million operations takes seconds on two cores
// (BenchmarkCheckMillionSeats), its log some ten more (BenchmarkCheckLog).
package check
