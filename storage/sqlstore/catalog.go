package sqlstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
)

const eventsPage = 256

// createAttempts bounds the sendings of an event whose outcome stays unknown. An operator waits for the answer, no
// buyer does.
const createAttempts = 4

// CreateEvent implements storage.Catalog. An unknown outcome is resolved by sending the event again: if the row that it
// meets then is the very one that was sent, the earlier sending arrived.
func (s *Store) CreateEvent(ctx context.Context, e *storage.Event, venue []byte) error {
	header, err := storage.EncodeEvent(e)
	if err != nil {
		return err
	}
	inDoubt := false
	for attempt := range createAttempts {
		err = s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
			return createEvent(ctx, tx, e, header, venue, inDoubt)
		})
		if err == nil && inDoubt {
			err = s.assure(ctx) // it may stand from an earlier sending
		}
		sure := !errors.Is(err, storage.ErrUnknown) && (!inDoubt || !errors.Is(err, storage.ErrUnavailable))
		if sure {
			return err
		}
		inDoubt = true
		if !s.pause(ctx, attempt) {
			break
		}
	}
	// %v: what the last sending says of itself does not settle the first
	return fmt.Errorf("%w: event %v: %v", storage.ErrUnknown, e.ID, err)
}

func createEvent(ctx context.Context, tx pgx.Tx, e *storage.Event, header, venue []byte, sentBefore bool) error {
	parts := cut(venue)
	tag, err := tx.Exec(ctx, sql("event_insert"),
		[16]byte(e.ID), e.Name, stamp(e.CreatedAt), string(e.Sale), string(header), int64(len(parts)))
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 1 {
		return insertParts(ctx, tx, sql("venue_insert"), parts, [16]byte(e.ID))
	}
	if !sentBefore {
		return storage.ErrExists
	}
	return sameEvent(ctx, tx, e.ID, header, venue)
}

// sameEvent answers nil when the event that stands was made from this header and venue, else storage.ErrExists. The
// sale switch does not count: an operator may have found the event meanwhile and opened its sale.
func sameEvent(ctx context.Context, q queryer, id storage.EventID, header, venue []byte) error {
	var stored []byte
	var sale string
	if err := q.QueryRow(ctx, sql("event"), [16]byte(id)).Scan(&stored, &sale); err != nil {
		return err
	}
	standing, err := storage.DecodeEvent(stored)
	if err != nil {
		return err
	}
	sent, err := storage.DecodeEvent(header)
	if err != nil {
		return err
	}
	again, err := storage.EncodeEvent(standing.Before(sent)) // the server keeps JSON by value, not by its bytes
	if err != nil {
		return err
	}
	standingVenue, err := readVenue(ctx, q, id)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, header) || !bytes.Equal(standingVenue, venue) {
		return storage.ErrExists
	}
	return nil
}

// Event implements storage.Catalog.
func (s *Store) Event(ctx context.Context, id storage.EventID) (*storage.Event, error) {
	found, err := fetch(ctx, s.present, scanEvent, sql("event"), [16]byte(id))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, storage.ErrNotFound
	}
	return found[0], nil
}

// Events implements storage.Catalog.
func (s *Store) Events(ctx context.Context) ([]*storage.Event, error) {
	var all []*storage.Event
	err := pages(eventsPage, func(last **storage.Event) ([]*storage.Event, error) {
		var after storage.EventID // no event has the zero id
		if last != nil {
			after = (*last).ID
		}
		return fetch(ctx, s.present, scanEvent, sql("events_after"), [16]byte(after), int64(eventsPage))
	}, func(e *storage.Event) error {
		all = append(all, e)
		return nil
	})
	slices.SortFunc(all, storage.CompareEvents)
	return all, err
}

// scanEvent reads a header and the sale switch, which is newer than what the header says of it.
func scanEvent(row pgx.CollectableRow) (*storage.Event, error) {
	var header []byte
	var sale string
	if err := row.Scan(&header, &sale); err != nil {
		return nil, err
	}
	e, err := storage.DecodeEvent(header)
	if err != nil {
		return nil, err
	}
	e.Sale = storage.SaleState(sale)
	return e, nil
}

// Venue implements storage.Catalog.
func (s *Store) Venue(ctx context.Context, id storage.EventID) (venue []byte, err error) {
	err = s.present(ctx, func(ctx context.Context, q queryer) error {
		venue, err = readVenue(ctx, q, id)
		return err
	})
	return venue, err
}

func readVenue(ctx context.Context, q queryer, id storage.EventID) ([]byte, error) {
	type part struct {
		count int64
		body  []byte // NULL when no part is there
	}
	parts, err := collect(ctx, q, func(row pgx.CollectableRow) (p part, err error) {
		err = row.Scan(&p.count, &p.body)
		return p, err
	}, sql("venue"), [16]byte(id))
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, storage.ErrNotFound
	}
	var venue []byte
	for _, p := range parts {
		if p.body == nil || p.count != int64(len(parts)) {
			return nil, fmt.Errorf("sqlstore: %w: venue of event %v is not whole", storage.ErrFormat, id)
		}
		venue = append(venue, p.body...)
	}
	return venue, nil
}

// Secret implements storage.Catalog. The first process that asks makes it; a role that may not write can only read the
// one that is there.
func (s *Store) Secret(ctx context.Context) ([32]byte, error) {
	secret, err := s.secret(ctx)
	if !errors.Is(err, storage.ErrNotFound) {
		return secret, err
	}
	var fresh [32]byte
	_, _ = rand.Read(fresh[:]) // never fails
	if _, err := s.exec(ctx, sql("secret_insert"), fresh[:]); err != nil {
		if state := sqlState(err); state == stateInsufficientPrivilege || state == stateReadOnly {
			return secret, fmt.Errorf("sqlstore: the store has no secret yet, and this role may not make one: %w", err)
		}
		return secret, err
	}
	return s.secret(ctx)
}

// secret answers the secret that stands, or storage.ErrNotFound.
func (s *Store) secret(ctx context.Context) (secret [32]byte, err error) {
	found, err := fetch(ctx, s.present, pgx.RowTo[[]byte], sql("secret"))
	switch {
	case err != nil:
		return secret, err
	case len(found) == 0:
		return secret, storage.ErrNotFound
	case len(found[0]) != len(secret):
		return secret, fmt.Errorf("sqlstore: %w: secret of %d bytes", storage.ErrFormat, len(found[0]))
	}
	return [32]byte(found[0]), nil
}

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

const contactsPage = 4096

// contactRow is one row of contacts.
type contactRow struct {
	subject string
	contact storage.Contact
}

func scanContact(row pgx.CollectableRow) (c contactRow, err error) {
	var at time.Time
	err = row.Scan(&c.subject, &c.contact.Email, &c.contact.Phone, &c.contact.Language, &at)
	c.contact.At = section.Instant(at.UnixMilli())
	return c, err
}

// PutContact implements storage.Contacts.
func (s *Store) PutContact(ctx context.Context, subject string, c storage.Contact) error {
	_, err := s.exec(ctx, sql("contact_put"), subject, c.Email, c.Phone, c.Language, stamp(c.At))
	return err
}

// Contact implements storage.Contacts.
func (s *Store) Contact(ctx context.Context, subject string) (storage.Contact, error) {
	found, err := fetch(ctx, s.present, scanContact, sql("contact"), subject)
	switch {
	case err != nil:
		return storage.Contact{}, err
	case len(found) == 0:
		return storage.Contact{}, storage.ErrNotFound
	}
	return found[0].contact, nil
}

// ForgetContact implements storage.Contacts.
func (s *Store) ForgetContact(ctx context.Context, subject string) error {
	_, err := s.exec(ctx, sql("contact_forget"), subject)
	return err
}

// Contacts implements storage.Contacts.
func (s *Store) Contacts(ctx context.Context, visit func(subject string, c storage.Contact) error) error {
	return pages(contactsPage, func(last *contactRow) ([]contactRow, error) {
		after := "" // no subject is empty
		if last != nil {
			after = last.subject
		}
		return fetch(ctx, s.present, scanContact, sql("contacts_after"), after, int64(contactsPage))
	}, func(c contactRow) error { return visit(c.subject, c.contact) })
}
