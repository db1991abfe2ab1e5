package remote

import (
	"bufio"
	"bytes"
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

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/checkout/traced"
)

// Client is the adapter: a sandbox in another process. It implements processor.Processor.
type Client struct {
	base    string
	http    *http.Client
	secrets []string
}

var _ processor.Processor = (*Client)(nil)

// connectionsMax bounds idle connections: a burst of buyers need not connect anew each time.
const connectionsMax = 256

// New makes an adapter for the sandbox at an address, such as http://127.0.0.1:8090. Webhooks are proved by any of the
// secrets. Calls are bounded by their contexts alone.
func New(base string, secrets []string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("sandbox: %q is no address such as http://127.0.0.1:8090", base)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns = connectionsMax, connectionsMax
	return &Client{
		base: strings.TrimSuffix(base, "/"), http: &http.Client{Transport: traced.Transport{Transport: transport}},
		secrets: secrets,
	}, nil
}

// Address is the sandbox's.
func (c *Client) Address() string { return c.base }

// Close lets go of idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Name implements processor.Processor.
func (c *Client) Name() string { return sandbox.Name }

// Chargeable implements processor.Processor.
func (c *Client) Chargeable(amount int64, currency string) error {
	return sandbox.Chargeable(amount, currency)
}

// Open implements processor.Processor.
func (c *Client) Open(ctx context.Context, o processor.Opening) (processor.Reference, error) {
	if err := c.Chargeable(o.Amount, o.Currency); err != nil {
		return "", err
	}
	var to opened
	err := c.post(ctx, "/v1/payments", opening{o.Attempt, o.Booking, o.Amount, o.Currency}, &to)
	if err == nil && to.Reference == "" {
		err = errAnswer
	}
	return to.Reference, err
}

// Charge implements processor.Processor.
func (c *Client) Charge(ctx context.Context, ch processor.Charge) (processor.Answer, error) {
	return c.answer(ctx, pathOf(ch.Attempt)+"/charge", charge{ch.Reference, ch.Token, ch.Return})
}

// Cancel implements processor.Processor.
func (c *Client) Cancel(ctx context.Context, a processor.AttemptID, ref processor.Reference) (processor.Answer, error) {
	return c.answer(ctx, pathOf(a)+"/cancel", opened{ref})
}

func (c *Client) answer(ctx context.Context, path string, ask any) (processor.Answer, error) {
	var to answer
	if err := c.post(ctx, path, ask, &to); err != nil {
		return processor.Answer{}, err
	}
	return to.public()
}

// Lookup implements processor.Processor.
func (c *Client) Lookup(ctx context.Context, a processor.AttemptID, ref processor.Reference) (processor.Answer, error) {
	var to answer
	if err := c.get(ctx, pathOf(a)+"?reference="+url.QueryEscape(string(ref)), &to); err != nil {
		return processor.Answer{}, err
	}
	return to.public()
}

// Refund implements processor.Processor.
func (c *Client) Refund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	var to refundAnswer
	err := c.post(ctx, pathOf(r.Attempt)+"/refunds", refund{r.Reference, r.ID, r.Amount, r.Currency}, &to)
	return to.public(err)
}

// LookupRefund implements processor.Processor.
func (c *Client) LookupRefund(ctx context.Context, r processor.Refund) (processor.RefundStatus, error) {
	var to refundAnswer
	err := c.get(ctx, pathOf(r.Attempt)+"/refunds/"+url.PathEscape(string(r.ID))+"?reference="+
		url.QueryEscape(string(r.Reference)), &to)
	return to.public(err)
}

// Payments implements processor.Processor.
func (c *Client) Payments(ctx context.Context, since time.Time, visit func(processor.Payment) error) error {
	from := "0"
	if !since.IsZero() {
		from = strconv.FormatInt(since.UnixMilli(), 10)
	}
	body, err := c.send(ctx, http.MethodGet, "/v1/payments?since="+from, nil)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // read to its last line, or given up
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, bodyBytesMax)
	for lines.Scan() {
		var line payment
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("sandbox: the list: %w", err)
		}
		if line.End {
			return nil
		}
		public, err := line.public()
		if err == nil {
			err = visit(public)
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("sandbox: the list was cut short: %w", errors.Join(io.ErrUnexpectedEOF, lines.Err()))
}

// Events implements processor.Processor.
func (c *Client) Events(ctx context.Context, cursor string, visit func(processor.Hint) error) (string, error) {
	body, err := c.send(ctx, http.MethodGet, "/v1/events?cursor="+url.QueryEscape(cursor), nil)
	if err != nil {
		return cursor, err
	}
	defer func() { _ = body.Close() }() // read whole
	var page events
	if err := json.NewDecoder(io.LimitReader(body, eventsBytesMax)).Decode(&page); err != nil {
		return cursor, fmt.Errorf("sandbox: events: %w", err)
	}
	for _, e := range page.Events {
		if err := visit(processor.Hint{ID: e.ID, Attempt: e.Attempt, Kind: kindOf(e.Kind)}); err != nil {
			return cursor, err
		}
	}
	return page.Next, nil
}

// eventsBytesMax bounds what was told since a cursor: some half a million events.
const eventsBytesMax = 64 << 20

// Verify implements processor.Processor.
func (c *Client) Verify(header processor.Header, body []byte, now time.Time) (processor.Hint, error) {
	return sandbox.Verify(c.secrets, header, body, now)
}

var errAnswer = errors.New("sandbox: an answer that says nothing")

func pathOf(a processor.AttemptID) string { return "/v1/payments/" + url.PathEscape(string(a)) }

func (c *Client) post(ctx context.Context, path string, ask, to any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return c.read(ctx, http.MethodPost, path, body, to)
}

func (c *Client) get(ctx context.Context, path string, to any) error {
	return c.read(ctx, http.MethodGet, path, nil, to)
}

func (c *Client) read(ctx context.Context, method, path string, ask []byte, to any) error {
	body, err := c.send(ctx, method, path, ask)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // read whole
	if err := json.NewDecoder(io.LimitReader(body, bodyBytesMax)).Decode(to); err != nil {
		return fmt.Errorf("sandbox: %s %s: %w", method, path, err)
	}
	return nil
}

// send asks once. An error means that nobody knows what became of it.
func (c *Client) send(ctx context.Context, method, path string, ask []byte) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(ask))
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer func() { _ = response.Body.Close() }() // it failed already
	var why failure
	_ = json.NewDecoder(io.LimitReader(response.Body, bodyBytesMax)).Decode(&why) // no reason is one too
	return nil, fmt.Errorf("sandbox: %s %s: answered %d: %s", method, path, response.StatusCode, why.Error)
}
