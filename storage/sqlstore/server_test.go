package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// isolations are the levels that every promise is tested at.
var isolations = []string{"read committed", "serializable"}

// patience is how long anything here may take on a busy machine.
const patience = 2 * time.Minute

// testStatements are what tests ask besides what the store does, kept where the grammar checks them too.
var testStatements = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, file := range []string{"testdata/both.sql", "testdata/cockroach.sql"} {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		for name, statement := range splitStatements(string(text)) {
			all[name] = statement
		}
	}
	return all
})

func testSQL(name string) string {
	statement, ok := testStatements()[name]
	if !ok {
		panic(fmt.Sprintf("no statement %q in testdata", name))
	}
	return statement
}

// openAt opens a store with the schema applied; the test's end closes it, if the test has not.
func openAt(t testing.TB, address string, o Options) *Store {
	t.Helper()
	o.Migrate = true
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, patience/4) // a busy machine is no server that does not answer
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := Open(ctx, address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// past gives a connection of its own, behind the store's back, for as long as ask takes.
func past(t testing.TB, address string, ask func(ctx context.Context, conn *pgx.Conn)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	ask(ctx, conn)
}

// behind runs one statement on the server behind the store's back and gives how many rows it touched.
func behind(t testing.TB, address, statement string, args ...any) (rows int64) {
	t.Helper()
	past(t, address, func(ctx context.Context, conn *pgx.Conn) {
		tag, err := conn.Exec(ctx, statement, args...)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		rows = tag.RowsAffected()
	})
	return rows
}

// damage changes a stored record.
func damage(t testing.TB, address string, key storage.SectionKey, seq section.Seq) {
	t.Helper()
	if n := behind(t, address, testSQL("damage"), [16]byte(key.Event), int64(key.Section), int64(seq),
		[]byte{1}); n != 1 {
		t.Fatalf("%d records damaged, want 1", n)
	}
}

// follower follows one log as an honest owner does.
type follower struct {
	key  storage.SectionKey
	id   storage.WriterID
	tail storage.Tail
}

func newFollower(key storage.SectionKey) *follower {
	return &follower{key: key, id: storage.NewWriterID()}
}

func newKey() storage.SectionKey { return storage.SectionKey{Event: storage.NewEventID(), Section: 3} }

// next makes the append that follows the follower's tail; it does not send it.
func (f *follower) next(kind storage.EntryKind, body string) storage.Append {
	epoch := f.tail.Epoch
	if kind == storage.EntryClaim {
		epoch++
	}
	return storage.Append{Section: f.key, Entry: storage.Entry{
		Kind: kind, Seq: f.tail.Seq + 1, Epoch: epoch, Writer: f.id, Batch: storage.NewBatchID(),
		At: section.Instant(1_700_000_000_000 + int64(f.tail.Seq)), Prev: f.tail.Hash, Body: []byte(body),
	}}
}

// advance moves the tail over a durable append.
func (f *follower) advance(a storage.Append) { f.tail = a.Entry.After(storage.HashEntry(&a.Entry)) }
