package memstore

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"holdfast/storage"
)

// SaveFeed implements storage.Feed.
func (s *Store) SaveFeed(ctx context.Context, items []storage.FeedItem) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := storage.CheckFeed(items); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	for _, item := range items {
		if item.Value == nil {
			delete(s.data.feed, string(item.Key))
			continue
		}
		s.data.feed[string(item.Key)] = append([]byte{}, item.Value...)
	}
	return nil
}

// FeedItems implements storage.Feed.
func (s *Store) FeedItems(ctx context.Context, prefix, after []byte, limit int,
	visit func(storage.FeedItem) error) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.RLock()
	found := map[string][]byte{}
	for key, value := range s.data.feed {
		if strings.HasPrefix(key, string(prefix)) && (after == nil || key > string(after)) {
			found[key] = value
		}
	}
	s.data.mu.RUnlock()
	for n, key := range slices.Sorted(maps.Keys(found)) {
		if limit > 0 && n == limit {
			break
		}
		if err := visit(storage.FeedItem{Key: []byte(key), Value: bytes.Clone(found[key])}); err != nil {
			return err
		}
	}
	return nil
}
