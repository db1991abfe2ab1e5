package storage

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync"

	"holdfast/actors/section"
)

// ChangeSeatsMax bounds the seats one change may name. It exists so that a damaged length cannot make a reader allocate
// gigabytes; it is far above the largest section.
const ChangeSeatsMax = 1 << 16

// ErrFormat is the root of every decoding error: the bytes are not in a form this version writes.
var ErrFormat = errors.New("storage: bytes are not in a known form")

// A change's first byte: the kind in the low four bits, and which optional fields follow in the high four.
const (
	changeKindMask   = 0x0f
	changeHasAt      = 0x10 // At differs from the record's
	changeHasRequest = 0x20 // Request or Fingerprint is not zero
	changeHasBuyer   = 0x40
	changeHasExpires = 0x80
)

// AppendChange appends the encoding of c, written relative to at, the record's own At. c.Seats must be strictly ascending
// and at most ChangeSeatsMax: anything else, or a kind that is not listed, is a bug of the caller's and panics before a byte is
// written anywhere durable.
func AppendChange(dst []byte, at section.Instant, c *section.Change) []byte {
	if !knownKind(c.Kind) {
		panic(fmt.Sprintf("storage: change of unknown kind %d", c.Kind))
	}
	flags := changeFlags(at, c)
	dst = append(dst, byte(c.Kind)|flags)
	if flags&changeHasAt != 0 {
		dst = binary.AppendUvarint(dst, zigzag(int64(c.At-at)))
	}
	if flags&changeHasRequest != 0 {
		dst = append(dst, c.Request[:]...)
		dst = binary.LittleEndian.AppendUint64(dst, c.Fingerprint)
	}
	if flags&changeHasBuyer != 0 {
		dst = append(dst, c.Buyer[:]...)
	}
	dst = binary.AppendUvarint(dst, uint64(c.Booking))
	if flags&changeHasExpires != 0 {
		dst = binary.AppendUvarint(dst, zigzag(int64(c.ExpiresAt-c.At)))
	}
	return appendSeats(dst, c.Split, c.Seats)
}

// DecodeChanges calls visit for each change of body, which was written relative to at. It is strict: short, trailing,
// unknown or non-canonical bytes are an error wrapping ErrFormat. The change and its Seats are valid during the call only.
// An error of visit is returned as is.
func DecodeChanges(body []byte, at section.Instant, visit func(*section.Change) error) error {
	var scratch struct { // one allocation a call, none a change
		change section.Change
		seats  [64]section.SeatIndex
	}
	seats := scratch.seats[:0]
	r := reader{src: body}
	for len(r.src) > 0 {
		c := &scratch.change
		*c = section.Change{Seats: seats[:0]}
		r.change(at, c)
		if r.err != nil {
			return r.err
		}
		seats = c.Seats[:0] // keeps what it grew to
		if len(c.Seats) == 0 {
			c.Seats = nil
		}
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}

func knownKind(k section.ChangeKind) bool {
	return k >= section.HoldPlaced && k <= section.SeatsUnblocked
}

func changeFlags(at section.Instant, c *section.Change) (flags byte) {
	if c.At != at {
		flags |= changeHasAt
	}
	if c.Request != (section.RequestID{}) || c.Fingerprint != 0 {
		flags |= changeHasRequest
	}
	if c.Buyer != (section.BuyerID{}) {
		flags |= changeHasBuyer
	}
	if c.ExpiresAt != 0 {
		flags |= changeHasExpires
	}
	return flags
}

func (r *reader) change(at section.Instant, c *section.Change) {
	flags := r.byte()
	c.Kind = section.ChangeKind(flags & changeKindMask)
	if !knownKind(c.Kind) {
		r.fail("change of unknown kind")
	}
	c.At = at
	if flags&changeHasAt != 0 {
		c.At = at + section.Instant(r.signed())
	}
	if flags&changeHasRequest != 0 {
		r.copy(c.Request[:])
		c.Fingerprint = r.fixed64()
	}
	if flags&changeHasBuyer != 0 {
		r.copy(c.Buyer[:])
	}
	c.Booking = section.BookingNo(r.uvarint())
	if flags&changeHasExpires != 0 {
		c.ExpiresAt = c.At + section.Instant(r.signed())
	}
	r.seats(c)
	if r.err == nil && changeFlags(at, c) != flags&^changeKindMask {
		r.fail("field present but empty")
	}
}

// Seats are runs of neighbours, because that is what people buy: uvarint(runs<<1 | split), then for each run
// uvarint(gap<<1 | longer), where gap counts the seats skipped since the run before (which are at least one, so one less is
// written), and for a run of more than one seat uvarint(length-2).
func appendSeats(dst []byte, split bool, seats []section.SeatIndex) []byte {
	if len(seats) > ChangeSeatsMax {
		panic(fmt.Sprintf("storage: change of %d seats", len(seats)))
	}
	dst = binary.AppendUvarint(dst, uint64(countRuns(seats))<<1|bit(split))
	next := uint64(0) // the smallest index the next run may start at
	for i := 0; i < len(seats); {
		j := i + 1
		for j < len(seats) && seats[j] == seats[j-1]+1 {
			j++
		}
		length := j - i
		dst = binary.AppendUvarint(dst, (uint64(seats[i])-next)<<1|bit(length > 1))
		if length > 1 {
			dst = binary.AppendUvarint(dst, uint64(length-2))
		}
		next = uint64(seats[j-1]) + 2
		i = j
	}
	return dst
}

func countRuns(seats []section.SeatIndex) int {
	runs := 0
	for i, s := range seats {
		if i > 0 && s <= seats[i-1] {
			panic(fmt.Sprintf("storage: seats not ascending: %d after %d", s, seats[i-1]))
		}
		if i == 0 || s != seats[i-1]+1 {
			runs++
		}
	}
	return runs
}

func (r *reader) seats(c *section.Change) {
	head := r.uvarint()
	c.Split = head&1 == 1
	next := uint64(0)
	for runs := head >> 1; runs > 0 && r.err == nil; runs-- {
		gap := r.uvarint()
		length := uint64(1)
		if gap&1 == 1 {
			length = r.uvarint() + 2
		}
		first := next + gap>>1
		if length < 1 || length > ChangeSeatsMax || uint64(len(c.Seats))+length > ChangeSeatsMax || first+length-1 > 1<<32-1 {
			r.fail("seats out of range")
		}
		if r.err != nil {
			return
		}
		for i := range length {
			c.Seats = append(c.Seats, section.SeatIndex(first+i))
		}
		next = first + length + 1
	}
}

// entryVersion1 is the first byte of every stored entry written by this version.
const entryVersion1 = 1

// entryFixed is the part of a stored entry that does not vary: version, kind, writer, batch, prev.
const entryFixed = 2 + 16 + 16 + 32

// EntrySize tells the length of AppendEntry's result in bytes, so that a store can write it in place.
func EntrySize(e *Entry) int {
	return entryFixed + uvarintSize(uint64(e.Seq)) + uvarintSize(uint64(e.Epoch)) + uvarintSize(zigzag(int64(e.At))) + len(e.Body)
}

// AppendEntry appends the whole stored form of e: everything but its own hash. The body comes last and runs to the end.
func AppendEntry(dst []byte, e *Entry) []byte {
	return append(appendEntryHead(dst, e), e.Body...)
}

func appendEntryHead(dst []byte, e *Entry) []byte {
	dst = append(dst, entryVersion1, byte(e.Kind))
	dst = binary.AppendUvarint(dst, uint64(e.Seq))
	dst = binary.AppendUvarint(dst, uint64(e.Epoch))
	dst = append(dst, e.Writer[:]...)
	dst = append(dst, e.Batch[:]...)
	dst = binary.AppendUvarint(dst, zigzag(int64(e.At)))
	return append(dst, e.Prev[:]...)
}

// DecodeEntry reads the stored form of an entry, strictly. Body aliases src. Errors wrap ErrFormat.
func DecodeEntry(src []byte) (Entry, error) {
	r := reader{src: src}
	var e Entry
	if r.byte() != entryVersion1 {
		r.fail("entry of another version")
	}
	e.Kind = EntryKind(r.byte())
	if e.Kind < EntryChanges || e.Kind > EntryReleased {
		r.fail("entry of unknown kind")
	}
	e.Seq = section.Seq(r.uvarint())
	e.Epoch = section.Epoch(r.uvarint())
	r.copy(e.Writer[:])
	r.copy(e.Batch[:])
	e.At = section.Instant(r.signed())
	r.copy(e.Prev[:])
	if len(r.src) > BodyBytesMax {
		r.fail("entry body over its limit")
	}
	if r.err != nil {
		return Entry{}, r.err
	}
	if len(r.src) > 0 {
		e.Body = r.src
	}
	return e, nil
}

type hasher struct {
	sha  hash.Hash
	head []byte
}

var hashers = sync.Pool{New: func() any { return &hasher{sha: sha256.New(), head: make([]byte, 0, entryFixed+30)} }}

// HashEntry is the SHA-256 of e's stored form. The form holds Prev, so one hash stands for the whole log up to e (P10).
func HashEntry(e *Entry) Hash {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.sha.Reset()
	h.head = appendEntryHead(h.head[:0], e)
	h.sha.Write(h.head)
	h.sha.Write(e.Body)
	h.head = h.sha.Sum(h.head[:0])
	return Hash(h.head)
}

// HashStored is HashEntry of an entry that is in its stored form already.
func HashStored(stored []byte) Hash { return sha256.Sum256(stored) }
