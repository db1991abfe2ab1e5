package audit

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/actors/money"
	"holdfast/actors/section"
	"holdfast/storage"
)

// sight tells how the books and the section that are held against each other lie in time.
type sight uint8

const (
	together sight = iota // nothing was written between the two readings
	before                // the books were read first
	after                 // the section was looked at first
)

// ruling is what follows from a booking and the word of the books on it.
type ruling uint8

const (
	inOrder ruling = iota
	chargeUnderWay
	refundUnderWay
	notCharged  // a finding
	keptMoney   // a finding
	wordUnknown // a finding
	askBooks    // nothing can be said before the books were read after the section's instant
	askBoth     // nothing can be said before the section was looked at once more, and the books after it
)

// judge is the table of the package comment. Never seen is as good as declined: no money.
func judge(b *booking, word PaymentStatus, s sight) ruling {
	sold := b.state == section.BookingConfirmed || b.state == section.BookingRefunded
	switch {
	case word == PaymentUnknown:
		return wordUnknown
	case word == PaymentDeclined && sold:
		return unless(s, notCharged, askBooks)
	case word == PaymentCharged && b.state == section.BookingRefunded:
		return unless(s, keptMoney, askBooks)
	case word == PaymentCharged && b.state == section.BookingPaying:
		return chargeUnderWay
	case word == PaymentCharged && b.state == section.BookingConfirmed:
		return inOrder
	case word == PaymentCharged && b.begun == 0:
		return keptMoney
	case word == PaymentCharged:
		return unless(s, keptMoney, askBoth)
	case word == PaymentRefunded && (b.state == section.BookingConfirmed || b.state == section.BookingPaying) && s != after:
		return refundUnderWay
	}
	return inOrder
}

// unless answers found, but ask while the books are older than the section.
func unless(s sight, found, ask ruling) ruling {
	if s == before {
		return ask
	}
	return found
}

// suspect is a booking about which its section's instant and the books before it cannot say whether its money is right.
type suspect struct {
	*subject
	no      section.BookingNo
	booking booking
	late    bool // askBoth
}

// comparePayments holds the processor's books against the section's bookings, both ways (P6).
func (r *run) comparePayments(s *sectionAudit) {
	if r.payments == nil {
		return
	}
	mine := r.payments.of[s.key]
	delete(r.payments.of, s.key)
	sight := together
	if r.freezer != nil {
		sight = before
	}
	for _, no := range slices.Sorted(maps.Keys(s.ledger.bookings)) {
		b := s.ledger.bookings[no]
		if b.order != nil && b.order.leg {
			continue // its home is paid for it
		}
		if ruling := s.settle(no, b, mine[no], sight); ruling == askBooks || ruling == askBoth {
			r.suspects = append(r.suspects, suspect{subject: s.subject, no: no, booking: *b, late: ruling == askBoth})
		}
		delete(mine, no)
	}
	for _, no := range slices.Sorted(maps.Keys(mine)) {
		if paid := mine[no]; paid.Status != PaymentDeclined {
			s.note(
				PaymentStray,
				fmt.Sprintf("payment %s is %v, for booking %d that the log does not have", paid.ID, paid.Status, no),
			)
		}
	}
}

// settle reports what is to be said about one booking's money; paid is nil when the books have none.
func (s *subject) settle(no section.BookingNo, b *booking, paid *Payment, sight sight) ruling {
	amount, sure := s.costs(b)
	if free := sure && amount == 0; free && (paid == nil || paid.Amount == 0) {
		return inOrder // nobody is asked for nothing; earlier builds have a charge of 0 in their books
	}
	word, id := PaymentDeclined, ""
	if paid != nil {
		word, id = paid.Status, paid.ID
	}
	ruling := judge(b, word, sight)
	switch ruling {
	case wordUnknown:
		s.add(0, Unreadable, fmt.Sprintf("payment %s of booking %d is in no known state", id, no))
	case notCharged:
		s.add(
			0, PaymentMissing,
			fmt.Sprintf("booking %d was sold in seats %v, but nobody was charged for it", no, b.seats),
		)
	case keptMoney:
		s.add(0, PaymentStray, fmt.Sprintf("payment %s is charged, but booking %d is %s", id, no, stateWord(b.state)))
	case chargeUnderWay:
		s.underWay(
			ChargeUnderWay,
			fmt.Sprintf(
				"payment %s is charged, booking %d still paying: its node is about to confirm it, or the next start does",
				id,
				no,
			),
		)
	case refundUnderWay:
		s.underWay(
			RefundUnderWay,
			fmt.Sprintf(
				"payment %s is refunded, booking %d still %s: the seats follow, or repeat its refund", id, no,
				stateWord(b.state),
			),
		)
	case inOrder, askBooks, askBoth:
	}
	if word != PaymentDeclined && ruling != askBooks && ruling != askBoth && sure &&
		(paid.Amount != amount || paid.Currency != s.event.Currency) {
		s.add(0, PaymentDiffers, fmt.Sprintf("payment %s is of %s, booking %d costs %s",
			paid.ID, money.Format(paid.Amount, paid.Currency), no, money.Format(amount, s.event.Currency)))
	}
	return ruling
}

// costs is what a booking costs, its legs with it: what the log says (I12), of a hold that was logged without a price
// what its seats do. Prices never change once the event is there, nor a booking's seats, nor the amount of a charge: it
// is right whichever was read first. sure is false for a seat that is none: a wrong change, noted as such.
func (s *subject) costs(b *booking) (amount int64, sure bool) {
	if amount, sure = b.total, true; !b.priced {
		amount, sure = s.list(s.layout, b.bought)
	}
	if b.order == nil {
		return amount, sure
	}
	for i := range b.order.Legs {
		leg := &b.order.Legs[i]
		if int(leg.Section) >= len(s.event.Sections) {
			return 0, false
		}
		more, known := s.list(s.plan.Layout(int(leg.Section)), leg.Seats)
		amount, sure = amount+more, sure && known
	}
	return amount, sure
}

// list adds up seats by the event's price list.
func (s *subject) list(layout *section.Layout, seats []section.SeatIndex) (amount int64, sure bool) {
	for _, seat := range seats {
		if int(seat) >= len(layout.Seats) {
			return 0, false
		}
		amount += s.event.Prices[s.categories[layout.Seats[seat].Category].Label]
	}
	return amount, true
}

// priced holds what a hold was logged with against the event's price list (I12).
func (s *sectionAudit) priced(c *section.Change) {
	if c.Kind != section.HoldPlaced && c.Kind != section.LegBound ||
		c.PriceMark == 0 && s.event.Pricing < storage.PricingLogged {
		return
	}
	amount, sure := s.list(s.layout, c.Seats)
	switch {
	case c.PriceMark == 0:
		s.note(PriceDiffers, fmt.Sprintf("booking %d was logged without what it costs", c.Booking))
	case sure && c.Total != amount:
		s.note(PriceDiffers, fmt.Sprintf("booking %d was logged with %s, its seats cost %s", c.Booking,
			money.Format(c.Total, s.event.Currency), money.Format(amount, s.event.Currency)))
	case c.PriceMark != s.mark:
		s.note(
			PriceDiffers,
			fmt.Sprintf("booking %d was held under another price list than the event has now: mark %d, "+
				"not %d", c.Booking, c.PriceMark, s.mark),
		)
	}
}

// confirmMoney reads the books once more, after every section, and says about each suspect what is then sure.
func (r *run) confirmMoney() error {
	if len(r.suspects) == 0 {
		return nil
	}
	if err := r.lookAgain(); err != nil {
		return err
	}
	books, _, err := readPayments(r.options.Payments)
	if err != nil {
		r.report.Findings = append(
			r.report.Findings, Finding{Code: Unreadable, Detail: "payments, read again: " + err.Error()},
		)
		r.report.Payments.Unchecked += uint64(len(r.suspects))
		return nil
	}
	for i := range r.suspects {
		s := &r.suspects[i]
		s.settle(s.no, &s.booking, books.of[s.key][s.no], after)
	}
	return nil
}

// lookAgain brings the suspects that wait for a settlement to a later instant of their sections.
func (r *run) lookAgain() error {
	waited := false
	for i := 0; i < len(r.suspects); {
		of, n := r.suspects[i].subject, 1
		for i+n < len(r.suspects) && r.suspects[i+n].subject == of {
			n++
		}
		group := r.suspects[i : i+n]
		i += n
		if !slices.ContainsFunc(group, func(s suspect) bool { return s.late }) {
			continue
		}
		if !waited {
			if err := errors.Join(r.letGo(), r.wait(r.options.Patience, "money to be settled")); err != nil {
				return err
			}
			waited = true
		}
		if err := r.lookAgainAt(of, group); err != nil {
			return err
		}
	}
	return nil
}

// lookAgainAt reads a section a second time for its suspects' sake; what else it finds the first reading has told. A
// log that breaks off by now leaves them as they were: the money is charged, and nobody can say for what.
func (r *run) lookAgainAt(of *subject, suspects []suspect) error {
	silent := *of
	silent.notes = &notes{report: &Report{}}
	s, whole, err := r.look(&silent)
	if err != nil || !whole {
		return err
	}
	for i := range suspects {
		if now := s.ledger.bookings[suspects[i].no]; now != nil {
			suspects[i].booking = *now
		}
	}
	return nil
}

// wait lets time pass online; a quiet source does not change.
func (r *run) wait(long time.Duration, why string) error {
	if r.freezer == nil || long <= 0 {
		return nil
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-r.ctx.Done():
		return fmt.Errorf("audit: waiting for %s: %w", why, r.ctx.Err())
	case <-timer.C:
		return nil
	}
}
