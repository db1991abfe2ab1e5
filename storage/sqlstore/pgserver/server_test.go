package pgserver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func start(t *testing.T, options ...Option) *Server {
	t.Helper()
	_, err := Binaries()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("STARTING A POSTGRESQL IS NOT TESTED: %v (Debian package postgresql, or `make packages`)", err)
	}
	if err != nil {
		t.Fatalf("starting a PostgreSQL cannot be tested: %v", err)
	}
	s, err := Start(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.Dir()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", s.Dir(), err)
		}
	})
	return s
}

// spend makes the server compute for about that long, in a process of its own, which ends before spend returns.
func spend(t *testing.T, address string, long time.Duration) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	for begin := time.Now(); time.Since(begin) < long; {
		if _, err := conn.Exec(t.Context(), "SELECT count(1) FROM generate_series(1, 200000)"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestProcessorTimeCountsThosePassedAway: a server's work is done by children, and most of them are gone when somebody
// asks.
func TestProcessorTimeCountsThosePassedAway(t *testing.T) {
	folder, err := os.MkdirTemp("", "holdfast-folder-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s := start(t, WithFolder(folder))
	if filepath.Dir(s.Dir()) != folder {
		t.Errorf("the server is in %s, not in %s", s.Dir(), folder)
	}
	address, err := s.CreateDatabase("spent")
	if err != nil {
		t.Fatal(err)
	}
	before := ProcessorTime(s.PID())
	spend(t, address, 300*time.Millisecond)
	if err := s.DropDatabase("spent"); err != nil { // waits until the processes that had it open are gone
		t.Fatal(err)
	}
	after := ProcessorTime(s.PID())
	if used := after - before; used < 50*time.Millisecond {
		t.Errorf("300 ms of computing were counted as %v", used)
	}
	if err := errors.Join(s.Stop(), s.Stop()); err != nil { // stopping twice is one request
		t.Error(err)
	}
	if s.PID() != 0 {
		t.Errorf("a server that is down has process id %d", s.PID())
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Restart(t.Context()) == nil {
		t.Error("a running server was started again")
	}
}

func TestParseStat(t *testing.T) {
	text := "4242 (post) gres: a) b) S 1 4242 4242 0 -1 4194560 9 8 7 6 100 20 3000 400 20 0 1 0 99 5 5"
	if got := parseStat(text); got != 35200*time.Millisecond {
		t.Errorf("%v, want 100+20+3000+400 ticks", got)
	}
	for _, garbage := range []string{"", "1 (x) S 1 2", ")"} {
		if got := parseStat(garbage); got != 0 {
			t.Errorf("%q gave %v", garbage, got)
		}
	}
	if ProcessorTime(os.Getpid()) < 0 || ProcessorTime(1<<30) != 0 {
		t.Error("a process that is not there has used time")
	}
}

// TestAClosedFolderIsRefusedByName: PostgreSQL would only say that its data directory is not there.
func TestAClosedFolderIsRefusedByName(t *testing.T) {
	closed := filepath.Join(t.TempDir(), "closed")
	inside := filepath.Join(closed, "inside")
	if err := errors.Join(os.Mkdir(closed, 0o700), os.Mkdir(inside, 0o755)); err != nil {
		t.Fatal(err)
	}
	stranger := &syscall.Credential{Uid: 54321, Gid: 54321}
	_, err := passable(inside, stranger)
	if err == nil || !strings.Contains(err.Error(), closed) {
		t.Errorf("%v does not name a folder that is closed to others", err)
	}
	if _, err := passable(inside, nil); err != nil {
		t.Errorf("the folder is closed to its owner: %v", err)
	}
	if _, err := passable("", stranger); err != nil {
		t.Errorf("the place for temporary files is closed: %v", err)
	}
}
