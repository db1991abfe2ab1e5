package waitingroom

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/cooldown"
	"holdfast/actors/gate"
	"holdfast/actors/gate/draw"
	"holdfast/actors/gate/position"
	"holdfast/actors/machine"
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
	// FollowEnds has every section of this node hear that ends up to a record of the gate's log were followed, and
	// calls done once, from any goroutine: true, if from then on no section places a hold that was looked up before.
	FollowEnds func(upto gate.Seq, done func(all bool))
	Log        Log
}

// Log hears what operators are to know.
type Log interface {
	// SectionServing, SectionStopped, AppendUndecided and AppendDecided are those of sections.
	SectionServing(key storage.SectionKey, epoch section.Epoch, replayed int, took time.Duration)
	SectionStopped(key storage.SectionKey, why error)
	AppendUndecided(key storage.SectionKey, before int, err error)
	AppendDecided(key storage.SectionKey, resends int)
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
	frame    atomic.Pointer[Frame]
	founded  atomic.Bool
	ready    chan struct{} // closed once the gate is founded; founded says so quicker

	mu       sync.RWMutex
	follower *gate.Follower // what is durable; nil before the first load
	effects  gate.Effects
	joins    joinQueue
	stock    stock
	cool     map[section.BuyerID]cooldown.Memory
	pacer    position.Pacer
	duties   duties
	timer    shard.Timer
	soon     bool // the timer is set for at once
	closed   bool

	proving sync.Mutex // guards tree
	tree    *draw.Tree // of the draw; nil: nobody has asked
}

// New makes a room that stands still until Start.
func New(s Surroundings) *Room {
	r := &Room{Surroundings: s, node: s.Node, clock: s.Node.Runtime, settings: s.Settings,
		ready: make(chan struct{})}
	r.stock.init(s.Sections)
	r.shard = shard.New(s.Node, r, r, s.Key, &gate.Kind{}, s.Seen, nil)
	r.publish(0, &gate.Public{})
	return r
}

// Start claims the gate, and keeps it going; the channel is closed once the claim has ended, either way.
func (r *Room) Start() <-chan struct{} {
	r.mu.Lock()
	if r.timer == nil {
		r.timer = r.clock.AfterFunc(roundEvery, r.round)
	}
	r.mu.Unlock()
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
func (r *Room) PlacedHere() bool { return true }

// Claimed implements shard.Host: the gate is loaded.
func (r *Room) Claimed(*storage.Entry) (machine.Machine, storage.Tail) { return nil, storage.Tail{} }

// Loaded takes the gate's counters and sessions as what is followed from here on.
func (r *Room) Loaded(loaded machine.Machine, tail storage.Tail) error {
	m := loaded.(*gate.Machine)
	follower, err := m.Followed()
	if err != nil {
		return err
	}
	follower.Begin(tail.Seq)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.follower, r.duties = follower, duties{bought: r.duties.bought, finished: r.duties.finished}
	clear(r.stock.holding)
	m.Inside(func(no gate.SessionNo, buyer gate.Buyer) {
		if r.Seats(section.BuyerID(buyer)) > 0 {
			r.stock.holding[no] = struct{}{}
		}
	})
	if follower.Public().Phase != gate.Unfounded {
		r.getReady()
	}
	r.show()
	return nil
}

// getReady lets buyers' commands through. The caller holds mu.
func (r *Room) getReady() {
	if !r.founded.Swap(true) {
		close(r.ready)
	}
}

// await activates the gate, if it stands still, and waits until it is founded.
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

// Landed follows a durable record.
func (r *Room) Landed(p *writer.Record, _ machine.Machine, _ time.Duration) {
	e := &p.Append.Entry
	if e.Kind != storage.EntryChanges {
		return
	}
	r.Seen.Saw(e.Seq, e.Epoch, p.Hash)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effects.Reset()
	r.follower.Begin(e.Seq)
	if _, err := r.follower.Replay(e.Body, e.At, &r.effects); err != nil {
		panic(err) // what was written does not read: the gate's memory is not to be believed
	}
	for _, no := range r.effects.Ended {
		delete(r.stock.holding, no)
	}
	if len(r.effects.Ended) > 0 {
		r.hurry()
	}
	if r.effects.Frame && r.changed() {
		r.show()
	}
}

// Answering implements shard.Host.
func (r *Room) Answering(*writer.Request) {}

// Handled implements shard.Host.
func (r *Room) Handled(machine.Machine) {}

// Released implements shard.Host.
func (r *Room) Released(*shard.Activation, machine.Machine, storage.Tail) {}

// Died implements shard.Host: nothing here derives from what was not durable.
func (r *Room) Died(machine.Machine) {}

// Serving implements shard.Observer.
func (r *Room) Serving(a *shard.Activation, tail storage.Tail, replayed int, took time.Duration) {
	r.Log.SectionServing(r.Key, tail.Epoch, replayed, took)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found()
	r.hurry()
}

// Ending implements shard.Observer.
func (r *Room) Ending(error, bool) {}

// Failed implements shard.Observer.
func (r *Room) Failed(why error, repeated bool) {
	if !repeated {
		r.Log.SectionStopped(r.Key, why)
	}
}

// Stopped implements shard.Observer.
func (r *Room) Stopped(_ *shard.Activation, why error) { r.Log.SectionStopped(r.Key, why) }

// Doubt implements shard.Observer.
func (r *Room) Doubt(resends int, err error) {
	if err == nil {
		r.Log.AppendDecided(r.Key, resends)
		return
	}
	r.Log.AppendUndecided(r.Key, resends, err)
}
