// Package checkout is the money side of a booking: the port to a payment processor, and the reconciler that asks again until
// every payment that was begun has an answer.
//
//	confirm ─▶ section: held → paying (durable) ─▶ Gateway.Charge ─┬─ charged ──▶ section: confirmed + tickets
//	                                                               ├─ declined ─▶ section: back to held
//	                                                               └─ unknown ──▶ Reconciler: Gateway.Lookup … until known
//
// No lock, transaction or mailbox is held while the processor is asked (P6): the booking stands in `paying` meanwhile, which
// no timer ends. The booking's own id is the idempotency key of its payment, so asking twice charges once.
package checkout
