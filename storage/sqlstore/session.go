package sqlstore

import (
	"context"
	"math/rand/v2"
	"time"

	crdbpgx "github.com/cockroachdb/cockroach-go/v2/crdb/crdbpgxv5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// readAttempts bounds the repeats of a read; after a restart of the server every pooled connection may fail once.
const readAttempts = 5

// queryer is what reads need: a connection, or a transaction that froze an instant.
type queryer interface {
	Query(ctx context.Context, statement string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, statement string, args ...any) pgx.Row
}

// attempt runs f once on a connection of the pool, with the attempt timeout, and says what its end means. A connection
// on which anything was left open or in doubt does not go back into the pool.
func (s *Store) attempt(ctx context.Context, f func(ctx context.Context, c *pgxpool.Conn) error) (verdict, error) {
	if s.closed.Load() {
		return refused, errClosed
	}
	if err := ctx.Err(); err != nil {
		return refused, err
	}
	bounded, cancel := context.WithTimeout(ctx, s.options.AttemptTimeout+moreTime(ctx))
	defer cancel()
	since := s.stats.turns.Load()
	c, err := s.pool.Acquire(bounded)
	if err != nil {
		if ctx.Err() == nil { // the caller's own impatience says nothing of the server
			s.noteReachable(since, refused, err)
		}
		return refused, err
	}
	defer c.Release()
	err = f(bounded, c)
	v := judge(err, c.Conn().IsClosed())
	if silence(v, err) {
		hangUp(c.Conn())
	}
	if ctx.Err() == nil {
		s.noteReachable(since, v, err)
	}
	return v, err
}

// largePatience is the time that an attempt gets beyond the attempt timeout for each MiB that it moves: the timeout is
// for what a buyer waits for, and a snapshot of a million places would never be written in it by a busy server.
const largePatience = time.Second

// gateBytes is how large a snapshot of a waiting room may be that is read; how large it is nobody knows before.
const gateBytes = 16 << 20

type moreTimeKey struct{}

// withTimeFor has attempts under the context last longer, for so many bytes.
func withTimeFor(ctx context.Context, bytes int) context.Context {
	return context.WithValue(ctx, moreTimeKey{}, time.Duration(bytes>>20)*largePatience)
}

func moreTime(ctx context.Context) time.Duration {
	more, _ := ctx.Value(moreTimeKey{}).(time.Duration)
	return more + patienceOf(ctx)
}

type patienceKey struct{}

// Patiently has whatever is asked of a store under the context wait that much longer for the server, which may be busy:
// each attempt, each connection, and the repetitions of what the server surely did not get. It is for the start of a
// process, which nobody's booking waits for and which a slow answer should not end.
func Patiently(ctx context.Context, more time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey{}, more)
}

func patienceOf(ctx context.Context) time.Duration {
	more, _ := ctx.Value(patienceKey{}).(time.Duration)
	return more
}

// patient is a connection's config for a context.
func patient(ctx context.Context, config *pgx.ConnConfig) *pgx.ConnConfig {
	own := config.Copy()
	own.ConnectTimeout += patienceOf(ctx)
	return own
}

// hangUp closes a connection without waiting for the server, which may be gone; Release then drops it from the pool.
func hangUp(c *pgx.Conn) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_ = c.Close(done) // its error is that nobody waits
}

// noteReachable keeps the alert: one line when the server stops answering, one when it answers again. since is the turn
// at which the attempt began: an attempt of before the last turn is old news of the other side of it.
func (s *Store) noteReachable(since int64, v verdict, err error) {
	if v == own || s.closed.Load() {
		return
	}
	gone := silence(v, err)
	if gone == turnedAway(since) || !s.stats.turns.CompareAndSwap(since, since+1) {
		return
	}
	if gone {
		// whatever ended this connection has most likely ended the others too; each would be an alarm of its own
		s.pool.Reset()
		s.options.Alarm(Alarm{Name: AlarmUnreachable, On: true,
			Text: "the store does not answer; everything that needs it is refused until it does", Err: err})
	} else {
		s.options.Alarm(Alarm{Name: AlarmUnreachable, Text: "the store answers again"})
	}
}

// read runs a read, which may be repeated without harm, but not for longer than one attempt may take: somebody waits
// for the answer. Errors: storage.ErrUnavailable when the server cannot be asked; those of f as they are.
func (s *Store) read(ctx context.Context, f func(ctx context.Context, c *pgxpool.Conn) error) error {
	deadline := time.Now().Add(s.options.AttemptTimeout + patienceOf(ctx))
	for n := 0; ; n++ {
		v, err := s.attempt(ctx, f)
		enough := n+1 >= readAttempts && patienceOf(ctx) == 0 || time.Now().After(deadline)
		switch {
		case v == landed:
			return nil
		case v == own:
			return err
		case enough || v == refused && !silence(v, err) || !s.pause(ctx, n):
			return unavailable(err)
		}
		s.stats.Retries.Add(1)
	}
}

// write runs f, which is one atomic statement or transaction, again while it is surely not written and worth it. Errors
// in the port's words: storage.ErrUnknown, storage.ErrUnavailable; those of f as they are. duplicateKey tells that a
// primary key was met.
func (s *Store) write(
	ctx context.Context, f func(ctx context.Context, c *pgxpool.Conn) error,
) (duplicateKey bool, err error) {
	deadline := time.Now().Add(s.options.AttemptTimeout + patienceOf(ctx))
	for n := 0; ; n++ {
		v, err := s.attempt(ctx, f)
		if v == refused && silence(v, err) && patienceOf(ctx) > 0 { // the server did not get it
			v = again
		}
		switch v {
		case landed:
			return false, nil
		case own:
			return false, err
		case duplicate:
			s.stats.Duplicates.Add(1)
			return true, unavailable(err)
		case unknown:
			s.stats.Unknowns.Add(1)
			return false, doubtful(err)
		case again:
			if time.Now().Before(deadline) && s.pause(ctx, n) {
				s.stats.Retries.Add(1)
				continue
			}
		}
		s.stats.Unavailable.Add(1)
		return false, unavailable(err)
	}
}

// exec runs one statement that writes. A primary key that is met is an error like any other; statements that expect one
// say ON CONFLICT.
func (s *Store) exec(ctx context.Context, statement string, args ...any) (rows int64, err error) {
	_, err = s.write(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		tag, err := c.Exec(ctx, statement, args...)
		rows = tag.RowsAffected()
		return err
	})
	return rows, err
}

// transact runs f in a transaction, again after a serialization failure. f's own errors roll back and come out as they
// are.
//
// Two runners: CockroachDB wants to be asked to retry by its own protocol, which cockroach-go speaks; on PostgreSQL
// that protocol's RELEASE counts as the commit and the real COMMIT's error would be dropped.
func (s *Store) transact(ctx context.Context, f func(ctx context.Context, tx pgx.Tx) error) error {
	_, err := s.write(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		if s.server.Cockroach {
			return crdbpgx.ExecuteTx(ctx, c, pgx.TxOptions{}, func(tx pgx.Tx) error { return f(ctx, tx) })
		}
		return runTransaction(ctx, c, f)
	})
	return err
}

func runTransaction(ctx context.Context, c *pgxpool.Conn, f func(ctx context.Context, tx pgx.Tx) error) error {
	tx, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	if err := f(ctx, tx); err != nil {
		_ = tx.Rollback(ctx) // f's error is the news; a connection that could not roll back is dropped by the pool
		return err
	}
	return tx.Commit(ctx)
}

// pause waits before the nth repeat, longer each time and never for two callers alike; false when ctx ended meanwhile.
func (s *Store) pause(ctx context.Context, n int) bool {
	timer := time.NewTimer(backoff(n, rand.Float64()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// backoff is between half and all of 5 ms doubled n times, at most 320 ms; chance is in [0, 1).
func backoff(n int, chance float64) time.Duration {
	most := 5 * time.Millisecond << min(n, 6)
	return most/2 + time.Duration(chance*float64(most/2))
}
