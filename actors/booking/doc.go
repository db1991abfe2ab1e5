// Package booking holds what a buyer has in hand: the text of a booking's id, the codes of sold seats, and the links by
// which tickets go to others.
//
//	ID ◀── ParseID ── "b…" ◀── AppendID ── ID       event, section, number, and a check: any node can route it
//	ID, seat ── TicketCodes ──▶ "7WJA-SDH2-UB46-FS22"   unguessable without the store's secret; the same at every repeat
//	ID, transfer ◀── OpenLink ── "t…" ◀── Link ── ID, transfer      likewise: who has it may accept the tickets
//
// Both are printed on paper: what one build wrote, every later one must read and write the same.
//
// # Rejected
//
//   - Random ids: a node that is asked for a booking would have to ask who has it.
//   - Stored ticket codes: a row more for each seat, and a secret in every backup.
package booking
