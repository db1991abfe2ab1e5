package audit

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"holdfast/actors/audit/reconcile"
	"holdfast/actors/money"
	"holdfast/actors/section"
	"holdfast/actors/section/tariff"
	"holdfast/storage"
)

// suspect is a booking about which its section's instant and the processor's list, which was read later, cannot say
// whether its money is right.
type suspect struct {
	*sectionBooks
	*reconcile.Account
	late bool
}

// judgeMoney holds the processor's list against the logs, both ways (P6). In a quiet source that settles everything; in
// one that goes on being written it finds the suspects.
func (r *run) judgeMoney() error {
	if r.books == nil {
		return nil
	}
	var suspects []suspect
	r.books.inOrder(func(b *sectionBooks, a *reconcile.Account) {
		r.report.count(a)
		b.disputes(a)
		rulings := a.Judge(reconcile.Both)
		late := slices.ContainsFunc(rulings, func(f reconcile.Ruling) bool { return f.Late })
		if r.freezer != nil && slices.ContainsFunc(rulings, func(f reconcile.Ruling) bool { return !f.UnderWay }) {
			suspects = append(suspects, suspect{b, a, late})
			return
		}
		b.tell(rulings)
	})
	if len(suspects) == 0 {
		return nil
	}
	return r.judgeSuspects(suspects)
}

func (s *subject) tell(rulings []reconcile.Ruling) {
	for _, f := range rulings {
		if f.UnderWay {
			s.underWay(Code(f.Code), f.Text)
		} else {
			s.add(0, Code(f.Code), f.Text)
		}
	}
}

// judgeSuspects reads the suspects' sections once more, and then the list: what the processor has must by then be in
// the log, and what the log says must by then be in the list.
func (r *run) judgeSuspects(suspects []suspect) error {
	wait := r.options.Lag
	if slices.ContainsFunc(suspects, func(s suspect) bool { return s.late }) {
		wait = max(wait, r.options.Patience)
	}
	if err := errors.Join(r.letGo(), r.wait(wait, "money to be settled")); err != nil {
		return err
	}
	first := section.Instant(math.MaxInt64)
	for i := 0; i < len(suspects); {
		n := i + 1
		for n < len(suspects) && suspects[n].sectionBooks == suspects[i].sectionBooks {
			n++
		}
		if err := r.lookAgain(suspects[i:n]); err != nil {
			return err
		}
		for ; i < n; i++ {
			if at := suspects[i].PlacedAt; at > 0 {
				first = min(first, at)
			}
			suspects[i].tell(suspects[i].Judge(reconcile.More))
		}
	}
	if first == math.MaxInt64 { // no log says anything of them
		return nil
	}
	return r.readAgain(suspects, first)
}

// lookAgain reads a section a second time for its suspects' sake; what else it finds the first reading has told. A log
// that breaks off by now leaves them as they were: the money is charged, and nobody can say for what.
func (r *run) lookAgain(suspects []suspect) error {
	silent := *suspects[0].subject
	silent.notes = &notes{report: &Report{}}
	s, whole, err := r.look(&silent)
	if err != nil || !whole {
		return err
	}
	now := &sectionBooks{subject: suspects[0].subject, accounts: s.accounts}
	for i := range suspects {
		no := suspects[i].No
		a := now.account(no)
		if of := s.ledger.bookings[no]; of != nil {
			a.State, a.PlacedAt = of.state, of.placedAt
		}
		for _, p := range suspects[i].Detach() {
			a.Attach(p)
		}
		suspects[i].Account = a
	}
	return nil
}

// listOverlap is how much older than its booking a payment may be by the processor's clock.
const listOverlap = 24 * time.Hour

// readAgain reads the list as far as it may be about suspects, and says what of their logs is not in it.
func (r *run) readAgain(suspects []suspect, first section.Instant) error {
	type name struct {
		*sectionBooks
		no section.BookingNo
	}
	of := make(map[name]*reconcile.Account, len(suspects))
	for i := range suspects {
		suspects[i].Detach()
		of[name{suspects[i].sectionBooks, suspects[i].No}] = suspects[i].Account
	}
	since := time.UnixMilli(int64(first)).Add(-listOverlap)
	err := r.readPayments(since, func(p *Payment) {
		if a := of[name{r.books.of[p.Section], p.Booking}]; a != nil {
			a.Attach(p)
		}
	})
	if err != nil {
		r.report.Findings = append(r.report.Findings, Finding{Code: Unreadable,
			Detail: "payments, read again: " + err.Error()})
		r.report.Payments.Unchecked += uint64(len(suspects))
		return nil
	}
	for i := range suspects {
		suspects[i].tell(suspects[i].Judge(reconcile.Less))
	}
	return nil
}

// disputes tells of money that buyers' banks ask back: apart, for no log knows of them.
func (b *sectionBooks) disputes(a *reconcile.Account) {
	for i := range a.Attempts {
		if p := a.Attempts[i].Paid; p != nil && p.Disputed {
			b.disputed(fmt.Sprintf("payment %s of booking %d, %s: the buyer's bank asks for it back", p.ID, a.No,
				money.Format(p.Amount, p.Currency)))
		}
	}
}

// costs is what a booking costs, its legs with it: what the log says (I12), of a hold that was logged without a price
// what its seats do. What a list says never changes, nor a booking's seats and its list, nor the amount of a charge: it
// is right whichever was read first. Of an exchange it is the difference. sure is false for a seat that is none, a
// wrong change, noted as such, and for a list of an edit that the catalog did not have yet when it was read.
func (s *subject) costs(b *booking) (amount int64, sure bool) {
	t := s.lists.Tariff(b.mark)
	if amount, sure = b.total, true; !b.priced {
		amount, sure = list(t, s.layout, b.bought, b.fare, 0)
	}
	if b.exchange != nil {
		return max(0, amount-b.exchange.Credit), sure
	}
	if b.order == nil {
		return amount, sure
	}
	for i := range b.order.Legs {
		leg := &b.order.Legs[i]
		if int(leg.Section) >= len(s.event.Sections) {
			return 0, false
		}
		more, known := list(t, s.plan.Layout(int(leg.Section)), leg.Seats, b.fare, uint8(i+1))
		amount, sure = amount+more, sure && known
	}
	return amount, sure
}

// list adds up seats by a price list, which may be nil: those of a booking's k-th leg, or, of 0, of its own section.
func list(
	t *tariff.Tariff, layout *section.Layout, seats []section.SeatIndex, fare *tariff.Fare, k uint8,
) (amount int64, sure bool) {
	if t == nil {
		return 0, false
	}
	for _, seat := range seats {
		if int(seat) >= len(layout.Seats) {
			return 0, false
		}
		one, known := t.Total(int(layout.Seats[seat].Category), fare.TypeOf(k, seat))
		if !known {
			return 0, false
		}
		amount += one
	}
	if fare.IsGift() {
		amount = 0
	}
	return amount, true
}

func (s *subject) money(amount int64) string { return money.Format(amount, s.event.Currency) }

// priced holds what a hold was logged with against the price list that counted: the one that the log set last, or that
// the event was made with (I12). A leg goes by its home's list, which may be another.
func (s *sectionAudit) priced(c *section.Change) {
	if c.Kind == section.PricesSet {
		s.repriced(c.Prices)
		return
	}
	if c.Kind != section.HoldPlaced && c.Kind != section.LegBound ||
		c.PriceMark == 0 && s.event.Pricing < storage.PricingLogged && s.prices == nil {
		return
	}
	now := s.lists.Tariff(0)
	if s.prices != nil {
		now = &s.prices.Tariff
	}
	by := now
	if c.Kind == section.LegBound && c.PriceMark != 0 {
		by = s.lists.Tariff(c.PriceMark)
	}
	amount, sure := list(by, s.layout, c.Seats, c.Fare, 0)
	switch {
	case c.PriceMark == 0:
		s.note(PriceDiffers, fmt.Sprintf("booking %d was logged without what it costs", c.Booking))
	case sure && c.Total != amount:
		s.note(PriceDiffers, fmt.Sprintf("booking %d was logged with %s, its seats cost %s", c.Booking,
			s.money(c.Total), s.money(amount)))
	case c.Kind == section.HoldPlaced && c.PriceMark != now.Mark:
		s.note(
			PriceDiffers,
			fmt.Sprintf("booking %d was held under another price list than counted then: mark %d, "+
				"not %d", c.Booking, c.PriceMark, now.Mark),
		)
	case !sure && by != nil:
		s.note(PriceDiffers, fmt.Sprintf("booking %d is of a type of ticket that its seats do not have", c.Booking))
	}
}

// repriced holds a list that the log sets against the one before it, and against the catalog's. Of an edit that came
// after the catalog was read nothing is known there.
func (s *sectionAudit) repriced(p *tariff.Prices) {
	if s.prices != nil && p.No <= s.prices.No {
		s.note(WrongChange, fmt.Sprintf("prices of edit %d after those of edit %d", p.No, s.prices.No))
	}
	known := s.lists.Tariff(p.Mark)
	same := known != nil && slices.Equal(known.Totals, p.Totals) && slices.Equal(known.Offers, p.Offers)
	if !same && (known != nil || p.No <= s.event.SaleNo) {
		s.note(PriceDiffers, fmt.Sprintf("the prices of edit %d are not what the catalog has: mark %d", p.No, p.Mark))
	}
	s.prices = p
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
