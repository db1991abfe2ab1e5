package actors

import (
	"encoding/base32"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"holdfast/actors/checkout"
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
func AppendBookingID(dst []byte, id BookingID) []byte {
	var raw [bookingRaw]byte
	copy(raw[:], id.Section.Event[:])
	binary.BigEndian.PutUint32(raw[16:], uint32(id.Section.Section))
	binary.BigEndian.PutUint64(raw[20:], uint64(id.No))
	binary.BigEndian.PutUint16(raw[28:], bookingCheck(raw[:28]))
	return bookingBase32.AppendEncode(append(dst, bookingVersion), raw[:])
}

// String is the booking's text.
func (id BookingID) String() string {
	var text [bookingTextSize]byte // on the stack: grown from nothing it would be two more allocations for every payment
	return string(AppendBookingID(text[:0], id))
}

// ParseBookingID reads the text of a booking's id; ok is false for anything AppendBookingID would not write.
func ParseBookingID(text []byte) (id BookingID, ok bool) {
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

// paymentID makes the booking's own id the idempotency key of its payment.
func paymentID(id BookingID) checkout.PaymentID { return checkout.PaymentID(id.String()) }
