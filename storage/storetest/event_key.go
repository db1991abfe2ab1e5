package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"holdfast/storage"
)

// keyedEvent is an event whose key is put before it, and whose sale is closed.
func (b *bench) keyedEvent() (*storage.Event, storage.EventKey) {
	b.Helper()
	ctx, e, key := context.Background(), exampleEvent(1_700_000_000_000), storage.NewEventKey()
	e.Pseudonyms, e.Sale = storage.PseudonymsKeyed, storage.SaleClosed
	b.must(b.store.PutEventKey(ctx, e.ID, key))
	b.must(b.store.CreateEvent(ctx, e, []byte("venue")))
	return e, key
}

// wantEventKey checks which key stands; nil: none.
func (b *bench) wantEventKey(id storage.EventID, want *storage.EventKey, when string) {
	b.Helper()
	got, err := b.store.EventKey(context.Background(), id)
	if want == nil {
		b.wantIs(err, storage.ErrNotFound, "P14: "+when+" the event's key")
		return
	}
	b.must(err)
	if got != *want {
		b.Errorf("P14: %s another key stands", when)
	}
}

// eventKeys: a key is durable before its event is there, never changes, and is no text.
func eventKeys(b *bench) {
	ctx, id, key := context.Background(), storage.NewEventID(), storage.NewEventKey()
	b.wantEventKey(id, nil, "before it is put")
	b.must(b.store.PutEventKey(ctx, id, key))
	b.reopen()
	b.wantEventKey(id, &key, "after a restart, without an event,")
	b.must(b.store.PutEventKey(ctx, id, key))
	b.wantIs(b.store.PutEventKey(ctx, id, storage.NewEventKey()), storage.ErrExists, "another key of one event")
	b.wantEventKey(id, &key, "after a refused one")
	if text := fmt.Sprintf("%v %x %d %#v %s", key, key, key, key, &key); strings.ContainsAny(text, "0123456789") {
		b.Errorf("P14: a key is printed: %s", text)
	}
}

// forgotten: nothing is left of the key, and the mark stays, whatever comes later.
func forgotten(b *bench) {
	ctx := context.Background()
	e, key := b.keyedEvent()
	other, otherKey := b.keyedEvent()
	call := storage.OperatorKey{Request: newRequest(), Event: e.ID, Fingerprint: 9, At: 1_700_000_000_123}
	why := storage.Forgetting{At: 1_800_000_000_000, Reason: "the year is over – „ja“"}
	b.must(b.store.ForgetEvent(ctx, e.ID, why, call))
	b.wantEventKey(e.ID, nil, "once forgotten")
	b.reopen()
	b.wantEventKey(e.ID, nil, "once forgotten, after a restart,")
	b.wantEventKey(other.ID, &otherKey, "once a neighbour is forgotten")
	b.repeats(b.store.ForgetEvent(ctx, e.ID, why, call), call, "a repeat of forgetting")
	b.must(b.store.ForgetEvent(ctx, e.ID, storage.Forgetting{At: 1, Reason: "again"}, storage.OperatorKey{}))
	for _, k := range []storage.EventKey{key, storage.NewEventKey()} {
		b.wantIs(b.store.PutEventKey(ctx, e.ID, k), storage.ErrExists, "P14: a key of a forgotten event")
	}
	b.wantEventKey(e.ID, nil, "after a key was put again")
	b.wantIs(
		b.store.SetSale(ctx, e.ID, storage.SaleOpen, storage.OperatorKey{}), storage.ErrForgotten,
		"P14: the sale of a forgotten event",
	)
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleDeleted, storage.OperatorKey{}))
	got, err := b.store.Event(ctx, e.ID)
	b.must(err)
	if got.Forgotten == nil || *got.Forgotten != why || got.Sale != storage.SaleDeleted ||
		got.Pseudonyms != storage.PseudonymsKeyed || got.Name != e.Name {
		b.Errorf("P14: the event reads as %+v, with mark %+v", got, got.Forgotten)
	}
}

// forgettingRefused: what is on sale is not forgotten, and no key of the call is left behind.
func forgettingRefused(b *bench) {
	ctx := context.Background()
	e, key := b.keyedEvent()
	call := storage.OperatorKey{Request: newRequest(), Event: e.ID, Fingerprint: 9, At: 1_700_000_000_123}
	for _, sale := range []storage.SaleState{storage.SaleOpen, storage.SalePaused} {
		b.must(b.store.SetSale(ctx, e.ID, sale, storage.OperatorKey{}))
		b.wantIs(b.store.ForgetEvent(ctx, e.ID, storage.Forgetting{At: 1}, call), storage.ErrOnSale, string(sale))
	}
	b.wantEventKey(e.ID, &key, "after refusals")
	if _, err := b.store.OperatorKey(ctx, call.Request); !errors.Is(err, storage.ErrNotFound) {
		b.Errorf("P5: a refused call left its key: %v", err)
	}
	none := storage.OperatorKey{}
	b.wantIs(
		b.store.ForgetEvent(ctx, storage.NewEventID(), storage.Forgetting{}, none), storage.ErrNotFound, "no event",
	)
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleDeleted, none))
	b.must(b.store.ForgetEvent(ctx, e.ID, storage.Forgetting{At: 1}, none))
	b.wantEventKey(e.ID, nil, "of a deleted event, once forgotten,")
}
