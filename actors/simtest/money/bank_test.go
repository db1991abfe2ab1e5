package money

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"holdfast/actors/booking"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/section"
)

// bank is a processor that keeps its port's promises about attempts, and none about sums: whatever refund is asked for
// under a new id is given.
type bank struct {
	attempts map[processor.AttemptID]*payment
	refunds  []*refund
}

type payment struct {
	status   processor.Status
	amount   int64
	passed   bool // the challenge
	charged  bool // asked to take the money
	betrayed bool // takes money against its last word
	heard    bool // somebody has looked since
}

type refund struct {
	id      processor.RefundID
	attempt processor.AttemptID
	amount  int64
	status  processor.RefundStatus
}

func (k *bank) refund(id processor.RefundID) *refund {
	for _, r := range k.refunds {
		if r.id == id {
			return r
		}
	}
	return nil
}

func (k *bank) write(out io.Writer) {
	for _, a := range slices.Sorted(maps.Keys(k.attempts)) {
		fmt.Fprint(out, a, *k.attempts[a])
	}
	sorted := slices.SortedFunc(slices.Values(k.refunds), func(a, b *refund) int { return cmp.Compare(a.id, b.id) })
	for _, r := range sorted {
		fmt.Fprint(out, *r)
	}
}

// ports are the section and the processor as one flow meets them: every call is a point where all else may happen.
type ports struct {
	processor.Processor
	w     *world
	yield func(*call) bool
}

func (p *ports) call(name string, bank bool, do func(), fail func(error), said func() string) {
	if !p.yield(&call{name: name, bank: bank, do: do, fail: fail, said: said}) {
		panic(errStopped)
	}
}

// ask is a call of the processor.
func ask[A any](p *ports, name string, do func() (A, error)) (answer A, err error) {
	p.call(name, true, func() { answer, err = do() }, func(lost error) { answer, err = *new(A), lost },
		func() string { return fmt.Sprint(answer, err) })
	return answer, err
}

// Read implements till.Section.
func (p *ports) Read(context.Context, booking.ID) (b till.Booking, err error) {
	p.call("read", false, func() { b = p.w.view() }, func(lost error) { err = lost },
		func() string { return fmt.Sprint(b, err) })
	return b, err
}

// Tell implements till.Section.
func (p *ports) Tell(_ context.Context, _ booking.ID, c section.Command) (r section.Rejection, err error) {
	p.call(fmt.Sprint("tell ", c.Kind, c.Pay), false, func() { r = p.w.hear(c) }, func(lost error) { err = lost },
		func() string { return fmt.Sprint(r, err) })
	return r, err
}

// hear is tell with what was planted.
func (w *world) hear(c section.Command) section.Rejection {
	b := w.view()
	switch {
	case w.fault == paidAfterCancelled && w.off && c.Kind == section.BeginPayment && b.State == section.BookingHeld:
		w.landed(&section.Change{Kind: section.PaymentBegun, Pay: c.Pay})
		return section.Accepted
	case w.fault == staleDeclineBelieved && c.Kind == section.FailPayment:
		c.Pay.Attempt = b.Money.Attempt // as if the command named none
	case w.fault == lateMoneyDropped && c.Kind == section.ConfirmPayment && b.State != section.BookingPaying:
		return section.Accepted
	}
	return w.tell(c)
}

// Open implements processor.Processor. So do the others.
func (p *ports) Open(_ context.Context, o processor.Opening) (processor.Reference, error) {
	return ask(p, "open "+string(o.Attempt), func() (processor.Reference, error) {
		if o.Amount != price*int64(len(seats)) || o.Currency != euro {
			p.w.fail("I12: attempt %s of %d %s", o.Attempt, o.Amount, o.Currency)
		}
		if p.w.bank.attempts[o.Attempt] == nil {
			p.w.bank.attempts[o.Attempt] = &payment{status: processor.Opened, amount: o.Amount}
		}
		return processor.Reference("ref " + string(o.Attempt)), nil
	})
}

func (p *ports) Charge(_ context.Context, c processor.Charge) (processor.Answer, error) {
	answer, err := ask(p, "charge "+string(c.Attempt), func() (processor.Answer, error) {
		k := p.w.bank.attempts[c.Attempt]
		p.w.mayCharge(c)
		switch {
		case k.status == processor.Opened && k.passed:
			k.status = processor.Captured
		case k.status == processor.Opened && c.Token != "":
			k.status, k.charged = processor.Pending, true // what becomes of it is the bank's to say
		}
		return k.answer(), nil
	})
	if p.w.fault == confirmBeforeCharged && err == nil && answer.Status == processor.Pending {
		answer.Status = processor.Captured
	}
	return answer, err
}

// mayCharge is I2: what is charged stands in the log, with the reference.
func (w *world) mayCharge(c processor.Charge) {
	begun := func(l section.Change) bool {
		return l.Kind == section.PaymentBegun && w.attempt(l.Pay.Attempt) == c.Attempt &&
			l.Pay.Reference == string(c.Reference)
	}
	if !slices.ContainsFunc(w.log, begun) {
		w.fail("I2: %s is charged, and no log has it", c.Attempt)
	}
}

func (k *payment) answer() processor.Answer {
	a := processor.Answer{Status: k.status, Amount: k.amount, Currency: euro}
	if k.status == processor.Challenge {
		a.Next = processor.Next{Type: "redirect_to_url", URL: "https://bank.example"}
	}
	return a
}

func (p *ports) Lookup(_ context.Context, a processor.AttemptID, _ processor.Reference) (processor.Answer, error) {
	return ask(p, "look up "+string(a), func() (processor.Answer, error) {
		k := p.w.bank.attempts[a]
		k.heard = k.heard || k.betrayed
		return k.answer(), nil
	})
}

func (p *ports) Cancel(_ context.Context, a processor.AttemptID, _ processor.Reference) (processor.Answer, error) {
	answer, err := ask(p, "cancel "+string(a), func() (processor.Answer, error) {
		k := p.w.bank.attempts[a]
		if p.w.fault != cancelNotAsked && (k.status == processor.Opened || k.status == processor.Challenge) {
			k.status = processor.Cancelled
		}
		return k.answer(), nil
	})
	if p.w.fault == cancelNotAsked && err == nil {
		answer.Status = processor.Cancelled
	}
	return answer, err
}

func (p *ports) Refund(_ context.Context, r processor.Refund) (processor.RefundStatus, error) {
	return ask(p, "refund "+string(r.ID), func() (processor.RefundStatus, error) {
		if p.w.fault == refundTwice {
			r.ID += processor.RefundID(fmt.Sprint(" again ", len(p.w.bank.refunds)))
		}
		if known := p.w.bank.refund(r.ID); known != nil {
			return known.status, nil
		}
		p.w.bank.refunds = append(p.w.bank.refunds,
			&refund{id: r.ID, attempt: r.Attempt, amount: r.Amount, status: processor.RefundPending})
		return processor.RefundPending, nil
	})
}

func (p *ports) LookupRefund(_ context.Context, r processor.Refund) (processor.RefundStatus, error) {
	return ask(p, "look up refund "+string(r.ID), func() (processor.RefundStatus, error) {
		if known := p.w.bank.refund(r.ID); known != nil {
			return known.status, nil
		}
		return processor.RefundNone, nil
	})
}

// Name says nothing that the explorer needs. So do the others.
func (p *ports) Name() string                   { return "model" }
func (p *ports) Chargeable(int64, string) error { return nil }
func (p *ports) Payments(context.Context, time.Time, func(processor.Payment) error) error {
	return nil
}
