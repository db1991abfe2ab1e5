package section

// Rejection is a business "no". The list is closed; codes are part of the public API.
type Rejection uint8

// Rejections in their order of precedence: when several hold, the smallest is told.
const (
	Accepted            Rejection = iota
	IdempotencyMismatch           // request known with another body
	BookingUnknown                // no such booking, or not this buyer's
	SeatUnknown                   // seat index outside the section
	DuplicateSeat                 // one seat named twice in one command
	NoSeats                       // no seat named, or quantity 0
	TooManySeats                  // over SeatsPerBookingMax
	TooManyForBuyer               // over SeatsPerBuyerMax
	AlreadyConfirmed              // the booking is sold
	PaymentInProgress             // the booking is paying
	HoldExpiredAlready            // the hold is past its end
	HoldReleasedAlready           // the hold was released
	AlreadyRefunded
	NotPaying      // confirm or fail without begin payment
	NotConfirmed   // refund of something unsold
	ExtensionLimit // the ceiling allows no later end
	SeatTaken      // some named seat is not available
	SeatsNotFree   // block: some seat is held or sold; unblock: not blocked
	OrphanSeat     // the choice would strand a single free seat (only with Rules.RefuseOrphans)
	SplitOnly      // PlaceBest with TogetherOnly: enough seats, but not together
	SoldOut        // PlaceBest: not enough suitable free seats
	rejectionEnd
)
