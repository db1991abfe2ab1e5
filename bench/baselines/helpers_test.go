package baselines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/valyala/fasthttp"

	"holdfast/api/wire"
	"holdfast/storage/sqlstore/pgserver"
)

// patience is how long anything here may take on a busy machine.
const patience = 60 * time.Second

var servers struct {
	sync.Mutex
	started *Started
}

func TestMain(m *testing.M) {
	m.Run()
	servers.Lock()
	defer servers.Unlock()
	if servers.started != nil {
		if err := servers.started.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// backends are the servers of this test binary, started on first use.
func backends(t testing.TB, name string) Backends {
	t.Helper()
	if postgres, redis := Needs(name); !postgres && !redis {
		return Backends{}
	}
	need(t)
	servers.Lock()
	defer servers.Unlock()
	if servers.started == nil {
		started, err := StartBackends(context.Background(), "", true, true)
		if err != nil {
			t.Fatal(err)
		}
		servers.started = started
	}
	return servers.started.Backends
}

// need looks for the programs. Without them nothing can be said about the baselines that use them: that fails under CI
// and is loud elsewhere.
func need(t testing.TB) {
	t.Helper()
	_, postgres := pgserver.Binaries()
	_, redis := redisBinary()
	err := errors.Join(postgres, redis)
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("THE PEERS ARE NOT TESTED: %v (Debian packages postgresql and redis-tools, or `make packages`)", err)
	}
	if err != nil {
		t.Fatalf("the peers cannot be tested: %v", err)
	}
}

// eachBaseline runs a test against every baseline's own server.
func eachBaseline(t *testing.T, test func(t *testing.T, c *client)) {
	t.Helper()
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, serveBaseline(t, name))
		})
	}
}

// withoutDeadlocks lets a test fail in whose course PostgreSQL had to end one. Buyers would only see a second's wait,
// and then an answer.
func withoutDeadlocks(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { // when all baselines are through
		servers.Lock()
		defer servers.Unlock()
		if servers.started == nil {
			return // nothing was tested, and that was told
		}
		conn, err := pgx.Connect(context.Background(), servers.started.PostgresURL)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		var deadlocks int
		if err := conn.QueryRow(context.Background(),
			"SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&deadlocks); err != nil {
			t.Fatal(err)
		}
		if deadlocks > 0 {
			t.Errorf("PostgreSQL has ended %d deadlocks so far", deadlocks)
		}
	})
}

// serveBaseline runs a baseline until the test is over.
func serveBaseline(t testing.TB, name string) *client {
	t.Helper()
	b := backends(t, name)
	return serveWith(t, func(ctx context.Context, listener net.Listener) error {
		return serveOn(ctx, name, listener, b)
	})
}

func serveWith(t testing.TB, serve func(context.Context, net.Listener) error) *client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener) }()
	c := &client{t: t, http: &fasthttp.HostClient{Addr: listener.Addr().String(), MaxConns: 1024,
		ReadTimeout: patience}}
	t.Cleanup(func() {
		c.http.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	c.ask("GET", "/readyz", "", "", "").want(200, "")
	return c
}

// client asks a baseline. Its methods may be called by several goroutines.
type client struct {
	t    testing.TB
	http *fasthttp.HostClient
	keys atomic.Int64
}

// reply is an answer and what was asked.
type reply struct {
	t      testing.TB
	call   string
	status int
	body   []byte
	header fasthttp.ResponseHeader
}

// ask sends a request. Who is a buyer, "operator", or nobody; key may be empty.
func (c *client) ask(method, path, who, key, body string) *reply {
	c.t.Helper()
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.Header.SetMethod(method)
	request.SetRequestURI("http://peer" + path)
	if who == "operator" {
		request.Header.Set("Authorization", "Bearer dev")
	} else if who != "" {
		request.Header.Set("X-Buyer", who)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	request.SetBodyString(body)
	r := &reply{t: c.t, call: method + " " + path + " " + body}
	if err := c.http.DoTimeout(request, response, patience); err != nil {
		c.t.Errorf("%s: %v", r.call, err)
		return r
	}
	r.status, r.body = response.StatusCode(), append([]byte(nil), response.Body()...)
	response.Header.CopyTo(&r.header)
	return r
}

// newKey is one that nobody used.
func (c *client) newKey() string { return fmt.Sprintf("key-%d", c.keys.Add(1)) }

// want checks status and, unless it is empty, the problem's code.
func (r *reply) want(status int, code string) *reply {
	r.t.Helper()
	if r.status != status || code != "" && r.problem().Code != code {
		r.t.Errorf("%s: %d %s, want %d %s", r.call, r.status, r.body, status, code)
	}
	return r
}

func (r *reply) problem() (p wire.Problem) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, &p); err != nil {
		r.t.Errorf("%s: %v in %s", r.call, err, r.body)
	}
	return p
}

func (r *reply) booking() (b wire.Booking) {
	r.t.Helper()
	if err := wire.Decode(r.body, &b); err != nil {
		r.t.Errorf("%s: %v in %s", r.call, err, r.body)
	}
	return b
}

// show is an event with its sale open: section A of two rows of 4 and 3 seats, section B of six rows of 10, G of 5
// general places.
type show struct {
	*client
	id string
}

func (c *client) newShow(ttl, ceiling int) *show {
	c.t.Helper()
	s := c.closedShow(ttl, ceiling)
	c.ask("POST", "/v1/events/"+s.id+"/sale", "operator", c.newKey(), `{"state":"open"}`).want(200, "")
	return s
}

func (c *client) closedShow(ttl, ceiling int) *show {
	c.t.Helper()
	var rows []string
	for i := range 6 {
		rows = append(rows, fmt.Sprintf(`{"label":"%d","seats":10}`, i+1))
	}
	body := fmt.Sprintf(`{"name":"A show","starts_at":"2030-06-01T19:30:00Z","currency":"EUR","hold_ttl_seconds":%d,"hold_ceiling_seconds":%d,
		"prices":{"*":5000,"gold":9000},"plan":{"sections":[{"id":"A","category":"gold","rows":[{"label":"1","seats":4},{"label":"2","seats":3}]},
		{"id":"B","rows":[%s]},{"id":"G","general":5}]}}`, ttl, ceiling, strings.Join(rows, ","))
	var made wire.Event
	r := c.ask("POST", "/v1/events", "operator", c.newKey(), body).want(201, "")
	if err := wire.Decode(r.body, &made); err != nil || made.Seats != 72 || len(made.Sections) != 3 ||
		made.Sale != "closed" {
		c.t.Fatalf("event %s: %v", r.body, err)
	}
	return &show{client: c, id: made.ID}
}

func seatsBody(seats ...string) string {
	return `{"seats":["` + strings.Join(seats, `","`) + `"]}`
}

// hold asks for named seats under a key of its own.
func (s *show) hold(buyer string, seats ...string) *reply {
	s.t.Helper()
	return s.book(buyer, s.newKey(), seatsBody(seats...))
}

// asked repeats an ask that lost one race after another ("nothing was done"), as its buyer would, until it is decided.
func asked(ask func() *reply) (r *reply) {
	for begun := time.Now(); ; {
		if r = ask(); r.status != 503 || r.problem().Code != "overloaded" || time.Since(begun) > patience {
			return r
		}
	}
}

func (s *show) book(buyer, key, body string) *reply {
	s.t.Helper()
	return s.ask("POST", "/v1/events/"+s.id+"/bookings", buyer, key, body)
}

func (s *show) best(buyer string, quantity int, section string) *reply {
	s.t.Helper()
	body := fmt.Sprintf(`{"best_available":{"quantity":%d}}`, quantity)
	if section != "" {
		body = fmt.Sprintf(`{"best_available":{"quantity":%d,"section":%q}}`, quantity, section)
	}
	return s.book(buyer, s.newKey(), body)
}

// do is a change of a booking: confirm, extend, or DELETE.
func (c *client) do(how, buyer, booking, key string) *reply {
	c.t.Helper()
	switch how {
	case "DELETE":
		return c.ask("DELETE", "/v1/bookings/"+booking, buyer, key, "")
	case "confirm":
		return c.ask("POST", "/v1/bookings/"+booking+"/confirm", buyer, key, `{"payment_token":"tok_ok"}`)
	}
	return c.ask("POST", "/v1/bookings/"+booking+"/"+how, buyer, key, "")
}

func (c *client) look(buyer, booking string) wire.Booking {
	c.t.Helper()
	return c.ask("GET", "/v1/bookings/"+booking, buyer, "", "").want(200, "").booking()
}

// letters are the whole map, sections one after another.
func (s *show) letters() string {
	s.t.Helper()
	var now wire.Availability
	r := s.ask("GET", "/v1/events/"+s.id+"/availability", "", "", "").want(200, "")
	if err := wire.Decode(r.body, &now); err != nil {
		s.t.Fatalf("%s: %v", r.body, err)
	}
	var all strings.Builder
	for _, section := range now.Sections {
		if section.Free != strings.Count(section.Status, "a") {
			s.t.Errorf("section %s: free is %d in %s", section.ID, section.Free, section.Status)
		}
		all.WriteString(section.Status)
	}
	return all.String()
}

// await asks again until holds is true.
func (s *show) await(what string, holds func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// together runs n of them at once and waits for all.
func together(n int, run func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			run(i)
		})
	}
	close(start)
	all.Wait()
}
