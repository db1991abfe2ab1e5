package load

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epoll is a poller whose cost does not grow with the number of sockets, with timeouts in nanoseconds (epoll_pwait2,
// Linux 5.11): a millisecond of rounding would be counted as the server's latency.
type epoll struct {
	fd     int
	events []unix.EpollEvent
	coarse bool // the kernel is older
}

func newPoller() (poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("load: epoll: %w", err)
	}
	return &epoll{fd: fd, events: make([]unix.EpollEvent, eventsMax)}, nil
}

func (e *epoll) control(op, fd, id int, writable bool) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(id)}
	if writable {
		event.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(e.fd, op, fd, &event); err != nil {
		return fmt.Errorf("load: epoll: %w", err)
	}
	return nil
}

func (e *epoll) add(fd, id int, writable bool) error {
	return e.control(unix.EPOLL_CTL_ADD, fd, id, writable)
}

func (e *epoll) change(fd, id int, writable bool) error {
	return e.control(unix.EPOLL_CTL_MOD, fd, id, writable)
}

func (e *epoll) remove(fd int) {
	_ = unix.EpollCtl(e.fd, unix.EPOLL_CTL_DEL, fd, nil) // one that is not watched is as good
}

func (e *epoll) wait(ready []readiness, patience time.Duration) int {
	n := e.pwait(e.events[:min(len(e.events), len(ready))], patience)
	for i := range max(n, 0) {
		got := &e.events[i]
		ready[i] = readiness{int(got.Fd), got.Events&unix.EPOLLOUT != 0}
	}
	return max(n, 0)
}

func (e *epoll) pwait(events []unix.EpollEvent, patience time.Duration) int {
	if !e.coarse {
		limit := unix.NsecToTimespec(int64(patience))
		n, _, code := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(e.fd), uintptr(unsafe.Pointer(&events[0])),
			uintptr(len(events)),
			uintptr(unsafe.Pointer(&limit)), 0, 0)
		if code != unix.ENOSYS {
			if code != 0 {
				return 0 // a signal
			}
			return int(n)
		}
		e.coarse = true
	}
	// interrupted is as good as over
	n, _ := unix.EpollWait(e.fd, events, int((patience+time.Millisecond-1)/time.Millisecond))
	return n
}

func (e *epoll) close() { _ = unix.Close(e.fd) }
