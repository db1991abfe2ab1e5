package pebblestore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/section"
	"holdfast/storage"
)

const (
	operatorVersion1  = 1
	operatorValueSize = 1 + 16 + 8 + 8
	keyAgeSize        = 1 + 16 + 8 + 16
)

func operatorKey(request section.RequestID) []byte {
	return append([]byte{prefixOperator}, request[:]...)
}

func keyAge(key *storage.OperatorKey) []byte {
	return append(binary.BigEndian.AppendUint64(eventKey(prefixKeyAge, key.Event), uint64(key.At)), key.Request[:]...)
}

func operatorValue(key *storage.OperatorKey) []byte {
	value := append([]byte{operatorVersion1}, key.Event[:]...)
	value = binary.BigEndian.AppendUint64(value, key.Fingerprint)
	return binary.BigEndian.AppendUint64(value, uint64(key.At))
}

func decodeOperatorKey(request, value []byte) (key storage.OperatorKey, err error) {
	if len(request) != len(key.Request) || len(value) != operatorValueSize || value[0] != operatorVersion1 {
		return key, fmt.Errorf("pebblestore: %w: operator's key", storage.ErrFormat)
	}
	copy(key.Request[:], request)
	copy(key.Event[:], value[1:])
	key.Fingerprint = binary.BigEndian.Uint64(value[17:])
	key.At = section.Instant(binary.BigEndian.Uint64(value[25:]))
	return key, nil
}

// RememberKey implements storage.Catalog.
func (s *Store) RememberKey(_ context.Context, key storage.OperatorKey) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	s.catalog.Lock()
	defer s.catalog.Unlock()
	if err := s.meetKey(key.Request); err != nil {
		return err
	}
	return s.writeWithKey(key, func(*pebble.Batch) error { return nil })
}

// OperatorKey implements storage.Catalog.
func (s *Store) OperatorKey(_ context.Context, request section.RequestID) (storage.OperatorKey, error) {
	if err := s.enter(); err != nil {
		return storage.OperatorKey{}, err
	}
	defer s.calls.Done()
	return s.standingKey(request)
}

func (s *Store) standingKey(request section.RequestID) (storage.OperatorKey, error) {
	value, err := s.get(operatorKey(request))
	if err != nil {
		return storage.OperatorKey{}, err
	}
	return decodeOperatorKey(request[:], value)
}

// meetKey is *storage.RepeatedError when the key stands.
func (s *Store) meetKey(request section.RequestID) error {
	switch first, err := s.standingKey(request); {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return err
	default:
		return &storage.RepeatedError{First: first}
	}
}

// writeWithKey applies one batch of build and the key, and drops those that are stale by it. catalog is locked.
func (s *Store) writeWithKey(key storage.OperatorKey, build func(*pebble.Batch) error) error {
	var stale []storage.OperatorKey
	if key.Request != (section.RequestID{}) {
		all, err := s.keysOf(key.Event)
		if err != nil {
			return err
		}
		full := false
		if stale, full = storage.StaleKeys(all, key.At); full {
			return storage.ErrTooManyKeys
		}
	}
	return s.write(pebble.Sync, func(b *pebble.Batch) error {
		err := build(b)
		for i := range stale {
			err = errors.Join(err, dropKey(b, &stale[i]))
		}
		if key.Request != (section.RequestID{}) {
			err = errors.Join(
				err, b.Set(operatorKey(key.Request), operatorValue(&key), nil), b.Set(keyAge(&key), nil, nil),
			)
		}
		return err
	})
}

func dropKey(b *pebble.Batch, key *storage.OperatorKey) error {
	return errors.Join(b.Delete(operatorKey(key.Request), nil), b.Delete(keyAge(key), nil))
}

// keysOf lists an event's keys from the youngest, without their fingerprints.
func (s *Store) keysOf(event storage.EventID) (all []storage.OperatorKey, err error) {
	err = s.scan(eventKey(prefixKeyAge, event), func(k, _ []byte) error {
		if len(k) != keyAgeSize {
			return fmt.Errorf("pebblestore: %w: operator's key", storage.ErrFormat)
		}
		key := storage.OperatorKey{Event: event, At: section.Instant(binary.BigEndian.Uint64(k[17:]))}
		copy(key.Request[:], k[25:])
		all = append(all, key)
		return nil
	})
	slices.Reverse(all)
	return all, err
}

// ForgetKey implements storage.Catalog.
func (s *Store) ForgetKey(_ context.Context, request section.RequestID) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	s.catalog.Lock()
	defer s.catalog.Unlock()
	key, err := s.standingKey(request)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.write(pebble.Sync, func(b *pebble.Batch) error { return dropKey(b, &key) })
}

// OperatorKeys implements storage.Catalog.
func (s *Store) OperatorKeys(_ context.Context, visit func(storage.OperatorKey) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.calls.Done()
	return s.scan([]byte{prefixOperator}, func(k, value []byte) error {
		key, err := decodeOperatorKey(k[1:], value)
		if err != nil {
			return err
		}
		return visit(key)
	})
}
