package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"holdfast/cmd/holdfast/testkit"
)

// underLimits starts a real server with its own limits, on sale. At the end it must stop in good order, with a clean
// audit.
func underLimits(t *testing.T, flags ...string) (p *process, event string) {
	t.Helper()
	p = newProcess(t, buildBinary(t), "--data", t.TempDir())
	p.more = flags
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.terminate()
		if code := p.command.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		if out, err := exec.Command(p.binary, "audit", p.where[0], p.where[1]).CombinedOutput(); err != nil {
			t.Errorf("audit: %v\n%s", err, out)
		}
	})
	return p, p.createEvent()
}

// told is an answer with what a limit says about itself.
type told struct {
	status             int
	code, limit        string
	field              string
	header             http.Header
	bookingID, expires string
}

func (p *process) tell(who, method, path, body string, more ...string) told {
	p.t.Helper()
	// no machine needs that long; it only ends tests that failed
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+p.address+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if who != "" {
		request.Header.Set("X-Buyer", who)
	}
	for i := 0; i < len(more); i += 2 {
		request.Header.Add(more[i], more[i+1])
	}
	response, err := crashClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err = testkit.CloseBody(err, response.Body); err != nil {
		p.t.Fatal(err)
	}
	var said struct {
		Code, Limit, Field, ID string
		ExpiresAt              string `json:"expires_at"`
	}
	if len(text) > 0 && text[0] == '{' {
		if err := json.Unmarshal(text, &said); err != nil {
			p.t.Fatal(err)
		}
	}
	return told{response.StatusCode, said.Code, said.Limit, said.Field, response.Header, said.ID, said.ExpiresAt}
}

// TestAttackDeepBodies: JSON nested as deep as a body is long is refused at once, on every call that takes a body, and
// the server does not grow by it. The report's 65,000 brackets took minutes and half a gigabyte.
func TestAttackDeepBodies(t *testing.T) {
	p, event := underLimits(t, "--buyer-rate=0")
	const size = 65_000
	began := time.Now()
	for _, opening := range []string{"[", `{"a":`, `{"seats":[`, `{"best_available":{"quantity":`, `[[],`, `{"":{"":`} {
		body := strings.Repeat(opening, size/len(opening))
		for _, path := range []string{
			"/v1/events/" + event + "/bookings", "/v1/bookings/x/confirm", "/v1/bookings/x/extend",
			"/v1/events/" + event + "/seats/block", "/v1/events",
		} {
			for range 8 {
				got := p.tell("", "POST", path, body, "Authorization", "Bearer dev")
				refused := got.status == http.StatusBadRequest && got.code == "bad_request" && got.field == "body"
				if unknown := got.status == http.StatusNotFound &&
					strings.HasPrefix(path, "/v1/bookings/x"); !refused && !unknown {
					t.Fatalf("%d of %q to %s: %+v", size, opening, path, got)
				}
			}
		}
	}
	// 240 bodies. A quadratic parser takes longer for one of them.
	if took := time.Since(began); took > time.Minute {
		t.Errorf("240 deep bodies took %v", took)
	}
	if got := p.tell("alice", "POST", "/v1/events/"+event+"/bookings",
		`{"seats":["A-1-1"]}`); got.status != http.StatusCreated {
		t.Errorf("it sells no more: %+v", got)
	}
}

// TestAttackOneBuyer: what one buyer could do to a server without limits, with the limits that a server has by default.
func TestAttackOneBuyer(t *testing.T) {
	p, event := underLimits(t)
	bookings := "/v1/events/" + event + "/bookings"
	var last told
	held := ""
	for range 2000 { // more than 200 at once and 10 a second, however slow the machine, unless it takes three minutes
		if last = p.tell("mallory", "POST", bookings,
			`{"best_available":{"quantity":1}}`); last.status != http.StatusCreated {
			break
		}
		held = last.bookingID
	}
	if last.status != http.StatusTooManyRequests || last.code != "rate_limited" || last.limit != "buyer" {
		t.Fatalf("2000 holds in a row end with %+v", last)
	}
	for name, want := range map[string]string{"RateLimit-Policy": `"buyer";q=200;w=20`, "RateLimit": `"buyer";r=0;t=1`,
		"Retry-After": "1"} {
		if got := last.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := p.tell("alice", "POST", bookings, `{"best_available":{"quantity":1}}`); got.status != http.StatusCreated {
		t.Errorf("another buyer: %+v", got)
	}
	if got := p.tell("", "POST", "/v1/events/"+event+"/sale", `{"state":"open"}`, "Authorization",
		"Bearer dev"); got.status != http.StatusOK {
		t.Errorf("the operator: %+v", got)
	}
	if held == "" {
		t.Error("no hold was taken at all")
	}
}

// TestAttackLimitsOutliveACrash: extensions of nothing leave no trace in the log, and payments tried before a kill -9
// count after it.
func TestAttackLimitsOutliveACrash(t *testing.T) {
	p, event := underLimits(t, "--buyer-rate=0")
	hold := p.tell("mallory", "POST", "/v1/events/"+event+"/bookings", `{"seats":["A-1-1"]}`)
	booking := "/v1/bookings/" + hold.bookingID
	for i := range 5 {
		if got := p.tell("mallory", "POST", booking+"/confirm",
			`{"payment_token":"tok_declined"}`); got.status != http.StatusPaymentRequired {
			t.Fatalf("payment %d: %+v", i+1, got)
		}
	}
	p.kill()
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if got := p.tell("mallory", "POST", booking+"/confirm",
		`{"payment_token":"tok_ok"}`); got.status != http.StatusConflict || got.code != "payment_attempts" {
		t.Errorf("the sixth payment, after a crash: %+v", got)
	}
	records := func() string {
		response, err := http.Get("http://" + p.address + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(response.Body)
		if err = testkit.CloseBody(err, response.Body); err != nil {
			t.Fatal(err)
		}
		_, rest, _ := bytes.Cut(page, []byte("\nholdfast_changes_total "))
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		return string(line)
	}
	hold = p.tell("mallory", "POST", "/v1/events/"+event+"/bookings", `{"seats":["B-1-1"]}`)
	before, began := records(), time.Now()
	for i := range 50 {
		got := p.tell("mallory", "POST", "/v1/bookings/"+hold.bookingID+"/extend", "", "Idempotency-Key", fmt.Sprint(i))
		if got.status != http.StatusOK && time.Since(began) < 4*time.Second {
			t.Fatalf("extension %d: %+v", i, got)
		}
	}
	if time.Since(began) < time.Second && records() != before {
		t.Errorf("50 extensions within a second made %s changes out of %s", records(), before)
	}
}

// TestAttackAddresses: an address that is over its limit is refused before anything is asked of it, by the connection
// or by the word of a trusted proxy; and so are its streams.
func TestAttackAddresses(t *testing.T) {
	p, event := underLimits(t, "--address-rate=0.1", "--address-burst=2", "--streams-per-address=1",
		"--uncounted-addresses=none",
		"--trusted-proxies=127.0.0.0/8")
	ask := func(address string) told {
		return p.tell("", "GET", "/v1/events/"+event+"/availability", "", "X-Forwarded-For", "203.0.113.9, "+address)
	}
	for i := range 20 {
		if got := ask("198.51.100.1"); got.status != http.StatusOK {
			t.Fatalf("read %d: %+v", i, got)
		}
	}
	if got := ask("198.51.100.1"); got.status != http.StatusTooManyRequests || got.limit != "address" {
		t.Errorf("the 21st read: %+v", got)
	}
	if got := ask("198.51.100.2"); got.status != http.StatusOK {
		t.Errorf("another address: %+v", got)
	}
	stream := "/v1/events/" + event + "/availability/stream"
	request, err := http.NewRequest("GET", "http://"+p.address+stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", "198.51.100.3")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.ReadFull(response.Body, make([]byte, 32)); err != nil { // it is open
		t.Fatal(err)
	}
	got := p.tell("", "GET", stream, "", "X-Forwarded-For", "198.51.100.3")
	if got.status != http.StatusTooManyRequests || got.limit != "streams_address" {
		t.Errorf("a second stream: %+v", got)
	}
}
