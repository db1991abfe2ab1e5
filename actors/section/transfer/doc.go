// Package transfer is a pure room: which tickets of a booking have become somebody else's. It is replayed with the
// seats of a section, and as pure as they are. The machine of section decides with it, and has the codes of tickets.
//
//	a holder's tickets ── Offer ──► offered ── accepted, once ──► the tickets are the other buyer's, with new codes
//	                                   │
//	                                   ├────── withdrawn, by who offered, or an operator
//	                                   └────── Until is over: no record says so, it can only not be accepted any more
//
// The booking stays what it was, with its payer, its money and its number: only who holds a ticket changes, and so a
// part of a booking travels as the whole does, and a ticket may go on from one to the next. The holder of a ticket is
// who accepted it last, and who paid where nobody has. All of that is the truth of the booking's home, for tickets of
// its legs too: no seat changes hands in any other log.
//
// An offered ticket stays its holder's, with the code that it has, until somebody accepts: nobody is kept out because
// an answer was late. A ticket that went in meanwhile, or is owed back, can be accepted no more.
//
// # Money and limits
//
// A refund goes to who paid. A ticket counts against the limit of who bought it, for ever, and of nobody else (P13):
// who gives tickets away may not buy others in their place, and who is given one needs no room for it. Were it the
// other way, a limit of four would let one buyer have four seats after four, each lot parked with a friend.
//
// # Rejected
//
//   - A new booking for who accepts: its money would be another booking's, and a refund would have to find it.
//   - The secret of the link in the log, or its hash: it is made of the transfer's number with the store's key, and
//     whoever reads a log can accept nothing.
//   - A timer that ends offers: the moment stands in the offer, and each who comes later is judged by it.
//   - Codes that die when their ticket is offered: a link that nobody opens would leave two people outside.
package transfer
