// Package bookinglist answers the calls of those who look for bookings.
//
//	GET /v1/events/{event}/bookings ─▶ operators: an event's, by state, buyer, seat, payment and time
//	GET /v1/bookings                ─▶ operators: one buyer's, over all events
//	GET /v1/me/bookings             ─▶ a buyer's own, over all events
//
// All three are one search (actors/bookingsearch), newest first, a page at a time. An answer says as of when it is
// true, and whether something could not be seen. A filter that is wrong is named.
//
// A buyer is named to operators by the event's pseudonym, which leads to nobody without the event's key (P14).
//
// Rejected: a count of what there is. It would need all of it to be looked at for each page.
package bookinglist
