package fanout

import (
	"net"
	"sync"
	"syscall"
	"time"
)

// Client is one connection that follows a source. Make one with NewClient, and hand it to a hub once.
type Client struct {
	conn   net.Conn // to be closed
	inner  net.Conn // to be written to
	try    trier    // nil: inner only writes while its caller waits
	packed bool
	left   func()

	// Under the shard's lock:
	shard *shard
	head  []byte // still to be sent before the first frame
	at    Place
	away  bool // a goroutine of its own is writing to the client
	gone  bool
}

// Options say what a client is.
type Options struct {
	Head   string // sent before everything else, as it is
	Hello  *Frame // sent after the head; nil: nothing
	At     Place  // what the client has been told in an earlier life; Nowhere: nothing
	Packed bool   // after the head, frames are sent as one gzip stream without an end
	// Left is called once when the client has left, whoever ended it; its connection is closed by then.
	Left func()
}

// NewClient makes a client of a connection, which is the client's from now on.
func NewClient(conn net.Conn, o Options) *Client {
	c := &Client{conn: conn, inner: conn, packed: o.Packed, left: o.Left, at: o.At}
	c.head = append(c.head, o.Head...)
	for {
		wrapped, ok := c.inner.(interface{ UnsafeConn() net.Conn })
		if !ok {
			break
		}
		c.inner = wrapped.UnsafeConn()
	}
	c.try = trierOf(c.inner)
	if o.Packed {
		c.head = append(c.head, gzipHead...)
	}
	if o.Hello != nil {
		c.head = append(c.head, o.Hello.bytes(o.Packed)...)
	}
	return c
}

// trier writes what is taken at once, and never waits. n < len(p) without an error: the rest must wait.
type trier interface {
	TryWrite(p []byte) (n int, err error)
}

func trierOf(conn net.Conn) trier {
	if t, ok := conn.(trier); ok {
		return t
	}
	if sys, ok := conn.(syscall.Conn); ok {
		if raw, err := sys.SyscallConn(); err == nil {
			return newSocket(raw)
		}
	}
	return nil
}

// finish sends what a connection did not take at once, as long as patience lasts. Not a writer: it may wait.
func (c *Client) finish(rest []byte, patience time.Duration) error {
	if err := c.inner.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.inner.Write(rest); err != nil {
		return err
	}
	return c.inner.SetWriteDeadline(time.Time{}) // a deadline left behind would end the next attempt
}

// shardMax bounds a shard. A frame is encoded for each shard when changes never pause, and its cost is shared by so
// many; a turn is that long.
const shardMax = 256

// shard is a group of clients that are told together.
type shard struct {
	hub *Hub

	mu      sync.Mutex
	clients []*Client // nil: left meanwhile
	count   int       // of those that are not nil

	// Under the fan's lock:
	queued bool      // or to be, after its turn
	turn   bool      // a writer is at work on the shard
	since  time.Time // when the shard was woken first since its last turn
}

// compact takes out those that have left. mu is held.
func (s *shard) compact() {
	if s.count == len(s.clients) {
		return
	}
	kept := s.clients[:0]
	for _, c := range s.clients {
		if c != nil {
			kept = append(kept, c)
		}
	}
	clear(s.clients[len(kept):])
	s.clients = kept
}

// remove takes a client out; false when somebody did before. mu is held.
func (s *shard) remove(c *Client) bool {
	if c.gone {
		return false
	}
	c.gone = true
	for i := range s.clients {
		if s.clients[i] == c {
			s.clients[i] = nil
			s.count--
			break
		}
	}
	return true
}
