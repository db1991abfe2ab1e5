package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// rightsSQL gives a statement of testdata/rights.sql.
func rightsSQL(name string) string { return rightsStatements()[name] }

var rightsStatements = sync.OnceValue(func() map[string]string {
	text, err := os.ReadFile("testdata/rights.sql")
	if err != nil {
		panic(err)
	}
	return splitStatements(string(text))
})

// ask1 asks the server behind the store's back for one row.
func ask1(t testing.TB, address, statement string, args []any, into ...any) {
	t.Helper()
	past(t, address, func(ctx context.Context, conn *pgx.Conn) {
		if err := conn.QueryRow(ctx, statement, args...).Scan(into...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	})
}

func TestStatementsAreSplitByName(t *testing.T) {
	got := splitStatements("-- what this file is\n\n-- name: one\n-- why\nSELECT 1\n    + 2\n\n-- name: two\nSELECT " +
		"2\n")
	if len(got) != 2 || got["one"] != "SELECT 1\n    + 2" || got["two"] != "SELECT 2" {
		t.Errorf("split into %q", got)
	}
}

func TestStepsAreNumberedDensely(t *testing.T) {
	for _, c := range []struct{ name, files, bad string }{
		{"in order", "0001_a.sql 0002_b.sql", ""},
		{"none", "", ""},
		{"a gap", "0001_a.sql 0003_b.sql", "0003_b.sql"},
		{"two of one number", "0001_a.sql 0001_b.sql", "0001_b.sql"},
		{"no number", "0001_a.sql a.sql", "a.sql"},
		{"a short number", "001_a.sql", "001_a.sql"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := fstest.MapFS{}
			for _, file := range strings.Fields(c.files) {
				folder[file] = &fstest.MapFile{Data: []byte("-- why\nSELECT 1\n")}
			}
			all, err := loadSteps(folder)
			if (err != nil) != (c.bad != "") || err != nil && !strings.Contains(err.Error(), "step "+c.bad+" ") {
				t.Fatalf("steps of %q: %v", c.files, err)
			}
			for i, s := range all {
				if s.number != int64(i+1) || s.statement != "SELECT 1" {
					t.Errorf("step %d is %+v", i, s)
				}
			}
		})
	}
}

// TestEachStepIsOneRepeatableStatement: ten nodes run them side by side, and CockroachDB wants each alone.
func TestEachStepIsOneRepeatableStatement(t *testing.T) {
	for _, s := range steps {
		repeatable := strings.Contains(s.statement, "IF NOT EXISTS") ||
			strings.Contains(s.statement, "ON CONFLICT (name) DO NOTHING")
		if strings.Contains(s.statement, ";") || !repeatable {
			t.Errorf("%s cannot be repeated, or is more than one statement:\n%s", s.name, s.statement)
		}
	}
}

func TestCockroachIsKnownByItsVersion(t *testing.T) {
	for version, want := range map[string]bool{
		"CockroachDB CCL v25.2.1 (x86_64-pc-linux-gnu, built 2025/06/01, go1.23.7)":       true,
		"CockroachDB OSS v22.1.0 (x86_64-pc-linux-gnu)":                                   true,
		"PostgreSQL 15.13 (Debian 15.13-0+deb12u1) on x86_64-pc-linux-gnu, compiled by …": false,
		"PostgreSQL 13.0.0 on CockroachDB look-alike":                                     false,
		"": false,
	} {
		if got := isCockroach(version); got != want {
			t.Errorf("%q: CockroachDB %v, want %v", version, got, want)
		}
	}
}

// TestNoPasswordInTheErrorOfAnAddress: an address that does not parse ends up in a log, its password must not (P12 in
// spirit).
func TestNoPasswordInTheErrorOfAnAddress(t *testing.T) {
	for _, address := range []string{
		"postgres://u:hunter2@host:port/d",
		"postgres://u:hunter2@host:1/d?sslmode=strange",
		"postgres://u:hunter2@ho st/d",
		"postgres://u:hunter2%zz@host/d",
		"postgres://u:a@hunter2:b@host/d",
		"postgres://u:hunter2@host/d?connect_timeout=soon",
		"postgres://u:hunter2@host/d?sslmode=verify-full&sslrootcert=/nowhere/ca.pem",
		"host=h password=hunter2 port=hunter2",
		"password='hunter2",
		"postgres://u:1/hunter2@127.0.0.1/d",
		"postgres://u:1?hunter2@127.0.0.1/d",
		"postgres://u:#hunter2@127.0.0.1/d",
		"postgres://u:hunter2@host/d?password=hunter2&sslkey=/nowhere/key",
	} {
		_, err := Open(t.Context(), address, Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for setting, says := range map[string]string{
		"sslmode=verify-full&sslrootcert=/nowhere/ca.pem": "/nowhere/ca.pem", "sslmode=strange": "sslmode",
		"connect_timeout=soon": "connect_timeout",
	} {
		if _, err := Open(t.Context(), "postgres://u@host/d?"+setting, Options{}); err == nil ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s: the error does not name what is wrong: %v", setting, err)
		}
	}
}

func TestTenNodesMigrateAtOnce(t *testing.T) {
	for round := range 3 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			address := pgtest.Shared(t).Database(t)
			var nodes sync.WaitGroup
			start := make(chan struct{})
			for range 10 {
				nodes.Go(func() {
					<-start
					s, err := Open(t.Context(), address, Options{Migrate: true})
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := s.Sections(t.Context()); err != nil {
						t.Error(err)
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			close(start)
			nodes.Wait()
			var rows, different int
			ask1(t, address, rightsSQL("count_steps"), nil, &rows, &different)
			if rows != len(steps) || different != len(steps) {
				t.Errorf("%d steps marked, %d different ones, want %d", rows, different, len(steps))
			}
		})
	}
}

func TestMigrateTellsWhatItDid(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	var (
		mu      sync.Mutex
		applied []string
		owners  sync.WaitGroup
	)
	for range 4 {
		owners.Go(func() {
			mine, err := Migrate(t.Context(), address, Options{})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			applied = append(applied, mine...)
		})
	}
	owners.Wait()
	slices.Sort(applied)
	var want []string
	for _, s := range steps {
		want = append(want, s.name)
	}
	if !slices.Equal(applied, want) {
		t.Errorf("four owners applied %q, want each of %q once", applied, want)
	}
	if again, err := Migrate(t.Context(), address, Options{}); err != nil || len(again) != 0 {
		t.Errorf("nothing was missing: %q, %v", again, err)
	}
}

func TestMissingStepsAreNamedAndNothingIsTouched(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	_, err := Open(t.Context(), address, Options{})
	if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "0001_section_log") ||
		!strings.Contains(err.Error(), "holdfast migrate") {
		t.Errorf("an empty database: %v", err)
	}
	var tables int
	if ask1(t, address, rightsSQL("tables"), nil, &tables); tables != 0 {
		t.Errorf("%d tables were made by a node that was not to migrate", tables)
	}
}

// TestANewerSchemaIsServed: in a rolling upgrade the first new node migrates, and the old ones go on, restarts
// included.
func TestANewerSchemaIsServed(t *testing.T) {
	address := pgtest.Shared(t).Database(t)
	if err := openAt(t, address, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	behind(t, address, rightsSQL("future_step"))
	s, err := Open(t.Context(), address, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Tail(t.Context(), newKey()); err != nil {
		t.Error(err)
	}
}

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	_, err := Migrate(t.Context(), "postgres://u@127.0.0.1:1/d?sslmode=disable", Options{})
	if !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// setting asks what a connection of the store's own says of a setting.
func setting(t *testing.T, s *Store, name string) (value string) {
	t.Helper()
	err := s.present(t.Context(), func(ctx context.Context, q queryer) error {
		return q.QueryRow(ctx, rightsSQL("setting"), name).Scan(&value)
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestCommitsAreSyncedWhateverTheServerSays guards P2: on a server that acknowledges before it syncs, the store's own
// connections wait, and what only the server can set is said out loud.
func TestCommitsAreSyncedWhateverTheServerSays(t *testing.T) {
	for _, c := range []struct{ has, want string }{{"off", "on"}, {"local", "local"}, {"remote_apply", "remote_apply"},
		{"on", "on"}} {
		t.Run(c.has, func(t *testing.T) {
			server := pgtest.Shared(t)
			address := server.Database(t)
			config, err := pgx.ParseConfig(address)
			if err != nil {
				t.Fatal(err)
			}
			behind(t, address, "ALTER DATABASE "+config.Database+" SET synchronous_commit = "+c.has)
			said := 0
			s := openAt(t, address, Options{Logf: func(string, ...any) { said++ }})
			if got := setting(t, s, "synchronous_commit"); got != c.want {
				t.Errorf("P2: synchronous_commit is %s on the store's connections, want %s", got, c.want)
			}
			if (said > 0) != (c.has == "off") {
				t.Errorf("%d lines were said", said)
			}
		})
	}
}

func TestAServerThatDoesNotSyncIsToldOn(t *testing.T) {
	server := pgtest.Start(t, pgtest.WithSetting("fsync", "off"), pgtest.WithSetting("full_page_writes", "off"))
	var said []string
	openAt(t, server.Database(t), Options{Logf: func(format string, args ...any) {
		said = append(said, fmt.Sprintf(format, args...))
	}})
	all := strings.Join(said, "\n")
	if !strings.Contains(all, "fsync = off") || !strings.Contains(all, "full_page_writes = off") {
		t.Errorf("P2: said %q", all)
	}
}
