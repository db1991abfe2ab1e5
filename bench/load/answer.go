package load

import (
	"bytes"
	"errors"
	"strconv"
)

// Answer is one HTTP answer. Head and Body live in a buffer that the next answer on the same connection overwrites.
type Answer struct {
	Status int
	Head   []byte // from the status line to the empty line, both included
	Body   []byte
	Close  bool // the server will not answer again on this connection
}

// ErrNotHTTP is what ParseHead says of bytes that are no HTTP/1.1 answer.
var ErrNotHTTP = errors.New("load: the answer is not HTTP/1.1")

// Conditions of an answer that this client refuses to guess about.
var (
	errChunked   = errors.New("load: the answer is chunked; this client wants a Content-Length")
	errNoLength  = errors.New("load: the answer has no Content-Length")
	errUnasked   = errors.New("load: more bytes than the answer has")
	errLongHead  = errors.New("load: the answer's head is too long")
	errLargeBody = errors.New("load: the answer's body is too large")
)

const (
	headBytesMax   = 16 << 10
	bodyBytesMax   = 64 << 20
	bufferBytesMin = 4 << 10
)

// EmptyLine ends a head.
var EmptyLine = []byte("\r\n\r\n")

// inbox gathers the bytes of one answer. It understands just enough of HTTP/1.1 to know where an answer ends, because
// on two cores everything more would be measured as if the server had done it.
//
// Invariant: between two answers filled is 0; bytes that nobody asked for break the connection.
type inbox struct {
	buffer []byte
	filled int
	head   int // where the head ends; 0: not there yet
	until  int // where the answer ends, once head is known
	answer Answer
}

func newInbox() inbox { return inbox{buffer: make([]byte, bufferBytesMin)} }

// space is where the next bytes belong; never empty.
func (b *inbox) space() []byte {
	if b.head > 0 && b.until > len(b.buffer) {
		b.grow(b.until)
	} else if b.filled == len(b.buffer) {
		b.grow(2 * len(b.buffer))
	}
	return b.buffer[b.filled:]
}

func (b *inbox) grow(size int) {
	larger := make([]byte, size)
	copy(larger, b.buffer[:b.filled])
	b.buffer = larger
}

// take counts n bytes that were put into space. The answer is whole once it says so, and valid until the next space.
func (b *inbox) take(n int) (whole bool, err error) {
	seen := max(b.filled-len(EmptyLine)+1, 0)
	b.filled += n
	if b.head == 0 {
		at := bytes.Index(b.buffer[seen:b.filled], EmptyLine)
		if at < 0 {
			if b.filled > headBytesMax {
				return false, errLongHead
			}
			return false, nil
		}
		head := seen + at + len(EmptyLine)
		var length int
		if b.answer, length, err = ParseHead(b.buffer[:head]); err != nil {
			return false, err
		}
		b.head, b.until = head, head+length
	}
	switch {
	case b.filled < b.until:
		return false, nil
	case b.filled > b.until:
		return false, errUnasked
	}
	b.answer.Head, b.answer.Body = b.buffer[:b.head], b.buffer[b.head:b.until]
	b.filled, b.head, b.until = 0, 0, 0
	return true, nil
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

// ParseHead reads the status and the three headers that decide where the answer ends.
func ParseHead(head []byte) (a Answer, length int, err error) {
	if len(head) < statusLineMin || !bytes.HasPrefix(head, statusPrefix) {
		return a, 0, ErrNotHTTP
	}
	if a.Status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return a, 0, ErrNotHTTP
	}
	length = -1
	for line := range HeaderLines(head) {
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

// HeaderLines yields the lines between the status line and the empty line.
func HeaderLines(head []byte) func(yield func([]byte) bool) {
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
