//go:build unix

package load

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

type socketState uint8

const (
	closed socketState = iota
	connecting
	established
)

// socket is one connection of a loop, as the kernel has it: the runtime's own waiting would cost as much again as the
// two system calls of a request.
type socket struct {
	id      int
	address netip.AddrPort
	fd      int
	state   socketState
	turn    *Turn  // the request under way
	unsent  []byte // the rest of it that the kernel would not take yet; part of turn.Request
	in      inbox
	pause   time.Duration // before the next attempt to connect
	retryAt time.Duration
}

func (s *socket) family() (family int, to unix.Sockaddr) {
	if ip := s.address.Addr(); ip.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(s.address.Port()), Addr: ip.As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(s.address.Port()), Addr: s.address.Addr().As16()}
}

func (s *socket) make() (to unix.Sockaddr, err error) {
	family, to := s.family()
	if s.fd, err = unix.Socket(family, unix.SOCK_STREAM, 0); err != nil {
		return nil, fmt.Errorf("load: socket: %w", err)
	}
	unix.CloseOnExec(s.fd)
	s.state, s.in.filled, s.in.head = connecting, 0, 0
	if err := unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return nil, fmt.Errorf("load: TCP_NODELAY: %w", err)
	}
	return to, nil
}

// open connects and waits for it, at most dialTimeout: at a load's beginning somebody has to be there.
func (s *socket) open(p poller) error {
	to, err := s.make()
	if err != nil {
		return err
	}
	limit := unix.NsecToTimeval(int64(dialTimeout))
	if err := unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit); err != nil {
		return fmt.Errorf("load: SO_SNDTIMEO: %w", err)
	}
	if err := retried(func() error { return unix.Connect(s.fd, to) }); err != nil {
		return fmt.Errorf("load: connect to %s: %w", s.address, err)
	}
	if err := unix.SetNonblock(s.fd, true); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	s.state = established
	return p.add(s.fd, s.id, false)
}

// connect begins to connect; writable tells the end of it.
func (s *socket) connect(p poller) error {
	to, err := s.make()
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(s.fd, true); err != nil {
		return err
	}
	if err := unix.Connect(s.fd, to); err != nil && !errors.Is(err, unix.EINPROGRESS) && !errors.Is(err, unix.EINTR) {
		return err
	}
	return p.add(s.fd, s.id, true)
}

// connected asks how connecting ended.
func (s *socket) connected(p poller) error {
	code, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if code != 0 {
		return unix.Errno(code)
	}
	s.state, s.pause = established, 0
	return p.change(s.fd, s.id, false)
}

// write sends what the kernel takes, and the rest once it is writable again.
func (s *socket) write(p poller, bytes []byte) (sent int, err error) {
	waited := len(s.unsent) > 0
	for sent < len(bytes) {
		n, err := unix.Write(s.fd, bytes[sent:])
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			s.unsent = bytes[sent:]
			return sent, p.change(s.fd, s.id, true)
		case err != nil:
			return sent, err
		default:
			sent += n
		}
	}
	s.unsent = nil
	if waited {
		return sent, p.change(s.fd, s.id, false)
	}
	return sent, nil
}

// read takes what is there. whole says that the answer is complete, in s.in.answer until the next read.
func (s *socket) read() (whole bool, err error) {
	space := s.in.space()
	n, err := unix.Read(s.fd, space)
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, err
	case n == 0:
		return false, io.ErrUnexpectedEOF
	}
	return s.in.take(n)
}

func (s *socket) close(p poller) {
	if s.state != closed {
		p.remove(s.fd)
		_ = unix.Close(s.fd) // nothing is to be saved
	}
	s.state, s.unsent = closed, nil
}

func retried(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
