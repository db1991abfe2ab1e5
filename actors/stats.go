package actors

import (
	"errors"
	"fmt"
	"strings"

	"holdfast/actors/section"
	"holdfast/actors/telemetry"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// Stats are the engine's counters since its start; read them with Load.
type Stats = telemetry.Stats

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
