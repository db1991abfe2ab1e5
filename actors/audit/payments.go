package audit

import (
	"fmt"
	"maps"
	"slices"

	"holdfast/actors/section"
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

// Payment is one attempt to pay by the processor's own books, with the last word on it. What is not decided is none.
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

// readPayments reads the books, and counts them.
func readPayments(read func(visit func(Payment)) error) (*payments, PaymentTotals, error) {
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
		if other := p.of[one.Section][one.Booking]; other == nil || other.weight() <= one.weight() {
			p.of[one.Section][one.Booking] = &one
		}
	})
	return p, totals, err
}

// weight orders the attempts of one booking: money counts, and a no only where there is nothing else.
func (p *Payment) weight() int {
	switch p.Status {
	case PaymentDeclined:
		return 0
	case PaymentRefunded:
		return 1
	}
	return 2
}

// loadPayments reads the books; nil: there are none, or they cannot be read, which is then a finding.
func (r *run) loadPayments() *payments {
	if r.options.Payments == nil {
		return nil
	}
	p, totals, err := readPayments(r.options.Payments)
	if err != nil {
		r.report.Findings = append(r.report.Findings, Finding{Code: Unreadable, Detail: "payments: " + err.Error()})
		return nil
	}
	r.report.Payments = totals
	return p
}

// unchecked gives up the payments of a section whose log could not be read to its end: that is a finding already, and
// what its bookings became nobody can say.
func (r *run) unchecked(key storage.SectionKey) {
	if r.payments == nil {
		return
	}
	r.report.Payments.Unchecked += uint64(len(r.payments.of[key]))
	delete(r.payments.of, key)
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
		r.report.Findings = append(
			r.report.Findings,
			Finding{
				Code: More, Detail: fmt.Sprintf("%d more payments of bookings that nobody knows", r.strays-FindingsMax),
			},
		)
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
		section.BookingBound: "bound",
	}[s]
}
