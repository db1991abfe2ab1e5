package oplog

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

const (
	// namesMax is how many sections a gathered line names.
	namesMax = 3
	// kindsMax bounds what is gathered at a time: texts are the code's, of which there are few.
	kindsMax = 64
)

// kind is what makes lines alike.
type kind struct {
	level slog.Level
	text  string
}

// heap is lines that are alike.
type heap struct {
	next  slog.Handler
	first slog.Record
	count int
	names []string
	timer *time.Timer
}

// gather puts a line to those like it; the first begins their window.
func (h *Handler) gather(ctx context.Context, l line) error {
	s, k := h.shared, kind{l.record.Level, l.record.Message}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gathered[k]
	switch {
	case g == nil && len(s.gathered) >= kindsMax:
		return h.next.Handle(ctx, l.record)
	case g == nil:
		g = &heap{next: h.next, first: l.record}
		g.timer = time.AfterFunc(s.options.Window, func() { s.finish(k, g) })
		s.gathered[k] = g
	}
	g.count++
	if len(g.names) < namesMax {
		g.names = append(g.names, l.section)
	}
	return nil
}

func (s *shared) finish(k kind, g *heap) {
	s.mu.Lock()
	ours := s.gathered[k] == g
	if ours {
		delete(s.gathered, k)
	}
	s.mu.Unlock()
	if ours {
		g.tell()
	}
}

// tell writes the heap as one line; nobody adds to it any more.
func (g *heap) tell() {
	line := g.first
	if g.count > 1 {
		line = slog.NewRecord(g.first.Time, g.first.Level, g.first.Message, g.first.PC)
		names := strings.Join(g.names, ", ")
		if more := g.count - len(g.names); more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		line.AddAttrs(slog.Int("sections", g.count), slog.String(KeySection, names))
		g.first.Attrs(func(a slog.Attr) bool {
			if a.Key != KeySection && a.Key != KeyLog {
				line.AddAttrs(a)
			}
			return true
		})
	}
	_ = g.next.Handle(context.Background(), line) // where would an error of the log be logged?
}
