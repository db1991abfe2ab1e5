package netlimit

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// timed counts how often the timer of a connection is set.
type timed struct {
	net.Conn
	sets atomic.Int64
}

func (c *timed) SetReadDeadline(t time.Time) error {
	c.sets.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c *timed) SetWriteDeadline(t time.Time) error {
	c.sets.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

// lazy is a connection with lazy deadlines, its inner one, and the other side.
func lazy(t *testing.T) (c *Conn, inner *timed, other net.Conn) {
	here, there := net.Pipe()
	t.Cleanup(func() { _, _ = here.Close(), there.Close() })
	inner = &timed{Conn: here}
	return &Conn{Conn: inner, limiter: New(Options{Name: "test", Max: 1})}, inner, there
}

// TestADeadlineThatMovesLaterIsMetOnTime: the timer is set once, fires at a time that is not the deadline any more, and
// nobody who reads notices.
func TestADeadlineThatMovesLaterIsMetOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, inner, _ := lazy(t)
		began := time.Now()
		for n := range 1000 {
			_ = c.SetReadDeadline(began.Add(time.Second + time.Duration(n)*time.Millisecond))
		}
		if n := inner.sets.Load(); n != 1 {
			t.Errorf("the timer was set %d times, want once", n)
		}
		_, err := c.Read(make([]byte, 1))
		if took, want := time.Since(began), time.Second+999*time.Millisecond; !errors.Is(err, os.ErrDeadlineExceeded) ||
			took != want {
			t.Errorf("the read ended after %v with %v, want %v and a deadline", took, err, want)
		}
		if n := inner.sets.Load(); n != 2 {
			t.Errorf("the timer was set %d times, want twice", n)
		}
	})
}

// TestDeadlinesThatMoveInOtherWays: to sooner, away, and back again after they passed.
func TestDeadlinesThatMoveInOtherWays(t *testing.T) {
	ends := func(t *testing.T, c *Conn, want time.Duration) {
		t.Helper()
		began := time.Now()
		_, err := c.Read(make([]byte, 1))
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != want {
			t.Errorf("the read ended after %v with %v, want %v and a deadline", took, err, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		c, _, other := lazy(t)
		in := func(d time.Duration) { _ = c.SetReadDeadline(time.Now().Add(d)) }
		in(time.Minute)
		in(time.Second)
		ends(t, c, time.Second)
		ends(t, c, 0)
		in(3 * time.Second)
		ends(t, c, 3*time.Second)
		in(-time.Second)
		ends(t, c, 0)
		in(time.Second)
		time.AfterFunc(time.Hour, func() { _, _ = other.Write([]byte("x")) })
		_ = c.SetDeadline(time.Time{})
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Errorf("without a deadline: %v", err)
		}
		in(time.Hour)
		time.AfterFunc(time.Second, func() { in(time.Second) }) // another goroutine, while it waits
		ends(t, c, 2*time.Second)
		in(time.Second)
		time.AfterFunc(time.Second/2, func() { in(time.Second) })
		ends(t, c, 1500*time.Millisecond)
	})
}

// TestAWriteGoesOnBehindAnEarlyTimer: every byte once, whenever the timer fires.
func TestAWriteGoesOnBehindAnEarlyTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, other := lazy(t)
		text := bytes.Repeat([]byte("0123456789"), 100)
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		_ = c.SetWriteDeadline(time.Now().Add(time.Minute))
		var got []byte
		done := make(chan struct{})
		go func() {
			defer close(done)
			for p := make([]byte, 33); len(got) < len(text); {
				n, err := other.Read(p)
				if err != nil {
					t.Error(err)
					return
				}
				got = append(got, p[:n]...)
				<-time.After(300 * time.Millisecond)
			}
		}()
		if n, err := c.Write(text); n != len(text) || err != nil {
			t.Errorf("wrote %d of %d: %v", n, len(text), err)
		}
		<-done
		if !bytes.Equal(got, text) {
			t.Error("the other side read something else")
		}
		began := time.Now()
		_ = c.SetWriteDeadline(began.Add(2 * time.Minute))
		if n, err := c.Write(text); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) ||
			time.Since(began) != 2*time.Minute {
			t.Errorf("nobody reads: %d bytes, %v, after %v", n, err, time.Since(began))
		}
	})
}

// TestTheConnectionInsideHasTheDeadlines: whoever takes it reads behind no timer that is too early.
func TestTheConnectionInsideHasTheDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := lazy(t)
		began := time.Now()
		_ = c.SetDeadline(began.Add(time.Second))
		_ = c.SetDeadline(began.Add(time.Minute))
		inside := c.UnsafeConn()
		if _, err := inside.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) ||
			time.Since(began) != time.Minute {
			t.Errorf("the read ended after %v: %v", time.Since(began), err)
		}
		_ = c.SetDeadline(time.Time{})
		inside = c.UnsafeConn()
		time.AfterFunc(time.Hour, func() { _ = inside.Close() })
		if _, err := inside.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) ||
			time.Since(began) != time.Hour+time.Minute {
			t.Errorf("the read ended after %v: %v", time.Since(began), err)
		}
	})
}

// TestTheLastDeadlineWins: two goroutines move it at once.
func TestTheLastDeadlineWins(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			c, _, _ := lazy(t)
			var movers sync.WaitGroup
			began := time.Now()
			_ = c.SetReadDeadline(began.Add(time.Millisecond))
			for n := range 4 {
				movers.Go(func() {
					for k := range 20 {
						_ = c.SetReadDeadline(began.Add(time.Duration(1+(k*7+n)%5) * time.Hour))
					}
				})
			}
			movers.Wait()
			_ = c.SetReadDeadline(began.Add(time.Minute))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) ||
				time.Since(began) != time.Minute {
				t.Errorf("the read ended after %v: %v", time.Since(began), err)
			}
		})
	}
}

func BenchmarkDeadlines(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	inner, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = inner.Close() })
	for name, c := range map[string]net.Conn{"lazy": &Conn{Conn: inner, limiter: New(Options{Name: "bench", Max: 1})},
		"eager": inner} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = c.SetReadDeadline(time.Now().Add(time.Minute))
			}
		})
	}
}
