package budget

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// Reading is what a parser may cost: Fixed bytes of allocations (0: 4 MiB), and PerByte more for each byte that it is
// given. A parser that costs more than a constant and a multiple of what was sent lets a sender buy memory and time
// cheaply: for a fuzzer that is as much of a finding as a panic.
type Reading struct{ Fixed, PerByte int }

const (
	fixedDefault = 4 << 20
	// readingTime is the processor time that nothing a fuzzer sends may take, three times in a row: parsers take
	// microseconds, and the process may do other things now and then.
	readingTime = 2 * time.Second
)

// Check runs the parser on so many bytes of input, and fails t when that costs too much. run must be able to run again:
// other goroutines' allocations are in the count, so a finding is one only if it is made three times.
func (r Reading) Check(t testing.TB, input int, run func()) {
	t.Helper()
	if finding := r.finding(input, run); finding != "" {
		t.Fatal(finding)
	}
}

func (r Reading) finding(input int, run func()) (finding string) {
	if r.Fixed == 0 {
		r.Fixed = fixedDefault
	}
	allowed := uint64(r.Fixed) + uint64(r.PerByte)*uint64(input)
	var before, after runtime.MemStats
	for range 3 {
		runtime.ReadMemStats(&before)
		began := processorTime()
		run()
		took := processorTime() - began
		runtime.ReadMemStats(&after)
		switch spent := after.TotalAlloc - before.TotalAlloc; {
		case spent > allowed:
			finding = fmt.Sprintf("reading %d bytes allocated %d, allowed are %d", input, spent, allowed)
		case took > readingTime:
			finding = fmt.Sprintf("reading %d bytes took %v of processor time", input, took)
		default:
			return ""
		}
	}
	return finding
}
