//go:build unix

package load

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// readiness says that the socket of this id can be read, or written when it asked for that. Errors make it readable:
// reading tells them.
type readiness struct {
	id       int
	writable bool
}

// poller waits for many sockets at once.
type poller interface {
	// add watches fd for reading, or for writing as well.
	add(fd, id int, writable bool) error
	change(fd, id int, writable bool) error
	remove(fd int)
	// wait fills ready and returns how many; none when the time is over or a signal came.
	wait(ready []readiness, patience time.Duration) int
	close()
}

// scan is a poller by poll(2), which every Unix has. Its cost grows with the number of sockets, and it rounds to
// milliseconds.
type scan struct {
	sockets []unix.PollFd
	ids     []int
}

func (s *scan) add(fd, id int, writable bool) error {
	s.sockets, s.ids = append(s.sockets, unix.PollFd{Fd: int32(fd), Events: interest(writable)}), append(s.ids, id)
	return nil
}

func interest(writable bool) int16 {
	if writable {
		return unix.POLLIN | unix.POLLOUT
	}
	return unix.POLLIN
}

func (s *scan) find(fd int) int {
	return slices.IndexFunc(s.sockets, func(p unix.PollFd) bool { return p.Fd == int32(fd) })
}

func (s *scan) change(fd, _ int, writable bool) error {
	i := s.find(fd)
	if i < 0 {
		return fmt.Errorf("load: descriptor %d is not watched", fd)
	}
	s.sockets[i].Events = interest(writable)
	return nil
}

func (s *scan) remove(fd int) {
	if i := s.find(fd); i >= 0 {
		s.sockets, s.ids = slices.Delete(s.sockets, i, i+1), slices.Delete(s.ids, i, i+1)
	}
}

func (s *scan) wait(ready []readiness, patience time.Duration) (n int) {
	milliseconds := int((patience + time.Millisecond - 1) / time.Millisecond)
	if _, err := unix.Poll(s.sockets, milliseconds); err != nil {
		return 0 // a signal
	}
	for i := range s.sockets {
		if got := s.sockets[i].Revents; got != 0 && n < len(ready) {
			ready[n] = readiness{s.ids[i], got&unix.POLLOUT != 0}
			n++
		}
	}
	return n
}

func (s *scan) close() {}
