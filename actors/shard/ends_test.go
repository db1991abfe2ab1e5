package shard

import (
	"context"
	"errors"
	"testing"

	"holdfast/actors/writer"
	"holdfast/storage/faultstore"
)

// TestALifeEndsOnce: P3, a second word from a dead life touches nothing of the living one.
func TestALifeEndsOnce(t *testing.T) {
	r := newRig(t, 8)
	dead := r.serve()
	broken := reserve(0)
	broken.Payload = "no command of a counter's"
	if sent, err := r.Send(broken); !sent || err != nil {
		t.Fatalf("sent %v: %v", sent, err)
	}
	r.wantAnswer(broken, writer.ErrUnavailable)
	await(t, dead.Ended())
	await(t, r.host.stopped)
	living := await(t, r.host.served) // by itself
	r.stopped(dead, nil, errors.New("again"))
	if r.Serving() != living || r.Phase() != writer.Serving || len(r.host.stopped) != 0 {
		t.Errorf("the living life was stopped by the dead one: %v", r.Phase())
	}
	select {
	case <-living.Ended():
		t.Error("the living life has ended")
	default:
	}
	q := reserve(1)
	if sent, err := r.Send(q); !sent || err != nil {
		t.Fatalf("sent %v: %v", sent, err)
	}
	r.wantAnswer(q, nil)
}

// order is Drain up to its order to the actor: what is sent next stands behind the order.
func (r *rig) order(a *Activation, how Leave) (drained <-chan struct{}) {
	a.leave.Store(&how)
	r.Inspect(func(life *writer.Lifecycle) { life.To(writer.Draining) })
	r.serving.Store(nil)
	done := make(chan struct{})
	a.root.Send(a.pid, &drainOrder{release: how.Release, done: func() { close(done) }})
	return done
}

// TestWhoComesWhileAShardLeavesHearsWhereTo: P3, a request that took its slot before the drain and arrives behind it
// was surely not judged if the shard was released; else nobody says where to go.
func TestWhoComesWhileAShardLeavesHearsWhereTo(t *testing.T) {
	for _, row := range []struct {
		how  Leave
		want error
	}{{Leave{Release: true}, ErrMoved}, {Leave{}, writer.ErrUnavailable}} {
		r := newRig(t, 8)
		life := r.serve()
		reached, open := make(chan struct{}), make(chan struct{})
		hook := func(context.Context) { reached <- struct{}{}; <-open }
		r.store.Add(faultstore.Rule{Op: faultstore.OpCommit, Times: 1, Hook: hook})
		flying, late := reserve(1), reserve(2)
		if sent, err := r.Send(flying); !sent || err != nil {
			t.Fatalf("sent %v: %v", sent, err)
		}
		await(t, reached)
		if !life.enter() { // as Send does, a moment before the drain
			t.Fatal("no slot")
		}
		drained := r.order(life, row.how)
		life.send(late, false)
		close(open)
		await(t, drained)
		r.wantAnswer(flying, nil)
		r.wantAnswer(late, row.want)
		if await(t, life.Ended()); life.Inflight() != 0 || life.Left() != row.how {
			t.Errorf("%d slots are left; it left for %+v", life.Inflight(), life.Left())
		}
	}
}

// TestATombstoneAnswersUntilEverySlotIsBack: a request that took its slot before the end and arrives after it is
// answered, and a slot that is given back unused does not keep the tombstone.
func TestATombstoneAnswersUntilEverySlotIsBack(t *testing.T) {
	r := newRig(t, 8)
	life := r.serve()
	if !life.enter() || !life.enter() || !life.enter() {
		t.Fatal("no slot")
	}
	drained := r.order(life, Leave{Release: true})
	await(t, drained)
	await(t, life.Ended())
	late, unmoved := reserve(1), life.Inflight()
	life.send(late, false)
	r.wantAnswer(late, ErrMoved)
	life.undo()
	life.undo()
	if got := life.Inflight(); unmoved != 3 || got != 0 {
		t.Errorf("of %d slots %d are left", unmoved, got)
	}
}

// TestNoSlotMoreThanInflightMax: the count in front of the mailbox is the bound, and a refused one costs none.
func TestNoSlotMoreThanInflightMax(t *testing.T) {
	r := newRig(t, 2)
	life := r.serve()
	if !life.enter() || !life.enter() || life.enter() || life.enter() || life.Inflight() != 2 {
		t.Errorf("%d slots of 2", life.Inflight())
	}
	if sent, err := r.Send(reserve(1)); sent || err != Overloaded || life.Inflight() != 2 {
		t.Errorf("sent %v: %v, with %d slots", sent, err, life.Inflight())
	}
	life.undo()
	q := reserve(1)
	if sent, err := r.Send(q); !sent || err != nil {
		t.Errorf("a slot came back: sent %v, %v", sent, err)
	}
	r.wantAnswer(q, nil)
	life.undo()
}

// TestAFrozenShardIsNotActivated: what sleeps is not woken behind somebody's back, and what works is not put to sleep.
func TestAFrozenShardIsNotActivated(t *testing.T) {
	r := newRig(t, 8)
	life := r.serve()
	q := reserve(1)
	if sent, err := r.Send(q); !sent || err != nil {
		t.Fatal(err)
	}
	if r.wantAnswer(q, nil); r.Freeze() {
		t.Error("P4: a shard with a timer to run is frozen")
	}
	r.Drain(t.Context(), Leave{Sleep: true})
	if await(t, life.Ended()); !r.Freeze() {
		t.Error("a shard that stands still cannot be frozen")
	}
	if _, err := r.Activate(); !errors.Is(err, writer.ErrUnavailable) {
		t.Errorf("frozen it is activated: %v", err)
	}
	r.Thaw()
	r.serve()
}
