// Package audit is the offline verifier (P10): it reads a store through the port, trusts nothing, and says what does not add up.
//
//	             ┌─ chain:   seq dense, hash of the one before, epoch grows by claims only, time never back
//	entry ──────▶┤
//	             └─ changes ─┬─▶ ledger: a map and a loop, knows nothing of the core  ─┐
//	                         └─▶ section.State: the core's own replay                 ─┴─▶ same seats, same bookings?
//	                                    │
//	tickets table ── equals the ledger's sold seats
//	snapshot ─────── equals the replayed state at its seq, byte for byte
//	payments ─────── every sold booking was charged what it costs, and nobody else was (P6)
//	plan ─────────── every seat is free, held, sold or blocked, exactly one of them
//
// The ledger exists because a verifier that replays with the code it verifies would nod at that code's own mistakes. It is
// kept dumb on purpose: one map from seat to booking, one map of bookings.
//
// The first damage in a section's chain stops the reading of that section, since what follows cannot be trusted; a wrong
// change is noted and the reading goes on, so that one run lists them all (bounded by FindingsMax a section).
//
// # Money
//
// The processor's books are another witness, written by somebody else: a log that lost its end is whole by itself (its last
// records are simply not there), but the charges for what it sold remain. A payment is begun only once "paying" is durable, a
// booking sold only once the charge is, and on a refund the money goes before the seats. So after any crash only this can be:
//
//	booking is                money charged     none, declined     money refunded
//	held                      FINDING           -                  -
//	paying                    under way         -                  under way
//	confirmed                 -                 FINDING            under way
//	released, expired         FINDING           -                  -
//	refunded                  FINDING           FINDING            -
//	not in the log            FINDING           -                  FINDING
//
// Under way is no damage, and is told apart from it: the next start, or a refund repeated, ends it. Money that arrived after its payment
// had been given up, on a booking that is held or has ended, is a finding although no log is damaged: the watch over such payments ends with
// the process (see package checkout), and somebody has paid for nothing until it is settled by hand. A log cut off between
// a refund's two steps cannot be told from a crash there.
//
// The books come in through Options as plain values: which processor wrote them, and how a payment's id names a booking, is the caller's
// to know.
package audit
