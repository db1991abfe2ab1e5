package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"holdfast/api/wire"
)

// streamLineMax bounds one line of a stream: a whole map of 200,000 seats fits.
const streamLineMax = 4 << 20

// stream is a live map being followed.
type stream struct {
	net.Conn
	frames *frames
	forget func() bool
}

// openStream begins to follow. Once ctx ends, reads end.
func openStream(ctx context.Context, address, path string) (*stream, error) {
	c, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	s := &stream{Conn: c, frames: newFrames(c)}
	s.forget = context.AfterFunc(ctx, func() { _ = c.Close() }) // the only way to wake a blocked read
	if _, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, address); err == nil {
		err = s.frames.head()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("bench: stream: %w", err)
	}
	return s, nil
}

// Close stops following.
func (s *stream) Close() {
	s.forget()
	_ = s.Conn.Close() // nothing is to be saved
}

// watch follows a hall's live map and calls seen for every seat that changed, with the letter and when its frame had arrived. It
// returns when seen says stop, or with an error. ready is closed once the first frame (the whole map) is there.
func (h *Hall) watch(ctx context.Context, t Target, ready chan<- struct{}, seen func(n uint64, letter byte, at time.Time) (more bool)) error {
	s, err := openStream(ctx, t.Address, "/v1/events/"+h.Event+"/availability/stream")
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		name, data, err := s.frames.next()
		if err != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("bench: stream: %w", err))
		}
		if ready != nil {
			close(ready)
			ready = nil
		}
		if name != "delta" {
			continue
		}
		if more, err := h.tell(data, time.Now(), seen); err != nil || !more {
			return err
		}
	}
}

func (h *Hall) tell(data []byte, at time.Time, seen func(uint64, byte, time.Time) bool) (more bool, err error) {
	var delta wire.Delta
	if err := wire.Decode(data, &delta); err != nil {
		return false, fmt.Errorf("bench: delta: %w", err)
	}
	more = true
	for _, change := range delta.Changes {
		n, err := h.seatNumber(delta.Section, change.Seat)
		if err != nil {
			return false, err
		}
		more = seen(n, change.Letter, at) && more
	}
	return more, nil
}

// frames reads server-sent events: the fields event and data, one line each, as Holdfast writes them.
type frames struct{ lines *bufio.Scanner }

func newFrames(r io.Reader) *frames {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), streamLineMax)
	return &frames{lines}
}

// head reads up to the empty line after the headers.
func (f *frames) head() error {
	first := true
	for f.lines.Scan() {
		line := f.lines.Bytes()
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return fmt.Errorf("bench: stream refused: %.100s", line)
		}
		if first = false; len(line) == 0 {
			return nil
		}
	}
	return f.ended()
}

// next is one frame; data is valid until the following call. Frames without data (comments, retry) are passed over.
func (f *frames) next() (name string, data []byte, err error) {
	for f.lines.Scan() {
		line := f.lines.Bytes()
		switch field, value, _ := bytes.Cut(line, []byte(":")); {
		case len(line) == 0 && data != nil:
			return name, data, nil
		case len(line) == 0:
			name = ""
		case string(field) == "event":
			name = string(bytes.TrimSpace(value))
		case string(field) == "data":
			data = bytes.Clone(bytes.TrimSpace(value))
		}
	}
	return "", nil, f.ended()
}

func (f *frames) ended() error {
	if err := f.lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}
