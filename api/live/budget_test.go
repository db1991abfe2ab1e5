package live

import (
	"context"
	"strconv"
	"testing"
	"time"

	"holdfast/actors/budget"
	"holdfast/actors/section"
	"holdfast/storage"
)

// TestBudgets holds the hot paths of this package against their allocations.
func TestBudgets(t *testing.T) { budget.Check(t, raceDetector, budgets) }

var budgets = []budget.Path{
	budget.Exact("availability of 46,200 seats, made anew", 10, 60, rebuiltPath),
	budget.About("one change told to a client", 100, 604, 20, fanOutPath(1)), // encoding it once
	// So for each client nothing: 100,000 frames. A busy machine collects garbage meanwhile and empties pools, a few
	// hundred at most.
	budget.About("one change told to 1,000 clients", 100, 604, 500, fanOutPath(1000)),
}

// BenchmarkAvailabilityAnew times what has no benchmark of its own, under the name of its budget.
func BenchmarkAvailabilityAnew(b *testing.B) { budgets[0].Benchmark(b) }

// rebuiltPath encodes a stadium's map, as the first reader after a change does for all the others.
func rebuiltPath(t testing.TB) func() {
	live, event := newFakeMap(1), &storage.Event{}
	live.letters, live.seqs = nil, nil
	for i := range 60 {
		letters := make([]byte, 770)
		for j := range letters {
			letters[j] = 'a'
		}
		live.letters, live.seqs = append(live.letters, letters), append(live.seqs, 1)
		event.Sections = append(event.Sections, storage.SectionInfo{ID: "S" + strconv.Itoa(i)})
	}
	m := newEventMap(event, live)
	return func() {
		d, err := m.build()
		if err != nil {
			t.Fatal(err)
		}
		m.plain.Keep(d)
	}
}

// fanOutPath is one change on its way to so many clients, without the system calls.
func fanOutPath(clients int) func(testing.TB) func() {
	return func(t testing.TB) func() {
		live, m, s, cfg := streamBench(1000)
		cfg.Flush, cfg.Checkpoint, cfg.Heartbeat = 1, time.Hour, time.Hour
		arrived := sinks(s, m, clients)
		t.Cleanup(func() { _ = s.close(context.Background()) }) // its clients have no connections that could fail
		n := section.SeatIndex(0)
		return func() {
			n++
			arrived.Add(clients)
			live.set(0, n%4, section.Held)
			arrived.Wait()
		}
	}
}
