package actors

import (
	"context"
	"time"

	"holdfast/actors/coordinator"
	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// decidedUnknown stands for the moment of a judgement that this node was not told of.
const decidedUnknown = coordinator.DecidedUnknown

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

// A search over sections grants where seats are, and a key that it carries may have been granted in any other section
// before. So a node alone searches only while it knows of every section of the event what keys that one has met (P5):
// it has loaded the section, and no other process can have written its log since. Without this rule a process that
// takes over one section after the other would place a hold again that stands in a section which it does not have yet.
//
// Two processes cannot both know: whoever has claimed all sections has fenced everybody else out of each of them.
//
// In a cluster the buyer's coordinator sees to it instead (see peer.Searches). A condemned section counts as
// known: nothing more can be learnt of it, and the others sell on.

// learnedKeys notes that the event's index has the section's keys.
func (s *Section) learnedKeys() {
	if s.keysKnown.CompareAndSwap(false, true) {
		s.keysUnknown.Add(-1)
	}
}

// forgetKeys notes that the section does not serve here, for that reason, so that it may be given keys elsewhere if
// others can write the store.
func (s *Section) forgetKeys(why error) {
	switch {
	case writer.AfterStop(why) == Condemned:
		s.learnedKeys()
	case s.engine.cfg.shared && s.keysKnown.CompareAndSwap(true, false):
		s.keysUnknown.Add(1)
	}
}

// mayBeElsewhere says that a search under this key could place a second hold for it. It has the sections that stand in
// the way activated, as asking them would.
func (t *bookingCall) mayBeElsewhere() bool {
	if t.ev.engine.coordinator != nil || t.call.Request == (section.RequestID{}) || t.o.keysUnknown.Load() == 0 {
		return false
	}
	for _, s := range t.o.sections {
		if s.shard.Serving() == nil {
			_, _ = s.shard.Activate() // ErrUnavailable: it may not come now
		}
	}
	return true
}
