package netlimit

import (
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Options bound a Limiter. The zero value bounds nothing.
type Options struct {
	// Name says in the log which door this is.
	Name string
	// Max is how many connections may be open at once; 0: no bound.
	Max int
	// PerAddress is how many of them one address may have, an IPv4 address or an IPv6 /64; 0: no bound.
	PerAddress int
	// Full and Crowded are sent to newcomers that are refused: because of Max, because of PerAddress. Nil: they are
	// closed without a word.
	Full, Crowded []byte
	// Plain says that the connections' server does not tell what they are doing: then one counts as busy from its first
	// byte on.
	Plain bool
	// Logger hears of the beginning and the end of trouble. Nil: slog.Default().
	Logger *slog.Logger
}

// Stats counts what a Limiter did. All fields only grow.
type Stats struct {
	AcceptErrors atomic.Int64 // accepts that failed and were tried again
	Full         atomic.Int64 // newcomers refused because of Options.Max
	Crowded      atomic.Int64 // newcomers refused because of Options.PerAddress
	GaveWay      atomic.Int64 // connections closed to make room, none of them being served
}

// Limiter lets connections in and knows those that are open. Safe for concurrent use.
//
// Invariant: len(conns) never exceeds Options.Max, no value of addresses exceeds Options.PerAddress.
type Limiter struct {
	options Options
	stats   Stats

	mu        sync.Mutex
	conns     map[*Conn]struct{}
	addresses map[netip.Prefix]int // kept only with PerAddress
	refusing  atomic.Int32         // goroutines that see a refused newcomer off
}

// New makes a limiter.
func New(o Options) *Limiter {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Limiter{options: o, conns: map[*Conn]struct{}{}, addresses: map[netip.Prefix]int{}}
}

// Stats are the counters, live.
func (l *Limiter) Stats() *Stats { return &l.stats }

// Open is how many connections are open.
func (l *Limiter) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// Admit lets an accepted connection in. Nil: it was refused, and is closed.
func (l *Limiter) Admit(inner net.Conn) *Conn {
	c := &Conn{Conn: inner, limiter: l}
	if l.options.PerAddress > 0 {
		c.from = addressOf(inner)
	}
	l.mu.Lock()
	crowded := l.options.PerAddress > 0 && l.addresses[c.from] >= l.options.PerAddress
	var leaver *Conn
	full := !crowded && l.options.Max > 0 && len(l.conns) >= l.options.Max
	if full {
		if leaver = l.idleOne(); leaver != nil {
			l.forget(leaver)
			full = false
		}
	}
	if !crowded && !full {
		l.conns[c] = struct{}{}
		if l.options.PerAddress > 0 {
			l.addresses[c.from]++
		}
	}
	l.mu.Unlock()
	switch {
	case crowded:
		l.stats.Crowded.Add(1)
		l.refuse(inner, l.options.Crowded)
		return nil
	case full:
		l.stats.Full.Add(1)
		l.refuse(inner, l.options.Full)
		return nil
	case leaver != nil:
		l.stats.GaveWay.Add(1)
		_ = leaver.Conn.Close() // its server finds out
	}
	return c
}

// sample is how many connections are looked at for one that can give way. The order is the map's, which is as good as
// random: were it age, a flood would push out precisely those that came before it.
const sample = 64

// idleOne finds a connection that can be closed with nothing lost, and marks it closed: rather one that has never said
// a word than one between two requests, and rather that than one whose request is still arriving. Under mu.
func (l *Limiter) idleOne() *Conn {
	var found [busy]*Conn
	seen := 0
	for c := range l.conns {
		if state := c.state.Load(); state < busy {
			found[state] = c
		}
		if seen++; seen == sample || found[silent] != nil {
			break
		}
	}
	for state, c := range found {
		if c != nil && c.state.CompareAndSwap(uint32(state), closed) {
			return c
		}
	}
	return nil
}

// forget takes a connection out of the books, once. Under mu.
func (l *Limiter) forget(c *Conn) {
	if _, open := l.conns[c]; !open {
		return
	}
	delete(l.conns, c)
	if l.options.PerAddress == 0 {
		return
	}
	if l.addresses[c.from]--; l.addresses[c.from] == 0 {
		delete(l.addresses, c.from)
	}
}

// CloseIdle closes every connection on which nobody waits for an answer, and tells how many those were.
func (l *Limiter) CloseIdle() int {
	return l.closeAll(func(c *Conn) bool {
		return c.state.CompareAndSwap(silent, closed) || c.state.CompareAndSwap(idle, closed)
	})
}

// CloseAll closes every connection, whatever it is doing, and tells how many those were.
func (l *Limiter) CloseAll() int {
	return l.closeAll(func(c *Conn) bool { c.state.Store(closed); return true })
}

func (l *Limiter) closeAll(which func(*Conn) bool) int {
	var leavers []*Conn
	l.mu.Lock()
	for c := range l.conns {
		if which(c) {
			l.forget(c)
			leavers = append(leavers, c)
		}
	}
	l.mu.Unlock()
	for _, c := range leavers {
		_ = c.Conn.Close() // its server finds out
	}
	return len(leavers)
}

const (
	// refusingMax bounds those that are seen off at a time; more are closed right after the words, which a client that
	// has sent something already may then not get to read.
	refusingMax = 16
	refuseTime  = time.Second
	refuseBytes = 64 << 10
)

// refuse says why and closes. It never waits for the other side: a fresh connection's buffer takes the words at once.
func (l *Limiter) refuse(c net.Conn, words []byte) {
	if len(words) == 0 || c.SetDeadline(time.Now().Add(refuseTime)) != nil {
		_ = c.Close() // refused: nobody is interested
		return
	}
	if l.refusing.Add(1) > refusingMax {
		l.refusing.Add(-1)
		_, _ = c.Write(words) // refused: likewise
		_ = c.Close()
		return
	}
	go func() {
		defer l.refusing.Add(-1)
		_, _ = c.Write(words)
		if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_, _ = io.CopyN(io.Discard, c, refuseBytes) // closing with bytes unread would take the words away again
		}
		_ = c.Close()
	}()
}

// addressOf is what counts as one address.
func addressOf(c net.Conn) netip.Prefix {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{} // no network behind it: all of these count as one
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 64
	if ip.Is4() {
		bits = 32
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
