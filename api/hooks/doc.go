// Package hooks answers operators about webhooks out, and whoever follows an event's changes by asking.
//
//	POST   /v1/webhooks                              ─▶ an endpoint, and its secret: told here and never again
//	GET    /v1/webhooks, /v1/webhooks/{webhook}      ─▶ as it is kept
//	PATCH  /v1/webhooks/{webhook}                    ─▶ address, filters, words, on or off
//	DELETE /v1/webhooks/{webhook}                    ─▶ gone, with its queue and its log
//	POST   /v1/webhooks/{webhook}/rotate             ─▶ another secret; the one before signs too for a while
//	POST   /v1/webhooks/{webhook}/ping               ─▶ one attempt, and what became of it
//	GET    /v1/webhooks/{webhook}/deliveries         ─▶ a page of what was told and what is told again
//	POST   /v1/webhooks/deliveries/{delivery}/resend ─▶ once more, at once
//	GET    /v1/events/{event}/changes                ─▶ what the logs say, from a cursor on; waits for more
//
// A key's call is done once (P5): the endpoint's id is made of the key, and other calls are remembered once they are
// done. A repeat of the call that made an endpoint is told the secret again: the first answer may have been lost.
//
// Rejected: one stream for all events. Its cursor would name every section there is; whoever wants all has a webhook.
package hooks
