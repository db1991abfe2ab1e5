package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"
)

// Endpoint is a server under test.
type Endpoint struct {
	Address     string // host:port
	OperatorKey Secret // to create events with
	Guest       *Guest // nil: the server is ours, and goes away with its events
}

// operateTimeout bounds one operator call; creating an event of 200,000 seats takes a second on a busy machine.
const operateTimeout = time.Minute

// Operate makes one operator call, outside everything that is measured. into may be nil.
func (t Endpoint) Operate(ctx context.Context, path, key string, body []byte, want int, into any) error {
	return t.operate(ctx, fasthttp.MethodPost, path, key, body, want, into)
}

// Change makes an operator's PATCH and expects 200.
func (t Endpoint) Change(ctx context.Context, path, key string, body []byte) error {
	return t.operate(ctx, fasthttp.MethodPatch, path, key, body, 200, nil)
}

func (t Endpoint) operate(ctx context.Context, method, path, key string, body []byte, want int, into any) error {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	t.address(request, method, path, key)
	request.Header.SetContentType("application/json")
	request.SetBodyRaw(body)
	return t.call(ctx, request, response, want, into)
}

// address makes a request an operator's.
func (t Endpoint) address(request *fasthttp.Request, method, path, key string) {
	request.Header.SetMethod(method)
	request.SetRequestURI("http://" + t.Address + path)
	request.Header.Set("Authorization", "Bearer "+string(t.OperatorKey))
	request.Header.Set("Idempotency-Key", key)
}

// Get reads one document.
func (t Endpoint) Get(ctx context.Context, path string, into any) error {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI("http://" + t.Address + path)
	return t.call(ctx, request, response, 200, into)
}

func (t Endpoint) call(ctx context.Context, request *fasthttp.Request, response *fasthttp.Response, want int,
	into any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := string(request.URI().Path())
	if err := fasthttp.DoTimeout(request, response, operateTimeout); err != nil {
		return fmt.Errorf("lab: %s: %w", path, err)
	}
	if got := response.StatusCode(); got != want {
		return fmt.Errorf("lab: %s: answer %d instead of %d: %.300s", path, got, want, response.Body())
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(response.Body(), into); err != nil {
		return fmt.Errorf("lab: %s: %w", path, err)
	}
	return nil
}
