package load

import (
	"slices"
	"time"
)

// Pauses between two attempts to connect again: short at first, for a server that only closed one connection; longer
// while it is away, so that hundreds of connections do not keep a starting server from its start.
const (
	retryMin = time.Millisecond
	retryMax = 100 * time.Millisecond
)

// lose closes a connection, leaves its request's outcome unknown, and sees to it that it is made again.
func (l *loop) lose(s *socket) {
	wasFree := s.state == established && s.turn == nil
	s.close(l.poll)
	if wasFree {
		if i := slices.Index(l.free, s); i >= 0 {
			l.free = slices.Delete(l.free, i, i+1)
		}
	}
	s.retryAt = l.now + s.pause
	s.pause = min(max(2*s.pause, retryMin), retryMax)
	l.down = append(l.down, s)
	if t := s.turn; t != nil {
		s.turn = nil
		t.Returned, t.Lost, t.Answer = l.tick(), true, Answer{}
		l.continueOrLeave(t, l.judge(t))
	}
}

// reconnect begins to connect those whose pause is over.
func (l *loop) reconnect() {
	for i := 0; i < len(l.down); {
		s := l.down[i]
		if s.retryAt > l.now {
			i++
			continue
		}
		l.result.Reconnects++
		if err := s.connect(l.poll); err != nil {
			s.close(l.poll)
			s.pause = min(max(2*s.pause, retryMin), retryMax)
			s.retryAt = l.now + s.pause
			i++
			continue
		}
		l.down = slices.Delete(l.down, i, i+1)
	}
}
