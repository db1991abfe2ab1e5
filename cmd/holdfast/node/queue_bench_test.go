package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/gate/audit"
	"holdfast/api"
	"holdfast/api/queue"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// callers is how many of a crowd call at the same moment; so many more joins share a commit.
const callers = 4096

// noShow: of those who are called, one in so many does not come.
const noShow = 5

// tokenRoom is more than a place's token takes.
const tokenRoom = 160

// crowd is everybody who wants in, through the server's own handlers, without a network.
type crowd struct {
	b       *testing.B
	server  *api.Server
	store   storage.Store
	event   string
	people  int
	tokens  []byte // tokenRoom each
	length  []uint8
	settled []bool
	numbers []atomic.Bool
	end     map[string]*atomic.Int64 // what became of whom
	refused atomic.Int64             // joins that were turned away, and repeated
}

// BenchmarkWholeCrowd: P8. Everybody joins, asks where they stand, and is served or told why not, through real handlers
// and a store that syncs; then the gate's log is judged. Run it with -benchtime 1x.
func BenchmarkWholeCrowd(b *testing.B) {
	for _, people := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("people=%d", people), func(b *testing.B) {
			for b.Loop() {
				newCrowd(b, people).play()
			}
		})
	}
}

func newCrowd(b *testing.B, people int) *crowd {
	store, err := pebblestore.Open(filepath.Join(b.TempDir(), "store"), pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	bank, err := sandbox.Open("")
	if err != nil {
		b.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	engine, err := actors.Open(context.Background(), actors.Config{Store: store, Processor: bank, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := engine.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	keys, err := queue.NewKeys(nil)
	if err != nil {
		b.Fatal(err)
	}
	c := &crowd{b: b, store: store, people: people, tokens: make([]byte, people*tokenRoom),
		length: make([]uint8, people), settled: make([]bool, people), numbers: make([]atomic.Bool, people),
		end: map[string]*atomic.Int64{}, server: api.New(engine, api.Config{DevAuth: true, Logger: quiet,
			Queue: &waitingRooms{engine: engine}, QueueKeys: keys})}
	for _, what := range []string{"bought", "sold out", "no show", "gone"} {
		c.end[what] = &atomic.Int64{}
	}
	c.open()
	return c
}

// call makes one call; the answer's body is valid until the next one of the same ctx.
func (c *crowd) call(ctx *fasthttp.RequestCtx, method, path, body string, headers ...string) int {
	ctx.Request.Reset()
	ctx.Response.Reset()
	ctx.Request.Header.SetMethod(method)
	ctx.Request.SetRequestURI(path)
	for i := 0; i < len(headers); i += 2 {
		ctx.Request.Header.Set(headers[i], headers[i+1])
	}
	ctx.Request.SetBodyString(body)
	c.server.Handler(ctx)
	return ctx.Response.StatusCode()
}

func (c *crowd) must(ctx *fasthttp.RequestCtx, want int, method, path, body string, into any, headers ...string) {
	c.b.Helper()
	if got := c.call(ctx, method, path, body, headers...); got != want {
		c.b.Fatalf("%s %s: %d %s", method, path, got, ctx.Response.Body())
	}
	if into != nil {
		if err := json.Unmarshal(ctx.Response.Body(), into); err != nil {
			c.b.Fatal(err)
		}
	}
}

var operator = []string{"Authorization", "Bearer dev", "Idempotency-Key"}

// open makes an event of 2,000 seats, whose doors an operator opens later.
func (c *crowd) open() {
	var made wire.Event
	ctx := &fasthttp.RequestCtx{}
	rows := strings.TrimSuffix(strings.Repeat(`{"label":"%d","seats":25},`, 80), ",")
	numbers := make([]any, 80)
	for i := range numbers {
		numbers[i] = i + 1
	}
	body := fmt.Sprintf(
		`{"name":"a whole crowd","starts_at":"2099-01-01T20:00:00Z","currency":"EUR",
		"prices":{"*":5000},
		"plan":{"sections":[{"id":"S","rows":[`+rows+`]}]},"waiting_room":{"opens_at":"2020-01-01T00:00:00Z",
		"doors_at":"2098-01-01T00:00:00Z","active_max":2500,"session_seconds":600,"turn_seconds":20}}`,
		numbers...)
	c.must(ctx, 201, "POST", "/v1/events", body, &made, append(operator, "a")...)
	c.event = "/v1/events/" + made.ID
	c.must(ctx, 200, "POST", c.event+"/sale", `{"state":"open"}`, nil, append(operator, "b")...)
	c.must(ctx, 200, "GET", c.event+"/availability", "", nil)
}

// each lets everybody who is not settled do something, many at once, and says how long that took.
func (c *crowd) each(do func(ctx *fasthttp.RequestCtx, n int)) (calls int, took time.Duration) {
	var next, done atomic.Int64
	var working sync.WaitGroup
	begin := time.Now()
	for range callers {
		working.Go(func() {
			ctx := &fasthttp.RequestCtx{}
			for n := int(next.Add(1)) - 1; n < c.people; n = int(next.Add(1)) - 1 {
				if !c.settled[n] {
					done.Add(1)
					do(ctx, n)
				}
			}
		})
	}
	working.Wait()
	return int(done.Load()), time.Since(begin)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func (c *crowd) play() {
	rate := func(calls int, took time.Duration, what string) {
		c.b.ReportMetric(float64(calls)/took.Seconds(), what)
	}
	before := heap()
	calls, took := c.each(c.join)
	rate(calls, took, "joins/s")
	c.b.ReportMetric(float64(c.refused.Load()), "joins-turned-away")
	c.b.ReportMetric(float64(heap()-before)/float64(c.people), "heapB/waiting")
	for n := range c.numbers {
		if !c.numbers[n].Load() {
			c.b.Fatalf("G1: nobody was given number %d", n)
		}
	}
	calls, took = c.each(c.poll)
	rate(calls, took, "polls/s")
	ctx := &fasthttp.RequestCtx{}
	c.must(ctx, 200, "PATCH", c.event+"/waiting-room", `{"reason":"it is time","open":true}`, nil,
		append(operator, "c")...)
	begin, round := time.Now(), 0
	for left := c.people; left > 0; round++ {
		left, _ = c.each(c.poll)
		if time.Since(begin) > 15*time.Minute {
			c.b.Fatalf("%d people were told neither to come in nor why not", left)
		}
	}
	total := int64(0)
	for what, n := range c.end {
		c.b.ReportMetric(float64(n.Load()), strings.ReplaceAll(what, " ", "-"))
		total += n.Load()
	}
	if total != int64(c.people) {
		c.b.Fatalf("%d of %d people are accounted for", total, c.people)
	}
	c.judge()
}

func name(n int) string {
	digits := []byte(fmt.Sprintf("%07d", n))
	for i := range digits {
		digits[i] += 'a' - '0' // a run of digits could be a card's number (P12)
	}
	return "fan-" + string(digits)
}

func (c *crowd) join(ctx *fasthttp.RequestCtx, n int) {
	for c.call(ctx, "POST", c.event+"/queue", `{"party":2}`, "X-Buyer", name(n)) == 503 {
		c.refused.Add(1) // too many stand in front of the gate
		runtime.Gosched()
	}
	body := ctx.Response.Body()
	if status := ctx.Response.StatusCode(); status != 201 && status != 200 { // 200: it had been done after all
		c.b.Errorf("join: %d %s", ctx.Response.StatusCode(), body)
		return
	}
	var p waitingroom.Place
	if err := json.Unmarshal(body, &p); err != nil || int(p.Number) >= c.people || c.numbers[p.Number].Swap(true) {
		c.b.Errorf("G1: number %d is given twice, or too high: %v", p.Number, err)
		return
	}
	c.length[n] = uint8(copy(c.tokens[n*tokenRoom:(n+1)*tokenRoom], p.Place))
}

func (c *crowd) token(n int) string {
	return string(c.tokens[n*tokenRoom : n*tokenRoom+int(c.length[n])])
}

func (c *crowd) over(n int, how string) {
	c.settled[n] = true
	c.end[how].Add(1)
}

// poll asks where somebody stands, and does what the answer says.
func (c *crowd) poll(ctx *fasthttp.RequestCtx, n int) {
	if status := c.call(ctx, "GET", c.event+"/queue", "", "Queue-Place", c.token(n)); status != 200 {
		c.b.Errorf("poll: %d %s", status, ctx.Response.Body())
		c.over(n, "gone")
		return
	}
	body := ctx.Response.Body()
	switch {
	case bytes.Contains(body, []byte(`"next":"take_turn"`)) && n%noShow == 0:
		c.over(n, "no show")
	case bytes.Contains(body, []byte(`"next":"take_turn"`)):
		c.enter(ctx, n)
	case bytes.Contains(body, []byte(`"state":"gone"`)):
		c.over(n, "gone")
	case bytes.Contains(body, []byte(`"phase":"sold_out"`)):
		c.over(n, "sold out")
	}
}

// enter takes the turn and buys a seat, if one is left.
func (c *crowd) enter(ctx *fasthttp.RequestCtx, n int) {
	who := name(n)
	if c.call(ctx, "POST", c.event+"/queue/admission", "", "X-Buyer", who, "Queue-Place", c.token(n)) != 200 {
		return // not yet, or not any more: the next poll says
	}
	var admission waitingroom.Admission
	if err := json.Unmarshal(ctx.Response.Body(), &admission); err != nil {
		c.b.Error(err)
	}
	var held wire.Booking
	if c.call(
		ctx,
		"POST",
		c.event+"/bookings",
		`{"best_available":{"quantity":1}}`,
		"X-Buyer",
		who,
		"Idempotency-Key",
		"h",
		"Queue-Admission",
		admission.Admission,
	) != 201 {
		c.call(ctx, "DELETE", c.event+"/queue", "", "X-Buyer", who)
		c.over(n, "sold out")
		return
	}
	if err := json.Unmarshal(ctx.Response.Body(), &held); err != nil {
		c.b.Error(err)
	}
	c.must(ctx, 200, "POST", "/v1/bookings/"+held.ID+"/confirm", `{"payment_token":"tok_ok"}`, nil, "X-Buyer", who,
		"Idempotency-Key", "p")
	c.over(n, "bought")
}

// judge has the log judged.
func (c *crowd) judge() {
	id, err := storage.ParseEventID(strings.TrimPrefix(c.event, "/v1/events/"))
	if err != nil {
		c.b.Fatal(err)
	}
	var failed error
	report := audit.Run(func(yield func(audit.Entry) bool) {
		failed = c.store.Read(context.Background(), storage.SectionKey{Event: id, Section: storage.GateNo}, 0,
			func(e *storage.Entry, _ storage.Hash) error {
				yield(audit.Entry{Seq: e.Seq, At: e.At, Claim: e.Kind == storage.EntryClaim, Body: bytes.Clone(e.Body)})
				return nil
			})
	}, audit.Options{})
	if failed != nil {
		c.b.Fatal(failed)
	}
	for _, f := range report.Findings {
		c.b.Errorf("P8: %v", f)
	}
	c.b.ReportMetric(float64(report.LongestJoinWaiting), "ms-overtaken-at-most")
}
