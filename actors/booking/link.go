package booking

import (
	"crypto/hmac"
	"encoding/binary"

	"holdfast/actors/section"
	"holdfast/storage"
)

// A link's text is "t" (the version) and lower-case base32 characters of event (16 bytes), section (4), number (8), the
// transfer's number within its booking (2), and 16 bytes of a keyed hash of all of them.
const (
	linkVersion = 't'
	linkNamed   = 16 + 4 + 8 + 2
	linkMAC     = 16
	linkDomain  = "holdfast transfer 1\n"
	// LinkTextSize is the length of a link's text.
	LinkTextSize = 1 + ((linkNamed+linkMAC)*8+4)/5
)

// Link is the secret text by which somebody accepts a transfer of a booking's tickets: unguessable without the store's
// secret, and the same at every repeat, so nobody keeps it. It is safe for concurrent use.
func (c *TicketCodes) Link(id ID, transfer uint16) string {
	raw := appendLink(make([]byte, 0, linkNamed+linkMAC), id, transfer)
	return string(linkVersion) + idBase32.EncodeToString(append(raw, c.linkMAC(raw)...))
}

// OpenLink reads the text of a link; false: Link has never made it.
func (c *TicketCodes) OpenLink(text string) (id ID, transfer uint16, ok bool) {
	if len(text) != LinkTextSize || text[0] != linkVersion {
		return id, 0, false
	}
	raw, err := idBase32.DecodeString(text[1:])
	if err != nil || len(raw) != linkNamed+linkMAC || idBase32.EncodeToString(raw) != text[1:] ||
		!hmac.Equal(raw[linkNamed:], c.linkMAC(raw[:linkNamed])) {
		return id, 0, false
	}
	copy(id.Section.Event[:], raw)
	id.Section.Section = storage.SectionNo(binary.BigEndian.Uint32(raw[16:]))
	id.No = section.BookingNo(binary.BigEndian.Uint64(raw[20:]))
	transfer = binary.BigEndian.Uint16(raw[28:])
	return id, transfer, id.No > 0 && transfer > 0
}

func appendLink(dst []byte, id ID, transfer uint16) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, id.Section.Event[:]...), uint32(id.Section.Section))
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(dst, uint64(id.No)), transfer)
}

func (c *TicketCodes) linkMAC(named []byte) []byte {
	t := c.pool.Get().(*ticketCoder)
	defer c.pool.Put(t)
	t.mac.Reset()
	t.mac.Write([]byte(linkDomain))
	t.mac.Write(named)
	return t.mac.Sum(nil)[:linkMAC]
}

// CodeOf is Code of a ticket that was issued anew: each rotation has a code of its own, and the first is Code's.
func (c *TicketCodes) CodeOf(b ID, seat section.SeatIndex, rotation uint16) string {
	if rotation == 0 {
		return c.Code(b, seat)
	}
	t := c.pool.Get().(*ticketCoder)
	defer c.pool.Put(t)
	t.mac.Reset()
	t.mac.Write(appendLink([]byte("holdfast code 1\n"), b, rotation))
	t.mac.Write(binary.BigEndian.AppendUint32(nil, uint32(seat)))
	return t.print()
}
