package peerlink

import (
	"testing"

	"holdfast/actors/budget"
)

// TestBudgets: a message is copied into a frame that there is, and a frame of another one is read where it lies.
func TestBudgets(t *testing.T) {
	message := make([]byte, 100)
	budget.Check(t, raceDetector, []budget.Path{
		budget.Exact("a message to a peer", 2000, 0, func(testing.TB) func() {
			o := newOutbox(1<<30, func() int64 { return 1 })
			return func() {
				if !o.put(message) {
					panic("no room")
				}
				f, ok := o.take()
				if !ok {
					panic("nothing waits")
				}
				buffers.Put(f.data)
			}
		}),
		budget.Exact("a frame of a peer", 2000, 0, func(testing.TB) func() {
			read := frameOf(string(message), string(message))
			return func() {
				if _, _, n, err := parseFrame(read, ProtocolStream); n != 2 || err != nil {
					panic("not read")
				}
			}
		}),
	})
}
