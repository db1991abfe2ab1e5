package bench

import (
	"context"
	"syscall"
	"time"
)

// pauseSlice bounds how long a cancelled pacer sleeps on.
const pauseSlice = 50 * time.Millisecond

// pause waits at most d, in the kernel: the runtime's timers round a sleep up to a millisecond when the process is idle, which
// would be counted as the server's latency. A signal ends it early, so the caller looks at the clock again.
func pause(_ context.Context, d time.Duration) {
	spec := syscall.NsecToTimespec(int64(min(d, pauseSlice)))
	_ = syscall.Nanosleep(&spec, nil) // interrupted is as good as over
}
