package lab

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/bench/load"
)

// NullAnswer is what a do-nothing server says to everything.
type NullAnswer struct {
	Status  int
	Headers [][2]string // besides Date and Content-Length, which every fasthttp server sends
	Body    []byte
}

// PlainAnswer is an answer of so many bytes, for a do-nothing server that copies nobody.
func PlainAnswer(status, bodyBytes int) NullAnswer {
	return NullAnswer{
		Status: status, Headers: [][2]string{{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
		Body: bytes.Repeat([]byte{'x'}, bodyBytes),
	}
}

// ParseAnswer reads an answer as it came over the wire: status line, headers, body.
func ParseAnswer(raw []byte) (NullAnswer, error) {
	end := bytes.Index(raw, load.EmptyLine) + len(load.EmptyLine)
	if end < len(load.EmptyLine) {
		return NullAnswer{}, load.ErrNotHTTP
	}
	parsed, length, err := load.ParseHead(raw[:end])
	if err != nil {
		return NullAnswer{}, err
	}
	if len(raw)-end != length {
		return NullAnswer{}, fmt.Errorf("lab: the recorded answer's body has %d bytes instead of %d", len(raw)-end,
			length)
	}
	a := NullAnswer{Status: parsed.Status, Body: raw[end:]}
	for line := range load.HeaderLines(raw[:end]) {
		name, value, _ := strings.Cut(string(line), ":")
		if !strings.EqualFold(name, "Date") && !strings.EqualFold(name, "Content-Length") {
			a.Headers = append(a.Headers, [2]string{name, strings.TrimSpace(value)})
		}
	}
	return a, nil
}

// NewNull makes the server to compare with: the same HTTP library with the same settings as a real one, which reads
// each request whole and answers the same bytes, and does nothing. What a real server takes longer than this one is
// what it does.
func NewNull(a NullAnswer) *fasthttp.Server {
	return &fasthttp.Server{
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetStatusCode(a.Status)
			for _, header := range a.Headers {
				ctx.Response.Header.Set(header[0], header[1])
			}
			ctx.Response.SetBodyRaw(a.Body)
		},
		NoDefaultServerHeader: true, NoDefaultContentType: true, ReadBufferSize: 8 << 10,
		ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		Concurrency: 256 << 10, TCPKeepalive: true, CloseOnShutdown: true,
	}
}

// ServeNull answers on an address until ctx ends.
func ServeNull(ctx context.Context, address string, a NullAnswer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	return serveUntil(ctx, NewNull(a), listener)
}

func serveUntil(ctx context.Context, server *fasthttp.Server, listener net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return server.Shutdown()
	}
}
