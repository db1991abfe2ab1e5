package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
)

const ticketsPage = 4096

// Tickets implements storage.Tickets. No connection is held while visit runs.
func (s *Store) Tickets(ctx context.Context, key storage.SectionKey, visit func(section.Ticket) error) error {
	return visitTickets(ctx, s.present, key, visit)
}

func visitTickets(ctx context.Context, ask source, key storage.SectionKey, visit func(section.Ticket) error) error {
	return pages(ticketsPage, func(last *section.Ticket) ([]section.Ticket, error) {
		after := int64(-1)
		if last != nil {
			after = int64(last.Seat)
		}
		return fetch(ctx, ask, scanTicket, sql("tickets"), [16]byte(key.Event), int64(key.Section), after,
			int64(ticketsPage))
	}, visit)
}

func scanTicket(row pgx.CollectableRow) (section.Ticket, error) {
	var seat, booking int64
	err := row.Scan(&seat, &booking)
	return section.Ticket{Seat: section.SeatIndex(seat), Booking: section.BookingNo(booking)}, err
}

// Beat implements storage.Nodes.
func (s *Store) Beat(ctx context.Context, b storage.NodeBeat) error {
	_, err := s.exec(ctx, sql("beat"), [16]byte(b.Writer), b.Name, stamp(b.At), b.Gossip)
	return err
}

// Nodes implements storage.Nodes, in order of writer.
func (s *Store) Nodes(ctx context.Context) ([]storage.NodeBeat, error) {
	return fetch(ctx, s.present, scanBeat, sql("nodes"))
}

func scanBeat(row pgx.CollectableRow) (storage.NodeBeat, error) {
	var (
		writer       [16]byte
		name, gossip string
		at           time.Time
	)
	err := row.Scan(&writer, &name, &at, &gossip)
	return storage.NodeBeat{Writer: writer, Name: name, At: section.Instant(at.UnixMilli()), Gossip: gossip}, err
}

// Forget implements storage.Nodes.
func (s *Store) Forget(ctx context.Context, w storage.WriterID) error {
	_, err := s.exec(ctx, sql("forget"), [16]byte(w))
	return err
}

// shardsAtOnce is how many shards are listed side by side: half of the connections that are not for appends, so that
// heartbeats and takeovers find one free.
const shardsAtOnce = connectionsBesides / 2

// Sections implements storage.Store. It costs a round trip a section, because an index of sections would be a second
// key in every append; they are asked for once in a process's life.
func (s *Store) Sections(ctx context.Context) ([]storage.SectionKey, error) {
	var (
		all    []storage.SectionKey
		failed error
		mu     sync.Mutex // guards both
		group  sync.WaitGroup
		next   = make(chan int16, shards)
	)
	for shard := range int16(shards) {
		next <- shard
	}
	close(next)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range shardsAtOnce {
		group.Go(func() {
			for shard := range next {
				found, err := s.sectionsOf(ctx, shard)
				mu.Lock()
				all = append(all, found...)
				if err != nil && failed == nil {
					failed = err
					cancel() // what the others hear of it comes later and is not told
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if failed != nil {
		return nil, failed
	}
	slices.SortFunc(all, storage.SectionKey.Compare)
	return all, nil
}

// sectionsOf lists one shard's sections, skipping from each to the next.
func (s *Store) sectionsOf(ctx context.Context, shard int16) (keys []storage.SectionKey, err error) {
	var event storage.EventID
	after := int64(-1)
	for {
		found, err := fetch(ctx, s.present, scanKey, sql("sections_after"), shard, [16]byte(event), after)
		if err != nil || len(found) == 0 {
			return keys, err
		}
		keys = append(keys, found...)
		event, after = found[0].Event, int64(found[0].Section)
	}
}

func scanKey(row pgx.CollectableRow) (storage.SectionKey, error) {
	var event [16]byte
	var no int64
	err := row.Scan(&event, &no)
	return storage.SectionKey{Event: event, Section: storage.SectionNo(no)}, err
}

// feedPage is how many items of a feed are asked for at once; each has at most some kilobytes.
const feedPage = 256

// SaveFeed implements storage.Feed.
func (s *Store) SaveFeed(ctx context.Context, items []storage.FeedItem) error {
	if err := storage.CheckFeed(items); err != nil {
		return err
	}
	last := make(map[string]int, len(items)) // one statement may not name a row twice
	for i := range items {
		last[string(items[i].Key)] = i
	}
	keys, values, removed := [][]byte{}, [][]byte{}, [][]byte{}
	for i := range items {
		switch item := &items[i]; {
		case last[string(item.Key)] != i:
		case item.Value == nil:
			removed = append(removed, item.Key)
		default:
			keys, values = append(keys, item.Key), append(values, item.Value)
		}
	}
	return s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if len(keys) > 0 {
			if _, err := tx.Exec(ctx, sql("feed_put"), keys, values); err != nil {
				return err
			}
		}
		if len(removed) == 0 {
			return nil
		}
		_, err := tx.Exec(ctx, sql("feed_remove"), removed)
		return err
	})
}

func scanFeedItem(row pgx.CollectableRow) (i storage.FeedItem, err error) {
	return i, row.Scan(&i.Key, &i.Value)
}

// errEnough ends a list that has as many items as were asked for.
var errEnough = errors.New("sqlstore: enough")

// FeedItems implements storage.Feed. No connection is held while visit runs.
func (s *Store) FeedItems(ctx context.Context, prefix, after []byte, limit int,
	visit func(storage.FeedItem) error) error {
	end := feedEnd(prefix)
	seen := 0
	err := pages(feedPage, func(last *storage.FeedItem) ([]storage.FeedItem, error) {
		name, from := "feed_from", prefix
		if after != nil && bytes.Compare(after, prefix) >= 0 {
			name, from = "feed_after", after
		}
		if last != nil {
			name, from = "feed_after", last.Key
		}
		return fetch(ctx, s.present, scanFeedItem, sql(name), append([]byte{}, from...), end, int64(feedPage))
	}, func(i storage.FeedItem) error {
		if limit > 0 && seen == limit {
			return errEnough
		}
		seen++
		return visit(i)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// feedEnd is above every key with a prefix: keys are bounded, and none is all ones.
func feedEnd(prefix []byte) []byte {
	end := append([]byte{}, prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return bytes.Repeat([]byte{0xff}, storage.FeedKeyMax+1)
}
