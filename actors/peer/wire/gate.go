package wire

import (
	"encoding/binary"
	"slices"

	"holdfast/actors/gate"
	"holdfast/actors/gate/codebook"
	"holdfast/actors/section"
	"holdfast/storage"
)

// The messages of waiting rooms. Their numbers begin apart, so that others may come between. They are sent only to
// nodes that have said something of a gate themselves: a build that knows none does not read them.
const (
	// KindAskAdmitted is an Ask whose Command has a session: after its fields come Session, SessionUntil and Horizon.
	KindAskAdmitted Kind = iota + 32
	KindGateAsk
	KindGateAnswer
	KindEnds
	KindEndsObserved
)

// GateAsk is one command on its way to the node that has an event's gate: Join, Leave, Take, Look, HandIn, Operate,
// Mint or Revoke.
// All of them may be sent again.
type GateAsk struct {
	ID       uint64 // of the asker, for the answer
	Patience uint32 // milliseconds that the asker still waits
	Section  storage.SectionKey
	// Waited is for how many milliseconds the first of a Join's entrants has waited: Command.Oldest is not sent, for
	// two nodes' clocks differ.
	Waited  uint32
	Command gate.Command
}

// GateAnswer is the word on one GateAsk. After Undecided nobody knows whether it was done.
type GateAnswer struct {
	ID        uint64
	Code      Code             // Decided, Unavailable, Overloaded, Moved or Undecided
	Owner     storage.WriterID // of Moved
	Seq       gate.Seq         // of Decided: a record of the gate's log at or behind the one that the answer rests on
	Rejection gate.Rejection
	Repeat    bool
	Codes     codebook.Codes
	Places    []gate.Place // of a Join one for each entrant; of Leave, Take and Look one
}

// Ends asks that every section of an event which the receiver serves hears of the ends in the gate's log up to Upto:
// from the answer on, none of them places a hold that was looked up before.
type Ends struct {
	ID    uint64
	Event storage.EventID
	Upto  gate.Seq
}

// EndsObserved lists the sections that have heard, each with a life that has, or an earlier one.
type EndsObserved struct {
	ID       uint64
	Sections []SectionLife
}

// SectionLife is one life of a section.
type SectionLife struct {
	Section storage.SectionNo
	Epoch   section.Epoch
}

const (
	withCodes         = 0x80    // beside Join: each entrant's presale code is told
	withPrevious      = 0x80    // beside HandIn: the signature of the round before is told
	textBytesMax      = 4 << 10 // of an operator's text and reason
	signatureBytesMax = 4 << 10
)

// Append appends the message to dst.
func (m *GateAsk) Append(dst []byte) []byte {
	c := &m.Command
	dst = binary.AppendUvarint(append(dst, byte(KindGateAsk)), m.ID)
	dst = binary.AppendUvarint(dst, uint64(m.Patience))
	coded := c.Kind == gate.Join && slices.ContainsFunc(c.Entrants, func(e gate.Entrant) bool { return e.Code != 0 })
	if dst = append(appendKey(dst, m.Section), byte(c.Kind)); coded {
		dst[len(dst)-1] |= withCodes
	}
	if c.Kind == gate.HandIn && len(c.Previous) > 0 {
		dst[len(dst)-1] |= withPrevious
	}
	switch c.Kind {
	case gate.Join:
		dst = binary.AppendUvarint(dst, uint64(m.Waited))
		dst = binary.AppendUvarint(dst, uint64(len(c.Entrants)))
		for _, e := range c.Entrants {
			if dst = append(append(dst, e.Buyer[:]...), e.Party); coded {
				dst = binary.AppendUvarint(dst, uint64(e.Code))
			}
		}
	case gate.Mint, gate.Revoke:
		dst = appendBytes(appendCodes(dst, &c.Codes), []byte(c.Reason))
		dst = binary.BigEndian.AppendUint64(append(dst, c.Request[:]...), c.Fingerprint)
	case gate.HandIn:
		if dst = appendBytes(binary.AppendUvarint(dst, c.Round), c.Signature); len(c.Previous) > 0 {
			dst = appendBytes(dst, c.Previous)
		}
	case gate.Operate:
		dst = binary.AppendUvarint(append(dst, byte(c.Action)), uint64(c.Value))
		dst = appendBytes(appendBytes(dst, []byte(c.Text)), []byte(c.Reason))
		dst = binary.BigEndian.AppendUint64(append(dst, c.Request[:]...), c.Fingerprint)
	default:
		dst = append(dst, c.Buyer[:]...)
	}
	return dst
}

// GateAsk reads the message. What it names is the caller's to keep.
func (d *Decoder) GateAsk(m *GateAsk) error {
	*m = GateAsk{ID: d.uvarint(maxUint64), Patience: uint32(d.uvarint(1<<32 - 1)), Section: d.key()}
	c := &m.Command
	kind := d.byte()
	coded := kind == byte(gate.Join)|withCodes
	if coded {
		kind &^= withCodes
	}
	chained := kind == byte(gate.HandIn)|withPrevious
	if chained {
		kind &^= withPrevious
	}
	switch c.Kind = gate.CommandKind(kind); c.Kind {
	case gate.Join:
		m.Waited = uint32(d.uvarint(1<<32 - 1))
		for range d.uvarint(gate.EntrantsMax) {
			var e gate.Entrant
			d.copy(e.Buyer[:])
			if e.Party = d.byte(); coded {
				e.Code = codebook.No(d.uvarint(1<<32 - 1))
			}
			if d.err != nil {
				break
			}
			c.Entrants = append(c.Entrants, e)
		}
	case gate.HandIn:
		c.Round = d.uvarint(maxUint64)
		c.Signature = append([]byte(nil), d.bytes(signatureBytesMax)...)
		if chained {
			c.Previous = append([]byte(nil), d.bytes(signatureBytesMax)...)
		}
	case gate.Operate:
		c.Action, c.Value = gate.Action(d.byte()), uint32(d.uvarint(1<<32-1))
		c.Text, c.Reason = string(d.bytes(textBytesMax)), string(d.bytes(textBytesMax))
		d.copy(c.Request[:])
		c.Fingerprint = d.uint64()
	case gate.Mint, gate.Revoke:
		c.Codes, c.Reason = d.codes(), string(d.bytes(textBytesMax))
		d.copy(c.Request[:])
		c.Fingerprint = d.uint64()
	case gate.Leave, gate.Take, gate.Look:
		d.copy(c.Buyer[:])
	default: // the rest is the owner's own to say
		d.fail("a command that no node may send")
	}
	return d.end()
}

func appendCodes(dst []byte, c *codebook.Codes) []byte {
	for _, n := range [...]uint64{uint64(c.First), uint64(c.Count), uint64(c.Uses), uint64(c.From), uint64(c.Until)} {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

func (d *Decoder) codes() (c codebook.Codes) {
	c.First, c.Count = codebook.No(d.uvarint(1<<32-1)), uint32(d.uvarint(1<<32-1))
	c.Uses = uint32(d.uvarint(1<<32 - 1))
	c.From, c.Until = gate.Instant(d.uvarint(1<<62)), gate.Instant(d.uvarint(1<<62))
	return c
}

// Append appends the message to dst.
func (m *GateAnswer) Append(dst []byte) []byte {
	dst = append(binary.AppendUvarint(append(dst, byte(KindGateAnswer)), m.ID), byte(m.Code))
	switch m.Code {
	case Moved:
		return append(dst, m.Owner[:]...)
	case Decided:
	default:
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(m.Seq))
	dst = append(dst, byte(m.Rejection), flags(m.Repeat, m.Codes.Count != 0))
	if m.Codes.Count != 0 {
		dst = appendCodes(dst, &m.Codes)
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.Places)))
	for i := range m.Places {
		p := &m.Places[i]
		dst = binary.AppendUvarint(dst, uint64(p.Number))
		if p.State == gate.NoPlace { // who has no place has no party
			dst = append(dst, byte(p.State), byte(p.Refused), 0)
			continue
		}
		dst = append(dst, byte(p.State), p.Party, flags(p.Repeat, p.Session != 0))
		if p.Session != 0 {
			dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(p.Session)), int64(p.Until))
		}
	}
	return dst
}

// GateAnswer reads the message. The places are the caller's to keep.
func (d *Decoder) GateAnswer(m *GateAnswer) error {
	*m = GateAnswer{ID: d.uvarint(maxUint64), Code: Code(d.byte())}
	switch m.Code {
	case Decided:
		m.Seq, m.Rejection = gate.Seq(d.uvarint(maxUint64)), gate.Rejection(d.byte())
		bits := d.flags(2)
		if m.Repeat = bits&1 != 0; bits&2 != 0 {
			m.Codes = d.codes()
		}
		for range d.uvarint(gate.EntrantsMax) {
			if m.Places = append(m.Places, d.place()); d.err != nil {
				break
			}
		}
	case Moved:
		d.copy(m.Owner[:])
	case Unavailable, Overloaded, Undecided:
	default:
		d.fail("an unknown code")
	}
	return d.end()
}

func (d *Decoder) place() (p gate.Place) {
	p.Number, p.State, p.Party = gate.Number(d.uvarint(1<<32-1)), gate.PlaceState(d.byte()), d.byte()
	bits := d.flags(2)
	if p.State == gate.NoPlace {
		p.Refused, p.Party = gate.Rejection(p.Party), 0
	}
	if p.Repeat = bits&1 != 0; bits&2 != 0 {
		p.Session, p.Until = gate.SessionNo(d.uvarint(1<<32-1)), gate.Instant(d.varint())
	}
	return p
}

// Append appends the message to dst.
func (m *Ends) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, byte(KindEnds)), m.ID)
	return binary.AppendUvarint(append(dst, m.Event[:]...), uint64(m.Upto))
}

// Ends reads the message.
func (d *Decoder) Ends(m *Ends) error {
	m.ID = d.uvarint(maxUint64)
	d.copy(m.Event[:])
	m.Upto = gate.Seq(d.uvarint(maxUint64))
	return d.end()
}

// Append appends the message to dst.
func (m *EndsObserved) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, byte(KindEndsObserved)), m.ID)
	dst = binary.AppendUvarint(dst, uint64(len(m.Sections)))
	for _, l := range m.Sections {
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(l.Section)), uint64(l.Epoch))
	}
	return dst
}

// EndsObserved reads the message. The list is the caller's to keep.
func (d *Decoder) EndsObserved(m *EndsObserved) error {
	m.ID, m.Sections = d.uvarint(maxUint64), nil
	for range d.uvarint(uint64(len(d.src))) { // each takes two bytes at least
		l := SectionLife{storage.SectionNo(d.uvarint(1<<32 - 1)), section.Epoch(d.uvarint(maxUint64))}
		if d.err != nil {
			break
		}
		m.Sections = append(m.Sections, l)
	}
	return d.end()
}

// appendSession appends what a hold behind a waiting room needs of its buyer's session.
func appendSession(dst []byte, c *section.Command) []byte {
	dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(c.Session)), int64(c.SessionUntil))
	return binary.AppendUvarint(dst, uint64(c.Horizon))
}

func (d *Decoder) session(c *section.Command) {
	c.Session, c.SessionUntil = uint32(d.uvarint(1<<32-1)), section.Instant(d.varint())
	if c.Horizon = section.Seq(d.uvarint(maxUint64)); c.Session == 0 {
		d.fail("no session")
	}
}
