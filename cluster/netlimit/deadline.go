package netlimit

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// deadline is one of a connection's two, set lazily: an HTTP server moves its deadlines four times a request, nearly
// always to a later moment, and a timer of the network poller costs more each time than a comparison. A deadline that
// only moves later is noted; when the timer fires before it, the timer is set again and the call goes on. Whoever
// reads or writes never meets a deadline before its time, and none later than the timer's own lateness.
type deadline struct {
	wanted, armed atomic.Int64 // nanoseconds since epoch; 0: none
}

var epoch = time.Now() // monotonic: a clock that steps moves no deadline

func sinceEpoch(t time.Time) int64 {
	if n := int64(t.Sub(epoch)); n != 0 {
		return n
	}
	return 1
}

type setDeadline func(net.Conn, time.Time) error

func setRead(c net.Conn, t time.Time) error  { return c.SetReadDeadline(t) }
func setWrite(c net.Conn, t time.Time) error { return c.SetWriteDeadline(t) }

// set moves the deadline. The zero time means none, at once.
func (d *deadline) set(c net.Conn, t time.Time, set setDeadline) error {
	if t.IsZero() {
		d.wanted.Store(0)
		d.armed.Store(0)
		return set(c, t)
	}
	wanted := sinceEpoch(t)
	d.wanted.Store(wanted)
	if armed := d.armed.Load(); armed != 0 && armed <= wanted {
		return nil
	}
	return d.arm(c, wanted, set)
}

// arm sets the timer. Another goroutine may move the deadline meanwhile: the last one wanted stands in the end.
func (d *deadline) arm(c net.Conn, wanted int64, set setDeadline) error {
	for {
		var at time.Time
		if wanted != 0 {
			at = epoch.Add(time.Duration(wanted))
		}
		if err := set(c, at); err != nil {
			return err
		}
		d.armed.Store(wanted)
		now := d.wanted.Load()
		if now == wanted {
			return nil
		}
		wanted = now
	}
}

// early says that a call ended at a deadline that had been moved: the timer is set anew, and the call must go on.
func (d *deadline) early(c net.Conn, err error, set setDeadline) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	wanted := d.wanted.Load()
	if wanted != 0 && wanted <= sinceEpoch(time.Now()) {
		return false
	}
	return d.arm(c, wanted, set) == nil
}

// SetDeadline sets both deadlines, which may be kept lazily.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline bounds reads.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.reads.set(c.Conn, t, setRead) }

// SetWriteDeadline bounds writes.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.writes.set(c.Conn, t, setWrite) }

func (c *Conn) read(p []byte) (n int, err error) {
	for {
		n, err = c.Conn.Read(p)
		if err == nil || n > 0 || !c.reads.early(c.Conn, err, setRead) {
			return n, err
		}
	}
}

// Write writes all of p, or says why not.
func (c *Conn) Write(p []byte) (n int, err error) {
	for {
		wrote, err := c.Conn.Write(p[n:])
		n += wrote
		if err == nil || !c.writes.early(c.Conn, err, setWrite) {
			return n, err
		}
	}
}

// UnsafeConn is the connection inside, with the deadlines that were set: for writing many buffers in one system call.
// Set deadlines on what is returned from then on, and close this one, not that.
func (c *Conn) UnsafeConn() net.Conn {
	// An error means that the connection is closed, which the next call on it tells.
	_ = c.reads.arm(c.Conn, c.reads.wanted.Load(), setRead)
	_ = c.writes.arm(c.Conn, c.writes.wanted.Load(), setWrite)
	return c.Conn
}
