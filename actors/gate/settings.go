package gate

import (
	"encoding/binary"

	"holdfast/actors/codec"
	"holdfast/actors/gate/bound"
)

// Settings are logged once, when the gate is founded: nothing that a rule of the draw or of the turns rests on is told
// by anything but the log. Cap, Rate and pauses change later by operators' commands.
type Settings struct {
	Event [16]byte
	Pool  uint32
	// Generation is raised for a waiting room that begins anew, so that no earlier place is taken for one of its own.
	Generation uint32
	// OpensAt begins the joins. ClosesAt ends the lobby and starts the draw; 0: without a lobby, the first join is the
	// first place. DoorsAt begins the calls, after the draw if there is a lobby.
	OpensAt, ClosesAt, DoorsAt Instant
	Rule                       DrawRule
	SaltKey                    [32]byte     // of the leaves' salts; published to nobody
	Cap                        uint32       // people inside
	Rate                       uint32       // calls in 1000 seconds at most; 0: no bound
	Session                    Millis       // time inside
	Turn                       Millis       // time to come, once called
	Grace                      Millis       // one more window for who comes late; 0: none
	MeanSeats                  uint32       // thousandths of a seat that a buyer takes; 0: 1000
	Return                     uint32       // ρ: thousandths of held and paying seats expected back, at most 1000
	Presale                    uint32       // 1: a join needs a code that was minted; 0: none does
	Limits                     bound.Limits // of one buyer
}

// DrawRule says which round of a beacon seeds the draw. It is logged before the lobby opens.
type DrawRule struct {
	Chain   [32]byte // the beacon's chain hash; zero: no independent beacon, the operator hands a value in
	Genesis Instant  // of round 1
	Period  Millis   // between rounds
	Round   uint64   // the planned round
	Late    Millis   // the least time between the close and the round; a close later than planned takes a later round
}

// Independent says that a beacon seeds the draw, and not the operator.
func (r *DrawRule) Independent() bool { return r.Chain != [32]byte{} }

// TimeOf is when a round is published.
func (r *DrawRule) TimeOf(round uint64) Instant {
	return r.Genesis + Instant(round-1)*Instant(r.Period)
}

// RoundAfter is the round that seeds a draw whose lobby was closed at an instant: the planned one, or the first that is
// published Late or more after the close. 0: there is no beacon.
func (r *DrawRule) RoundAfter(closed Instant) uint64 {
	if !r.Independent() {
		return 0
	}
	earliest := closed + Instant(r.Late)
	if r.TimeOf(r.Round) >= earliest {
		return r.Round
	}
	return uint64(earliest-r.Genesis+Instant(r.Period)-1)/uint64(r.Period) + 1
}

const instantMax = 1 << 47 // beyond it, sums of times could overflow

// Reject names what contradicts itself; Accepted: nothing does.
func (s *Settings) Reject() Rejection {
	lobby := s.ClosesAt != 0
	r := &s.Rule
	switch {
	case s.OpensAt < 0 || s.ClosesAt < 0 || s.DoorsAt < max(s.OpensAt, s.ClosesAt) || s.DoorsAt > instantMax,
		lobby && s.ClosesAt < s.OpensAt,
		s.Session <= 0 || s.Turn <= 0 || s.Grace < 0 || max(s.Session, s.Turn, s.Grace) > instantMax,
		s.Return > 1000 || s.MeanSeats > 1_000_000 || s.Presale > 1:
		return BadSettings
	case lobby && r.Independent() && (r.Period <= 0 || r.Genesis < 0 || r.Late < 0 || r.Round == 0 ||
		r.Period > instantMax || r.Genesis > instantMax || r.Late > instantMax ||
		r.Round > uint64(instantMax/r.Period) || r.TimeOf(r.Round) < s.ClosesAt+Instant(r.Late)):
		return BadSettings
	}
	return Accepted
}

// The settings' tags in the log. A later build adds tags and never changes one: what an older log does not name is
// zero.
const (
	tagEvent int = iota + 1
	tagPool
	tagOpensAt
	tagClosesAt
	tagDoorsAt
	tagChain
	tagGenesis
	tagPeriod
	tagRound
	tagLate
	tagSaltKey
	tagCap
	tagRate
	tagSession
	tagTurn
	tagGrace
	tagMeanSeats
	tagReturn
	tagGeneration
	tagPresale
	tagLimits // the six numbers of Limits have a tag each
	tagEnd    = tagLimits + bound.Numbers
)

// appendSettings appends tag and value of each field that is not zero, tags ascending, and 0. Numbers are uvarints.
func appendSettings(dst []byte, s *Settings) []byte {
	for tag := tagEvent; tag < tagEnd; tag++ {
		bytes, number := s.field(tag)
		switch {
		case number != nil && *number != 0:
			dst = binary.AppendUvarint(append(dst, byte(tag)), *number)
		case bytes != nil && !allZero(bytes):
			dst = append(append(dst, byte(tag)), bytes...)
		}
	}
	return append(dst, 0)
}

func readSettings(r *codec.Reader, s *Settings) {
	*s = Settings{}
	last := 0
	for tag := int(r.Byte()); tag != 0 && r.Err == nil; tag = int(r.Byte()) {
		if tag <= last || tag >= tagEnd {
			r.Fail("setting of an unknown tag, or out of order")
			return
		}
		last = tag
		bytes, number := s.field(tag)
		if bytes != nil {
			r.Copy(bytes)
			if allZero(bytes) {
				r.Fail("setting that is zero")
			}
			continue
		}
		*number = r.Uvarint()
		s.take(tag, *number)
		if _, again := s.field(tag); *again != *number || *number == 0 {
			r.Fail("setting out of range")
		}
	}
}

// field gives a field's bytes, or its value as a number.
func (s *Settings) field(tag int) (bytes []byte, number *uint64) {
	var n uint64
	switch tag {
	case tagEvent:
		return s.Event[:], nil
	case tagChain:
		return s.Rule.Chain[:], nil
	case tagSaltKey:
		return s.SaltKey[:], nil
	case tagRound:
		n = s.Rule.Round
	default:
		if p := s.times(tag); p != nil {
			n = uint64(*p)
		} else {
			n = uint64(*s.counts(tag))
		}
	}
	return nil, &n
}

// take sets a field that is a number.
func (s *Settings) take(tag int, n uint64) {
	if tag == tagRound {
		s.Rule.Round = n
	} else if p := s.times(tag); p != nil {
		*p = int64(n)
	} else {
		*s.counts(tag) = uint32(n)
	}
}

func (s *Settings) times(tag int) *int64 {
	switch tag {
	case tagOpensAt:
		return (*int64)(&s.OpensAt)
	case tagClosesAt:
		return (*int64)(&s.ClosesAt)
	case tagDoorsAt:
		return (*int64)(&s.DoorsAt)
	case tagGenesis:
		return (*int64)(&s.Rule.Genesis)
	case tagPeriod:
		return (*int64)(&s.Rule.Period)
	case tagLate:
		return (*int64)(&s.Rule.Late)
	case tagSession:
		return (*int64)(&s.Session)
	case tagTurn:
		return (*int64)(&s.Turn)
	case tagGrace:
		return (*int64)(&s.Grace)
	}
	return nil
}

func (s *Settings) counts(tag int) *uint32 {
	switch tag {
	case tagPool:
		return &s.Pool
	case tagCap:
		return &s.Cap
	case tagRate:
		return &s.Rate
	case tagMeanSeats:
		return &s.MeanSeats
	case tagGeneration:
		return &s.Generation
	case tagPresale:
		return &s.Presale
	case tagReturn:
		return &s.Return
	}
	return s.Limits.Number(tag - tagLimits)
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
