// Package copier moves all events from one store to another: what was true in the source is true in the target, entry
// by entry with the same hashes, so that tickets, ticket codes, idempotency keys and audits go on as if nothing had
// happened.
//
//	         look (nothing is written)                 move                              verify
//	source ──► anybody alive? ────────► secret                                ──► every log of the target read back,
//	target ──► same events?             logs, in pages ──► tickets, snapshots      hash by hash; tickets row by row;
//	           logs that begin alike?   payments, contacts, how far processors'    venues, events, secret, payments,
//	                                    events were read, operators' keys          contacts, cursors
//	                │ no                events: last                          ──► the source once more: has it moved?
//	                ▼
//	             refused, by name
//
// A copy knows where it stopped from the target alone: a log that is a beginning of the source's is continued at its
// tail, and everything else is compared before it is written. So a run that was killed anywhere is simply run again,
// and a run on a finished copy reads everything and writes nothing. Going on selling in the copy and copying back works
// the same way: the older store is then the beginning.
//
// Events are the last to arrive. A server started on half a copy finds nothing to sell, and so claims no log that is
// still to grow.
//
// The source must be quiet. The embedded store's lock sees to that; of a shared one the heartbeat rows are watched for
// a moment, and its logs are compared again at the end. The target must be quiet too, because a server would claim what
// is half there. Heartbeat rows are not copied: they say who is alive, and nobody moves along.
//
// What was rejected: dumping and loading files, which neither side could check or continue; and believing a store that
// it has written what it was given. The verdict rests on hashes computed here over what the target answers.
package copier
