//go:build unix

package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is what this process has used of all cores, user and system.
func processorTime() time.Duration {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(unix.TimevalToNsec(usage.Utime) + unix.TimevalToNsec(usage.Stime))
}

// threadTime is what this thread has used. Where the system does not tell, a loop looks idle.
func threadTime() time.Duration {
	var used unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &used) != nil {
		return 0
	}
	return time.Duration(unix.TimespecToNsec(used))
}
