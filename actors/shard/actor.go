package shard

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/machine"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Messages of a shard's actor, besides *writer.Request.
type (
	flushMarker struct{} // everything queued before it is decided: the record may leave
	wakeUp      struct{} // a commit's result is in the slot
	timerTick   struct{} // the time of some timer has come
	resendTick  struct{} // send the undecided append again
	drainOrder  struct { // finish what is in flight, turn the rest away, stop
		release bool // and tell the log that anybody may claim
		done    func()
	}
	giveUp   struct{} // stop now, whatever is in flight
	tailSeen struct { // where the log stands, seen by somebody who looked under that lease
		storage.Tail
		lease uint64
	}
	standingQuery struct{ answer chan<- Standing } // how far the log is
)

// completion is the log's word on one append.
type completion struct {
	batch storage.BatchID
	err   error
}

// shardActor is the shell around a Writer: it stamps time, carries records to the committer and answers to their
// waiters, keeps the one timer, and ends at the first doubt. It holds no rule of its own.
//
// A stopped actor stays as a tombstone that refuses what still arrives until every slot is given back: requests behind
// a poison pill would vanish without an answer.
type shardActor struct {
	node  *Node
	host  Host
	shard *Shard
	act   *Activation
	w     *writer.Writer

	completed   atomic.Pointer[completion] // set by the committer, at most one in flight
	self        *actor.PID
	root        *actor.RootContext
	flushQueued bool
	resends     int
	sentUnder   uint64 // the lease's number when the record in flight was first sent
	sentAt      time.Time
	timer       Timer
	armed       machine.Instant // when the timer fires; 0: not armed
	blocked     bool            // timers wait for the record in flight; a tick would only spin
	drain       []func()
	release     bool
	turnedAway  []*writer.Request // came in while draining: they are told where to go once the shard has gone
	dead        bool
}

// Receive handles one message. A panic anywhere below stops the shard: its memory can no longer be believed.
func (a *shardActor) Receive(ctx actor.Context) {
	r, _ := ctx.Message().(*writer.Request)
	defer func() {
		if p := recover(); p != nil {
			a.panicked(r, p)
		}
	}()
	a.handle(ctx)
}

func (a *shardActor) handle(ctx actor.Context) {
	if c := a.completed.Load(); c != nil {
		a.completed.Store(nil)
		a.advance(c)
	}
	switch m := ctx.Message().(type) {
	case *writer.Request:
		a.submit(m)
	case flushMarker:
		a.flushQueued = false
		a.flush()
	case timerTick:
		a.armed = 0
		if now, sure := a.node.Stamp(); sure {
			a.blocked = !a.w.RunTimers(now)
		}
	case resendTick:
		a.flush()
	case *drainOrder:
		a.drain, a.release = append(a.drain, m.done), a.release || m.release
	case *witness.LostError:
		a.die(m)
	case giveUp:
		a.die(ErrGivenUp)
	case tailSeen:
		if m.Epoch > a.w.Epoch() {
			a.die(&storage.FencedError{Section: a.shard.key, Tail: m.Tail})
		} else {
			a.act.prove(m.lease)
		}
	case standingQuery:
		m.answer <- a.standing()
	case *actor.Started:
		a.self, a.root = ctx.Self(), a.act.root
	}
	a.settle()
}

// standing is how far the log is, as far as memory may be trusted.
func (a *shardActor) standing() (s Standing) {
	now, sure := a.node.Stamp()
	if a.dead || !sure || !a.act.Trusted() {
		return s
	}
	s.At, s.Seq, s.Sure = a.w.Standing(now)
	return s
}

func (a *shardActor) submit(r *writer.Request) {
	switch {
	case a.dead:
		r.Err = a.refusal()
		a.tell(r)
		return
	case a.release && len(a.drain) > 0:
		a.turnedAway = append(a.turnedAway, r)
		return
	case len(a.drain) > 0:
		r.Err = writer.Unavailable
		a.tell(r)
		return
	}
	at, sure := a.node.Stamp()
	if !sure {
		r.Err = a.node.ErrClock
		a.tell(r)
		return
	}
	r.At = at
	a.w.Submit(r)
}

// settle does what any message may have made due.
func (a *shardActor) settle() {
	if a.dead { // what it knew is another's by now
		a.bury()
		return
	}
	next, ok := a.nextTimer() // before the answers: whoever has one may rely on what it says of the surroundings
	for _, r := range a.w.Answers() {
		a.tell(r)
	}
	a.host.Handled(a.w.Machine())
	switch {
	case a.w.Stopped():
		a.die(writer.ErrUnavailable)
		return
	case len(a.drain) > 0 && a.w.Idle():
		if a.release && !a.w.Released() {
			at, _ := a.node.Stamp() // in a doubt 0: then it is the log's own time
			a.w.Release(at)
			a.flush()
			break
		}
		a.leave()
		return
	}
	if a.w.Due() && !a.flushQueued {
		a.flushQueued = true
		a.act.mailbox.PostUserMessage(flushMarker{})
	}
	a.arm(next, ok)
}

// LapsePatience is how long after a hold's end, in milliseconds, a seat may still be refused because the log has not
// heard of the end. After that its buyers wait for the log instead (P4 allows 100).
const LapsePatience = 50

// nextTimer is the earliest timer; all who ask the map hear of it. While an append is undecided they hear that the map
// cannot be trusted: an end may be among what is not durable, and the shard says 503 rather than "taken" (P3).
func (a *shardActor) nextTimer() (next machine.Instant, ok bool) {
	if next, ok = a.w.Machine().NextTimer(); !ok {
		next = math.MaxInt64
	}
	trusted := next
	if end, ok := a.w.Lapsed(); ok {
		trusted = min(trusted, end+LapsePatience)
	}
	if !a.w.Serving() {
		trusted = 0
	}
	a.act.trusted.Store(int64(trusted))
	return next, ok
}

// tell gives the slot back and hands the answer over.
func (a *shardActor) tell(r *writer.Request) {
	if r.Err == nil && !r.Changed && !a.act.Trusted() { // no record in the log stands behind the answer
		r.Err = writer.Unavailable
	}
	a.host.Answering(r)
	a.act.inflight.Add(-1)
	r.Tell()
}

// flush sends the next record, or an undecided one again.
func (a *shardActor) flush() {
	p := a.w.Ready()
	if p == nil {
		return
	}
	batch := p.Append.Entry.Batch
	a.sentAt = a.node.Runtime.Now()
	if a.resends == 0 {
		a.sentUnder, _ = a.node.Lease()
	}
	send := a.node.Committer.Send
	if a.resends > 0 {
		send = a.node.Committer.SendAlone
	}
	send(&p.Append, func(err error) { // on the committer's goroutine, which goes on here
		a.completed.Store(&completion{batch, err})
		a.act.mailbox.PostAndRun(wakeUp{})
	})
}

func (a *shardActor) advance(c *completion) {
	if a.dead {
		return
	}
	p := a.w.Advance(c.batch, c.err)
	if p == nil {
		a.doubt(c.err)
		return
	}
	if a.resends > 0 {
		a.shard.sees.Doubt(a.resends, nil)
	}
	a.resends, a.blocked = 0, false
	a.act.prove(a.sentUnder)
	a.host.Landed(p, a.w.Machine(), a.node.Runtime.Now().Sub(a.sentAt))
	if p.Snapshot != nil {
		a.node.SaveSnapshot(a.shard.key, *p.Snapshot)
	}
	a.w.Recycle(p)
	a.flush()
}

// doubt handles a result that was not success: what the log has not decided on is sent again after a growing delay;
// anything else has stopped the writer.
func (a *shardActor) doubt(err error) {
	if err == nil {
		return
	}
	if !writer.Undecided(err) {
		a.die(err)
		return
	}
	a.shard.sees.Doubt(a.resends, err)
	a.node.Runtime.AfterFunc(writer.ResendDelay(a.resends), func() { a.root.Send(a.self, resendTick{}) })
	a.resends++
}

// clockRetry is when a timer is looked at again while the clock is not believed.
const clockRetry = 50 * time.Millisecond

// arm keeps one clock timer for the machine's earliest.
func (a *shardActor) arm(next machine.Instant, ok bool) {
	if !a.w.Serving() || a.w.Full() {
		return // nothing may run now; the message that ends this comes back here
	}
	if !ok || a.blocked || (a.armed != 0 && a.armed <= next) {
		return
	}
	a.armed = next
	delay := clockRetry
	if now, sure := a.node.Stamp(); sure {
		delay = max(time.Duration(next-now)*time.Millisecond, 0)
	}
	if a.timer == nil {
		a.timer = a.node.Runtime.AfterFunc(delay, func() { a.root.Send(a.self, timerTick{}) })
		return
	}
	a.timer.Reset(delay)
}

// refusal is what a tombstone says: a shard that was handed over in good order has judged nothing.
func (a *shardActor) refusal() error {
	if a.w.Released() {
		return Moved
	}
	return writer.Unavailable
}

// turnAway answers those who came in while the shard was leaving.
func (a *shardActor) turnAway() {
	for _, r := range a.turnedAway {
		r.Err = a.refusal()
		a.tell(r)
	}
	a.turnedAway = nil
}

// die ends this life: all waiters are refused, the shard is told why, the actor stays as a tombstone.
func (a *shardActor) die(why error) {
	if a.dead {
		return
	}
	a.dead = true
	if a.timer != nil {
		a.timer.Stop()
	}
	a.w.Stop(writer.Unavailable)
	for _, r := range a.w.Answers() {
		a.tell(r)
	}
	m := a.w.Machine()
	if a.w.Released() { // it lives on as what the shard's replica knows, and is the replica's alone
		m = nil
	} else {
		a.host.Handled(m)
	}
	a.shard.stopped(a.act, m, why)
	a.turnAway()
	for _, done := range a.drain {
		done()
	}
	a.drain = nil
	a.bury()
}

// leave ends a drained shard: its last state is kept, then it stops.
func (a *shardActor) leave() {
	if s := a.w.LastSnapshot(); s != nil {
		a.node.SaveSnapshot(a.shard.key, *s)
	}
	if a.w.Released() {
		a.host.Handled(a.w.Machine()) // before a replica has the machine, and applies the next owner's records to it
		a.host.Released(a.act, a.w.Machine(), a.w.Tail())
	}
	a.die(ErrDrained)
}

// bury stops the actor once no request can be on its way to it.
func (a *shardActor) bury() {
	if a.act.inflight.Load() == 0 {
		a.root.Stop(a.self)
	}
}

// panicked refuses the request that met the panic, unless it was already answered, and ends the shard.
func (a *shardActor) panicked(r *writer.Request, p any) {
	defer func() {
		if again := recover(); again != nil { // the writer is beyond use: what waits inside meets its deadline
			a.dead = true
			a.shard.stopped(a.act, nil, fmt.Errorf("actors: panic in section: %v, then %v", p, again))
			a.bury()
		}
	}()
	if r != nil && !a.dead && !a.w.Holds(r) && !slices.Contains(a.turnedAway, r) {
		r.Err = writer.Unavailable
		a.tell(r)
	}
	a.die(fmt.Errorf("actors: panic in section: %v", p))
}
