// Package pending is what operators see of money that is open or wrong, over all nodes.
//
//	List ─┬─ this node's reconciler and its disputes ─┐
//	      └─ Call ─▶ every other node: Answer ─────────┴─▶ merged by booking ─▶ each booking read ─▶ a page
//
// The list says which bookings: what is open in the sections' logs, what waits for a person, and what buyers' banks ask
// back. What is shown of each is read from its section, so that what was settled meanwhile is not shown. A node that
// does not answer makes a page incomplete, and the page says so.
//
// Every page is bounded: pageMax bookings, of scanMax that were looked at. A cursor is a booking, and stays good
// whatever happens to that booking.
//
// Rejected: a table of open payments. The logs say it, and a table beside them would say something else one day.
package pending
