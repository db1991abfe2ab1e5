package bench

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// conn is one keep-alive connection with one request on it at a time. It understands just enough of HTTP/1.1 to know where an
// answer ends, because on two cores everything more would be measured as if the server had done it. Not for concurrent use.
//
// Invariant: between two round trips buffered is 0; bytes that nobody asked for break the connection.
type conn struct {
	net      net.Conn
	buffer   []byte
	buffered int
}

// answer is one HTTP answer. Head and Body live in the connection's buffer until the next round trip.
type answer struct {
	Status int
	Head   []byte // from the status line to the empty line, both included
	Body   []byte
	Close  bool // the server will not answer again on this connection
}

// Conditions of an answer that this client refuses to guess about.
var (
	errChunked   = errors.New("bench: the answer is chunked; this client wants a Content-Length")
	errNoLength  = errors.New("bench: the answer has no Content-Length")
	errNotHTTP   = errors.New("bench: the answer is not HTTP/1.1")
	errUnasked   = errors.New("bench: more bytes than the answer has")
	errLongHead  = errors.New("bench: the answer's head is too long")
	errLargeBody = errors.New("bench: the answer's body is too large")
)

const (
	headBytesMax   = 16 << 10
	bodyBytesMax   = 64 << 20
	bufferBytesMin = 4 << 10
	dialTimeout    = 5 * time.Second
)

func dial(address string) (*conn, error) {
	c, err := net.DialTimeout("tcp", address, dialTimeout)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return newConn(c), nil
}

func newConn(c net.Conn) *conn { return &conn{net: c, buffer: make([]byte, bufferBytesMin)} }

// Close breaks the connection; nobody waits for its outcome.
func (c *conn) Close() { _ = c.net.Close() }

// roundTrip sends a request and reads its answer. After an error the connection is useless, and the request's fate unknown.
func (c *conn) roundTrip(request []byte) (answer, error) {
	if _, err := c.net.Write(request); err != nil {
		return answer{}, err
	}
	return c.read()
}

func (c *conn) read() (answer, error) {
	end, err := c.readHead()
	if err != nil {
		return answer{}, err
	}
	a, length, err := parseHead(c.buffer[:end])
	if err != nil {
		return a, err
	}
	if err := c.readBody(end + length); err != nil {
		return a, err
	}
	a.Head, a.Body = c.buffer[:end], c.buffer[end:end+length] // readBody may have moved the buffer
	c.buffered = 0
	return a, nil
}

var emptyLine = []byte("\r\n\r\n")

func (c *conn) readHead() (end int, err error) {
	for {
		seen := max(c.buffered-len(emptyLine)+1, 0)
		if err := c.fill(); err != nil {
			return 0, err
		}
		if at := bytes.Index(c.buffer[seen:c.buffered], emptyLine); at >= 0 {
			return seen + at + len(emptyLine), nil
		}
		if c.buffered > headBytesMax {
			return 0, errLongHead
		}
	}
}

func (c *conn) readBody(until int) error {
	if until > len(c.buffer) {
		c.grow(until)
	}
	for c.buffered < until {
		if err := c.fill(); err != nil {
			return err
		}
	}
	if c.buffered > until {
		return errUnasked
	}
	return nil
}

func (c *conn) fill() error {
	if c.buffered == len(c.buffer) {
		c.grow(2 * len(c.buffer))
	}
	n, err := c.net.Read(c.buffer[c.buffered:])
	c.buffered += n
	if n > 0 {
		return nil // an error with bytes comes again without them
	}
	return err
}

func (c *conn) grow(size int) {
	larger := make([]byte, size)
	copy(larger, c.buffer[:c.buffered])
	c.buffer = larger
}

var (
	statusPrefix   = []byte("HTTP/1.1 ")
	nameLength     = []byte("content-length")
	nameTransfer   = []byte("transfer-encoding")
	nameConnection = []byte("connection")
	valueClose     = []byte("close")
	lineEnd        = []byte("\r\n")
	statusLineMin  = len("HTTP/1.1 200")
)

// parseHead reads the status and the three headers that decide where the answer ends.
func parseHead(head []byte) (a answer, length int, err error) {
	if len(head) < statusLineMin || !bytes.HasPrefix(head, statusPrefix) {
		return a, 0, errNotHTTP
	}
	if a.Status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return a, 0, errNotHTTP
	}
	length = -1
	for line := range headerLines(head) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case len(name) == len(nameLength) && bytes.EqualFold(name, nameLength):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return a, 0, errNoLength
			}
		case len(name) == len(nameTransfer) && bytes.EqualFold(name, nameTransfer):
			return a, 0, errChunked
		case len(name) == len(nameConnection) && bytes.EqualFold(name, nameConnection):
			a.Close = bytes.EqualFold(value, valueClose)
		}
	}
	if err := checkLength(a.Status, &length); err != nil {
		return a, 0, err
	}
	return a, length, nil
}

func checkLength(status int, length *int) error {
	if status == 204 || status == 304 { // these never have a body, whatever the head says
		*length = 0
	}
	switch {
	case *length < 0:
		return errNoLength
	case *length > bodyBytesMax:
		return errLargeBody
	}
	return nil
}

// headerLines yields the lines between the status line and the empty line.
func headerLines(head []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		_, rest, _ := bytes.Cut(head, lineEnd)
		for {
			line, after, ok := bytes.Cut(rest, lineEnd)
			if !ok || len(line) == 0 || !yield(line) {
				return
			}
			rest = after
		}
	}
}
