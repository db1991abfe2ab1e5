package listen

import (
	"bytes"
	"errors"
	"io"
	"net"
	"time"

	"holdfast/cluster/netlimit"
)

// connListener gives connections what HTTP wants of them.
type connListener struct{ net.Listener }

// Accept is for fasthttp.
func (l *connListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: c.(*netlimit.Conn), first: true}, nil
}

// Conn is a connection as fasthttp serves it. Only its server's goroutine reads, and touches the fields.
type Conn struct {
	*netlimit.Conn
	first  bool // the end of a request line is not read yet, as far as this can be known
	length int  // what was read of a line, while first
	last   byte // and its last byte
	linger bool // its client may still be sending what nobody will read
	Caller Caller
}

// Caller is what the limits by address have found out about a connection, kept where it is found at no cost.
type Caller struct {
	Known   bool // the other fields have been found
	Counted bool // the caller's calls count by address
	Key     [16]byte
}

var errBareLine = errors.New("api: a request line that ends without CR")

// Read finds request lines that end in a bare LF: fasthttp takes them, and no longer says so when its parser is done.
// With requests that come in one packet with the one before, it finds none: there the line is inside what was read
// already.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.first || n == 0 {
		return n, err
	}
	for at := 0; c.first && at < n; {
		end := bytes.IndexByte(p[at:n], '\n')
		if end < 0 {
			c.length += n - at
			c.last = p[n-1]
			break
		}
		if end > 0 {
			c.last = p[at+end-1]
		}
		switch {
		case c.last == '\r':
		case end == 0:
			return 0, errBareLine
		default:
			p[at+end-1] = 0 // what no request line may hold: the parser refuses it in the ordinary way
		}
		c.first = c.length+end <= 1 // empty lines may come before it (RFC 9112, 2.2)
		c.length, c.last = 0, 0
		at += end + 1
	}
	return n, err
}

// answered is called between two requests, found when there is another.
func (c *Conn) answered() {
	c.first, c.length, c.last = true, 0, 0
	c.Idle()
}

func (c *Conn) found() {
	if c.Active() { // it was read together with the last one
		c.first = false
	}
}

// How much of what nobody wants is thrown away, and for how long, so that its sender reads the answer.
const (
	lingerBytesMax = PlanBodyBytesMax + 16<<20
	lingerTime     = 5 * time.Second
)

// Close closes. A connection that lingers first swallows what is still arriving: closing it with bytes unread resets
// it, and a reset takes the answer away from clients that read only after they have sent everything. Meanwhile it gives
// way to others, and to a stop.
func (c *Conn) Close() error {
	if c.linger {
		c.linger = false
		c.Idle()
		if c.SetDeadline(time.Now().Add(lingerTime)) == nil && c.CloseWrite() == nil {
			_, _ = io.CopyN(io.Discard, c.UnsafeConn(), lingerBytesMax) // an error means that the client is gone
		}
	}
	return c.Conn.Close()
}

// Linger has a connection swallow the rest of a request before it closes.
func Linger(c net.Conn) {
	if conn, ok := c.(*Conn); ok {
		conn.linger = true
	}
}
