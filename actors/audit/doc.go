// Package audit is the verifier (P10): it reads a store through the port, trusts nothing, and says what does not add
// up. It is independent of whoever sells: it reads a stopped store, or one that goes on being written.
//
//	             ┌─ chain:   seq dense, hash of the one before, epoch grows by claims only, time never back
//	entry ──────▶┤
//	             └─ changes ─┬─▶ ledger: a map and a loop, knows nothing of the core  ─┐
//	                         └─▶ section.State: the core's own replay                 ─┴─▶ same seats, same bookings?
//	                                    │
//	tickets table ── equals the ledger's sold seats
//	snapshot ─────── equals the replayed state at its seq, byte for byte
//	prices ───────── every hold was logged with what its seats cost, under the event's list of prices (I12)
//	money ────────── every sold booking was charged what it costs, and nobody else was (P6); see package reconcile
//	grants ───────── over all sections: no buyer ever had more seats than allowed (P13), no request was done twice
//	plan ─────────── every seat is free, held, sold or blocked, exactly one of them
//
// The ledger exists because a verifier that replays with the code it verifies would nod at that code's own mistakes. It
// is kept dumb on purpose: one map from seat to booking, one map of bookings.
//
// The first damage in a section's chain stops the reading of that section, since what follows cannot be trusted; a
// wrong change is noted and the reading goes on, so that one run lists them all (bounded by FindingsMax a section).
//
// # Money
//
// The processor's list of payments is another witness, written by somebody else: a log that lost its end is whole by
// itself (its last records are simply not there), but the charges for what it sold remain. An attempt is durable before
// the processor is told to charge, a booking sold only once the charge is, and a refund is owed by the log before the
// processor gives it: the seats are on sale again when the processor has taken it. What of a booking's log and the list
// does not fit is the subject of package reconcile (I1 to I6, I12); grants are held against the limit with the event
// (I11). What a crash may leave half done is told apart from damage: whoever sells goes on with it after the next
// start. So are refunds that wait for an operator, and disputes, of which no log knows.
//
// Money that arrived after its attempt was over is owed back by the log as soon as the engine hears of it; until then
// it is a finding although no log is damaged. The sums of all bookings are in the report: charged = sold + refunded +
// owed back + in transit, disputes apart. At rest the last two are nothing.
//
// # While the source is written
//
// A storage.Freezer is looked at while somebody sells. Each section is read in one instant (never all in the same), so
// log, tickets and snapshot are held against each other exactly as in a quiet store. What is not of one instant is the
// rest:
//
//	list of logs ──▶ list of events ──▶ section, section, … ──▶ the processor's list
//	                                                             └─ only if somebody is suspect: ──▶ the suspects'
//	                                      sections (a later instant) ──▶ the processor's list, as far as they need it
//
// Causes precede effects, so sections come before money. A booking that does not fit its payments by the first two
// readings may have gone on between them, and is a suspect. What the processor has must by then be in the suspects'
// logs, for these were read after the list; what those logs say must be in the list that is read after them. So a sale
// that goes on yields no finding, and damage that is there when the audit begins is found however much is sold
// meanwhile. A suspect with late money is given Options.Patience: whoever sells is about to owe it back.
//
// An event that was made after the events were listed is left to the next audit, and so are its payments. The list
// need not be of one instant itself. It must not be a copy that lags behind: one that is older than it says would be
// taken for what the processor says now.
//
// The list comes in through Options as plain values: which processor wrote it, and how a payment's id names a booking,
// is the caller's to know; see package processorlist.
//
// Rejected: to read the processor's list first. Stripe takes minutes for a long one, and everything that was sold in
// these minutes would be a suspect.
package audit
