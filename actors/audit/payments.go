package audit

import (
	"fmt"
	"maps"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

// PaymentStatus is a processor's last word on a payment.
type PaymentStatus uint8

// What a processor may say. Unknown is a word that the audit does not know either, and a finding.
const (
	PaymentUnknown PaymentStatus = iota
	PaymentCharged
	PaymentDeclined
	PaymentRefunded
)

// Payment is one payment by the processor's own books, with the last word on it. There is one for each booking at most.
type Payment struct {
	ID       string // as the processor has it, for people
	Section  storage.SectionKey
	Booking  section.BookingNo // 0: the id names no booking
	Status   PaymentStatus
	Amount   int64  // minor units
	Currency string // ISO 4217
}

// payments is the processor's books, sorted by who should know of them. An entry leaves when its booking was looked at.
type payments struct {
	of      map[storage.SectionKey]map[section.BookingNo]*Payment
	foreign []*Payment // the id names no booking
}

// loadPayments reads the books; nil: there are none, or they cannot be read, which is then a finding.
func (r *run) loadPayments(read func(visit func(Payment)) error) {
	if read == nil {
		return
	}
	p := &payments{of: map[storage.SectionKey]map[section.BookingNo]*Payment{}}
	totals := PaymentTotals{Checked: true}
	err := read(func(one Payment) {
		totals.count(one.Status)
		if one.Booking == 0 {
			p.foreign = append(p.foreign, &one)
			return
		}
		if p.of[one.Section] == nil {
			p.of[one.Section] = map[section.BookingNo]*Payment{}
		}
		p.of[one.Section][one.Booking] = &one
	})
	if err != nil {
		r.report.Findings = append(r.report.Findings, Finding{Code: Unreadable, Detail: "payments: " + err.Error()})
		return
	}
	r.payments, r.report.Payments = p, totals
}

// unchecked gives up the payments of a section whose log could not be read to its end: that is a finding already, and what its
// bookings became nobody can say.
func (r *run) unchecked(key storage.SectionKey) {
	if r.payments == nil {
		return
	}
	r.report.Payments.Unchecked += uint64(len(r.payments.of[key]))
	delete(r.payments.of, key)
}

// comparePayments holds the processor's books against the section's bookings, both ways (P6).
func (s *sectionAudit) comparePayments(e *storage.Event, categories []venue.Category) {
	if s.payments == nil {
		return
	}
	mine := s.payments.of[s.key]
	delete(s.payments.of, s.key)
	for _, no := range slices.Sorted(maps.Keys(s.ledger.bookings)) {
		b, paid := s.ledger.bookings[no], mine[no]
		delete(mine, no)
		s.settle(no, b, paid)
		if paid != nil && paid.Status != PaymentDeclined {
			s.checkAmount(no, b, paid, e, categories)
		}
	}
	for _, no := range slices.Sorted(maps.Keys(mine)) {
		if paid := mine[no]; paid.Status != PaymentDeclined {
			s.note(PaymentStray, fmt.Sprintf("payment %s is %v, for booking %d that the log does not have", paid.ID, paid.Status, no))
		}
	}
}

// settle is the table of the package comment.
func (s *sectionAudit) settle(no section.BookingNo, b *booking, paid *Payment) {
	status, id := PaymentDeclined, "" // never seen is as good as declined: no money
	if paid != nil {
		status, id = paid.Status, paid.ID
	}
	sold := b.state == section.BookingConfirmed || b.state == section.BookingRefunded
	switch {
	case status == PaymentUnknown:
		s.note(Unreadable, fmt.Sprintf("payment %s of booking %d is in no known state", id, no))
	case status == PaymentDeclined && sold:
		s.note(PaymentMissing, fmt.Sprintf("booking %d was sold in seats %v, but nobody was charged for it", no, b.seats))
	case status == PaymentCharged && b.state == section.BookingPaying:
		s.underWay(ChargeUnderWay, fmt.Sprintf("payment %s is charged, booking %d still paying: the next start confirms it", id, no))
	case status == PaymentCharged && b.state != section.BookingConfirmed:
		s.note(PaymentStray, fmt.Sprintf("payment %s is charged, but booking %d is %s", id, no, stateWord(b.state)))
	case status == PaymentRefunded && b.state == section.BookingConfirmed:
		s.underWay(RefundUnderWay, fmt.Sprintf("payment %s is refunded, booking %d still confirmed: repeat its refund", id, no))
	case status == PaymentRefunded && b.state == section.BookingPaying:
		s.underWay(RefundUnderWay, fmt.Sprintf("payment %s is refunded, booking %d still paying: the next start opens it again", id, no))
	}
}

// checkAmount knows that prices never change once the event is there.
func (s *sectionAudit) checkAmount(no section.BookingNo, b *booking, paid *Payment, e *storage.Event, categories []venue.Category) {
	var amount int64
	for _, seat := range b.seats {
		if int(seat) >= len(s.layout.Seats) {
			return // a wrong change, noted as such
		}
		amount += e.Prices[categories[s.layout.Seats[seat].Category].Label]
	}
	if paid.Amount != amount || paid.Currency != e.Currency {
		s.note(PaymentDiffers, fmt.Sprintf("payment %s is of %d %s, booking %d costs %d %s", paid.ID, paid.Amount, paid.Currency, no, amount, e.Currency))
	}
}

func (s *sectionAudit) underWay(code Code, detail string) {
	s.report.UnderWay = append(s.report.UnderWay, Finding{Event: s.key.Event.String(), Section: s.name, Code: code, Detail: detail})
}

// reportStrayPayments lists money for events and sections that the store does not have.
func (r *run) reportStrayPayments() {
	if r.payments == nil {
		return
	}
	for _, key := range slices.SortedFunc(maps.Keys(r.payments.of), storage.SectionKey.Compare) {
		for _, no := range slices.Sorted(maps.Keys(r.payments.of[key])) {
			r.strayPayment(r.payments.of[key][no], key.Event.String(), fmt.Sprint(key.Section))
		}
	}
	for _, paid := range r.payments.foreign {
		r.strayPayment(paid, "", "")
	}
	if r.strays > FindingsMax {
		r.report.Findings = append(r.report.Findings, Finding{Code: More, Detail: fmt.Sprintf("%d more payments of bookings that nobody knows", r.strays-FindingsMax)})
	}
}

func (r *run) strayPayment(paid *Payment, event, section string) {
	if paid.Status == PaymentDeclined {
		return
	}
	if r.strays++; r.strays <= FindingsMax {
		r.report.Findings = append(r.report.Findings, Finding{
			Event: event, Section: section, Code: PaymentStray, Detail: fmt.Sprintf("payment %s is %v, for a booking of no section of any event", paid.ID, paid.Status),
		})
	}
}

func (s PaymentStatus) String() string {
	return [...]string{PaymentUnknown: "in no known state", PaymentCharged: "charged", PaymentDeclined: "declined", PaymentRefunded: "refunded"}[s]
}

func stateWord(s section.BookingState) string {
	return [...]string{
		section.BookingNone: "none", section.BookingHeld: "held", section.BookingPaying: "paying", section.BookingConfirmed: "confirmed",
		section.BookingReleased: "released", section.BookingExpired: "expired", section.BookingRefunded: "refunded",
	}[s]
}
