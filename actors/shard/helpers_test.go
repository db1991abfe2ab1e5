package shard

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/machine"
	"holdfast/actors/machinetest/counter"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
)

// The conformance suite of machines (package machinetest) runs this package from outside. Here is what needs a look
// inside.

// quiet is a host that wants nothing and hears only of lives.
type quiet struct {
	served  chan *Activation
	stopped chan error
}

func (*quiet) PlacedHere() bool                                                { return true }
func (*quiet) Claimed(*storage.Entry) (m machine.Machine, at storage.Tail)     { return nil, at }
func (*quiet) Loaded(machine.Machine, storage.Tail) error                      { return nil }
func (h *quiet) Serving(a *Activation, _ storage.Tail, _ int, _ time.Duration) { h.served <- a }
func (*quiet) Ending(error, bool)                                              {}
func (*quiet) Failed(error, bool)                                              {}
func (*quiet) Landed(*writer.Record, machine.Machine, time.Duration)           {}
func (*quiet) Answering(*writer.Request)                                       {}
func (*quiet) Handled(machine.Machine)                                         {}
func (*quiet) Doubt(int, error)                                                {}
func (*quiet) Released(*Activation, machine.Machine, storage.Tail)             {}
func (*quiet) Died(machine.Machine)                                            {}
func (h *quiet) Stopped(_ *Activation, why error)                              { h.stopped <- why }

// rig is a shard of a counter on a node of its own.
type rig struct {
	*testing.T
	*Shard
	host  *quiet
	store *faultstore.Store
}

var rigKey = storage.SectionKey{Event: storage.EventID{7}, Section: 3}

func newRig(t *testing.T, inflightMax int64) *rig {
	host := &quiet{make(chan *Activation, 16), make(chan error, 16)}
	r := &rig{T: t, store: faultstore.Wrap(memstore.New(), 1), host: host}
	ctx, cancel := context.WithCancel(context.Background())
	committer := writer.NewCommitter(ctx, 1, 0, r.store.Commit, nil)
	var work sync.WaitGroup
	node := &Node{Context: ctx, Runtime: RealRuntime{}, Store: r.store, Committer: committer, Name: "rig",
		SaveSnapshot: func(storage.SectionKey, storage.Snapshot) {}, Writer: storage.WriterID{1},
		MayClaim: func(storage.SectionKey, storage.Tail) bool { return true },
		Lease:    func() (uint64, bool) { return 1, true },
		Stamp:    func() (machine.Instant, bool) { return 1_800_000_000_000, true },
		Spawn:    func(f func()) bool { work.Go(f); return true },
		Closing:  func() bool { return ctx.Err() != nil }, InflightMax: inflightMax,
		Activations: make(chan struct{}, 1), Dispatcher: NewDispatcher(),
		System: actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
			return slog.New(slog.DiscardHandler)
		}))}
	kind := &counter.Kind{Limit: 100, Keep: 60_000, Piece: 10}
	r.Shard = New(node, r.host, r.host, rigKey, kind, witness.New().Of(rigKey), nil)
	t.Cleanup(func() {
		cancel() // nothing begins any more
		if a := r.Serving(); a != nil {
			a.GiveUp()
			<-a.Ended()
		}
		work.Wait()
		committer.Close()
		node.System.Shutdown()
		node.Dispatcher.(*Dispatcher).Close()
	})
	return r
}

// serve activates the shard and gives the life.
func (r *rig) serve() *Activation {
	r.Helper()
	if _, err := r.Activate(); err != nil {
		r.Fatal(err)
	}
	return await(r.T, r.host.served)
}

// await gives the next word of a channel, for which a run that passes waits no moment too long.
func await[T any](t *testing.T, from <-chan T) (word T) {
	t.Helper()
	select {
	case word = <-from:
	case <-time.After(time.Minute):
		t.Fatal("nothing comes")
	}
	return word
}

func reserve(no uint32) *writer.Request {
	q := &writer.Request{Payload: &counter.Command{Action: counter.Reserve, Number: no}}
	q.Init()
	return q
}

// wantAnswer waits for a request's answer, which is that error, or a yes.
func (r *rig) wantAnswer(q *writer.Request, want error) {
	r.Helper()
	if !q.Wait(time.Minute) {
		r.Fatal("no answer")
	}
	if !errors.Is(q.Err, want) || want == nil && q.Payload.(*counter.Command).Answer != counter.Done {
		r.Fatalf("%v, %+v; want %v", q.Err, q.Payload, want)
	}
}
