package storage

import (
	"encoding/hex"
	"fmt"

	"holdfast/actors/gate/bound"
	"holdfast/actors/section"
)

// Numbers from GateNo on are no section's: whoever lists the logs of a store asks IsSection.
const (
	// GateNo is the number of the log of an event's waiting room, before the pool of all its seats.
	GateNo SectionNo = 1 << 31
	// CoordinatorNo is the number of the log of an event's first coordinator; the others follow.
	CoordinatorNo SectionNo = GateNo + 1<<30
)

// IsSection says that the log is a section's.
func (k SectionKey) IsSection() bool { return k.Section < GateNo }

// IsGate says that the log is a waiting room's.
func (k SectionKey) IsGate() bool { return k.Section >= GateNo && k.Section < CoordinatorNo }

// IsCoordinator says that the log is a coordinator's.
func (k SectionKey) IsCoordinator() bool { return k.Section >= CoordinatorNo }

// WaitingRoom is how an event's buyers are let in: the settings that its gate is founded with (package actors/gate).
type WaitingRoom struct {
	OpensAt  section.Instant // joins begin
	ClosesAt section.Instant `json:",omitempty"` // the end of the lobby, then the draw; 0: no lobby, first come first served
	DoorsAt  section.Instant // calls begin, after the draw if there is a lobby
	Cap      uint32          // people inside
	Rate     uint32          `json:",omitempty"` // calls in 1000 seconds at most; 0: no bound
	// SessionMillis is the time inside, TurnMillis the time to come once called, GraceMillis one more window for who
	// comes late; 0: none.
	SessionMillis, TurnMillis section.Millis
	GraceMillis               section.Millis `json:",omitempty"`
	// Beacon seeds the draw. nil with a lobby: the operator hands a value in, and is trusted.
	Beacon *DrawBeacon `json:",omitempty"`
	// SaltKey makes the salts of the draw's leaves; published to nobody. Zero at creation: the engine draws one.
	SaltKey Bytes32
	// Presale has each join use a code that an operator has minted.
	Presale bool `json:",omitempty"`
	// Captcha has each join show a token that the server's captcha provider vouches for.
	Captcha bool `json:",omitempty"`
	// CoolDown has buyers wait who let holds lapse; nil: nobody does.
	CoolDown *CoolDown `json:",omitempty"`
	// ProofOfWork is asked for at each join; nil: none is.
	ProofOfWork *ProofOfWork `json:",omitempty"`
	// Limits bound what one buyer may ask of the event, as the gate is founded; nil: nothing does.
	Limits *bound.Limits `json:",omitempty"`
}

// CoolDown is how long whoever lets holds lapse waits for the next one (package actors/cooldown).
type CoolDown struct {
	Free         uint8          `json:",omitempty"` // lapsed holds that cost nothing
	BaseMillis   section.Millis // the first wait; each one more is twice as long
	MaxMillis    section.Millis // the longest
	ForgetMillis section.Millis // after so long, one lapsed hold is forgotten
}

// ProofOfWork is the puzzle that a join solves (package api/proofofwork): in the mean, half as many hashes as the
// number says.
type ProofOfWork struct {
	Number         uint32         // while all is calm
	RushNumber     uint32         // at most, in a rush
	JoinsPerSecond uint32         // from so many on each node the number doubles; from twice as many again
	LifetimeMillis section.Millis // from the puzzle to the join
}

// DrawBeacon is a public source of chance, and the round of it that seeds a draw.
type DrawBeacon struct {
	Chain   Bytes32         // the beacon's chain hash
	Genesis section.Instant // of round 1
	Period  section.Millis  // between rounds
	Round   uint64          // the planned round: published LateMillis or more after the lobby's end
	// LateMillis is the least time between the lobby's end and the round; a lobby closed later takes a later round.
	LateMillis section.Millis
}

// Clone returns a copy that shares nothing with w.
func (w *WaitingRoom) Clone() *WaitingRoom {
	if w == nil {
		return nil
	}
	c := *w
	if w.Beacon != nil {
		beacon := *w.Beacon
		c.Beacon = &beacon
	}
	if w.ProofOfWork != nil {
		work := *w.ProofOfWork
		c.ProofOfWork = &work
	}
	if w.Limits != nil {
		limits := *w.Limits
		c.Limits = &limits
	}
	if w.CoolDown != nil {
		cool := *w.CoolDown
		c.CoolDown = &cool
	}
	return &c
}

// Bytes32 is 32 bytes whose text is lower-case hexadecimal digits.
type Bytes32 [32]byte

// MarshalText gives 64 digits.
func (b Bytes32) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b[:]), nil }

// UnmarshalText reads 64 digits and no other form. Errors wrap ErrFormat.
func (b *Bytes32) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(b)) {
		return fmt.Errorf("%w: %d characters are not 32 bytes in hexadecimal digits", ErrFormat, len(text))
	}
	if _, err := hex.Decode(b[:], text); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return nil
}
