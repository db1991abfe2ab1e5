package oplog

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Keys of attributes that mean something here.
const (
	KeySection = "section"
	KeyLog     = "log"
	KeyAlarm   = "alarm"
	KeyError   = "error"
	KeyWhich   = "which" // some of the things that the line counts
)

// Word is how the text of every alarm begins.
const Word = "ALARM"

// Options of a handler. The zero value gathers and holds back nothing.
type Options struct {
	// Window is how long lines that are alike are gathered. 0: not at all.
	Window time.Duration
	// Patience is how long an alarm of Heals must last to be one. 0: it always is.
	Patience time.Duration
	// Heals are the names of the alarms that can end.
	Heals []string
}

// Handler is a slog.Handler; see the package's comment.
type Handler struct {
	next   slog.Handler
	shared *shared
}

// shared is what a handler and all that were made of it by With have in common.
type shared struct {
	options Options
	heals   map[string]bool

	mu       sync.Mutex
	names    Names
	gathered map[kind]*heap
	raised   map[string]*alarm // by name
}

// New puts a handler before next.
func New(next slog.Handler, o Options) *Handler {
	s := &shared{options: o, heals: map[string]bool{}, gathered: map[kind]*heap{}, raised: map[string]*alarm{}}
	for _, name := range o.Heals {
		s.heals[name] = true
	}
	return &Handler{next: next, shared: s}
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{next: h.next.WithAttrs(attrs), shared: h.shared}
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{next: h.next.WithGroup(name), shared: h.shared}
}

// Handle implements slog.Handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	line := h.shared.read(r)
	switch {
	case line.alarm != "" && h.shared.heals[line.alarm] && h.shared.options.Patience > 0:
		return h.alarm(ctx, line)
	case line.section != "" && h.shared.options.Window > 0:
		return h.gather(ctx, line)
	}
	return h.next.Handle(ctx, line.record)
}

// line is a record with what is known of it.
type line struct {
	record  slog.Record
	section string // its name; empty: it is about none
	alarm   string // its name; empty: it is none
}

// read names what is named by number, and lifts alarms to their level.
func (s *shared) read(r slog.Record) line {
	s.mu.Lock()
	names := s.names
	s.mu.Unlock()
	level := r.Level
	if strings.HasPrefix(r.Message, Word) {
		level = max(level, slog.LevelError)
	}
	out := line{record: slog.NewRecord(r.Time, level, r.Message, r.PC)}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case KeySection:
			key := a.Value.Resolve().String()
			name, known := names.section(key)
			out.section = name
			out.record.AddAttrs(slog.String(KeySection, name))
			if known {
				out.record.AddAttrs(slog.String(KeyLog, key))
			}
			return true
		case KeyAlarm:
			out.alarm = a.Value.String()
		case KeyError, KeyWhich:
			if err, ok := a.Value.Any().(error); ok {
				a = slog.String(a.Key, names.within(err.Error()))
			} else if a.Value.Kind() == slog.KindString {
				a = slog.String(a.Key, names.within(a.Value.String()))
			}
		}
		out.record.AddAttrs(a)
		return true
	})
	return out
}

// Flush gives out what is held back. It is for the end of a process, and for tests.
func (h *Handler) Flush() {
	s := h.shared
	s.mu.Lock()
	heaps, alarms := s.gathered, s.raised
	s.gathered, s.raised = map[kind]*heap{}, map[string]*alarm{}
	s.mu.Unlock()
	for _, g := range heaps {
		g.timer.Stop()
		g.tell()
	}
	for _, a := range alarms {
		a.timer.Stop()
		if !a.logged {
			_ = a.next.Handle(context.Background(), a.record)
		}
	}
}

// Seconds is a slog.HandlerOptions.ReplaceAttr for machines: a duration is a number of seconds, under a key that says
// so.
func Seconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.Float64(strings.TrimSuffix(a.Key, "_seconds")+"_seconds", a.Value.Duration().Seconds())
	}
	return a
}
