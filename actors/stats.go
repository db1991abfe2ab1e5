package actors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Stats are the engine's counters since its start; read them with Load.
type Stats struct {
	Records, Changes, Bytes atomic.Int64 // durable
	Merged                  atomic.Int64 // store writes; Records/Merged is the grouping factor
	CommitNanos             atomic.Int64 // sum over records, from leaving the section to durable
	SectionsServing         atomic.Int64
	GatesServing            atomic.Int64 // waiting rooms
	SectionStops            atomic.Int64 // for any reason but a drain
	Fenced                  atomic.Int64
	Unknowns, Unavailable   atomic.Int64 // sendings that may, and that surely did not, reach the log; each was sent again
	TicketGuardViolations   atomic.Int64 // must stay 0: the first guard of P1 failed
	LogLost                 atomic.Int64 // must stay 0: sections whose logs were found to lack what was acknowledged
	SnapshotsSaved          atomic.Int64
	Overloaded              atomic.Int64      // requests refused before the mailbox
	Timeouts                atomic.Int64      // requests whose waiter gave up
	PaymentIncidents        atomic.Int64      // ALARM: see till.Incident
	Disputes                atomic.Int64      // payments whose buyers' banks ask for the money back
	Forwarded               atomic.Int64      // requests sent to other nodes' sections
	Passivated              atomic.Int64      // sections put to sleep
	HandedOver              atomic.Int64      // sections given to other nodes in good order
	StreamDropped           atomic.Int64      // records that a slow peer has to read from the log
	InDoubt                 atomic.Int64      // ALARM: sections placed here whose owner cannot be reached; see eventLog.Fallback
	Uncertain               atomic.Int64      // ALARM: those of them of which it cannot be known either whether they may be claimed
	ClockSteps              atomic.Int64      // ALARM: how often the wall clock was not believed any more
	LogsAhead               atomic.Int64      // ALARM: sections whose log was ahead of this node's clock when it was claimed
	sections                writer.PhaseGauge // by phase
}

func (s *Stats) landed(p *writer.Record, took time.Duration) {
	s.Records.Add(1)
	s.Changes.Add(int64(p.Changes))
	s.Bytes.Add(int64(len(p.Append.Entry.Body)))
	s.CommitNanos.Add(int64(took))
}

// InState tells how many sections of the events in use stand there on this node.
func (s *Stats) InState(l Lifecycle) int64 { return s.sections[l].Load() }

func (s *Stats) merged(int) { s.Merged.Add(1) }

// Names of the engine's alarms: they never change. A line that begins with ALARM has one of them under "alarm".
const (
	AlarmTicketGuard     = "ticket_guard_met"
	AlarmLogLost         = "log_lost"
	AlarmLogDamaged      = "log_damaged"
	AlarmSectionsInDoubt = "sections_in_doubt"
	AlarmClockDoubt      = "clock_doubt"
	AlarmClockKept       = "clock_kept"
	AlarmLogAhead        = "log_ahead"
)

// eventLog is where what happens in the engine becomes log lines and counters: one place each, so that an error is
// logged once.
type eventLog struct {
	log   *slog.Logger
	stats *Stats
}

// SectionServing says that a section was claimed and loaded.
func (e *eventLog) SectionServing(key storage.SectionKey, epoch section.Epoch, replayed int, took time.Duration) {
	e.log.Info(
		"section served here", "section", key.String(), "epoch", uint64(epoch), "replayed", replayed, "took", took,
	)
}

// stopped counts a section that left serving, or could not start. It is called before the section may come back, so
// that whoever finds it serving again finds its stop counted.
func (s *Stats) stopped(why error) {
	if errors.Is(why, shard.ErrDrained) || errors.Is(why, writer.ErrNotOurs) { // what stands by has not stopped
		return
	}
	s.SectionStops.Add(1)
	var fenced *storage.FencedError
	switch {
	case errors.Is(why, storage.ErrTicketTaken):
		s.TicketGuardViolations.Add(1)
	case errors.As(why, &fenced):
		s.Fenced.Add(1)
	}
}

// SectionStopped says that a section left serving, or could not start, and why.
func (e *eventLog) SectionStopped(key storage.SectionKey, why error) {
	if errors.Is(why, shard.ErrDrained) {
		return
	}
	var fenced *storage.FencedError
	switch {
	case errors.Is(why, writer.ErrNotOurs):
		e.log.Debug("section not claimed: its owner may be alive", "section", key.String())
	case errors.Is(why, storage.ErrTicketTaken):
		e.log.Error(
			"ALARM: the tickets guard stopped a double sale: the log's fence has failed; the section is closed until a restart",
			"alarm",
			AlarmTicketGuard,
			"section",
			key.String(),
			"error",
			why,
		)
	case errors.As(why, new(*storage.CorruptError)):
		e.log.Error(
			"ALARM: the section's log is damaged: it is not served until a person has looked", "alarm", AlarmLogDamaged,
			"section", key.String(), "error", why,
		)
	case errors.Is(why, shard.ErrGivenUp) || writer.Undecided(why):
		e.log.Warn(
			"section stopped: the store has not taken its last record; it is claimed again by itself", "section",
			key.String(), "error", why,
		)
	case errors.As(why, &fenced):
		e.log.Warn(
			"section fenced: another node has taken it over; requests go there", "section", key.String(), "error", why,
		)
	default:
		e.log.Error("section stopped", "section", key.String(), "error", why)
	}
}

// AppendUndecided says that a sending of an append was not answered or not taken, and that it will be sent again. Only
// the first of each append is worth a line: a store that is away for a minute would otherwise be one for every second
// and section.
func (e *eventLog) AppendUndecided(key storage.SectionKey, before int, err error) {
	counter, text := &e.stats.Unknowns, "append outcome unknown: sending it again until the log answers"
	if !errors.Is(err, storage.ErrUnknown) {
		counter, text = &e.stats.Unavailable, "store unavailable: the section refuses, and sends its append until it is taken"
	}
	counter.Add(1)
	if before == 0 {
		e.log.Warn(text, "section", key.String(), "error", err)
	}
}

// AppendDecided says that the log has answered after all.
func (e *eventLog) AppendDecided(key storage.SectionKey, resends int) {
	e.log.Info("append taken: the section is not in doubt any more", "section", key.String(), "resent", resends)
}

// Fallback says that sections placed on this node have no owner that can be reached: they are claimed in the log, which
// is the truth, as soon as their owners' heartbeats allow it. uncertain are those of which the store does not say so
// either: they refuse until it does (P3). It is said when it begins, when it gets worse, and when it ends; which names
// some of them, with whoever has their logs.
func (e *eventLog) Fallback(inDoubt, uncertain int64, which func() string) {
	was, wasUncertain := e.stats.InDoubt.Swap(inDoubt), e.stats.Uncertain.Swap(uncertain)
	switch {
	case inDoubt == 0 && was > 0:
		e.log.Info("every section placed on this node is served again", "alarm", AlarmSectionsInDoubt)
	case uncertain > 0 && wasUncertain == 0:
		e.log.Error(
			"ALARM: sections placed on this node refuse: their owner is not reached, and the store does not say whether they may be claimed",
			"alarm",
			AlarmSectionsInDoubt,
			"sections",
			inDoubt,
			"uncertain",
			uncertain,
			"which",
			which(),
		)
	case inDoubt > 0 && was == 0:
		e.log.Error(
			"ALARM: sections placed on this node refuse: their owner is not reached; they are claimed when its heartbeat lapses",
			"alarm",
			AlarmSectionsInDoubt,
			"sections",
			inDoubt,
			"which",
			which(),
		)
	}
}

// FollowerStuck says that a section's log cannot be followed: its map stands still on this node.
func (e *eventLog) FollowerStuck(key storage.SectionKey, err error) {
	e.log.Error(
		"ALARM: the section's log is damaged: its map stands still on this node", "alarm", AlarmLogDamaged, "section",
		key.String(), "error", err,
	)
}

func (e *eventLog) snapshotFailed(key storage.SectionKey, err error) {
	e.log.Warn("snapshot not saved: the next start replays more", "section", key.String(), "error", err)
}

// snapshotter saves snapshots off the sections' path, a few at a time; while one is being saved a newer one of the same
// section replaces the waiting one. Two of one section may be on their way at once: the store keeps the newer (see
// storage.Snapshots).
type snapshotter struct {
	ctx    context.Context // of every save
	store  storage.Snapshots
	events *eventLog

	mu      sync.Mutex
	waiting map[storage.SectionKey]storage.Snapshot
	wake    chan struct{} // capacity 1
	closed  bool
	savers  sync.WaitGroup
}

func newSnapshotter(ctx context.Context, savers int, store storage.Snapshots, events *eventLog) *snapshotter {
	s := &snapshotter{
		ctx: ctx, store: store, events: events, waiting: map[storage.SectionKey]storage.Snapshot{},
		wake: make(chan struct{}, 1),
	}
	for range savers {
		s.savers.Go(s.run)
	}
	return s
}

func (s *snapshotter) save(key storage.SectionKey, snap storage.Snapshot) {
	s.mu.Lock()
	s.waiting[key] = snap
	s.mu.Unlock()
	s.signal()
}

func (s *snapshotter) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// close saves what waits, then ends.
func (s *snapshotter) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.signal()
	s.savers.Wait()
}

func (s *snapshotter) run() {
	for range s.wake {
		key, snap, found := s.next()
		for ; found; key, snap, found = s.next() {
			s.keep(key, snap)
		}
		if s.ending() {
			s.signal() // the other savers must see it too
			return
		}
	}
}

// keep saves one snapshot, and waits for the store.
func (s *snapshotter) keep(key storage.SectionKey, snap storage.Snapshot) {
	if err := s.store.SaveSnapshot(s.ctx, key, snap); err != nil {
		s.events.snapshotFailed(key, err)
		return
	}
	s.events.stats.SnapshotsSaved.Add(1)
}

func (s *snapshotter) ending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// next takes a snapshot that waits, and wakes another saver when there are more.
func (s *snapshotter) next() (key storage.SectionKey, snap storage.Snapshot, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, snap = range s.waiting {
		delete(s.waiting, key)
		found = true
		break
	}
	if len(s.waiting) > 0 {
		s.signal()
	}
	return key, snap, found
}

// take is next for the snapshot of one section.
func (s *snapshotter) take(key storage.SectionKey) (snap storage.Snapshot, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap, found = s.waiting[key]
	delete(s.waiting, key)
	return snap, found
}

// waits says that a snapshot is to be saved.
func (s *snapshotter) waits() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting) > 0
}

// ShardStatus is where one section is, as this node knows.
type ShardStatus struct {
	Key   storage.SectionKey
	Name  string    // the section's id in the plan
	Life  Lifecycle // here
	Owner storage.WriterID
	// Sure: the owner says so over a link that is up, or is this node, under a lease. Without it, Owner is a guess.
	Sure       bool
	Epoch      section.Epoch // of the owner
	Seq        section.Seq   // newest record on this node's map
	Behind     section.Seq   // records known to be in the log and not on the map
	Placed     storage.WriterID
	Passivated bool // its event is not on sale, and nobody has asked for long: the next request wakes it
}

// ShardStatuses visits every section of the events in use, in order of event and section, and after an event's
// sections its waiting room's gate.
func (e *Engine) ShardStatuses(visit func(p *ShardStatus)) {
	for _, header := range e.Events() {
		ev, err := e.event(header.ID)
		if err != nil {
			continue
		}
		if o := ev.ready.Load(); o != nil {
			for i, s := range o.sections {
				p := s.shardStatus()
				p.Name = o.venue.Sections[i].ID
				visit(&p)
			}
			if o.queue != nil {
				p := e.gateStatus(o.queue)
				visit(&p)
			}
		}
	}
}

func (s *Section) shardStatus() ShardStatus {
	p := ShardStatus{
		Key: s.key, Seq: s.ev.live.Seq(s.key.Section), Placed: s.remote.Routing().Placed, Passivated: s.passivated.Load(),
	}
	p.Life = s.shard.Phase()
	f := s.following()
	if inc := s.shard.Serving(); inc != nil {
		p.Owner, p.Sure, p.Epoch = s.engine.writer, inc.Trusted(), inc.Epoch()
		return p
	}
	if o, known := s.remote.Directory.Owner(); known {
		p.Owner, p.Epoch, p.Sure = o.Writer, o.Epoch, s.remote.Announced()
	}
	if f != nil {
		if at, known := f.Position(); known > at.Seq {
			p.Behind = known - at.Seq
		}
	}
	return p
}

// Unserved counts the sections of open sales that nobody serves as far as this node knows: neither this node, nor one
// that it can reach and that said so. Nobody can buy there. A node that stands by does not count what another one has.
// It looks at every section, so it is for somebody who asks once a second.
func (e *Engine) Unserved() (n int) {
	for _, ev := range *e.catalog.Load() {
		header := ev.header.Load()
		if header.Sale != storage.SaleOpen {
			continue
		}
		o := ev.ready.Load()
		if o == nil { // never loaded, or could not be
			if e.cfg.Preload {
				n += len(header.Sections)
			}
			continue
		}
		for _, s := range o.sections {
			if s.unserved() {
				n++
			}
		}
	}
	return n
}

func (s *Section) unserved() bool {
	switch {
	case s.shard.Serving() != nil || s.passivated.Load():
		return false
	case s.engine.peerRPC == nil:
		return !s.foreign()
	}
	return !s.remote.Announced()
}

const describedMax = 3 // sections that a line names
// describe names sections by their plan, each with the writer that has its log.
func (e *Engine) describe(some []*Section, all int64) string {
	parts := make([]string, 0, len(some)+1)
	for _, s := range some {
		name, _ := e.SectionName(s.key)
		var other *writer.NotOursError
		if errors.As(s.shard.Why(), &other) {
			name += fmt.Sprintf(" of writer %x", other.Tail.Writer[:4])
		}
		parts = append(parts, name)
	}
	if more := all - int64(len(some)); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}
