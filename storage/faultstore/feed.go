package faultstore

import (
	"context"

	"holdfast/storage"
)

// SaveFeed implements storage.Feed.
func (s *Store) SaveFeed(ctx context.Context, items []storage.FeedItem) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.SaveFeed(ctx, items)
}

// FeedItems implements storage.Feed.
func (s *Store) FeedItems(ctx context.Context, prefix, after []byte, limit int,
	visit func(storage.FeedItem) error) error {
	if err := s.guard(ctx, call{op: OpCatalog}); err != nil {
		return err
	}
	return s.inner.FeedItems(ctx, prefix, after, limit, visit)
}
