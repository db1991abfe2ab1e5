package audit

import (
	"fmt"
	"maps"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/sales"
	"holdfast/storage"
)

// saleLog follows the sale switch through a section's log: under which turn each change was decided. Before the first
// turn the catalog's word counted, which no log has.
type saleLog struct{ turn sales.Turn }

// barred says what a change is that must not be there since the newest turn; empty: nothing of the kind.
func (l *saleLog) barred(c *section.Change) (what string) {
	state := l.turn.State()
	switch {
	case (c.Kind == section.HoldPlaced || c.Kind == section.LegBound) && state > sales.Open:
		return "a hold"
	case c.Kind == section.HoldExtended && state > sales.Paused:
		return "more time for a hold"
	case state != sales.Cancelling:
	case c.Kind == section.PaymentBegun:
		return "a payment"
	case c.Kind == section.BookingSold && c.Pay.Attempt != 0: // one without a number was begun by an earlier build
		return "a sale"
	case c.Kind == section.BookingExchanged:
		return "an exchange"
	}
	return ""
}

var turnWords = [...]string{sales.Open: "open", sales.Paused: "paused", sales.Closed: "closed",
	sales.Cancelling: "cancelling"}

// turned holds a change against the switch, as the log has it.
func (s *sectionAudit) turned(c *section.Change) {
	l := &s.sale
	if what := l.barred(c); what != "" {
		s.note(Barred, fmt.Sprintf("booking %d: %s, while the sale is %s since turn %d", c.Booking, what,
			turnWords[l.turn.State()], l.turn.Number()))
	}
	switch {
	case c.Kind == section.HoldPlaced && l.turn == 0:
		s.totals.HoldsByCatalog++
	case c.Kind != section.SaleSwitched:
	case c.Sale.Number() <= l.turn.Number():
		s.note(WrongChange, fmt.Sprintf("turn %d of the sale switch after turn %d", c.Sale.Number(), l.turn.Number()))
	case l.turn.State() == sales.Cancelling && c.Sale.State() != sales.Cancelling:
		s.note(WrongChange, fmt.Sprintf("the sale is %s at turn %d, after the event was cancelled",
			turnWords[c.Sale.State()], c.Sale.Number()))
	}
	if c.Kind == section.SaleSwitched {
		l.turn = c.Sale
	}
}

// checkCancelled holds the section of an event that the catalog calls cancelled against that: nothing is held or paid,
// and what is sold is owed back.
func (s *sectionAudit) checkCancelled() {
	if s.event.Sale != storage.SaleCancelled {
		return
	}
	if s.sale.turn.State() != sales.Cancelling {
		s.note(NotCancelled, "the event is cancelled, and this section's log does not say so")
	}
	for _, no := range slices.Sorted(maps.Keys(s.ledger.bookings)) {
		b := s.ledger.bookings[no]
		if b.order != nil && b.order.leg { // what it has is its home's to owe: see orders.go
			continue
		}
		switch b.state {
		case section.BookingHeld, section.BookingPaying:
			s.note(NotCancelled, fmt.Sprintf("the event is cancelled, and booking %d is %s", no, stateWord(b.state)))
		case section.BookingConfirmed:
			if left := len(b.seats) - len(b.due) + b.legsLeft(); left > 0 {
				s.note(NotCancelled, fmt.Sprintf("the event is cancelled, and %d seats of booking %d are not owed back",
					left, no))
			}
		default:
		}
	}
}

// owe enters what a change of a refund says of money that is on its way back.
func (b *booking) owe(c *section.Change) {
	switch {
	case c.Kind == section.RefundDue && c.Pay.Reason == account.Anomaly:
		b.owes = true
	case c.Kind == section.RefundDue && c.Pay.Reason == account.Exchanged: // of no seat
	case c.Kind == section.RefundDue && c.Order == nil:
		b.due, b.wholeDue = append(b.due, c.Seats...), true
	case c.Kind == section.RefundDue:
		b.due = append(b.due, c.Seats...)
		b.legsDue.add(c.Order.Legs)
	case c.Kind == section.RefundDone && len(c.Seats) == 0 && b.state != section.BookingConfirmed:
		b.owes = false
	default:
		b.due = slices.DeleteFunc(b.due, func(s section.SeatIndex) bool { return slices.Contains(c.Seats, s) })
	}
}
