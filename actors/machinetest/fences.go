package machinetest

import (
	"errors"

	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// fencedComesBack: P3. Another node's claim ends the life at its next record. It does not come back by itself: only who
// asks after a rest may have it claim, if the other has gone.
func fencedComesBack(b *bench) {
	old, next := b.newSite(b.Kind), b.newSite(b.Kind)
	life := old.serve()
	old.wantYes("before", old.send(b.Command(0)))
	next.may.Store(true)
	successor := next.serve()
	next.wantYes("the new owner serves", next.send(b.Command(1)))
	late := old.send(b.Command(1))
	old.wantError("P1: sold by the new owner", late, writer.ErrUnavailable)
	why := old.wantEnd(life)
	var fenced *storage.FencedError
	if !errors.As(why, &fenced) || !writer.LostTo(why) {
		b.Errorf("P3: fenced, it ended with %v", why)
	}
	b.wantNoReturn(old)
	next.wantYes("the new owner was not disturbed", next.send(b.Command(2)))
	old.runtime.at.Add(int64(patience)) // the rest is over
	_, err := old.Activate()
	b.must(err)
	if why := await(b, "a failure", old.host.failed); !errors.Is(why, writer.ErrNotOurs) {
		b.Errorf("P3: it took the shard back: %v", why)
	}
	next.Drain(b.Context(), shard.Leave{Release: true})
	next.wantEnd(successor)
	old.runtime.at.Add(int64(patience))
	if back := old.serve(); back.Epoch() != successor.Epoch()+1 {
		b.Errorf("back with epoch %d after %d", back.Epoch(), successor.Epoch())
	}
	old.wantNo("it has what the other sold", old.send(b.Refused(1)))
}

// wantNoReturn waits for the one look that a stopped shard takes at itself, and sees that nothing follows.
func (b *bench) wantNoReturn(s *site) {
	b.Helper()
	await(b, "the first activation", s.host.placed)
	await(b, "a look whether it may come back", s.host.placed)
	if s.Phase() != writer.Stopped || s.Serving() != nil || s.MayActivate() {
		b.Errorf("P3: it comes back by itself: %v", s.Phase())
	}
	if _, err := s.Activate(); !errors.Is(err, writer.ErrUnavailable) {
		b.Errorf("P3: it may be claimed without a rest: %v", err)
	}
}

// seenFenceIgnored: P3. A life that hears of a higher epoch in its log ends before it writes; one that is told of its
// own epoch is confirmed.
func seenFenceIgnored(b *bench) {
	old, next := b.newSite(b.Kind), b.newSite(b.Kind)
	life := old.serve()
	old.wantYes("before", old.send(b.Command(0)))
	old.lease.Store(2)
	old.wantError("P3: nobody has looked under the new lease", old.send(b.Refused(0)), writer.ErrUnavailable)
	life.SawTail(b.tail(), 2)
	old.wantNo("its own tail was seen under the new lease", old.send(b.Refused(0)))
	next.may.Store(true)
	next.serve()
	life.SawTail(b.tail(), 3)
	if why := old.wantEnd(life); !writer.LostTo(why) {
		b.Errorf("P3: it ended with %v", why)
	}
	b.wantNoReturn(old)
}

// foreignTriedAgain: P3. A log that is another node's is left alone until somebody asks.
func foreignTriedAgain(b *bench) {
	owner, other := b.newSite(b.Kind), b.newSite(b.Kind)
	owner.serve()
	before := b.tail()
	_, err := other.Activate()
	b.must(err)
	if why := await(b, "a failure", other.host.failed); !errors.Is(why, writer.ErrNotOurs) {
		b.Errorf("P3: a living node's log: %v", why)
	}
	if other.Phase() != writer.Stopped || other.MayActivate() || b.tail() != before {
		b.Errorf("P3: it is %v, may try %v, and the log ends with %+v", other.Phase(), other.MayActivate(), b.tail())
	}
	owner.wantYes("it was not disturbed", owner.send(b.Command(0)))
}
