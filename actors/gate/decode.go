package gate

import (
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/gate/codebook"
)

// DecodeChanges calls visit for each change of body, which was written relative to at. It is strict: short, trailing,
// unknown or non-canonical bytes are an error wrapping codec.ErrFormat. The change and its slices are valid during the
// call only. An error of visit is returned as is.
func DecodeChanges(body []byte, at Instant, visit func(*Change) error) error {
	var c Change
	for r := (codec.Reader{Src: body}); len(r.Src) > 0; {
		readChange(&r, at, &c)
		if r.Err != nil {
			return r.Err
		}
		if err := visit(&c); err != nil {
			return err
		}
	}
	return nil
}

func readChange(r *codec.Reader, at Instant, c *Change) {
	*c = Change{Entrants: c.Entrants[:0], Sessions: c.Sessions[:0], Acks: c.Acks[:0],
		Stock: Stock{Sections: c.Stock.Sections[:0]}}
	head := r.Byte()
	c.Kind, c.At = ChangeKind(head&^changeHasAt), at
	if head&changeHasAt != 0 {
		apart := r.Signed()
		if apart == 0 || apart > instantMax || apart < -instantMax {
			r.Fail("instant of the record, or none")
		}
		c.At += Instant(apart)
	}
	switch c.Kind {
	case Founded:
		readSettings(r, &c.Settings)
	case Joined, joinedByCode:
		readJoined(r, c)
	case Stocked:
		readStock(r, &c.Stock)
	case LobbyClosed:
		c.Count = read32(r)
		r.Copy(c.Root[:])
		c.Round = r.Uvarint()
	case LotsDrawn, chainedDrawn:
		c.Signature = readBytes(r, SignatureMax)
		if c.Kind == chainedDrawn {
			if c.Kind, c.Previous = LotsDrawn, readBytes(r, SignatureMax); len(c.Previous) == 0 {
				r.Fail("a chained round without the one before")
			}
		}
		r.Copy(c.Seed[:])
	case SlotsFreed:
		readFreed(r, c)
	case Operated:
		readOperated(r, c)
	case CodesMinted, CodesRevoked:
		readCodes(r, c)
	default:
		readPeople(r, c)
	}
}

// readPeople reads the kinds that are about places and sessions.
func readPeople(r *codec.Reader, c *Change) {
	switch c.Kind {
	case LeftQueue, CameEarly:
		c.Number, c.From = Number(read32(r)), readState(r)
	case CalledUp:
		c.Upto, c.People = Rank(read32(r)), read32(r)
		c.Cites, c.ShowRate = StockNo(read32(r)), read32(r)
	case SlotsOffered, GraceEnded, SessionsLapse:
		c.People = read32(r)
	case Admitted:
		c.Number, c.From, c.Latecomer = Number(read32(r)), readState(r), readFlag(r)
		c.Session = SessionNo(read32(r))
		c.Until = c.At + Instant(min(r.Uvarint(), instantMax))
	case TurnsLapsed:
		c.People, c.Offers, c.OffersGone = read32(r), read32(r), read32(r)
	case SessionEnding:
		c.Session, c.Reason = SessionNo(read32(r)), EndReason(r.Byte())
		if c.Reason < EndedLeft || c.Reason > EndedExpired {
			r.Fail("a session's end without a reason")
		}
	case DoorsOpened, Outage:
	default:
		r.Fail("change of an unknown kind")
	}
}

func read32(r *codec.Reader) uint32 {
	n := r.Uvarint()
	if n > math.MaxUint32 {
		r.Fail("number too large")
	}
	return uint32(n)
}

// readCount refuses more items than the bytes that are left can hold.
func readCount(r *codec.Reader, most, each int) int {
	n := r.Uvarint()
	if n > uint64(most) || n > uint64(len(r.Src)/each) {
		r.Fail("count too large")
		return 0
	}
	return int(n)
}

func readFlag(r *codec.Reader) bool {
	b := r.Byte()
	if b > 1 {
		r.Fail("a flag is 0 or 1")
	}
	return b == 1
}

func readState(r *codec.Reader) PlaceState {
	s := PlaceState(r.Byte())
	if !s.live() {
		r.Fail("state of no live place")
	}
	return s
}

func readBytes(r *codec.Reader, most int) []byte { return r.Take(readCount(r, most, 1)) }

func readJoined(r *codec.Reader, c *Change) {
	c.Oldest = c.At - Instant(min(r.Uvarint(), instantMax))
	n := readCount(r, EntrantsMax, 17)
	if n == 0 {
		r.Fail("a join of nobody")
	}
	for range n {
		var e Entrant
		r.Copy(e.Buyer[:])
		if e.Party = r.Byte(); e.Party == 0 {
			r.Fail("a party of nobody")
		}
		if c.Kind == joinedByCode {
			e.Code = codebook.No(read32(r))
		}
		c.Entrants = append(c.Entrants, e)
	}
	if c.Kind == joinedByCode && !c.byCode() {
		r.Fail("a join by a code without one")
	}
	c.Kind = Joined
}

func readCodes(r *codec.Reader, c *Change) {
	c.Codes.First, c.Codes.Count = codebook.No(read32(r)), read32(r)
	if c.Kind == CodesMinted {
		c.Codes.Uses, c.Codes.From, c.Codes.Until = read32(r), readInstant(r), readInstant(r)
		if !c.Codes.Sound() {
			r.Fail("codes that cannot be minted")
		}
	}
	if n := c.Codes.Count; n == 0 || n > codebook.Max || c.Codes.First == 0 || c.Codes.First > codebook.Max {
		r.Fail("codes out of range")
	}
	c.Why = string(readBytes(r, TextMax))
	r.Copy(c.Request[:])
	c.Fingerprint = r.Fixed64()
}

func readStock(r *codec.Reader, s *Stock) {
	s.Pool, s.Free, s.Held, s.Paying, s.Holding = read32(r), read32(r), read32(r), read32(r), read32(r)
	next := uint64(0)
	for range readCount(r, SectionsMax, 2) {
		section := next + uint64(read32(r))
		if section > math.MaxUint32 {
			r.Fail("section out of range")
		}
		s.Sections = append(s.Sections, SectionSeq{uint32(section), Seq(r.Uvarint())})
		next = section + 1
	}
}

func readFreed(r *codec.Reader, c *Change) {
	next := uint64(0)
	for range readCount(r, SessionsMax, 1) {
		no := next + uint64(read32(r))
		if no == 0 || no > math.MaxUint32 {
			r.Fail("session out of range")
		}
		c.Sessions = append(c.Sessions, SessionNo(no))
		next = no + 1
	}
	for range readCount(r, AcksMax, 18) {
		var a Ack
		r.Copy(a.Node[:])
		a.Superseded, a.Seq = readFlag(r), Seq(r.Uvarint())
		c.Acks = append(c.Acks, a)
	}
	if len(c.Sessions) == 0 || len(c.Acks) == 0 {
		r.Fail("a barrier of nothing")
	}
}

func readOperated(r *codec.Reader, c *Change) {
	if c.Action = Action(r.Byte()); c.Action == 0 || c.Action >= actions {
		r.Fail("an operator's action that is none")
	}
	c.Value = read32(r)
	c.Text, c.Why = string(readBytes(r, TextMax)), string(readBytes(r, TextMax))
	r.Copy(c.Request[:])
	c.Fingerprint = r.Fixed64()
}
