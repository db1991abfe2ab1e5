package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
)

var (
	_ storage.Freezer = (*Store)(nil)
	_ storage.Frozen  = (*frozen)(nil)
)

const (
	// frozenTimeout bounds one question to a frozen instant. It is long: an instant that is lost cannot be had again.
	frozenTimeout = 30 * time.Second
	// frozenIdle is how long the one who looks may think between two questions before the server takes the instant
	// back.
	frozenIdle = "600000" // ms
)

// frozen is one transaction that only reads, on a connection of its own: a look that lasts minutes must not take one
// from those who sell.
type frozen struct {
	store *Store
	mu    sync.Mutex // a connection answers one question at a time
	conn  *pgx.Conn
	tx    pgx.Tx
}

// Freeze implements storage.Freezer. On PostgreSQL the instant is after everything acknowledged before the call; on
// CockroachDB it is one microsecond before the call by the clock of the node that answers, which may lag behind another
// one's by the clocks' offset. The server pays for the instant until Close: PostgreSQL cannot clean up rows that were
// replaced since, CockroachDB answers only while its gc.ttlseconds last.
func (s *Store) Freeze(ctx context.Context) (storage.Frozen, error) {
	if s.closed.Load() {
		return nil, unavailable(errClosed)
	}
	config := s.pool.Config().ConnConfig
	config.RuntimeParams["idle_in_transaction_session_timeout"] = frozenIdle
	config.RuntimeParams["statement_timeout"] = fmt.Sprint(frozenTimeout.Milliseconds())
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, unavailable(err)
	}
	f := &frozen{store: s, conn: conn}
	begin := sql("freeze")
	if s.server.Cockroach {
		begin = sql("freeze_cockroach")
	}
	if f.tx, err = conn.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin}); err == nil {
		_, err = f.tx.Exec(ctx, sql("freeze_pin"))
	}
	if err != nil {
		return nil, errors.Join(unavailable(err), f.Close())
	}
	return f, nil
}

// ask puts a question to the instant. After an error of the server's, every later answer is storage.ErrUnavailable.
func (f *frozen) ask(ctx context.Context, question func(ctx context.Context, q queryer) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.store.closed.Load() {
		return unavailable(errClosed)
	}
	ctx, cancel := context.WithTimeout(ctx, frozenTimeout)
	defer cancel()
	err := question(ctx, f.tx)
	if v := judge(err, f.conn.IsClosed()); v != landed && v != own {
		return unavailable(err)
	}
	return err
}

// Tail implements storage.Frozen.
func (f *frozen) Tail(ctx context.Context, key storage.SectionKey) (t storage.Tail, err error) {
	err = f.ask(ctx, func(ctx context.Context, q queryer) error {
		t, err = readTail(ctx, q, key)
		return err
	})
	return t, err
}

// Read implements storage.Frozen.
func (f *frozen) Read(ctx context.Context, key storage.SectionKey, after section.Seq,
	visit func(*storage.Entry, storage.Hash) error) error {
	return walk(key, after, func(from section.Seq) (page []stored, err error) {
		err = f.ask(ctx, func(ctx context.Context, q queryer) error {
			page, err = readPage(ctx, q, key, from)
			return err
		})
		return page, err
	}, visit)
}

// LoadSnapshot implements storage.Frozen.
func (f *frozen) LoadSnapshot(ctx context.Context, key storage.SectionKey) (storage.Snapshot, error) {
	return loadSnapshot(ctx, f.ask, key)
}

// Tickets implements storage.Frozen.
func (f *frozen) Tickets(ctx context.Context, key storage.SectionKey, visit func(section.Ticket) error) error {
	return visitTickets(ctx, f.ask, key, visit)
}

// Close implements storage.Frozen. A transaction that only read has nothing to commit, so hanging up is all there is to
// do.
func (f *frozen) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	if err := f.conn.Close(ctx); err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	return nil
}
