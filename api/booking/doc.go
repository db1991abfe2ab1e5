// Package booking answers the calls about bookings: hold, look, extend, release, pay, refund. The first is the hottest
// call of all.
//
//	body ── wire.BookParser ──► whose booking? ──► Engine.Book ──► BookingView ──► JSON
//
// Nothing is decided here that the engine decides. Seat ids stay in the parser's buffer until the engine has resolved
// them; the call's own memory holds the outcome; so a hold and its refusal allocate nothing (P7).
//
// A payment token goes to the processor and, as a hash, into the request's fingerprint. It is kept nowhere (P12).
package booking
