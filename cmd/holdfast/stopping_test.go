package main

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgtest"
)

// TestAStopIsCutOffAtItsBound: what hangs is left, and what ends in time is not.
func TestAStopIsCutOffAtItsBound(t *testing.T) {
	for _, whole := range []time.Duration{0, 4 * time.Second, 25 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ctx, signalled := context.WithCancel(t.Context())
			var exited atomic.Int64
			began := time.Now()
			var after time.Duration
			defer boundStop(ctx, whole, slog.New(slog.DiscardHandler), func(code int) {
				after = time.Since(began)
				exited.Store(int64(code))
			})()
			<-time.After(time.Hour) // the server runs
			began = time.Now()
			signalled()
			<-time.After(time.Hour) // and hangs
			if exited.Load() != exitFailed || after != max(whole, stopLeast) {
				t.Errorf("%v: exit code %d after %v", whole, exited.Load(), after)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			ctx, signalled := context.WithCancel(t.Context())
			done := boundStop(ctx, whole, slog.New(slog.DiscardHandler), func(int) {
				t.Error("cut off, though it had ended")
			})
			signalled()
			done()
			done()
			<-time.After(time.Hour)
		})
		if patience := stopPatience(whole); patience > whole || whole > 0 && patience < whole/2 {
			t.Errorf("of %v the patience is %v", whole, patience)
		}
	}
}

// swallower stands before a server, and swallows everything once it is told to: as a network does that breaks without a
// word, or a database whose disk hangs.
type swallower struct {
	net.Listener
	target  string
	mu      sync.Mutex
	conns   []net.Conn
	swallow atomic.Bool
}

func newSwallower(t *testing.T, target string) *swallower {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &swallower{Listener: listener, target: target}
	go s.accept()
	t.Cleanup(func() {
		_ = listener.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.conns {
			_ = c.Close()
		}
	})
	return s
}

func (s *swallower) accept() {
	for {
		from, err := s.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", s.target)
		if err != nil {
			_ = from.Close()
			continue
		}
		s.mu.Lock()
		s.conns = append(s.conns, from, to)
		s.mu.Unlock()
		go s.pass(from, to)
		go s.pass(to, from)
	}
}

func (s *swallower) pass(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		switch {
		case err != nil && !s.swallow.Load():
			_ = to.Close()
			return
		case err != nil:
			return
		case s.swallow.Load():
		default:
			_, _ = to.Write(buffer[:n]) // whoever has gone is read from next, and is found out then
		}
	}
}

// heal lets bytes pass again, on new connections: what was swallowed is lost.
func (s *swallower) heal() {
	s.swallow.Store(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

// behind is the database's address through the swallower.
func (s *swallower) behind(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = s.Addr().String()
	return u.String()
}

func hostOf(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// TestDrillStoreThatHangsDoesNotHoldUpTheStop: real processes, whose database stops to answer without a word, end
// within --shutdown-timeout after SIGTERM.
func TestDrillStoreThatHangsDoesNotHoldUpTheStop(t *testing.T) {
	whole := 4 * time.Second
	if longDrill() {
		whole = 25 * time.Second // the default
	}
	database := pgtest.Database(t)
	s := newSwallower(t, hostOf(t, database))
	c := newDrill(t, s.behind(t, database), 2, "--shutdown-timeout", whole.String())
	c.open(t)
	s.swallow.Store(true)
	testkit.Eventually(t, "the nodes have noticed", func() bool { return c.status(t, 0).has("heartbeat_not_written") })
	for _, n := range c.nodes {
		began := time.Now()
		_ = n.command.Process.Signal(syscall.SIGTERM) // it lives
		select {
		case <-n.ended:
		case <-time.After(whole + 10*time.Second):
			t.Fatalf("%s has not ended\n%s", n.name, n.log())
		}
		// On a machine that others use too the process may be told late that its time is over.
		if took := time.Since(began); took > whole+2*time.Second {
			t.Errorf("%s took %v to end, and may take %v", n.name, took, whole)
		} else {
			t.Logf("%s ended after %v: %s", n.name, took.Round(time.Millisecond), n.command.ProcessState)
		}
	}
}
