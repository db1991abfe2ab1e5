package booking

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
	"sync"

	"holdfast/actors/section"
)

// TicketCodes makes the codes of sold seats. They are unguessable without the store's secret, and the same at every
// repeat.
//
// A keyed hash is kept rather than made for each seat: keying costs more than the code itself, and a sale of eight
// seats would pay it eight times (see BenchmarkTicketCode).
type TicketCodes struct{ pool sync.Pool }

// ticketCoder is one keyed hash and the room for what goes in and comes out.
type ticketCoder struct {
	mac  hash.Hash
	in   [32]byte // event, section, seat, booking
	sum  [sha256.Size]byte
	text [19]byte // four groups of four, three dashes
}

// NewTicketCodes makes codes with the store's secret.
func NewTicketCodes(secret [32]byte) *TicketCodes {
	return &TicketCodes{sync.Pool{New: func() any { return &ticketCoder{mac: hmac.New(sha256.New, secret[:])} }}}
}

// Code is the code of one seat of a booking. It is safe for concurrent use.
func (c *TicketCodes) Code(b ID, seat section.SeatIndex) string {
	t := c.pool.Get().(*ticketCoder)
	defer c.pool.Put(t)
	copy(t.in[:], b.Section.Event[:])
	binary.BigEndian.PutUint32(t.in[16:], uint32(b.Section.Section))
	binary.BigEndian.PutUint32(t.in[20:], uint32(seat))
	binary.BigEndian.PutUint64(t.in[24:], uint64(b.No))
	t.mac.Reset()
	t.mac.Write(t.in[:])
	return t.print()
}

// print is the text of what was written.
func (t *ticketCoder) print() string {
	var code [16]byte
	base32.StdEncoding.Encode(code[:], t.mac.Sum(t.sum[:0])[:10])
	for group := range 4 {
		copy(t.text[group*5:], code[group*4:group*4+4])
		if group < 3 {
			t.text[group*5+4] = '-'
		}
	}
	return string(t.text[:])
}
