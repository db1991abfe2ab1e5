package waitingroom

import (
	"bytes"
	"fmt"

	"holdfast/actors/gate"
	"holdfast/actors/gate/audit"
	"holdfast/actors/gate/draw"
	"holdfast/storage"
)

// model is the dumb twin of a gate's durable truth: slices and loops over what stands in the log.
type model struct {
	tail     storage.Tail
	entries  []audit.Entry // for the audit
	set      gate.Settings
	places   []place // by number
	newest   map[gate.Buyer]gate.Number
	sessions []stay // of session 1 on
	order    draw.Permutation
	round    uint64
	entrants uint32 // N, at the close of the lobby
	lots     []byte // the signature that seeded the draw
	counter  gate.Rank
	moved    gate.Seq // the record in which the counter last moved
	before   gate.Rank
	cap      uint32
	occupied uint32
	paused   bool
	resumed  gate.Seq // the record that ended the last pause
	effects  map[gate.RequestID]gate.Seq
	writer   storage.WriterID // of the record that is read
}

// place is one number as the log tells it. Zero seqs: it did not happen.
type place struct {
	buyer  gate.Buyer
	party  uint8
	writer storage.WriterID // whose record has it
	joined gate.Seq
	called gate.Seq
	came   gate.Seq // present, when no slot was free
	left   gate.Seq
	inside gate.SessionNo
}

// stay is one session.
type stay struct {
	number gate.Number
	until  gate.Instant
	writer storage.WriterID
	ended  gate.Seq
	freed  gate.Seq
}

func newModel() *model {
	return &model{newest: map[gate.Buyer]gate.Number{}, effects: map[gate.RequestID]gate.Seq{}}
}

// Entry takes one log entry; an error means that the log tells something impossible.
func (m *model) Entry(e *storage.Entry, hash storage.Hash) error {
	switch {
	case e.Seq != m.tail.Seq+1 || e.Prev != m.tail.Hash:
		return fmt.Errorf("P10: record %d does not follow record %d", e.Seq, m.tail.Seq)
	case e.Kind == storage.EntryChanges && (e.Writer != m.tail.Writer || e.Epoch != m.tail.Epoch):
		return fmt.Errorf("P3: record %d is by a writer that did not claim the epoch", e.Seq)
	}
	m.tail, m.writer = e.After(hash), e.Writer
	m.entries = append(m.entries, audit.Entry{Seq: e.Seq, At: e.At, Claim: e.Kind == storage.EntryClaim,
		Body: bytes.Clone(e.Body)})
	if e.Kind != storage.EntryChanges {
		return nil
	}
	return gate.DecodeChanges(e.Body, e.At, func(c *gate.Change) error {
		if err := m.change(c, e.Seq); err != nil {
			return fmt.Errorf("record %d: %w", e.Seq, err)
		}
		return nil
	})
}

func (m *model) change(c *gate.Change, seq gate.Seq) error {
	switch c.Kind {
	case gate.Founded:
		m.set, m.cap = c.Settings, c.Settings.Cap
	case gate.LobbyClosed:
		m.round, m.entrants = c.Round, c.Count
	case gate.LotsDrawn:
		m.lots, m.order = bytes.Clone(c.Signature), draw.NewPermutation(c.Seed, m.entrants)
	case gate.Operated:
		return m.operated(c, seq)
	case gate.Joined:
		return m.joined(c, seq)
	case gate.CalledUp:
		return m.calledUp(c, seq)
	case gate.CameEarly:
		return m.mark(c.Number, &m.places[c.Number].came, seq)
	case gate.LeftQueue:
		return m.mark(c.Number, &m.places[c.Number].left, seq)
	}
	return m.session(c, seq)
}

func (m *model) mark(no gate.Number, what *gate.Seq, seq gate.Seq) error {
	if m.places[no].left != 0 {
		return fmt.Errorf("G4: place %d was left", no)
	}
	*what = seq
	return nil
}

func (m *model) operated(c *gate.Change, seq gate.Seq) error {
	if c.Request != (gate.RequestID{}) {
		if m.effects[c.Request] != 0 {
			return fmt.Errorf("P5: request %x had two effects", c.Request[:4])
		}
		m.effects[c.Request] = seq
	}
	switch c.Action {
	case gate.SetCap:
		m.cap = c.Value
	case gate.Pause, gate.Resume:
		if m.paused && c.Action == gate.Resume {
			m.resumed = seq
		}
		m.paused = c.Action == gate.Pause
	}
	return nil
}

// gone says that a place counts no more, as far as joins go. Lapsed ones only the audit knows.
func (m *model) gone(no gate.Number) bool {
	p := &m.places[no]
	return p.left != 0 || p.inside != 0 && m.sessions[p.inside-1].ended != 0 || p.called != 0 && p.inside == 0
}

func (m *model) joined(c *gate.Change, seq gate.Seq) error {
	for _, e := range c.Entrants {
		if no, had := m.newest[e.Buyer]; had && !m.gone(no) {
			return fmt.Errorf("G1: place %d is given to the buyer of place %d", len(m.places), no)
		}
		m.newest[e.Buyer] = gate.Number(len(m.places))
		m.places = append(m.places, place{buyer: e.Buyer, party: e.Party, writer: m.writer, joined: seq})
	}
	return nil
}

func (m *model) rank(no gate.Number) gate.Rank { return gate.Rank(m.order.Place(uint32(no))) }

func (m *model) calledUp(c *gate.Change, seq gate.Seq) error {
	people := uint32(0)
	m.before, m.moved = m.counter, seq
	for ; m.counter < c.Upto; m.counter++ {
		p := &m.places[m.order.Number(uint32(m.counter))]
		if p.called != 0 {
			return fmt.Errorf("G4: rank %d is called twice", m.counter)
		}
		if p.left == 0 {
			p.called = seq
			people++
		}
	}
	if people != c.People {
		return fmt.Errorf("G4: %d were called, %d wait up to rank %d: somebody is skipped", c.People, people, c.Upto)
	}
	return nil
}

func (m *model) session(c *gate.Change, seq gate.Seq) error {
	switch c.Kind {
	case gate.Admitted:
		p := &m.places[c.Number]
		switch {
		case m.occupied >= m.cap:
			return fmt.Errorf("G5: session %d begins, %d of %d slots are occupied", c.Session, m.occupied, m.cap)
		case p.called == 0 || p.inside != 0 || int(c.Session) != len(m.sessions)+1:
			return fmt.Errorf("G4: session %d of place %d, called in %d, which had %d", c.Session, c.Number, p.called,
				p.inside)
		}
		m.occupied++
		p.inside = c.Session
		m.sessions = append(m.sessions, stay{number: c.Number, until: c.Until, writer: m.writer})
	case gate.SessionEnding:
		m.sessions[c.Session-1].ended = seq
	case gate.SessionsLapse:
		left := c.People
		for i := range m.sessions {
			if s := &m.sessions[i]; s.ended == 0 && left > 0 {
				s.ended = seq
				left--
			}
		}
	case gate.SlotsFreed:
		for _, no := range c.Sessions {
			if s := &m.sessions[no-1]; s.ended == 0 || s.freed != 0 {
				return fmt.Errorf("G6: the slot of session %d is freed, ended in %d, freed in %d", no, s.ended, s.freed)
			}
			m.sessions[no-1].freed = seq
			m.occupied--
		}
	}
	return nil
}
