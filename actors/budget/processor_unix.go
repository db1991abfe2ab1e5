//go:build unix

package budget

import (
	"syscall"
	"time"
)

// processorTime is what this process has used so far. Unlike a clock it does not count what other processes did
// meanwhile.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // it has no error that a caller could cause
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
