package load

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"holdfast/actors/budget"
)

// speak answers one round trip with raw bytes, cut into pieces, and closes. It returns what the client made of them.
func speak(t *testing.T, raw string, piece int) (Answer, error) {
	t.Helper()
	client, server := net.Pipe()
	go func() {
		defer func() { _ = server.Close() }()
		request := make([]byte, 4)
		if _, err := io.ReadFull(server, request); err != nil {
			return
		}
		for rest := []byte(raw); len(rest) > 0; {
			n := min(piece, len(rest))
			if _, err := server.Write(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	c := newConn(client)
	defer c.Close()
	a, err := c.RoundTrip([]byte("ping"))
	a.Body, a.Head = bytes.Clone(a.Body), bytes.Clone(a.Head)
	return a, err
}

func TestConnReadsAnswers(t *testing.T) {
	long := strings.Repeat("0123456789", 5_000)
	cases := []struct {
		name   string
		raw    string
		status int
		body   string
		close  bool
	}{
		{"plain", "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello", 201, "hello", false},
		{"names in any case", "HTTP/1.1 409 Conflict\r\ncontent-LENGTH:2\r\n\r\nno", 409, "no", false},
		{"empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: b\r\n\r\n", 200, "", false},
		{"not modified has no length", "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n", 304, "", false},
		{"close is told", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 200, "x", true},
		{"keep-alive is not close", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200, "x",
			false},
		{"larger than the buffer", "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + long, 200, long, false},
	}
	for _, c := range cases {
		for _, piece := range []int{1, 7, 100_000} {
			a, err := speak(t, c.raw, piece)
			if err != nil || a.Status != c.status || string(a.Body) != c.body || a.Close != c.close {
				t.Errorf("%s in pieces of %d: %d, %d bytes, close %v, %v", c.name, piece, a.Status, len(a.Body),
					a.Close, err)
			}
			if !strings.HasPrefix(c.raw, string(a.Head)) || !bytes.HasSuffix(a.Head, EmptyLine) {
				t.Errorf("%s in pieces of %d: head is %q", c.name, piece, a.Head)
			}
		}
	}
}

func TestConnRefusesToGuess(t *testing.T) {
	cases := []struct {
		name string
		raw  string
		want error
	}{
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", errChunked},
		{"no length", "HTTP/1.1 200 OK\r\n\r\n", errNoLength},
		{"length is no number", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", errNoLength},
		{"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", errNoLength},
		{"enormous length", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", errLargeBody},
		{"another protocol", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", ErrNotHTTP},
		{"status is no number", "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", ErrNotHTTP},
		{"bytes nobody asked for", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP", errUnasked},
		{"endless head", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", headBytesMax+bufferBytesMin), errLongHead},
		{"ends in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", io.EOF},
		{"ends in the head", "HTTP/1.1 200", io.EOF},
		{"says nothing", "", io.EOF},
	}
	for _, c := range cases {
		if _, err := speak(t, c.raw, 100_000); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func FuzzParseHead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 304 x\r\n:\r\n\r\n"))
	f.Fuzz(func(t *testing.T, head []byte) {
		budget.Reading{PerByte: 16}.Check(t, len(head), func() { _, _, _ = ParseHead(head) })
		a, length, err := ParseHead(head)
		if err == nil && (length < 0 || length > bodyBytesMax || a.Status > 999) {
			t.Fatalf("accepted: status %d, length %d", a.Status, length)
		}
	})
}
