package machinetest

import (
	"bytes"
	"errors"

	"holdfast/actors/machine"
	"holdfast/actors/replica"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// follower is a replica's surroundings. Its channels have room for all that a case can make it hear.
type follower struct {
	took         chan machine.Seq
	dropped      chan machine.Machine
	contradicted chan struct{}
	stuck        chan error
}

var _ replica.Host = (*follower)(nil)

func newFollower() *follower {
	return &follower{took: make(chan machine.Seq, 1024), dropped: make(chan machine.Machine, 16),
		contradicted: make(chan struct{}, 16), stuck: make(chan error, 16)}
}

func (*follower) Loaded(machine.Machine, storage.Tail) {}

func (*follower) Saw(storage.Tail) {}

func (f *follower) Took(e *storage.Entry, _ storage.Hash, _ machine.Machine, _ machine.Effects) {
	f.took <- e.Seq
}

func (f *follower) Dropped(m machine.Machine) { f.dropped <- m }

func (f *follower) Contradicted() { f.contradicted <- struct{}{} }

func (f *follower) Stuck(why error) { f.stuck <- why }

// wantFollowed waits until a replica has come as far as the log, and holds it against a replay.
func (b *bench) wantFollowed(when string, r *replica.Replica, f *follower) {
	b.Helper()
	tail := b.tail()
	for at, _ := r.Position(); at.Seq < tail.Seq; at, _ = r.Position() {
		await(b, when, f.took)
	}
	r.Inspect(func(m machine.Machine, _, _ bool) {
		if got, want := b.stateAt(m, tail.Seq+1), b.stateAt(b.replay(tail, nil), tail.Seq+1); !bytes.Equal(got, want) {
			b.Fatalf("P10: %s: the replica:\n%x\nthe log:\n%x", when, got, want)
		}
	})
}

// replicaDiffers: P10. Records come from a link late, twice, or not at all; the log fills what is missing. Where the
// owner has gone, the shard goes on from what was followed, and replays nothing.
func replicaDiffers(b *bench) {
	owner, next := b.newSite(b.Kind), b.newSite(b.Kind)
	life := owner.serve()
	owner.wantYes("before", owner.send(b.Command(0)))
	f := newFollower()
	r := replica.New(&next.node, f, b.key, b.Kind, witness.New().Of(b.key))
	if !r.Start() {
		b.Fatal("it does not start")
	}
	await(b, "the load", r.Loaded())
	b.wantFollowed("loaded", r, f)
	for n := 1; n < 20; n++ {
		owner.wantYes("served", owner.send(b.Command(n)))
		all := b.entries()
		if last := &all[len(all)-1]; n%3 != 0 {
			r.Record(last)
			r.Record(last)
			r.Record(&all[0])
		} else if n%2 == 0 {
			r.KnownTo(last.Seq)
		}
		if n == 10 {
			b.pass(b.Timer)
			life.LookAtTimers()
		}
	}
	r.KnownTo(b.tail().Seq)
	b.wantFollowed("served", r, f)
	owner.Drain(b.Context(), shard.Leave{Release: true})
	owner.wantEnd(life)
	r.KnownTo(b.tail().Seq)
	b.wantFollowed("released", r, f)
	next.host.followed, next.host.at = r.Take()
	m := await(b, "its surroundings forget it", f.dropped)
	if m != next.host.followed || len(f.stuck)+len(f.contradicted) > 0 {
		b.Errorf("another machine is taken than was dropped; %d are stuck", len(f.stuck))
	}
	next.serve()
	next.wantNo("it has what was followed", next.send(b.Refused(19)))
	if next.host.replayed != 0 {
		b.Errorf("%d changes are replayed of a log that was followed", next.host.replayed)
	}
	if at, _ := r.Position(); at.Seq == b.tail().Seq {
		b.Error("a replica that was taken follows on")
	}
}

// damagedFollowed: P10. A log that is damaged, or no longer what was acknowledged, is not followed, and says so.
func damagedFollowed(b *bench) {
	b.history()
	s, tail := b.newSite(b.Kind), b.tail()
	seen := witness.New().Of(b.key)
	seen.Saw(tail.Seq+1, tail.Epoch, storage.Hash{1})
	for _, row := range []struct {
		seen *witness.Seen
		harm func()
		want func(error) bool
	}{
		{seen, func() {}, writer.HasLost},
		{witness.New().Of(b.key), func() { b.store.Damage(b.key, tail.Seq) }, func(err error) bool {
			var corrupt *storage.CorruptError
			return errors.As(err, &corrupt) && corrupt.Seq == tail.Seq
		}},
	} {
		row.harm()
		f := newFollower()
		r := replica.New(&s.node, f, b.key, b.Kind, row.seen)
		r.Start()
		if why := await(b, "a word", f.stuck); !row.want(why) {
			b.Errorf("P10: it is stuck for %v", why)
		}
		await(b, "the end of the load", r.Loaded())
		if m, _ := r.Take(); m != nil || !r.IsStuck() {
			b.Error("P10: what is damaged is followed")
		}
	}
}
