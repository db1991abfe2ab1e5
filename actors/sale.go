package actors

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"holdfast/actors/cancellation"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/sales"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// May a new hold begin, and may one that stands be given more time? Both are judged here, by the sale switch and the
// end of the sale:
//
//	             new hold   more time   pay, release
//	open         yes        yes         yes
//	paused       no         yes         yes            an interruption: who holds seats does not lose them by it
//	closed       no         no          yes            over: what is held is paid in the time it has, or lapses
//	cancelling   no         no          no             for ever: see package cancellation
//	sale ended   no         no          yes            closed by the clock: at the start of the show unless the event says another time
//
// Here it is judged to refuse at once. What grants is the section, by the switch in its own log.
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

// refusesHold says why no new hold may begin now, nil when one may: ErrSaleNotOpen, ErrSaleEnded, ErrEventCancelled,
// ErrEventUnknown (it is deleted).
func (ev *event) refusesHold() error {
	header := ev.header.Load()
	switch header.Sale {
	case storage.SaleOpen:
		return ev.refusesByClock(header)
	case storage.SaleDeleted:
		return ErrEventUnknown
	case storage.SaleCancelling, storage.SaleCancelled:
		return ErrEventCancelled
	}
	return ErrSaleNotOpen
}

// refusesExtension says why no hold gets more time now, nil when it does: ErrSaleNotOpen, ErrSaleEnded.
func (ev *event) refusesExtension() error {
	header := ev.header.Load()
	if header.Sale.Off() {
		return ErrEventCancelled
	}
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

// SetSale turns an event's sale switch; it is durable before it counts.
func (e *Engine) SetSale(ctx context.Context, id storage.EventID, sale storage.SaleState) (*storage.Event, error) {
	return e.SetSaleOnce(ctx, id, Caller{Operator: true}, sale)
}

// SetSaleOnce is SetSale under an idempotency key: a repeat, at whichever node and after whatever restart, changes
// nothing, whatever others have switched since, and tells the event as it stands (P5). Of two nodes that switch at
// once, all go by the one that the store wrote last. A nil error says that every section has the turn in its log: none
// grants a hold under an older one, at whichever node.
//
// Errors: ErrEventUnknown, ErrEventCancelled, ErrUnavailable (it may be done, and some section lacks it: repeat with
// the same key), ErrMismatch, *Refusal, and the store's.
func (e *Engine) SetSaleOnce(
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
	return e.turn(ctx, id, who, onsale.Change{Sale: sale})
}

// turn throws the switch, and has all nodes and sections hear of it.
func (e *Engine) turn(
	ctx context.Context, id storage.EventID, who Caller, change onsale.Change,
) (*storage.Event, error) {
	changed, err := e.throwSwitch(ctx, id, who, change)
	if err != nil {
		return nil, err
	}
	e.spread()
	return e.logTurn(ctx, id, changed)
}

// throwSwitch writes the switch and the key, and takes over what then stands.
func (e *Engine) throwSwitch(
	ctx context.Context, id storage.EventID, who Caller, change onsale.Change,
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
	_, err = e.keyAnswer(key, e.cfg.Store.ChangeSale(ctx, id, change, key))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, ErrEventUnknown
	case errors.Is(err, storage.ErrForgotten):
		return nil, ErrForgotten
	case errors.Is(err, storage.ErrCancelled):
		return nil, ErrEventCancelled
	case err != nil: // a *onsale.VersionError among them
		return nil, err
	}
	header, err := e.cfg.Store.Event(ctx, id) // the turn has a number; and others may have switched since
	if err != nil {
		return nil, errors.Join(ErrUnavailable, err)
	}
	return e.takeHeader(ev, header), nil
}

// The switch is the catalog's word first, and each section's log has it then: a section judges by its log, so that no
// node's memory of the catalog matters once an operator has heard that it is done.
//
//	ChangeSale: turn n, durable ──▶ nodes read the catalog ──▶ each section, wherever: SwitchSale(n) ──▶ answered
//	claimed by whoever, later   ──▶ the catalog's turn is newer than the log's: logged before the first grant
//
// A section takes a turn with a higher number than its own and no other, so late messages and two operators at once end
// alike everywhere. A section that cannot be reached is waited for until the call's deadline; then the operator is told
// that nobody knows, and the catalog's word stands. A section that is condemned grants nothing, and is not waited for;
// nor is one that a process serves which this one cannot talk to, and which reads the catalog by itself.

// turnsMax bounds how often a catalog that sections are ahead of is written again within one call.
const turnsMax = 3

// logTurn returns once all sections have what the header says in their logs, and tells the event as it stands then.
// ErrUnavailable: by ctx's end some have not.
func (e *Engine) logTurn(
	ctx context.Context, id storage.EventID, header *storage.Event,
) (*storage.Event, error) {
	for range turnsMax {
		newest, err := e.tellSections(ctx, id, header.Turn())
		if err != nil {
			return nil, errors.Join(ErrUnavailable, err)
		}
		if newest.Number() <= header.SaleNo {
			return header, nil
		}
		standing, err := e.cfg.Store.Event(ctx, id)
		if err != nil {
			return nil, errors.Join(ErrUnavailable, err)
		}
		if standing.SaleNo >= newest.Number() { // another operator's turn: that call's own to bring everywhere
			return standing, nil
		}
		// The catalog has lost turns that were acknowledged: this one gets a number behind them.
		change := onsale.Change{Sale: standing.Sale, No: newest.Number() + 1}
		if header, err = e.throwSwitch(ctx, id, Caller{Operator: true}, change); err != nil {
			return nil, err
		}
		e.spread()
	}
	return nil, ErrUnavailable
}

// tellSections has every section log a turn, and gives the newest that any of them has. Of an event that is not open
// here, and nowhere else, none grants anything: each hears when it is claimed.
func (e *Engine) tellSections(
	ctx context.Context, id storage.EventID, turn sales.Turn,
) (newest sales.Turn, err error) {
	ev, err := e.event(id)
	if err != nil || turn == 0 {
		return 0, err
	}
	ev.mu.Lock()
	idle := ev.opening == nil && ev.ready.Load() == nil && e.exclusive()
	ev.mu.Unlock()
	if idle {
		e.clock.Await(ctx, time.Time{}, ev.earlierLife(), nil)
		return 0, ctx.Err()
	}
	o, err := ev.open(ctx)
	if err != nil {
		return 0, err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = e.clock.Now().Add(tellPatience)
	}
	var mu sync.Mutex
	cancellation.Each(len(o.sections), func(no int) {
		got, failed := o.sections[no].turn(turn, deadline)
		mu.Lock()
		defer mu.Unlock()
		newest, err = max(newest, got), cmp.Or(err, failed)
	})
	return newest, err
}

// turnPause is the time between two tries to reach a section.
const turnPause = 20 * time.Millisecond

// turn has the section log a turn, here or on its node, and gives the one that it goes by.
func (s *Section) turn(turn sales.Turn, deadline time.Time) (sales.Turn, error) {
	e := s.engine
	for {
		s.wakeUp()
		r := request.New()
		r.Command = s.ev.switchTo(turn)
		outcome, err := s.outcome(r, deadline)
		if err == nil {
			defer r.Free()
			return sales.Turn(outcome.Booking), nil
		}
		switch {
		case s.shard.Phase() == Condemned, e.peerRPC == nil && s.foreign():
			return turn, nil
		case !e.clock.Now().Add(turnPause).Before(deadline), e.ctx.Err() != nil:
			return 0, err
		}
		e.clock.Pause(e.ctx, turnPause)
	}
}

// switchTo is the command of a turn, with the terms and the prices that the event has.
func (ev *event) switchTo(turn sales.Turn) section.Command {
	return section.Command{Kind: section.SwitchSale, Operator: true, Sale: turn, Terms: ev.header.Load().Terms(),
		Prices: ev.lists().Prices()}
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

// PostponeEvent puts an event off: its time is another one, or nobody knows yet, and its sale is paused. Who holds or
// has bought keeps the booking, or gives it back until the day that is announced; see mayReturn.
//
// Errors: those of SetSaleOnce.
func (e *Engine) PostponeEvent(
	ctx context.Context, id storage.EventID, who Caller, change onsale.Change,
) (*storage.Event, error) {
	if _, err := e.shown(ctx, id); err != nil {
		return nil, err
	}
	put := *change.Postponed
	put.At = e.cfg.Clock()
	change.Sale, change.Postponed = storage.SalePaused, &put
	return e.turn(ctx, id, who, change)
}

// EditEvent changes an event that is there: see onsale.Edit. It is a turn of the switch to where it stands, and new
// terms are logged with it: a nil error says that every section gives holds by them, whichever node has it. What stands
// already stays: nobody loses a hold, a ticket or time by an edit, and a limit that is lowered below what a buyer has
// means that the buyer gets no more.
//
// Errors: those of SetSaleOnce, *onsale.VersionError, storage.ErrTerms, storage.ErrPrices, *price.UnsoundError (a seat,
// or the largest booking, could not be charged).
func (e *Engine) EditEvent(
	ctx context.Context, id storage.EventID, who Caller, edit onsale.Edit,
) (*storage.Event, error) {
	ev, err := e.shown(ctx, id)
	if err != nil {
		return nil, err
	}
	edit.At = e.cfg.Clock()
	change := onsale.Change{Edit: &edit}
	if wanted := ev.header.Load().Clone(); wanted.Switch(change) == nil {
		if err := e.checkNew(wanted); err != nil {
			return nil, err
		}
	}
	return e.turn(ctx, id, who, change)
}

// CancelEvent calls an event off for ever: see package cancellation. A nil error says that this is durable, and that
// everybody has all of their money back by and by, whatever becomes of this node. A repeat tells how far that is.
//
// Errors: ErrEventUnknown, ErrMismatch, *Refusal (too many keys), ErrUnavailable (it may be done: repeat with the same
// key), and the store's.
func (e *Engine) CancelEvent(
	ctx context.Context, id storage.EventID, who Caller, reason string,
) (*storage.Event, *cancellation.Progress, error) {
	if _, err := e.shown(ctx, id); err != nil {
		return nil, nil, err
	}
	header, err := e.throwSwitch(ctx, id, who, onsale.Change{Sale: storage.SaleCancelling,
		Cancelled: &onsale.Cancellation{At: e.cfg.Clock(), Reason: reason}})
	if err != nil {
		return nil, nil, err
	}
	e.spread()
	_, _ = e.logTurn(ctx, id, header) // a section that is away hears later: the progress says so
	return e.CancelProgress(ctx, id)
}

// CancelProgress is how far the cancelling of an event has come: ErrEventUnknown, ErrNotCancelled, ErrUnavailable.
func (e *Engine) CancelProgress(
	ctx context.Context, id storage.EventID,
) (*storage.Event, *cancellation.Progress, error) {
	ev, err := e.shown(ctx, id)
	switch {
	case err != nil:
		return nil, nil, err
	case !ev.header.Load().Sale.Off():
		return nil, nil, ErrNotCancelled
	}
	o, err := ev.open(ctx)
	if err != nil {
		return nil, nil, errors.Join(ErrUnavailable, err)
	}
	return ev.header.Load(), o.progress(ctx), nil
}

func (o *openEvent) progress(ctx context.Context) *cancellation.Progress {
	parts := make([]cancellation.Progress, len(o.sections))
	cancellation.Each(len(parts), func(no int) {
		p := new(cancellation.Progress)
		if parts[no].Unheard = 1; o.sections[no].look(ctx, func(s *section.State) { p.Add(s) }) {
			parts[no] = *p
		}
	})
	sum := &cancellation.Progress{Sections: len(parts)}
	for no := range parts {
		sum.Join(o.sections[no].key, &parts[no])
	}
	return sum
}

// windUp goes on with the cancelling of an event, on the node that has its first section: whatever a call that was cut
// off has left undone, until nothing is left.
func (e *Engine) windUp(ctx context.Context, id storage.EventID) error {
	ev, err := e.event(id)
	if err != nil {
		return err
	}
	o, err := ev.open(ctx)
	if err != nil || o.sections[0].shard.Serving() == nil && e.peerRPC != nil {
		return err
	}
	p := o.progress(ctx)
	for _, booking := range p.Unaccounted {
		var out BookingView
		if err := e.Refund(booking, settler, RefundCall{}, tellPatience, &out); err != nil {
			return err
		}
	}
	switch header := ev.header.Load(); {
	case p.Cancelling < p.Sections:
		_, err = e.logTurn(ctx, id, header)
	case p.Over():
		_, err = e.turn(ctx, id, settler, onsale.Change{Sale: storage.SaleCancelled})
	}
	return err
}

// watchCancellations goes on with what is being cancelled until the engine closes.
func (e *Engine) watchCancellations() {
	cancellation.Watch(e.ctx, func(ctx context.Context) {
		for id, ev := range *e.catalog.Load() {
			if ev.header.Load().Sale != storage.SaleCancelling {
				continue
			}
			if err := e.windUp(ctx, id); err != nil && ctx.Err() == nil {
				e.cfg.Logger.Warn("event not cancelled yet", "event", id.String(), "error", err)
			}
		}
	})
}
