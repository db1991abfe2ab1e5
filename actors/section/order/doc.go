// Package order is what a section knows of orders, which are bookings over several sections: of those whose home it is,
// and of the legs that are bound in it. It has their names, their forms in logs and messages, and a Book of them beside
// a section's bookings; package section has what becomes of seats.
//
//	home  collecting (memory) → placed: the commit point → sold or ended, by a record → settled: all legs heard
//	leg   bound → sold → freed; bound → freed                 by the home's word only, which it cites
//
// What a home has not placed and does not collect never will be placed, for the home says so itself: so presumed abort
// needs no write. A life's collecting ends with the life, and an id names its life.
//
// Rejected: legs that lapse by their own clocks (the home may be sold by then); a coordinator's log (the home's log is
// the truth of its bookings already); writing down what is being collected (a third commit for each order).
package order
