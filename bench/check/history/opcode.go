package history

import "encoding/binary"

// opCode turns operations into bytes and back, each relative to the one before: times, buyers and keys are differences,
// spans are told only where they do not go on from the last. An operation takes some 15 to 25 bytes instead of 80.
type opCode struct {
	last  Op
	seats uint32 // where the next span of Part.Seats begins
	text  uint32
}

// The second byte says what differs or is there at all.
const (
	hasEvent = 1 << iota
	hasSection
	hasOf
	hasQuantity
	hasSeats
	hasLost
	hasText
	hasExpires
)

const neverReturned = 0x80 // in the first byte, above three bits of kind and three of verdict

// append appends op, whose kind and verdict are valid.
func (c *opCode) append(dst []byte, op *Op) []byte {
	first := byte(op.Kind) | byte(op.Verdict)<<3
	if op.Return == Never {
		first |= neverReturned
	}
	flags := c.flags(op)
	dst = append(dst, first, flags)
	last := &c.last
	dst = appendIf(dst, flags&hasEvent, uint64(op.Event))
	dst = appendIf(dst, flags&hasSection, uint64(op.Section))
	dst = appendIf(dst, flags&hasOf, zigzag(int64(op.Of)))
	dst = appendIf(dst, flags&hasQuantity, uint64(op.Quantity))
	dst = binary.AppendUvarint(dst, zigzag(int64(op.Buyer-last.Buyer)))
	dst = binary.AppendUvarint(dst, zigzag(int64(op.Key-last.Key)))
	dst = binary.AppendUvarint(dst, zigzag(int64(op.Call-last.Call)))
	if op.Return != Never {
		dst = binary.AppendUvarint(dst, zigzag(int64(op.Return-op.Call)))
	}
	dst = appendIf(dst, flags&hasExpires, zigzag(int64(op.Expires-op.Call)))
	if flags&hasSeats != 0 {
		dst = appendSpan(dst, op.Seats, &c.seats)
	}
	if flags&hasLost != 0 {
		dst = appendSpan(dst, op.Lost, &c.seats)
	}
	if flags&hasText != 0 {
		dst = appendSpan(dst, op.Text, &c.text)
	}
	c.last = *op
	return dst
}

func (c *opCode) flags(op *Op) (flags byte) {
	for bit, there := range [...]bool{
		op.Event != c.last.Event, op.Section != c.last.Section, op.Of != NoOp, op.Quantity != 0,
		op.Seats != Span{}, op.Lost != Span{}, op.Text != Span{}, op.Expires != 0,
	} {
		if there {
			flags |= 1 << bit
		}
	}
	return flags
}

func appendIf(dst []byte, there byte, v uint64) []byte {
	if there == 0 {
		return dst
	}
	return binary.AppendUvarint(dst, v)
}

// appendSpan writes a span as how far it is from where the last one ended.
func appendSpan(dst []byte, s Span, next *uint32) []byte {
	dst = binary.AppendUvarint(dst, zigzag(int64(int32(s.At-*next))))
	*next = s.At + s.Len
	return binary.AppendUvarint(dst, uint64(s.Len))
}

// read is the way back. Bytes that append would not write set b.bad, or give an operation that Validate looks at.
func (c *opCode) read(b *bytesReader) Op {
	first, flags := b.byte(), b.byte()
	last := &c.last
	op := Op{Kind: Kind(first & 7), Verdict: Verdict(first >> 3 & 7), Event: last.Event, Section: last.Section,
		Of: NoOp}
	if flags&hasEvent != 0 {
		op.Event = uint16(b.limited(1<<16 - 1))
	}
	if flags&hasSection != 0 {
		op.Section = uint32(b.limited(1<<32 - 1))
	}
	if flags&hasOf != 0 {
		op.Of = int32(unzigzag(b.limited(1<<32 - 1)))
	}
	if flags&hasQuantity != 0 {
		op.Quantity = uint16(b.limited(1<<16 - 1))
	}
	op.Buyer = last.Buyer + uint64(b.signed())
	op.Key = last.Key + uint64(b.signed())
	op.Call = last.Call + Nanos(b.signed())
	op.Return = Never
	if first&neverReturned == 0 {
		op.Return = op.Call + Nanos(b.signed())
	}
	if flags&hasExpires != 0 {
		op.Expires = op.Call + Nanos(b.signed())
	}
	if flags&hasSeats != 0 {
		op.Seats = b.span(&c.seats)
	}
	if flags&hasLost != 0 {
		op.Lost = b.span(&c.seats)
	}
	if flags&hasText != 0 {
		op.Text = b.span(&c.text)
	}
	c.last = op
	return op
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// bytesReader reads numbers. After a failure it is bad and gives zeros.
type bytesReader struct {
	src []byte
	bad bool
}

func (b *bytesReader) byte() byte {
	if len(b.src) == 0 {
		b.bad = true
		return 0
	}
	v := b.src[0]
	b.src = b.src[1:]
	return v
}

func (b *bytesReader) uvarint() uint64 {
	v, n := binary.Uvarint(b.src)
	if n <= 0 {
		b.bad, b.src = true, nil
		return 0
	}
	b.src = b.src[n:]
	return v
}

func (b *bytesReader) limited(most uint64) uint64 {
	v := b.uvarint()
	b.bad = b.bad || v > most
	return v
}

func (b *bytesReader) signed() int64 { return unzigzag(b.uvarint()) }

func (b *bytesReader) span(next *uint32) Span {
	s := Span{At: *next + uint32(int32(b.signed())), Len: uint32(b.limited(1<<32 - 1))}
	*next = s.At + s.Len
	return s
}
