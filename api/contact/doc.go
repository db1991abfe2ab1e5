// Package contact answers the calls about how a buyer is reached: give, look, erase; and an operator's word to forget a
// buyer.
//
//	body ──► Check ──► Engine.SetContact ──► the store, beside the logs
//
// Contact data goes by the token's subject, into the store and nowhere else: no log line, no metric, no section's log,
// no answer but the buyer's own has it (P14). It is whole: a call replaces all of it.
//
// Rejected: contact data in a hold's body. A hold is the hottest call and its fingerprint is in the log; and whoever
// buys twice would have to be asked twice. Rejected: remembering these calls' keys. Each of them does the same however
// often it is repeated.
package contact
