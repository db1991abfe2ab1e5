package netlimit

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// Listen lets the connections of a listener in through the limiter. Several listeners may share one.
func (l *Limiter) Listen(inner net.Listener) net.Listener {
	return &listener{Listener: inner, limiter: l, closed: make(chan struct{})}
}

type listener struct {
	net.Listener
	limiter *Limiter
	once    sync.Once
	closed  chan struct{}

	// Of Accept alone, which one goroutine calls.
	pause    time.Duration // before the next try; 0: the last one went well
	trouble  time.Time     // the newest error of an outage; zero: there is none
	troubles int           // its errors
}

const (
	pauseMin = 5 * time.Millisecond
	pauseMax = time.Second
	// calm is how long nothing must have failed for an outage to be over: at the limit of descriptors, accepts succeed
	// and fail in turns.
	calm = 10 * time.Second
)

// Accept waits for a connection that is let in. Errors that pass are waited out; one that is returned means that the
// listener has ended.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case err == nil:
			l.calmDown()
			if admitted := l.limiter.Admit(c); admitted != nil {
				return admitted, nil
			}
		case !passes(err):
			return nil, err
		case !l.wait(err):
			return nil, net.ErrClosed
		}
	}
}

// Close ends Accept, also while it waits for trouble to pass.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// passes tells trouble of the moment (no descriptors, no memory, a client that is gone again, a network that is down)
// from a listener that is none any more. The list is of the errors that do not pass: an unknown one must cost
// connections, not the process.
func passes(err error) bool {
	var errno syscall.Errno
	if errors.Is(err, net.ErrClosed) || !errors.As(err, &errno) {
		return false
	}
	switch errno {
	case syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK, syscall.EFAULT, syscall.EOPNOTSUPP:
		return false
	}
	return true
}

// wait pauses before the next try; false: the listener was closed meanwhile.
func (l *listener) wait(err error) bool {
	l.limiter.stats.AcceptErrors.Add(1)
	l.troubles++
	if now := time.Now(); now.Sub(l.trouble) >= calm || l.trouble.IsZero() {
		l.limiter.options.Logger.Warn("connections cannot be accepted for now; those that are open are served", "door",
			l.limiter.options.Name, "error", err)
	}
	l.trouble = time.Now()
	if errors.Is(err, syscall.ECONNABORTED) || errors.Is(err, syscall.EINTR) || errors.Is(err, syscall.ECONNRESET) {
		return true // the next one may be fine
	}
	l.pause = min(max(2*l.pause, pauseMin), pauseMax)
	timer := time.NewTimer(l.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.closed:
		return false
	}
}

func (l *listener) calmDown() {
	l.pause = 0
	if l.trouble.IsZero() || time.Since(l.trouble) < calm {
		return
	}
	l.limiter.options.Logger.Info("connections are accepted again", "door", l.limiter.options.Name, "errors",
		l.troubles)
	l.trouble, l.troubles = time.Time{}, 0
}
