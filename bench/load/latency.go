package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Range of every histogram: finer than a microsecond is noise, longer than two minutes is an outage. Three digits: 0.1
// %.
const (
	latencyMin    = time.Microsecond
	latencyMax    = 2 * time.Minute
	latencyDigits = 3
)

// Latencies is a histogram of durations. Not for concurrent use: each loop has its own, merged at the end.
type Latencies struct{ h *hdrhistogram.Histogram }

// NewLatencies makes an empty one.
func NewLatencies() Latencies {
	return Latencies{hdrhistogram.New(int64(latencyMin), int64(latencyMax), latencyDigits)}
}

// Record clamps: a value outside the range must not vanish from the tail.
func (l Latencies) Record(d time.Duration) {
	_ = l.h.RecordValue(int64(min(max(d, 0), latencyMax))) // cannot fail within the range
}

// Merge adds the other's durations.
func (l Latencies) Merge(other Latencies) { l.h.Merge(other.h) }

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

// Quantiles reads the usual ones.
func (l Latencies) Quantiles() Quantiles {
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
	return fmt.Sprintf("p50 %.3f ms, p90 %.3f, p99 %.3f, p99.9 %.3f, max %.3f (n=%d)", ms(q.P50), ms(q.P90), ms(q.P99),
		ms(q.P999), ms(q.Max), q.Count)
}

// Count is how many durations were recorded.
func (l Latencies) Count() uint64 { return uint64(l.h.TotalCount()) }

// At is the duration that the part q (0 … 1) of all did not exceed.
func (l Latencies) At(q float64) time.Duration { return time.Duration(l.h.ValueAtQuantile(100 * q)) }

// MarshalJSON keeps every count, so that parts measured by several processes can be merged.
func (l Latencies) MarshalJSON() ([]byte, error) {
	if l.h == nil {
		return []byte("null"), nil
	}
	return json.Marshal(sparse(l.h.Export()))
}

// UnmarshalJSON is the way back.
func (l *Latencies) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var kept [][2]int64
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("load: latencies: %w", err)
	}
	made := NewLatencies()
	all := made.h.Export()
	for _, pair := range kept {
		if pair[0] < 0 || pair[0] >= int64(len(all.Counts)) || pair[1] < 0 {
			return errors.New("load: latencies: a count outside the histogram")
		}
		all.Counts[pair[0]] = pair[1]
	}
	l.h = hdrhistogram.Import(all)
	return nil
}

// sparse lists the counts that are not zero: most of a histogram is empty.
func sparse(all *hdrhistogram.Snapshot) [][2]int64 {
	kept := [][2]int64{}
	for i, n := range all.Counts {
		if n != 0 {
			kept = append(kept, [2]int64{int64(i), n})
		}
	}
	return kept
}
