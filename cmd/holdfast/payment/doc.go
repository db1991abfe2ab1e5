// Package payment opens the payment processor that a server was told to use, and takes its webhooks.
//
//	--payments stripe       ─▶ stripe.Adapter ──────────────────────────────┐
//	--payments sandbox-url  ─▶ remote.Client ─▶ holdfast sandbox            ├─▶ Till.Processor ─▶ the engine
//	--payments sandbox      ─▶ sandbox.Sandbox, its books beside the store ─┘
//	                             └─ its challenges' page, on an address of its own
//	POST /v1/payments/webhook/{adapter} ─▶ Till.PaymentHint ─▶ Verify ─▶ the engine's hint
//
//	Follower ─▶ the account's events, from a cursor in the store (or the folder of the one node) ─▶ the engine's hint
//
// Rejected: several processors at once. A booking's log would have to say which one has its money; until somebody wants
// that, changing processors means to wait until nothing is under way at the old one.
package payment
