package audit

import (
	"errors"
	"fmt"

	"holdfast/actors/gate"
	gateaudit "holdfast/actors/gate/audit"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Gate: a waiting room's log breaks one of its invariants (P8); the detail names the invariant.
const Gate Code = "gate"

// gateName stands for the section in findings about a waiting room.
const gateName = "waiting room"

// admittedHold is a hold that a section's log says was placed under a session.
type admittedHold struct {
	section string
	seq     section.Seq
	at      section.Instant
	buyer   section.BuyerID
	session gate.SessionNo
	horizon section.Seq
}

// heldUnder notes the holds that were placed under sessions.
func (s *sectionAudit) heldUnder(c *section.Change) {
	if c.Kind == section.HoldPlaced && c.Session != 0 {
		s.admitted = append(s.admitted, admittedHold{section: s.name, seq: s.seq, at: c.At, buyer: c.Buyer,
			session: gate.SessionNo(c.Session), horizon: c.Horizon})
	}
}

// gate judges an event's gate, its stocks against what the sections' logs gave (G8), and the holds of its sections
// against the gate's sessions (G7). It comes after the sections: whatever of the gate a hold was placed under is in the
// log by now.
func (r *run) gate(e *storage.Event, holds []admittedHold, counted *stocks) error {
	key := storage.SectionKey{Event: e.ID, Section: storage.GateNo}
	delete(r.orphans, key)
	if e.WaitingRoom == nil {
		return nil
	}
	if err := r.freeze(); err != nil {
		return fmt.Errorf("audit: gate %v: freeze: %w", key, err)
	}
	n := &notes{report: r.report, show: e.ID.String(), name: gateName}
	g := gateLog{run: r, key: key, notes: n, known: r.known[key]}
	delete(r.known, key)
	report := gateaudit.Run(g.entries, gateaudit.Options{Beacon: beaconOf(e.WaitingRoom), Stock: counted.judge})
	if g.err != nil {
		return fmt.Errorf("audit: gate %v: %w", key, g.err)
	}
	for _, f := range report.Findings {
		n.add(f.Seq, Gate, f.Invariant+": "+f.Why)
	}
	for _, what := range append(report.Unchecked, counted.unchecked()...) {
		r.report.NotAudited = append(r.report.NotAudited, "event "+n.show+": "+what)
	}
	if g.chain.seq < g.known.Seq {
		g.add(0, Lost, fmt.Sprintf("record %d had been acknowledged, and the log ends at %d", g.known.Seq, g.chain.seq))
	}
	g.compareHolds(holds)
	return nil
}

// gateLog reads a gate's log, and keeps what is needed to judge holds.
type gateLog struct {
	*run
	*notes
	key      storage.SectionKey
	chain    chain
	known    Acknowledged // zero: nobody remembers anything
	err      error        // the log could not be read
	buyers   []gate.Buyer
	sessions []gateSession // by number less one
	lapsing  int           // the first that may be inside
}

type gateSession struct {
	buyer        gate.Buyer
	began, ended gate.Seq // ended 0: it goes on
	until        gate.Instant
}

// entries gives every record to the judge, as long as the chain holds.
func (g *gateLog) entries(yield func(gateaudit.Entry) bool) {
	enough := errors.New("enough")
	err := g.at.Read(g.ctx, g.key, 0, func(e *storage.Entry, hash storage.Hash) error {
		if broke := g.chain.follow(e, hash); broke != nil {
			return broke
		}
		if e.Seq == g.known.Seq && hash != g.known.Hash {
			g.add(e.Seq, Lost, "another record was acknowledged under this number")
		}
		if e.Kind == storage.EntryChanges {
			_ = gate.DecodeChanges(e.Body, e.At, func(c *gate.Change) error { // the judge tells of an error
				g.note(e.Seq, c)
				return nil
			})
		}
		if !yield(gateaudit.Entry{Seq: e.Seq, At: e.At, Claim: e.Kind == storage.EntryClaim, Body: e.Body}) {
			return enough
		}
		return g.ctx.Err()
	})
	var corrupt *storage.CorruptError
	var broke *broken
	switch {
	case errors.As(err, &broke):
		g.add(g.chain.seq+1, broke.code, broke.detail)
	case errors.As(err, &corrupt):
		g.add(corrupt.Seq, Damaged, corrupt.Why)
	case !errors.Is(err, enough):
		g.err = err
	}
}

// note follows buyers and sessions.
func (g *gateLog) note(seq gate.Seq, c *gate.Change) {
	switch c.Kind {
	case gate.Joined:
		for i := range c.Entrants {
			g.buyers = append(g.buyers, c.Entrants[i].Buyer)
		}
	case gate.Admitted:
		s := gateSession{began: seq, until: c.Until}
		if int(c.Number) < len(g.buyers) {
			s.buyer = g.buyers[c.Number]
		}
		g.sessions = append(g.sessions, s)
	case gate.SessionEnding:
		if no := int(c.Session); no > 0 && no <= len(g.sessions) {
			g.sessions[no-1].ended = seq
		}
	case gate.SessionsLapse:
		for left := c.People; left > 0 && g.lapsing < len(g.sessions); g.lapsing++ {
			if s := &g.sessions[g.lapsing]; s.ended == 0 {
				s.ended = seq
				left--
			}
		}
	}
}

// compareHolds says which holds were placed under no session, under another buyer's, or after its end (G7).
func (g *gateLog) compareHolds(holds []admittedHold) {
	for i := range holds {
		h := &holds[i]
		why := ""
		switch no := int(h.session); {
		case no > len(g.sessions):
			why = "there is no such session"
		case g.sessions[no-1].began > h.horizon:
			why = fmt.Sprintf("the session began in record %d", g.sessions[no-1].began)
		case g.sessions[no-1].buyer != gate.Buyer(h.buyer):
			why = "the session is another buyer's"
		case h.at >= g.sessions[no-1].until:
			why = "the session's time was up"
		case g.sessions[no-1].ended != 0 && g.sessions[no-1].ended <= h.horizon:
			why = fmt.Sprintf("the session had ended in record %d", g.sessions[no-1].ended)
		}
		if why != "" {
			g.add(0, Gate, fmt.Sprintf("G7: section %s record %d placed a hold under session %d, looked up at %d: %s",
				h.section, h.seq, h.session, h.horizon, why))
		}
	}
}
