//go:build unix

package fanout

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a connection of the system's. One writer at a time uses it.
type socket struct {
	raw     syscall.RawConn
	attempt func(fd uintptr) (done bool) // made once: a new one would be garbage for each client and frame
	rest    []byte
	n       int
	err     error
}

func newSocket(raw syscall.RawConn) trier {
	s := &socket{raw: raw}
	s.attempt = s.write
	return s
}

// TryWrite writes what the kernel takes now.
func (s *socket) TryWrite(p []byte) (n int, err error) {
	s.rest, s.n, s.err = p, 0, nil
	err = s.raw.Write(s.attempt)
	s.rest = nil
	if err != nil {
		return s.n, err
	}
	return s.n, s.err
}

// write is one attempt on a descriptor; true in any case, for nobody waits here.
func (s *socket) write(fd uintptr) (done bool) {
	for len(s.rest) > 0 {
		n, err := unix.Write(int(fd), s.rest)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return true
		case err != nil:
			s.err = err
			return true
		default:
			s.n += n
			s.rest = s.rest[n:]
		}
	}
	return true
}

// threadTime is the processor time of the thread that runs its caller; 0 where the system does not tell.
func threadTime() time.Duration {
	var used unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &used) != nil {
		return 0
	}
	return time.Duration(unix.TimespecToNsec(used))
}
