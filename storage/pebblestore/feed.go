package pebblestore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/storage"
)

// A feed's item is stored as version 1 · value, under prefixFeed and the item's own key.
const feedVersion1 = 1

func feedKey(key []byte) []byte { return append([]byte{prefixFeed}, key...) }

// SaveFeed implements storage.Feed.
func (s *Store) SaveFeed(_ context.Context, items []storage.FeedItem) error {
	if err := storage.CheckFeed(items); err != nil {
		return err
	}
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	return s.write(pebble.Sync, func(b *pebble.Batch) error {
		for _, item := range items {
			var err error
			if item.Value == nil {
				err = b.Delete(feedKey(item.Key), nil)
			} else {
				err = b.Set(feedKey(item.Key), append([]byte{feedVersion1}, item.Value...), nil)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// FeedItems implements storage.Feed.
func (s *Store) FeedItems(_ context.Context, prefix, above []byte, limit int,
	visit func(storage.FeedItem) error) (err error) {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.calls.Done()
	lower, upper := feedKey(prefix), after(feedKey(prefix))
	if above != nil {
		if from := append(feedKey(above), 0); bytes.Compare(from, lower) > 0 {
			lower = from
		}
	}
	if bytes.Compare(lower, upper) >= 0 {
		return nil
	}
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return fmt.Errorf("pebblestore: a feed's items: %w", err)
	}
	defer func() { err = first(err, iter.Close()) }()
	n := 0
	for iter.First(); iter.Valid() && (limit <= 0 || n < limit); iter.Next() {
		value, err := iter.ValueAndErr()
		if err != nil {
			return fmt.Errorf("pebblestore: a feed's items: %w", err)
		}
		if len(value) == 0 || value[0] != feedVersion1 {
			return fmt.Errorf("pebblestore: %w: a feed's item", storage.ErrFormat)
		}
		if err := visit(storage.FeedItem{Key: iter.Key()[1:], Value: value[1:]}); err != nil {
			return err
		}
		n++
	}
	return iter.Error()
}
