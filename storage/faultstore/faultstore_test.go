package faultstore_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
	"holdfast/storage/storetest"
)

func TestConformanceWithoutRules(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Factory {
		inner := memstore.New()
		return storetest.Factory{
			Open: func(*testing.T) storage.Store { return faultstore.Wrap(inner, 1) },
			Reopen: func(t *testing.T, s storage.Store) storage.Store {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				inner = inner.Reopen()
				return faultstore.Wrap(inner, 1)
			},
			Damage: func(_ *testing.T, _ storage.Store, key storage.SectionKey, seq section.Seq) { inner.Damage(key, seq) },
		}
	})
}

var ctx = context.Background()

// owner writes one section's log through a faultstore.
type owner struct {
	t     *testing.T
	inner *memstore.Store
	store *faultstore.Store
	key   storage.SectionKey
	tail  storage.Tail
}

func newOwner(t *testing.T, rules ...faultstore.Rule) *owner {
	inner := memstore.New()
	o := &owner{
		t: t, inner: inner, store: faultstore.Wrap(inner, 7), key: storage.SectionKey{Event: storage.NewEventID()},
	}
	if err := o.send(o.next(storage.EntryClaim)); err != nil {
		t.Fatal(err)
	}
	o.store.Add(rules...)
	return o
}

func (o *owner) next(kind storage.EntryKind) storage.Append {
	epoch := o.tail.Epoch
	if kind == storage.EntryClaim {
		epoch++
	}
	return storage.Append{Section: o.key, Entry: storage.Entry{
		Kind: kind, Seq: o.tail.Seq + 1, Epoch: epoch, Batch: storage.NewBatchID(), Prev: o.tail.Hash, Body: []byte("b"),
	}}
}

func (o *owner) send(a storage.Append) error {
	err := o.store.Commit(ctx, []storage.Append{a})[0]
	if err == nil {
		o.tail = a.Entry.After(storage.HashEntry(&a.Entry))
	}
	return err
}

func (o *owner) want(err, want error, seq section.Seq) {
	o.t.Helper()
	tail, tailErr := o.inner.Tail(ctx, o.key)
	if !errors.Is(err, want) || tailErr != nil || tail.Seq != seq {
		o.t.Fatalf("got %v with the log at %d (%v), want %v at %d", err, tail.Seq, tailErr, want, seq)
	}
}

func TestActions(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, c := range []struct {
		name string
		rule faultstore.Rule
		want error
		seq  section.Seq // of the inner log after one append at seq 2
		then error       // the answer to the same append sent again
		end  section.Seq
	}{
		{"pass", faultstore.Rule{Do: faultstore.Pass}, nil, 2, nil, 2},
		{"lose", faultstore.Rule{Do: faultstore.Lose}, storage.ErrUnavailable, 1, nil, 2},
		{"lose with its own error", faultstore.Rule{Do: faultstore.Lose, Err: broken}, broken, 1, nil, 2},
		{"lose as unknown", faultstore.Rule{Do: faultstore.LoseUnknown}, storage.ErrUnknown, 1, nil, 2},
		{"keep as unknown", faultstore.Rule{Do: faultstore.KeepUnknown}, storage.ErrUnknown, 2, nil, 2},
		{"late", faultstore.Rule{Do: faultstore.Late}, storage.ErrUnknown, 1, nil, 2},
		{"crash before", faultstore.Rule{Do: faultstore.CrashBefore}, storage.ErrUnknown, 1, storage.ErrUnknown, 1},
		{"crash after", faultstore.Rule{Do: faultstore.CrashAfter}, storage.ErrUnknown, 2, storage.ErrUnknown, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.rule.Op, c.rule.Times = faultstore.OpCommit, 1
			o := newOwner(t, c.rule)
			a := o.next(storage.EntryChanges)
			o.want(o.send(a), c.want, c.seq)
			o.want(o.send(a), c.then, c.end)
		})
	}
}

func TestFenceIsARealForeignClaim(t *testing.T) {
	o := newOwner(t, faultstore.Rule{Op: faultstore.OpCommit, After: 2, Times: 1, Do: faultstore.Fence})
	for range 2 {
		if err := o.send(o.next(storage.EntryChanges)); err != nil {
			t.Fatal(err)
		}
	}
	err := o.send(o.next(storage.EntryChanges))
	var fence *storage.FencedError
	if !errors.As(err, &fence) || fence.Tail.Seq != 4 || fence.Tail.Epoch != 2 ||
		fence.Tail.Kind != storage.EntryClaim {
		t.Fatalf("got %v", err)
	}
}

func TestLateAppendArrivesAfterTheNextOwner(t *testing.T) {
	o := newOwner(t, faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Do: faultstore.Late})
	late := o.next(storage.EntryChanges)
	o.want(o.send(late), storage.ErrUnknown, 1)
	o.want(o.send(o.next(storage.EntryClaim)), nil, 2) // the successor was quicker
	errs := o.store.Deliver(ctx)
	var fence *storage.FencedError
	if len(errs) != 1 || !errors.As(errs[0], &fence) {
		t.Fatalf("S3: the late append got %v, want a fence", errs)
	}
	if errs := o.store.Deliver(ctx); len(errs) != 0 {
		t.Fatalf("delivered twice: %v", errs)
	}
}

// TestLosingAResendResolvesNothing: S6 says that "not written" speaks of one sending. Callers must bear it.
func TestLosingAResendResolvesNothing(t *testing.T) {
	o := newOwner(t,
		faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Do: faultstore.KeepUnknown},
		faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Do: faultstore.Lose})
	a := o.next(storage.EntryChanges)
	o.want(o.send(a), storage.ErrUnknown, 2)
	o.want(o.send(a), storage.ErrUnavailable, 2)
	o.want(o.send(a), nil, 2)
}

func TestRulesMatchSectionKindAndOp(t *testing.T) {
	o := newOwner(t)
	elsewhere := o.key
	elsewhere.Section++
	o.store.Add(
		faultstore.Rule{Op: faultstore.OpCommit, Section: &elsewhere, Do: faultstore.Lose},
		faultstore.Rule{Op: faultstore.OpCommit, Kind: storage.EntryReleased, Do: faultstore.Lose},
		faultstore.Rule{Op: faultstore.OpRead, Section: &o.key, Do: faultstore.Fail},
	)
	o.want(o.send(o.next(storage.EntryChanges)), nil, 2)
	o.want(o.send(o.next(storage.EntryReleased)), storage.ErrUnavailable, 2)
	other := o.next(storage.EntryClaim)
	other.Section, other.Entry.Seq, other.Entry.Epoch, other.Entry.Prev = elsewhere, 1, 1, storage.Hash{}
	errs := o.store.Commit(ctx, []storage.Append{other, o.next(storage.EntryChanges)})
	if !errors.Is(errs[0], storage.ErrUnavailable) || errs[1] != nil {
		t.Fatalf("S9: got %v", errs)
	}
	read := func(key storage.SectionKey) error {
		return o.store.Read(ctx, key, 0, func(*storage.Entry, storage.Hash) error { return nil })
	}
	if err := read(o.key); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("read got %v", err)
	}
	if err := read(elsewhere); err != nil {
		t.Errorf("read of another section got %v", err)
	}
	o.store.Heal()
	if err := read(o.key); err != nil {
		t.Errorf("read after healing got %v", err)
	}
	if n := o.store.Calls(faultstore.OpRead); n != 3 {
		t.Errorf("counted %d reads", n)
	}
}

func TestCrashAndRestart(t *testing.T) {
	o := newOwner(t)
	o.store.Crash()
	if _, err := o.store.Tail(ctx, o.key); !errors.Is(err, storage.ErrUnavailable) || !o.store.Crashed() {
		t.Fatalf("Tail of a crashed store got %v", err)
	}
	a := o.next(storage.EntryChanges)
	o.want(o.send(a), storage.ErrUnknown, 1)
	o.store.Restart()
	o.want(o.send(a), nil, 2)
}

func TestHookCanHoldACallBack(t *testing.T) {
	reached, release := make(chan struct{}), make(chan struct{})
	o := newOwner(
		t,
		faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Hook: func(context.Context) { close(reached); <-release }},
	)
	answer := make(chan error)
	a := o.next(storage.EntryChanges)
	go func() { answer <- o.store.Commit(ctx, []storage.Append{a})[0] }()
	<-reached
	o.want(nil, nil, 1) // still on its way
	close(release)
	o.want(<-answer, nil, 2)
}

func TestChanceFollowsTheSeed(t *testing.T) {
	run := func(seed uint64) (lost []int) {
		s := faultstore.Wrap(memstore.New(), seed)
		s.Add(faultstore.Rule{Op: faultstore.OpTail, Chance: 0.3, Do: faultstore.Fail})
		for i := range 200 {
			if _, err := s.Tail(ctx, storage.SectionKey{}); err != nil {
				lost = append(lost, i)
			}
		}
		return lost
	}
	one := run(1)
	if !slices.Equal(one, run(1)) || slices.Equal(one, run(2)) {
		t.Error("a seed must give its own run, and give it again")
	}
	if len(one) < 30 || len(one) > 90 {
		t.Errorf("%d of 200 calls failed at a chance of 0.3", len(one))
	}
}
