// Package entry is a pure room: who was let in with which sold seat. It is replayed with the seats of a section, and as
// pure as they are. The machine of section decides; this room keeps, encodes and restores.
//
//	sold ── Admitted ──► in ── Doubled ──► in, and somebody else too: two scanners that could not ask have let both in
//	 │ ▲
//	 └─┘ Reissued: the code that was told so far is void, the next one counts
//
// A ticket is a sold seat of a booking. It is named by the booking's number and by what is left: the leg (0: a seat of
// the booking's own section, k: of the order's k-th leg) and the seat. All of a booking's tickets are its home's, so
// one log knows of a ticket that it was sold, refunded and used.
//
// A code has a rotation: how often the ticket was issued anew. The book has no entry for a ticket of rotation 0 that
// nobody came with, so an event pays for the people who came, and not for the seats that it sold: some 70 bytes for a
// ticket alone, 45 for each of several in one booking, and the name of each scanner once.
//
// # Two scanners, one ticket
//
// Who is first by the scanners' own time is the one who was let in rightly; the other is a Double, whichever of them is
// heard of first. So a ticket's admission may move to an earlier one, and a Double may be what was an admission. Of one
// moment, the admission that was logged first stays. A scanner whose clock is wrong is believed: nothing else is known.
//
// # Rejected
//
//   - A bit beside each sold seat: legs' seats stand in other sections, and a bit says neither when nor where.
//   - Letters for people who are inside on the map: browsing has no business with the doors.
package entry
