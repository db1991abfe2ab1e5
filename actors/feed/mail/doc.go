// Package mail tells buyers what became of their bookings. It is a sink of the feed.
//
//	feed ── Tell ──▶ which mail is due? ──▶ queue in the store: a reference and a kind, no text, no address
//	                                          │ due
//	                                          ▼
//	                   event, booking, contact are read now ──▶ package letter ──▶ Sender ──▶ taken: forgotten
//	                                          ▲                                      │
//	                                          └────── again, with growing pauses ────┤ else, for three days
//	                                                                                 ▼
//	                                                                    dead: counted, listed
//
// # Which mails there are
//
//	booking.confirmed                        confirmed: with the tickets, once every section has sold
//	booking.refund_due, by an operator       refunded, or cancelled when the event was called off
//	booking.refund_due, of money that came   returned
//	  when there was no booking for it
//	booking.refunded, without money          refunded
//	booking.held, booking.extended           a reminder before the hold ends
//
// Each is sent at least once, and its Message-ID is the same at every repeat: that of the change. Reminders are the
// exception: they are a courtesy, stand in memory only, and do not outlive the process.
//
// # Who gets them
//
// The log has pseudonyms, and contact data has subjects (P14). Nothing leads from one to the other but trying: when
// mails are due, the contacts are read through once for all buyers of an event who are waiting for one, and each
// subject's pseudonym is made. That takes about a microsecond a contact, and the next look waits nine times as long as
// the last one took: with a million contacts a mail is some ten seconds late. A buyer without contact data gets no
// mail. Whoever is forgotten before a mail is sent gets none either, for the queue has no address.
//
// Events of before there were keys for pseudonyms send nothing.
//
// # Rejected
//
// A table from pseudonyms to subjects: it would be the list that P14 says there is none of. Addresses in the queue:
// they would have to be found again to be erased. Mails from the call that sells: the buyer would wait for a mail
// server, and a crash would lose the mail.
package mail
