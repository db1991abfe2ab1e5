package request

import (
	"errors"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
)

// script answers each sending with the next of its errors; then with none.
type script struct {
	errs []error
	sent int
}

func (d *script) Send(r *Request, _ time.Time) *writer.Failure {
	r.Err = nil
	if d.sent < len(d.errs) {
		r.Err = d.errs[d.sent]
	}
	d.sent++
	r.Tell()
	return nil
}

func (d *script) Elsewhere() bool { return true }

// TestLostRequestIsSentAgainUnderItsKeyOnly: a request that was lost on its way may have had its effect. With a key it
// is sent again, and is unknown if no section takes it; without one it is unknown at once (P3).
func TestLostRequestIsSentAgainUnderItsKeyOnly(t *testing.T) {
	times := func(n int, err error) (list []error) {
		for range n {
			list = append(list, err)
		}
		return list
	}
	for _, c := range []struct {
		name string
		key  bool
		errs []error
		sent int
		want *writer.Failure
	}{
		{"answered", false, nil, 1, nil},
		{"lost, with a key", true, []error{PeerLost}, 2, nil},
		{"lost, without a key", false, []error{PeerLost}, 1, PeerLost},
		{"moved", false, []error{shard.Moved}, 2, nil},
		{"moved in a circle", true, times(attemptsMax, shard.Moved), attemptsMax, shard.Moved},
		{"lost, then refused", true, []error{PeerLost, shard.Overloaded}, 2, PeerLost},
		{"refused", true, []error{shard.Overloaded}, 1, shard.Overloaded},
		{"a plain no in place of an outcome", true, []error{errors.New("no")}, 1, writer.Unavailable},
	} {
		r := New()
		if c.key {
			r.Command.Request = section.RequestID{1}
		}
		retrier, to := &Retrier{Context: t.Context(), Clock: shard.RealRuntime{}}, &script{errs: c.errs}
		if failed := retrier.Do(to, r, time.Now().Add(time.Minute)); failed != c.want || to.sent != c.sent {
			t.Errorf("%s: %v after %d sendings, want %v after %d", c.name, failed, to.sent, c.want, c.sent)
		}
	}
}
