// Package sandbox is a pretend payment processor with a real memory: every word of it is durable before it is told, in
// books of its own, so that a crash of the engine can be checked against what "the bank" says. It moves no money.
//
// A token decides what becomes of its payment:
//
//	tok_ok                 captured at once
//	tok_declined           declined at once
//	tok_slow               captured after Slow (2 s); until then pending
//	tok_stall              captured after Stall (4 s), and nobody is answered until the caller gives up
//	tok_unknown            captured, but the answer is lost; Lookup tells
//	tok_lost               the request is lost: the payment stays opened, and the answer is lost too
//	tok_challenge          3-D Secure: a page with "Pass" and "Fail"; passed, it is opened again, and Charge captures
//	tok_challenge_decline  the same, and Charge declines
//	tok_refund_fails       captured; its first refund fails
//	tok_refund_pending     captured; a refund is pending for RefundDelay (2 s)
//	tok_dispute            captured; the buyer's bank asks for the money back
//	tok_webhook_twice      captured; every webhook comes twice
//	tok_webhook_late       captured; every webhook comes WebhookDelay (5 s) late
//	tok_webhook_unordered  captured; the newest webhook comes first, then the one before
//	tok_webhook_forged     captured; before every webhook comes one under another secret
//	tok_webhook_never      captured; no webhook comes
//	any other              declined; its text is kept nowhere (P12)
//
// A webhook goes out after every change where SendWebhooks was called. It is a hint: {"id":"evt_…",
// "type":"payment.captured","attempt":"…","reference":"…","created":1790000000}, signed in Sandbox-Signature as
// t=<Unix seconds>,v1=<hex of HMAC-SHA256 over t, "." and the raw body>.
//
// It keeps its books in one of two places, behind one small interface:
//
//	          ┌─ fileBooks    a file of JSON lines, for one process (Open); who pay at the same time share a sync
//	Sandbox ──┤
//	          └─ sharedBooks  rows of a store that several processes share (OpenShared): the store decides between two
//	                          that ask at once, so a payment is one payment whichever of them asks (P6)
//
// A change is read, decided, and written over the revision that was read; where another was quicker it is decided anew.
// What takes time (pending charges and refunds) is written down with its moment, and has happened for whoever looks
// after that: no timer has to survive a crash.
//
// Books of earlier builds open: their payments are captured, declined or refunded under the booking's id, which is
// attempt and reference in one.
package sandbox
