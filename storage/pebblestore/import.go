package pebblestore

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/section"
	"holdfast/storage"
)

var _ storage.Importer = (*Store)(nil)

// Import implements storage.Importer: one batch and one sync. The section's fence is held, so that its tail in memory
// is the last entry on disk at every moment that anybody else can see it.
func (s *Store) Import(ctx context.Context, key storage.SectionKey, entries []storage.Entry) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, ctx.Err())
	}
	st := s.state(key)
	st.mu.Lock()
	defer st.mu.Unlock()
	if err := s.load(key, st); err != nil {
		return notWritten(err)
	}
	if len(entries) == 0 {
		return nil
	}
	tail := st.tail
	st.loaded = false // until the entries are surely there, or surely not, the disk alone knows the tail
	err := s.write(pebble.Sync, func(batch *pebble.Batch) (err error) {
		for i := 0; i < len(entries) && err == nil; i++ {
			tail, err = stageImport(batch, key, tail, &entries[i])
		}
		return err
	})
	if err == nil {
		st.tail, st.loaded = tail, true
	}
	return err
}

// stageImport puts an entry that follows t into the batch and returns the tail after it.
func stageImport(batch *pebble.Batch, key storage.SectionKey, t storage.Tail, e *storage.Entry) (storage.Tail, error) {
	if err := storage.JudgeImport(key, t, e); err != nil {
		return t, err
	}
	hash, err := stageEntry(batch, &storage.Append{Section: key, Entry: *e})
	return e.After(hash), err
}

// ImportTickets implements storage.Importer.
func (s *Store) ImportTickets(ctx context.Context, key storage.SectionKey, rows []section.Ticket) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, ctx.Err())
	}
	brought := &storage.Append{Section: key, Sell: rows}
	err := storage.CheckTickets(
		brought, func(section.SeatIndex) (bool, error) { return false, nil },
	) // a seat may not come twice
	if err != nil {
		return err
	}
	st := s.state(key)
	st.mu.Lock() // a Commit looks tickets up and inserts them under it
	defer st.mu.Unlock()
	return s.write(pebble.Sync, func(batch *pebble.Batch) error {
		prefix := appendSectionKey(nil, prefixTicket, key)
		return errors.Join(batch.DeleteRange(prefix, after(prefix), nil), stageTickets(batch, brought))
	})
}

// ImportSecret implements storage.Importer.
func (s *Store) ImportSecret(_ context.Context, secret [32]byte) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	s.catalog.Lock()
	defer s.catalog.Unlock()
	switch value, err := s.get(keySecret); {
	case errors.Is(err, storage.ErrNotFound):
		return s.write(pebble.Sync, func(batch *pebble.Batch) error { return batch.Set(keySecret, secret[:], nil) })
	case err != nil:
		return err
	case string(value) != string(secret[:]):
		return storage.ErrExists
	}
	return nil
}
