package netlimit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener gives what it was told to give, then blocks until it is closed.
type pipeListener struct {
	results []any // error, or net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newPipeListener(results ...any) *pipeListener {
	return &pipeListener{results: results, closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	if len(l.results) == 0 {
		<-l.closed
		return nil, &net.OpError{Op: "accept", Err: net.ErrClosed}
	}
	next := l.results[0]
	l.results = l.results[1:]
	if err, ok := next.(error); ok {
		return nil, err
	}
	return next.(net.Conn), nil
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func acceptError(errno syscall.Errno) error {
	return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", errno)}
}

// Trouble that passes is waited out, whatever its name, and told once.
func TestTroubleThatPassesIsWaitedOut(t *testing.T) {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR,
		syscall.ENETDOWN, syscall.EPERM, syscall.EPROTO, syscall.Errno(4000),
	} {
		synctest.Test(t, func(t *testing.T) {
			var results []any
			for range 200 {
				results = append(results, acceptError(errno))
			}
			ours, theirs := net.Pipe()
			defer func() { _ = theirs.Close() }()
			var log bytes.Buffer
			limiter := New(Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			c, err := limiter.Listen(newPipeListener(append(results, ours)...)).Accept()
			if err != nil {
				t.Fatalf("%v ended the listener: %v", errno, err)
			}
			_ = c.Close()
			if n := limiter.Stats().AcceptErrors.Load(); n != 200 {
				t.Errorf("%v: counted %d errors of 200", errno, n)
			}
			if n := strings.Count(log.String(), "cannot be accepted"); n != 1 {
				t.Errorf("%v: told %d times", errno, n)
			}
		})
	}
}

// A new outage after a calm time is told again, and so is the end of each.
func TestEachOutageIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipe := func() net.Conn { c, _ := net.Pipe(); return c }
		var log bytes.Buffer
		l := New(Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}).Listen(
			newPipeListener(acceptError(syscall.EMFILE), pipe(), acceptError(syscall.EMFILE), pipe(), pipe(),
				acceptError(syscall.ENFILE), pipe(), pipe()))
		for i, pause := range []time.Duration{0, 0, calm, 0, calm} {
			<-time.After(pause) // synctest's time
			if _, err := l.Accept(); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
		if began, ended := strings.Count(log.String(), "cannot be accepted"), strings.Count(log.String(),
			"accepted again"); began != 2 || ended != 2 {
			t.Errorf("%d beginnings and %d ends told:\n%s", began, ended, log.String())
		}
	})
}

func TestAListenerThatIsNoneAnyMoreEnds(t *testing.T) {
	for _, err := range []error{acceptError(syscall.EBADF), acceptError(syscall.EINVAL), &net.OpError{Op: "accept",
		Err: net.ErrClosed}, errors.New("what is that")} {
		if _, got := New(Options{}).Listen(newPipeListener(err)).Accept(); got == nil {
			t.Errorf("%v was waited out", err)
		}
	}
}

func TestCloseEndsAnAcceptThatWaitsForTroubleToPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var results []any
		for range 10_000 {
			results = append(results, acceptError(syscall.EMFILE))
		}
		l := New(Options{Logger: slog.New(slog.DiscardHandler)}).Listen(newPipeListener(results...))
		ended := make(chan error)
		go func() {
			_, err := l.Accept()
			ended <- err
		}()
		synctest.Wait()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
	})
}

// room is a limiter, and connections that it has let in with their other ends.
type room struct {
	t *testing.T
	*Limiter
}

func (r *room) admit() (c *Conn, other net.Conn) {
	ours, theirs := net.Pipe()
	r.t.Cleanup(func() { _ = theirs.Close() })
	return r.Admit(ours), theirs
}

// hear brings a connection to where a request is arriving.
func (r *room) hear(c *Conn, other net.Conn) {
	r.t.Helper()
	go func() { _, _ = other.Write([]byte("x")) }()
	if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
		r.t.Fatalf("%d %v", n, err)
	}
}

func TestWhatIsNotServedGivesWayInOrder(t *testing.T) {
	r := &room{t, New(Options{Max: 4, Full: []byte("full")})}
	served, servedOther := r.admit()
	r.hear(served, servedOther)
	if !served.Serve() {
		t.Fatal("not served")
	}
	coming, comingOther := r.admit()
	r.hear(coming, comingOther)
	resting, restingOther := r.admit()
	r.hear(resting, restingOther)
	_ = resting.Serve()
	resting.Idle()
	quiet, _ := r.admit()
	for i, leaver := range []*Conn{quiet, resting, coming} {
		next, other := r.admit()
		if next == nil {
			t.Fatalf("newcomer %d was refused", i)
		}
		if leaver.state.Load() != closed {
			t.Errorf("newcomer %d: another one gave way", i)
		}
		r.hear(next, other)
		if !next.Serve() {
			t.Error("not served")
		}
	}
	if coming.Serve() || resting.Active() {
		t.Error("a connection that gave way was served all the same")
	}
	ours, theirs := net.Pipe()
	if words := make(chan string); r.Open() == 4 {
		go func() { text, _ := io.ReadAll(theirs); words <- string(text) }()
		if r.Admit(ours) != nil {
			t.Error("a fifth was let in while four are served")
		}
		if text := <-words; text != "full" {
			t.Errorf("it was told %q", text)
		}
	}
	if s := r.Stats(); s.GaveWay.Load() != 3 || s.Full.Load() != 1 || r.Open() != 4 {
		t.Errorf("gave way %d, refused %d, open %d", s.GaveWay.Load(), s.Full.Load(), r.Open())
	}
	if err := served.Close(); err != nil || r.Open() != 3 {
		t.Errorf("after a close %d are open: %v", r.Open(), err)
	}
}

// A request is either served or its connection gave way, never both: not one is lost that its client could take for
// done.
func TestServedAndGivenWayExcludeEachOther(t *testing.T) {
	for range 300 {
		r := &room{t, New(Options{Max: 1})}
		c, other := r.admit()
		r.hear(c, other)
		var race sync.WaitGroup
		var served bool
		var next *Conn
		race.Go(func() { served = c.Serve() })
		race.Go(func() { ours, _ := net.Pipe(); next = r.Admit(ours) })
		race.Wait()
		if served == (next != nil) {
			t.Fatalf("served %v, and a newcomer let in %v", served, next != nil)
		}
	}
}

// A bound by address counts an IPv4 address however it is written, and an IPv6 /64.
func TestAddressesAreBounded(t *testing.T) {
	l := New(Options{PerAddress: 1})
	at := func(address string) net.Conn {
		ours, _ := net.Pipe()
		return &placed{ours, address}
	}
	first := l.Admit(at("192.0.2.1:1"))
	for address, want := range map[string]bool{
		"192.0.2.1:2": false, "[::ffff:192.0.2.1]:3": false, "192.0.2.2:1": true, "[2001:db8::1]:1": true,
	} {
		if got := l.Admit(at(address)) != nil; got != want {
			t.Errorf("%s let in: %v", address, got)
		}
	}
	if l.Admit(at("[2001:db8::ffff:1]:1")) != nil {
		t.Error("a second of one /64 was let in")
	}
	if err := first.Close(); err != nil || l.Admit(at("192.0.2.1:9")) == nil {
		t.Errorf("a place was not given back: %v", err)
	}
	if n := l.Stats().Crowded.Load(); n != 3 {
		t.Errorf("%d refused", n)
	}
}

type placed struct {
	net.Conn
	address string
}

func (p *placed) RemoteAddr() net.Addr { return placedAddr(p.address) }

type placedAddr string

func (a placedAddr) Network() string { return "tcp" }
func (a placedAddr) String() string  { return string(a) }

func TestStoppingClosesIdleOnesAndThenAll(t *testing.T) {
	r := &room{t, New(Options{})}
	served, other := r.admit()
	r.hear(served, other)
	_ = served.Serve()
	coming, other := r.admit()
	r.hear(coming, other)
	for range 3 {
		r.admit()
	}
	if n := r.CloseIdle(); n != 3 || r.Open() != 2 {
		t.Errorf("%d closed at once, %d left", n, r.Open())
	}
	if n := r.CloseAll(); n != 2 || r.Open() != 0 {
		t.Errorf("%d cut, %d left", n, r.Open())
	}
	if _, err := served.Write([]byte("x")); err == nil {
		t.Error("a connection that was cut still writes")
	}
	_ = fmt.Sprint(coming.Close(), served.Close()) // twice is allowed
}
