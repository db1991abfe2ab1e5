package actors

import (
	"context"
	"errors"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// May a new hold begin, and may one that stands be given more time? Both are judged here, by the sale switch and the
// end of the sale:
//
//	             new hold   more time   pay, release
//	open         yes        yes         yes
//	paused       no         yes         yes            an interruption: who holds seats does not lose them by it
//	closed       no         no          yes            over: what is held is paid in the time it has, or lapses
//	sale ended   no         no          yes            closed by the clock: at the start of the show unless the event says another time
//
// A request that was accepted before is none of them: its repeat gets the same answer whatever the sale's state (P5).

// checkNew says why an event may not be made: its waiting room's rules, or a *price.UnsoundError, also for a price that
// the processor cannot take. Without a processor, offline, the first payment would tell.
func (e *Engine) checkNew(header *storage.Event) error {
	if err := checkWaitingRoom(header); err != nil {
		return err
	}
	list, seatsMax := header.PriceList(), max(int64(header.Rules.SeatsPerBookingMax), 1)
	if e.cfg.Offline {
		return list.Sound(seatsMax, nil)
	}
	return list.Sound(seatsMax, e.cfg.Processor.Chargeable)
}

// refusesHold says why no new hold may begin now, nil when one may: ErrSaleNotOpen, ErrSaleEnded, ErrEventUnknown (it
// is deleted).
func (ev *event) refusesHold() error {
	header := ev.header.Load()
	switch header.Sale {
	case storage.SaleOpen:
		return ev.refusesByClock(header)
	case storage.SaleDeleted:
		return ErrEventUnknown
	}
	return ErrSaleNotOpen
}

// refusesExtension says why no hold gets more time now, nil when it does: ErrSaleNotOpen, ErrSaleEnded.
func (ev *event) refusesExtension() error {
	header := ev.header.Load()
	if header.Sale == storage.SaleClosed || header.Sale == storage.SaleDeleted {
		return ErrSaleNotOpen
	}
	return ev.refusesByClock(header)
}

func (ev *event) refusesByClock(header *storage.Event) error {
	end, some := header.SaleEnd()
	if !some {
		return nil
	}
	switch now, sure := ev.engine.stamp(); {
	case !sure:
		return errClock
	case now >= end:
		return ErrSaleEnded
	}
	return nil
}

// Extend gives a hold its full time again, up to the ceiling, unless the sale is over.
func (e *Engine) Extend(id BookingID, who Caller, timeout time.Duration, out *BookingView) error {
	deadline := time.Now().Add(timeout)
	ev, _, _, err := e.locate(id, deadline)
	if err != nil {
		return err
	}
	if over := ev.refusesExtension(); over != nil && !ev.index.Knows(who.Request) {
		return e.extendNoMore(id, who, deadline, over, out)
	}
	got, err := e.act(section.ExtendHold, id, who, deadline, out)
	return refusal(got.Rejection, err)
}

// extendNoMore refuses because the sale is over, unless the booking itself is a better reason: another buyer's is
// unknown here too.
func (e *Engine) extendNoMore(id BookingID, who Caller, deadline time.Time, over error, out *BookingView) error {
	if err := e.read(id, who, deadline, out); err != nil {
		return err
	}
	if because, ended := endedBecause[out.State]; ended {
		return &Refusal{Code: because}
	}
	return over
}

// endedBecause is why a booking that is no hold gets no more time.
var endedBecause = map[section.BookingState]section.Rejection{
	section.BookingPaying: section.PaymentInProgress, section.BookingConfirmed: section.AlreadyConfirmed, section.BookingReleased: section.HoldReleasedAlready,
	section.BookingExpired: section.HoldExpiredAlready, section.BookingRefunded: section.AlreadyRefunded,
}

// SetSale turns an event's sale switch; it is durable before it counts.
func (e *Engine) SetSale(ctx context.Context, id storage.EventID, sale storage.SaleState) (*storage.Event, error) {
	return e.SetSaleOnce(ctx, id, Caller{Operator: true}, sale)
}

// SetSaleOnce is SetSale under an idempotency key: a repeat, at whichever node and after whatever restart, changes
// nothing, whatever others have switched since, and tells the event as it stands (P5). Of two nodes that switch at
// once, all nodes go by the one that the store wrote last, within CatalogEvery.
//
// Errors: ErrEventUnknown, ErrUnavailable (it may be done: repeat with the same key), ErrMismatch, *Refusal, and the
// store's.
func (e *Engine) SetSaleOnce(
	ctx context.Context, id storage.EventID, who Caller, sale storage.SaleState,
) (*storage.Event, error) {
	changed, err := e.setSaleOnce(ctx, id, who, sale)
	if err == nil {
		e.spread()
	}
	return changed, err
}

func (e *Engine) setSaleOnce(
	ctx context.Context, id storage.EventID, who Caller, sale storage.SaleState,
) (*storage.Event, error) {
	ev, err := e.shown(ctx, id)
	if err != nil {
		return nil, err
	}
	// loading takes a moment that belongs to the operator, not to the first buyer
	if sale == storage.SaleOpen && !e.cfg.Offline {
		if _, err := ev.open(ctx); err != nil {
			return nil, errors.Join(ErrUnavailable, err)
		}
	}
	return e.throwSwitch(ctx, id, who, sale)
}

// throwSwitch writes the switch and the key, and takes over what then stands.
func (e *Engine) throwSwitch(
	ctx context.Context, id storage.EventID, who Caller, sale storage.SaleState,
) (*storage.Event, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ev, err := e.event(id)
	if err != nil { // it may have been closed and stand there anew
		return nil, err
	}
	if _, ok := e.creates[who.Request]; ok && who.Request != (section.RequestID{}) {
		return nil, ErrMismatch
	}
	key := e.operatorKey(id, who)
	switch known, err := e.keyAnswer(key, e.cfg.Store.SetSale(ctx, id, sale, key)); {
	case errors.Is(err, storage.ErrNotFound):
		return nil, ErrEventUnknown
	case errors.Is(err, storage.ErrForgotten):
		return nil, ErrForgotten
	case err != nil:
		return nil, err
	case known: // others may have switched since, and this node not have heard
		header, err := e.cfg.Store.Event(ctx, id)
		if err != nil {
			return nil, errors.Join(ErrUnavailable, err)
		}
		return e.takeHeader(ev, header), nil
	}
	changed := *ev.header.Load()
	changed.Sale = sale
	return e.takeHeader(ev, &changed), nil
}

// takeHeader has the event stand as the store has it. The caller holds mu.
func (e *Engine) takeHeader(ev *event, header *storage.Event) *storage.Event {
	ev.setHeader(header)
	e.shelf.Store(e.shelf.Load().With(header))
	ev.wakeAll()
	return header
}

// shown is find for whoever asks from outside: what is deleted is not there.
func (e *Engine) shown(ctx context.Context, id storage.EventID) (*event, error) {
	ev, err := e.find(ctx, id)
	if err == nil && ev.header.Load().Sale == storage.SaleDeleted {
		return nil, ErrEventUnknown
	}
	return ev, err
}

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
