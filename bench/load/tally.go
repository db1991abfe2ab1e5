package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// KindResult is what became of one kind of request.
type KindResult struct {
	Name     string   `json:"name"`
	Outcomes Outcomes `json:"outcomes"`
	// Latency by outcome, from the intended start to the last byte; empty where there was none.
	Latency [OutcomeCount]Latencies `json:"latency"`
}

func (k *KindResult) record(class Outcome, took time.Duration) {
	k.Outcomes[class]++
	if k.Latency[class].h == nil {
		k.Latency[class] = NewLatencies()
	}
	k.Latency[class].Record(took)
}

func (k *KindResult) merge(other *KindResult) {
	k.Outcomes.Add(&other.Outcomes)
	for class := range other.Latency {
		if theirs := other.Latency[class]; theirs.h != nil {
			if k.Latency[class].h == nil {
				k.Latency[class] = NewLatencies()
			}
			k.Latency[class].Merge(theirs)
		}
	}
}

// All is the latency of the given outcomes together, all of them when none is given.
func (k *KindResult) All(classes ...Outcome) Latencies {
	sum := NewLatencies()
	if len(classes) == 0 {
		for class := range OutcomeCount {
			classes = append(classes, class)
		}
	}
	for _, class := range classes {
		if l := k.Latency[class]; l.h != nil {
			sum.Merge(l)
		}
	}
	return sum
}

// Steps of a Series: as fine as stepMin, and coarser (twice, four times …) once there are more than stepsMax of them.
const (
	stepMin  = 100 * time.Millisecond
	stepsMax = 1200
)

// Series is answers over time. Step i covers [i, i+1) × Width from the load's beginning, by the moment of the answer.
type Series struct {
	Width time.Duration `json:"width_ns"`
	Steps []Step        `json:"steps"`
}

// Step is one stretch of time. Useful are changes of state that were acknowledged.
type Step struct {
	Outcomes Outcomes      `json:"outcomes"`
	Useful   uint64        `json:"useful"`
	P50      time.Duration `json:"p50_ns"`
	P99      time.Duration `json:"p99_ns"`

	latency *hdrhistogram.Histogram // one digit: within 10 %, which is what a plot shows
}

func newSeries() Series { return Series{Width: stepMin} }

func (s *Series) record(at, took time.Duration, class Outcome, useful bool) {
	i := int(max(at, 0) / s.Width)
	for i >= stepsMax {
		s.coarsen()
		i = int(at / s.Width)
	}
	for i >= len(s.Steps) {
		s.Steps = append(s.Steps, Step{})
	}
	step := &s.Steps[i]
	step.Outcomes[class]++
	if useful {
		step.Useful++
	}
	if step.latency == nil {
		step.latency = hdrhistogram.New(int64(latencyMin), int64(latencyMax), 1)
	}
	_ = step.latency.RecordValue(int64(min(max(took, 0), latencyMax))) // cannot fail within the range
}

// coarsen makes steps twice as wide.
func (s *Series) coarsen() {
	half := (len(s.Steps) + 1) / 2
	for i := range half {
		merged := s.Steps[2*i]
		if 2*i+1 < len(s.Steps) {
			merged.merge(&s.Steps[2*i+1])
		}
		s.Steps[i] = merged
	}
	s.Steps = s.Steps[:half]
	s.Width *= 2
}

func (t *Step) merge(other *Step) {
	t.Outcomes.Add(&other.Outcomes)
	t.Useful += other.Useful
	switch {
	case t.latency == nil:
		t.latency = other.latency
	case other.latency != nil:
		t.latency.Merge(other.latency)
	}
	// of steps that came from another process: the worse one
	t.P50, t.P99 = max(t.P50, other.P50), max(t.P99, other.P99)
}

func (s *Series) merge(other *Series) {
	for s.Width < other.Width {
		s.coarsen()
	}
	for other.Width < s.Width {
		other.coarsen()
	}
	for i := range other.Steps {
		if i == len(s.Steps) {
			s.Steps = append(s.Steps, Step{})
		}
		s.Steps[i].merge(&other.Steps[i])
	}
}

func (s *Series) finish() {
	for i := range s.Steps {
		if h := s.Steps[i].latency; h != nil {
			s.Steps[i].P50, s.Steps[i].P99 = time.Duration(h.ValueAtQuantile(50)), time.Duration(h.ValueAtQuantile(99))
		}
	}
}
