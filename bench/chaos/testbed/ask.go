package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// Call is one request, not yet addressed to anybody.
type Call struct {
	Method, Path string
	Buyer        string // "": an operator's
	Key          string
	Body         []byte
}

// Answer is what came of asking once.
type Answer struct {
	Status   int // 0: no answer, or none that was read whole
	Body     []byte
	Sent     bool // some of it may have reached the server
	At       *Node
	Began    time.Time
	Answered time.Time
}

// patience is how long one asking waits. A node that is stopped or cut off must not keep a buyer for longer than the
// others take to go on.
const patience = 1500 * time.Millisecond

// dialPatience is how long a connection may take: a host that is gone says nothing.
const dialPatience = 500 * time.Millisecond

// client is shared by all buyers. Redirects do not happen here, and would be a surprise.
func NewClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: dialPatience}).DialContext,
			MaxIdleConnsPerHost: 256, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// replyBytesMax bounds an answer; a map of some thousand seats is the largest.
const replyBytesMax = 4 << 20

// Ask sends a call to a node once. The transport may not send it a second time by itself, as it would with a key and no
// body: what was sent must be known.
func Ask(ctx context.Context, client *http.Client, n *Node, c *Call) (r Answer) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx,
		&httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	r = Answer{At: n, Began: time.Now()}
	defer func() { r.Answered, r.Sent = time.Now(), sent.Load() }()
	request, err := c.request(ctx, n)
	if err != nil {
		return r
	}
	response, err := client.Do(request)
	if err != nil {
		return r
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, replyBytesMax))
	if err == nil {
		r.Status, r.Body = response.StatusCode, body
	}
	return r
}

func (c *Call) request(ctx context.Context, n *Node) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, c.Method, "http://"+n.API+c.Path, bytes.NewReader(c.Body))
	if err != nil {
		return nil, err
	}
	if c.Method != http.MethodGet {
		// A body that can be had only once keeps the transport from sending the request again on another connection.
		request.Body, request.GetBody = io.NopCloser(bytes.NewReader(c.Body)), nil
	}
	n.papers.show(request, c.Buyer)
	if c.Key != "" {
		request.Header.Set("Idempotency-Key", c.Key)
	}
	if len(c.Body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// Asides are questions outside of what is measured.
var Asides = NewClient()

var errNo = errors.New("says no")

// Says asks a node a yes-or-no question.
func Says(ctx context.Context, n *Node, path string) error {
	r := Ask(ctx, Asides, n, &Call{Method: http.MethodGet, Path: path})
	if r.Status != http.StatusOK {
		return fmt.Errorf("testbed: %s %s %w: %d %.200s", n.Name, path, errNo, r.Status, r.Body)
	}
	return nil
}

// Fetch reads a document of a node.
func Fetch(ctx context.Context, n *Node, path string) ([]byte, error) {
	r := Ask(ctx, Asides, n, &Call{Method: http.MethodGet, Path: path})
	if r.Status != http.StatusOK {
		return nil, fmt.Errorf("testbed: %s %s: %d %.200s", n.Name, path, r.Status, r.Body)
	}
	return r.Body, nil
}

// Operate makes an operator's call.
func Operate(ctx context.Context, n *Node, path, key string, body []byte, want int) ([]byte, error) {
	r := Ask(ctx, Asides, n, &Call{Method: http.MethodPost, Path: path, Key: key, Body: body})
	if r.Status != want {
		return nil, fmt.Errorf("testbed: %s %s: %d instead of %d: %.300s", n.Name, path, r.Status, want, r.Body)
	}
	return r.Body, nil
}
