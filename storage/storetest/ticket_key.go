package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"holdfast/storage"
)

// ticketKeys: keys are durable, in order, one a number, and no text.
func ticketKeys(b *bench) {
	ctx := context.Background()
	before, err := b.store.TicketKeys(ctx) // in a database that tests share
	b.must(err)
	base := uint16(len(before))
	want := func(keys ...storage.TicketKey) {
		b.Helper()
		got, err := b.store.TicketKeys(ctx)
		b.must(err)
		if !slices.Equal(got, slices.Concat(before, keys)) {
			b.Errorf("%d keys of tickets stand, %d were put behind %d, or others", len(got), len(keys), base)
		}
	}
	want()
	first := storage.NewTicketKey(base+1, 1_700_000_000_000)
	second := storage.NewTicketKey(base+2, 1_700_000_000_001)
	b.wantIs(b.store.PutTicketKey(ctx, second), storage.ErrExists, "a key that is not the next")
	b.must(b.store.PutTicketKey(ctx, first))
	b.must(b.store.PutTicketKey(ctx, first))
	b.must(b.store.PutTicketKey(ctx, second))
	for _, no := range []uint16{0, base + 1, base + 2, base + 4} {
		b.wantIs(b.store.PutTicketKey(ctx, storage.NewTicketKey(no, 1)), storage.ErrExists, "another key of a number")
	}
	b.reopen()
	want(first, second)
	b.must(b.store.PutTicketKey(ctx, first))
	want(first, second)
	if text := fmt.Sprintf("%v %x %d %#v %s", first, first, first, first, &first); strings.ContainsAny(
		text, "0123456789",
	) {
		b.Errorf("a key is printed: %s", text)
	}
}

// ticketKeyRace: of two nodes that rotate at once one makes the key, and both hear of the same.
func ticketKeyRace(b *bench) {
	ctx := context.Background()
	before, err := b.store.TicketKeys(ctx) // in a database that tests share
	b.must(err)
	var all sync.WaitGroup
	failed := make([]error, 4)
	for i := range failed {
		all.Go(func() { failed[i] = b.store.PutTicketKey(ctx, storage.NewTicketKey(uint16(len(before)+1), 1)) })
	}
	all.Wait()
	made := 0
	for _, err := range failed {
		if err == nil {
			made++
			continue
		}
		b.wantIs(err, storage.ErrExists, "a key beside another one")
	}
	if got, err := b.store.TicketKeys(ctx); err != nil || made != 1 || len(got) != len(before)+1 {
		b.Errorf("%d of four made a key, %d stand: %v", made, len(got), err)
	}
}
