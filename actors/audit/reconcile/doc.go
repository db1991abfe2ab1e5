// Package reconcile is a pure room: one booking's money by its section's log, held against the processor's own list of
// payments (P6, I1 to I6 and I12).
//
//	changes of a log ─▶ Account.Apply ─┐
//	                                   ├─▶ Account.Judge ─▶ rulings: findings, or what is under way
//	the processor's list ─▶ Attach ────┘
//
// An account knows nothing of the core: it is a list of attempts, a list of refunds, and what a log may say next about
// either.
//
// # What proves what
//
// Whoever sells writes in an order that holds through every crash: an attempt is in the log before the processor is
// told to charge, a sale is in the log after the charge, a refund is owed by the log before the processor gives it, and
// done in the log after the processor has. So of a log and a list that were not read in the same instant
//
//	More   what the processor has must be in a log that was read after the list
//	Less   what the log says must be in a list that was read after the log
//
// A claim that is judged the other way round may be a sale that goes on.
//
// # The rulings
//
//	the log's attempt     the processor: charged         not charged               not decided
//	none                  STRAY                          -                         -
//	opened, challenge     under way: about to be sold    -                         -
//	captured              in order; the refunds below    MISSING                   MISSING
//	over                  owed back by the log, or       -                         UNENDED: left without a last
//	                      STRAY                                                    word (I3)
//
//	refunds of a charge, the processor has given back
//	less than the log has as refunded                       REFUND MISSING
//	up to what the log has as refunded, pending and due     in order; under way while something is pending or due
//	more than that                                          REFUND STRAY (I6)
//	the log has given up: failed for good                   under way: waits for an operator
//
// Another amount, currency or reference than the log has DIFFERS; two payments of one booking that are not decided are
// LIVE TWICE (I1). What builds without attempts have written is one attempt of number 0; of those the money went back
// before the log said so, and nothing owed it.
//
// Rejected: sums alone. Two mistakes may add up to nothing.
package reconcile
