// Package cancellation knows how far the cancelling of an event has come, by what its sections' logs say.
//
//	catalog: cancelling ──▶ every section logs the turn ──▶ no hold, no payment from there on, at whichever node
//	                           │
//	                           ├─▶ holds are released, what is sold is owed back     each section's machine, by itself
//	                           ├─▶ what is being paid is cancelled at the processor  the reconciler, from the log
//	                           └─▶ what is owed is given back                        the reconciler, from the log
//	progress: all sections' states, added up ──▶ nothing held, paid, sold, due ──▶ catalog: cancelled
//
// Nobody has a list of what is left to do: whoever serves a section reads it in the section's log, after a crash and
// after a takeover too. A processor that is away costs time and nothing else.
//
// Rejected: a job with a cursor in the catalog, which is a second truth beside the logs and wrong after each refund
// that somebody else makes; refunds by whoever took the operator's call, which end with that node.
package cancellation
