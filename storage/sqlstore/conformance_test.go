package sqlstore

import (
	"context"
	"errors"
	"sync"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
	"holdfast/storage/storetest"
)

// arrangements are the ways in which an append travels. Each has paths of its own through the store, and the promises
// hold on all.
var arrangements = []struct {
	name string
	open func(t *testing.T, address string, o Options) storage.Store
}{
	{"alone", func(t *testing.T, address string, o Options) storage.Store {
		s := openAt(t, address, o)
		s.group = 1 // as on CockroachDB
		return s
	}},
	{"merged", func(t *testing.T, address string, o Options) storage.Store {
		s := openAt(t, address, o)
		s.group = groupPostgres
		return &crowd{Store: s, t: t}
	}},
	{"from_many_nodes", openNodes},
}

// TestConformance: S1 to S9 on PostgreSQL, at each isolation level, in each arrangement.
func TestConformance(t *testing.T) {
	for _, isolation := range isolations {
		t.Run(isolation, func(t *testing.T) {
			conformance(t, pgtest.Shared(t).Database(t), Options{Isolation: isolation})
		})
	}
}

// conformance runs the suite on a server in every arrangement.
func conformance(t *testing.T, address string, o Options) {
	for _, arrangement := range arrangements {
		t.Run(arrangement.name, func(t *testing.T) {
			wantIsolation(t, openAt(t, address, o), o.Isolation)
			storetest.Run(t, func(t *testing.T) storetest.Factory {
				return storetest.Factory{
					Open: func(t *testing.T) storage.Store { return arrangement.open(t, address, o) },
					Reopen: func(t *testing.T, s storage.Store) storage.Store {
						if err := s.Close(); err != nil {
							t.Fatal(err)
						}
						return arrangement.open(t, address, o)
					},
					Damage: func(t *testing.T, _ storage.Store, key storage.SectionKey, seq section.Seq) {
						damage(t, address, key, seq)
					},
				}
			})
		})
	}
}

// TestConformanceAcrossCrashes (P2, S2): wherever the suite opens the data again, the server has been killed meanwhile,
// every process of it at once, while the old store was still connected.
func TestConformanceAcrossCrashes(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Database(t)
	storetest.Run(t, func(t *testing.T) storetest.Factory {
		return storetest.Factory{
			Open: func(t *testing.T) storage.Store { return openAt(t, address, Options{}) },
			Reopen: func(t *testing.T, s storage.Store) storage.Store {
				server.Crash(t)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				server.Restart(t)
				return openAt(t, address, Options{})
			},
			Damage: func(t *testing.T, _ storage.Store, key storage.SectionKey, seq section.Seq) {
				damage(t, address, key, seq)
			},
		}
	})
}

// wantIsolation makes sure that a run at a level is one.
func wantIsolation(t *testing.T, s *Store, want string) {
	t.Helper()
	var got string
	if err := s.pool.QueryRow(t.Context(), testSQL("isolation")).Scan(&got); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Fatalf("the store's transactions run at %q, want %q", got, want)
	}
}

// crowd sends every call in the company of two appends of other sections, which makes the store merge them into one
// statement: one sells, the other does not always. Whatever becomes of the test's own, the strangers must not suffer
// (S9).
type crowd struct {
	*Store
	t testing.TB

	mu        sync.Mutex
	strangers []*follower // with nothing under way; guarded by mu
}

func (c *crowd) Commit(ctx context.Context, appends []storage.Append) []error {
	before, after := c.borrow(), c.borrow()
	call := []storage.Append{before.next(storage.EntryChanges, "stranger before")}
	call = append(call, appends...)
	call = append(call, after.next(storage.EntryChanges, "stranger behind"))
	if before.tail.Seq%2 == 0 {
		call[0].Sell = []section.Ticket{{Seat: section.SeatIndex(before.tail.Seq), Booking: 1}}
	}
	errs := c.Store.Commit(ctx, call)
	last := len(call) - 1
	c.giveBack(before, call[0], errs[0])
	c.giveBack(after, call[last], errs[last])
	return errs[1:last]
}

// borrow gives a stranger who owns a section and has nothing under way.
func (c *crowd) borrow() *follower {
	c.mu.Lock()
	if n := len(c.strangers); n > 0 {
		defer c.mu.Unlock()
		stranger := c.strangers[n-1]
		c.strangers = c.strangers[:n-1]
		return stranger
	}
	c.mu.Unlock()
	stranger := newFollower(newKey())
	claim := stranger.next(storage.EntryClaim, "stranger")
	if err := c.Store.Commit(context.Background(), []storage.Append{claim})[0]; err == nil {
		stranger.advance(claim)
	} else if !errors.Is(err, storage.ErrUnavailable) {
		c.t.Errorf("a stranger's claim got %v", err)
	}
	return stranger
}

// giveBack checks a stranger's answer. A call that the test cancelled, or made on a closed store, may fail them too.
func (c *crowd) giveBack(stranger *follower, a storage.Append, err error) {
	switch {
	case err == nil:
		stranger.advance(a)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.strangers = append(c.strangers, stranger)
	case !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUnknown):
		c.t.Errorf("S9: a stranger's append got %v", err)
	}
}

// fleet gives each writer one of several stores, as nodes that share a server do: what one knows of a log goes stale
// while another writes, and then only the primary key is left to refuse.
type fleet struct {
	*Store // who answers everything but appends
	others []*Store

	mu sync.Mutex
	of map[storage.WriterID]*Store // guarded by mu
}

func openNodes(t *testing.T, address string, o Options) storage.Store {
	f := &fleet{Store: openAt(t, address, o), of: map[storage.WriterID]*Store{}}
	for range 3 {
		f.others = append(f.others, openAt(t, address, o))
	}
	return f
}

func (f *fleet) node(w storage.WriterID) *Store {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[w] == nil {
		f.of[w] = f.others[len(f.of)%len(f.others)]
	}
	return f.of[w]
}

func (f *fleet) Commit(ctx context.Context, appends []storage.Append) []error {
	errs := make([]error, len(appends))
	for i, a := range appends {
		errs[i] = f.node(a.Entry.Writer).Commit(ctx, []storage.Append{a})[0]
	}
	return errs
}

func (f *fleet) Close() error {
	err := f.Store.Close()
	for _, s := range f.others {
		err = errors.Join(err, s.Close())
	}
	return err
}

// TestArrangementsAreWhatTheySay counts statements: a suite that says "merged" and sends each append alone would prove
// nothing.
func TestArrangementsAreWhatTheySay(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	for _, c := range []struct {
		group      int
		stale      bool // one of the three was overtaken
		statements int64
		records    int64
	}{
		{group: 1, statements: 3, records: 3},
		{group: 64, statements: 1, records: 3},
		{group: 64, stale: true, statements: 1 + 3, records: 2},
		{group: 1, stale: true, statements: 3, records: 2},
	} {
		s, other := openAt(t, address, Options{}), openAt(t, address, Options{})
		s.group = c.group
		connect(t, s, 3)
		var call []storage.Append
		var owners []*follower
		for range 3 {
			w := newFollower(newKey())
			mustClaim(t, s, w)
			owners, call = append(owners, w), append(call, w.next(storage.EntryChanges, "x"))
		}
		if c.stale {
			heir := newFollower(owners[1].key)
			heir.tail = owners[1].tail
			mustClaim(t, other, heir)
		}
		statements, records := s.stats.Appends.Load(), s.stats.Records.Load()
		for i, err := range s.Commit(t.Context(), call) {
			var fence *storage.FencedError
			if overtaken := c.stale && i == 1; overtaken && !errors.As(err, &fence) || !overtaken && err != nil {
				t.Errorf("S9: %+v: append %d got %v", c, i, err)
			}
		}
		statements, records = s.stats.Appends.Load()-statements, s.stats.Records.Load()-records
		if statements != c.statements || records != c.records {
			t.Errorf("%+v: %d statements made %d records durable", c, statements, records)
		}
	}
}

// connect makes n connections, so that none is younger than what is learned afterwards; see seen.
func connect(t *testing.T, s *Store, n int) {
	t.Helper()
	for range n {
		c, err := s.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
	}
}

func mustClaim(t *testing.T, s *Store, w *follower) {
	t.Helper()
	claim := w.next(storage.EntryClaim, "owner")
	if err := s.Commit(t.Context(), []storage.Append{claim})[0]; err != nil {
		t.Fatal(err)
	}
	w.advance(claim)
}
