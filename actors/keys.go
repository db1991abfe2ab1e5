package actors

import (
	"context"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/section"
	"holdfast/storage"
)

// judgedUnknown stands for the moment of a judgement that this node was not told of.
const judgedUnknown = coordinator.JudgedUnknown

// enterKey registers a request in the event's index by the deadline. A search has its key for itself: it waits for
// other calls under the key to end, and they wait for it. ErrTimeout: some use of the key has not ended.
func (ev *event) enterKey(
	deadline time.Time, id section.RequestID, no storage.SectionNo, search bool,
) (at storage.SectionNo, known bool, err error) {
	for {
		at, known, busy := ev.index.Enter(id, no, search)
		if busy == nil {
			return at, known, nil
		}
		if !ev.engine.clock.Await(context.Background(), deadline, busy, nil) {
			return 0, false, ErrTimeout
		}
	}
}
