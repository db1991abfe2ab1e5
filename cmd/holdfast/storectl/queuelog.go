package storectl

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"holdfast/actors/gate"
	"holdfast/api/wire"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// PrintQueueLog prints the changes of an event's waiting room, a line of JSON each. What precedes damage is printed
// before the error is returned.
func PrintQueueLog(ctx context.Context, out io.Writer, source Source, event string) error {
	p := queuePrinter{to: json.NewEncoder(out), event: event}
	return readGateLog(ctx, "holdfast log", source, event, p.record)
}

type queuePrinter struct {
	to    *json.Encoder
	event string
}

// record prints the changes of one record, or the record itself when it has none.
func (p *queuePrinter) record(e *storage.Entry) error {
	line := waitingroom.LogChange{Event: p.event, Seq: uint64(e.Seq), Epoch: uint64(e.Epoch), At: wire.Time(e.At)}
	if e.Kind != storage.EntryChanges {
		line.Kind = recordNames[e.Kind]
		return p.to.Encode(&line)
	}
	err := gate.DecodeChanges(e.Body, e.At, func(c *gate.Change) error {
		one := line
		one.At, one.Kind = wire.Time(c.At), queueNames[c.Kind]
		tellChange(&one, c)
		line.Index++
		return p.to.Encode(&one)
	})
	if err != nil {
		return fmt.Errorf("record %d: %w", e.Seq, err)
	}
	return nil
}

func tellChange(l *waitingroom.LogChange, c *gate.Change) {
	switch c.Kind {
	case gate.Founded:
		l.Settings = settingsOf(&c.Settings)
	case gate.Joined:
		oldest := wire.Time(c.Oldest)
		l.Oldest = &oldest
		for _, e := range c.Entrants {
			who := hex.EncodeToString(e.Buyer[:])
			l.Entrants = append(l.Entrants, waitingroom.LogEntrant{Buyer: who, Party: e.Party})
		}
	case gate.LobbyClosed:
		l.Count, l.Root, l.Round = &c.Count, hex.EncodeToString(c.Root[:]), c.Round
	case gate.LotsDrawn:
		l.Signature, l.Seed = hex.EncodeToString(c.Signature), hex.EncodeToString(c.Seed[:])
		l.Previous = hex.EncodeToString(c.Previous)
	case gate.Stocked:
		l.Stock = stockOf(&c.Stock)
	case gate.CalledUp:
		upto := uint32(c.Upto)
		l.Called, l.Affected, l.Cites, l.ShowRate = &upto, &c.People, uint32(c.Cites), &c.ShowRate
	case gate.SlotsOffered, gate.GraceEnded, gate.SessionsLapse:
		l.Affected = &c.People
	case gate.TurnsLapsed:
		l.Affected, l.Offers, l.Gone = &c.People, &c.Offers, &c.OffersGone
	case gate.Operated:
		l.Reason = c.Why
		l.Operation = &waitingroom.LogOperation{Action: actionNames[c.Action], Value: c.Value, Text: c.Text}
	default:
		tellPlace(l, c)
	}
}

// tellPlace is of the kinds that are about one place, or about sessions.
func tellPlace(l *waitingroom.LogChange, c *gate.Change) {
	switch c.Kind {
	case gate.LeftQueue, gate.CameEarly, gate.Admitted:
		number := uint32(c.Number)
		l.Number, l.From = &number, stateNames[c.From]
		if c.Kind == gate.Admitted {
			until := wire.Time(c.Until)
			l.Session, l.Until, l.Latecomer = uint32(c.Session), &until, c.Latecomer
		}
	case gate.SessionEnding:
		l.Session, l.Reason = uint32(c.Session), reasonNames[c.Reason]
	case gate.SlotsFreed:
		for _, no := range c.Sessions {
			l.Sessions = append(l.Sessions, uint32(no))
		}
		for _, a := range c.Acks {
			l.Acks = append(l.Acks, waitingroom.LogAck{Node: hex.EncodeToString(a.Node[:]), Seq: uint64(a.Seq),
				Superseded: a.Superseded})
		}
	}
}

func settingsOf(s *gate.Settings) *waitingroom.LogSettings {
	return &waitingroom.LogSettings{Pool: s.Pool, OpensAt: wire.Time(s.OpensAt), ClosesAt: wire.Time(s.ClosesAt),
		CallsAt: wire.Time(s.DoorsAt), ActiveMax: s.Cap, Rate: s.Rate, Session: int64(s.Session), Turn: int64(s.Turn),
		Grace: int64(s.Grace)}
}

func stockOf(s *gate.Stock) *waitingroom.LogStock {
	out := &waitingroom.LogStock{Free: s.Free, Held: s.Held, Paying: s.Paying, Holding: s.Holding}
	for _, section := range s.Sections {
		out.Sections = append(out.Sections, waitingroom.LogSection{Section: section.Section, Seq: uint64(section.Seq)})
	}
	return out
}

// queueNames are the kinds' names on a line.
var queueNames = [...]string{
	gate.Founded:       waitingroom.LogFounded,
	gate.Joined:        waitingroom.LogJoined,
	gate.LeftQueue:     waitingroom.LogLeft,
	gate.LobbyClosed:   waitingroom.LogLobbyClosed,
	gate.LotsDrawn:     waitingroom.LogDrawn,
	gate.DoorsOpened:   waitingroom.LogOpened,
	gate.Stocked:       waitingroom.LogStocked,
	gate.CalledUp:      waitingroom.LogCalled,
	gate.CameEarly:     waitingroom.LogPresent,
	gate.SlotsOffered:  waitingroom.LogSlotsOffered,
	gate.Admitted:      waitingroom.LogAdmitted,
	gate.TurnsLapsed:   waitingroom.LogTurnsLapsed,
	gate.GraceEnded:    waitingroom.LogGraceEnded,
	gate.SessionEnding: waitingroom.LogSessionEnding,
	gate.SessionsLapse: waitingroom.LogSessionsLapsed,
	gate.SlotsFreed:    waitingroom.LogSlotsFreed,
	gate.Operated:      waitingroom.LogOperated,
	gate.Outage:        waitingroom.LogOutage,
}

// Names of what a line tells besides.
var (
	stateNames = [...]string{gate.Waiting: "waiting", gate.Called: "called", gate.Present: "present",
		gate.Offered: "offered", gate.Late: "late", gate.Inside: "inside", gate.Left: "left", gate.Lapsed: "lapsed",
		gate.Finished: "finished"}
	reasonNames = [...]string{gate.EndedLeft: "left", gate.EndedBought: "bought", gate.EndedExpired: "expired"}
	actionNames = [...]string{gate.SetCap: "cap", gate.SetRate: "rate", gate.Pause: "pause", gate.Resume: "resume",
		gate.SetMessage: "message", gate.OpenDoors: "open", gate.SetJoinRate: "join_rate",
		gate.SetJoinBurst: "join_burst", gate.SetPollRate: "poll_rate", gate.SetPollBurst: "poll_burst",
		gate.SetHoldRate: "hold_rate", gate.SetHoldBurst: "hold_burst"}
)
