// Package orders carries bookings over several sections: it places them, and brings what becomes of them to all their
// sections. What a section makes of each command is package section's; see package order.
//
// An order has a home, the lowest of its sections, whose log has the booking, and legs, which are bound for it. It is
// placed in two commits:
//
//	begin at the home ─▶ bind all legs, side by side ─▶ place at the home, with its legs: the commit point
//	   an id              durable, or none               │
//	                                                     └─ no ─▶ abandon at the home ─▶ free the legs
//
// Whoever runs this may die at any step: a leg asks its home, and an order that its home has not placed, and does not
// collect, is none. Binding never waits for a seat, so two orders never wait for each other; one that meets seats which
// another has only just bound tries once more, in ascending order, after a pause.
//
// The homes of orders tell their legs what has become of them, until all have heard; and legs that have not heard ask:
//
//	home sold or ended ─Landed, Loaded─▶ Notifier ─▶ SellLeg, FreeLeg at every leg ─▶ SettleOrder
//	home gave seats of legs back ─────────▶ likewise ─▶ ShrinkLeg, or FreeLeg where none is left
//	leg, every ten seconds ─▶ AskOrder at the home ─▶ the same, or nothing yet
//
// All is done again without end: the word of the home does not change, and what it has given back stays so. Where a leg
// cannot hear that all of its seats went back, for its section is closed, the order is served without it (ServeOrder):
// to its buyer it is confirmed.
//
// Rejected: binding in ascending order always (a commit more for each leg, to spare the few that meet); waiting at a
// bound seat (two orders could wait for each other); a timer in the leg's section (it would act by its clock).
package orders
