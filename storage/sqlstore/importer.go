package sqlstore

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/actors/section"
	"holdfast/storage"
)

var _ storage.Importer = (*Store)(nil)

// One statement of an import is one transaction in one round trip: large enough that the commit does not count, small
// enough that it ends well within the attempt timeout and is no burden to CockroachDB, which keeps a transaction's
// writes in memory.
const (
	importBytes = 2 << 20
	importRows  = 4096
	ticketsMany = 16384 // tickets in one statement
)

// Import implements storage.Importer. All entries are judged before the first is written. More than one statement's
// worth goes in several transactions: after storage.ErrUnknown or storage.ErrUnavailable a beginning of the entries may
// stand, and Tail tells how much.
func (s *Store) Import(ctx context.Context, key storage.SectionKey, entries []storage.Entry) error {
	tail, err := s.Tail(ctx, key)
	if err != nil {
		return err
	}
	tails := make([]storage.Tail, len(entries)) // after each entry
	for i := range entries {
		if err := storage.JudgeImport(key, tail, &entries[i]); err != nil {
			return err
		}
		tail = entries[i].After(storage.HashEntry(&entries[i]))
		tails[i] = tail
	}
	for len(entries) > 0 {
		n := importEnd(entries)
		if err := s.importSome(ctx, key, entries[:n], tails[:n]); err != nil {
			return err
		}
		entries, tails = entries[n:], tails[n:]
	}
	return nil
}

// importEnd gives how many of the first entries go into one statement.
func importEnd(entries []storage.Entry) int {
	bytes := 0
	for i := range entries {
		bytes += len(entries[i].Body)
		if i > 0 && (i >= importRows || bytes > importBytes) {
			return i
		}
	}
	return len(entries)
}

func (s *Store) importSome(ctx context.Context, key storage.SectionKey, entries []storage.Entry,
	tails []storage.Tail) error {
	args, births := importArgs(key, entries, tails), int64(0)
	duplicateKey, err := s.write(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		births = s.births.Load()
		_, err := c.Exec(ctx, sql("import_entries"), args...)
		return err
	})
	switch {
	case duplicateKey: // somebody writes to this log, whom there should not be
		standing, err := s.Tail(ctx, key)
		if err != nil {
			return doubtful(err)
		}
		return &storage.FencedError{Section: key, Tail: standing}
	case err != nil:
		return err
	}
	s.learn(key, seen{tails[len(tails)-1], births})
	return nil
}

func importArgs(key storage.SectionKey, entries []storage.Entry, tails []storage.Tail) []any {
	n := len(entries)
	var (
		seq, epoch         = make([]int64, n), make([]int64, n)
		kind               = make([]int16, n)
		writer, batch      = make([][16]byte, n), make([][16]byte, n)
		at                 = make([]time.Time, n)
		prev, hash, bodies = make([][]byte, n), make([][]byte, n), make([][]byte, n)
	)
	for i := range entries {
		e := &entries[i]
		seq[i], epoch[i], kind[i] = int64(e.Seq), int64(e.Epoch), int16(e.Kind)
		writer[i], batch[i], at[i] = e.Writer, e.Batch, stamp(e.At)
		prev[i], hash[i], bodies[i] = e.Prev[:], tails[i].Hash[:], body(e)
	}
	return []any{shardOf(key), [16]byte(key.Event), int64(key.Section), seq, epoch, kind, writer, batch, at, prev, hash,
		bodies}
}

// ImportTickets implements storage.Importer. A seat that is there twice is storage.ErrTicketTaken, and nothing is
// changed.
func (s *Store) ImportTickets(ctx context.Context, key storage.SectionKey, tickets []section.Ticket) error {
	event, sectionNo := [16]byte(key.Event), int64(key.Section)
	err := s.transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sql("tickets_drop"), event, sectionNo); err != nil {
			return err
		}
		for first := 0; first < len(tickets); first += ticketsMany {
			some := tickets[first:min(first+ticketsMany, len(tickets))]
			seats, bookings := make([]int64, len(some)), make([]int64, len(some))
			for i, row := range some {
				seats[i], bookings[i] = int64(row.Seat), int64(row.Booking)
			}
			if _, err := tx.Exec(ctx, sql("tickets_insert"), event, sectionNo, seats, bookings); err != nil {
				return err
			}
		}
		return nil
	})
	if sqlState(err) == stateUniqueViolation {
		return storage.ErrTicketTaken
	}
	return err
}

// ImportSecret implements storage.Importer.
func (s *Store) ImportSecret(ctx context.Context, secret [32]byte) error {
	if _, err := s.exec(ctx, sql("secret_insert"), secret[:]); err != nil {
		return err
	}
	standing, err := s.secret(ctx)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(standing[:], secret[:]) != 1 {
		return storage.ErrExists
	}
	return nil
}
