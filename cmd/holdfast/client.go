package main

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
	"strings"
	"time"

	"holdfast/actors/nesting"
)

// target is where import and sale work: a running server, or a stopped one's data.
type target struct {
	URL             string `help:"A running server." placeholder:"http://HOST:PORT" xor:"target"`
	Data            string `help:"The data folder of a stopped server." placeholder:"DIR" xor:"target"`
	OperatorKeyFile string `help:"File with the operator's key, for --url. Without it the key of dev mode is tried." placeholder:"FILE"`
}

func (t *target) check() error {
	if t.URL == "" && t.Data == "" {
		return errors.New("give --url http://HOST:PORT of a running server, or --data DIR of a stopped one")
	}
	return nil
}

// devKey is the operator's key of servers in dev mode.
const devKey = "dev"

// client speaks to a running server as its operator.
type client struct {
	base string
	key  string
	http *http.Client
}

func newClient(t *target) (*client, error) {
	key := devKey
	if t.OperatorKeyFile != "" {
		secret, err := readSecret(t.OperatorKeyFile, 1)
		if err != nil {
			return nil, err
		}
		key = string(secret)
	}
	return &client{base: strings.TrimRight(t.URL, "/"), key: key, http: &http.Client{Timeout: time.Minute}}, nil
}

// problem is what a server refuses with; the detail is for people.
type problem struct {
	Status  int             `json:"status"`
	Code    string          `json:"code"`
	Title   string          `json:"title"`
	Detail  string          `json:"detail"`
	Field   string          `json:"field"`
	Defects json.RawMessage `json:"defects"`
}

func (p *problem) Error() string {
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

// post sends one operator call and decodes its answer. The same key twice has one effect.
func (c *client) post(ctx context.Context, path, idempotencyKey string, body io.Reader, length int64, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, body)
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

// get asks as the operator and decodes the answer.
func (c *client) get(ctx context.Context, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	return c.exchange(request, answer)
}

func (c *client) exchange(request *http.Request, answer any) error {
	request.Header.Set("Authorization", "Bearer "+c.key)
	response, err := c.http.Do(request)
	var failed *url.Error
	if errors.As(err, &failed) { // its own text repeats the method and the path
		return fmt.Errorf("no answer from %s: %w", request.URL.Host, failed.Err)
	}
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 32<<20))
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		refused := &problem{Status: response.StatusCode}
		if decodeJSON(text, refused) != nil {
			refused.Detail = string(bytes.TrimSpace(text))
		}
		if refused.Status == http.StatusUnauthorized && c.key == devKey {
			return fmt.Errorf("--operator-key-file is needed: %w", refused)
		}
		return refused
	}
	return decodeJSON(text, answer)
}

// answerDepthMax bounds the nesting of what servers and other nodes say; nothing they say has more than five levels.
const answerDepthMax = 16

// decodeJSON reads what another process says.
func decodeJSON(text []byte, into any) error {
	if at, deeper := nesting.Deeper(text, answerDepthMax); deeper {
		return fmt.Errorf("JSON nests deeper than %d levels, at byte %d", answerDepthMax, at)
	}
	return json.Unmarshal(text, into)
}
