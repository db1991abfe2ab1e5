// Package exchange is a pure room: sold bookings that give seats up for others. It is replayed with the seats of a
// section, and as pure as they are. The machine of section decides; this room keeps, encodes and restores.
//
//	booking    confirmed ──────────────────────────────────── Exchanged ──▶ confirmed, with the other seats
//	                                                              ▲
//	exchange   HoldPlaced(of, gives, credit) ─▶ held ─▶ paying ───┘ one record: the new seats are the booking's
//	                                             └─▶ released, expired: the booking is as it was
//
// An exchange is a hold of its own, beside the booking: its seats are held, extended, paid for and given up as those of
// any hold are, and the booking keeps what it has meanwhile. What it costs is the price of the new seats less the
// credit, which is what the seats that are given up count for. An attempt takes it where it is above 0, a refund of the
// booking gives it back where it is below. So nothing about payments, challenges, ends and crashes is written twice.
//
// The money that an exchange took stays in its own account, and is the booking's: a refund takes it when the booking's
// own money does not suffice. The exchange is remembered as long as its booking is.
//
// # Limits
//
// An exchange gives as many seats as it takes, and its hold is counted for nobody: a buyer who has as many seats as the
// limit allows may exchange them, no coordinator is asked, and the limit holds at every instant (P13). Of one booking
// at most one exchange is under way, so nobody holds seats by exchanging one for many.
//
// # Rejected
//
//   - To end the booking, and have a new one in its place: the codes of the seats that stay would die with it.
//   - A second captured attempt of the booking's own account: one captured attempt a booking (I4) is what the till, the
//     refunds and the audit go by.
//   - Exchanges for more seats, or fewer: more is a booking more, with a grant of its own; fewer is a refund.
package exchange
