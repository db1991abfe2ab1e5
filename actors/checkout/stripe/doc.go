// Package stripe is the adapter to Stripe, by PaymentIntents.
//
//	port      Stripe
//	Open      POST payment_intents, unconfirmed; confirmation_method=manual, cards only     key <attempt>-open
//	Charge    POST payment_intents/{id}/confirm, from this server, with the buyer's token    key <attempt>-charge
//	          after a challenge the same without a token                                     key <attempt>-on-<charge>
//	Lookup    GET  payment_intents/{id}
//	Cancel    POST payment_intents/{id}/cancel
//	Refund    GET  refunds of the intent; where the id is not among them, POST refunds       key <refund>
//	Payments  GET  payment_intents, in windows of time      Events  GET events, by time
//
// What an intent's status says:
//
//	requires_payment_method   opened; declined where it has a last_payment_error
//	requires_confirmation     opened: the buyer has passed a challenge
//	requires_action           a challenge      processing, requires_capture   pending      succeeded   captured
//	canceled                  cancelled; declined where this adapter gave it up for a token that is none ("abandoned")
//
// An intent can be confirmed with the secret key alone: its client secret never leaves this package, and its
// confirmation is manual, so that even with that secret no browser could charge a lapsed booking (P6). Errors of the
// library hold whole intents with that secret; they are reduced to status, code and request id.
//
// Stripe remembers the first result of an idempotency key, a decline and a failure of its own included, for a day. So
// keys are of an attempt, an answer that Stripe replays is read anew by reference, and a refund is looked for before it
// is made: a key that was forgotten after a day must not give money back twice. The library's own retries are off.
// Search is not used: it answers late.
//
// Amounts are Stripe's: see amounts.go. Webhooks are proved over the raw body by any of several secrets, within
// Tolerance both ways. Only ids are read of them, so that an endpoint of another API version is no trouble.
//
// Limits. The least amount is Stripe's for the currency where Stripe names one; where an account settles in another
// currency Stripe may ask for more, and Open fails. A dispute's webhook does not name the attempt: Events does, with a
// question of its own. Stripe lists events of 30 days.
package stripe
