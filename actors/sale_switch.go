package actors

import (
	"context"
	"errors"

	"holdfast/actors/section"
	"holdfast/storage"
)

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
func (e *Engine) SetSaleOnce(ctx context.Context, id storage.EventID, who Caller, sale storage.SaleState) (*storage.Event, error) {
	changed, err := e.setSaleOnce(ctx, id, who, sale)
	if err == nil {
		e.spread()
	}
	return changed, err
}

func (e *Engine) setSaleOnce(ctx context.Context, id storage.EventID, who Caller, sale storage.SaleState) (*storage.Event, error) {
	ev, err := e.shown(ctx, id)
	if err != nil {
		return nil, err
	}
	if sale == storage.SaleOpen && !e.cfg.Offline { // loading takes a moment that belongs to the operator, not to the first buyer
		if _, err := ev.open(ctx); err != nil {
			return nil, errors.Join(ErrUnavailable, err)
		}
	}
	return e.throwSwitch(ctx, id, who, sale)
}

// throwSwitch writes the switch and the key, and takes over what then stands.
func (e *Engine) throwSwitch(ctx context.Context, id storage.EventID, who Caller, sale storage.SaleState) (*storage.Event, error) {
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
	switch known, err := e.keyMet(key, e.cfg.Store.SetSale(ctx, id, sale, key)); {
	case errors.Is(err, storage.ErrNotFound):
		return nil, ErrEventUnknown
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
	ev.header.Store(header)
	e.shelf.Store(e.shelf.Load().With(header))
	ev.awakeAll()
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
