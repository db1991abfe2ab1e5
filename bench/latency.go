package bench

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Range of every histogram: finer than a microsecond is noise, longer than two minutes is an outage. Three digits: 0.1 %.
const (
	latencyMin    = time.Microsecond
	latencyMax    = 2 * time.Minute
	latencyDigits = 3
)

// latencies is a histogram of durations. Not for concurrent use: each connection has its own, merged at the end.
type latencies struct{ h *hdrhistogram.Histogram }

func newLatencies() latencies {
	return latencies{hdrhistogram.New(int64(latencyMin), int64(latencyMax), latencyDigits)}
}

// record clamps: a value outside the range must not vanish from the tail.
func (l latencies) record(d time.Duration) {
	_ = l.h.RecordValue(int64(min(max(d, 0), latencyMax))) // cannot fail within the range
}

func (l latencies) merge(other latencies) { l.h.Merge(other.h) }

// Quantiles describe a distribution of durations; in JSON they are nanoseconds.
type Quantiles struct {
	Count uint64        `json:"count"`
	Mean  time.Duration `json:"mean_ns"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	P999  time.Duration `json:"p999_ns"`
	Max   time.Duration `json:"max_ns"`
}

func (l latencies) quantiles() Quantiles {
	at := func(q float64) time.Duration { return time.Duration(l.h.ValueAtQuantile(q)) }
	return Quantiles{
		Count: uint64(l.h.TotalCount()), Mean: time.Duration(l.h.Mean()),
		P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: time.Duration(l.h.Max()),
	}
}

// String is one line in milliseconds.
func (q Quantiles) String() string {
	if q.Count == 0 {
		return "none"
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return fmt.Sprintf("p50 %.3f ms, p90 %.3f, p99 %.3f, p99.9 %.3f, max %.3f (n=%d)", ms(q.P50), ms(q.P90), ms(q.P99), ms(q.P999), ms(q.Max), q.Count)
}
