package sqlstore

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"holdfast/storage"
)

// PutEventKey implements storage.EventKeys. An unknown outcome is resolved by asking what stands.
func (s *Store) PutEventKey(ctx context.Context, id storage.EventID, key storage.EventKey) error {
	if _, err := s.exec(ctx, sql("event_key_insert"), [16]byte(id), key[:]); err != nil {
		return err
	}
	standing, err := s.EventKey(ctx, id)
	if errors.Is(err, storage.ErrNotFound) { // forgotten
		return storage.ErrExists
	}
	if err == nil && subtle.ConstantTimeCompare(standing[:], key[:]) != 1 {
		err = storage.ErrExists
	}
	return err
}

// EventKey implements storage.EventKeys.
func (s *Store) EventKey(ctx context.Context, id storage.EventID) (key storage.EventKey, err error) {
	found, err := fetch(ctx, s.present, pgx.RowTo[[]byte], sql("event_key"), [16]byte(id))
	switch {
	case err != nil:
		return key, err
	case len(found) == 0:
		return key, storage.ErrNotFound
	case len(found[0]) != len(key):
		return key, fmt.Errorf("sqlstore: %w: a key of %d bytes of event %v", storage.ErrFormat, len(found[0]), id)
	}
	return storage.EventKey(found[0]), nil
}

// ForgetEvent implements storage.EventKeys. Mark, key and destruction are one transaction.
func (s *Store) ForgetEvent(ctx context.Context, id storage.EventID, why storage.Forgetting,
	key storage.OperatorKey) error {
	mark, err := json.Marshal(map[string]storage.Forgetting{"Forgotten": why})
	if err != nil {
		return err
	}
	return s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := rememberKey(ctx, tx, key); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, sql("event_forget"), [16]byte(id), string(mark))
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			if e, err := standingEvent(ctx, tx, id); err != nil || e.Forgotten == nil {
				return orElse(err, storage.ErrOnSale)
			}
		}
		_, err = tx.Exec(ctx, sql("event_key_destroy"), [16]byte(id))
		return err
	})
}

// standingEvent is the event as a transaction sees it; storage.ErrNotFound.
func standingEvent(ctx context.Context, tx pgx.Tx, id storage.EventID) (*storage.Event, error) {
	found, err := collect(ctx, tx, scanEvent, sql("event"), [16]byte(id))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, storage.ErrNotFound
	}
	return found[0], nil
}

// orElse is err, or what is to be said when there is none.
func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
