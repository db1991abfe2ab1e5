package pgtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/storage/sqlstore/pgserver"
)

// User is the role that owns everything on a test's server; it needs no password.
const User = pgserver.User

// Server is a PostgreSQL of a test's own.
type Server struct{ *pgserver.Server }

// Option changes a server before its first start.
type Option = pgserver.Option

// WithSetting sets one of postgresql.conf's settings, such as max_connections (300 unless told).
func WithSetting(name, value string) Option { return pgserver.WithSetting(name, value) }

// WithTLS gives the server a certificate and its key, PEM files that the test made. Connections without TLS are then
// refused, so that a client which quietly falls back is found out.
func WithTLS(certFile, keyFile string) Option { return pgserver.WithTLS(certFile, keyFile) }

// startTimeout is how long a healthy server may take to start or to answer, far too long for a busy machine.
const startTimeout = 60 * time.Second

// Start starts a server for one test and stops it when the test is over.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := start(t, options...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server's last words:\n%s", s.LastWords())
		}
		if err := s.Close(); err != nil {
			t.Errorf("PostgreSQL did not go away: %v", err)
		}
	})
	return s
}

// start starts a server that somebody else closes.
func start(t testing.TB, options ...Option) *Server {
	t.Helper()
	need(t)
	s, err := pgserver.Start(context.Background(), options...)
	if err != nil {
		t.Fatal(err)
	}
	return &Server{s}
}

// need looks for the programs. Without them nothing can be said about the store: that fails under CI and is loud
// elsewhere.
func need(t testing.TB) {
	t.Helper()
	_, err := pgserver.Binaries()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("THE SQL STORE IS NOT TESTED: %v (Debian package postgresql, or `make packages`)", err)
	}
	if err != nil {
		t.Fatalf("the SQL store cannot be tested: %v", err)
	}
}

var databases atomic.Int64

// Database creates an empty database and gives its address. It is dropped when the test is over, whoever is still
// connected.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	address, err := s.CreateDatabase(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.DropDatabase(name); err != nil {
			t.Logf("pgtest: %s was not dropped (a server that was stopped keeps it, and goes with all it has): %v",
				name, err)
		}
	})
	return address
}

// Stop stops the server in good order, as an operator would: every connection is told.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.Server.Stop(); err != nil {
		t.Fatal(err)
	}
}

// Crash kills every process of the server at once: nobody is told, nothing is tidied up. What was not synced is lost to
// the server's processes; what was handed to the operating system is not, since that lives on.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	if err := s.Server.Crash(); err != nil {
		t.Fatal(err)
	}
}

// Restart starts a stopped or crashed server again, on the same port and the same data, and waits until it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.Server.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Copy restores a dump of a database, taken now, under another name, as an operator would: whoever serves from the
// original serves on. It gives the copy's address, which is dropped when the test is over.
func (s *Server) Copy(t testing.TB, original string) string {
	t.Helper()
	folder, err := pgserver.Binaries()
	if err != nil {
		t.Fatal(err)
	}
	address := s.Database(t)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	file := filepath.Join(t.TempDir(), "dump.sql")
	for _, command := range [][]string{{"pg_dump", "--file", file, "--dbname", original},
		{"psql", "--quiet", "--file", file, "--set", "ON_ERROR_STOP=1", "--dbname", address}} {
		if out, err := exec.CommandContext(ctx, filepath.Join(folder, command[0]),
			command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command[0], err, out)
		}
	}
	return address
}
