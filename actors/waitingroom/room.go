package waitingroom

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/cooldown"
	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/gate/position"
	"holdfast/actors/machine"
	"holdfast/actors/peer"
	"holdfast/actors/peer/wire"
	"holdfast/actors/replica"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// ErrTimeout: nobody has answered within the deadline, and whether it was done is not known.
var ErrTimeout = request.ErrTimeout

// Surroundings are what a room needs of the engine.
type Surroundings struct {
	Node *shard.Node
	Key  storage.SectionKey
	Seen *witness.Seen // what is known to have been acknowledged of the gate's log
	// Settings found the gate, unless it is founded.
	Settings gate.Settings
	// CoolDown has buyers wait who let holds lapse; nil: nobody does.
	CoolDown *cooldown.Rule
	// Sections is how many the event has.
	Sections int
	// Seats is how many live seats a buyer has.
	Seats func(section.BuyerID) uint32
	// Observe has every section that serves here hear that ends up to a record of the gate's log were followed, and
	// calls observed once, from any goroutine, with those that have: from then on they place no hold that was looked up
	// before. all says that no section of this process places one.
	Observe func(upto gate.Seq, observed func(lives []wire.SectionLife, all bool))
	// Shared says that other processes write the store too.
	Shared bool
	// Network are the other nodes; nil: there are none. Event is the event among them.
	Network *peer.Network
	Event   *peer.Event
	// CheckOwner looks, and may wait, whether a life is still the log's owner.
	CheckOwner func(of *shard.Shard, seen *witness.Seen, a *shard.Activation)
	// Restless says that people may come, so that the gate is to be kept active. SleepAfter is how long a gate that is
	// not may be of no use before it is let go; negative: for ever.
	Restless   func() bool
	SleepAfter time.Duration
	// Changed says that the gate may have to be claimed elsewhere now. Serves counts the gates that serve here.
	Changed func()
	Serves  *atomic.Int64
	Log     Log
}

// Log hears what operators are to know.
type Log interface {
	// SectionServing, SectionStopped, AppendUndecided and AppendDecided are those of sections.
	SectionServing(key storage.SectionKey, epoch section.Epoch, replayed int, took time.Duration)
	SectionStopped(key storage.SectionKey, why error)
	AppendUndecided(key storage.SectionKey, before int, err error)
	AppendDecided(key storage.SectionKey, resends int)
	// FollowerStuck says that the log cannot be followed.
	FollowerStuck(key storage.SectionKey, why error)
	// GateRefused says that the gate refused what the engine itself asked for.
	GateRefused(key storage.SectionKey, what string, why gate.Rejection)
}

// Room is one gate on this node: its shard, and what surrounds it.
type Room struct {
	Surroundings
	node     *shard.Node
	clock    shard.Runtime
	settings gate.Settings
	shard    *shard.Shard
	remote   *peer.Section // the gate among the nodes
	frame    atomic.Pointer[Frame]
	founded  atomic.Bool
	ready    chan struct{} // closed once the gate is founded; founded says so quicker

	mu       sync.RWMutex
	follower *gate.Follower // what is durable; nil before the first load
	advanced chan struct{}  // closed when more is followed; nil: nobody waits
	effects  gate.Effects
	joins    joinQueue
	stock    stock
	cool     map[section.BuyerID]cooldown.Memory
	pacer    position.Pacer
	duties   duties
	timer    shard.Timer
	soon     bool // the timer is set for at once
	closed   bool

	replica    *replica.Replica // nil: served here, or alone, or not begun. The shard's lock guards it
	passivated atomic.Bool      // neither served nor followed here
	lastEpoch  atomic.Uint64    // of the newest life here
	quietSince time.Time        // the rebalancer's
	// contradicted says that it was told that a later life of the log does not go on from here.
	contradicted atomic.Bool

	proving sync.Mutex // guards tree
	tree    *draw.Tree // of the draw; nil: nobody has asked
}

// New makes a room that stands still until Start.
func New(s Surroundings) *Room {
	r := &Room{Surroundings: s, node: s.Node, clock: s.Node.Runtime, settings: s.Settings,
		ready: make(chan struct{})}
	r.stock.init(s.Sections)
	r.shard = shard.New(s.Node, r, r, s.Key, &gate.Kind{}, s.Seen, nil)
	r.remote = peer.NewSection(s.Network, s.Event, r.shard, gatePeer{r})
	r.publish(0, &gate.Public{})
	return r
}

// Start claims the gate, and keeps it going; the channel is closed once the claim has ended, either way. One of several
// nodes follows the gate, and claims it once the rebalancer says so.
func (r *Room) Start() <-chan struct{} {
	r.mu.Lock()
	if r.timer == nil {
		r.timer = r.clock.AfterFunc(roundEvery, r.round)
	}
	r.mu.Unlock()
	if r.Network != nil {
		return r.follow()
	}
	settled, err := r.shard.Activate()
	if err != nil { // the room's rounds try again
		return shard.Closed
	}
	return settled
}

// Shard is the gate's log and machine.
func (r *Room) Shard() *shard.Shard { return r.shard }

// Freeze keeps the gate from being activated, if it is quiet; see shard.Shard.Freeze.
func (r *Room) Freeze() bool { return r.shard.Freeze() }

// Drain lets what is in flight land, and ends the room.
func (r *Room) Drain(ctx context.Context, how shard.Leave) {
	r.mu.Lock()
	r.closed = true
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Unlock()
	r.shard.Drain(ctx, how)
}

// Horizon is the newest record of the gate's log that was followed here; 0: none was.
func (r *Room) Horizon() gate.Seq {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.follower == nil {
		return 0
	}
	return r.follower.Seq()
}

// Standing is what is known here of a session.
type Standing uint8

// The standings.
const (
	NotKnown Standing = iota // the gate's log is not followed so far, or not at all
	NoSession
	Ended
	Alive
)

// Session says how a session stands, by everything up to the record horizon of the gate's log. began is a record that
// the session's admission is in, or before.
func (r *Room) Session(no gate.SessionNo, began gate.Seq) (s Standing, horizon gate.Seq) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.follower == nil {
		return NotKnown, 0
	}
	horizon = r.follower.Seq()
	switch ended, known := r.follower.Ended(no); {
	case known && ended:
		return Ended, horizon
	case known:
		return Alive, horizon
	case began > horizon:
		return NotKnown, horizon
	}
	return NoSession, horizon
}

// PlacedHere implements shard.Host.
func (r *Room) PlacedHere() bool { return r.remote.PlacedHere() }

// Claimed tells the followers of the claim. What was followed here is no gate: the log is loaded.
func (r *Room) Claimed(claim *storage.Entry) (machine.Machine, storage.Tail) {
	r.remote.Directory.SetTailIsOurs(true)
	r.remote.Stream(claim)
	r.unfollow()
	return nil, storage.Tail{}
}

// Loaded takes the gate's counters and sessions as what is followed from here on.
func (r *Room) Loaded(loaded machine.Machine, tail storage.Tail) error {
	m := loaded.(*gate.Machine)
	follower, err := m.Followed()
	if err != nil {
		return err
	}
	follower.Begin(tail.Seq)
	r.lastEpoch.Store(uint64(tail.Epoch))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.duties = duties{bought: r.duties.bought}
	clear(r.stock.holding)
	m.Inside(func(no gate.SessionNo, buyer gate.Buyer) {
		if r.Seats(section.BuyerID(buyer)) > 0 {
			r.stock.holding[no] = struct{}{}
		}
	})
	r.adopt(follower)
	return nil
}

// getReady lets buyers' commands through. The caller holds mu.
func (r *Room) getReady() {
	if !r.founded.Swap(true) {
		close(r.ready)
	}
}

// await activates the gate, if it stands still, and waits until it is founded: of a node that is alone.
func (r *Room) await(deadline time.Time) error {
	if r.shard.Serving() == nil {
		if err := r.shard.Await(deadline); err != nil {
			return err
		}
	}
	if r.founded.Load() || r.clock.Await(r.node.Context, deadline, r.ready, nil) {
		return nil
	}
	return writer.ErrUnavailable
}

// Landed follows a durable record, and has it followed.
func (r *Room) Landed(p *writer.Record, _ machine.Machine, _ time.Duration) {
	e := &p.Append.Entry
	r.took(e, p.Hash)
	r.remote.Stream(e)
}

// Answering implements shard.Host.
func (r *Room) Answering(*writer.Request) {}

// Handled implements shard.Host.
func (r *Room) Handled(machine.Machine) {}

// Released hands the gate to its successor, and follows on; or puts it to sleep.
func (r *Room) Released(a *shard.Activation, _ machine.Machine, tail storage.Tail) {
	left := a.Left()
	r.remote.Directory.SetTailIsOurs(false)
	if left.Sleep {
		r.passivated.Store(true)
	} else if r.Network != nil {
		r.followOn(tail)
	}
	r.remote.Ended(a.Epoch(), left.Successor)
}

// Died implements shard.Host: nothing here derives from what was not durable.
func (r *Room) Died(machine.Machine) {}

// Serving implements shard.Observer.
func (r *Room) Serving(a *shard.Activation, tail storage.Tail, replayed int, took time.Duration) {
	r.passivated.Store(false)
	r.Serves.Add(1)
	r.remote.Began(tail.Epoch, tail.Seq)
	r.Log.SectionServing(r.Key, tail.Epoch, replayed, took)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found()
	r.hurry()
}

// Ending learns from the reason who has the gate, before anybody asks again.
func (r *Room) Ending(why error, served bool) {
	r.remote.LearnOwner(why)
	if served {
		r.Serves.Add(-1)
	}
}

// Failed follows a gate that could not be had.
func (r *Room) Failed(why error, repeated bool) {
	r.follow()
	if !repeated {
		r.Log.SectionStopped(r.Key, why)
	}
}

// Stopped tells the others, and goes on as a follower.
func (r *Room) Stopped(a *shard.Activation, why error) {
	r.Log.SectionStopped(r.Key, why)
	r.dropTree()
	if r.Network == nil {
		return
	}
	r.follow() // before it can be claimed anew
	if !errors.Is(why, shard.ErrDrained) {
		r.remote.Ended(a.Epoch(), storage.WriterID{})
	}
	r.Changed()
}

// Doubt implements shard.Observer.
func (r *Room) Doubt(resends int, err error) {
	if err == nil {
		r.Log.AppendDecided(r.Key, resends)
		return
	}
	r.Log.AppendUndecided(r.Key, resends, err)
}
