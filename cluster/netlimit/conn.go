package netlimit

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
)

// The states of a connection. One that is not busy may be closed by somebody else than its server: nothing that came on
// it has been acted on.
const (
	silent   uint32 = iota // has never said a word
	idle                   // was answered, and has said nothing since
	arriving               // a request is being read
	busy                   // a request is being served, or answered
	closed
)

// Conn is a connection that was let in. Its server calls Active when it finds a request in what it has read already,
// Serve before it acts on one, and Idle when the answer has gone out. A server that calls none of them has its
// connections busy from their first byte: see Options.Plain.
type Conn struct {
	net.Conn
	limiter       *Limiter
	from          netip.Prefix
	state         atomic.Uint32
	reads, writes deadline
}

// Read notices that a request arrives. Bytes that arrive after the connection was closed to make room are dropped:
// net.ErrClosed.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.read(p)
	if n > 0 && c.state.Load() < arriving && !c.hears() {
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *Conn) hears() bool {
	next := arriving
	if c.limiter.options.Plain {
		next = busy
	}
	return c.state.CompareAndSwap(silent, next) || c.state.CompareAndSwap(idle, next) || c.state.Load() != closed
}

// Active says that a request was found in bytes that were read with the one before; false if it was not in those.
func (c *Conn) Active() bool { return c.state.CompareAndSwap(idle, arriving) }

// Serve says that a request is there as a whole and is about to be acted on. False: the connection was closed
// meanwhile, and the request must be dropped: its client knows that nobody took it.
func (c *Conn) Serve() bool {
	return c.state.CompareAndSwap(arriving, busy) || c.state.Load() == busy
}

// Idle says that nobody waits for an answer any more.
func (c *Conn) Idle() { c.state.CompareAndSwap(busy, idle) }

// Close closes the connection and gives its place away.
func (c *Conn) Close() error {
	c.state.Store(closed)
	c.limiter.mu.Lock()
	c.limiter.forget(c)
	c.limiter.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite tells the other side that nothing more will come; errors.ErrUnsupported where a connection has no halves.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
