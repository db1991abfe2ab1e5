package waitingroom

import (
	"holdfast/actors/gate"
	"holdfast/actors/gate/position"
)

// frameEvery is how often, in milliseconds, the frame follows counters that only grow.
const frameEvery = 1000

// Frame is what everybody may see of a waiting room, of durable records only. It never changes: it is replaced about
// once a second, and at once when something else than a counter has changed.
type Frame struct {
	// Version grows by one with every frame of this process.
	Version uint64
	// At is the time of this node's clock.
	At       gate.Instant
	Settings gate.Settings // without SaltKey, which is no one's to see
	Public   gate.Public
	Position position.Frame
	// Signature seeded the draw; nil before it.
	Signature []byte
	// Previous is the signature of the round before, where a chained beacon seeded the draw.
	Previous []byte
	// Next is closed when the frame is replaced.
	Next <-chan struct{}

	replaced chan struct{}
}

// Frame is the newest one. Before the gate is loaded its Phase is gate.Unfounded.
func (r *Room) Frame() *Frame { return r.frame.Load() }

// changed says that the public part has changed in more than counters. The caller holds mu.
func (r *Room) changed() bool {
	was, is := &r.frame.Load().Public, r.follower.Public()
	return was.Phase != is.Phase || was.Paused != is.Paused || was.SoldOut != is.SoldOut || was.Message != is.Message ||
		was.Cap != is.Cap || was.Rate != is.Rate || was.Limits != is.Limits
}

// show replaces the frame. The caller holds mu.
func (r *Room) show() {
	at, sure := r.node.Stamp()
	if !sure {
		at = r.frame.Load().At
	}
	public := r.follower.Public()
	r.pacer.Saw(at, public.Called)
	r.publish(at, &public)
}

func (r *Room) publish(at gate.Instant, public *gate.Public) {
	f := &Frame{At: at, Settings: r.settings, Public: *public, replaced: make(chan struct{})}
	f.Next = f.replaced
	if r.follower != nil {
		if r.follower.Public().Phase != gate.Unfounded {
			f.Settings = r.follower.Settings()
		}
		f.Signature, f.Previous = r.follower.Signature(), r.follower.Previous()
	}
	f.Settings.SaltKey = [32]byte{}
	f.Position = position.Of(public, r.pacer.Pace(at, public.Called))
	before := r.frame.Load()
	if before != nil {
		f.Version = before.Version + 1
	}
	r.frame.Store(f)
	if before != nil {
		close(before.replaced)
	}
}
