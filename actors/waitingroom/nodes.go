package waitingroom

import (
	"context"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/peer"
	"holdfast/actors/peer/wire"
	"holdfast/actors/placement"
	"holdfast/actors/replica"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Replica is the gate as it is followed here; nil: it is not.
func (r *Room) Replica() *replica.Replica { return r.following() }

// Remote is the gate among the nodes.
func (r *Room) Remote() *peer.Section { return r.remote }

// send puts a command before the gate: here, activating it if it is this node's, or on the node that has it. A failure
// means that the gate has not seen the command. It may wait until the deadline.
func (r *Room) send(a *ask, deadline time.Time) *writer.Failure {
	for attempt := 0; ; attempt++ {
		if r.shard.Serving() != nil {
			if !r.founded.Load() && !r.clock.Await(r.node.Context, deadline, r.ready, nil) {
				return shard.NotServing
			}
			if sent, failed := r.shard.Run(&a.Request); sent || failed != nil {
				return failed
			}
		}
		if !r.shard.AwaitLeft(deadline) {
			return shard.NotServing
		}
		r.wakeUp()
		to, ok := r.remote.Route()
		switch {
		case !ok:
			return shard.NotServing
		case to != r.node.Writer:
			return r.askThere(to, a, deadline)
		}
		if err := r.shard.Await(deadline); err != nil && (attempt > 0 || !r.remote.FoundElsewhere()) {
			return shard.NotServing
		}
	}
}

// sendNow is send for whoever may not wait.
func (r *Room) sendNow(a *ask, deadline time.Time) *writer.Failure {
	if r.founded.Load() {
		if sent, failed := r.shard.Send(&a.Request); sent || failed != nil {
			return failed
		}
	}
	r.wakeUp()
	to, ok := r.remote.Route()
	if ok && to != r.node.Writer {
		return r.askThere(to, a, deadline)
	}
	if ok && r.shard.Leaving() == nil {
		_, _ = r.shard.Activate() // ErrUnavailable: it may not come now; whoever asks tries again
	}
	return shard.NotServing
}

// askThere puts a command on its way to the node that has the gate.
func (r *Room) askThere(to storage.WriterID, a *ask, deadline time.Time) *writer.Failure {
	m := wire.GateAsk{Command: a.Command}
	if now, sure := r.node.Stamp(); sure && a.Command.Oldest != 0 && now > a.Command.Oldest {
		m.Waited = uint32(min(now-a.Command.Oldest, 1<<31))
	}
	return r.remote.AskGate(to, &m, deadline, func(answer *wire.GateAnswer, err error) {
		if a.Err = err; err == nil {
			a.answered(answer)
		}
		a.Tell()
	})
}

// answered takes another node's answer in.
func (a *ask) answered(m *wire.GateAnswer) {
	a.seq = m.Seq
	a.Answer = gate.Answer{Rejection: m.Rejection, Repeat: m.Repeat, Codes: m.Codes}
	switch {
	case a.Command.Kind == gate.Join && m.Rejection == gate.Accepted && len(m.Places) != len(a.Command.Entrants):
		a.Err = writer.Unavailable // no answer to what was asked
	case a.Command.Kind == gate.Join:
		a.Answer.Places = m.Places
	case len(m.Places) > 0:
		a.Answer.Place = m.Places[0]
	}
}

// gatePeer is the room as other nodes' commands and records meet it.
type gatePeer struct{ r *Room }

var _ peer.GateHost = gatePeer{}

// FewerFree implements peer.SectionHost: a gate has no seats.
func (p gatePeer) FewerFree(uint32) bool { return false }

// Lost implements peer.SectionHost.
func (p gatePeer) Lost(*request.Request) []section.SeatIndex { return nil }

// Accepted implements peer.SectionHost.
func (p gatePeer) Accepted(*request.Request) {}

// Position implements peer.SectionHost.
func (p gatePeer) Position() (section.Seq, section.Epoch) {
	return p.r.Horizon(), section.Epoch(p.r.lastEpoch.Load())
}

// AllReceived implements peer.SectionHost: a gate has no keys of bookings.
func (p gatePeer) AllReceived() bool { return true }

// Streamed implements peer.SectionHost.
func (p gatePeer) Streamed(e *storage.Entry) {
	if f := p.r.following(); f != nil {
		f.Record(e)
	}
}

// Served implements peer.SectionHost.
func (p gatePeer) Served(seq section.Seq, _ section.Epoch) {
	p.r.wakeUp()
	if f := p.r.following(); f != nil {
		f.KnownTo(seq)
	}
}

// CheckOwner implements peer.SectionHost.
func (p gatePeer) CheckOwner(a *shard.Activation) { p.r.CheckOwner(p.r.shard, p.r.Seen, a) }

// Acknowledged implements peer.SectionHost: the log is held against what is known here.
func (p gatePeer) Acknowledged(witness.Mark) {
	if a := p.r.shard.Serving(); a != nil {
		p.r.node.Spawn(func() { p.r.CheckOwner(p.r.shard, p.r.Seen, a) })
	}
}

// HandleGate implements peer.GateHost.
func (p gatePeer) HandleGate(m *wire.GateAsk, answer func(*wire.GateAnswer)) {
	r := p.r
	if !r.founded.Load() && r.shard.Serving() != nil {
		answer(&wire.GateAnswer{Code: wire.Unavailable})
		return
	}
	if now, sure := r.node.Stamp(); sure && m.Command.Kind == gate.Join {
		m.Command.Oldest = now - gate.Instant(m.Waited)
	}
	sent, failed := r.shard.Send(&newOrder(m.Command, func(a *ask) { answer(r.word(a)) }).Request)
	switch {
	case failed != nil:
		answer(&wire.GateAnswer{Code: wire.Overloaded})
	case !sent:
		answer(r.remote.GateElsewhere())
	}
}

// word is what another node is told of its command.
func (r *Room) word(a *ask) *wire.GateAnswer {
	switch failed := writer.FailureOf(a.Err); {
	case a.Err == nil:
	case failed != nil && failed == shard.Moved:
		return r.remote.GateElsewhere()
	default:
		return &wire.GateAnswer{Code: wire.Undecided}
	}
	m := &wire.GateAnswer{Code: wire.Decided, Seq: r.Horizon(), Rejection: a.Answer.Rejection, Repeat: a.Answer.Repeat,
		Codes: a.Answer.Codes}
	switch a.Command.Kind {
	case gate.Join:
		m.Places = a.Answer.Places
	case gate.Leave, gate.Take, gate.Look:
		m.Places = []gate.Place{a.Answer.Place}
	}
	return m
}

// ObserveEnds implements peer.GateHost.
func (p gatePeer) ObserveEnds(upto gate.Seq, observed func(lives []wire.SectionLife)) {
	p.r.Observe(upto, func(lives []wire.SectionLife, _ bool) { observed(lives) })
}

// wakeUp ends the gate's sleep: it is followed again, or claimed by whoever calls.
func (r *Room) wakeUp() {
	if r.passivated.CompareAndSwap(true, false) {
		r.follow()
	}
}

// Unserved says that the gate is served nowhere, as far as this node knows, and sleeps not either.
func (r *Room) Unserved() bool {
	switch {
	case r.shard.Serving() != nil || r.passivated.Load():
		return false
	case r.Network != nil:
		return !r.remote.Announced()
	}
	var foreign bool
	r.shard.Inspect(func(life *writer.Lifecycle) {
		foreign = life.Phase() == writer.Stopped && writer.LostTo(life.Why())
	})
	return !foreign
}

// Passivated says that the gate is neither served nor followed here: nobody has asked for long.
func (r *Room) Passivated() bool { return r.passivated.Load() }

// Wake has a gate that sleeps followed again.
func (r *Room) Wake() { r.wakeUp() }

// Balanced is the gate as the rebalancer meets it, one of several nodes'.
type Balanced struct{ *Room }

// Resync implements rebalancer.Section.
func (b Balanced) Resync() { b.remote.Resync() }

// Situation implements rebalancer.Section.
func (b Balanced) Situation(complete bool) placement.Situation {
	c := placement.Situation{Routing: b.remote.Routing()}
	if !c.Serving {
		c.Stopped, c.OwnerAnnounced = complete && b.shard.MayActivate() && !b.passivated.Load(), b.remote.Announced()
	} else if c.Placed != c.Me {
		c.Ready = c.PlacedUp && b.Network.Follows(c.Placed, b.Key.Event) && b.Network.KnowsGates(c.Placed)
	}
	return c
}

// Claim implements rebalancer.Section.
func (b Balanced) Claim() { _, _ = b.shard.Activate() } // ErrUnavailable: it rests

// Transfer implements rebalancer.Section.
func (b Balanced) Transfer(ctx context.Context, successor storage.WriterID) {
	b.shard.Drain(ctx, shard.Leave{Release: true, Successor: successor})
}

// Idle implements rebalancer.Section: a gate before which nobody may wait any more, and nobody asks for, is let go.
func (b Balanced) Idle(now time.Time) bool {
	if b.SleepAfter < 0 || b.Restless() || b.passivated.Load() {
		b.quietSince = time.Time{}
		return false
	}
	inc := b.shard.Serving()
	switch {
	case inc == nil || inc.UsedSince() || inc.HasTimer() || b.quietSince.IsZero():
		b.quietSince = now
	case now.Sub(b.quietSince) >= b.SleepAfter:
		b.quietSince = time.Time{}
		return true
	}
	return false
}

// Passivate implements rebalancer.Section.
func (b Balanced) Passivate(ctx context.Context) {
	b.shard.Drain(ctx, shard.Leave{Release: true, Sleep: true})
}

// Unreceived implements rebalancer.Section.
func (b Balanced) Unreceived() bool { return b.following() != nil && !b.remote.Announced() }

// CatchUp implements rebalancer.Section.
func (b Balanced) CatchUp(ctx context.Context) error {
	tail, err := b.node.Store.Tail(ctx, b.Key)
	if err != nil {
		return err
	}
	if f := b.following(); f != nil {
		f.KnownTo(tail.Seq)
	}
	return nil
}
