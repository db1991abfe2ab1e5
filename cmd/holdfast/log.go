package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

func newLogger(w io.Writer, format, level string) *slog.Logger {
	options := &slog.HandlerOptions{Level: levels[level]}
	w = &terminal{out: w} // a handler writes one line at a time, under its lock
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// sparing is a log for what can happen a thousand times a second, a disk that is full: of each kind of line, one a
// second.
type sparing struct {
	log *slog.Logger
	mu  sync.Mutex
	of  map[string]*spared
}

// spared is what became of one kind of line.
type spared struct {
	last    time.Time
	dropped int
}

const (
	sparingEvery    = time.Second
	sparingKindsMax = 100 // kinds are format strings of the code's, of which there are few
)

// logf takes a line; its kind is its format.
func (s *sparing) logf(format string, args ...any) {
	s.mu.Lock()
	kind := s.of[format]
	if kind == nil && len(s.of) < sparingKindsMax {
		if s.of == nil {
			s.of = map[string]*spared{}
		}
		kind = &spared{}
		s.of[format] = kind
	}
	now, dropped := time.Now(), 0
	if kind != nil {
		if now.Sub(kind.last) < sparingEvery {
			kind.dropped++
			s.mu.Unlock()
			return
		}
		dropped, kind.dropped, kind.last = kind.dropped, 0, now
	}
	s.mu.Unlock()
	line := s.log
	if dropped > 0 {
		line = s.log.With("like_this_meanwhile", dropped)
	}
	line.Warn("store: " + fmt.Sprintf(format, args...))
}
