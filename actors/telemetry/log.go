package telemetry

import (
	"errors"
	"log/slog"
	"time"

	"holdfast/actors/gate"
	"holdfast/actors/section"
	"holdfast/actors/shard"
	"holdfast/actors/wallclock"
	"holdfast/actors/writer"
	"holdfast/storage"
)

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

// Log is where what happens in the engine becomes log lines and counters: one place each, so that an error is
// logged once.
type Log struct {
	log   *slog.Logger
	stats *Stats
}

// NewLog makes a log that also counts.
func NewLog(to *slog.Logger, stats *Stats) Log { return Log{log: to, stats: stats} }

// SectionServing says that a section was claimed and loaded.
func (e *Log) SectionServing(key storage.SectionKey, epoch section.Epoch, replayed int, took time.Duration) {
	e.log.Info(
		"section served here", "section", key.String(), "epoch", uint64(epoch), "replayed", replayed, "took", took,
	)
}

// SectionStopped says that a section left serving, or could not start, and why.
func (e *Log) SectionStopped(key storage.SectionKey, why error) {
	if errors.Is(why, shard.ErrDrained) {
		return
	}
	var fenced *storage.FencedError
	switch {
	case errors.Is(why, writer.ErrNotOurs):
		e.log.Debug("section not claimed: its owner may be alive", "section", key.String())
	case errors.Is(why, storage.ErrTicketTaken):
		e.log.Error(
			"ALARM: the tickets guard stopped a double sale: the log's fence has failed; the section is closed until "+
				"a restart",
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
func (e *Log) AppendUndecided(key storage.SectionKey, before int, err error) {
	counter, text := &e.stats.Unknowns, "append outcome unknown: sending it again until the log answers"
	if !errors.Is(err, storage.ErrUnknown) {
		counter = &e.stats.Unavailable
		text = "store unavailable: the section refuses, and sends its append until it is taken"
	}
	counter.Add(1)
	if before == 0 {
		e.log.Warn(text, "section", key.String(), "error", err)
	}
}

// AppendDecided says that the log has answered after all.
func (e *Log) AppendDecided(key storage.SectionKey, resends int) {
	e.log.Info("append taken: the section is not in doubt any more", "section", key.String(), "resent", resends)
}

// Fallback says that sections placed on this node have no owner that can be reached: they are claimed in the log, which
// is the truth, as soon as their owners' heartbeats allow it. uncertain are those of which the store does not say so
// either: they refuse until it does (P3). It is said when it begins, when it gets worse, and when it ends; which names
// some of them, with whoever has their logs.
func (e *Log) Fallback(inDoubt, uncertain int64, which func() string) {
	was, wasUncertain := e.stats.InDoubt.Swap(inDoubt), e.stats.Uncertain.Swap(uncertain)
	switch {
	case inDoubt == 0 && was > 0:
		e.log.Info("every section placed on this node is served again", "alarm", AlarmSectionsInDoubt)
	case uncertain > 0 && wasUncertain == 0:
		e.log.Error(
			"ALARM: sections placed on this node refuse: their owner is not reached, and the store does not say "+
				"whether they may be claimed",
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
			"ALARM: sections placed on this node refuse: their owner is not reached; they are claimed when its "+
				"heartbeat lapses",
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
func (e *Log) FollowerStuck(key storage.SectionKey, err error) {
	e.log.Error(
		"ALARM: the section's log is damaged: its map stands still on this node", "alarm", AlarmLogDamaged, "section",
		key.String(), "error", err,
	)
}

// SnapshotFailed says that a snapshot was not saved.
func (e *Log) SnapshotFailed(key storage.SectionKey, err error) {
	e.log.Warn("snapshot not saved: the next start replays more", "section", key.String(), "error", err)
}

// ClockChanged says that the wall clock is not believed any more, or again. The ALARM is for whoever sets clocks.
func (e *Log) ClockChanged(c wallclock.Change) {
	step := "step_seconds"
	switch {
	case c.Doubted:
		e.stats.ClockSteps.Add(1)
		e.log.Error(
			"ALARM: the wall clock has stepped: nothing is held, sold or ended by it until it is back, or has stayed "+
				"where it is",
			"alarm",
			AlarmClockDoubt,
			step,
			c.Step.Seconds(),
		)
	case c.Kept:
		e.log.Info("the wall clock is believed again", "alarm", AlarmClockDoubt)
		e.log.Error(
			"ALARM: the wall clock has stayed where it stepped to and is believed now: holds end by the new time",
			"alarm", AlarmClockKept, step, c.Step.Seconds(), "lasted_seconds", c.Lasted.Seconds(),
		)
	default:
		e.log.Info(
			"the wall clock is back: everything goes on", "alarm", AlarmClockDoubt, step, c.Step.Seconds(),
			"lasted_seconds", c.Lasted.Seconds(),
		)
	}
}

// ClockAdvanced says that the clock of a store for tests was put forward.
func (e *Log) ClockAdvanced(by, total time.Duration) {
	e.log.Info("the clock of this store for tests was put forward", "by", by, "ahead", total)
}

// LogAhead says that a section's log has been written by a clock that was ahead of this node's: the section's time
// stands until the clock has caught up, so new holds last longer by as much.
func (e *Log) LogAhead(key string, by time.Duration) {
	e.log.Error(
		"ALARM: the section's log is ahead of this node's clock: until the clock has caught up, holds last longer by "+
			"that. Set the clocks of all nodes by NTP",
		"alarm",
		AlarmLogAhead,
		"section",
		key,
		"ahead_seconds",
		by.Seconds(),
	)
}

// SectionExcluded says that a coordinator does without a section, or no more.
func (e *Log) SectionExcluded(coordinator storage.SectionKey, no storage.SectionNo, excluded bool) {
	key := storage.SectionKey{Event: coordinator.Event, Section: no}.String()
	if excluded {
		e.log.Warn("nobody serves a section: its seats are refused, what buyers have there goes on counting, and the "+
			"others sell on", "section", key, "coordinator", coordinator.String())
		return
	}
	e.log.Info("a section that was closed is served again", "section", key, "coordinator", coordinator.String())
}

// GateRefused says that a gate refused what the engine itself asked for.
func (e *Log) GateRefused(key storage.SectionKey, what string, why gate.Rejection) {
	e.log.Error("the gate refuses "+what, "section", key.String(), "reason", why.String())
}
