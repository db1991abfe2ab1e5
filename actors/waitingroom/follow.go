package waitingroom

import (
	"errors"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/machine"
	"holdfast/actors/replica"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// follow begins to follow the gate's log, unless that is done already or the gate is served here. The channel closes
// when frames and sessions can be told.
func (r *Room) follow() (loaded <-chan struct{}) {
	r.shard.Inspect(func(life *writer.Lifecycle) {
		p := life.Phase()
		if r.Network == nil || p == writer.Loading || p == writer.Serving || r.passivated.Load() || r.node.Closing() {
			loaded = shard.Closed
			return
		}
		if r.replica == nil {
			f := r.newReplica()
			if !f.Start() {
				loaded = shard.Closed
				return
			}
			r.replica = f
		}
		loaded = r.replica.Loaded()
	})
	return loaded
}

func (r *Room) newReplica() *replica.Replica {
	return replica.New(r.node, followed{r}, r.Key, &gate.Kind{Follows: true}, r.Seen)
}

// followOn is for a gate that has let go in good order: its counters are the log's, up to tail.
func (r *Room) followOn(tail storage.Tail) {
	r.mu.Lock()
	counters, err := r.follower.Followed()
	r.mu.Unlock()
	if err != nil || r.node.Closing() {
		return // it is followed once it has stopped
	}
	counters.Begin(tail.Seq)
	r.shard.Inspect(func(*writer.Lifecycle) {
		if r.replica == nil {
			r.replica = r.newReplica()
			r.replica.GoOn(counters, tail)
		}
	})
}

// unfollow ends the following.
func (r *Room) unfollow() {
	var f *replica.Replica
	r.shard.Inspect(func(*writer.Lifecycle) { f, r.replica = r.replica, nil })
	if f != nil {
		f.Take()
	}
}

// following is the replica; nil: there is none.
func (r *Room) following() (f *replica.Replica) {
	r.shard.Inspect(func(*writer.Lifecycle) { f = r.replica })
	return f
}

// followed is the room as its replica sees it. The room keeps counters of its own: those of a replica change under a
// lock that no hold is to wait for.
type followed struct{ r *Room }

// Loaded implements replica.Host.
func (h followed) Loaded(loaded machine.Machine, at storage.Tail) {
	counters, err := loaded.(*gate.Follower).Followed()
	if err != nil {
		panic(err) // a mistake of package gate: what it writes does not read
	}
	counters.Begin(at.Seq)
	r := h.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.follower == nil || r.follower.Seq() < counters.Seq() {
		r.adopt(counters)
	}
}

// Saw implements replica.Host.
func (h followed) Saw(newest storage.Tail) {
	if newest.Kind == storage.EntryChanges {
		h.r.Seen.Saw(newest.Seq, newest.Epoch, newest.Hash)
	}
}

// Took implements replica.Host.
func (h followed) Took(e *storage.Entry, hash storage.Hash, _ machine.Machine, _ machine.Effects) {
	h.r.took(e, hash)
}

// Dropped implements replica.Host: nothing here derives from the replica's memory.
func (h followed) Dropped(machine.Machine) {}

// Contradicted implements replica.Host.
func (h followed) Contradicted() {
	if !h.r.contradicted.Swap(true) {
		h.r.Log.FollowerStuck(h.r.Key, errContradicted)
	}
}

var errContradicted = errors.New("waiting room: a later life of the log does not go on from here")

// Stuck implements replica.Host.
func (h followed) Stuck(why error) {
	h.r.Log.FollowerStuck(h.r.Key, why)
	var lost *witness.LostError
	if errors.As(why, &lost) {
		h.r.shard.Inspect(func(life *writer.Lifecycle) {
			if life.Phase() == writer.Stopped {
				life.Condemn(lost)
			}
		})
	}
}

// adopt makes loaded counters what is told from here on. The caller holds mu.
func (r *Room) adopt(counters *gate.Follower) {
	r.follower = counters
	if counters.Public().Phase != gate.Unfounded {
		r.getReady()
	}
	for no := range r.stock.sold {
		if ended, _ := counters.Ended(no); ended {
			delete(r.stock.sold, no)
		}
	}
	for no := range r.stock.holding {
		if !r.inside(no) {
			delete(r.stock.holding, no)
		}
	}
	r.moved()
	r.show()
}

// took follows a durable record.
func (r *Room) took(e *storage.Entry, hash storage.Hash) {
	if e.Kind == storage.EntryChanges {
		r.Seen.Saw(e.Seq, e.Epoch, hash)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.follower == nil || e.Seq <= r.follower.Seq() {
		return
	}
	r.follower.Begin(e.Seq)
	defer r.moved()
	if e.Kind != storage.EntryChanges {
		return
	}
	r.effects.Reset()
	if _, err := r.follower.Replay(e.Body, e.At, &r.effects); err != nil {
		panic(err) // what was written does not read: the gate's memory is not to be believed
	}
	for _, no := range r.effects.Ended {
		delete(r.stock.holding, no)
		delete(r.stock.sold, no)
	}
	if len(r.effects.Ended) > 0 {
		r.hurry()
	}
	if r.follower.Public().Phase != gate.Unfounded {
		r.getReady()
	}
	if r.effects.Frame && r.changed() {
		r.show()
	}
}

// moved tells who waits that more of the log is followed. The caller holds mu.
func (r *Room) moved() {
	if r.advanced != nil {
		close(r.advanced)
		r.advanced = nil
	}
}

const (
	// followPatience bounds how long a hold waits for what was followed of the gate's log.
	followPatience = 2 * time.Second
	// streamPatience is how long a record may be on its way to this node before its log is read.
	streamPatience = 100 * time.Millisecond
)

// Await waits until the gate's log is followed up to a record that is known to be there. False: it is not by the
// deadline.
func (r *Room) Await(upto gate.Seq, deadline time.Time) bool {
	now := r.clock.Now()
	if end := now.Add(followPatience); deadline.After(end) {
		deadline = end
	}
	nudge := now.Add(streamPatience)
	for {
		r.mu.Lock()
		if r.follower != nil && r.follower.Seq() >= upto {
			r.mu.Unlock()
			return true
		}
		if r.advanced == nil {
			r.advanced = make(chan struct{})
		}
		moved := r.advanced
		r.mu.Unlock()
		until := deadline
		if !nudge.IsZero() && nudge.Before(deadline) {
			until = nudge
		}
		switch {
		case r.clock.Await(r.node.Context, until, moved, nil):
		case until == deadline || r.node.Context.Err() != nil:
			return false
		default: // the owner's link may be down, or has lost some
			nudge = time.Time{}
			if f := r.following(); f != nil {
				f.KnownTo(section.Seq(upto))
			}
		}
	}
}
