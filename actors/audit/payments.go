package audit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/actors/audit/reconcile"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Payment is one attempt to pay by the processor's own list, with the last word on it.
type Payment = reconcile.Payment

// PaymentStatus is a processor's last word on a payment.
type PaymentStatus = reconcile.Status

// What a processor may say. Unknown is a word that the audit does not know either, and a finding.
const (
	PaymentUnknown  = reconcile.Unknown
	PaymentCharged  = reconcile.Charged
	PaymentDeclined = reconcile.Declined // or cancelled
	PaymentRefunded = reconcile.Refunded // charged, and given back whole
	PaymentOpen     = reconcile.Open     // not decided
)

// PaymentList visits the processor's list from a time on, by its words at some moment of the call; it need not be one
// moment for all. The zero time is from the first payment on; older ones than asked for do no harm.
type PaymentList func(ctx context.Context, since time.Time, visit func(Payment)) error

// books are what the sections' logs say of money, until the processor's list is read. nil: money is not looked at.
type books struct {
	of      map[storage.SectionKey]*sectionBooks
	foreign []*Payment // the id names no booking, or one of no section that was read
}

// sectionBooks are one section's.
type sectionBooks struct {
	*subject
	whole    bool
	accounts map[section.BookingNo]*reconcile.Account // of those that began to pay
	others   []unpaid                                 // ascending
}

// unpaid is a booking that never began to pay.
type unpaid struct {
	no       section.BookingNo
	placedAt section.Instant
	state    section.BookingState
}

// keepBooks keeps what a section's log says of money.
func (r *run) keepBooks(s *sectionAudit, whole bool) {
	if r.books == nil {
		return
	}
	b := &sectionBooks{subject: s.subject, whole: whole}
	if r.books.of[s.key] = b; !whole {
		return
	}
	b.accounts = s.accounts
	for no, of := range s.ledger.bookings {
		if a := b.accounts[no]; a != nil {
			a.State = of.state
		} else {
			b.others = append(b.others, unpaid{no, of.placedAt, of.state})
		}
	}
	slices.SortFunc(b.others, func(a, b unpaid) int { return cmp.Compare(a.no, b.no) })
}

// account gives a booking's, which a payment may have made up.
func (b *sectionBooks) account(no section.BookingNo) *reconcile.Account {
	a := b.accounts[no]
	if a == nil {
		a = &reconcile.Account{No: no, Currency: b.event.Currency}
		at, known := slices.BinarySearchFunc(b.others, no, func(u unpaid, no section.BookingNo) int {
			return cmp.Compare(u.no, no)
		})
		if known {
			a.State, a.PlacedAt = b.others[at].state, b.others[at].placedAt
		}
		if b.accounts == nil {
			b.accounts = map[section.BookingNo]*reconcile.Account{}
		}
		b.accounts[no] = a
	}
	return a
}

// follow enters a change of the log into its booking's account.
func (s *sectionAudit) follow(c *section.Change) {
	b := s.ledger.bookings[c.Booking]
	if c.Kind < section.PaymentBegun || b == nil {
		return
	}
	a := s.accounts[c.Booking]
	if a == nil && (c.Kind == section.PaymentBegun || c.Kind == section.RefundDue) {
		a = &reconcile.Account{No: c.Booking, Currency: s.event.Currency, PlacedAt: b.placedAt, Seats: b.bought}
		a.Total, a.Sure = s.costs(b)
		s.accounts[c.Booking] = a
	}
	if a == nil {
		return
	}
	if wrong := a.Apply(c); wrong != "" {
		s.note(WrongChange, fmt.Sprintf("booking %d: %s", c.Booking, wrong))
	}
	if c.Kind == section.PaymentBegun && c.Pay.Attempt > 0 && a.Sure && c.Pay.Amount != a.Total {
		s.note(PriceDiffers, fmt.Sprintf("I12: attempt %d of booking %d is of %s, its seats cost %s", c.Pay.Attempt,
			c.Booking, s.money(c.Pay.Amount), s.money(a.Total)))
	}
}

// readPayments reads the processor's list, and gives each payment to visit.
func (r *run) readPayments(since time.Time, visit func(p *Payment)) error {
	return r.options.Payments(r.ctx, since, func(p Payment) { visit(&p) })
}

// loadPayments reads the whole list into the books. Books without a list are given up, which is a finding.
func (r *run) loadPayments() {
	if r.books == nil {
		return
	}
	totals := PaymentTotals{Checked: true}
	err := r.readPayments(time.Time{}, func(p *Payment) {
		totals.count(p)
		of := r.books.of[p.Section]
		switch {
		case p.ID == "": // whoever shares the account with others has their payments here
		case p.Booking == 0 || of == nil:
			r.books.foreign = append(r.books.foreign, p)
		case !of.whole: // a finding already, and what its bookings became nobody can say
			totals.Unchecked++
		default:
			of.account(p.Booking).Attach(p)
		}
	})
	if err != nil {
		r.report.Findings = append(r.report.Findings, Finding{Code: Unreadable, Detail: "payments: " + err.Error()})
		r.books = nil
		return
	}
	r.report.Payments = totals
}

// reportStrayPayments lists money for events and sections that the store does not have. An event that was made after
// the events were listed is left to the next audit.
func (r *run) reportStrayPayments() error {
	if r.books == nil || len(r.books.foreign) == 0 {
		return nil
	}
	made := map[storage.EventID]bool{}
	if r.freezer != nil {
		events, err := r.source.Events(r.ctx)
		if err != nil {
			return fmt.Errorf("audit: list events: %w", err)
		}
		for _, e := range events {
			made[e.ID] = !r.listed[e.ID]
		}
	}
	slices.SortStableFunc(r.books.foreign, func(a, b *Payment) int {
		return cmp.Or(
			a.Section.Compare(b.Section), cmp.Compare(a.Booking, b.Booking), cmp.Compare(a.Attempt, b.Attempt),
		)
	})
	strays := 0
	for _, p := range r.books.foreign {
		switch {
		case !p.Money():
		case p.Booking != 0 && made[p.Section.Event]:
			r.report.Payments.Unchecked++
		default:
			if strays++; strays <= FindingsMax {
				r.strayPayment(p)
			}
		}
	}
	if strays > FindingsMax {
		r.report.Findings = append(r.report.Findings, Finding{Code: More,
			Detail: fmt.Sprintf("%d more payments of bookings that nobody knows", strays-FindingsMax)})
	}
	return nil
}

func (r *run) strayPayment(p *Payment) {
	f := Finding{Code: PaymentStray, Detail: fmt.Sprintf("payment %s is %v, for a booking of no section of any event",
		p.ID, p.Status)}
	if p.Booking != 0 {
		f.Event, f.Section = p.Section.Event.String(), fmt.Sprint(p.Section.Section)
	}
	r.report.Findings = append(r.report.Findings, f)
}

// inOrder are the books' sections, and each section's accounts.
func (k *books) inOrder(visit func(b *sectionBooks, a *reconcile.Account)) {
	for _, key := range slices.SortedFunc(maps.Keys(k.of), storage.SectionKey.Compare) {
		b := k.of[key]
		for _, no := range slices.Sorted(maps.Keys(b.accounts)) {
			visit(b, b.accounts[no])
		}
	}
}

func stateWord(s section.BookingState) string { return reconcile.StateWord(s) }
