package actors

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"holdfast/actors/section"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// incarnation is one life of a section on this node: an actor and the count of requests inside it. The count is the only bound on
// the queue; it is taken in enter and given back where an answer is told, and nowhere else.
type incarnation struct {
	pid      *actor.PID
	root     *actor.RootContext
	inflight atomic.Int64
	limit    int64
	// nextExpiry is the earliest end of a hold in the section's memory, in milliseconds since the epoch; until it, what the map
	// shows as held is held.
	nextExpiry atomic.Int64
	// lease is the number of the lease under which the log was last seen to be this one's.
	lease atomic.Uint64
	epoch section.Epoch
	heir  atomic.Pointer[storage.WriterID] // who is to have the section next; nil: nobody in particular
	used  atomic.Bool                      // since the steward last looked
	tired atomic.Bool                      // it lets go in order to sleep
	ended chan struct{}                    // closed when its section has heard that it stopped
	over  bool                             // under the section's mu: so it was, once
}

// enter takes a slot; false means overloaded.
func (i *incarnation) enter() bool {
	if i.inflight.Add(1) > i.limit {
		i.inflight.Add(-1)
		return false
	}
	if !i.used.Load() {
		i.used.Store(true)
	}
	return true
}

// prove notes that the log was this incarnation's at some moment after it had that lease. Only its actor calls it.
func (i *incarnation) prove(lease uint64) { i.lease.Store(max(i.lease.Load(), lease)) }

func (i *incarnation) send(r *Request) { i.root.Send(i.pid, &r.Request) }

// Messages of a section's actor, besides *Request.
type (
	flushMarker struct{} // everything queued before it is decided: the record may leave
	wakeUp      struct{} // a commit's result is in the slot
	expiryTick  struct{} // some hold's time has come
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
)

// completion is the log's word on one append.
type completion struct {
	batch storage.BatchID
	err   error
}

// sectionActor is the shell around a Writer: it stamps time, carries records to the Committer and answers to their waiters, keeps
// the one expiry timer, and ends at the first doubt. It holds no rule of its own.
//
// A stopped actor stays as a tombstone that refuses what still arrives until every slot is given back: requests behind a
// poison pill would vanish without an answer.
type sectionActor struct {
	host *Section // callbacks upward; see sections.go
	inc  *incarnation
	w    *writer.Writer
	m    *section.Machine // the writer's

	completed   atomic.Pointer[completion] // set by the committer, at most one in flight
	self        *actor.PID
	root        *actor.RootContext
	flushQueued bool
	resends     int
	sentUnder   uint64 // the lease's number when the record in flight was first sent
	sentAt      time.Time
	timer       alarm
	armed       section.Instant // when the timer fires; 0: not armed
	blocked     bool            // expiry waits for the record in flight; a timer would only spin
	drain       []func()
	release     bool
	turnedAway  []*writer.Request // came in while draining: they are told where to go once the section has gone
	dead        bool
}

// Receive handles one message. A panic anywhere below stops the section: its memory can no longer be believed.
func (a *sectionActor) Receive(ctx actor.Context) {
	r, _ := ctx.Message().(*writer.Request)
	defer func() {
		if p := recover(); p != nil {
			a.panicked(r, p)
		}
	}()
	a.handle(ctx)
}

func (a *sectionActor) handle(ctx actor.Context) {
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
	case expiryTick:
		a.armed = 0
		if now, sure := a.host.engine.stamp(); sure {
			a.blocked = !a.w.RunTimers(now)
		}
	case resendTick:
		a.flush()
	case *drainOrder:
		a.drain, a.release = append(a.drain, m.done), a.release || m.release
	case *witness.LostError:
		a.die(m)
	case giveUp:
		a.die(errGivenUp)
	case tailSeen:
		if m.Epoch > a.w.Epoch() {
			a.die(&storage.FencedError{Section: a.host.key, Tail: m.Tail})
		} else {
			a.inc.prove(m.lease)
		}
	case *actor.Started:
		a.self, a.root = ctx.Self(), a.inc.root
	}
	a.settle()
}

func (a *sectionActor) submit(r *writer.Request) {
	switch {
	case a.dead:
		r.Err = a.refusal()
		a.tell(r)
		return
	case a.release && len(a.drain) > 0:
		a.turnedAway = append(a.turnedAway, r)
		return
	case len(a.drain) > 0:
		r.Err = ErrUnavailable
		a.tell(r)
		return
	}
	at, sure := a.host.engine.stamp()
	if !sure {
		r.Err = errClock
		a.tell(r)
		return
	}
	r.At = at
	a.w.Submit(r)
}

// settle does what any message may have made due.
func (a *sectionActor) settle() {
	if a.dead { // what it knew is another's by now
		a.bury()
		return
	}
	next, holds := a.nextExpiry() // before the answers: whoever has one may rely on what it says of the map
	for _, r := range a.w.Answers() {
		a.tell(r)
	}
	a.countSeats()
	switch {
	case a.w.Stopped():
		a.die(ErrUnavailable)
		return
	case len(a.drain) > 0 && a.w.Idle():
		if a.release && !a.w.Released() {
			at, _ := a.host.engine.stamp() // in a doubt 0: then it is the log's own time
			a.w.Release(at)
			a.flush()
			break
		}
		a.leave()
		return
	}
	if a.w.Due() && !a.flushQueued {
		a.flushQueued = true
		a.root.Send(a.self, flushMarker{})
	}
	a.arm(next, holds)
}

// lapsePatience is how long after a hold's end, in milliseconds, a seat may still be refused because the log has not heard of the end. After
// that whoever wants it waits for the log instead (P4 allows 100).
const lapsePatience = 50

// nextExpiry is the earliest end of a hold; all who ask the map hear of it. While an append is undecided they hear that the map cannot
// be trusted: an end may be among what is not durable, and the section says 503 rather than "taken" (P3).
func (a *sectionActor) nextExpiry() (next section.Instant, ok bool) {
	if next, ok = a.w.Machine().NextTimer(); !ok {
		next = math.MaxInt64
	}
	trusted := next
	if end, ok := a.w.Lapsed(); ok {
		trusted = min(trusted, end+lapsePatience)
	}
	if !a.w.Serving() {
		trusted = 0
	}
	a.inc.nextExpiry.Store(int64(trusted))
	return next, ok
}

// trusted says that what this life remembers may be told as the truth although the log was not asked (P3).
func (s *Section) trusted(inc *incarnation) bool {
	number, valid := s.engine.cfg.Lease()
	return valid && number == inc.lease.Load()
}

// tell gives the slot back and hands the answer over; for a hold that was not newly placed, the buyer's reserved seats too.
func (a *sectionActor) tell(r *writer.Request) {
	if r.Err == nil && !r.Changed && !a.host.trusted(a.inc) { // no record in the log stands behind the answer
		r.Err = ErrUnavailable
	}
	in := requestIn(r)
	a.giveBack(in)
	a.inc.inflight.Add(-1)
	if in.held {
		in.held = false
		a.host.engine.coordinator.leave(in.gen)
	}
	r.Tell()
}

// giveBack takes the seats out of the buyer ledger that were reserved for a hold which did not come of it.
func (a *sectionActor) giveBack(r *Request) {
	switch {
	case r.Reserved == 0:
	case r.Err != nil && r.Changed:
		r.Reserved = 0 // they became live seats of this memory, which is taken back as a whole
	case notJudged(r.Err) && r.Keep():
	case r.Err != nil, r.Decision.Outcome.Rejection != section.Accepted, r.Decision.Outcome.Repeat:
		a.host.ev.buyers.Release(r.Command.Buyer, r.Reserved)
	}
}

// state is for reading.
func (a *sectionActor) state() *section.State { return a.m.State }

// countSeats keeps the event's buyer ledger equal to this memory.
func (a *sectionActor) countSeats() {
	a.host.ev.count(a.m.Shares())
}

// flush sends the next record, or an undecided one again.
func (a *sectionActor) flush() {
	p := a.w.Ready()
	if p == nil {
		return
	}
	batch := p.Append.Entry.Batch
	a.sentAt = a.host.engine.clock.now()
	if a.resends == 0 {
		a.sentUnder, _ = a.host.engine.cfg.Lease()
	}
	send := a.host.engine.committer.Send
	if a.resends > 0 {
		send = a.host.engine.committer.SendAlone
	}
	send(&p.Append, func(err error) {
		a.completed.Store(&completion{batch, err})
		a.root.Send(a.self, wakeUp{})
	})
}

func (a *sectionActor) advance(c *completion) {
	if a.dead {
		return
	}
	p := a.w.Advance(c.batch, c.err)
	if p == nil {
		a.doubt(c.err)
		return
	}
	if a.resends > 0 {
		a.host.engine.eventLog.AppendDecided(a.host.key, a.resends)
	}
	a.resends, a.blocked = 0, false
	a.inc.prove(a.sentUnder)
	a.host.landed(p, a.host.engine.clock.now().Sub(a.sentAt))
	a.host.remembersFrom.Store(int64(a.state().RemembersFrom()))
	a.w.Recycle(p)
	a.flush()
}

// doubt handles a result that was not success: what the log has not decided on is sent again after a growing delay; anything else
// has stopped the writer.
func (a *sectionActor) doubt(err error) {
	if err == nil {
		return
	}
	if !writer.Undecided(err) {
		a.die(err)
		return
	}
	a.host.engine.eventLog.AppendUndecided(a.host.key, a.resends, err)
	a.host.engine.clock.after(writer.ResendDelay(a.resends), func() { a.root.Send(a.self, resendTick{}) })
	a.resends++
}

// arm keeps one timer for the earliest end of a hold.
func (a *sectionActor) arm(next section.Instant, ok bool) {
	if !a.w.Serving() || a.w.Full() {
		return // nothing may expire now; the message that ends this comes back here
	}
	if !ok || a.blocked || (a.armed != 0 && a.armed <= next) {
		return
	}
	a.armed = next
	delay := a.until(next)
	if a.timer == nil {
		a.timer = a.host.engine.clock.after(delay, func() { a.root.Send(a.self, expiryTick{}) })
		return
	}
	a.timer.Reset(delay)
}

// refusal is what a tombstone says: a section that was handed over in good order has judged nothing.
func (a *sectionActor) refusal() error {
	if a.w.Released() {
		return ErrMoved
	}
	return ErrUnavailable
}

// turnAway answers those who came in while the section was letting go.
func (a *sectionActor) turnAway() {
	for _, r := range a.turnedAway {
		r.Err = a.refusal()
		a.tell(r)
	}
	a.turnedAway = nil
}

// die ends this life: everybody waiting is refused, the host is told why, the actor stays as a tombstone.
func (a *sectionActor) die(why error) {
	if a.dead {
		return
	}
	a.dead = true
	if a.timer != nil {
		a.timer.Stop()
	}
	a.w.Stop(ErrUnavailable)
	for _, r := range a.w.Answers() {
		a.tell(r)
	}
	a.countSeats()
	state := a.state()
	if a.w.Released() { // it lives on as what the section's follower knows
		state = nil
	}
	a.host.stopped(a.inc, state, why)
	a.turnAway()
	for _, done := range a.drain {
		done()
	}
	a.drain = nil
	a.bury()
}

// leave ends a drained section: its last state is kept, then it stops.
func (a *sectionActor) leave() {
	if s := a.w.LastSnapshot(); s != nil {
		a.host.engine.snapshots.save(a.host.key, *s)
	}
	if a.w.Released() {
		a.host.letGo(a.inc, a.m, a.w.Tail())
	}
	a.die(errDrained)
}

// bury stops the actor once no request can be on its way to it.
func (a *sectionActor) bury() {
	if a.inc.inflight.Load() == 0 {
		a.root.Stop(a.self)
	}
}

var (
	errDrained = errors.New("actors: section drained")
	errGivenUp = errors.New("actors: section stopped before its last record was decided")
)

// panicked refuses the request that met the panic, unless it was already answered, and ends the section.
func (a *sectionActor) panicked(r *writer.Request, p any) {
	defer func() {
		if again := recover(); again != nil { // the writer is beyond use: what waits inside meets its deadline
			a.dead = true
			a.host.stopped(a.inc, nil, fmt.Errorf("actors: panic in section: %v, then %v", p, again))
			a.bury()
		}
	}()
	if r != nil && !a.dead && !a.w.Holds(r) && !slices.Contains(a.turnedAway, r) {
		r.Err = ErrUnavailable
		a.tell(r)
	}
	a.die(fmt.Errorf("actors: panic in section: %v", p))
}
