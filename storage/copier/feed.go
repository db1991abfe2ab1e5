package copier

import (
	"bytes"
	"context"
	"fmt"

	"holdfast/storage"
)

// feedAtOnce is how many items are saved in one write.
const feedAtOnce = 256

// moveFeed gives the target what the source's feeds keep, and removes there what the source does not have: consumers
// go on where they were, and are told nothing twice that they need not be (P15).
func (r *run) moveFeed(ctx context.Context) error {
	var changed []storage.FeedItem
	flush := func() error {
		if len(changed) == 0 {
			return nil
		}
		if err := r.to.SaveFeed(ctx, changed); err != nil {
			return fmt.Errorf("the target: feeds: %w", err)
		}
		r.count(func(report *Report) { report.Feed.add(0, uint64(len(changed))) })
		changed = changed[:0]
		return nil
	}
	err := r.eachFeedItem(ctx, func(item storage.FeedItem) error {
		r.count(func(report *Report) { report.Feed.add(bit(item.Value != nil), 0) })
		if changed = append(changed, item); len(changed) == feedAtOnce {
			return flush()
		}
		return nil
	}, func() { r.count(func(report *Report) { report.Feed.add(1, 0) }) })
	if err != nil {
		return err
	}
	return flush()
}

// verifyFeed says in how many items the target differs.
func (r *run) verifyFeed(ctx context.Context) error {
	differ := 0
	err := r.eachFeedItem(ctx, func(storage.FeedItem) error { differ++; return nil }, func() {})
	if differ > 0 {
		r.differ("%d items of feeds", differ)
	}
	return err
}

// eachFeedItem calls other for each item that the target has otherwise than the source, with the source's value (nil:
// it has none), and same for the rest of the source's.
func (r *run) eachFeedItem(ctx context.Context, other func(storage.FeedItem) error, same func()) error {
	there := map[string][]byte{} // some hundred bytes a consumer and section
	err := r.to.FeedItems(ctx, nil, nil, 0, func(item storage.FeedItem) error {
		there[string(item.Key)] = append([]byte{}, item.Value...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("the target: feeds: %w", err)
	}
	err = r.from.FeedItems(ctx, nil, nil, 0, func(item storage.FeedItem) error {
		value, stands := there[string(item.Key)]
		delete(there, string(item.Key))
		if stands && bytes.Equal(value, item.Value) {
			same()
			return nil
		}
		return other(storage.FeedItem{Key: bytes.Clone(item.Key), Value: append([]byte{}, item.Value...)})
	})
	if err != nil {
		return fmt.Errorf("feeds: %w", err)
	}
	for key := range there {
		if err := other(storage.FeedItem{Key: []byte(key)}); err != nil {
			return err
		}
	}
	return nil
}
