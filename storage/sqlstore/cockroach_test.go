package sqlstore

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/cockroachdb/cockroach-go/v2/testserver"
	"github.com/jackc/pgx/v5"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// Where the tests find a CockroachDB. A URL names one node, a role that may create databases, and any database that is
// there.
const (
	cockroachURL    = pgtest.ElsewhereURL
	cockroachBinary = "HOLDFAST_COCKROACH_BINARY"
)

// suiteDatabase is made afresh on the server and dropped after the tests.
const suiteDatabase = "holdfast_suite"

// TestCockroach is the complete suite on a real CockroachDB.
func TestCockroach(t *testing.T) {
	server := cockroachServer(t)
	address := cockroachDatabase(t, server)
	if s := openAt(t, address, Options{}); !s.Server().Cockroach {
		t.Fatalf("%s says it is %s", Redacted(address), s.Server().Version)
	}
	for _, isolation := range isolations {
		t.Run(isolation, func(t *testing.T) {
			o := Options{Isolation: isolation}
			t.Run("conformance", func(t *testing.T) { conformance(t, address, o) })
			t.Run("hundred_writers", func(t *testing.T) { raceWriters(t, address, o) })
			t.Run("one_phase", func(t *testing.T) { onePhase(t, address, o) })
			t.Run("injected_retries", func(t *testing.T) { injectedRetries(t, address, o) })
		})
	}
	t.Run("the_whole", func(t *testing.T) { wholeOn(t, server) })
}

// wholeTests are the tests beyond this package that hold on either kind of server: processes killed and put to sleep,
// standby, copies, views.
const (
	wholeTests = "KillNineOnADatabase|StoreProcessAsleep|NodeOnADatabase|LosersCostNo|TwoNodesOn|MigrateCommand|MovingHouse|" +
		"ViewsAreTheCores|DroppedAndRebuilt|ManyProjectors|KilledAnywhere"
	wholePackages = 2
)

// wholeOn runs them on the server, each in databases of its own.
func wholeOn(t *testing.T, server string) {
	run := exec.CommandContext(t.Context(), "go", "test", "-v", "-count=1", "-run", wholeTests, "holdfast/cmd/holdfast",
		"holdfast/actors/views")
	run.Env = append(os.Environ(), cockroachURL+"="+server)
	out, err := run.CombinedOutput()
	if ran := strings.Count(string(out), "\nok  "); err != nil || ran != wholePackages ||
		strings.Contains(string(out), "no tests to run") {
		t.Fatalf("%d of %d packages: %v\n%s", ran, wholePackages, err, out)
	}
}

// cockroachServer gives the address of a real CockroachDB, or skips.
func cockroachServer(t *testing.T) string {
	t.Helper()
	if server := os.Getenv(cockroachURL); server != "" {
		return server
	}
	return startCockroach(t)
}

// cockroachDatabase makes an empty database there and gives its address.
func cockroachDatabase(t *testing.T, server string) string {
	t.Helper()
	behind(t, server, testSQL("drop_database_cockroach"))
	behind(t, server, testSQL("create_database_cockroach"))
	t.Cleanup(func() { behind(t, server, testSQL("drop_database_cockroach")) })
	return edit(t, server, func(u *url.URL) { u.Path = suiteDatabase })
}

// startCockroach starts a node that keeps everything in memory. The library would download a binary if it were given
// none, so it is only called with one that is there.
func startCockroach(t *testing.T) string {
	t.Helper()
	binary := os.Getenv(cockroachBinary)
	if binary == "" {
		found, err := exec.LookPath("cockroach")
		if err != nil {
			t.Skipf("NOTHING IS TESTED ON COCKROACHDB: set %s=postgres://…, or put a cockroach binary on PATH or in %s",
				cockroachURL, cockroachBinary)
		}
		binary = found
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("%s: %v", cockroachBinary, err)
	}
	server, err := testserver.NewTestServer(testserver.CockroachBinaryPathOpt(binary))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server.PGURL().String()
}

// edit changes an address.
func edit(t *testing.T, address string, change func(*url.URL)) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	change(parsed)
	return parsed.String()
}

const measuredAppends = 200

// onePhase reads the node's own count: every plain append must be a commit in one phase, else each costs two rounds of
// consensus. The selling ones, which touch two tables, are reported beside it.
func onePhase(t *testing.T, address string, o Options) {
	s := openAt(t, address, o)
	w := newFollower(newKey())
	mustClaim(t, s, w)
	count := func(sell bool) int64 {
		before := onePhaseCommits(t, address)
		for i := range measuredAppends {
			a := w.next(storage.EntryChanges, "counted")
			if sell {
				a.Sell = []section.Ticket{{Seat: section.SeatIndex(i), Booking: 1}}
			}
			mustLand(t, s, w, a)
		}
		return onePhaseCommits(t, address) - before
	}
	plain, selling := count(false), count(true)
	t.Logf("of %d appends, the node committed %d in one phase; of as many that sell, %d (its own housekeeping counted)",
		measuredAppends, plain, selling)
	if plain < measuredAppends {
		t.Errorf("only %d of %d appends were committed in one phase", plain, measuredAppends)
	}
}

// onePhaseCommits asks the server for its count.
func onePhaseCommits(t *testing.T, address string) (n int64) {
	t.Helper()
	past(t, address, func(ctx context.Context, conn *pgx.Conn) {
		err := conn.QueryRow(ctx, testSQL("one_phase_commits_cockroach")).Scan(&n)
		if err == nil {
			return
		}
		if _, err := conn.Exec(ctx, testSQL("allow_internals_cockroach")); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRow(ctx, testSQL("one_phase_commits_cockroach")).Scan(&n); err != nil {
			t.Fatal(err)
		}
	})
	return n
}

func mustLand(t *testing.T, s *Store, w *follower, a storage.Append) {
	t.Helper()
	if err := s.Commit(t.Context(), []storage.Append{a})[0]; err != nil {
		t.Fatal(err)
	}
	w.advance(a)
}

// injectingParameter makes a session of CockroachDB's answer transactions with 40001, some times before it lets each
// pass.
const injectingParameter = "inject_retry_errors_enabled"

// injectedRetries lets the server answer transactions with 40001, as a busy one does. What is acknowledged stands once;
// what is refused stands not at all.
func injectedRetries(t *testing.T, address string, o Options) {
	openAt(t, address, o) // makes the schema undisturbed
	s := openAt(t, edit(t, address, func(u *url.URL) {
		query := u.Query()
		query.Set(injectingParameter, "true")
		u.RawQuery = query.Encode()
	}), o)
	plain, selling, refunding := newFollower(newKey()), newFollower(newKey()), newFollower(newKey())
	for _, w := range []*follower{plain, selling, refunding} {
		mustClaim(t, s, w)
	}
	var refused int
	for i := range section.SeatIndex(20) {
		mustLand(t, s, plain, plain.next(storage.EntryChanges, "plain"))
		sale := selling.next(storage.EntryChanges, "selling")
		sale.Sell = []section.Ticket{{Seat: i, Booking: 1}}
		mustLand(t, s, selling, sale)
		swap := refunding.next(storage.EntryChanges, "refunding")
		swap.Sell, swap.Refund = []section.Ticket{{Seat: 1, Booking: section.BookingNo(i)}}, []section.SeatIndex{1}
		switch err := s.Commit(t.Context(), []storage.Append{swap})[0]; {
		case err == nil:
			refunding.advance(swap)
		case errors.Is(err, storage.ErrUnavailable):
			refused++
		default:
			t.Fatal(err)
		}
	}
	if err := s.SaveSnapshot(t.Context(), plain.key, storage.Snapshot{Seq: 1, Epoch: 1,
		Body: []byte("state")}); err != nil {
		t.Errorf("a snapshot got %v", err)
	}
	calm := openAt(t, address, o)
	for _, w := range []*follower{plain, selling, refunding} {
		records := section.Seq(0)
		err := calm.Read(t.Context(), w.key, 0, func(e *storage.Entry, _ storage.Hash) error { records++; return nil })
		if err != nil || records != w.tail.Seq {
			t.Errorf("the log has %d records, %d were acknowledged: %v", records, w.tail.Seq, err)
		}
	}
	t.Logf("%d retries by the store, %d transactions refused", s.Stats().Retries.Load(), refused)
}
