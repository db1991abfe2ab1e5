package oplog

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// alarm is one that was raised and has not ended.
type alarm struct {
	next   slog.Handler
	record slog.Record
	logged bool
	timer  *time.Timer
}

// alarm holds the beginning of an alarm back until it has lasted, and says its end.
func (h *Handler) alarm(ctx context.Context, l line) error {
	s := h.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.raised[l.alarm]
	begins := l.record.Level >= slog.LevelError
	switch {
	case begins && a == nil:
		a = &alarm{next: h.next, record: l.record}
		a.timer = time.AfterFunc(s.options.Patience, func() { s.lasted(l.alarm, a) })
		s.raised[l.alarm] = a
		return nil
	case begins && !a.logged: // it got worse before it was told
		a.record = l.record
		return nil
	case begins:
		return h.next.Handle(ctx, l.record)
	}
	delete(s.raised, l.alarm)
	if a == nil || a.logged {
		return h.next.Handle(ctx, l.record)
	}
	a.timer.Stop()
	return h.next.Handle(ctx, healed(a.record, l.record))
}

func (s *shared) lasted(name string, a *alarm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raised[name] != a || a.logged {
		return
	}
	a.logged = true
	_ = a.next.Handle(context.Background(), a.record)
}

// healed is the line of what was no alarm after all: what it was, that it is over, and how long it took.
func healed(begin, end slog.Record) slog.Record {
	text := strings.TrimPrefix(strings.TrimPrefix(begin.Message, Word), ": ")
	out := slog.NewRecord(end.Time, slog.LevelInfo, "over at once: "+text, end.PC)
	begin.Attrs(func(a slog.Attr) bool {
		if a.Key != KeyAlarm {
			out.AddAttrs(a)
		}
		return true
	})
	out.AddAttrs(slog.Duration("lasted", end.Time.Sub(begin.Time)))
	return out
}
