// Package webhook takes what payment processors send on their own.
//
//	processor ── POST, signed ──► Receive ──► Payments: the adapter proves the signature over the raw body ──► a hint
//	                                 │                                            │
//	                                 └── 200 at once                              └── no: 400, counted by address
//
// A webhook is a hint and decides nothing: what is paid is asked of the processor, by whoever owns the booking, later.
// So it is answered at once whatever has become of that node, and a second delivery of the same one does nothing.
//
// The body is somebody else's and is kept nowhere: it is not searched for card numbers (P12), since a processor's long
// numbers would be taken for some, and a webhook that is refused comes again for days. A body that nobody signed is
// neither read nor logged.
//
// Whoever signs wrongly is counted by address; a processor's own webhooks are not, for they come from few addresses and
// as many as there are sales.
package webhook
