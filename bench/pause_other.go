//go:build !linux

package bench

import (
	"context"
	"time"
)

// pause waits at most d, as precisely as the runtime's timers are.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
