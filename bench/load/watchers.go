//go:build unix

package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Watchers is very many connections whose answers never end, such as a stream's, read and not looked at: one thread and
// one system call a piece, so that the client of ten thousand does not measure itself.
type Watchers struct {
	Bytes atomic.Uint64 // taken so far
	Reads atomic.Uint64
	Lost  atomic.Uint64 // connections that the server ended

	poll    poller
	sockets []int
	stop    atomic.Bool
	reading sync.WaitGroup
}

// watcherSources are the loopback addresses from which they come: a server bounds the streams of one address.
const watcherSources = 16

// OpenWatchers connects count times to host:port, sends the request on each, and reads what comes until Close. It
// returns when every connection has begun to be answered with status 200.
func OpenWatchers(ctx context.Context, address string, count int, request []byte) (*Watchers, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("load: watchers: %w", err)
	}
	poll, err := newPoller()
	if err != nil {
		return nil, err
	}
	c := &Watchers{poll: poll}
	for i := range count {
		if err := errors.Join(ctx.Err(), c.join(ctx, i, to, request)); err != nil {
			c.Close()
			return nil, fmt.Errorf("load: connection %d of the watchers: %w", i+1, err)
		}
	}
	c.reading.Go(c.read)
	return c, nil
}

// join opens one connection and waits for its answer's first bytes.
func (c *Watchers) join(ctx context.Context, i int, to netip.AddrPort, request []byte) error {
	from := &net.TCPAddr{}
	if to.Addr().Is4() && to.Addr().IsLoopback() {
		from.IP = net.IPv4(127, 0, 0, byte(1+i%watcherSources))
	}
	dialer := net.Dialer{Timeout: dialTimeout, LocalAddr: from, KeepAlive: -1}
	made, err := dialer.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return err
	}
	defer func() { _ = made.Close() }() // the copy of its descriptor is what is kept
	if err := made.SetDeadline(time.Now().Add(patienceDefault)); err != nil {
		return err
	}
	if _, err := made.Write(request); err != nil {
		return err
	}
	var first [12]byte
	if _, err := made.Read(first[:]); err != nil {
		return err
	}
	if string(first[:]) != "HTTP/1.1 200" {
		return fmt.Errorf("refused: %q", first)
	}
	file, err := made.(*net.TCPConn).File()
	if err != nil {
		return err
	}
	fd, err := unix.Dup(int(file.Fd()))
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	unix.CloseOnExec(fd)
	c.sockets = append(c.sockets, fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	return c.poll.add(fd, len(c.sockets)-1, false)
}

// read takes what has come, until Close.
func (c *Watchers) read() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ready := make([]readiness, eventsMax)
	buffer := make([]byte, 256<<10)
	for !c.stop.Load() {
		for _, r := range ready[:c.poll.wait(ready, watcherPatience)] {
			n, err := unix.Read(c.sockets[r.id], buffer)
			switch {
			case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
			case err != nil || n == 0:
				c.poll.remove(c.sockets[r.id])
				c.Lost.Add(1)
			default:
				c.Bytes.Add(uint64(n))
				c.Reads.Add(1)
			}
		}
	}
}

// watcherPatience is how long Close waits for a reader that has nothing to read.
const watcherPatience = 50 * time.Millisecond

// Close ends every connection.
func (c *Watchers) Close() {
	c.stop.Store(true)
	c.reading.Wait()
	for _, fd := range c.sockets {
		_ = unix.Close(fd)
	}
	c.poll.close()
}
