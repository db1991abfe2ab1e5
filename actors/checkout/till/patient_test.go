package till

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/checkout/processor"
)

// stuck is a processor that never answers.
type stuck struct{ processor.Processor }

func (stuck) Open(ctx context.Context, _ processor.Opening) (processor.Reference, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// TestNobodyIsWaitedForBeyondTheDeadline: a processor that never answers is given up in time for what follows, also
// where the deadline wakes nobody, is nearly reached, or is over.
func TestNobodyIsWaitedForBeyondTheDeadline(t *testing.T) {
	for _, c := range []struct{ patience, left, want time.Duration }{
		{time.Second, time.Minute, time.Second},
		{time.Hour, time.Minute, time.Minute - Margin},
		{time.Hour, Margin + Margin/2, Margin},
		{time.Hour, Margin / 2, Margin / 2},
		{time.Hour, -time.Second, 0},
	} {
		for _, wakes := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ctx := Until(t.Context(), began.Add(c.left))
				if wakes {
					var cancel context.CancelFunc
					ctx, cancel = context.WithDeadline(t.Context(), began.Add(c.left))
					defer cancel()
				}
				_, err := Patient(stuck{}, c.patience).Open(ctx, processor.Opening{})
				if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != c.want {
					t.Errorf("%+v, wakes %v: %v after %v", c, wakes, err, took)
				}
			})
		}
	}
}
