package storage

import (
	"context"
	"errors"
)

// FeedItem is one thing that a feed keeps beside the logs: how far a consumer was told, what is to be told again, an
// endpoint. What it means is in its key and value, whose forms are the feed's own (package actors/feed). No name of a
// buyer is in one (P14).
type FeedItem struct {
	Key   []byte // 1 to FeedKeyMax bytes
	Value []byte // to FeedValueMax bytes; of SaveFeed, nil: the item is removed
}

// Bounds of an item, in bytes, and of how many items are saved at once.
const (
	FeedKeyMax   = 256
	FeedValueMax = 16 << 10
	FeedItemsMax = 4096
)

// ErrFeedItem: an item is out of bounds.
var ErrFeedItem = errors.New("storage: a feed's item is out of bounds")

// CheckFeed judges the bounds of items that are to be saved, for stores; ErrFeedItem.
func CheckFeed(items []FeedItem) error {
	if len(items) > FeedItemsMax {
		return ErrFeedItem
	}
	for i := range items {
		if n := len(items[i].Key); n == 0 || n > FeedKeyMax || len(items[i].Value) > FeedValueMax {
			return ErrFeedItem
		}
	}
	return nil
}

// Feed keeps items of feeds, in order of their keys' bytes.
type Feed interface {
	// SaveFeed writes and removes items in one durable write, all or none; of two items with one key the later one
	// counts. One to be removed that is not there is no error. ErrUnknown: it may be done, so repeat. The store keeps
	// none of the slices.
	SaveFeed(ctx context.Context, items []FeedItem) error
	// FeedItems calls visit for at most limit items (0: all) whose keys begin with prefix and are above after (nil:
	// from the first), in order. An item is valid during the call only. visit may call the store.
	FeedItems(ctx context.Context, prefix, after []byte, limit int, visit func(FeedItem) error) error
}
