package gate

import (
	"encoding/binary"
	"fmt"
	"slices"

	"holdfast/actors/codec"
)

// changeHasAt marks a change whose instant differs from its record's. The kind is in the low bits.
const changeHasAt = 0x80

// Bounds of what one change may name, so that a damaged length allocates nothing and a change fits into a record.
const (
	EntrantsMax  = 2048 // of one Join: 35 KiB
	SessionsMax  = 4096 // of one Free
	AcksMax      = 256  // of one Free
	SectionsMax  = 2048 // of one Stock
	SignatureMax = 256  // bytes of a beacon's signature
	TextMax      = 500  // bytes of an operator's reason or message
)

// AppendChange appends the encoding of c, written relative to at, the record's own instant.
//
//	kind, and 0x80 if the instant differs · zigzag(At − at) if it does · the kind's fields, in the order of ChangeKind
//
// Numbers are shortest-form uvarints, pseudonyms and hashes 16 and 32 bytes, flags and states a byte. A join of one
// is 20 bytes; of a batch, 17 each and 3; with codes as many more as their numbers take.
func AppendChange(dst []byte, at Instant, c *Change) []byte {
	if c.Kind == 0 || c.Kind >= changeKinds || c.Kind == joinedByCode || c.Kind == chainedDrawn {
		panic(fmt.Sprintf("gate: change of unknown kind %d", c.Kind))
	}
	kind := c.Kind
	if kind == Joined && c.byCode() {
		kind = joinedByCode
	}
	if kind == LotsDrawn && len(c.Previous) > 0 {
		kind = chainedDrawn
	}
	if c.At == at {
		dst = append(dst, byte(kind))
	} else {
		dst = binary.AppendUvarint(append(dst, byte(kind)|changeHasAt), codec.Zigzag(int64(c.At-at)))
	}
	switch c.Kind {
	case Founded:
		return appendSettings(dst, &c.Settings)
	case Joined:
		return appendJoined(dst, c)
	case Stocked:
		return appendStock(dst, &c.Stock)
	case LobbyClosed:
		dst = binary.AppendUvarint(dst, uint64(c.Count))
		return binary.AppendUvarint(append(dst, c.Root[:]...), c.Round)
	case LotsDrawn:
		if dst = appendText(dst, string(c.Signature)); kind == chainedDrawn {
			dst = appendText(dst, string(c.Previous))
		}
		return append(dst, c.Seed[:]...)
	case SlotsFreed:
		return appendFreed(dst, c)
	case Operated:
		return appendOperated(dst, c)
	case CodesMinted, CodesRevoked:
		return appendCodes(dst, c)
	}
	return appendPeople(dst, c)
}

// appendPeople appends the kinds that are about places and sessions.
func appendPeople(dst []byte, c *Change) []byte {
	switch c.Kind {
	case LeftQueue, CameEarly:
		return append(binary.AppendUvarint(dst, uint64(c.Number)), byte(c.From))
	case CalledUp:
		dst = binary.AppendUvarint(dst, uint64(c.Upto))
		dst = binary.AppendUvarint(dst, uint64(c.People))
		dst = binary.AppendUvarint(dst, uint64(c.Cites))
		return binary.AppendUvarint(dst, uint64(c.ShowRate))
	case SlotsOffered, GraceEnded, SessionsLapse:
		return binary.AppendUvarint(dst, uint64(c.People))
	case Admitted:
		dst = append(binary.AppendUvarint(dst, uint64(c.Number)), byte(c.From), byte(codec.Bit(c.Latecomer)))
		dst = binary.AppendUvarint(dst, uint64(c.Session))
		return binary.AppendUvarint(dst, uint64(c.Until-c.At))
	case TurnsLapsed:
		dst = binary.AppendUvarint(dst, uint64(c.People))
		dst = binary.AppendUvarint(dst, uint64(c.Offers))
		return binary.AppendUvarint(dst, uint64(c.OffersGone))
	case SessionEnding:
		return append(binary.AppendUvarint(dst, uint64(c.Session)), byte(c.Reason))
	}
	return dst // DoorsOpened, Outage
}

func appendJoined(dst []byte, c *Change) []byte {
	dst = binary.AppendUvarint(dst, uint64(c.At-c.Oldest))
	dst = binary.AppendUvarint(dst, uint64(len(c.Entrants)))
	codes := c.byCode()
	for i := range c.Entrants {
		e := &c.Entrants[i]
		if dst = append(append(dst, e.Buyer[:]...), e.Party); codes {
			dst = binary.AppendUvarint(dst, uint64(e.Code))
		}
	}
	return dst
}

// byCode says that somebody joined with a code: such a batch has a kind of its own in the log, so that one without
// codes has the bytes that it always had.
func (c *Change) byCode() bool {
	return slices.ContainsFunc(c.Entrants, func(e Entrant) bool { return e.Code != 0 })
}

func appendCodes(dst []byte, c *Change) []byte {
	dst = binary.AppendUvarint(dst, uint64(c.Codes.First))
	dst = binary.AppendUvarint(dst, uint64(c.Codes.Count))
	if c.Kind == CodesMinted {
		dst = binary.AppendUvarint(dst, uint64(c.Codes.Uses))
		dst = binary.AppendUvarint(dst, uint64(c.Codes.From))
		dst = binary.AppendUvarint(dst, uint64(c.Codes.Until))
	}
	dst = append(appendText(dst, c.Why), c.Request[:]...)
	return binary.LittleEndian.AppendUint64(dst, c.Fingerprint)
}

func appendStock(dst []byte, s *Stock) []byte {
	for _, n := range [...]uint32{s.Pool, s.Free, s.Held, s.Paying, s.Holding, uint32(len(s.Sections))} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	next := uint32(0)
	for _, section := range s.Sections {
		dst = binary.AppendUvarint(dst, uint64(section.Section-next))
		dst = binary.AppendUvarint(dst, uint64(section.Seq))
		next = section.Section + 1
	}
	return dst
}

func appendFreed(dst []byte, c *Change) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c.Sessions)))
	next := SessionNo(0)
	for _, no := range c.Sessions {
		dst = binary.AppendUvarint(dst, uint64(no-next))
		next = no + 1
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.Acks)))
	for i := range c.Acks {
		a := &c.Acks[i]
		dst = append(append(dst, a.Node[:]...), byte(codec.Bit(a.Superseded)))
		dst = binary.AppendUvarint(dst, uint64(a.Seq))
	}
	return dst
}

func appendOperated(dst []byte, c *Change) []byte {
	dst = binary.AppendUvarint(append(dst, byte(c.Action)), uint64(c.Value))
	dst = appendText(appendText(dst, c.Text), c.Why)
	dst = append(dst, c.Request[:]...)
	return binary.LittleEndian.AppendUint64(dst, c.Fingerprint)
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}
