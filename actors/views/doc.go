// Package views derives tables for people from the section logs: which booking has which seat, in words and with names,
// for support desks, reports and spreadsheets. It is a projection: eventually consistent, never consulted to grant,
// dropped and rebuilt at will.
//
//	section_log ──Read──▶ Page ──Fold──▶ rows as they stand after the page
//	                        ▲                     │
//	  people.booking ───────┘                     ▼   one transaction, guarded by people.progress
//	  (those touched)                people.booking, people.seat, people.progress
//	                                              │
//	                       people.bookings  people.legs  people.seats_now  people.tickets   (views)
//
// [Fold] is pure: a page of changes and the touched bookings' rows in, rows out. The [Projector] around it finds the sections whose log
// has grown, and takes them on in parallel, a page at a time.
//
// A booking over several sections is one row, by its home's log alone: that has all of its seats, their sections, what
// is given back, and when all legs have sold. Legs are rows too, and lead to their booking; the views show its id for
// their seats. Sections are followed each by itself, so a leg may be shown some moments before its booking, or after.
//
// # Why it cannot go wrong by itself
//
// A page is applied whole or not at all, and only where the section stands at exactly the record (number and hash)
// before the page. So a projector may be killed anywhere, and any number may run at once: the slower one's page is
// dropped. A log that is another one than before (restored from an old backup, say) is noticed by its hash and not
// mixed in.
//
// # When a log cannot be followed
//
// A damaged log stops its own section and no other: the section keeps showing what was true at its as_of. A log whose
// first records were removed (retention) can be followed by a projection that had passed them; one that had not, or is
// rebuilt, stops at that section and says so.
//
// # What was rejected
//
//   - Starting from the snapshot where the first records are gone: it knows the seats, but not the bookings that have ended, when a
//     booking was placed or when it was confirmed. Half a history that looks like a whole one is worse than none.
//   - Triggers on section_log: the commit point of every sale would pay for readers, and CockroachDB would leave its one-phase commit.
//   - A column of state on every seat: a payment would then write every seat of a booking twice. Seats are written when they change hands.
//   - Checking here that no seat has two owners: that is the audit's work, which trusts nothing; a projection shows what the log says.
//   - Putting a booking together from its legs' rows: each is as of another moment, and together they may say what
//     never was.
//   - A schema named like this room: the tables are named people since their first build, and readers have grants on them.
package views
