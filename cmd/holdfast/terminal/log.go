package terminal

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"holdfast/actors/oplog"
)

var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn,
	"error": slog.LevelError}

// NewLogger writes lines as text or json, from a level on: debug, info, warn or error.
func NewLogger(w io.Writer, format, level string) *slog.Logger {
	return slog.New(NewLogHandler(w, format, level))
}

// NewLogHandler is the handler of NewLogger.
func NewLogHandler(w io.Writer, format, level string) slog.Handler {
	options := &slog.HandlerOptions{Level: levels[level]}
	w = &Writer{out: w} // a handler writes one line at a time, under its lock
	if format == "json" {
		options.ReplaceAttr = oplog.Seconds
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

// StoreLogf is a log for what a store has to say; what begins with ALARM is one.
func StoreLogf(log *slog.Logger) func(format string, args ...any) {
	return func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if strings.HasPrefix(text, oplog.Word) {
			log.Error(text)
			return
		}
		log.Warn("store: " + text)
	}
}
