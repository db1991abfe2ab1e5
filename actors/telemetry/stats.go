package telemetry

import (
	"errors"
	"sync/atomic"
	"time"

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
	// sendings that may, and that surely did not, reach the log; each was sent again
	Unknowns, Unavailable atomic.Int64
	TicketGuardViolations atomic.Int64 // must stay 0: the first guard of P1 failed
	LogLost               atomic.Int64 // must stay 0: sections whose logs were found to lack what was acknowledged
	SnapshotsSaved        atomic.Int64
	Overloaded            atomic.Int64 // requests refused before the mailbox
	Timeouts              atomic.Int64 // requests whose waiter gave up
	PaymentIncidents      atomic.Int64 // ALARM: see till.Incident
	Disputes              atomic.Int64 // payments whose buyers' banks ask for the money back
	Forwarded             atomic.Int64 // requests sent to other nodes' sections
	Passivated            atomic.Int64 // sections put to sleep
	HandedOver            atomic.Int64 // sections given to other nodes in good order
	StreamDropped         atomic.Int64 // records that a slow peer has to read from the log
	// ALARM: sections placed here whose owner cannot be reached; see Log.Fallback
	InDoubt atomic.Int64
	// ALARM: those of them of which it cannot be known either whether they may be claimed
	Uncertain  atomic.Int64
	ClockSteps atomic.Int64 // ALARM: how often the wall clock was not believed any more
	// ALARM: sections whose log was ahead of this node's clock when it was claimed
	LogsAhead atomic.Int64
	Sections  writer.PhaseGauge // by phase
}

// Landed counts a durable record, and how long it took from leaving the section.
func (s *Stats) Landed(p *writer.Record, took time.Duration) {
	s.Records.Add(1)
	s.Changes.Add(int64(p.Changes))
	s.Bytes.Add(int64(len(p.Append.Entry.Body)))
	s.CommitNanos.Add(int64(took))
}

// InState tells how many sections of the events in use stand there on this node.
func (s *Stats) InState(p writer.Phase) int64 { return s.Sections[p].Load() }

// WroteMerged counts a store write of however many records.
func (s *Stats) WroteMerged(int) { s.Merged.Add(1) }

// Stopped counts a section that left serving, or could not start. It is called before the section may come back, so
// that whoever finds it serving again finds its stop counted.
func (s *Stats) Stopped(why error) {
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
