// Package bookingsearch searches the bookings of events for the people behind the counter, and for their buyers.
//
//	Query ─▶ Search ─┬─▶ every section of every Target: which bookings, newest first (keys only) ─┐
//	                 │      its state, served here, or the replica of another node's              ├─▶ a Page
//	                 └─▶ a BuyerIndex, for events that nobody has open: has the buyer any? ───────┘
//	                               the bookings of the page, and no others, are described
//
// Nothing is written, and of open events nothing is indexed: what is searched is what sections remember. These are all
// bookings that are alive (held, paying, confirmed), and those that have ended for as long as their section remembers
// them: a day after their end, and longer while a request about them is among the section's youngest (see
// section.Rules). What ended before that stands in the log alone (holdfast log, holdfast views). Nothing here is ever
// consulted to grant.
//
// # Pages
//
// The order is that of placing, newest first; bookings of one millisecond stand by event, section and number. A
// booking's place in this order never changes, and a cursor is a place. So a booking that matches from before the first
// page until after the last is told exactly once, and none is told twice. One that begins or ceases to match meanwhile
// may be told or not. A page may be short, or empty, and have a next one: each call looks at bookings up to a bound.
//
// # What it costs
//
// A section is shown to a search lookMax bookings at a time, some tens of microseconds, between which its writer goes
// on with buyers' requests. A section that has no booking of the buyer who is searched for is asked one thing, a look
// into a table. Memory is that of the page. A BuyerIndex is 16 bytes a booking, of closed events only, and
// buyerIndexesMax bookings in all.
//
// # How fresh
//
// What a section of this node tells is durable before it is told. Of another node's section the replica tells, which
// follows the log by some milliseconds. Where a section is neither served nor followed here, or its replica knows that
// it lags, the page is Incomplete.
//
// Rejected: a table of bookings beside the log, written with each hold: it would cost the hottest call, and say
// something else one day. Rejected: to ask owners over the network for what every node follows anyway: a desk would
// stand still with one of them. Rejected: pages by section and number, as the list of open money has: a desk looks for
// what has just happened.
package bookingsearch
