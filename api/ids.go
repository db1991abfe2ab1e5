package api

import (
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"

	"github.com/cespare/xxhash/v2"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/storage"
)

// A booking's text is "b" (the version) and 48 lower-case base32 characters of event (16 bytes), section (4), number (8)
// and two check bytes, so that any node can route it and a mistyped one is refused without a look-up.
const (
	bookingVersion  = 'b'
	bookingRaw      = 16 + 4 + 8 + 2
	bookingTextSize = 1 + bookingRaw*8/5
)

var bookingBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// AppendBookingID appends the text of id.
func AppendBookingID(dst []byte, id actors.BookingID) []byte {
	var raw [bookingRaw]byte
	copy(raw[:], id.Section.Event[:])
	binary.BigEndian.PutUint32(raw[16:], uint32(id.Section.Section))
	binary.BigEndian.PutUint64(raw[20:], uint64(id.No))
	binary.BigEndian.PutUint16(raw[28:], bookingCheck(raw[:28]))
	return bookingBase32.AppendEncode(append(dst, bookingVersion), raw[:])
}

// ParseBookingID reads the text of a booking's id; ok is false for anything AppendBookingID would not write.
func ParseBookingID(text []byte) (id actors.BookingID, ok bool) {
	var raw [bookingRaw]byte
	if len(text) != bookingTextSize || text[0] != bookingVersion {
		return id, false
	}
	if _, err := bookingBase32.Decode(raw[:], text[1:]); err != nil {
		return id, false
	}
	copy(id.Section.Event[:], raw[:])
	id.Section.Section = storage.SectionNo(binary.BigEndian.Uint32(raw[16:]))
	id.No = section.BookingNo(binary.BigEndian.Uint64(raw[20:]))
	return id, binary.BigEndian.Uint16(raw[28:]) == bookingCheck(raw[:28]) && id.No > 0
}

func bookingCheck(raw []byte) uint16 { return uint16(xxhash.Sum64(raw)) }

const eventTextSize = 36

// AppendEventID appends the UUID text of id.
func AppendEventID(dst []byte, id storage.EventID) []byte {
	for i, cut := range [...]int{4, 6, 8, 10, 16} {
		from := [...]int{0, 4, 6, 8, 10}[i]
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, id[from:cut])
	}
	return dst
}

// ParseEventID reads a UUID text in lower case; ok is false for anything else.
func ParseEventID(text []byte) (id storage.EventID, ok bool) {
	if len(text) != eventTextSize || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id, false
	}
	var digits [32]byte
	n := copy(digits[:], text[:8])
	n += copy(digits[n:], text[9:13])
	n += copy(digits[n:], text[14:18])
	n += copy(digits[n:], text[19:23])
	copy(digits[n:], text[24:])
	for _, c := range digits {
		if 'A' <= c && c <= 'F' {
			return id, false
		}
	}
	_, err := hex.Decode(id[:], digits[:])
	return id, err == nil
}
