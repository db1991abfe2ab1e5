package ticket

import (
	"crypto/ed25519"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/storage"
)

const (
	version1    = 0x99
	signedSize  = 38
	payloadSize = signedSize + ed25519.SignatureSize
	// TextSize is the length of a code's text.
	TextSize = (payloadSize*8 + 4) / 5

	codeDomain     = "holdfast ticket 1\n"
	manifestDomain = "holdfast manifest 1\n"
)

var textBase32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// What a text that was scanned is not. Match with errors.Is.
var (
	ErrNoTicket   = errors.New("ticket: not the code of a ticket")
	ErrUnknownKey = errors.New("ticket: signed with a key that is not this house's")
	ErrForged     = errors.New("ticket: the signature is not genuine")
)

// Code is what a barcode says.
type Code struct {
	Key     uint16 // number of the key that signed it
	Booking booking.ID
	entry.Ticket
	Rotation uint16
}

// ID names a ticket within its event: home section, booking's number, leg and seat, in decimal with dots between them.
// It stays the same whatever key signs, and however often the ticket is issued anew.
func (c *Code) ID() string { return ID(c.Booking, c.Ticket) }

// ID is Code.ID of a booking's ticket.
func ID(of booking.ID, t entry.Ticket) string {
	b := strconv.AppendUint(nil, uint64(of.Section.Section), 10)
	b = strconv.AppendUint(append(b, '.'), uint64(of.No), 10)
	b = strconv.AppendUint(append(b, '.'), uint64(t.Leg), 10)
	return string(strconv.AppendUint(append(b, '.'), uint64(t.Seat), 10))
}

// ParseID reads what ID wrote, of an event; false: it is none.
func ParseID(event storage.EventID, text string) (of booking.ID, t entry.Ticket, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 4 {
		return of, t, false
	}
	var n [4]uint64
	for i, bits := range [4]int{32, 64, 8, 32} {
		var err error
		if n[i], err = strconv.ParseUint(parts[i], 10, bits); err != nil {
			return of, t, false
		}
	}
	of = booking.ID{Section: storage.SectionKey{Event: event, Section: storage.SectionNo(n[0])},
		No: section.BookingNo(n[1])}
	t = entry.Ticket{Leg: uint8(n[2]), Seat: section.SeatIndex(n[3])}
	return of, t, ID(of, t) == text && of.No > 0
}

func (c *Code) appendSigned(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(append(dst, version1), c.Key)
	dst = append(dst, c.Booking.Section.Event[:]...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(c.Booking.Section.Section))
	dst = binary.BigEndian.AppendUint64(dst, uint64(c.Booking.No))
	dst = binary.BigEndian.AppendUint32(append(dst, c.Leg), uint32(c.Seat))
	return binary.BigEndian.AppendUint16(dst, c.Rotation)
}

// Sign makes the text of a code. c.Key is the number of key.
func (c *Code) Sign(key ed25519.PrivateKey) string {
	message := c.appendSigned(append(make([]byte, 0, len(codeDomain)+payloadSize), codeDomain...))
	return textBase32.EncodeToString(append(message, ed25519.Sign(key, message)...)[len(codeDomain):])
}

// Public finds the public key of a number; nil: it is not known.
type Public func(number uint16) ed25519.PublicKey

// Open reads the text of a code, as somebody has scanned or typed it, and says whether it is genuine: ErrNoTicket,
// ErrUnknownKey, ErrForged. With ErrUnknownKey and ErrForged the code says what it claims.
func Open(text string, public Public) (c Code, err error) {
	payload, ok := decode(text)
	if !ok {
		return c, ErrNoTicket
	}
	c = read(payload)
	key := public(c.Key)
	message := append([]byte(codeDomain), payload[:signedSize]...)
	switch {
	case key == nil:
		return c, ErrUnknownKey
	case !ed25519.Verify(key, message, payload[signedSize:]):
		return c, ErrForged
	}
	return c, nil
}

// decode takes the text apart; one payload has one text.
func decode(text string) (payload []byte, ok bool) {
	if text = capitals(strings.TrimSpace(text)); len(text) != TextSize {
		return nil, false
	}
	payload, err := textBase32.DecodeString(text)
	return payload, err == nil && len(payload) == payloadSize && payload[0] == version1 &&
		textBase32.EncodeToString(payload) == text
}

// capitals writes the small letters of ASCII large, and no others.
func capitals(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, text)
}

func read(p []byte) (c Code) {
	c.Key = binary.BigEndian.Uint16(p[1:])
	copy(c.Booking.Section.Event[:], p[3:])
	c.Booking.Section.Section = storage.SectionNo(binary.BigEndian.Uint32(p[19:]))
	c.Booking.No = section.BookingNo(binary.BigEndian.Uint64(p[23:]))
	c.Leg, c.Seat = p[31], section.SeatIndex(binary.BigEndian.Uint32(p[32:]))
	c.Rotation = binary.BigEndian.Uint16(p[36:])
	return c
}

// SignManifest makes the signature that goes beside a page of the manifest.
func SignManifest(body []byte, number uint16, key ed25519.PrivateKey) string {
	signature := ed25519.Sign(key, append([]byte(manifestDomain), body...))
	return fmt.Sprintf("%d:%s", number, base64.StdEncoding.EncodeToString(signature))
}

// CheckManifest says whether the signature beside a page is genuine: ErrUnknownKey, ErrForged.
func CheckManifest(body []byte, signature string, public Public) error {
	number, encoded, _ := strings.Cut(signature, ":")
	n, err := strconv.ParseUint(number, 10, 16)
	raw, failed := base64.StdEncoding.DecodeString(encoded)
	if err != nil || failed != nil {
		return ErrForged
	}
	key := public(uint16(n))
	switch {
	case key == nil:
		return ErrUnknownKey
	case !ed25519.Verify(key, append([]byte(manifestDomain), body...), raw):
		return ErrForged
	}
	return nil
}
