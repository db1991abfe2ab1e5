package pgtest

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/storage/sqlstore/pgserver"
)

func TestMain(m *testing.M) { Main(m) }

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	t.Cleanup(cancel)
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) })
	return conn
}

func exec1(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func number(t *testing.T, conn *pgx.Conn, query string) (n int) {
	t.Helper()
	if err := conn.QueryRow(context.Background(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// TestRestartKeepsWhatWasCommitted: the fault tests above this package are worth nothing if a crash loses rows, or if
// it is none.
func TestRestartKeepsWhatWasCommitted(t *testing.T) {
	s := Start(t, WithSetting("max_connections", "20"))
	address := s.Database(t)
	conn := connect(t, address)
	exec1(t, conn, "CREATE TABLE kept (n INT8)")
	for _, end := range []func(testing.TB){s.Stop, s.Crash} {
		exec1(t, conn, "INSERT INTO kept VALUES (1)")
		end(t)
		if _, err := conn.Exec(context.Background(), "INSERT INTO kept VALUES (1)"); err == nil {
			t.Fatal("the server answers although it was stopped")
		}
		if listener, err := net.Listen("tcp", s.Addr()); err != nil {
			t.Fatalf("the port is still taken: %v", err)
		} else if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		s.Restart(t)
		conn = connect(t, address)
	}
	if n := number(t, conn, "SELECT count(1) FROM kept"); n != 2 {
		t.Errorf("%d rows after two restarts, want 2", n)
	}
	if n := number(t, conn, "SELECT setting::INT8 FROM pg_settings WHERE name = 'max_connections'"); n != 20 {
		t.Errorf("max_connections is %d, want what was asked for", n)
	}
	log := string(s.LastWords())
	if !strings.Contains(log, "not properly shut down") {
		t.Errorf("Crash left nothing to recover from:\n%s", log)
	}
}

func TestEveryDatabaseIsEmptyAndItsOwn(t *testing.T) {
	s := Shared(t)
	if Shared(t) != s {
		t.Fatal("two shared servers in one test binary")
	}
	one, two := connect(t, s.Database(t)), connect(t, s.Database(t))
	exec1(t, one, "CREATE TABLE mine (n INT8)")
	for address, conn := range map[string]*pgx.Conn{"one": one, "two": two} {
		want := map[string]int{"one": 1, "two": 0}[address]
		if n := number(t, conn, "SELECT count(1) FROM information_schema.tables WHERE table_schema = 'public'"); n != want {
			t.Errorf("database %s has %d tables, want %d", address, n, want)
		}
	}
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if n := number(t, one, "SELECT count(1) FROM pg_settings WHERE name = '"+setting+"' AND setting = 'on'"); n != 1 {
			t.Errorf("P2: %s is not on: a test of durability would prove nothing", setting)
		}
	}
}

const orphanVariable = "HOLDFAST_PGTEST_ORPHAN"

// TestAKilledTestBinaryLeavesNoServer kills a test binary that has a server, as -timeout or an impatient person does.
func TestAKilledTestBinaryLeavesNoServer(t *testing.T) {
	need(t)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	binary := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestOrphan$", "-test.v")
	binary.Env = append(os.Environ(), orphanVariable+"=1")
	out, err := binary.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := binary.Start(); err != nil {
		t.Fatal(err)
	}
	var dir, address string
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		if _, told, ok := strings.Cut(lines.Text(), "orphan at "); ok {
			dir, address, _ = strings.Cut(told, " ")
		}
	}
	if err := binary.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = binary.Wait() // killed
	if address == "" {
		t.Fatal("the test binary told no address")
	}
	waitUntil(t, ctx, "the killed binary's server is gone", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	waitUntil(t, ctx, "the killed binary's directory is swept", func() bool {
		pgserver.Sweep("")
		_, err := os.Stat(dir)
		return errors.Is(err, os.ErrNotExist)
	})
}

// TestOrphan is the binary that gets killed.
func TestOrphan(t *testing.T) {
	if os.Getenv(orphanVariable) == "" {
		t.Skip("half of TestAKilledTestBinaryLeavesNoServer: runs only as its child")
	}
	s := Start(t)
	t.Logf("orphan at %s %s", s.Dir(), s.Addr())
	<-t.Context().Done()
}

func waitUntil(t *testing.T, ctx context.Context, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
