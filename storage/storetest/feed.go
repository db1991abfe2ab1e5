package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"holdfast/storage"
)

// feedOf lists a test's items: a database has other tests' too.
func (b *bench) feedOf(prefix, after []byte, limit int) (all []string) {
	b.Helper()
	b.must(b.store.FeedItems(context.Background(), prefix, after, limit, func(i storage.FeedItem) error {
		all = append(all, fmt.Sprintf("%x=%s", i.Key[16:], i.Value))
		return nil
	}))
	return all
}

// feedItems: what is saved stands, in order of bytes, until it is replaced or removed.
func feedItems(b *bench) {
	ctx := context.Background()
	id := storage.NewEventID()
	key := func(rest ...byte) []byte { return append(append([]byte{}, id[:]...), rest...) }
	var items []storage.FeedItem
	for n := range 300 { // more than a page
		items = append(items, storage.FeedItem{Key: key(1, byte(n>>8), byte(n)), Value: []byte("x")})
	}
	items = append(items, storage.FeedItem{Key: key(1, 0, 7), Value: []byte("later")},
		storage.FeedItem{Key: key(0xff, 0xff), Value: []byte{}}, storage.FeedItem{Key: key(2), Value: nil})
	b.must(b.store.SaveFeed(ctx, items))
	b.reopen()
	if got := b.feedOf(key(1), nil, 0); len(got) != 300 || got[7] != "010007=later" || got[299] != "01012b=x" {
		b.Errorf("%d items after a restart, %v", len(got), got[:min(len(got), 9)])
	}
	if got := b.feedOf(key(1), key(1, 0, 6), 2); fmt.Sprint(got) != "[010007=later 010008=x]" {
		b.Errorf("above one, two of them: %v", got)
	}
	if got := b.feedOf(key(0xff), key(1), 0); fmt.Sprint(got) != "[ffff=]" {
		b.Errorf("with the highest prefix: %v", got)
	}
	if got := b.feedOf(key(1), key(2), 0); len(got) != 0 {
		b.Errorf("above them: %v", got)
	}
	b.must(b.store.SaveFeed(ctx, []storage.FeedItem{{Key: key(1, 0, 7)}, {Key: key(1, 0, 8), Value: []byte("y")}}))
	if got := b.feedOf(key(1), key(1, 0, 6), 1); fmt.Sprint(got) != "[010008=y]" {
		b.Errorf("once the first is removed: %v", got)
	}
	stop := errors.New("enough")
	b.wantIs(b.store.FeedItems(ctx, key(), nil, 0, func(storage.FeedItem) error { return stop }), stop,
		"a visitor who ends it")
}

// feedBounds: an item that is out of bounds keeps the others out.
func feedBounds(b *bench) {
	ctx := context.Background()
	id := storage.NewEventID()
	fine := storage.FeedItem{Key: append(id[:], 1), Value: []byte("x")}
	for _, bad := range []storage.FeedItem{
		{Value: []byte("x")}, {Key: bytes.Repeat([]byte{1}, storage.FeedKeyMax+1), Value: []byte("x")},
		{Key: append(id[:], 2), Value: make([]byte, storage.FeedValueMax+1)},
	} {
		b.wantIs(b.store.SaveFeed(ctx, []storage.FeedItem{fine, bad}), storage.ErrFeedItem, "an item out of bounds")
	}
	if got := b.feedOf(id[:], nil, 0); len(got) != 0 {
		b.Errorf("saved in part: %v", got)
	}
}
