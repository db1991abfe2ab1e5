package cancellation

import (
	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
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
	// Held, Paying and Sold are bookings that have not ended, and are not owed back.
	Held, Paying, Sold uint64
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
	state.Standing(func(no section.BookingNo, is section.BookingState, seats int, m *account.Money) {
		switch is {
		case section.BookingHeld, section.BookingBound:
			p.Held++
		case section.BookingPaying:
			p.Paying++
		case section.BookingConfirmed:
			if m == nil {
				p.unaccounted = append(p.unaccounted, no)
			}
			if m == nil || owedSeats(m) < seats {
				p.Sold++
			}
		}
		if m != nil {
			p.addRefunds(m.Refunds)
		}
	})
	return off
}

func owedSeats(m *account.Money) (seats int) {
	for i := range m.Refunds {
		if r := &m.Refunds[i]; r.Reason == account.Requested && !r.Back && !r.Replaced {
			seats += len(r.Seats)
		}
	}
	return seats
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
	return p.Cancelling == p.Sections && p.Unheard == 0 && p.Held+p.Paying+p.Sold+p.Due.Number == 0
}
