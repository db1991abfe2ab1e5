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
//	payments ─────── every sold booking was charged what it costs, and nobody else was (P6)
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
// The processor's books are another witness, written by somebody else: a log that lost its end is whole by itself (its
// last records are simply not there), but the charges for what it sold remain. A payment is begun only once "paying" is
// durable, a booking sold only once the charge is, and on a refund the money goes before the seats. So after any crash
// only this can be:
//
//	booking is                money charged     none, declined     money refunded
//	held                      FINDING           -                  -
//	paying                    under way         -                  under way
//	confirmed                 -                 FINDING            under way
//	released, expired         FINDING           -                  -
//	refunded                  FINDING           FINDING            -
//	not in the log            FINDING           -                  FINDING
//
// Under way is no damage, and is told apart from it: the next start, or a refund repeated, ends it. Money that arrived
// after its payment had been given up, on a booking that is held or has ended, is a finding although no log is damaged:
// the watch over such payments ends with the process (see package checkout), and somebody has paid for nothing until it
// is settled by hand. A log cut off between a refund's two steps cannot be told from a crash there.
//
// # While the source is written
//
// A storage.Freezer is looked at while somebody sells. Each section is read in one instant (never all in the same), so
// log, tickets and snapshot are held against each other exactly as in a quiet store. What is not of one instant is the
// rest:
//
//	books ──▶ list of logs ──▶ list of events ──▶ section, section, … ──▶ books again, only if somebody is suspect
//	(before)                                      (an instant a second)   (after)
//
// An event is there before its logs and its payments, so it is listed after them: none of those found first can belong
// to an event that came later. What came later than the lists is left to the next audit.
//
// The books are older than a section's instant, or younger, and never both at once. Money goes one way only: none or
// declined, charged, refunded; and an order of writing that holds through every crash says what each reading proves:
//
//	finding                                             judged by the books   because
//	sold or refunded, and nobody charged                after                 the charge is there before the sale is durable
//	refunded, and the money kept                        after                 the money is back before the refund is durable
//	charged or refunded, and no such booking            before                the hold is durable before the payment begins
//	charged, and no payment was ever begun              before                the beginning is durable before the charge is asked for
//	charged, and held or ended after a payment failed   before, then once     money came late, and whoever sells is about to settle it:
//	                                                    more section, after   a finding if after Options.Patience it has not been
//	another amount, a word that is unknown              either                neither ever changes
//
// And of what is under way: charged and still paying, refunded and still confirmed or paying, by the books before; what
// the books after say of those is the sale going on. Judged the other way round each line would tell of damage where
// somebody only bought or gave back a seat between the two readings; and no line waits for a quiet moment, so damage
// that is there when the audit begins is found however much is sold meanwhile. A quiet source is read once, and before
// and after are the same.
//
// The books need not be of one instant themselves, only read wholly before or wholly after. They must not be a copy
// that lags behind: books that are older than they say would be taken for the books after.
//
// The books come in through Options as plain values: which processor wrote them, and how a payment's id names a
// booking, is the caller's to know.
package audit
