package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"holdfast/cmd/holdfast/boundedjson"
	"holdfast/cmd/holdfast/keyfile"
)

// devKey is the operator's key of servers in dev mode.
const devKey = "dev"

// Client speaks to a running server as its operator.
type Client struct {
	Base string
	Key  string
	HTTP *http.Client
}

// New speaks to the server at url. Without a file of the operator's key the key of dev mode is tried.
func New(url, operatorKeyFile string) (*Client, error) {
	key := devKey
	if operatorKeyFile != "" {
		secret, err := keyfile.ReadSecret(operatorKeyFile, 1)
		if err != nil {
			return nil, err
		}
		key = string(secret)
	}
	return &Client{Base: strings.TrimRight(url, "/"), Key: key, HTTP: &http.Client{Timeout: time.Minute}}, nil
}

// Problem is what a server refuses with; the detail is for people.
type Problem struct {
	Status  int             `json:"status"`
	Code    string          `json:"code"`
	Title   string          `json:"title"`
	Detail  string          `json:"detail"`
	Field   string          `json:"field"`
	Defects json.RawMessage `json:"defects"`
}

func (p *Problem) Error() string {
	text := "the server refused: " + cmp.Or(p.Detail, p.Title, p.Code)
	if len(p.Defects) > 0 {
		text += ": " + string(p.Defects)
	}
	text += fmt.Sprintf(" (%d %s", p.Status, p.Code)
	if p.Field != "" {
		text += ", " + p.Field
	}
	return text + ")"
}

// Post sends one operator call and decodes its answer. The same key twice has one effect.
func (c *Client) Post(ctx context.Context, path, idempotencyKey string, body io.Reader, length int64,
	answer any) error {
	return c.send(ctx, http.MethodPost, path, idempotencyKey, body, length, answer)
}

// Patch is Post for a call that changes a part of something.
func (c *Client) Patch(ctx context.Context, path, idempotencyKey string, body []byte, answer any) error {
	return c.send(ctx, http.MethodPatch, path, idempotencyKey, bytes.NewReader(body), int64(len(body)), answer)
}

// Delete is Post for a call that ends something, without a body.
func (c *Client) Delete(ctx context.Context, path, idempotencyKey string, answer any) error {
	return c.send(ctx, http.MethodDelete, path, idempotencyKey, http.NoBody, 0, answer)
}

func (c *Client) send(ctx context.Context, method, path, idempotencyKey string, body io.Reader, length int64,
	answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return err
	}
	request.ContentLength = length
	request.Header.Set("Content-Type", "application/json")
	if idempotencyKey != "" {
		request.Header.Set("Idempotency-Key", idempotencyKey)
	}
	return c.exchange(request, answer)
}

// Get asks as the operator and decodes the answer.
func (c *Client) Get(ctx context.Context, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+path, nil)
	if err != nil {
		return err
	}
	return c.exchange(request, answer)
}

// A call that a busy server did not take is repeated this often, under its key, after the time that the server names.
const (
	repeatsMax = 3
	repeatWait = 2 * time.Second // at most
)

func (c *Client) exchange(request *http.Request, answer any) error {
	request.Header.Set("Authorization", "Bearer "+c.Key)
	for n := 0; ; n++ {
		wait, err := c.once(request, answer)
		if wait <= 0 || n == repeatsMax || !rewind(request) {
			return err
		}
		select {
		case <-time.After(min(wait, repeatWait)):
		case <-request.Context().Done():
			return err
		}
	}
}

// rewind readies a request to be sent again; false: its body cannot be read twice.
func rewind(request *http.Request) bool {
	if request.Body == nil || request.Body == http.NoBody {
		return true
	}
	if request.GetBody == nil {
		return false
	}
	body, err := request.GetBody()
	request.Body = body
	return err == nil
}

// again is when a call that was not taken may be sent again; 0: it may not, or nothing would be gained.
func again(request *http.Request, response *http.Response) time.Duration {
	if response.StatusCode != http.StatusServiceUnavailable ||
		request.Method != http.MethodGet && request.Header.Get("Idempotency-Key") == "" {
		return 0
	}
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// once sends a request. wait is when it may be sent again; see again.
func (c *Client) once(request *http.Request, answer any) (wait time.Duration, err error) {
	response, err := c.HTTP.Do(request)
	var failed *url.Error
	if errors.As(err, &failed) { // its own text repeats the method and the path
		return 0, fmt.Errorf("no answer from %s: %w", request.URL.Host, failed.Err)
	}
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 32<<20))
	if err != nil {
		return 0, err
	}
	if response.StatusCode/100 != 2 {
		refused := &Problem{Status: response.StatusCode}
		if boundedjson.Unmarshal(text, refused) != nil {
			refused.Detail = string(bytes.TrimSpace(text))
		}
		if refused.Status == http.StatusUnauthorized && c.Key == devKey {
			return 0, fmt.Errorf("--operator-key-file is needed: %w", refused)
		}
		return again(request, response), refused
	}
	return 0, boundedjson.Unmarshal(text, answer)
}
