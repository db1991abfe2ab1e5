package api

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/actors/budget"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/limit"
	"holdfast/storage"
)

// refusal is a hold that is refused, all the way: bytes from a connection, fasthttp, this package, a real engine over
// memory, and bytes to the connection.
type refusal struct {
	name   string
	event  string // of box: which one is asked
	who    string // header lines, each with its end
	body   string
	edit   func(*Config)
	status int
	code   string
	allocs float64 // of refusalsCounted
}

const (
	refusalsCounted = 200
	byName          = "X-Buyer: bob\r\n"
	tokenOfBob      = "TOKEN" // the place of a token in refusal.who
)

// refused are the refusals that an on-sale tells most (P7).
var refused = []refusal{
	{name: "seat taken", event: "open", who: byName, body: `{"seats":["A-GA-1"]}`, status: 409, code: "seat_taken"},
	{name: "seat taken, with a token", event: "open", who: "Authorization: Bearer TOKEN\r\n", edit: withTokens,
		body: `{"seats":["A-GA-1"]}`, status: 409, code: "seat_taken"},
	{name: "seats taken", event: "open", who: byName, body: `{"seats":["A-GA-1","A-GA-2"]}`, status: 409,
		code: "seat_taken"},
	{name: "seat taken, beside a free one", event: "open", who: byName, body: `{ "seats": ["A-GA-3", "A-GA-2"] }`,
		status: 409, code: "seat_taken"},
	{name: "sold out", event: "full", who: byName, body: `{"best_available":{"quantity":2}}`, status: 409,
		code: "sold_out"},
	{name: "sale not open", event: "closed", who: byName, body: `{"seats":["A-GA-1"]}`, status: 409,
		code: "sale_not_open"},
	{name: "too many of one buyer", event: "open", who: "X-Buyer: alice\r\n", body: `{"seats":["A-GA-3"]}`, status: 422,
		code: "too_many_seats"},
	{name: "no such event", event: "none", who: byName, body: `{"seats":["A-GA-1"]}`, status: 404,
		code: "event_unknown"},
	{name: "no seats", event: "open", who: byName, body: `{"seats":[]}`, status: 422, code: "no_seats"},
	{name: "nobody", event: "open", body: `{"seats":["A-GA-1"]}`, status: 401, code: "unauthorized"},
	{name: "no bearer", event: "open", who: "Authorization: Basic YWxpY2U6\r\n", body: `{"seats":["A-GA-1"]}`,
		status: 401, code: "unauthorized"},
	{name: "a token where none counts", event: "open", who: "Authorization: Bearer TOKEN\r\n",
		body: `{"seats":["A-GA-1"]}`, status: 401, code: "unauthorized"},
	{name: "a name where none counts", event: "open", who: byName, edit: withTokens, body: `{"seats":["A-GA-1"]}`,
		status: 401, code: "unauthorized"},
	{name: "limited by buyer", event: "open", who: byName, edit: onceADay(func(l *limit.Limits) *limit.Rate {
		return &l.Buyer
	}), body: `{"seats":["A-GA-1"]}`, status: 429, code: "rate_limited"},
	{name: "limited by address", event: "open", who: byName, edit: onceADay(func(l *limit.Limits) *limit.Rate {
		return &l.Address
	}), body: `{"seats":["A-GA-1"]}`, status: 429, code: "rate_limited"},
	{name: "limited by event", event: "open", who: byName, edit: onceADay(func(l *limit.Limits) *limit.Rate {
		return &l.Event
	}), body: `{"seats":["A-GA-1"]}`, status: 429, code: "rate_limited"},
	{name: "limited with all", event: "open", who: byName, edit: onceADay(func(l *limit.Limits) *limit.Rate {
		return &l.Global
	}), body: `{"seats":["A-GA-1"]}`, status: 429, code: "rate_limited"},
}

func withTokens(c *Config) { c.DevAuth, c.JWTSecret = false, []byte(strings.Repeat("s", 32)) }

// onceADay lets one call through, and then none for a day.
func onceADay(which func(*limit.Limits) *limit.Rate) func(*Config) {
	return func(c *Config) { *which(&c.Limits) = limit.Rate{PerSecond: 1.0 / 86400, Burst: 1} }
}

// TestNoRefusalAllocates: P7, of the whole way of a refused hold.
func TestNoRefusalAllocates(t *testing.T) {
	if raceDetector {
		budget.Check(t, raceDetector, nil) // which says why not
	}
	b, paths := newBox(t), make([]budget.Path, len(refused))
	for i := range refused {
		paths[i] = refused[i].path(b)
	}
	budget.Check(t, raceDetector, paths)
}

// BenchmarkRefusals times the same without a client: the connection has the next request as soon as the last is
// answered.
func BenchmarkRefusals(b *testing.B) {
	engine := newBox(b)
	for i := range refused {
		b.Run(strings.NewReplacer(", ", "-", " ", "-").Replace(refused[i].name), func(b *testing.B) {
			c := refused[i].caller(b, engine)
			b.ReportAllocs()
			b.ResetTimer()
			c.askTimes(b.N)
		})
	}
}

func (r *refusal) path(b *box) budget.Path {
	return budget.Exact("refusal: "+r.name, refusalsCounted, r.allocs, func(t testing.TB) func() {
		return r.caller(t, b).ask
	})
}

// caller is one who is refused as it should be.
func (r *refusal) caller(t testing.TB, b *box) *caller {
	cfg := Config{DevAuth: true}
	if r.edit != nil {
		r.edit(&cfg)
	}
	c := newCaller(t, New(b.engine, cfg), r.request(b.events[r.event]))
	c.ask() // what is limited lets the first one through
	for range 3 {
		if c.ask(); !bytes.HasPrefix(c.answer, fmt.Appendf(nil, "HTTP/1.1 %d ", r.status)) ||
			!bytes.Contains(c.answer, fmt.Appendf(nil, `"code":%q`, r.code)) {
			t.Fatalf("%s", c.answer)
		}
	}
	return c
}

func (r *refusal) request(event string) string {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "bob",
		"exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte(strings.Repeat("s", 32)))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("POST /v1/events/%s/bookings HTTP/1.1\r\nHost: box.example\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n%sIdempotency-Key: %s\r\n\r\n%s", event, len(r.body),
		strings.ReplaceAll(r.who, tokenOfBob, token), keyPlace, r.body)
}

// box is an engine with an event for each reason to refuse: open (the first two seats are alice's, who may have no
// more), full, closed.
type box struct {
	engine Engine
	events map[string]string
}

func newBox(t testing.TB) *box {
	engine := realEngine(t, nil)
	b := &box{engine: engine, events: map[string]string{"none": "00000000000000000000000000000000"}}
	for name, sale := range map[string]storage.SaleState{"open": storage.SaleOpen, "full": storage.SaleOpen,
		"closed": storage.SaleClosed} {
		seats := 10
		if name == "full" {
			seats = 2
		}
		v, err := venue.Parse(fmt.Appendf(nil, `{"sections":[{"id":"A","general":%d}]}`, seats),
			venue.Options{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		event, err := engine.CreateEvent(context.Background(), &storage.Event{Name: name, Currency: "EUR", Sale: sale,
			Rules: section.Rules{HoldTTL: 600_000, HoldCeiling: 900_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 2,
				DedupeWindow:   section.DefaultDedupeWindow,
				DedupeCountMin: section.DefaultDedupeCountMin}}, v)
		if err != nil {
			t.Fatal(err)
		}
		b.events[name] = event.ID.String()
	}
	server := New(engine, Config{DevAuth: true})
	hold := refusal{who: "X-Buyer: alice\r\n", body: `{"seats":["A-GA-1","A-GA-2"]}`}
	for _, name := range []string{"open", "full"} {
		c := newCaller(t, server, hold.request(b.events[name]))
		if c.ask(); !bytes.HasPrefix(c.answer, []byte("HTTP/1.1 201 ")) {
			t.Fatalf("%s", c.answer)
		}
	}
	return b
}

// caller is a client on a connection without a network, who asks the same again and again, each time under a key of its
// own.
type caller struct {
	net.Conn // none: what is not defined here is not called
	request  []byte
	key      []byte // inside request
	asks     chan int
	told     chan struct{}
	answer   []byte
	n        uint64
	left     int // requests that are sent before the answers are told
	raw      [16]byte
}

const keyPlace = "00000000000000000000000000000000"

func newCaller(t testing.TB, server *Server, request string) *caller {
	c := &caller{request: []byte(request), asks: make(chan int), told: make(chan struct{}),
		answer: make([]byte, 0, 4096)}
	at := strings.LastIndex(request, keyPlace)
	c.key = c.request[at : at+len(keyPlace)]
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = server.public.ServeConn(c) // ends with the caller
	}()
	t.Cleanup(func() {
		close(c.asks)
		<-over
	})
	return c
}

// ask sends one request and waits for its answer.
func (c *caller) ask() { c.askTimes(1) }

// askTimes sends so many, each as soon as the one before is answered.
func (c *caller) askTimes(n int) {
	c.asks <- n
	<-c.told
}

func (c *caller) Read(p []byte) (int, error) {
	if c.left == 0 {
		n, ok := <-c.asks
		if !ok {
			return 0, io.EOF
		}
		c.left = n
	}
	c.n++
	binary.BigEndian.PutUint64(c.raw[:8], c.n*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(c.raw[8:], c.n*0xD6E8FEB86659FD93)
	hex.Encode(c.key, c.raw[:])
	return copy(p, c.request), nil
}

func (c *caller) Write(p []byte) (int, error) {
	c.answer = append(c.answer[:0], p...)
	if c.left--; c.left == 0 {
		c.told <- struct{}{}
	}
	return len(p), nil
}

func (c *caller) Close() error                     { return nil }
func (c *caller) LocalAddr() net.Addr              { return callerAddress }
func (c *caller) RemoteAddr() net.Addr             { return callerAddress }
func (c *caller) SetDeadline(time.Time) error      { return nil }
func (c *caller) SetReadDeadline(time.Time) error  { return nil }
func (c *caller) SetWriteDeadline(time.Time) error { return nil }

var callerAddress = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234}
