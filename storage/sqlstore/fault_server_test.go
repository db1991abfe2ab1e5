package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// till is one section that sells under load: it appends, remembers what was acknowledged, and sends again what was not
// answered.
type till struct {
	owner  *follower
	landed []storage.BatchID
	open   *storage.Append // not resolved yet
	slow   time.Duration   // the slowest answer
}

// ring makes one sending. Only the answers that a broken server may give are accepted.
func (l *till) ring(ctx context.Context, s *Store) error {
	if l.open == nil {
		kind := storage.EntryChanges
		if l.owner.tail.Seq == 0 {
			kind = storage.EntryClaim
		}
		a := l.owner.next(kind, "sale")
		if kind == storage.EntryChanges {
			a.Sell = ticketsOf(&a, section.SeatIndex(a.Entry.Seq))
		}
		l.open = &a
	}
	began := time.Now()
	err := s.Commit(ctx, []storage.Append{*l.open})[0]
	l.slow = max(l.slow, time.Since(began))
	switch {
	case err == nil:
		l.landed = append(l.landed, l.open.Entry.Batch)
		l.owner.advance(*l.open)
		l.open = nil
		return nil
	case errors.Is(err, storage.ErrUnknown), errors.Is(err, storage.ErrUnavailable):
		return nil
	}
	return err
}

// market is many tills on one store, ringing until stopped.
type market struct {
	store *Store
	tills []*till
	stop  context.CancelFunc
	all   sync.WaitGroup
}

func openMarket(ctx context.Context, t *testing.T, s *Store, tills int) *market {
	ringing, stop := context.WithCancel(ctx)
	m := &market{store: s, stop: stop}
	for range tills {
		l := &till{owner: newFollower(newKey())}
		m.tills = append(m.tills, l)
		m.all.Go(func() {
			for n := 0; ringing.Err() == nil; n++ {
				if err := l.ring(ctx, s); err != nil { // ctx: stopping the market breaks no sending off
					t.Errorf("P3: a sale under load was told %v", err)
					return
				}
				if l.open != nil {
					s.pause(ringing, 2)
				}
			}
		})
	}
	return m
}

// close lets every till see its last append through.
func (m *market) close(ctx context.Context, t *testing.T) {
	t.Helper()
	m.stop()
	m.all.Wait()
	for _, l := range m.tills {
		if err := within(ctx, "the last append is answered", func() (bool, error) {
			return l.open == nil, l.ringIfOpen(ctx, m.store)
		}); err != nil {
			t.Error(err)
		}
	}
}

func (l *till) ringIfOpen(ctx context.Context, s *Store) error {
	if l.open == nil {
		return nil
	}
	return l.ring(ctx, s)
}

// check (S2, S4): the log holds exactly what was acknowledged, once and in order, and the tickets with it.
func (m *market) check(ctx context.Context, t *testing.T, s *Store) (records int) {
	t.Helper()
	for i, l := range m.tills {
		batches, err := batchesOf(ctx, s, l.owner.key)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(batches, l.landed) {
			t.Errorf("S2: till %d was told of %d appends, the log has %d", i, len(l.landed), len(batches))
		}
		sold, err := soldOf(ctx, s, l.owner.key)
		if err != nil {
			t.Fatal(err)
		}
		if len(sold) != len(batches)-1 {
			t.Errorf("S1: till %d has %d records that sell and %d tickets", i, len(batches)-1, len(sold))
		}
		records += len(batches)
	}
	return records
}

// rings waits until so many more records have landed.
func (m *market) rings(ctx context.Context, t *testing.T, more int64) {
	t.Helper()
	from := m.store.Stats().Records.Load()
	if err := within(ctx, "the sale goes on", func() (bool, error) {
		return m.store.Stats().Records.Load() >= from+more, nil
	}); err != nil {
		t.Fatal(err)
	}
}

func reachableSoon(ctx context.Context, t *testing.T, s *Store, want bool) {
	t.Helper()
	if err := within(ctx, fmt.Sprintf("reachable is %v", want), func() (bool, error) {
		return s.Stats().Reachable() == want, nil
	}); err != nil {
		t.Fatal(err)
	}
}

// answerPatience is how much later than the attempt's timeout an answer may come on a busy machine.
const answerPatience = 8 * time.Second

// TestServerGoneAndBack guards P2, P3, S2 and S4 under load: whatever way the server goes, nothing acknowledged is
// lost, everything else lands once, one alarm is raised, and the sale goes on by itself.
func TestServerGoneAndBack(t *testing.T) {
	for name, gone := range map[string]func(*pgtest.Server, testing.TB){"stopped": (*pgtest.Server).Stop,
		"crashed": (*pgtest.Server).Crash} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			server, alarmLog := pgtest.Start(t), &hearing{}
			s := openAt(t, server.Database(t), Options{Logf: alarmLog.logf})
			m := openMarket(ctx, t, s, 16)
			for incident := 1; incident <= 2; incident++ {
				m.rings(ctx, t, 100)
				gone(server, t)
				reachableSoon(ctx, t, s, false)
				server.Restart(t)
				reachableSoon(ctx, t, s, true)
				m.rings(ctx, t, 100)
				if n := alarmLog.alarms(); n != incident {
					t.Errorf("%d alarms after %d incidents:\n%s", n, incident, alarmLog)
				}
			}
			m.close(ctx, t)
			records := m.check(ctx, t, s)
			slowest := time.Duration(0)
			for _, l := range m.tills {
				slowest = max(slowest, l.slow)
			}
			if slowest > s.options.AttemptTimeout+answerPatience {
				t.Errorf("P3: an answer took %v", slowest)
			}
			t.Logf("%d records, slowest answer %v, %d unknown, %d unavailable", records, slowest,
				s.Stats().Unknowns.Load(), s.Stats().Unavailable.Load())
		})
	}
}

// refusing is one owner on a small server that refuses or interrupts.
type refusing struct {
	t       *testing.T
	ctx     context.Context
	address string
	s       *Store
	owner   *follower
}

// expect sends an append and checks the state that the server sent and the word that the caller hears. The append is
// given up: it was refused.
func (r *refusing) expect(what, state string) {
	r.t.Helper()
	err := r.s.Commit(r.ctx, []storage.Append{r.owner.next(storage.EntryChanges, what)})[0]
	if !errors.Is(err, storage.ErrUnavailable) || sqlState(err) != state {
		r.t.Errorf("%s: got %v with state %q, want ErrUnavailable with %q", what, err, sqlState(err), state)
	}
	if r.s.Stats().Reachable() {
		r.t.Errorf("%s: a server that cannot write for us counts as reachable", what)
	}
}

// recover sees an append through and expects that the alert ends by itself.
func (r *refusing) recover(a storage.Append) {
	r.t.Helper()
	if err := settle(r.ctx, r.s, a); err != nil {
		r.t.Fatal(err)
	}
	r.owner.advance(a)
	reachableSoon(r.ctx, r.t, r.s, true)
}

// database gives the name in the address.
func (r *refusing) database() string { return r.s.pool.Config().ConnConfig.Database }

// interrupt has the owner's append wait for a lock on the table, does there what an operator would, and gives the
// append.
func (r *refusing) interrupt(call, state string) storage.Append {
	r.t.Helper()
	other := openAt(r.t, r.address, Options{Name: "other"})
	tx, err := other.pool.Begin(r.ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(r.ctx) }()
	if _, err := tx.Exec(r.ctx, "LOCK TABLE section_log IN SHARE MODE"); err != nil {
		r.t.Fatal(err)
	}
	reported := make(chan error, 1)
	a := r.owner.next(storage.EntryChanges, call)
	go func() { reported <- r.s.Commit(r.ctx, []storage.Append{a})[0] }()
	if err := within(r.ctx, "the waiting statement is interrupted", func() (bool, error) {
		var n int
		waiting := " FROM pg_stat_activity WHERE application_name = 'patient' AND wait_event_type = 'Lock'"
		err := tx.QueryRow(r.ctx, "SELECT count("+call+"(pid))"+waiting).Scan(&n)
		return n > 0, err
	}); err != nil {
		r.t.Fatal(err)
	}
	if err := <-reported; !errors.Is(err, storage.ErrUnknown) || sqlState(err) != state {
		r.t.Errorf("%s: got %v with state %q, want ErrUnknown with %s", call, err, sqlState(err), state)
	}
	return a
}

// hoard takes connections until the server has none left.
func (r *refusing) hoard() (release func()) {
	r.t.Helper()
	var taken []*pgx.Conn
	release = func() {
		for _, c := range taken {
			_ = c.Close(r.ctx)
		}
		taken = nil
	}
	r.t.Cleanup(release)
	if err := within(r.ctx, "the server has no connection left", func() (bool, error) {
		for {
			c, err := pgx.Connect(r.ctx, r.address)
			if sqlState(err) == "53300" {
				return true, nil
			}
			if err != nil {
				return false, err
			}
			taken = append(taken, c)
		}
	}); err != nil {
		r.t.Fatal(err)
	}
	return release
}

// TestServerSaysNo guards P3 on a live server that refuses or interrupts: the state it sends, what is concluded from
// it, that the alert ends by itself, and that nothing is written twice or lost.
func TestServerSaysNo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server := pgtest.Start(t, pgtest.WithSetting("max_connections", "10"),
		pgtest.WithSetting("superuser_reserved_connections", "0"))
	r := &refusing{t: t, ctx: ctx, address: server.Database(t), owner: newFollower(newKey())}
	r.s = openAt(t, r.address, Options{AppendConcurrency: 1, Name: "patient", AttemptTimeout: patience / 4})
	r.recover(r.owner.next(storage.EntryClaim, "owner"))

	// An operator cancels the statement, then ends the connection under it.
	r.recover(r.interrupt("pg_cancel_backend", "57014"))
	r.recover(r.interrupt("pg_terminate_backend", "57P01"))

	// The database only reads, as a demoted primary does. Connections that are open already do not see the setting.
	behind(t, r.address, "ALTER DATABASE "+r.database()+" SET default_transaction_read_only = on")
	r.s.pool.Reset()
	r.expect("read only", "25006")
	behind(t, r.address, "BEGIN READ WRITE; ALTER DATABASE "+r.database()+" RESET default_transaction_read_only; "+
		"COMMIT")
	r.recover(r.owner.next(storage.EntryChanges, "writes again"))

	// Somebody else has all the connections.
	r.s.pool.Reset()
	release := r.hoard()
	r.expect("too many connections", "53300")
	release()
	r.recover(r.owner.next(storage.EntryChanges, "connects again"))

	if batches, err := batchesOf(ctx, r.s, r.owner.key); err != nil || len(batches) != int(r.owner.tail.Seq) ||
		r.owner.tail.Seq != 5 {
		t.Errorf("%d records, told of %d, want 5: %v", len(batches), r.owner.tail.Seq, err)
	}
}
