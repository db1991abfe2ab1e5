package payment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/actors/checkout/processor"
)

// eventsEvery is the time between two questions for what no webhook told; eventsTimeout bounds one.
const (
	eventsEvery   = 30 * time.Second
	eventsTimeout = 20 * time.Second
)

// cursorFile keeps how far events were read, in a folder of the node's own.
const cursorFile = "payment-events"

// cursorBytesMax bounds a cursor.
const cursorBytesMax = 1024

// FollowEvents asks the processor for what no webhook told, until ctx ends: a dispute, or a refund that failed after
// days. folder keeps how far it has read and settled, so that what happened while no server ran is told too, and what a
// server that died had heard of and not settled is told again; empty: it begins with now. report hears of the first
// failure of a row, and of the row's end as nil.
func (t *Till) FollowEvents(ctx context.Context, folder string, report func(error)) {
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	failing := false
	var read position
	for cursor, err := readCursor(folder); ; {
		if err == nil {
			cursor, err = t.readEvents(ctx, cursor, &read)
		}
		if keepErr := t.keep(folder, &read); err == nil {
			err = keepErr
		}
		if ctx.Err() != nil {
			return
		}
		if failing != (err != nil) {
			failing = err != nil
			report(err)
		}
		err = nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// position is how far events were read at a time; the zero value: nothing is to be kept.
type position struct {
	cursor string
	at     time.Time
}

// readEvents tells what happened since a cursor, and gives the next one. A failure leaves it where it was. A position
// that waits to be kept is not replaced: with a sale that never rests none would ever be kept.
func (t *Till) readEvents(ctx context.Context, cursor string, read *position) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, eventsTimeout)
	defer cancel()
	next, err := t.Processor.Events(ctx, cursor, func(h processor.Hint) error {
		if to := t.hint.Load(); to != nil {
			to.hear(h)
		}
		return nil
	})
	if err != nil || next == cursor {
		return cursor, err
	}
	if read.cursor == "" {
		*read = position{next, time.Now()}
	}
	return next, nil
}

// keep writes down a position once every hint from before it is settled.
func (t *Till) keep(folder string, read *position) error {
	if read.cursor == "" {
		return nil
	}
	if to := t.hint.Load(); to != nil && to.oldest != nil {
		if oldest := to.oldest(); !oldest.IsZero() && !oldest.After(read.at) {
			return nil
		}
	}
	err := writeCursor(folder, read.cursor)
	if err == nil {
		*read = position{}
	}
	return err
}

func readCursor(folder string) (string, error) {
	if folder == "" {
		return "", nil
	}
	text, err := os.ReadFile(filepath.Join(folder, cursorFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("how far the processor's events were read: %w", err)
	case len(text) > cursorBytesMax:
		return "", fmt.Errorf("%s is longer than %d bytes: no cursor is", cursorFile, cursorBytesMax)
	}
	return strings.TrimSpace(string(text)), nil
}

// writeCursor replaces the file whole. It is not synced: an older cursor tells the same again.
func writeCursor(folder, cursor string) error {
	if folder == "" {
		return nil
	}
	path := filepath.Join(folder, cursorFile)
	if err := os.WriteFile(path+".new", []byte(cursor+"\n"), 0o600); err != nil {
		return fmt.Errorf("how far the processor's events were read: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("how far the processor's events were read: %w", err)
	}
	return nil
}
