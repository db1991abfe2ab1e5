package booking

import (
	"encoding/base32"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"holdfast/actors/section"
	"holdfast/storage"
)

// ID names a booking anywhere: its text form carries the event, the section and the booking's number, so that any node
// can route it without a look-up.
type ID struct {
	Section storage.SectionKey
	No      section.BookingNo
}

// A booking's text is "b" (the version) and 48 lower-case base32 characters of event (16 bytes), section (4), number
// (8) and two check bytes, so that any node can route it and a mistyped one is refused without a look-up.
const (
	idVersion  = 'b'
	idRaw      = 16 + 4 + 8 + 2
	idTextSize = 1 + idRaw*8/5
)

var idBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// AppendID appends the text of id.
func AppendID(dst []byte, id ID) []byte {
	var raw [idRaw]byte
	copy(raw[:], id.Section.Event[:])
	binary.BigEndian.PutUint32(raw[16:], uint32(id.Section.Section))
	binary.BigEndian.PutUint64(raw[20:], uint64(id.No))
	binary.BigEndian.PutUint16(raw[28:], idCheck(raw[:28]))
	return idBase32.AppendEncode(append(dst, idVersion), raw[:])
}

// String is the booking's text.
func (id ID) String() string {
	var text [idTextSize]byte // on the stack: grown from nothing it would be two more allocations for every payment
	return string(AppendID(text[:0], id))
}

// ParseID reads the text of a booking's id; ok is false for anything AppendID would not write.
func ParseID(text []byte) (id ID, ok bool) {
	var raw [idRaw]byte
	if len(text) != idTextSize || text[0] != idVersion {
		return id, false
	}
	if _, err := idBase32.Decode(raw[:], text[1:]); err != nil {
		return id, false
	}
	copy(id.Section.Event[:], raw[:])
	id.Section.Section = storage.SectionNo(binary.BigEndian.Uint32(raw[16:]))
	id.No = section.BookingNo(binary.BigEndian.Uint64(raw[20:]))
	return id, binary.BigEndian.Uint16(raw[28:]) == idCheck(raw[:28]) && id.No > 0
}

func idCheck(raw []byte) uint16 { return uint16(xxhash.Sum64(raw)) }
