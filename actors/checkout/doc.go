// Package checkout is the money side of bookings: the list of payments that the logs leave open, and the calls that are
// under way on this node.
//
//	confirm ─▶ till: Open, BeginPayment (durable), Charge, the processor's word told to the section
//	              └─ no answer ─▶ Reconciler ─▶ Settle, again and again, until the log leaves nothing open
//	section opened or taken over ─▶ what its log leaves open ─▶ Reconciler
//	webhook, event list ─▶ a hint ─▶ Reconciler: ask now
//
// Rooms below: processor (the port), processortest (its rules), sandbox and stripe (adapters), till (what is asked
// when, and what the section is told).
//
// No lock, transaction or mailbox is held while the processor is asked (P6): the booking stands in `paying` meanwhile,
// which no timer ends. Each attempt has an idempotency key of its own, made of the booking's id and the attempt's
// number, so asking twice charges once. A booking that costs nothing goes the same way, and the processor never hears
// of it.
//
// What is open stands in the sections' logs and nowhere else: a crash, a takeover, and a week without the processor
// lose nothing.
//
// Rejected: to believe "never seen". A charge may be on its way; a payment that was opened is cancelled instead, and
// the processor's acknowledgement is its last word. Rejected: a watch over payments that are given up, which was in
// memory.
package checkout
