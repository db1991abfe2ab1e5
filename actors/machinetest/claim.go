package machinetest

import (
	"errors"

	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// takenFromTheLiving: P3. A log is left alone unless its writer may be followed, and the refusal names whose it is.
func takenFromTheLiving(b *bench) {
	owner := b.begin()
	before := b.tail()
	_, err := writer.Claim(b.Context(), b.store, b.key, b.claimant(false), b.now())
	var not *writer.NotOursError
	if !errors.Is(err, writer.ErrNotOurs) || !errors.As(err, &not) || not.Tail.Writer != owner.id {
		b.Errorf("P3: a living writer's log is claimed: %v", err)
	}
	if b.tail() != before {
		b.Error("P3: the refused claim is in the log")
	}
	yes := owner.submit(b.Command(0))
	owner.settle()
	owner.wantYes("it was not disturbed", yes)
	mine := b.claimant(false)
	mine.Writer = owner.id
	if _, err := writer.Claim(b.Context(), b.store, b.key, mine, b.now()); err != nil {
		b.Errorf("one's own log is refused: %v", err)
	}
}

// lostRecordsClaimed: P2. A log without what was acknowledged is not the log, whoever may claim it.
func lostRecordsClaimed(b *bench) {
	l := b.begin()
	for n := range 3 {
		l.submit(b.Command(n))
		l.settle()
	}
	tail, seen := b.tail(), witness.New().Of(b.key)
	seen.Saw(tail.Seq, tail.Epoch, tail.Hash)
	who := b.claimant(true)
	who.Seen = seen
	b.store.Lose(b.key, tail.Seq-1)
	before := b.tail()
	var lost *witness.LostError
	if _, err := writer.Claim(b.Context(), b.store, b.key, who, b.now()); !errors.As(err, &lost) {
		b.Errorf("P2: a log that lost record %d is claimed: %v", tail.Seq, err)
	} else if writer.AfterStop(err) != writer.Condemned {
		b.Error("P2: it may come back by itself")
	}
	if b.tail() != before {
		b.Error("P2: the refused claim is in the log")
	}
}

// decidedAfterRelease: P3. The release is a life's last word: what it did not judge may be judged elsewhere.
func decidedAfterRelease(b *bench) {
	l := b.begin()
	busy := l.submit(b.Command(0))
	l.w.Release(b.now())
	p := l.ready()
	if p == nil || p.Append.Entry.Kind != storage.EntryChanges {
		b.Fatalf("a writer that was not idle is released by record %+v", p)
	}
	l.land(p)
	l.wantYes("the release was refused", busy)
	l.w.Release(b.now())
	l.wantNotDone("leaving", l.submit(b.Command(1)), l.submit(b.Refused(0)))
	if p = l.ready(); p == nil || p.Append.Entry.Kind != storage.EntryReleased || l.w.Released() {
		b.Fatalf("the release is record %+v, released %v", p, l.w.Released())
	}
	l.advance(p, storage.ErrUnknown)
	if l.w.Released() {
		b.Error("P3: released although nobody knows")
	}
	p = l.ready()
	l.land(p)
	if tail := b.tail(); !l.w.Released() || tail != l.w.Tail() || tail.Kind != storage.EntryReleased {
		b.Errorf("the log ends with %+v, the writer with %+v", tail, l.w.Tail())
	}
	b.pass(b.Timer)
	l.wantNotDone("released", l.submit(b.Command(2)))
	if l.w.RunTimers(b.now()) || l.ready() != nil {
		b.Error("P3: a released life still writes")
	}
	next := b.begin()
	yes := next.submit(b.Command(1))
	next.settle()
	next.wantYes("the next life", yes)
	next.wantReplay("the next life")
}
