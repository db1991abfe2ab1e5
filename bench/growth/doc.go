// Package growth shows how cost grows: with sections, seats, clients, live holds, and history.
//
//	Dimension ──▶ points ──▶ each, in every round, on a server of its own (run.Session):
//	                         Fill, warm up (unrecorded) ─▶ Measure (recorded) ─▶ stop ─▶ Judge
//	                                                         │
//	                                     medians of rounds ◀─┘ ──▶ curves, one table
//
// A server for each point keeps points apart: on one server the third would be measured beside what the first two left
// behind. Rounds go through all points there and back in turns, so that a machine that slows down over an hour bends no
// curve. A point that fails is void, with its reason; what was not measured is not drawn as anything.
package growth
