package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/checkout"
	"holdfast/actors/checkout/pending"
	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/grant"
	"holdfast/actors/peer/wire"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// What operators do, besides the sale and the nodes: their keys, seats taken off sale, money that is open.

// operatorKey is who's key for a call about an event.
func (e *Engine) operatorKey(id storage.EventID, who Caller) storage.OperatorKey {
	return storage.OperatorKey{Request: who.Request, Event: id, Fingerprint: who.Fingerprint, At: e.cfg.Clock()}
}

// remember makes a key durable. known says that the same call was met before. Without a request it does nothing.
//
// Errors: ErrMismatch, *Refusal (too many are remembered), ErrUnavailable, and the store's.
func (e *Engine) remember(ctx context.Context, key storage.OperatorKey) (known bool, err error) {
	if key.Request == (section.RequestID{}) {
		return false, nil
	}
	return e.keyAnswer(key, e.cfg.Store.RememberKey(ctx, key))
}

// keyAnswer tells the store's answer to a write with a key.
func (e *Engine) keyAnswer(key storage.OperatorKey, err error) (known bool, _ error) {
	var stands *storage.RepeatedError
	switch {
	case errors.As(err, &stands) && stands.First.Same(key):
		return true, nil
	case stands != nil:
		return false, ErrMismatch
	case errors.Is(err, storage.ErrTooManyKeys):
		return false, &Refusal{Code: section.TooManyRequests}
	case writer.Undecided(err):
		return false, errors.Join(ErrUnavailable, err)
	}
	return false, err
}

// Done says whether an operator's call about the nodes was acknowledged under who's key; MarkDone makes it so. They are
// for calls whose effect is in no store: the call is done between the two, and may be done again as long as nobody was
// told that it is done.
//
// Errors: ErrMismatch, *Refusal (too many are remembered), ErrUnavailable.
func (e *Engine) Done(ctx context.Context, who Caller) (bool, error) {
	if who.Request == (section.RequestID{}) {
		return false, nil
	}
	switch first, err := e.cfg.Store.OperatorKey(ctx, who.Request); {
	case errors.Is(err, storage.ErrNotFound):
		return false, nil
	case err != nil:
		return false, errors.Join(ErrUnavailable, err)
	case !first.Same(e.operatorKey(storage.EventID{}, who)):
		return false, ErrMismatch
	}
	return true, nil
}

// MarkDone remembers a call that Done is asked about.
func (e *Engine) MarkDone(ctx context.Context, who Caller) error {
	_, err := e.remember(ctx, e.operatorKey(storage.EventID{}, who))
	return err
}

// Block takes seats off sale, or with unblock puts them back. Seats of several sections are checked on the map first,
// so that normally either all or none change; each section's part is atomic in any case. A refusal lists the seats that
// are in the way.
//
// Each section remembers its own part under the key. A call that stopped between two sections is finished by the same
// key: those that have done their part repeat their answer, the others are asked for the first time. The whole
// request's fingerprint is in the store too, so that a body with the seats of other sections is a mismatch at every
// node (P5).
func (e *Engine) Block(id storage.EventID, who Caller, seats []string, unblock bool, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	ev, o, err := e.openEvent(id, deadline)
	if err != nil {
		return err
	}
	if ev.header.Load().Sale == storage.SaleDeleted {
		return ErrEventUnknown
	}
	ctx, cancel := context.WithDeadline(e.ctx, deadline)
	defer cancel()
	known, err := e.remember(ctx, e.operatorKey(id, who))
	if err != nil {
		return err
	}
	b := blocking{e: e, ev: ev, o: o, who: who, unblock: unblock, deadline: deadline}
	err = b.all(seats)
	if !known && !b.changed && who.Request != (section.RequestID{}) {
		// Like any refused request it may come again with another body. Where the store does not hear of that, it may
		// not: the same body is judged anew in any case.
		_ = e.cfg.Store.ForgetKey(ctx, who.Request)
	}
	return err
}

// blocking is one call of Block on its way.
type blocking struct {
	e        *Engine
	ev       *event
	o        *openEvent
	who      Caller
	unblock  bool
	deadline time.Time
	changed  bool // some section has done its part, or may have
}

func (b *blocking) all(seats []string) error {
	parts, err := b.o.parts(seats)
	if err != nil {
		return err
	}
	if len(parts) > 1 {
		if lost, err := b.check(parts); err != nil || len(lost) > 0 {
			return refusedSeats(lost, err)
		}
	}
	var lost []string
	for no := range b.o.sections {
		if part := parts[storage.SectionNo(no)]; part != nil {
			more, err := b.ask(storage.SectionNo(no), part)
			if err != nil {
				return err
			}
			lost = append(lost, more...)
		}
	}
	return refusedSeats(lost, nil)
}

func refusedSeats(lost []string, err error) error {
	if err != nil || len(lost) == 0 {
		return err
	}
	return &Refusal{Code: section.SeatsNotFree, Seats: lost}
}

// check lists the seats in the way as the map shows them, but for sections that have done their part already: what came
// of it since is not in the way of a repeat.
func (b *blocking) check(parts map[storage.SectionNo][]section.SeatIndex) (lost []string, err error) {
	for no := range b.o.sections {
		no := storage.SectionNo(no)
		inTheWay := b.inTheWay(no, parts[no])
		if len(inTheWay) == 0 {
			continue
		}
		if b.who.Request != (section.RequestID{}) {
			rejection, _, err := b.command(no, nil) // no seats: refused, unless the section remembers the key
			switch {
			case err != nil:
				return nil, err
			case rejection == section.Accepted:
				b.changed = true
				continue
			case rejection == section.IdempotencyMismatch:
				return nil, ErrMismatch
			}
		}
		lost = append(lost, inTheWay...)
	}
	return lost, nil
}

func (o *openEvent) parts(ids []string) (map[storage.SectionNo][]section.SeatIndex, error) {
	if len(ids) == 0 {
		return nil, &Refusal{Code: section.NoSeats}
	}
	parts := map[storage.SectionNo][]section.SeatIndex{}
	var unknown []string
	for _, id := range ids {
		ref, ok := o.seats.Find(id)
		if !ok {
			unknown = append(unknown, id)
			continue
		}
		parts[ref.section] = append(parts[ref.section], ref.index)
	}
	if len(unknown) > 0 {
		return nil, &SeatsUnknownError{Seats: unknown}
	}
	return parts, nil
}

func (b *blocking) inTheWay(no storage.SectionNo, seats []section.SeatIndex) (lost []string) {
	if len(seats) == 0 {
		return nil
	}
	b.ev.live.Read(func(at storage.SectionNo, s SectionStatus) {
		if at != no {
			return
		}
		for _, i := range seats {
			letter := section.SeatStatus(s.Letters[i])
			if letter == section.Held || letter == section.Sold || (b.unblock && letter != section.Blocked) {
				lost = append(lost, b.o.ids[no][i])
			}
		}
	})
	return lost
}

// ask has one section do its part.
func (b *blocking) ask(no storage.SectionNo, seats []section.SeatIndex) (lost []string, err error) {
	rejection, lost, err := b.command(no, seats)
	switch {
	case err != nil:
		b.changed = true
		return nil, err
	case rejection == section.Accepted:
		b.changed = true
		return nil, nil
	case rejection == section.SeatsNotFree:
		return lost, nil
	case rejection == section.IdempotencyMismatch:
		return nil, ErrMismatch
	}
	return nil, &Refusal{Code: rejection, Seats: lost}
}

// blockMark stands in the operators' keys for a call that blocks seats, or puts them back: it is of several sections,
// and of no buyer's coordinator.
const blockMark storage.SectionNo = grant.Max

// blockKeyed has the section do its part of a call that blocks seats. Its other parts use the same key; a section that
// has recorded the key for anything else says so.
func (s *Section) blockKeyed(m *wire.Ask, g grant.Grant, deadline time.Time) (*request.Request, error) {
	if use, known := s.ev.index.Use(m.Command.Request); known && use.Section != s.key.Section {
		r := request.New()
		r.Command = m.Command
		r.Command.Seats = nil // refused, unless the section remembers the key
		outcome, err := s.ev.ready.Load().sections[use.Section].outcome(r, deadline)
		if err != nil {
			return nil, err
		}
		mismatch := outcome.Rejection == section.IdempotencyMismatch
		if r.Free(); mismatch {
			return nil, ErrMismatch
		}
	}
	r := request.New()
	r.Seats = append(r.Seats, m.Command.Seats...)
	r.Command = m.Command
	r.Command.Seats, r.Command.Grant = r.Seats, g
	if failed := s.do(r, deadline); failed != nil {
		return nil, failed.Why
	}
	if r.Decision.Outcome.Rejection == section.GrantStale {
		r.Free()
		return nil, errNoGrant
	}
	return r, nil
}

// command has one section do its part of a block, or say whether it has.
func (b *blocking) command(no storage.SectionNo, seats []section.SeatIndex) (section.Rejection, []string, error) {
	r := request.New()
	r.Seats = append(r.Seats, seats...)
	r.Command = section.Command{Kind: section.BlockSeats, Seats: r.Seats, Operator: true,
		Buyer: b.who.Buyer, Request: b.who.Request, Fingerprint: b.who.Fingerprint}
	if b.unblock {
		r.Command.Kind = section.UnblockSeats
	}
	s := b.o.sections[no]
	if b.who.Request != (section.RequestID{}) && len(b.ev.coordinators) > 0 {
		answered, err := s.keyedOf(r, b.deadline)
		if err != nil {
			return 0, nil, err
		}
		r = answered
	} else if _, err := s.outcome(r, b.deadline); err != nil {
		return 0, nil, err
	}
	defer r.Free()
	outcome := &r.Decision.Outcome
	return outcome.Rejection, b.o.appendIDs(nil, no, outcome.Lost), nil
}

// PaymentsWaiting counts the bookings here whose money is not settled, and gives the age of the oldest that should be.
func (e *Engine) PaymentsWaiting() (open int, oldest time.Duration) {
	return e.reconciler.Open(), e.reconciler.Oldest()
}

// PaymentsOpen counts those bookings by what is open of them.
func (e *Engine) PaymentsOpen() map[checkout.Left]checkout.Class { return e.reconciler.Classes() }

// openMoney shows what is open or wrong, over all nodes.
func (e *Engine) openMoney() *pending.Lister {
	l := &pending.Lister{Reconciler: e.reconciler, Disputes: &e.disputes, Read: tillSection{e}.Read}
	if e.peerRPC != nil {
		l.Call, l.Others = e.Call, func() []storage.WriterID {
			return slices.DeleteFunc(slices.Clone(e.cfg.Peers.View().Peers()), func(node storage.WriterID) bool {
				return node == e.writer
			})
		}
	}
	return l
}

// Payments gives a page of an event's bookings whose money is open or wrong, over all nodes. Operators only.
func (e *Engine) Payments(ctx context.Context, q pending.Query) (pending.Page, error) {
	if _, err := e.event(q.Event); err != nil {
		return pending.Page{}, err
	}
	return e.openMoney().List(ctx, q)
}

// PaymentsOf tells all that is known of one booking's money. ErrBookingUnknown. Operators only.
func (e *Engine) PaymentsOf(ctx context.Context, id BookingID) (pending.Item, error) {
	item, err := e.openMoney().One(ctx, id)
	if errors.Is(err, till.ErrUnknown) {
		err = ErrBookingUnknown
	}
	return item, err
}

// RetryPayments asks the processor at once about everything that is open of a booking's money, and tries refunds anew
// that failed for good. It never charges, and gives nothing back that the log does not owe: called twice it does once.
// What the processor has not answered is said in Why, and asked again by itself. ErrBookingUnknown. Operators only.
func (e *Engine) RetryPayments(ctx context.Context, id BookingID) (pending.Item, error) {
	item, err := e.PaymentsOf(ctx, id)
	if err != nil {
		return item, err
	}
	for i := range item.Money.Refunds {
		if r := &item.Money.Refunds[i]; r.State == account.Failed && !r.Replaced {
			_, err := tillSection{e}.Tell(ctx, id, section.Command{Kind: section.RetryRefund,
				Pay: account.Payment{Refund: r.No}})
			if err != nil {
				return item, err
			}
		}
	}
	if why := e.mayBeCharging(ctx, &item); why != "" {
		e.reconciler.AddAfter(id, e.cfg.ChargeTimeout+payerPatience)
		item.Why, item.LastAt = why, time.Now()
		return item, nil
	}
	left, err := e.till.Settle(ctx, id, ^uint64(0))
	if err != nil || left.Any() {
		e.reconciler.Nudge(id, 0)
	}
	if err != nil {
		return item, err
	}
	if item, err = e.PaymentsOf(ctx, id); err == nil {
		item.Why, item.LastAt = left.Why, time.Now()
	}
	return item, err
}

// mayBeCharging says why an open attempt is left alone: a call on another node may have its token, and be about to
// charge it. Who asks here would otherwise give it up.
func (e *Engine) mayBeCharging(ctx context.Context, item *pending.Item) (why string) {
	m := &item.Money
	if e.peerRPC == nil || item.State != section.BookingPaying || m.Phase != account.Opened || m.Legacy {
		return ""
	}
	answer, err := e.till.Processor.Lookup(ctx, till.AttemptID(&item.Booking, item.Money.Attempt),
		processor.Reference(item.Money.Reference()))
	switch {
	case err != nil:
		return "the processor does not answer: " + err.Error()
	case answer.Status == processor.Opened:
		return "opened and not charged yet: a node may be about to; it is given up if not"
	}
	return ""
}

// PaymentsUnheard are those of some attempts about which the processor is still to be asked, because of a hint.
func (e *Engine) PaymentsUnheard(of []processor.AttemptID) (unheard []processor.AttemptID) {
	ids := make([]BookingID, 1)
	for _, a := range of {
		if ids[0], _, _ = till.ParseAttempt(a); len(e.reconciler.Unheard(ids)) > 0 {
			unheard = append(unheard, a)
		}
	}
	return unheard
}
