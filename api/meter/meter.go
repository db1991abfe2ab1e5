package meter

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Buckets are the histogram's upper bounds, in seconds. They are round, so that an objective ("99 % within 100 ms") can
// be cut from them; the small ones are for refusals, which take some 50 µs.
var Buckets = [...]float64{50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1,
	0.25, 0.5, 1, 2.5, 5, 10}

// buckets are those, and one for what is longer.
const buckets = len(Buckets) + 1

var boundNanos = func() (nanos [len(Buckets)]int64) {
	for i, seconds := range Buckets {
		nanos[i] = int64(seconds*1e9 + 0.5)
	}
	return nanos
}()

// Requests counts the requests of all routes. It is a prometheus.Collector; its methods are safe for concurrent use.
type Requests struct {
	count, duration *prometheus.Desc

	mu     sync.Mutex
	routes map[[2]string]*Route
}

// New makes Requests without routes.
func New() *Requests {
	return &Requests{
		count: prometheus.NewDesc("holdfast_http_requests_total", "Requests answered.",
			[]string{"method", "route", "status"}, nil),
		duration: prometheus.NewDesc("holdfast_http_request_duration_seconds",
			"From the request being read to its answer being ready.", []string{"method", "route"}, nil),
		routes: map[[2]string]*Route{},
	}
}

// Route is the counter of a route, which is shown from now on. The same names give the same counter.
func (m *Requests) Route(method, path string) *Route {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := [2]string{method, path}
	if m.routes[name] == nil {
		m.routes[name] = &Route{method: method, path: path}
	}
	return m.routes[name]
}

// Route counts one route's requests.
type Route struct {
	method, path string
	byStatus     [500]atomic.Pointer[statusCounter] // at status-100; made at first use
}

// Count counts a request that was answered with an HTTP status after so long.
func (r *Route) Count(status int, took time.Duration) {
	slot := &r.byStatus[min(max(status-100, 0), len(r.byStatus)-1)]
	counter := slot.Load()
	if counter == nil {
		slot.CompareAndSwap(nil, &statusCounter{status: strconv.Itoa(status)})
		counter = slot.Load()
	}
	counter.count(max(took, 0))
}

// A word holds requests in its upper bits and the nanoseconds that they took, together, in its lower ones. Whoever
// finds one nearly full empties it into the totals. Until the totals' lock is had others may count on: what is left of
// the word holds two million more requests, and the time of 190,000 at once, since long ones go to the totals directly.
const (
	nanosBits      = 42
	oneRequest     = 1 << nanosBits
	nanosMask      = oneRequest - 1
	longNanos      = 1 << 24 // 17 ms
	nearlyRequests = 1 << 21 << nanosBits
	nearlyNanos    = 1 << 40
)

// statusCounter counts one route's requests with one status. The words fill three lines of a processor's cache, which
// they share with nothing else.
type statusCounter struct {
	words [buckets]atomic.Uint64
	_     [192 - 8*buckets]byte

	status string
	mu     sync.Mutex
	total  tally // without what is in the words; guarded by mu
}

// tally is how many requests took how long, by bucket and together.
type tally struct {
	requests [buckets]uint64
	nanos    uint64
}

func (c *statusCounter) count(took time.Duration) {
	bucket := bucketOf(int64(took))
	if took >= longNanos {
		c.mu.Lock()
		c.total.requests[bucket]++
		c.total.nanos += uint64(took)
		c.mu.Unlock()
		return
	}
	word := c.words[bucket].Add(oneRequest | uint64(took))
	if word >= nearlyRequests || word&nanosMask >= nearlyNanos {
		c.mu.Lock()
		c.empty(bucket)
		c.mu.Unlock()
	}
}

func bucketOf(nanos int64) int {
	for i, bound := range &boundNanos {
		if nanos <= bound {
			return i
		}
	}
	return len(boundNanos)
}

// empty moves a word's content to the totals. Under mu.
func (c *statusCounter) empty(bucket int) {
	word := c.words[bucket].Swap(0)
	c.total.requests[bucket] += word >> nanosBits
	c.total.nanos += word & nanosMask
}

// read adds everything counted so far to into, and tells the requests among it.
func (c *statusCounter) read(into *tally) (requests uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for bucket := range c.words {
		c.empty(bucket)
		into.requests[bucket] += c.total.requests[bucket]
		requests += c.total.requests[bucket]
	}
	into.nanos += c.total.nanos
	return requests
}

// Describe is for the registry.
func (m *Requests) Describe(to chan<- *prometheus.Desc) {
	to <- m.count
	to <- m.duration
}

// Collect is for the registry.
func (m *Requests) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, route := range m.routes {
		m.collect(route, to)
	}
}

func (m *Requests) collect(r *Route, to chan<- prometheus.Metric) {
	var all tally
	for i := range r.byStatus {
		if c := r.byStatus[i].Load(); c != nil {
			to <- prometheus.MustNewConstMetric(m.count, prometheus.CounterValue, float64(c.read(&all)), r.method,
				r.path, c.status)
		}
	}
	within, requests := make(map[float64]uint64, len(Buckets)), uint64(0)
	for i, seconds := range Buckets {
		requests += all.requests[i]
		within[seconds] = requests
	}
	requests += all.requests[len(Buckets)]
	to <- prometheus.MustNewConstHistogram(m.duration, requests, float64(all.nanos)/1e9, within, r.method, r.path)
}
