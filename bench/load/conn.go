package load

import (
	"fmt"
	"net"
	"time"
)

const dialTimeout = 5 * time.Second

// Conn is one keep-alive connection with one request on it at a time, for the few requests that are made one after
// another. Not for concurrent use.
type Conn struct {
	net net.Conn
	in  inbox
}

// Dial connects to host:port.
func Dial(address string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", address, dialTimeout)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return newConn(c), nil
}

func newConn(c net.Conn) *Conn { return &Conn{net: c, in: newInbox()} }

// Close breaks the connection; nobody waits for its outcome.
func (c *Conn) Close() { _ = c.net.Close() }

// SetDeadline bounds everything after it. It fails only when the connection is closed, and then the next read says so.
func (c *Conn) SetDeadline(at time.Time) { _ = c.net.SetDeadline(at) }

// RoundTrip sends a request and reads its answer. After an error the connection is useless, and the request's fate
// unknown.
func (c *Conn) RoundTrip(request []byte) (Answer, error) {
	if _, err := c.net.Write(request); err != nil {
		return Answer{}, err
	}
	for {
		n, err := c.net.Read(c.in.space())
		if n == 0 && err != nil {
			return Answer{}, err
		}
		whole, broken := c.in.take(n)
		if broken != nil || whole {
			return c.in.answer, broken
		}
	}
}
