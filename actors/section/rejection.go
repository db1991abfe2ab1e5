package section

import "strconv"

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
	// Limits on one buyer, met only by what nothing else refuses.
	PaymentAttempts // begin payment: PaymentAttemptsMax were begun already
	TooManyRequests // place or extend: RequestsPerBuyerMax requests of this buyer are remembered
	// Before a waiting room, told before any of the above but what is remembered.
	NotAdmitted      // place: no session
	AdmissionExpired // place: the session's time is up
	AdmissionStale   // place: the session was looked up before the newest end that the section was told of
	// GrantStale is not for people: place or fence: the coordinator's fence in the section is another's, or newer.
	// Nothing was done, and the engine asks for a new grant.
	GrantStale
	// Of money, told to whoever asks the processor.
	AttemptStale   // the attempt or the refund that a command names is not the one that is open
	ChallengeLimit // challenge: the booking has had account.ChallengeMax
	RefundTooLarge // refund: more than what is left of the money taken
	// Of orders, and not for people either.
	OrderUnderWay // ask, begin: the order, or one under the same request, is being collected
	OrderGone     // place: the order is not collected here any more; sell, free: the leg is another's, or has ended
	SeatBound     // place, bind for an order: some seat was bound a moment ago by an order that may come to nothing
	// ChallengeCoolDown is told to a buyer who wants seats again that a challenge of theirs has kept for nothing:
	// place, bind. Outcome.ExpiresAt is when they may be had.
	ChallengeCoolDown
	// Of the sale switch, told before all but what is remembered.
	SaleNotOpen    // place: the sale is paused or closed; extend: it is closed
	EventCancelled // place, extend, begin payment
	// Of tickets.
	TicketUnknown   // admit, reissue: the booking has no such seat
	TicketVoid      // the seat was refunded, or the ticket issued anew
	AlreadyAdmitted // Outcome.Passes says when and where
	// Of exchanges.
	NotExchangeable      // a booking that an earlier build has sold, or of an event without prices
	ExchangeOverSections // the booking, or what it wants, is over several sections
	ExchangeUneven       // as many seats are to be given up as are wanted
	ExchangeUnderWay     // an exchange of the booking is held or being paid
	// Of transfers.
	TransferForbidden // offer, accept: the event's terms keep tickets with who bought them
	TransferUnknown   // accept, withdraw: the booking has no such transfer
	TransferOwn       // accept: it is the caller's own offer
	TransferAccepted  // accept: by another; withdraw: somebody has accepted it
	TransferWithdrawn // accept
	TransferExpired   // offer, accept: its time is over
	TransferPending   // offer, exchange: some ticket is on offer already
	NotHolder         // offer, exchange: some ticket is another buyer's by now
	// Of prices. PricesChanged is not for people: place: the command's types are numbers of another list. The engine
	// looks them up anew.
	PricesChanged
	TypeUnknown // place: Outcome.Lost are of categories without the type of ticket that was asked for
	rejectionEnd
)

// rejectionText holds the stable codes. They are part of the public API: never change one, only add.
var rejectionText = [rejectionEnd]string{
	Accepted:            "accepted",
	IdempotencyMismatch: "idempotency_mismatch",
	BookingUnknown:      "booking_unknown",
	SeatUnknown:         "seat_unknown",
	DuplicateSeat:       "duplicate_seat",
	NoSeats:             "no_seats",
	TooManySeats:        "too_many_seats",
	TooManyForBuyer:     "too_many_for_buyer",
	AlreadyConfirmed:    "already_confirmed",
	PaymentInProgress:   "payment_in_progress",
	HoldExpiredAlready:  "hold_expired",
	HoldReleasedAlready: "hold_released",
	AlreadyRefunded:     "already_refunded",
	NotPaying:           "not_paying",
	NotConfirmed:        "not_confirmed",
	ExtensionLimit:      "extension_limit",
	SeatTaken:           "seat_taken",
	SeatsNotFree:        "seats_not_free",
	OrphanSeat:          "orphan_seat",
	SplitOnly:           "split_only",
	SoldOut:             "sold_out",
	PaymentAttempts:     "payment_attempts",
	TooManyRequests:     "too_many_requests",
	NotAdmitted:         "not_admitted",
	AdmissionExpired:    "admission_expired",
	AdmissionStale:      "admission_stale",
	GrantStale:          "grant_stale",
	AttemptStale:        "attempt_stale",
	ChallengeLimit:      "challenge_limit",
	RefundTooLarge:      "refund_too_large",
	OrderUnderWay:       "order_under_way",
	OrderGone:           "order_gone",
	SeatBound:           "seat_bound",
	ChallengeCoolDown:   "challenge_cool_down",
	SaleNotOpen:         "sale_not_open",
	EventCancelled:      "event_cancelled",
	TicketUnknown:       "ticket_unknown",
	TicketVoid:          "ticket_void",
	AlreadyAdmitted:     "already_admitted",

	NotExchangeable:      "not_exchangeable",
	ExchangeOverSections: "exchange_over_sections",
	ExchangeUneven:       "exchange_uneven",
	ExchangeUnderWay:     "exchange_under_way",
	TransferForbidden:    "transfer_forbidden",
	TransferUnknown:      "transfer_unknown",
	TransferOwn:          "transfer_own",
	TransferAccepted:     "transfer_accepted",
	TransferWithdrawn:    "transfer_withdrawn",
	TransferExpired:      "transfer_expired",
	TransferPending:      "transfer_pending",
	NotHolder:            "ticket_transferred",
	PricesChanged:        "prices_changed",
	TypeUnknown:          "ticket_type_unknown",
}

// String is the stable snake_case code; "accepted" for the zero value.
func (r Rejection) String() string {
	if r >= rejectionEnd {
		return "rejection(" + strconv.Itoa(int(r)) + ")"
	}
	return rejectionText[r]
}

// Retryable reports whether the same request, unchanged, could be accepted later: because seats come back, because the
// buyer's other bookings end, or because a payment is decided. A false answer is final for this request.
func (r Rejection) Retryable() bool {
	switch r {
	case TooManyForBuyer, PaymentInProgress, SeatTaken, SeatsNotFree, OrphanSeat, SplitOnly, SoldOut, TooManyRequests,
		ChallengeCoolDown, ExchangeUnderWay:
		return true
	}
	return false
}
