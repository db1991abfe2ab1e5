package storetest

import (
	"context"
	"errors"

	"holdfast/actors/section"
	"holdfast/storage"
)

// importer is the store's other door, or nil with a word about it: filling a store is not of the port.
func (b *bench) importer() storage.Importer {
	i, ok := b.store.(storage.Importer)
	if !ok {
		b.Logf("%T is no storage.Importer: it cannot be filled from another store", b.store)
		return nil
	}
	return i
}

// history makes a log's entries without a store: a claim, two changes, a release, a claim, a change.
func history(w *writer) (entries []storage.Entry) {
	for _, kind := range []storage.EntryKind{
		storage.EntryClaim, storage.EntryChanges, storage.EntryChanges, storage.EntryReleased, storage.EntryClaim, storage.EntryChanges,
	} {
		a := w.next(kind, "brought")
		w.advance(a)
		entries = append(entries, a.Entry)
	}
	return entries
}

// imported: a log comes over record by record as it is (P10), is read back with the same hashes after a restart, and
// can be claimed and written like any other.
func imported(b *bench) {
	into := b.importer()
	if into == nil {
		return
	}
	ctx, w := context.Background(), &writer{key: newKey(), id: storage.NewWriterID()}
	entries := history(w)
	b.must(into.Import(ctx, w.key, nil))
	b.wantLog(&writer{key: w.key})
	b.must(into.Import(ctx, w.key, entries[:2]))
	b.must(into.Import(ctx, w.key, entries[2:]))
	wantBrought := func() {
		b.Helper()
		at := 0
		b.must(b.store.Read(ctx, w.key, 0, func(e *storage.Entry, hash storage.Hash) error {
			if want := storage.HashEntry(&entries[at]); hash != want || storage.HashEntry(e) != want {
				b.Errorf("record %d came back with another hash", e.Seq)
			}
			at++
			return nil
		}))
		b.wantLog(w, "brought", "brought", "brought", "brought", "brought", "brought")
	}
	wantBrought()
	b.reopen()
	wantBrought()
	successor := b.claim(w.key)
	b.write(successor, "lives on")
	b.wantFenced(b.commit(w.next(storage.EntryChanges, "late")), successor.tail, "S3: the old owner after a move")
	b.wantLog(successor, "brought", "brought", "brought", "brought", "brought", "brought", "owner", "lives on")
}

// importRefused: what does not continue the log is refused whole, also when its first entries would do.
func importRefused(b *bench) {
	into := b.importer()
	if into == nil {
		return
	}
	ctx, w := context.Background(), &writer{key: newKey(), id: storage.NewWriterID()}
	entries := history(w)
	b.wantIs(into.Import(ctx, w.key, entries[1:]), storage.ErrGap, "an import that does not begin at the beginning")
	b.wantLog(&writer{key: w.key})
	b.wantIs(into.Import(ctx, w.key, []storage.Entry{entries[0], entries[2]}), storage.ErrGap, "an import with a hole")
	b.wantLog(&writer{key: w.key})
	b.must(into.Import(ctx, w.key, entries[:3]))
	three := &writer{key: w.key, tail: entries[2].After(storage.HashEntry(&entries[2]))}
	b.wantFenced(into.Import(ctx, w.key, entries[2:]), three.tail, "an import that overlaps")
	strange := append([]storage.Entry(nil), entries[3:]...)
	strange[2].Prev[0] ^= 1
	b.wantIs(into.Import(ctx, w.key, strange), storage.ErrGap, "an import of another history")
	large := append([]storage.Entry(nil), entries[3:4]...)
	large[0].Body = make([]byte, storage.BodyBytesMax+1)
	b.wantIs(into.Import(ctx, w.key, large), storage.ErrTooLarge, "an import of a body over the limit")
	b.wantLog(three, "brought", "brought", "brought")
	b.must(into.Import(ctx, w.key, entries[3:]))
	b.reopen()
	b.wantLog(w, "brought", "brought", "brought", "brought", "brought", "brought")
}

// importAfterAppends: an import continues what the store's own writers wrote, and what they remember of the tail keeps
// up with it.
func importAfterAppends(b *bench) {
	into := b.importer()
	if into == nil {
		return
	}
	ctx, own := context.Background(), b.claim(newKey())
	late := own.next(storage.EntryChanges, "late")
	a := own.next(storage.EntryChanges, "brought")
	b.must(into.Import(ctx, own.key, []storage.Entry{a.Entry}))
	own.advance(a)
	b.wantFenced(b.commit(late), own.tail, "S3: an append that knew nothing of the import")
	b.must(b.commit(a)) // S4: the brought entry stands
	b.write(own, "after")
	b.wantLog(own, "owner", "brought", "after")
}

// importTickets: the rows that come replace those that stand, in this section only (P1).
func importTickets(b *bench) {
	into := b.importer()
	if into == nil {
		return
	}
	ctx, w := context.Background(), b.claim(newKey())
	neighbour := b.claim(storage.SectionKey{Event: w.key.Event, Section: w.key.Section + 1})
	for _, one := range []*writer{w, neighbour} {
		sold := one.next(storage.EntryChanges, "sold")
		sold.Sell = []section.Ticket{{Seat: 1, Booking: 10}, {Seat: 2, Booking: 10}}
		b.must(b.commit(sold))
		one.advance(sold)
	}
	rows := []section.Ticket{{Seat: 2, Booking: 11}, {Seat: 300, Booking: 1 << 40}}
	for range 2 {
		b.must(into.ImportTickets(ctx, w.key, rows))
	}
	b.reopen()
	b.wantTickets(w.key, rows...)
	b.wantTickets(neighbour.key, section.Ticket{Seat: 1, Booking: 10}, section.Ticket{Seat: 2, Booking: 10})
	again := w.next(storage.EntryChanges, "again")
	again.Sell = []section.Ticket{{Seat: section.SeatIndex(300), Booking: 5}}
	b.wantIs(b.commit(again), storage.ErrTicketTaken, "S7: a ticket that was brought (P1)")
	b.must(b.store.(storage.Importer).ImportTickets(ctx, w.key, nil))
	b.wantTickets(w.key)
	b.must(b.commit(again))
	b.wantTickets(w.key, again.Sell...)
}

// importSecret: ticket codes sold under one secret are void under another, so a store that has one keeps it.
func importSecret(b *bench) {
	into := b.importer()
	if into == nil {
		return
	}
	ctx, mine := context.Background(), [32]byte{1, 2, 3}
	err := into.ImportSecret(ctx, mine)
	has, secretErr := b.store.Secret(ctx)
	b.must(secretErr)
	switch {
	case err == nil && has != mine:
		b.Errorf("the secret was brought and another one is there")
	case err != nil && !errors.Is(err, storage.ErrExists): // a shared server had one already
		b.Fatalf("a secret was refused with %v", err)
	}
	b.reopen()
	into = b.importer()
	b.must(into.ImportSecret(ctx, has))
	other := has
	other[0] ^= 1
	b.wantIs(into.ImportSecret(ctx, other), storage.ErrExists, "another secret")
	kept, err := b.store.Secret(ctx)
	b.must(err)
	if kept != has {
		b.Error("the secret changed: every ticket code sold so far is void")
	}
}
