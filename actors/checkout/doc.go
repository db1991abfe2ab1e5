// Package checkout is the money side of a booking: the port to a payment processor, and the reconciler that asks again
// until every payment that was begun has an answer.
//
//	confirm ─▶ section: held → paying (durable) ─▶ Gateway.Charge ─┬─ charged ──▶ section: confirmed + tickets
//	                                                               ├─ declined ─▶ section: back to held
//	                                                               └─ unknown ──▶ Reconciler: Gateway.Lookup … until known
//
// No lock, transaction or mailbox is held while the processor is asked (P6): the booking stands in `paying` meanwhile,
// which no timer ends. The booking's own id is the idempotency key of its payment, so asking twice charges once.
//
// A booking that costs nothing goes the same way, and the processor never hears of it: the engine's freeGateway answers
// in its place.
//
// # Late money
//
// A payment that the processor has never seen is given up after some patience: the booking goes back to held, and may
// be paid again, end, or be released. The charge may still arrive after that. The reconciler therefore watches such a
// payment for another day and a half, and whoever hears of money, however late and however often, settles it by this
// one table:
//
//	booking is        money charged                    declined, never seen    money refunded
//	paying            confirm                          back to held            back to held
//	held              begin again, then confirm        nothing                 nothing
//	confirmed         nothing                          nothing                 take the tickets back
//	released, expired give the money back              nothing                 nothing
//	refunded, unknown give the money back              nothing                 nothing
//
// A held booking is sold rather than refunded: its buyer asked for it, paid for it and still has the seats; and selling
// is decided by the section alone, whereas a refund could cross a second attempt to pay, which is the same payment. An
// ended booking never comes back, so there a refund crosses nothing. Settling a settled payment changes nothing.
//
// Limit: the watch is in memory. Money that arrives after its payment was given up and after a restart is found by the
// processor's own callback or its list of the day, which may be settled by the same table at any time.
package checkout
