package pebblestore

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// get returns a copy of a value, or storage.ErrNotFound.
func (s *Store) get(key []byte) ([]byte, error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, storage.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("pebblestore: read %q: %w", key[:1], err)
	}
	return bytes.Clone(value), closer.Close()
}

// scan calls visit for every key with the prefix, in order.
func (s *Store) scan(prefix []byte, visit func(key, value []byte) error) (err error) {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return fmt.Errorf("pebblestore: scan %q: %w", prefix[:1], err)
	}
	defer func() { err = first(err, iter.Close()) }()
	for iter.First(); iter.Valid(); iter.Next() {
		value, err := iter.ValueAndErr()
		if err != nil {
			return fmt.Errorf("pebblestore: scan %q: %w", prefix[:1], err)
		}
		if err := visit(iter.Key(), value); err != nil {
			return err
		}
	}
	return iter.Error()
}

// write applies a batch made by build.
func (s *Store) write(options *pebble.WriteOptions, build func(*pebble.Batch) error) error {
	batch := s.db.NewBatch()
	if err := build(batch); err != nil {
		return errors.Join(err, batch.Close())
	}
	s.guard.pending.add(batch.Len())
	if err := batch.Commit(options); err != nil {
		s.markBroken()
		return fmt.Errorf("%w: %w", storage.ErrUnknown, err)
	}
	return batch.Close()
}

// snapshotVersion1 starts a stored snapshot; snapshotHead is all of it before the body.
const (
	snapshotVersion1 = 1
	snapshotHead     = 1 + 4 + 8 + 8 + hashSize
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// SaveSnapshot implements storage.Snapshots. An older snapshot does not replace a newer one: it is dropped without an
// error.
func (s *Store) SaveSnapshot(_ context.Context, key storage.SectionKey, snapshot storage.Snapshot) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	value := make([]byte, 5, snapshotHead+len(snapshot.Body))
	value[0] = snapshotVersion1
	value = binary.BigEndian.AppendUint64(value, uint64(snapshot.Seq))
	value = binary.BigEndian.AppendUint64(value, uint64(snapshot.Epoch))
	value = append(value, snapshot.Hash[:]...)
	value = append(value, snapshot.Body...)
	binary.BigEndian.PutUint32(value[1:], crc32.Checksum(value[5:], castagnoli))

	s.snapshots.Lock()
	defer s.snapshots.Unlock()
	if old, err := s.loadSnapshot(key); err == nil && old.Seq > snapshot.Seq {
		return nil
	}
	return s.write(pebble.NoSync, func(b *pebble.Batch) error {
		return b.Set(appendSectionKey(nil, prefixSnapshot, key), value, nil)
	})
}

// LoadSnapshot implements storage.Snapshots.
func (s *Store) LoadSnapshot(_ context.Context, key storage.SectionKey) (storage.Snapshot, error) {
	if err := s.enter(); err != nil {
		return storage.Snapshot{}, err
	}
	defer s.calls.Done()
	return s.loadSnapshot(key)
}

func (s *Store) loadSnapshot(key storage.SectionKey) (snapshot storage.Snapshot, err error) {
	value, err := s.get(appendSectionKey(nil, prefixSnapshot, key))
	if err != nil {
		return snapshot, err
	}
	if len(value) < snapshotHead || value[0] != snapshotVersion1 {
		return snapshot, &storage.CorruptError{Section: key, Why: "snapshot is not in a known form"}
	}
	if crc32.Checksum(value[5:], castagnoli) != binary.BigEndian.Uint32(value[1:]) {
		return snapshot, &storage.CorruptError{Section: key, Why: "snapshot's checksum does not match"}
	}
	snapshot.Seq = section.Seq(binary.BigEndian.Uint64(value[5:]))
	snapshot.Epoch = section.Epoch(binary.BigEndian.Uint64(value[13:]))
	copy(snapshot.Hash[:], value[21:])
	snapshot.Body = value[snapshotHead:]
	return snapshot, nil
}

// CreateEvent implements storage.Catalog.
func (s *Store) CreateEvent(_ context.Context, e *storage.Event, venue []byte) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	header, err := storage.EncodeEvent(e)
	if err != nil {
		return err
	}
	s.catalog.Lock()
	defer s.catalog.Unlock()
	switch exists, err := s.exists(eventKey(prefixEvent, e.ID)); {
	case err != nil:
		return err
	case exists:
		return storage.ErrExists
	}
	return s.write(pebble.Sync, func(b *pebble.Batch) error {
		return errors.Join(
			b.Set(eventKey(prefixEvent, e.ID), header, nil), b.Set(eventKey(prefixVenue, e.ID), venue, nil),
		)
	})
}

// SetSale implements storage.Catalog.
func (s *Store) SetSale(
	ctx context.Context, id storage.EventID, sale storage.SaleState, key storage.OperatorKey,
) error {
	return s.ChangeSale(ctx, id, onsale.Change{Sale: sale}, key)
}

// ChangeSale implements storage.Catalog.
func (s *Store) ChangeSale(
	_ context.Context, id storage.EventID, change onsale.Change, key storage.OperatorKey,
) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	s.catalog.Lock()
	defer s.catalog.Unlock()
	if err := s.meetKey(key.Request); err != nil {
		return err
	}
	e, err := s.event(id)
	if err != nil {
		return err
	}
	if err := e.Switch(change); err != nil {
		return err
	}
	header, err := storage.EncodeEvent(e)
	if err != nil {
		return err
	}
	return s.writeWithKey(key, func(b *pebble.Batch) error { return b.Set(eventKey(prefixEvent, id), header, nil) })
}

func (s *Store) event(id storage.EventID) (*storage.Event, error) {
	header, err := s.get(eventKey(prefixEvent, id))
	if err != nil {
		return nil, err
	}
	return storage.DecodeEvent(header)
}

// Event implements storage.Catalog.
func (s *Store) Event(_ context.Context, id storage.EventID) (*storage.Event, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.calls.Done()
	return s.event(id)
}

// Venue implements storage.Catalog.
func (s *Store) Venue(_ context.Context, id storage.EventID) ([]byte, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.calls.Done()
	return s.get(eventKey(prefixVenue, id))
}

// Events implements storage.Catalog.
func (s *Store) Events(context.Context) ([]*storage.Event, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.calls.Done()
	var events []*storage.Event
	err := s.scan([]byte{prefixEvent}, func(_, value []byte) error {
		e, err := storage.DecodeEvent(value)
		events = append(events, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(events, storage.CompareEvents)
	return events, nil
}

// Secret implements storage.Catalog. A store opened read-only that never had one answers storage.ErrNotFound.
func (s *Store) Secret(context.Context) (secret [32]byte, err error) {
	if err := s.enter(); err != nil {
		return secret, err
	}
	defer s.calls.Done()
	s.catalog.Lock()
	defer s.catalog.Unlock()
	value, err := s.get(keySecret)
	switch {
	case errors.Is(err, storage.ErrNotFound) && !s.readOnly:
		_, _ = rand.Read(secret[:]) // never fails
		err = s.write(pebble.Sync, func(b *pebble.Batch) error { return b.Set(keySecret, secret[:], nil) })
		return secret, err
	case err != nil:
		return secret, err
	case len(value) != len(secret):
		return secret, fmt.Errorf("pebblestore: %w: secret of %d bytes", storage.ErrFormat, len(value))
	}
	return [32]byte(value), nil
}

// Tickets implements storage.Tickets.
func (s *Store) Tickets(_ context.Context, key storage.SectionKey, visit func(section.Ticket) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.calls.Done()
	return s.scan(appendSectionKey(nil, prefixTicket, key), func(k, value []byte) error {
		if len(k) != ticketKeySize || len(value) != 8 {
			return &storage.CorruptError{Section: key, Why: "ticket is not in a known form"}
		}
		return visit(section.Ticket{
			Seat:    section.SeatIndex(binary.BigEndian.Uint32(k[sectionKeySize:])),
			Booking: section.BookingNo(binary.BigEndian.Uint64(value)),
		})
	})
}

// Beat implements storage.Nodes. It is not synced: after a crash of the only node nobody is alive.
func (s *Store) Beat(_ context.Context, b storage.NodeBeat) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	value := append(binary.BigEndian.AppendUint64(nil, uint64(b.At)), b.Name...)
	return s.write(pebble.NoSync, func(batch *pebble.Batch) error {
		return batch.Set(append([]byte{prefixNode}, b.Writer[:]...), value, nil)
	})
}

// Nodes implements storage.Nodes, in order of writer.
func (s *Store) Nodes(context.Context) ([]storage.NodeBeat, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.calls.Done()
	var beats []storage.NodeBeat
	err := s.scan([]byte{prefixNode}, func(key, value []byte) error {
		if len(key) != 17 || len(value) < 8 {
			return fmt.Errorf("pebblestore: %w: heartbeat", storage.ErrFormat)
		}
		beats = append(beats, storage.NodeBeat{
			Writer: storage.WriterID(key[1:]),
			At:     section.Instant(binary.BigEndian.Uint64(value)),
			Name:   string(value[8:]),
		})
		return nil
	})
	return beats, err
}

// Forget implements storage.Nodes. Not synced, as Beat is not.
func (s *Store) Forget(_ context.Context, w storage.WriterID) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	return s.write(pebble.NoSync, func(batch *pebble.Batch) error {
		return batch.Delete(append([]byte{prefixNode}, w[:]...), nil)
	})
}
