// Package section is the pure room: the state machine of one section's seats. It imports a little of the standard
// library and nothing that could surprise: no clock, no chance, no I/O, no goroutines. Time, ids and requests come in
// as data, answers and changes go out as data, so a test is a list of commands and a replay is a list of changes.
//
//	Command ──► Decide ──► Outcome            "no", or "yes" as a value
//	              │
//	              └──────► Changes ──► Apply  what replay does too, without judging again
//
// A booking and its seats:
//
//	         PlaceHold, PlaceBest
//	                 │
//	                 ▼       BeginPayment         ConfirmPayment
//	ExtendHold ──► held ──────────────► paying ──────────────────► confirmed
//	            (h) │ ▲                  (h) │                      (s) │
//	                │ └──────────────────────┘                          │
//	                │        FailPayment                                │
//	  ReleaseHold ──┼── ExpireHolds                        RefundBooking│
//	       ▼        ▼                                                   ▼
//	  released   expired                                            refunded     seats: (a) again
//
//	seats only:  (a) ── BlockSeats ──► (b) ── UnblockSeats ──► (a)
//
// Every arrow is one Change, and every change asserts the status it starts from (P1): a wrong one is a panic, not an
// answer. A hold ends at its ExpiresAt by itself: begin and extend look at it, so a late ExpireHolds cannot sell a
// lapsed hold (P4). A paying booking does not end by the clock, because the buyer's money may already be gone (P6):
// ConfirmPayment in state paying is accepted however late, and after FailPayment the old end counts again.
//
// # Refusals
//
// When several rejections hold, the smallest is told. In order: idempotency_mismatch, booking_unknown, seat_unknown,
// duplicate_seat, no_seats, too_many_seats, too_many_for_buyer, already_confirmed, payment_in_progress, hold_expired,
// hold_released, already_refunded, not_paying, not_confirmed, extension_limit, seat_taken, seats_not_free, orphan_seat,
// split_only, sold_out, payment_attempts, too_many_requests; of tickets, transfers and prices their own, in the order of
// Rejection. Before them all comes what the sale switch bars of new holds: sale_not_open, event_cancelled. So: who
// asks, then what is asked, then the limits, then the booking, then the seats. Another buyer's booking is an unknown
// one. Releasing a released booking is no refusal but a repeat.
//
// A refusal is told only when what it was judged on is durable (P2): seats, bookings and buyers carry the number of the
// record that last touched them, and Outcome.DependsOn is the newest of those that made the answer.
//
// # Grants
//
// The limit on a buyer's seats is the event's, and a section sees its own only. In a coordinated event a new hold
// carries a Grant: the word of the buyer's coordinator, which counts the buyer over all sections (P13). A coordinator
// that begins anew has a fence written into every section (FenceGrants) before it counts: from there on the section
// takes grants of that epoch only, so two of them never count the same buyer. A fence can also begin at a later grant
// of the same epoch, which settles what became of the earlier ones. Behind an older fence a hold is refused as
// grant_stale, which is no word for people.
//
// # Orders
//
// A booking over several sections is an order. Its home is a booking here, with a list of legs; a leg is a booking here
// that is nobody's to move but its home's:
//
//	home   BeginOrder ─► id, in memory ─► PlaceHold with the legs ─► as any booking ─► SettleOrder: all heard
//	                                      the commit point
//	leg    BindLeg ──► (h) bound ── SellLeg ──► (s) confirmed ── FreeLeg ──► refunded
//	                        └────── FreeLeg ──► (a) released   both cite the home's record, or that it has none
//
// A leg never acts by a clock: after order.CollectMax it is due to ask (DueLegs, AskOrder). A home that has not
// recorded an order, and does not collect it, says so, and from there on refuses to place it: that word needs no write.
// What an earlier life collected is not placed either.
//
// # The sale switch
//
// The catalog's word on the sale is logged here turn by turn (SwitchSale), and a section judges by its log: a turn with
// a higher number than the log's counts, and no other, so that late messages and two operators end alike everywhere. A
// turn that a section missed is a duty of its next life (SaleOwed): like an end of a hold it is logged before any other
// command is judged. A log without a turn, of earlier builds, leaves the sale to the catalog.
//
// The last turn is cancelling. From there on nothing is held, extended or paid, and the section winds itself up, a
// piece at a time, as it ends holds: held bookings are released, and all that sold ones have left is owed back. The
// processor's word that money was taken for a payment under way ends the booking and owes the money back, in one
// record: nothing is sold any more (P6).
//
// # Terms
//
// An operator may edit an event's limits and hold times. The catalog's word comes with a turn of the switch and is
// logged here (TermsSet), missed ones likewise by the next life (TermsOwed): a hold goes by the terms in the log before
// it, and by those that the event was made with where the log has none. Nothing that stands is judged again. A grant
// that was given by a higher limit than the log's becomes no hold (P13). What is remembered, and for how long, is no
// part of terms: forgetting is replayed, and goes by the rules that the event was made with.
//
// # Tickets
//
// AdmitTicket lets a sold seat in, once: its record is the admission, at whichever node the scanner asked. A scanner
// that could not ask tells what it did (Entry.Offline), and a ticket that two have let in is logged as doubled. A code
// is void from the moment that the refund of its seat is due, and once the ticket was issued anew (ReissueTicket). See
// package entry. A ticket of a leg is judged at the home: nobody else knows what was paid, refunded and used.
//
// # Exchanges
//
// A sold booking's seats are exchanged for as many others by a hold of its own (PlaceExchange), which is extended, paid
// and ended as any is; the booking keeps its seats meanwhile. ConfirmPayment of it is BookingExchanged: one change that
// sells what it held to the booking, and frees what that gives up. See package exchange.
// # Transfers
//
// OfferTransfer offers tickets of a sold booking to somebody else, AcceptTransfer gives them to the first who says yes,
// with new codes, and WithdrawTransfer takes an offer back. The booking stays its payer's, with its money and seats,
// which count against the payer's limit for ever (P13). See package transfer. An event's terms may forbid transfers.
//
// # Idempotency
//
// Accepted requests are remembered inside the state (P5), with the booking they made or changed. A repeat gets that
// booking as it stands now. A request is forgotten once it is older than DedupeWindow and not among the DedupeCountMin
// youngest; an ended booking once DedupeWindow has passed and no remembered request names it; live and confirmed
// bookings never. Forgetting happens in Apply, a few entries at a time, and is part of the replayed truth.
//
// # Best available
//
// PlaceBest never refuses while enough suitable seats are free (P11). Together in one row, between two breaks, comes
// before everything; then as few seats marked accessible as possible for a buyer who did not ask for one; then the
// smallest sum of Layout.Quality. Inside a row a choice that strands no single seat always wins; between rows a
// stranding one counts as a quarter worse. When no row has enough, the longest stretches are taken first, which gives
// the fewest groups, and plain seats suffice where they can. In a general area the lowest free places are taken.
//
// # Prices
//
// With a price list every hold is logged with its seats' total and the mark of the list (I12). An operator may edit
// prices: the new list comes as terms do (PricesSet), and holds from there on go by it. A hold keeps its list, which
// state knows by the booking's number. What of a price does not follow from the seats is the hold's Fare, logged before
// it: types of tickets, and that it was given away. A leg of an order costs what its home's list says; the commands of
// an order name the list once prices were edited, and a home places none whose legs go by another. See package tariff.
//
// # Memory and speed
//
// Bookings, buyers, requests and the expiry heap are pointer-free records in chunks, found through tables of 8-byte
// entries that grow in small shards: the collector has nothing to scan, and no command pays for a big copy. A live hold
// of one seat costs about 180 bytes (the memory test prints it). What idempotency costs on top grows with traffic, not
// with seats: a hold that was placed and released under two keys keeps about 220 bytes until DedupeWindow has passed.
//
// Rejected: one Go map per index (pointers to scan, growth of millions of entries in one go); a lazy heap (carries
// every released hold until its end); one timer per hold; a scan for best-available (tens of microseconds at 5,000
// seats, with every other command waiting); remembering refusals (a write for every loser).
package section
