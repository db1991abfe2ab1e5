package meter

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// judge counts by the library what Requests counts.
type judge struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newJudge() (*judge, *prometheus.Registry) {
	j := &judge{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_http_requests_total",
			Help: "Requests answered."}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "holdfast_http_request_duration_seconds",
			Help: "From the request being read to its answer being ready.", Buckets: Buckets[:]},
			[]string{"method", "route"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(j.requests, j.duration)
	return j, registry
}

func (j *judge) count(method, path string, status int, took time.Duration) {
	j.requests.WithLabelValues(method, path, strconv.Itoa(status)).Inc()
	j.duration.WithLabelValues(method, path).Observe(took.Seconds())
}

func page(t testing.TB, registry *prometheus.Registry) []string {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Split(text.String(), "\n")
}

func registered(m *Requests) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	return registry
}

// samePages compares what a scrape shows, to the letter; sums of seconds to the twelfth digit, for the library adds
// fractions, whose order tells.
func samePages(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for i := range got {
		name, value, _ := strings.Cut(got[i], "} ")
		wantName, wantValue, _ := strings.Cut(want[i], "} ")
		if strings.HasPrefix(name, "holdfast_http_request_duration_seconds_sum") && name == wantName {
			a, errA := strconv.ParseFloat(value, 64)
			b, errB := strconv.ParseFloat(wantValue, 64)
			if errA == nil && errB == nil && math.Abs(a-b) <= 1e-12*b {
				continue
			}
		}
		if got[i] != want[i] {
			t.Errorf("%s\nwant %s", got[i], want[i])
		}
	}
}

// Kind: a metric that another way of counting renames, or counts otherwise. Every bound, and a nanosecond on either
// side of it, goes into the bucket that the library puts it into.
func TestScrapesShowWhatTheLibraryShows(t *testing.T) {
	m, registry := New(), prometheus.NewRegistry()
	registry.MustRegister(m)
	j, judged := newJudge()
	m.Route("GET", "/never")
	j.duration.WithLabelValues("GET", "/never")
	took := []time.Duration{0, 1, time.Hour, longNanos - 1, longNanos, longNanos + 1}
	for _, seconds := range Buckets {
		bound := time.Duration(seconds * float64(time.Second))
		took = append(took, bound-1, bound, bound+1)
	}
	for i, d := range took {
		for _, status := range []int{200, 201, 409, 409 + i%3, 599, 600, 7} {
			m.Route("POST", "/v1/events/{event}/bookings").Count(status, d)
			j.count("POST", "/v1/events/{event}/bookings", status, d)
		}
		m.Route("ANY", "unmatched").Count(404, d)
		j.count("ANY", "unmatched", 404, d)
	}
	for range 2 { // a scrape changes nothing
		// 599 and above are one counter, under the name of the first.
		want := page(t, judged)
		for i := range want {
			want[i] = strings.Replace(want[i], `status="599"} `+strconv.Itoa(len(took)), `status="599"} `+
				strconv.Itoa(2*len(took)), 1)
		}
		want = without(want, `status="600"`)
		samePages(t, page(t, registry), want)
	}
}

func without(lines []string, text string) (kept []string) {
	for _, line := range lines {
		if !strings.Contains(line, text) {
			kept = append(kept, line)
		}
	}
	return kept
}

// Kind: a packed counter that runs over. The words are filled many times over, beside scrapes that empty them.
func TestNothingIsLostBetweenScrapes(t *testing.T) {
	m := New()
	route, registry := m.Route("POST", "/x"), registered(m)
	const goroutines, each = 4, 100_000
	took := time.Duration(longNanos - 1)
	var counting, scraping sync.WaitGroup
	over := make(chan struct{})
	scraping.Go(func() {
		before := uint64(0)
		for {
			var now tally
			if c := route.byStatus[309].Load(); c != nil {
				if requests := c.read(&now); requests < before || now.nanos != requests*uint64(took) {
					t.Errorf("%d requests after %d, in %d ns", requests, before, now.nanos)
				} else {
					before = requests
				}
			}
			select {
			case <-over:
				return
			default:
			}
		}
	})
	for range goroutines {
		counting.Go(func() {
			for range each {
				route.Count(409, took)
			}
		})
	}
	counting.Wait()
	close(over)
	scraping.Wait()
	seconds := strconv.FormatFloat(float64(goroutines*each)*float64(took)/1e9, 'g', -1, 64)
	text := strings.Join(page(t, registry), "\n")
	for _, line := range []string{`holdfast_http_requests_total{method="POST",route="/x",status="409"} 400000`,
		`holdfast_http_request_duration_seconds_count{method="POST",route="/x"} 400000`,
		`holdfast_http_request_duration_seconds_sum{method="POST",route="/x"} ` + seconds} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
}

// Kind: a packed counter whose parts run into each other without a scrape: by requests, and by their time.
func TestWordsAreEmptiedBeforeTheyAreFull(t *testing.T) {
	for _, c := range []struct {
		requests uint64
		took     time.Duration
	}{{5 << 20, 1}, {5 << 20, 40_000}, {1 << 18, longNanos - 1}} {
		var counter statusCounter
		for range c.requests {
			counter.count(c.took)
		}
		if counter.total.requests[bucketOf(int64(c.took))] == 0 {
			t.Errorf("%d requests of %d ns filled no word", c.requests, c.took)
		}
		var all tally
		if got := counter.read(&all); got != c.requests || all.nanos != c.requests*uint64(c.took) {
			t.Errorf("%d requests of %d ns: %d in %d ns", c.requests, c.took, got, all.nanos)
		}
	}
}

func BenchmarkCount(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		route := New().Route("POST", "/x")
		b.ReportAllocs()
		for b.Loop() {
			route.Count(409, 60*time.Microsecond)
		}
	})
	b.Run("by-the-library", func(b *testing.B) {
		j, _ := newJudge()
		requests, duration := j.requests.WithLabelValues("POST", "/x", "409"), j.duration.WithLabelValues("POST", "/x")
		for b.Loop() {
			requests.Inc()
			duration.Observe((60 * time.Microsecond).Seconds())
		}
	})
	b.Run("parallel", func(b *testing.B) {
		route := New().Route("POST", "/x")
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				route.Count(409, 60*time.Microsecond)
			}
		})
	})
	b.Run("parallel-by-the-library", func(b *testing.B) {
		j, _ := newJudge()
		requests, duration := j.requests.WithLabelValues("POST", "/x", "409"), j.duration.WithLabelValues("POST", "/x")
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				requests.Inc()
				duration.Observe((60 * time.Microsecond).Seconds())
			}
		})
	})
}
