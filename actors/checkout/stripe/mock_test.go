package stripe_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/stripe"
)

// stripeMock is Stripe's own server for tests: it holds each request against Stripe's OpenAPI description, and
// remembers nothing. It is built at this version, and is in no module of ours.
const stripeMock = "github.com/stripe/stripe-mock@v0.203.0"

// mock is its address. Where it cannot be built, what it judges stays unproved, and continuous integration fails.
func mock(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	build := exec.Command("go", "install", stripeMock)
	build.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s cannot be built: %v\n%s", stripeMock, err, out)
		}
		t.Skipf("UNPROVED: nobody judges the requests to Stripe, for %s cannot be built: %v\n%s", stripeMock, err, out)
	}
	command := exec.Command(filepath.Join(folder, "stripe-mock"), "-http-addr", "127.0.0.1:")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it keeps nothing
		_ = command.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, address, found := strings.Cut(lines.Text(), "address: "); found {
			return "http://" + address
		}
	}
	t.Fatalf("%s does not say where it listens: %v", stripeMock, lines.Err())
	return ""
}

// judge stands between the adapter and Stripe's mock, and keeps what was asked and answered.
type judge struct {
	mu    sync.Mutex
	asked map[string]int // method and kind of path to the worst status
	words []string
}

func (j *judge) note(response *http.Response) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	path := response.Request.URL.Path
	for _, id := range []string{"pi_123", "pi_none"} {
		path = strings.ReplaceAll(path, id, "{}")
	}
	what := response.Request.Method + " " + path
	j.asked[what] = max(j.asked[what], response.StatusCode)
	if response.StatusCode >= 400 {
		return j.quote(response, what)
	}
	if what == "GET /v1/payment_intents/{}" { // the fixture was declined: nothing would be left to cancel
		return edit(response, func(intent map[string]any) {
			intent["status"], intent["last_payment_error"] = "requires_payment_method", nil
		})
	}
	return nil
}

func (j *judge) quote(response *http.Response, what string) error {
	return edit(response, func(answer map[string]any) { j.words = append(j.words, fmt.Sprint(what, ": ", answer)) })
}

// edit changes an answer on its way.
func edit(response *http.Response, change func(map[string]any)) error {
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	change(answer)
	text, err := json.Marshal(answer)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	response.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return err
}

// TestStripesOwnMockTakesEveryRequest: each call of the adapter, with every parameter that it ever sends.
func TestStripesOwnMockTakesEveryRequest(t *testing.T) {
	target, err := url.Parse(mock(t))
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{asked: map[string]int{}}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ModifyResponse: j.note,
	})
	defer proxy.Close()
	a, err := stripe.New(stripe.Config{Key: "sk_test_123", URL: proxy.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	nothing := func(processor.Payment) error { return nil }
	for _, call := range []func() error{
		func() error {
			ref, err := a.Open(ctx, processor.Opening{Attempt: "b-1", Booking: "b", Amount: 4500, Currency: "EUR"})
			if err == nil && !strings.HasPrefix(string(ref), "pi_") {
				t.Errorf("opened as %q", ref)
			}
			return err
		},
		func() error { return chargeOf(a, t, "pm_card_visa") },
		func() error { return chargeOf(a, t, "ctoken_visa") },
		func() error { return chargeOf(a, t, "") },
		func() error { _, err := a.Lookup(ctx, "b-1", "pi_123"); return err },
		func() error { _, err := a.Cancel(ctx, "b-1", "pi_123"); return err },
		func() error {
			_, err := a.Refund(ctx, processor.Refund{
				ID: "b-r1", Attempt: "b-1", Reference: "pi_123", Amount: 1000, Currency: "EUR",
			})
			return err
		},
		func() error { return a.Payments(ctx, time.Now().Add(-48*time.Hour), nothing) },
		func() error {
			_, err := a.Events(ctx, "1790000000", func(processor.Hint) error { return nil })
			return err
		},
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{
		"POST /v1/payment_intents", "POST /v1/payment_intents/{}/confirm", "GET /v1/payment_intents/{}",
		"POST /v1/payment_intents/{}/cancel", "GET /v1/refunds", "POST /v1/refunds", "GET /v1/payment_intents",
		"GET /v1/events",
	} {
		if j.asked[want] != http.StatusOK {
			t.Errorf("%s: %d", want, j.asked[want])
		}
	}
	if len(j.asked) != 8 || len(j.words) > 0 {
		t.Errorf("asked %v; refused: %v", j.asked, j.words)
	}
}

func chargeOf(a *stripe.Adapter, t *testing.T, token string) error {
	_, err := a.Charge(t.Context(), processor.Charge{
		Attempt: "b-1", Reference: "pi_123", Token: token, Return: "https://tickets.example/back",
	})
	return err
}
