package main

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast/actors"
	"holdfast/actors/oplog"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

func newLogger(w io.Writer, format, level string) *slog.Logger {
	return slog.New(newLogHandler(w, format, level))
}

func newLogHandler(w io.Writer, format, level string) slog.Handler {
	options := &slog.HandlerOptions{Level: levels[level]}
	w = &terminal{out: w} // a handler writes one line at a time, under its lock
	if format == "json" {
		options.ReplaceAttr = oplog.Seconds
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

const (
	// logWindow is how long lines about sections are gathered into one: a database's end reaches all sections within it.
	logWindow = 500 * time.Millisecond
	// alarmPatience is how long an alarm that can end must last to be told as one.
	alarmPatience = time.Second
)

// storeLogf is a log for what a store has to say; what begins with ALARM is one.
func storeLogf(log *slog.Logger) func(format string, args ...any) {
	return func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if strings.HasPrefix(text, oplog.Word) {
			log.Error(text)
			return
		}
		log.Warn("store: " + text)
	}
}

// newServerLog is the log of a server; flush it before the process ends.
func newServerLog(w io.Writer, format, level string) (*slog.Logger, *oplog.Handler) {
	handler := oplog.New(newLogHandler(w, format, level), oplog.Options{
		Window: logWindow, Patience: alarmPatience,
		Heals: []string{alarmDiskFull, actors.AlarmSectionsInDoubt, actors.AlarmClockDoubt, sqlstore.AlarmUnreachable, sqlstore.AlarmAppends},
	})
	return slog.New(handler), handler
}

// nameThings has the log call sections and nodes what people call them.
func (n *Node) nameThings() {
	if handler, ok := n.log.Handler().(*oplog.Handler); ok {
		handler.Name(oplog.Names{Section: n.sectionName, Node: n.nodeCalled})
	}
}

// sectionName is the plan's name of a section, by its key.
func (n *Node) sectionName(key string) (string, bool) {
	event, number, _ := strings.Cut(key, "/")
	id, err := storage.ParseEventID(event)
	no, bad := strconv.ParseUint(number, 10, 32)
	if err != nil || bad != nil {
		return "", false
	}
	return n.engine.SectionName(storage.SectionKey{Event: id, Section: storage.SectionNo(no)})
}

// nodeCalled is the name of the node whose writer's id begins so.
func (n *Node) nodeCalled(id string) (string, bool) {
	if n.heart == nil {
		return "", false
	}
	return n.heart.NameOf(id)
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
