package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

const keysPage = 4096

// SetSale implements storage.Catalog.
func (s *Store) SetSale(ctx context.Context, id storage.EventID, sale storage.SaleState,
	key storage.OperatorKey) error {
	return s.ChangeSale(ctx, id, onsale.Change{Sale: sale}, key)
}

// ChangeSale implements storage.Catalog. The row is locked from its reading on, so that every turn has its own number.
func (s *Store) ChangeSale(ctx context.Context, id storage.EventID, change onsale.Change,
	key storage.OperatorKey) error {
	return s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := rememberKey(ctx, tx, key); err != nil {
			return err
		}
		found, err := collect(ctx, tx, scanEvent, sql("event_locked"), [16]byte(id))
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return storage.ErrNotFound
		}
		e := found[0]
		if err := e.Switch(change); err != nil {
			return err
		}
		header, err := storage.EncodeEvent(e)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, sql("sale"), [16]byte(id), string(e.Sale), string(header))
		return err
	})
}

// RememberKey implements storage.Catalog.
func (s *Store) RememberKey(ctx context.Context, key storage.OperatorKey) error {
	return s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error { return rememberKey(ctx, tx, key) })
}

// rememberKey inserts the key and drops those of its event that are stale by it. An insert that meets the key of a
// transaction under way waits for that one's end, so two nodes never both have a key.
func rememberKey(ctx context.Context, tx pgx.Tx, key storage.OperatorKey) error {
	if key.Request == (section.RequestID{}) {
		return nil
	}
	tag, err := tx.Exec(ctx, sql("key_insert"), [16]byte(key.Request), [16]byte(key.Event), int64(key.Fingerprint),
		stamp(key.At))
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		standing, err := collect(ctx, tx, scanKeyOf, sql("key"), [16]byte(key.Request))
		if err != nil {
			return err
		}
		if len(standing) == 0 { // forgotten between the two statements
			return storage.ErrUnavailable
		}
		return &storage.RepeatedError{First: standing[0]}
	}
	stale := key.At - section.Instant(storage.OperatorKeyWindow)
	if _, err := tx.Exec(ctx, sql("keys_stale"), [16]byte(key.Event), stamp(stale),
		int64(storage.OperatorKeysKept+1)); err != nil {
		return err
	}
	var kept int64
	if err := tx.QueryRow(ctx, sql("keys_count"), [16]byte(key.Event)).Scan(&kept); err != nil {
		return err
	}
	if kept > storage.OperatorKeysMax {
		return storage.ErrTooManyKeys
	}
	return nil
}

// OperatorKey implements storage.Catalog.
func (s *Store) OperatorKey(ctx context.Context, request section.RequestID) (key storage.OperatorKey, err error) {
	found, err := fetch(ctx, s.present, scanKeyOf, sql("key"), [16]byte(request))
	if err != nil {
		return key, err
	}
	if len(found) == 0 {
		return key, storage.ErrNotFound
	}
	return found[0], nil
}

// ForgetKey implements storage.Catalog.
func (s *Store) ForgetKey(ctx context.Context, request section.RequestID) error {
	_, err := s.exec(ctx, sql("key_forget"), [16]byte(request))
	return err
}

// OperatorKeys implements storage.Catalog.
func (s *Store) OperatorKeys(ctx context.Context, visit func(storage.OperatorKey) error) error {
	return pages(keysPage, func(last *storage.OperatorKey) ([]storage.OperatorKey, error) {
		var after section.RequestID // no key is all zeros
		if last != nil {
			after = last.Request
		}
		return fetch(ctx, s.present, scanKeyOf, sql("keys_after"), [16]byte(after), int64(keysPage))
	}, visit)
}

func scanKeyOf(row pgx.CollectableRow) (storage.OperatorKey, error) {
	var (
		request, event [16]byte
		fingerprint    int64
		at             time.Time
	)
	err := row.Scan(&request, &event, &fingerprint, &at)
	return storage.OperatorKey{Request: request, Event: event, Fingerprint: uint64(fingerprint),
		At: section.Instant(at.UnixMilli())}, err
}

// PutTicketKey implements storage.TicketKeys. An unknown outcome is resolved by asking what stands.
func (s *Store) PutTicketKey(ctx context.Context, key storage.TicketKey) error {
	_, err := s.exec(ctx, sql("ticket_key_insert"), int64(key.No), stamp(key.At), key.Seed[:])
	if err != nil {
		return err
	}
	standing, err := s.TicketKeys(ctx)
	if err != nil {
		return err
	}
	if done, _ := key.Follows(standing); !done {
		return storage.ErrExists
	}
	return nil
}

// TicketKeys implements storage.TicketKeys.
func (s *Store) TicketKeys(ctx context.Context) ([]storage.TicketKey, error) {
	return fetch(ctx, s.present, scanTicketKey, sql("ticket_keys"))
}

func scanTicketKey(row pgx.CollectableRow) (key storage.TicketKey, err error) {
	var (
		no   int64
		at   time.Time
		seed []byte
	)
	if err := row.Scan(&no, &at, &seed); err != nil {
		return key, err
	}
	key.No, key.At = uint16(no), section.Instant(at.UnixMilli())
	if copy(key.Seed[:], seed) != len(seed) || len(seed) != len(key.Seed) {
		return key, fmt.Errorf("sqlstore: %w: a key of tickets of %d bytes", storage.ErrFormat, len(seed))
	}
	return key, nil
}
