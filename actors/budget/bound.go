package budget

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// What reading input may cost at most besides what the input itself earns, for fuzzers. Bytes are exact enough; time has room for a
// machine that does other things, and is taken three times before anything is said.
const (
	boundBytes = 4 << 20
	boundTime  = 2 * time.Second
)

// Reader runs a target on so many bytes of input, and fails t when that allocated more than 4 MiB and perByte bytes for each byte of
// input, or took longer than 2 s three times in a row. A target that costs more than a constant and a multiple of what was sent lets a
// sender buy memory and time cheaply: that is a finding as much as a panic is. run must be able to run again.
func Reader(t testing.TB, input, perByte int, run func()) {
	t.Helper()
	if finding := readerFinding(input, perByte, run); finding != "" {
		t.Fatal(finding)
	}
}

func readerFinding(input, perByte int, run func()) string {
	allowed := uint64(boundBytes + input*perByte)
	var before, after runtime.MemStats
	for tries := 0; ; tries++ {
		runtime.ReadMemStats(&before)
		began := time.Now()
		run()
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		spent := after.TotalAlloc - before.TotalAlloc
		switch {
		case spent <= allowed && took <= boundTime:
			return ""
		case tries < 2: // somebody else's allocations are in the count, and somebody else's work in the time
		case spent > allowed:
			return fmt.Sprintf("reading %d bytes allocated %d, allowed are %d", input, spent, allowed)
		default:
			return fmt.Sprintf("reading %d bytes took %v", input, took)
		}
	}
}
