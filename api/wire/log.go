package wire

import "strconv"

// LogChange is one line of what `holdfast log` prints: one change of one section's log, or a record without changes (a
// claim, a release). Lines come section by section, in the order of the log.
type LogChange struct {
	Event   string `json:"event"`
	Section string `json:"section"` // the section's id
	Seq     uint64 `json:"seq"`     // of the record
	Index   int    `json:"index"`   // of the change in its record
	Epoch   uint64 `json:"epoch"`
	At      Time   `json:"at"`
	// Kind is claim, released, hold_placed, hold_extended, hold_released, hold_expired, payment_begun, payment_failed,
	// sold, refunded, blocked, unblocked, leg_bound and so on: the Log constants.
	Kind    string `json:"kind"`
	Booking string `json:"booking,omitempty"` // as the API tells it
	// HashText of the RequestHash of the request that did it; none for a lapse.
	Request   string `json:"request,omitempty"`
	Buyer     string `json:"buyer,omitempty"` // HashText of the event's pseudonym; of what takes seats
	ExpiresAt *Time  `json:"expires_at,omitempty"`
	// Seats are indexes into the section, of hold_placed, exchanged, blocked and unblocked; and of seats given back.
	Seats []uint32 `json:"seats,omitempty"`
	// Total is what the seats cost, as it was logged; of hold_placed, in events whose holds are logged with a price.
	Total *Money `json:"total,omitempty"`
	// Order names the booking over several sections that this is about, the same in the lines of its home and of its
	// legs, and unique in its event; none in the lines of other bookings.
	Order string `json:"order,omitempty"`
	// Cited is the seq of the home's record that a leg was sold or freed by, or that its legs have all heard; of a leg
	// that was freed without one, the home had placed no such order.
	Cited uint64 `json:"cited,omitempty"`
	// Ticket is of ticket_admitted and so on: leg and seat, with a dot between them. Leg 0 is a seat of the section
	// itself, k one of the k-th leg of the booking. Rotation counts how often the ticket was issued anew.
	Ticket   string `json:"ticket,omitempty"`
	Rotation uint16 `json:"rotation,omitempty"`
	// Scanner and ScannedAt are of admissions, by the scanner's own clock. Offline: it told of what it had done.
	Scanner   string `json:"scanner,omitempty"`
	ScannedAt *Time  `json:"scanned_at,omitempty"`
	Offline   bool   `json:"offline,omitempty"`
	// Exchanges, of hold_placed and exchanged: the booking whose seats Gives are given up for Seats. Credit is what
	// they count for.
	Exchanges string   `json:"exchanges,omitempty"`
	Gives     []uint32 `json:"gives,omitempty"`
	Credit    *Money   `json:"credit,omitempty"`
	// Transfer is of transfer_offered and so on: its number within the booking. Tickets are those that it is of, and
	// Buyer is who offers, or who has accepted.
	Transfer uint16   `json:"transfer,omitempty"`
	Tickets  []string `json:"tickets,omitempty"`
}

// The kinds of a LogChange. The first two are records without changes.
const (
	LogClaim             = "claim"          // somebody took the section over
	LogReleased          = "released"       // its owner gave the section up
	LogHoldPlaced        = "hold_placed"    // seats are on hold
	LogHoldExtended      = "hold_extended"  // until later
	LogHoldReleased      = "hold_released"  // given back
	LogHoldExpired       = "hold_expired"   // its time was over
	LogPaymentBegun      = "payment_begun"  // the processor is about to be asked
	LogPaymentFailed     = "payment_failed" // declined or cancelled: back on hold
	LogSold              = "sold"
	LogRefunded          = "refunded"
	LogBlocked           = "blocked" // by an operator
	LogUnblocked         = "unblocked"
	LogPaymentChallenged = "payment_challenged" // the buyer's bank asks the buyer
	LogRefundDue         = "refund_due"         // owed from here on; the tickets of its seats are void
	LogRefundPending     = "refund_pending"     // the processor has taken it, and its seats are on sale again
	LogRefundFailed      = "refund_failed"      // the money stays with the seller; another may be due instead
	LogSaleOpened        = "sale_opened"        // the sale switch, as the section goes by it from here on
	LogSalePaused        = "sale_paused"
	LogSaleClosed        = "sale_closed"
	LogSaleCancelled     = "sale_cancelled"  // the event is being cancelled
	LogTermsSet          = "terms_set"       // holds go by edited limits and times from here on
	LogPricesSet         = "prices_set"      // holds go by an edited price list from here on
	LogGrantsFenced      = "grants_fenced"   // by a coordinator: older grants are no good from here on
	LogLegBound          = "leg_bound"       // seats of a booking whose home is another section
	LogLegSold           = "leg_sold"        // as its home was
	LogLegFreed          = "leg_freed"       // its home ended, or never was
	LogLegSeatsFreed     = "leg_seats_freed" // its home gave those seats back; it keeps others
	LogOrderServed       = "order_served"    // all other sections in which a booking has seats left have sold them
	LogExchanged         = "exchanged"       // what the booking held is another's, whose given seats are free
	LogTicketAdmitted    = "ticket_admitted"
	LogTicketDoubled     = "ticket_doubled"  // let in by another scanner too, which could not ask
	LogTicketReissued    = "ticket_reissued" // its code has a new rotation; older ones are void
	LogTransferOffered   = "transfer_offered"
	LogTransferAccepted  = "transfer_accepted" // the tickets are another buyer's, and their codes are the next
	LogTransferWithdrawn = "transfer_withdrawn"
	LogOrderSettled      = "order_settled" // all other sections of a booking have heard how it was sold or ended
)

// LogKinds are all of them: what reads logs is tested against the list.
var LogKinds = [...]string{
	LogClaim, LogReleased, LogHoldPlaced, LogHoldExtended, LogHoldReleased, LogHoldExpired, LogPaymentBegun,
	LogPaymentFailed, LogSold, LogRefunded, LogBlocked, LogUnblocked, LogPaymentChallenged, LogRefundDue,
	LogRefundPending, LogRefundFailed, LogSaleOpened, LogSalePaused, LogSaleClosed, LogSaleCancelled, LogGrantsFenced,
	LogLegBound, LogLegSold, LogLegFreed, LogLegSeatsFreed, LogOrderServed, LogOrderSettled, LogTermsSet, LogPricesSet,
	LogTicketAdmitted, LogTicketDoubled, LogTicketReissued, LogExchanged, LogTransferOffered, LogTransferAccepted,
	LogTransferWithdrawn,
}

// AppendLogChange appends the JSON of c, without a line's end: the same document encoding/json would make, member for
// member in the order of the struct. A log of ten million changes is printed by it, so it allocates nothing beyond dst.
func AppendLogChange(dst []byte, c *LogChange) []byte {
	dst = AppendString(append(dst, `{"event":`...), c.Event)
	dst = AppendString(append(dst, `,"section":`...), c.Section)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), c.Seq, 10)
	dst = strconv.AppendInt(append(dst, `,"index":`...), int64(c.Index), 10)
	dst = strconv.AppendUint(append(dst, `,"epoch":`...), c.Epoch, 10)
	dst = appendQuotedTime(append(dst, `,"at":`...), c.At)
	dst = AppendString(append(dst, `,"kind":`...), c.Kind)
	dst = appendOptional(dst, `,"booking":`, c.Booking)
	dst = appendOptional(dst, `,"request":`, c.Request)
	dst = appendOptional(dst, `,"buyer":`, c.Buyer)
	if c.ExpiresAt != nil {
		dst = appendQuotedTime(append(dst, `,"expires_at":`...), *c.ExpiresAt)
	}
	if len(c.Seats) > 0 {
		dst = appendNumbers(append(dst, `,"seats":`...), c.Seats)
	}
	if c.Total != nil {
		dst = AppendMoney(append(dst, `,"total":`...), *c.Total)
	}
	dst = appendOptional(dst, `,"order":`, c.Order)
	if c.Cited != 0 {
		dst = strconv.AppendUint(append(dst, `,"cited":`...), c.Cited, 10)
	}
	if c.Ticket != "" {
		dst = appendTicket(dst, c)
	}
	if c.Exchanges != "" {
		dst = appendOptional(dst, `,"exchanges":`, c.Exchanges)
		dst = appendNumbers(append(dst, `,"gives":`...), c.Gives)
		if c.Credit != nil {
			dst = AppendMoney(append(dst, `,"credit":`...), *c.Credit)
		}
	}
	if c.Transfer != 0 {
		dst = appendTransfer(dst, c)
	}
	return append(dst, '}')
}

func appendTransfer(dst []byte, c *LogChange) []byte {
	dst = strconv.AppendUint(append(dst, `,"transfer":`...), uint64(c.Transfer), 10)
	for i, ticket := range c.Tickets {
		if i == 0 {
			dst = append(dst, `,"tickets":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, ticket)
	}
	if len(c.Tickets) > 0 {
		dst = append(dst, ']')
	}
	return dst
}

func appendTicket(dst []byte, c *LogChange) []byte {
	dst = appendOptional(dst, `,"ticket":`, c.Ticket)
	if c.Rotation != 0 {
		dst = strconv.AppendUint(append(dst, `,"rotation":`...), uint64(c.Rotation), 10)
	}
	dst = appendOptional(dst, `,"scanner":`, c.Scanner)
	if c.ScannedAt != nil {
		dst = appendQuotedTime(append(dst, `,"scanned_at":`...), *c.ScannedAt)
	}
	if c.Offline {
		dst = append(dst, `,"offline":true`...)
	}
	return dst
}

// appendOptional appends a member, unless its text is empty.
func appendOptional(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return AppendString(append(dst, name...), text)
}

func appendQuotedTime(dst []byte, t Time) []byte {
	return append(AppendTime(append(dst, '"'), t), '"')
}

func appendNumbers(dst []byte, numbers []uint32) []byte {
	separator := byte('[')
	for _, n := range numbers {
		dst = strconv.AppendUint(append(dst, separator), uint64(n), 10)
		separator = ','
	}
	return append(dst, ']')
}
