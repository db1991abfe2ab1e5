package pgtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Addr is the server's host:port, for a proxy before it. It stays the same over Restart.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is the address of a database, as role User. On a server with TLS it says nothing of sslmode: add what the test is about.
func (s *Server) URL(database string) string { return s.URLAs(User, database) }

// URLAs is URL for another role, which the test has made.
func (s *Server) URLAs(role, database string) string {
	address := url.URL{Scheme: "postgres", User: url.User(role), Host: s.Addr(), Path: database}
	if s.certFile == "" {
		address.RawQuery = "sslmode=disable"
	}
	return address.String()
}

// adminURL goes through the socket: it is there whatever a test does to TCP and TLS.
func (s *Server) adminURL() string {
	return fmt.Sprintf("host=%s port=%d user=%s dbname=postgres sslmode=disable", s.dir, s.port, User)
}

var databases atomic.Int64

// Database creates an empty database and gives its address. It is dropped when the test is over, whoever is still connected.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := s.admin("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.admin("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			t.Logf("pgtest: %s was not dropped (a server that was stopped keeps it, and goes with all it has): %v", name, err)
		}
	})
	return s.URL(name)
}

func (s *Server) admin(statement string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.adminURL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// Stop stops the server in good order, as an operator would: every connection is told.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.down(func(p *os.Process) error { return p.Signal(syscall.SIGINT) }); err != nil {
		t.Fatal(err)
	}
}

// Crash kills every process of the server at once: nobody is told, nothing is tidied up. What was not synced is lost to the server's
// processes; what was handed to the operating system is not, since that lives on.
func (s *Server) Crash(t testing.TB) {
	t.Helper()
	if err := s.down(killAll); err != nil {
		t.Fatal(err)
	}
}

// Restart starts a stopped or crashed server again, on the same port and the same data, and waits until it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.retry(func() {}); err != nil {
		t.Fatalf("%v\n%s", err, s.lastWords())
	}
}
