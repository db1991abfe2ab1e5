package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// newRequest is a key that no other test has: stores may be shared.
func newRequest() (id section.RequestID) { return section.RequestID(storage.NewEventID()) }

func (b *bench) newEvent() *storage.Event {
	b.Helper()
	e := exampleEvent(1_700_000_000_000)
	b.must(b.store.CreateEvent(context.Background(), e, []byte("venue")))
	return e
}

func (b *bench) wantSale(id storage.EventID, want storage.SaleState, when string) {
	b.Helper()
	e, err := b.store.Event(context.Background(), id)
	b.must(err)
	if e.Sale != want {
		b.Errorf("%s the sale is %s, want %s", when, e.Sale, want)
	}
}

// repeats checks that an error tells of the first use of a key.
func (b *bench) repeats(err error, first storage.OperatorKey, what string) {
	b.Helper()
	var stands *storage.RepeatedError
	if !errors.As(err, &stands) || stands.First != first {
		b.Errorf("P5: %s: %v, want the first use %+v", what, err, first)
	}
}

// keysOf lists the keys that are remembered of an event.
func (b *bench) keysOf(event storage.EventID) (keys []storage.OperatorKey) {
	b.Helper()
	var all []section.RequestID
	b.must(b.store.OperatorKeys(context.Background(), func(key storage.OperatorKey) error {
		if all = append(all, key.Request); key.Event == event {
			keys = append(keys, key)
		}
		return nil
	}))
	if !slices.IsSortedFunc(all, func(a, c section.RequestID) int { return bytes.Compare(a[:], c[:]) }) {
		b.Error("operators' keys are not in order of request")
	}
	return keys
}

// switchOnce: a late repeat, also after a restart, changes nothing, whatever was switched since.
func switchOnce(b *bench) {
	ctx, e := context.Background(), b.newEvent()
	pause := storage.OperatorKey{Request: newRequest(), Event: e.ID, Fingerprint: 1<<63 + 7, At: 1_700_000_000_123}
	b.must(b.store.SetSale(ctx, e.ID, storage.SalePaused, pause))
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleOpen, storage.OperatorKey{}))
	again := pause
	again.At++
	b.repeats(b.store.SetSale(ctx, e.ID, storage.SalePaused, again), pause, "the same key")
	b.reopen()
	b.repeats(b.store.SetSale(ctx, e.ID, storage.SalePaused, again), pause, "the same key after a restart")
	other := again
	other.Fingerprint++
	b.repeats(b.store.SetSale(ctx, e.ID, storage.SaleClosed, other), pause, "the key with another body")
	other.Event = b.newEvent().ID
	b.repeats(b.store.SetSale(ctx, other.Event, storage.SaleClosed, other), pause, "the key for another event")
	b.repeats(b.store.RememberKey(ctx, other), pause, "the key of another call")
	b.wantSale(e.ID, storage.SaleOpen, "after late repeats")
	b.wantSale(other.Event, storage.SalePaused, "of the other event")
	b.must(b.store.SetSale(ctx, e.ID, storage.SalePaused, storage.OperatorKey{}))
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleOpen, storage.OperatorKey{}))
	if keys := b.keysOf(e.ID); !slices.Equal(keys, []storage.OperatorKey{pause}) {
		b.Errorf("remembered: %+v", keys)
	}
}

// switchRace: of many who throw the switch under one key at once, one does.
func switchRace(b *bench) {
	ctx, e := context.Background(), b.newEvent()
	for round := range 8 {
		var group sync.WaitGroup
		var thrown, repeats atomic.Int64
		key := storage.OperatorKey{Request: newRequest(), Event: e.ID, Fingerprint: uint64(round), At: 1}
		for range 6 {
			group.Go(func() {
				err := b.store.SetSale(ctx, e.ID, storage.SaleOpen, key)
				var stands *storage.RepeatedError
				switch {
				case err == nil:
					thrown.Add(1)
				case errors.As(err, &stands):
					repeats.Add(1)
				default:
					b.Errorf("round %d: %v", round, err)
				}
			})
		}
		group.Wait()
		if thrown.Load() != 1 || repeats.Load() != 5 {
			b.Errorf("P5: round %d: the switch was thrown %d times under one key", round, thrown.Load())
		}
	}
}

// switchRefused: the switch and its key are one write, so that a refused call may come again.
func switchRefused(b *bench) {
	ctx, e := context.Background(), exampleEvent(1)
	key := storage.OperatorKey{Request: newRequest(), Event: e.ID, Fingerprint: 1, At: 1}
	b.wantIs(
		b.store.SetSale(ctx, e.ID, storage.SaleOpen, key), storage.ErrNotFound,
		"the sale of an event that is not there",
	)
	b.must(b.store.CreateEvent(ctx, e, []byte("venue")))
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleOpen, key))
	b.wantSale(e.ID, storage.SaleOpen, "the second time")

	block := storage.OperatorKey{Request: newRequest(), Event: e.ID, Fingerprint: 2, At: 2}
	b.must(b.store.RememberKey(ctx, block))
	if got, err := b.store.OperatorKey(ctx, block.Request); err != nil || got != block {
		b.Errorf("the key is %+v, %v", got, err)
	}
	b.must(b.store.ForgetKey(ctx, block.Request))
	b.must(b.store.ForgetKey(ctx, block.Request))
	b.reopen()
	_, err := b.store.OperatorKey(ctx, block.Request)
	b.wantIs(err, storage.ErrNotFound, "a forgotten key")
	block.Fingerprint = 3
	b.must(b.store.RememberKey(ctx, block))
	b.repeats(b.store.RememberKey(ctx, block), block, "a key remembered anew")
}

// keysBounded: none goes within the window, older ones go but for the youngest, and a full memory refuses.
func keysBounded(b *bench) {
	ctx, event, other := context.Background(), storage.NewEventID(), storage.NewEventID()
	base := newRequest()
	made := uint64(0)
	remember := func(event storage.EventID, at section.Instant) error {
		key := storage.OperatorKey{Request: base, Event: event, At: at}
		made++
		binary.BigEndian.PutUint64(key.Request[8:], made)
		return b.store.RememberKey(ctx, key)
	}
	b.must(remember(other, 1))
	const few = 2 * storage.OperatorKeysKept
	for i := range few {
		b.must(remember(event, section.Instant(1000+i)))
	}
	day := section.Instant(storage.OperatorKeyWindow)
	b.must(remember(event, 1000+few/2+day)) // so many are in their window by now
	if got := len(b.keysOf(event)); got != few/2+1 {
		b.Errorf("after a day for half of them %d are remembered, want %d", got, few/2+1)
	}
	b.must(remember(event, 1000+5*few+5*day))
	if got := len(b.keysOf(event)); got != storage.OperatorKeysKept+1 {
		b.Errorf("after days without a call %d are remembered, want the youngest %d", got, storage.OperatorKeysKept+1)
	}
	if got := len(b.keysOf(other)); got != 1 {
		b.Errorf("another event has %d keys", got)
	}
	if full := make([]storage.OperatorKey, storage.OperatorKeysMax); true { // the rule alone: ten thousand writes are a long test
		stale, no := storage.StaleKeys(full, day)
		if len(stale) != 0 || !no {
			b.Errorf("a full memory gives up %d, refuses: %v", len(stale), no)
		}
		if _, no := storage.StaleKeys(full[1:], day); no {
			b.Error("a memory with one place left refuses")
		}
	}
}

// deletedForEver: no switch brings an event back, and what was remembered of it stays.
func deletedForEver(b *bench) {
	ctx, e := context.Background(), b.newEvent()
	gone := storage.OperatorKey{Request: newRequest(), Event: e.ID, Fingerprint: 1, At: 1}
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleDeleted, gone))
	b.reopen()
	b.wantIs(
		b.store.SetSale(ctx, e.ID, storage.SaleOpen, storage.OperatorKey{}), storage.ErrNotFound,
		"a deleted event opened",
	)
	b.wantIs(
		b.store.SetSale(ctx, e.ID, storage.SaleDeleted, storage.OperatorKey{Request: newRequest(), Event: e.ID}),
		storage.ErrNotFound, "deleted twice",
	)
	b.repeats(b.store.SetSale(ctx, e.ID, storage.SaleDeleted, gone), gone, "deleted again under the same key")
	b.wantSale(e.ID, storage.SaleDeleted, "for ever")
	b.wantIs(b.store.CreateEvent(ctx, e, nil), storage.ErrExists, "a deleted event made anew")
}

// editsByVersion: an edit of an event as it no longer stands changes nothing; its repeat is known; and all of it is
// read again.
func editsByVersion(b *bench) {
	ctx, e := context.Background(), b.newEvent()
	key := storage.OperatorKey{Request: newRequest(), Event: e.ID, Fingerprint: 1, At: 5}
	name, most := "Another", uint32(2)
	edit := onsale.Edit{At: 5, By: "anna", Reason: "typo", Name: &name, SeatsPerBuyerMax: &most}
	b.must(b.store.ChangeSale(ctx, e.ID, onsale.Change{Edit: &edit}, key))
	b.reopen()
	b.repeats(b.store.ChangeSale(ctx, e.ID, onsale.Change{Edit: &edit}, key), key, "edited again under the same key")
	var changed *onsale.VersionError
	err := b.store.ChangeSale(ctx, e.ID, onsale.Change{Edit: &edit}, storage.OperatorKey{})
	if !errors.As(err, &changed) || changed.Now != 1 {
		b.Errorf("an edit of an older version: %v", err)
	}
	got, err := b.store.Event(ctx, e.ID)
	b.must(err)
	if got.Name != name || got.Sale != e.Sale || got.SaleNo != 1 || got.Rules.SeatsPerBuyerMax != 2 ||
		got.FirstRules() != e.Rules || len(got.Edits) != 1 || got.Edits[0].By != "anna" {
		b.Errorf("the event stands as %+v", got)
	}
}

// offForEver: an event that is called off is not sold any more, and keeps why; every turn of a switch has a number of
// its own.
func offForEver(b *bench) {
	ctx, e, none := context.Background(), b.newEvent(), storage.OperatorKey{}
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleOpen, none))
	put := onsale.Postponement{At: 2, Reason: "storm", KeepUntil: 9}
	b.must(b.store.ChangeSale(ctx, e.ID, onsale.Change{Sale: storage.SalePaused, Postponed: &put, StartsAt: 77,
		StartsMinutes: 60, SaleEndsAt: 70}, none))
	why := onsale.Cancellation{At: 5, Reason: "the singer is ill"}
	call := storage.OperatorKey{Request: newRequest(), Event: e.ID, Fingerprint: 1, At: 5}
	off := onsale.Change{Sale: storage.SaleCancelling, Cancelled: &why}
	b.must(b.store.ChangeSale(ctx, e.ID, off, call))
	b.reopen()
	b.repeats(b.store.ChangeSale(ctx, e.ID, off, call), call, "called off again under the same key")
	other := onsale.Cancellation{At: 6, Reason: "another"}
	b.must(b.store.ChangeSale(ctx, e.ID, onsale.Change{Sale: storage.SaleCancelling, Cancelled: &other}, none))
	for _, sale := range []storage.SaleState{storage.SaleOpen, storage.SalePaused, storage.SaleClosed} {
		b.wantIs(b.store.SetSale(ctx, e.ID, sale, none), storage.ErrCancelled, string(sale))
	}
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleCancelled, none))
	b.must(b.store.SetSale(ctx, e.ID, storage.SaleCancelling, none))
	got, err := b.store.Event(ctx, e.ID)
	b.must(err)
	put.From = e.StartsAt
	if got.Sale != storage.SaleCancelled || got.SaleNo != 4 || got.Cancelled == nil || *got.Cancelled != why ||
		got.Postponed == nil || *got.Postponed != put || got.StartsAt != 77 || got.StartsMinutes != 60 {
		b.Errorf("the event stands as %+v, %+v, %+v", got, got.Cancelled, got.Postponed)
	}
	b.must(b.store.ChangeSale(ctx, e.ID, onsale.Change{Sale: storage.SaleDeleted, No: 99}, none))
	if got, err = b.store.Event(ctx, e.ID); err != nil || got.SaleNo != 99 {
		b.Errorf("a turn that is at least the 99th has number %d: %v", got.SaleNo, err)
	}
}
