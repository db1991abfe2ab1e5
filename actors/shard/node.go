package shard

import (
	"context"
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/machine"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Node is what all shards of a process share. It does not change once the first shard runs.
type Node struct {
	Context   context.Context // of everything in the background
	Runtime   Runtime
	Store     storage.Store
	Committer *writer.Committer
	// SaveSnapshot keeps a snapshot some time. It must not wait.
	SaveSnapshot func(storage.SectionKey, storage.Snapshot)
	Writer       storage.WriterID
	Name         string // in claims
	// MayClaim says whether a log with that tail, which is another writer's, may be claimed now.
	MayClaim func(storage.SectionKey, storage.Tail) bool
	// Lease says how long memory may be trusted without asking the log: see actors.Config.
	Lease func() (number uint64, valid bool)
	// Stamp gives the time that a record may carry; not sure: none may, because the clock is not believed.
	Stamp func() (at machine.Instant, sure bool)
	// Spawn runs work in the background; false: the node has ended.
	Spawn func(work func()) bool
	// Closing says that no shard is to begin a life any more.
	Closing func() bool
	// InflightMax bounds the requests inside one shard.
	InflightMax int64
	// Activations bounds how many shards are acquired at a time.
	Activations chan struct{}
	System      *actor.ActorSystem
	Dispatcher  actor.Dispatcher
	// ErrClock is what a request hears that cannot be stamped.
	ErrClock *writer.Failure
}

// Surroundings are what a node's shards run on: time, goroutines, mailboxes.
type Surroundings struct {
	Runtime    Runtime
	System     *actor.ActorSystem
	Dispatcher interface {
		actor.Dispatcher
		Close()
	}
	// ActivationsMax is how many shards may be acquired at a time. More wait on a channel, which a simulator must not
	// let happen.
	ActivationsMax int
}

// Host is what a shard needs of its surroundings to serve: what derives from its memory is made true there. One
// goroutine at a time calls the methods of one life. None may wait.
type Host interface {
	// PlacedHere says that this node should have the shard, or is the only one that can.
	PlacedHere() bool
	// Claimed hears that our claim stands in the log. It gives the machine that was followed up to at, to go on from;
	// nil: the shard is loaded.
	Claimed(claim *storage.Entry) (m machine.Machine, at storage.Tail)
	// Loaded makes everything that derives from the machine true, before the first request can come in. An error says
	// that the shard may not serve.
	Loaded(m machine.Machine, tail storage.Tail) error
	// Landed publishes a durable record, before its answers are told.
	Landed(p *writer.Record, m machine.Machine, took time.Duration)
	// Answering hears of an answer before it is told.
	Answering(r *writer.Request)
	// Handled comes after each message, once its answers are told.
	Handled(m machine.Machine)
	// Released hears that the log has the shard's release: the machine is what the log says, up to tail.
	Released(a *Activation, m machine.Machine, tail storage.Tail)
	// Died takes back what a dead life's memory added to its surroundings.
	Died(m machine.Machine)
}

// Observer hears of a shard's lives; the shard needs none of it. None of its methods may wait.
type Observer interface {
	// Serving hears that requests are taken.
	Serving(a *Activation, tail storage.Tail, replayed int, took time.Duration)
	// Ending hears why the shard does not serve: before its waiters do.
	Ending(why error, served bool)
	// Failed hears of an activation that failed; repeated: as the one before, for the store is away.
	Failed(why error, repeated bool)
	// Stopped hears that a life has ended, and the shard may begin another.
	Stopped(a *Activation, why error)
	// Doubt hears that the log has not decided on a record; nil: it has, after so many sendings.
	Doubt(resends int, err error)
}

// nobody observes.
type nobody struct{}

// Serving implements Observer.
func (nobody) Serving(*Activation, storage.Tail, int, time.Duration) {}

// Ending implements Observer.
func (nobody) Ending(error, bool) {}

// Failed implements Observer.
func (nobody) Failed(error, bool) {}

// Stopped implements Observer.
func (nobody) Stopped(*Activation, error) {}

// Doubt implements Observer.
func (nobody) Doubt(int, error) {}

// Why a shard stopped, when nothing was wrong.
var (
	// ErrDrained: it was asked to.
	ErrDrained = errors.New("actors: section drained")
	// ErrGivenUp: it was asked to at once, and its last record is undecided.
	ErrGivenUp = errors.New("actors: section stopped before its last record was decided")
)

// Why a request was not judged. See also writer.Unavailable.
var (
	// ErrOverloaded: too many requests are inside.
	ErrOverloaded = errors.New("actors: section overloaded")
	// ErrMoved: the shard left while the request waited in front of it.
	ErrMoved = errors.New("actors: section moved")

	// Overloaded is ErrOverloaded of a request.
	Overloaded = &writer.Failure{Class: writer.NotDone, Why: ErrOverloaded}
	// Moved is ErrMoved of a request.
	Moved = &writer.Failure{Class: writer.NotDone, Retry: writer.Elsewhere, Why: ErrMoved}
	// NotServing is of a request that met no life, and cannot wait for one.
	NotServing = &writer.Failure{Class: writer.NotDone, Why: writer.ErrUnavailable}
)
