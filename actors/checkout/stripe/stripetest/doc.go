// Package stripetest is a Stripe with a memory, for tests: Stripe's own mock judges requests and remembers nothing.
//
//	adapter ─▶ Server ─┬─ intents: Stripe's states, manual confirmation, challenges, errors with the intent in them
//	                   ├─ idempotency keys: the first result is remembered, a decline too; another body is refused
//	                   ├─ refunds: pending, failed, too much          events, disputes, webhooks
//	                   └─ search that knows nothing yet, and counts who asks
//
// It refuses what this project must never ask of Stripe: an intent that a browser could confirm, or that is confirmed
// as it is made, other means of payment than cards, a key that is not secret, a mutation without an idempotency key.
package stripetest
