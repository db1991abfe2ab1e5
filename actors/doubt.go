package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"holdfast/actors/rebalancer"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/telemetry"
	"holdfast/actors/wallclock"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// A store may lose what was acknowledged: it fails over to a stand-by that lacked the newest records, or somebody
// restores an older copy. Each node remembers how far each log was (package witness), and whoever finds a log without
// that closes the section and tells the others, who look for themselves:
//
//	claim, follower ──▶ Mark.Check(log) ──lost──▶ Condemned here ──Acknowledged──▶ peers: Mark.Check(log) ──lost──▶ Condemned there
//
// A section that serves on meets it at its next append. Nobody repairs anything: what is missing is for a person to
// restore, or to accept.

// saw notes a durable record with changes. Nobody was told of claims and releases: a log that has lost nothing else has
// kept its promises.
func (s *Section) saw(kind storage.EntryKind, seq section.Seq, epoch section.Epoch, hash storage.Hash) {
	if kind == storage.EntryChanges {
		s.seen.Saw(seq, epoch, hash)
	}
}

// checkOwners holds what serves of an event against its logs after an interruption. A log that does not answer keeps no
// other waiting.
func (e *Engine) checkOwners(o *openEvent) {
	var looks []func() (done bool)
	look := func(s *shard.Shard, seen *witness.Seen) {
		if inc := s.Serving(); inc != nil {
			looks = append(looks, func() bool { return e.lookedAt(s, seen, inc) })
		}
	}
	for _, s := range o.sections {
		look(s.shard, s.seen)
	}
	for _, c := range o.coordinators {
		look(c.Shard(), c.Seen)
	}
	if o.queue != nil {
		look(o.queue.Shard(), o.queue.Seen)
	}
	e.untilDone(looks)
}

// checkOwner holds a life that serves against its log. It asks until the log answers, for until then the life answers
// nothing from memory.
func (e *Engine) checkOwner(s *shard.Shard, seen *witness.Seen, inc *shard.Activation) {
	e.untilDone([]func() bool{func() bool { return e.lookedAt(s, seen, inc) }})
}

func (e *Engine) untilDone(looks []func() bool) {
	for attempt := 0; ; attempt++ {
		looks = slices.DeleteFunc(looks, func(look func() bool) bool { return look() })
		if len(looks) == 0 {
			return
		}
		e.clock.Pause(e.ctx, writer.ResendDelay(attempt))
	}
}

// lookedAt tells a life where its log stands; false: the log has not answered.
func (e *Engine) lookedAt(s *shard.Shard, seen *witness.Seen, inc *shard.Activation) bool {
	if e.ctx.Err() != nil || s.Serving() != inc {
		return true
	}
	lease, _ := e.cfg.Lease() // before the look
	known := seen.Mark()
	tail, err := e.cfg.Store.Tail(e.ctx, s.Key())
	if err != nil {
		return false
	}
	var lost *witness.LostError
	if errors.As(known.Check(e.ctx, e.cfg.Store, s.Key(), tail), &lost) { // not only at its next append
		inc.Lost(lost)
		return true
	}
	inc.SawTail(tail, lease)
	return true
}

// suspect holds the log against a mark, aside, one look at a time: should one be left out, the next sign leads here
// again. tell: the peers are to hear of it although they were told before, for one of them has claimed the log.
func (s *Section) suspect(mark witness.Mark, tell bool) {
	if mark.Seq == 0 || s.suspected.Swap(true) {
		return
	}
	if !s.engine.spawn(func() {
		defer s.suspected.Store(false)
		ctx := s.engine.ctx
		tail, err := s.engine.cfg.Store.Tail(ctx, s.key)
		if err == nil {
			err = mark.Check(ctx, s.engine.cfg.Store, s.key, tail)
		}
		var lost *witness.LostError
		if errors.As(err, &lost) {
			s.condemn(lost, tell)
		}
	}) {
		s.suspected.Store(false)
	}
}

// condemn closes the section, whatever it does, until a person has looked.
func (s *Section) condemn(lost *witness.LostError, tell bool) {
	s.seen.Contradicted(lost.Known)
	if inc := s.shard.Serving(); inc != nil {
		inc.Lost(lost)
		return
	}
	var stands, begins, known bool
	s.shard.Inspect(func(life *writer.Lifecycle) {
		p := life.Phase()
		stands, begins, known = p == Stopped, p == Acquiring || p == Loading, p == Condemned
		if stands {
			life.Condemn(lost)
		}
	})
	if begins { // it looked before this was known
		s.engine.clock.AfterFunc(rebalancer.Every, func() { s.suspect(lost.Known, tell) })
	}
	switch {
	case stands:
		s.tellStopped(lost)
	case known && tell:
		s.tellPeers()
	}
}

// lacks says that the section is closed because its log lacks records.
func (s *Section) lacks() (is bool) {
	s.shard.Inspect(func(life *writer.Lifecycle) { is = life.Phase() == Condemned && writer.HasLost(life.Why()) })
	return is
}

// tellStopped tells of a section that left serving, or could not start. Lost records are told once an incident, and to
// the other nodes.
func (s *Section) tellStopped(why error) {
	if !writer.HasLost(why) {
		s.engine.eventLog.SectionStopped(s.key, why)
		return
	}
	s.engine.stats.LogLost.Add(1)
	s.engine.losses.add(s.engine, s.key, why)
	s.tellPeers()
}

// tellPeers says to the other nodes what the log lacks.
func (s *Section) tellPeers() {
	if mark := s.seen.Mark(); mark.Seq != 0 {
		s.remote.Lacks(mark)
	}
}

const (
	// lossesGather is how long an incident's further sections are gathered into one line.
	lossesGather = 2 * time.Second
	// lossesNamed bounds the sections that the line names.
	lossesNamed = 20
)

// losses gathers an incident's sections: a database that lost its newest seconds has lost some of every section's.
type losses struct {
	mu        sync.Mutex
	gathering bool
	sections  []string
	more      int
}

// add tells of the incident's first section at once, and of the others together.
func (l *losses) add(e *Engine, key storage.SectionKey, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gathering {
		if len(l.sections) < lossesNamed {
			l.sections = append(l.sections, key.String())
		} else {
			l.more++
		}
		return
	}
	l.gathering = true
	e.cfg.Logger.Error(
		"ALARM: the store has lost records that were acknowledged: what lacks them is not served until the records are restored, "+
			"or an operator accepts the loss (holdfast store accept-loss)",
		"alarm",
		telemetry.AlarmLogLost,
		"section",
		key.String(),
		"error",
		why,
	)
	e.clock.AfterFunc(lossesGather, func() { l.tell(e) })
}

func (l *losses) tell(e *Engine) {
	l.mu.Lock()
	names, more := l.sections, l.more
	l.sections, l.more, l.gathering = nil, 0, false
	l.mu.Unlock()
	if len(names) > 0 {
		e.cfg.Logger.Error(
			"ALARM: further sections lack records that were acknowledged", "alarm", telemetry.AlarmLogLost, "sections",
			len(names)+more, "named", fmt.Sprint(names),
		)
	}
}

const (
	// ClockStepMaxDefault is Config.ClockStepMax of a machine's own clock.
	ClockStepMaxDefault = time.Second
	clockSettle         = 30 * time.Second
	clockEvery          = 500 * time.Millisecond // between two looks at both clocks
)

// errClock says that the wall clock is not believed: nothing can be given an end by it. It passes.
var errClock = &writer.Failure{Class: writer.Unknown,
	Why: fmt.Errorf("%w: the wall clock has stepped and is not believed yet", ErrUnavailable)}

// wall is the engine's wall clock, and the judgement on it.
type wall struct {
	guard *wallclock.Guard
	began time.Time // the clockwork's, for the monotonic clock
}

// believeClock takes the wall clock as it is now for right.
func (e *Engine) believeClock() {
	e.wall.began = e.clock.Now()
	now, mono := e.readClocks()
	e.wall.guard = wallclock.New(e.cfg.ClockStepMax, e.cfg.ClockSettle, now, mono, e.clockChanged)
}

// readClocks gives both clocks in nanoseconds.
func (e *Engine) readClocks() (wall, mono int64) {
	now := e.clock.Now()
	mono = int64(now.Sub(e.wall.began))
	if e.cfg.wallClock == nil {
		return now.UnixNano(), mono
	}
	return int64(e.cfg.wallClock()) * int64(time.Millisecond), mono
}

// stamp gives the time that a record may carry; not sure: none may, because the clock has stepped.
func (e *Engine) stamp() (at section.Instant, sure bool) {
	now, mono := e.readClocks()
	if !e.wall.guard.Near(now, mono) {
		now, mono = e.readClocks() // the process may have been stopped between the two
		if !e.wall.guard.Judge(now, mono) {
			return 0, false
		}
	}
	return section.Instant(now/int64(time.Millisecond) + e.cfg.Ahead.Millis()), true
}

// putAhead makes Clock of the clock that was given, or the machine's, and Ahead.
func (c *Config) putAhead() {
	c.wallClock = c.Clock
	wall := c.Clock
	if wall == nil {
		wall = func() section.Instant { return section.Instant(time.Now().UnixMilli()) }
	}
	c.Clock = func() section.Instant { return wall() + section.Instant(c.Ahead.Millis()) }
}

// ErrNoTestClock: the store was not made for tests.
var ErrNoTestClock = errors.New("actors: this store has no clock that could be moved")

// ClockAhead tells the time that the engine goes by, and how far it is ahead. ErrNoTestClock.
func (e *Engine) ClockAhead() (now section.Instant, ahead time.Duration, err error) {
	if e.cfg.Ahead == nil {
		return 0, 0, ErrNoTestClock
	}
	return e.cfg.Clock(), e.cfg.Ahead.Total(), nil
}

// AdvanceClock puts every time of the engine forward, durably, and has what has ended by it end at once: holds,
// sessions, turns. Leases, heartbeats and pauses between two tries go by the machine's clocks as before, so a challenge
// ends when the reconciler next asks about it, within seconds.
// ErrNoTestClock, wallclock.ErrAheadMost; other errors say that nothing was moved.
func (e *Engine) AdvanceClock(by time.Duration) error {
	if e.cfg.Ahead == nil {
		return ErrNoTestClock
	}
	if err := e.cfg.Ahead.Advance(by); err != nil {
		return err
	}
	e.eventLog.ClockAdvanced(by, e.cfg.Ahead.Total())
	e.lookAtEnds()
	return nil
}

// watchClock looks at the clocks from time to time, so that a doubt begins and ends on a node where nothing happens,
// and slow differences are followed.
func (e *Engine) watchClock() {
	now, mono := e.readClocks()
	e.wall.guard.Look(now, mono)
	e.clock.AfterFunc(clockEvery, func() {
		if e.ctx.Err() == nil {
			e.watchClock()
		}
	})
}

// clockChanged hears from the guard.
func (e *Engine) clockChanged(c wallclock.Change) {
	e.eventLog.ClockChanged(c)
	if c.Kept { // timers were set by the old time
		e.clock.AfterFunc(0, e.lookAtEnds)
	}
}

// lookAtEnds has every section that serves look for holds that have ended.
func (e *Engine) lookAtEnds() {
	for _, ev := range *e.catalog.Load() {
		o := ev.ready.Load()
		if o == nil {
			continue
		}
		for _, s := range o.sections {
			if inc := s.shard.Serving(); inc != nil {
				inc.LookAtTimers()
			}
		}
		if o.queue != nil {
			if inc := o.queue.Shard().Serving(); inc != nil {
				inc.LookAtTimers()
			}
		}
	}
}

// ClockDoubt tells how far the wall clock has stepped, while it is not believed.
func (e *Engine) ClockDoubt() (step time.Duration, doubted bool) { return e.wall.guard.Doubt() }

// tellAhead compares a log that was claimed with the clock.
func (s *Section) tellAhead(last section.Instant) {
	now, sure := s.engine.stamp()
	if by := time.Duration(last-now) * time.Millisecond; sure && s.engine.cfg.ClockStepMax > 0 &&
		by > s.engine.cfg.ClockStepMax {
		s.engine.stats.LogsAhead.Add(1)
		s.engine.eventLog.LogAhead(s.key.String(), by)
	}
}

// foreign says that the section stands still because it is another node's.
func (s *Section) foreign() (is bool) {
	s.shard.Inspect(func(life *writer.Lifecycle) { is = life.Phase() == Stopped && writer.LostTo(life.Why()) })
	return is
}

// Standing is how far a section's log is, by this node that serves it under its read lease: what the log has up to seq
// is all that it will ever have of before at, whoever serves it. Not sure: this node does not serve it, or cannot tell.
func (e *Engine) Standing(ctx context.Context, key storage.SectionKey) (at section.Instant, seq section.Seq,
	sure bool) {
	ev, err := e.event(key.Event)
	if err != nil {
		return 0, 0, false
	}
	o := ev.ready.Load()
	if o == nil || int(key.Section) >= len(o.sections) {
		return 0, 0, false
	}
	life := o.sections[key.Section].shard.Serving()
	if life == nil {
		return 0, 0, false
	}
	s := life.Standing(ctx)
	return s.At, s.Seq, s.Sure
}

// repricedMax bounds how often a hold is tried again because the section goes by another price list than this node
// knows: an edit is on its way.
const repricedMax = 8

func isRepriced(err error) bool {
	refused, is := err.(*Refusal)
	return is && refused.Code == section.PricesChanged
}

// awaitPrices reads the header again, and waits until another try makes sense, the n-th; false: the call would be over.
func (t *bookingCall) awaitPrices(n int) bool {
	e, pause := t.ev.engine, 2*time.Millisecond<<n
	if t.ev.reread(); !e.clock.Now().Add(pause).Before(t.deadline) {
		return false
	}
	e.clock.Pause(e.ctx, pause)
	return true
}

// book places the hold, by the price lists that this node knows: again if the section goes by another one.
func (t *bookingCall) book(out *BookingView) (err error) {
	if t.call.Fares.Any() && t.ev.lists().Unlogged() {
		return &Refusal{Code: section.TypeUnknown}
	}
	for n := range repricedMax {
		try := *t
		if err = try.once(out); !isRepriced(err) || !t.awaitPrices(n) {
			break
		}
	}
	if isRepriced(err) {
		return ErrUnavailable
	}
	return err
}

func (t *bookingCall) once(out *BookingView) error {
	best := &t.call.Best
	switch {
	case len(t.ev.coordinators) > 0:
		return t.coordinated(out)
	case best.Quantity == 0:
		return t.named(out)
	case t.ev.engine.coordinator != nil && (best.Section == "" || len(t.o.partsNamed(best.Section)) > 1):
		return t.bestAtCoordinator(out)
	}
	return t.best(out)
}
