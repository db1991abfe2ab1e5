package mail

import (
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/feed"
	"holdfast/storage"
)

// Dead lists mails that were given up, at most limit of them, behind the one with the reference after (nil: from the
// first).
func (s *Service) Dead(ctx context.Context, after *feed.Ref, limit int) (all []Queued, err error) {
	var from []byte
	if after != nil {
		from = (&Queued{Ref: *after}).key(kindDead)
	}
	err = s.cfg.Store.FeedItems(ctx, []byte{'m', kindDead}, from, limit, func(i storage.FeedItem) error {
		q, err := decodeQueued(i)
		all = append(all, q)
		return err
	})
	return all, err
}

// ErrNotDead: no mail with that reference was given up.
var ErrNotDead = errors.New("mail: no such mail was given up")

// Resend puts a mail that was given up back into the queue. The node that tells of its section sends it within
// minutes; this one at once, if that is this one.
func (s *Service) Resend(ctx context.Context, ref feed.Ref) error {
	var found *Queued
	key := (&Queued{Ref: ref}).key(kindDead)
	err := s.cfg.Store.FeedItems(ctx, key, nil, 1, func(i storage.FeedItem) error {
		q, err := decodeQueued(i)
		found = &q
		return err
	})
	if err != nil {
		return err
	}
	if found == nil {
		return ErrNotDead
	}
	found.Attempts, found.FirstAt, found.Due, found.Fault = 0, s.now(), s.now(), NoFault
	if err := s.cfg.Store.SaveFeed(ctx, []storage.FeedItem{{Key: key}, found.item(kindQueued)}); err != nil {
		return err
	}
	s.Moved()
	return nil
}

// prune forgets the oldest of the dead.
func (s *Service) prune(ctx context.Context) error {
	all, err := s.Dead(ctx, nil, 0)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b Queued) int { return int(max(min(a.Due-b.Due, 1), -1)) })
	var items []storage.FeedItem
	for i := range all {
		old := time.Duration(s.now()-all[i].Due)*time.Millisecond >= deadFor
		if (old || len(all)-i > deadMost) && len(items) < storage.FeedItemsMax {
			items = append(items, storage.FeedItem{Key: all[i].key(kindDead)})
		}
	}
	if len(items) == 0 {
		return nil
	}
	return s.cfg.Store.SaveFeed(ctx, items)
}
