package memstore

import (
	"context"
	"crypto/rand"
	"errors"

	"holdfast/actors/section"
	"holdfast/storage"
)

var _ storage.Importer = (*Store)(nil)

// Import implements storage.Importer.
func (s *Store) Import(ctx context.Context, key storage.SectionKey, entries []storage.Entry) error {
	if err := s.usable(ctx); err != nil || len(entries) == 0 {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	l := s.data.logs[key]
	if l == nil {
		l = &log{}
	}
	tail, records := l.tail, make([]record, 0, len(entries))
	for i := range entries {
		e := &entries[i]
		if err := storage.JudgeImport(key, tail, e); err != nil {
			return err
		}
		stored := storage.AppendEntry(make([]byte, 0, storage.EntrySize(e)), e)
		hash := storage.HashStored(stored)
		records = append(records, record{batch: e.Batch, hash: hash, stored: stored})
		tail = e.After(hash)
	}
	l.tail, l.records = tail, append(l.records, records...)
	s.data.logs[key] = l
	return nil
}

// ImportTickets implements storage.Importer.
func (s *Store) ImportTickets(ctx context.Context, key storage.SectionKey, rows []section.Ticket) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	tickets := make(map[section.SeatIndex]section.BookingNo, len(rows))
	for _, row := range rows {
		if _, twice := tickets[row.Seat]; twice {
			return storage.ErrTicketTaken
		}
		tickets[row.Seat] = row.Booking
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	s.data.tickets[key] = tickets
	return nil
}

// ImportSecret implements storage.Importer.
func (s *Store) ImportSecret(ctx context.Context, secret [32]byte) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	if s.data.secret != nil && *s.data.secret != secret {
		return storage.ErrExists
	}
	s.data.secret = &secret
	return nil
}

// Secret implements storage.Catalog.
func (s *Store) Secret(ctx context.Context) (secret [32]byte, err error) {
	_, _ = rand.Read(secret[:]) // never fails
	err = s.ImportSecret(ctx, secret)
	if errors.Is(err, storage.ErrExists) {
		s.data.mu.RLock()
		defer s.data.mu.RUnlock()
		return *s.data.secret, nil
	}
	return secret, err
}
