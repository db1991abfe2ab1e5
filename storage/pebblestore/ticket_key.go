package pebblestore

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"holdfast/actors/section"
	"holdfast/storage"
)

// A key of tickets stands in the database: it is never destroyed, so nothing of it has to be overwritten. Under its
// number, big-endian: version 1 · made at 8 · seed 32.
const (
	ticketKeyVersion1  = 1
	ticketSeedKeySize  = 1 + 2
	ticketSeedRowSize  = 1 + 8 + 32
	ticketSeedRowStart = 1 + 8
)

func ticketSeedKey(no uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{prefixTicketKey}, no)
}

func ticketSeedRow(key *storage.TicketKey) []byte {
	row := binary.BigEndian.AppendUint64([]byte{ticketKeyVersion1}, uint64(key.At))
	return append(row, key.Seed[:]...)
}

func decodeTicketSeed(k, row []byte) (key storage.TicketKey, err error) {
	if len(k) != ticketSeedKeySize || len(row) != ticketSeedRowSize || row[0] != ticketKeyVersion1 {
		return key, fmt.Errorf("pebblestore: %w: key of tickets", storage.ErrFormat)
	}
	key.No, key.At = binary.BigEndian.Uint16(k[1:]), section.Instant(binary.BigEndian.Uint64(row[1:]))
	copy(key.Seed[:], row[ticketSeedRowStart:])
	return key, nil
}

// PutTicketKey implements storage.TicketKeys.
func (s *Store) PutTicketKey(_ context.Context, key storage.TicketKey) error {
	if err := s.enterWrite(); err != nil {
		return err
	}
	defer s.calls.Done()
	s.catalog.Lock()
	defer s.catalog.Unlock()
	standing, err := s.ticketKeys()
	if err != nil {
		return err
	}
	if done, err := key.Follows(standing); done || err != nil {
		return err
	}
	return s.write(pebble.Sync, func(b *pebble.Batch) error {
		return b.Set(ticketSeedKey(key.No), ticketSeedRow(&key), nil)
	})
}

// TicketKeys implements storage.TicketKeys.
func (s *Store) TicketKeys(context.Context) ([]storage.TicketKey, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.calls.Done()
	return s.ticketKeys()
}

func (s *Store) ticketKeys() (all []storage.TicketKey, err error) {
	err = s.scan([]byte{prefixTicketKey}, func(k, row []byte) error {
		key, err := decodeTicketSeed(k, row)
		all = append(all, key)
		return err
	})
	return all, err
}
