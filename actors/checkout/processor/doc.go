// Package processor is the port to a payment processor: what the checkout asks of Stripe, of the sandbox, and of any
// other.
//
//	Open ─▶ opened ─┬─ Charge ─▶ captured
//	  (a reference) │         └▶ declined
//	                │         └▶ challenge ─ the buyer passes ─▶ opened, and Charge goes on
//	                └─ Cancel ─▶ cancelled   (of what is opened, or a challenge)
//
//	captured ─ Refund (id, amount) ─▶ pending ─▶ refunded | failed
//
// Rules of every adapter, which package processortest holds against each:
//
//   - Open takes no money and cannot lead to a charge by anybody but the caller of Charge: no secret that a browser has
//     ever seen charges a payment. The reference it gives is made durable before Charge is called.
//   - Captured, Declined and Cancelled are terminal: an attempt that was once told to be one of them stays it. What was
//     told to be cancelled never takes money, whatever was on its way.
//   - Every call is idempotent: Open by attempt, Charge by attempt, Refund by the refund's id. The first answer counts.
//   - An error means Unknown: the call may or may not have been done, and is asked again. It is never a decline.
//   - Amounts follow the processor's own table of minor units; Chargeable says before a sale which cannot be taken.
//   - A webhook is a hint: Verify proves that the processor sent it and tells which attempt is to be asked about. Its
//     content settles nothing.
//
// Rejected: capture in a second step. The seats are reserved while a booking is paying, so nothing is won by reserving
// the money too, and a capture that fails would be a third thing that can be unknown. Rejected: a status "never seen".
// A processor that answers a search slowly would be believed.
package processor
