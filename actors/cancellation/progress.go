package cancellation

import (
	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/storage"
)

// Count is of refunds.
type Count struct {
	Number uint64
	Amount int64 // minor units of the event's currency
}

func (c *Count) add(amount int64) {
	c.Number++
	c.Amount += amount
}

// Progress is how far an event's sections have come.
type Progress struct {
	Sections   int
	Cancelling int // have the turn in their logs: nothing is held or paid there any more
	Unheard    int // are not served or followed by the node that was asked, now
	// Held, Paying and Sold are bookings that have not ended, and are not owed back; one over several sections once.
	Held, Paying, Sold uint64
	// Untold are bookings over several sections, and parts of such, of which some section has not heard yet that they
	// have ended.
	Untold uint64
	// Due, Pending, Refunded and Failed are refunds; those that failed wait for an operator.
	Due, Pending, Refunded, Failed Count
	// Unaccounted are sold bookings of builds without attempts: what was paid for them is not in the log.
	Unaccounted []booking.ID

	unaccounted []section.BookingNo // of a single section
}

// Add adds a section's state, and says whether the section is cancelling.
func (p *Progress) Add(state *section.State) bool {
	turn, _ := state.SaleAt()
	off := turn.State() == sales.Cancelling
	if off {
		p.Cancelling++
	}
	refunds, sum := state.Returned()
	p.Refunded.Number += refunds
	p.Refunded.Amount += sum
	state.Standing(func(is section.BookingState, b *order.Standing) {
		switch {
		case b.Leg && is == section.BookingBound, b.Unsettled:
			p.Untold++
		}
		switch {
		case b.Leg: // a part of its home's booking, which is counted there
		case is == section.BookingHeld:
			p.Held++
		case is == section.BookingPaying:
			p.Paying++
		case is == section.BookingConfirmed && b.Money == nil:
			p.unaccounted = append(p.unaccounted, b.No)
			p.Sold++
		case is == section.BookingConfirmed && b.Left > 0:
			p.Sold++
		}
		if b.Money != nil {
			p.addRefunds(b.Money.Refunds)
		}
	})
	return off
}

func (p *Progress) addRefunds(refunds []account.Refund) {
	for i := range refunds {
		switch r := &refunds[i]; {
		case r.State == account.Due:
			p.Due.add(r.Amount)
		case r.State == account.Pending:
			p.Pending.add(r.Amount)
		case r.State == account.Failed && !r.Replaced:
			p.Failed.add(r.Amount)
		}
	}
}

// Join adds what a section has come to.
func (p *Progress) Join(key storage.SectionKey, other *Progress) {
	p.Cancelling += other.Cancelling
	p.Unheard += other.Unheard
	p.Held += other.Held
	p.Paying += other.Paying
	p.Sold += other.Sold
	p.Untold += other.Untold
	for i, c := range []*Count{&p.Due, &p.Pending, &p.Refunded, &p.Failed} {
		from := []*Count{&other.Due, &other.Pending, &other.Refunded, &other.Failed}[i]
		c.Number += from.Number
		c.Amount += from.Amount
	}
	for _, no := range other.unaccounted {
		p.Unaccounted = append(p.Unaccounted, booking.ID{Section: key, No: no})
	}
}

// Over says that nothing is held, paid or sold any more, and the processor has taken every refund that it will take by
// itself.
func (p *Progress) Over() bool {
	return p.Cancelling == p.Sections && p.Unheard == 0 && p.Held+p.Paying+p.Sold+p.Untold+p.Due.Number == 0
}
