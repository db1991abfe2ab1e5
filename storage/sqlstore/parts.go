package sqlstore

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Large values are kept in parts: rows of megabytes are slow on both servers, and CockroachDB splits ranges only
// between rows.
const (
	partBytes  = 256 << 10
	groupParts = 8 // parts in one statement: 2 MiB
)

// cut takes a value apart; the parts share its memory. Even nothing is one (empty) part, so that a missing part shows.
func cut(body []byte) [][]byte {
	parts := make([][]byte, 0, len(body)/partBytes+1)
	for len(body) > partBytes {
		parts = append(parts, body[:partBytes])
		body = body[partBytes:]
	}
	if body == nil {
		body = []byte{} // nil would be NULL
	}
	return append(parts, body)
}

// insertParts sends parts, numbered from 0, a group at a time. The statement's last two parameters are the numbers and
// the bodies.
func insertParts(ctx context.Context, tx pgx.Tx, statement string, parts [][]byte, args ...any) error {
	for first := 0; first < len(parts); first += groupParts {
		group := parts[first:min(first+groupParts, len(parts))]
		numbers := make([]int64, len(group))
		for i := range numbers {
			numbers[i] = int64(first + i)
		}
		if _, err := tx.Exec(ctx, statement, append(args[:len(args):len(args)], numbers, group)...); err != nil {
			return err
		}
	}
	return nil
}

// source asks the server: the store by any connection of its pool, again if need be, or a frozen instant by its own
// transaction. Errors are in the port's words; those of question as they are.
type source func(ctx context.Context, question func(ctx context.Context, q queryer) error) error

// present reads what is there now.
func (s *Store) present(ctx context.Context, question func(ctx context.Context, q queryer) error) error {
	return s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error { return question(ctx, c) })
}

// fetch gives all rows of a statement.
func fetch[T any](ctx context.Context, ask source, scan pgx.RowToFunc[T], statement string, args ...any) (all []T,
	err error) {
	err = ask(ctx, func(ctx context.Context, q queryer) error {
		all, err = collect(ctx, q, scan, statement, args...)
		return err
	})
	return all, err
}

func collect[T any](ctx context.Context, q queryer, scan pgx.RowToFunc[T], statement string, args ...any) ([]T, error) {
	found, err := q.Query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, scan)
}

// pages calls visit for every row of a list that is asked for page by page, each time from the last row seen. No
// connection is held while visit runs, so visit may call the store and may take its time.
func pages[T any](limit int, page func(last *T) ([]T, error), visit func(T) error) error {
	var last *T
	for {
		found, err := page(last)
		if err != nil {
			return err
		}
		for _, row := range found {
			if err := visit(row); err != nil {
				return err
			}
		}
		if len(found) < limit {
			return nil
		}
		last = &found[len(found)-1]
	}
}
