package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// streamLineMax bounds one line of a stream: a whole map of 200,000 seats fits.
const streamLineMax = 4 << 20

// Stream is a live map being followed. Whoever only wants its bytes reads them from the connection.
type Stream struct {
	net.Conn
	lines  *bufio.Scanner
	forget func() bool
}

// Frame is one message of a stream. Data is valid until the next one.
type Frame struct {
	ID, Event string
	Data      []byte
}

// OpenStream begins to follow a path at host:port, after the frame whose id is since; "": from the beginning. Once ctx
// ends, reads end.
func OpenStream(ctx context.Context, address, path, since string) (*Stream, error) {
	c, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	s := newStream(c)
	s.forget = context.AfterFunc(ctx, func() { _ = c.Close() }) // the only way to wake a blocked read
	if since != "" {
		since = "Last-Event-ID: " + since + "\r\n"
	}
	_ = c.SetDeadline(time.Now().Add(dialTimeout)) // fails only when closed; the next read says so
	if _, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, address, since); err == nil {
		err = s.head()
	}
	if err = errors.Join(err, c.SetDeadline(time.Time{})); err != nil {
		s.Close()
		return nil, fmt.Errorf("lab: stream: %w", err)
	}
	return s, nil
}

func newStream(c net.Conn) *Stream {
	s := &Stream{Conn: c, lines: bufio.NewScanner(c), forget: func() bool { return true }}
	s.lines.Buffer(make([]byte, 64<<10), streamLineMax)
	return s
}

// Close stops following.
func (s *Stream) Close() {
	s.forget()
	_ = s.Conn.Close() // nothing is to be saved
}

// head reads up to the empty line after the headers.
func (s *Stream) head() error {
	first := true
	for s.lines.Scan() {
		line := s.lines.Bytes()
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return fmt.Errorf("refused: %.100s", line)
		}
		if first = false; len(line) == 0 {
			return nil
		}
	}
	return s.ended()
}

// Next reads one frame: the fields id, event and data, one line each, as Holdfast writes them. Frames without data
// (comments, retry) are passed over, and so is a frame that the stream's end cut off.
func (s *Stream) Next() (f Frame, err error) {
	for s.lines.Scan() {
		line := s.lines.Bytes()
		switch field, value, _ := bytes.Cut(line, []byte(":")); {
		case len(line) == 0 && f.Data != nil:
			return f, nil
		case len(line) == 0:
			f = Frame{}
		case string(field) == "id":
			f.ID = string(bytes.TrimSpace(value))
		case string(field) == "event":
			f.Event = string(bytes.TrimSpace(value))
		case string(field) == "data":
			f.Data = bytes.Clone(bytes.TrimSpace(value))
		}
	}
	return Frame{}, s.ended()
}

func (s *Stream) ended() error {
	if err := s.lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}
