// Package audit is the offline verifier (P10): it reads a store through the port, trusts nothing, and says what does not add up.
//
//	             ┌─ chain:   seq dense, hash of the one before, epoch grows by claims only, time never back
//	entry ──────▶┤
//	             └─ changes ─┬─▶ ledger: a map and a loop, knows nothing of the core  ─┐
//	                         └─▶ section.State: the core's own replay                 ─┴─▶ same seats, same bookings?
//	                                    │
//	tickets table ── equals the ledger's sold seats
//	snapshot ─────── equals the replayed state at its seq, byte for byte
//	plan ─────────── every seat is free, held, sold or blocked, exactly one of them
//
// The ledger exists because a verifier that replays with the code it verifies would nod at that code's own mistakes. It is
// kept dumb on purpose: one map from seat to booking, one map of bookings.
//
// The first damage in a section's chain stops the reading of that section, since what follows cannot be trusted; a wrong
// change is noted and the reading goes on, so that one run lists them all (bounded by FindingsMax a section).
package audit
