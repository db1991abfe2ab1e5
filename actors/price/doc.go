// Package price is what a seat costs and what the cost is made of. It is pure: whole minor units in, whole minor units
// out. An event has one price a category, fixed when the event is made.
//
//	face 40.00 ─┐
//	fees  5.00 ─┼─ added taxes ─▶ total 45.00   what every surface shows, what is charged
//	            └─ included taxes: a part of the face and the fees, told and never added
//
// A tax has a rate in percent or an amount; one that has a rate is reckoned once, for one seat of the category, rounded
// half up, and kept as an amount. So a booking's tax is the sum of its seats' taxes, and no sum is ever rounded. All
// taxes of one price are included, or all are added.
//
// A code stands for one component in the whole event: one name, one rate, fee or tax. So the components of seats of
// several categories can be added up by code.
//
// Refund says what of a price goes back: all of it, or all but the fees and the part of the taxes that lies on them.
//
// A Mark is a short fingerprint of an event's whole price list. Every hold carries the mark and its total in the log,
// so that an audit finds a list that was changed behind the log's back: a total always, a shift between components with
// a chance of one in 16,383 to be missed.
//
// Names as elsewhere: a fee with a code and a tax with a rate are pretix's; "included" is Stripe's "inclusive".
// Rejected: taxes that are reckoned on a booking's sum, for a partial refund would then depend on what else was bought;
// amounts with decimals; a price of a seat of its own, which the log would have to carry a seat.
package price
