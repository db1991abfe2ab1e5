package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/checkout"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/orders"
	"holdfast/actors/price"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/trace"
	"holdfast/storage"
)

// settler acts for the house: its words are the processor's.
var settler = Caller{Operator: true}

// confirm pays and sells: see package till for the way. A booking that costs nothing needs no token, and one that is
// given is not used: whoever always sends one has done no harm, and must not lose seats by it. A nil error with
// out.State BookingPaying means that the processor's answer is not known yet, or that the buyer has to go on at
// out.Next. ErrDeclined leaves the hold as it was; ErrProcessor says that nothing was begun.
func (e *Engine) confirm(id BookingID, who Caller, token string, timeout time.Duration, out *BookingView) error {
	deadline := time.Now().Add(timeout)
	if err := e.read(id, who, deadline, out); err != nil {
		return err
	}
	if token == "" && out.Amount != 0 { // known before anything is begun
		return ErrTokenMissing
	}
	mine, done := e.charging.Begin(id)
	if mine {
		defer e.charging.End(id)
	}
	begin := section.Command{Kind: section.BeginPayment}
	if err := e.openPayment(&begin, id, who, deadline, out); err != nil {
		return err
	}
	got, err := e.send(&begin, false, id, who, deadline, out)
	switch {
	case err != nil:
		if mine && (errors.Is(err, ErrTimeout) || errors.Is(err, ErrUnavailable)) {
			// It may be paying by now, or soon, and nobody charges it: it must not stay so (P4, P6).
			e.reconciler.Add(id)
		}
		return err
	case got.Rejection == section.AlreadyConfirmed, out.exchanged():
		return e.read(id, who, deadline, out)
	case mine && got.Repeat && got.State == section.BookingPaying:
		// Begun under this key by a call that ended before it knew, here or on the node before. Sent once or twice, it
		// is one charge: its key is the attempt.
	case got.Rejection == section.PaymentInProgress || got.Rejection == section.AttemptStale ||
		got.Repeat && got.State == section.BookingPaying:
		return e.join(id, who, done, mine, got.Repeat, deadline, out)
	case got.Rejection != section.Accepted:
		return &Refusal{Code: got.Rejection}
	case got.Repeat && got.State != section.BookingConfirmed && got.State != section.BookingRefunded:
		return ErrDeclined // what was begun under this key ended without a sale
	case got.Repeat:
		return nil
	default:
		out.money = begun(out.money, &begin.Pay)
	}
	return e.charge(id, who, token, deadline, out)
}

// begun is a booking's account with one more attempt.
func begun(before *account.Money, p *account.Payment) *account.Money {
	m := new(account.Money)
	if before != nil {
		*m = *before
	}
	m.Attempt, m.Phase, m.Legacy, m.Amount = p.Attempt, account.Opened, false, p.Amount
	m.SetReference(p.Reference)
	return m
}

// openPayment has the processor open the booking's next attempt, and puts that into the command which begins it in the
// log. It does neither where the section would not begin one now, and says so when it gets the command.
func (e *Engine) openPayment(
	begin *section.Command, id BookingID, who Caller, deadline time.Time, out *BookingView,
) error {
	b := tillBooking(out)
	begin.Pay.Attempt, begin.Pay.Amount = b.Money.Attempt+1, b.Total
	got, err := e.send(begin, true, id, who, deadline, nil)
	if err != nil || got.Repeat || got.Rejection != section.Accepted {
		return err
	}
	b.State = section.BookingHeld
	ctx := till.Until(trace.Context(e.ctx, who.Trace), deadline)
	if begin.Pay, err = e.till.Open(ctx, &b, begin.Pay.Attempt); err != nil {
		return ErrProcessor
	}
	return nil
}

// charge runs after `paying` is durable.
func (e *Engine) charge(id BookingID, who Caller, token string, deadline time.Time, out *BookingView) error {
	ctx, b := till.Until(trace.Context(e.ctx, who.Trace), deadline), tillBooking(out)
	status, err := e.till.Charge(ctx, &b, token)
	if err != nil || !status.Terminal() {
		e.reconciler.Add(id) // it brings the booking and the processor's word together
	}
	if err != nil || !status.Terminal() && status != processor.Challenge || e.read(id, settler, deadline, out) != nil {
		out.State, out.Tickets = section.BookingPaying, nil
		return nil
	}
	if status == processor.Challenge {
		e.showNext(ctx, out)
		return nil
	}
	if ev, err := e.event(id.Section.Event); err == nil && ev.header.Load().Sale.Off() &&
		out.State == section.BookingReleased && !out.exchanged() {
		return &Refusal{Code: section.EventCancelled} // what was taken goes back
	}
	return paid(status, out)
}

// paid is what the caller hears of a payment that is settled. A booking that ended while its money was on the way has
// it back.
func paid(status processor.Status, out *BookingView) error {
	now := out.State
	switch {
	case now == section.BookingConfirmed || now == section.BookingRefunded || out.exchanged():
		return nil
	case status == processor.Captured && out.Exchange != nil: // its booking did not allow it any more
		return &Refusal{Code: section.NotExchangeable}
	case status == processor.Captured && now == section.BookingReleased:
		return &Refusal{Code: section.HoldReleasedAlready}
	case status == processor.Captured && now != section.BookingHeld:
		return &Refusal{Code: section.HoldExpiredAlready}
	}
	return ErrDeclined
}

// join waits for a payment that somebody else's call is making, then tells what became of the booking.
func (e *Engine) join(
	id BookingID, who Caller, done <-chan struct{}, mine, repeat bool, deadline time.Time, out *BookingView,
) error {
	if !mine {
		timer := time.NewTimer(time.Until(deadline) - till.Margin)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
		}
	}
	if err := e.Booking(id, who, time.Until(deadline), out); err != nil {
		return err
	}
	switch out.State {
	case section.BookingPaying, section.BookingConfirmed, section.BookingRefunded:
		return nil
	}
	switch {
	case out.exchanged():
		return nil
	case repeat:
		return ErrDeclined
	}
	return &Refusal{Code: section.PaymentInProgress}
}

// RefundCall says what is to be given back of a booking.
type RefundCall struct {
	Seats    []string // none: all that are left
	KeepFees bool     // and give the rest back
}

// What an operator says of a refund's fees.
const (
	FeesReturn = "return"
	FeesKeep   = "keep"
)

// Refund owes money back, durably, and has the processor give it; the seats are on sale again once the processor has
// taken the refund. A nil error with a refund in out.Refunds that is due means that the processor has not answered yet:
// the log goes on by itself. Of what was refunded already nothing changes. For operators, and for buyers of a postponed
// event: see mayReturn.
func (e *Engine) Refund(
	id BookingID, who Caller, call RefundCall, timeout time.Duration, out *BookingView,
) error {
	deadline := time.Now().Add(timeout)
	return e.owe(id, who, &call, deadline, out, func() { e.settleSoon(id, who, deadline) })
}

// owe is Refund; once money is owed back it has that settled.
func (e *Engine) owe(
	id BookingID, who Caller, call *RefundCall, deadline time.Time, out *BookingView, settle func(),
) error {
	if !who.Operator {
		if err := e.mayReturn(id, who, call, deadline, out); err != nil {
			return err
		}
		who.Operator = true
	}
	for range refundReadsMax {
		if err := e.read(id, who, deadline, out); err != nil {
			return err
		}
		c, err := e.refundCommand(id, call, out)
		if err != nil {
			return err
		}
		got, err := e.send(c, false, id, who, deadline, out)
		switch {
		case err != nil:
			return err
		case got.Rejection == section.AlreadyRefunded && len(call.Seats) == 0 &&
			got.State == section.BookingConfirmed && out.anyAlive(): // another was quicker with some of them
			continue
		case got.Rejection == section.AlreadyRefunded:
			return e.refundedBefore(id, who, call.Seats, deadline, out)
		case got.Rejection == section.RefundTooLarge || got.Rejection == section.DuplicateSeat:
			return &Refusal{Code: got.Rejection}
		case got.Rejection != section.Accepted:
			return &Refusal{Code: section.NotConfirmed}
		case !got.Repeat:
			settle()
		}
		return e.read(id, who, deadline, out)
	}
	return ErrUnavailable
}

// refundReadsMax bounds how often others may refund seats of a booking between a reading and its refund.
const refundReadsMax = 4

// refundCommand makes the command of what out has left.
func (e *Engine) refundCommand(id BookingID, call *RefundCall, out *BookingView) (*section.Command, error) {
	_, o, _, err := e.locate(id, time.Now())
	if err != nil {
		return nil, err
	}
	c := &section.Command{Kind: section.RefundBooking, Seats: out.alive}
	if out.order != nil {
		c.Order = &order.Part{ID: out.order.ID, Hash: out.order.Hash, Legs: out.aliveLegs}
	}
	if len(call.Seats) > 0 {
		if err = o.bookedSeats(c, out, call.Seats); err != nil {
			return nil, err
		}
	}
	fees := price.ReturnFees
	if call.KeepFees {
		fees = price.KeepFees
	}
	c.Pay.Amount = o.refundOf(id.Section.Section, 0, c.Seats, &out.fared, fees)
	if c.Order != nil {
		for i := range c.Order.Legs {
			leg := &c.Order.Legs[i]
			c.Pay.Amount += o.refundOf(storage.SectionNo(leg.Section), orders.LegNo(out.order, leg.Section), leg.Seats,
				&out.fared, fees)
		}
	}
	if b := tillBooking(out); b.Money.Legacy && len(b.Money.Refunds) == 0 {
		c.Pay.Captured = out.Amount
	}
	return c, nil
}

// PaymentHint hears that something may have happened to a payment. It returns at once: nothing is believed, and the
// reconciler asks.
func (e *Engine) PaymentHint(h processor.Hint) {
	id, attempt, ok := till.ParseAttempt(h.Attempt)
	switch {
	case !ok || attempt > hintedMax || h.Kind == processor.HintOther:
	case h.Kind == processor.HintDispute:
		e.PaymentDisputed(h.Attempt, time.Now())
	default:
		e.reconciler.Nudge(id, 1<<attempt)
	}
}

// PaymentDisputed hears that a buyer's bank asks for an attempt's money back, as often as somebody likes.
func (e *Engine) PaymentDisputed(a processor.AttemptID, observed time.Time) {
	if id, attempt, ok := till.ParseAttempt(a); ok {
		e.disputed(checkout.Dispute{Booking: id, Attempt: attempt, Observed: observed})
	}
}

// disputed tells of a dispute once.
func (e *Engine) disputed(d checkout.Dispute) {
	if e.disputes.Add(d) {
		e.stats.Disputes.Add(1)
		e.cfg.Logger.Error("payment disputed: the buyer's bank asks for the money back", "booking", d.Booking.String(),
			"attempt", d.Attempt)
	}
}

// hintedMax is the highest attempt that a hint can name.
const hintedMax = 63

// newTill makes what brings bookings and money together.
func (e *Engine) newTill() *till.Till {
	return &till.Till{
		Processor: till.Patient(e.cfg.Processor, e.cfg.ChargeTimeout), Section: tillSection{e},
		Now: e.cfg.Clock, Busy: e.charging.Has, Return: e.cfg.PaymentReturn,
		Report: func(i till.Incident) {
			e.stats.PaymentIncidents.Add(1)
			e.cfg.Logger.Error("payment and booking disagree", "kind", i.Kind.String(), "booking", i.Booking.String(),
				"attempt", i.Attempt, "refund", i.Refund, "amount", i.Amount)
		},
	}
}

// settleMoney is the reconciler's.
func (e *Engine) settleMoney(ctx context.Context, id BookingID, hints uint64) (checkout.Outcome, error) {
	left, err := e.till.Settle(trace.Context(ctx, e.traces.Of(id)), id, hints)
	out := checkout.Outcome{Rest: left.Rest, Answered: left.Answered, Silent: left.Silent,
		Why: left.Why}
	switch {
	case err != nil || left.Payment || left.Refund || left.Rest != 0:
		out.Left = checkout.Pressing
	case left.Slow:
		out.Left = checkout.Slow
	case left.Stuck:
		out.Left = checkout.Person
	}
	return out, err
}

// adoptMoney enters into the reconciler what a section's log leaves open. Another node may be about to charge what it
// has begun.
func (e *Engine) adoptMoney(key storage.SectionKey, state *section.State) (open int) {
	wait := checkout.Delay(0)
	if e.peerRPC != nil {
		wait = e.cfg.ChargeTimeout + payerPatience
	}
	state.Unsettled(func(no section.BookingNo) {
		open++
		e.reconciler.AddAfter(BookingID{Section: key, No: no}, wait)
	})
	return open
}

// tillSection is how the till meets sections.
type tillSection struct{ e *Engine }

func deadlineOf(ctx context.Context) time.Time {
	if deadline, ok := ctx.Deadline(); ok {
		return deadline
	}
	return time.Now().Add(tellPatience)
}

const tellPatience = 5 * time.Second

// Read implements till.Section.
func (t tillSection) Read(ctx context.Context, id BookingID) (till.Booking, error) {
	var out BookingView
	err := t.e.read(id, settler, deadlineOf(ctx), &out)
	if errors.Is(err, ErrBookingUnknown) {
		return till.Booking{}, till.ErrUnknown
	}
	return tillBooking(&out), err
}

// Tell implements till.Section.
func (t tillSection) Tell(ctx context.Context, id BookingID, c section.Command) (section.Rejection, error) {
	who := settler
	who.Trace = trace.From(ctx)
	got, err := t.e.send(&c, false, id, who, deadlineOf(ctx), nil)
	return got.Rejection, err
}

// send sends a command about a booking, or with probe asks what the section would say to it: for what must be known
// before money moves. A nil out is for whoever does not look at the booking.
func (e *Engine) send(
	c *section.Command, probe bool, id BookingID, who Caller, deadline time.Time, out *BookingView,
) (section.Outcome, error) {
	r := request.New()
	r.Seats = append(r.Seats, c.Seats...)
	r.Command, r.Probe = *c, probe
	r.Command.Seats = r.Seats
	if !probe {
		e.traces.Keep(id, who.Trace)
	}
	return e.command(r, id, who, deadline, out)
}

func tillBooking(out *BookingView) till.Booking {
	b := till.Booking{ID: out.ID, State: out.State, Total: out.Amount, Currency: out.Currency}
	if out.money != nil {
		b.Money = *out.money
	}
	return b
}

// tellMoney fills what the view has of money, and says which seats have valid tickets.
func (o *openEvent) tellMoney(no BookingID, outcome *section.Outcome, out *BookingView) (alive []section.SeatIndex) {
	m := outcome.Money.Clone()
	out.money = m
	alive = slices.Clone(outcome.Seats)
	for i := range m.Refunds {
		r := &m.Refunds[i]
		if !r.Replaced {
			out.Refunds = append(out.Refunds, till.RefundView{No: r.No, State: r.State.String(), Amount: r.Amount,
				Seats: o.refundedIDs(no.Section.Section, outcome.Order, r)})
		}
		if !r.Back && !r.Replaced {
			alive = slices.DeleteFunc(alive, func(s section.SeatIndex) bool { return slices.Contains(r.Seats, s) })
		}
	}
	return alive
}
