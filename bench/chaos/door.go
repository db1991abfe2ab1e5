package chaos

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

// call is one request, not yet addressed to anybody.
type call struct {
	method, path string
	buyer        string // "": an operator's
	key          string
	body         []byte
}

// reply is what came of asking once.
type reply struct {
	status   int // 0: no answer, or none that was read whole
	body     []byte
	sent     bool // some of it may have reached the server
	at       *node
	asked    time.Time
	answered time.Time
}

// patience is how long one asking waits. A node that is stopped or cut off must not keep a buyer for longer than the others take to go on.
const patience = 1500 * time.Millisecond

// dialPatience is how long a connection may take: a host that is gone says nothing.
const dialPatience = 500 * time.Millisecond

// client is shared by all buyers. Redirects do not happen here, and would be a surprise.
func newClient() *http.Client {
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

// ask sends a call to a node once. The transport may not send it a second time by itself, as it would with a key and no body: what was sent must be known.
func ask(ctx context.Context, client *http.Client, n *node, c *call) (r reply) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	r = reply{at: n, asked: time.Now()}
	defer func() { r.answered, r.sent = time.Now(), sent.Load() }()
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
		r.status, r.body = response.StatusCode, body
	}
	return r
}

func (c *call) request(ctx context.Context, n *node) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, c.method, "http://"+n.api+c.path, bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	if c.method != http.MethodGet {
		// A body that can be had only once keeps the transport from sending the request again on another connection.
		request.Body, request.GetBody = io.NopCloser(bytes.NewReader(c.body)), nil
	}
	n.papers.show(request, c.buyer)
	if c.key != "" {
		request.Header.Set("Idempotency-Key", c.key)
	}
	if len(c.body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// asides are questions outside of what is measured.
var asides = newClient()

var errNo = errors.New("says no")

// says asks a node a yes-or-no question.
func says(ctx context.Context, n *node, path string) error {
	r := ask(ctx, asides, n, &call{method: http.MethodGet, path: path})
	if r.status != http.StatusOK {
		return fmt.Errorf("chaos: %s %s %w: %d %.200s", n.name, path, errNo, r.status, r.body)
	}
	return nil
}

// fetch reads a document of a node.
func fetch(ctx context.Context, n *node, path string) ([]byte, error) {
	r := ask(ctx, asides, n, &call{method: http.MethodGet, path: path})
	if r.status != http.StatusOK {
		return nil, fmt.Errorf("chaos: %s %s: %d %.200s", n.name, path, r.status, r.body)
	}
	return r.body, nil
}

// operate makes an operator's call.
func operate(ctx context.Context, n *node, path, key string, body []byte, want int) ([]byte, error) {
	r := ask(ctx, asides, n, &call{method: http.MethodPost, path: path, key: key, body: body})
	if r.status != want {
		return nil, fmt.Errorf("chaos: %s %s: %d instead of %d: %.300s", n.name, path, r.status, want, r.body)
	}
	return r.body, nil
}
