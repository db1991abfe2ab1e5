package actors

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"holdfast/actors/rebalancer"
	"holdfast/actors/section"
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
		AlarmLogLost,
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
			"ALARM: further sections lack records that were acknowledged", "alarm", AlarmLogLost, "sections",
			len(names)+more, "named", fmt.Sprint(names),
		)
	}
}
