package booking

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"sync"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

// plainTicketCode is the definition of a code, written out: those that buyers have printed must stay what they are.
func plainTicketCode(secret [32]byte, b ID, seat section.SeatIndex) string {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(b.Section.Event[:])
	var rest [16]byte
	binary.BigEndian.PutUint32(rest[:], uint32(b.Section.Section))
	binary.BigEndian.PutUint32(rest[4:], uint32(seat))
	binary.BigEndian.PutUint64(rest[8:], uint64(b.No))
	mac.Write(rest[:])
	code := base32.StdEncoding.EncodeToString(mac.Sum(nil)[:10])
	return strings.Join([]string{code[:4], code[4:8], code[8:12], code[12:16]}, "-")
}

func ticketOf(i int) (ID, section.SeatIndex) {
	return ID{
			storage.SectionKey{Event: storage.EventID{1, byte(i)}, Section: storage.SectionNo(i % 7)},
			section.BookingNo(i + 1),
		},
		section.SeatIndex(
			i * 3,
		)
}

// TestTicketCodes: many at once, each is what the definition says, and one of them is written down here for ever.
func TestTicketCodes(t *testing.T) {
	secret := [32]byte{1, 2, 3}
	codes := NewTicketCodes(secret)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := worker; i < 2000; i += 3 {
				id, seat := ticketOf(i)
				if got, want := codes.Code(id, seat), plainTicketCode(secret, id, seat); got != want {
					t.Errorf("ticket %d is %s, want %s", i, got, want)
				}
			}
		})
	}
	all.Wait()
	id, seat := ticketOf(5)
	if got := codes.Code(id, seat); got != "7WJA-SDH2-UB46-FS22" {
		t.Errorf("a code is %s now", got)
	}
}

// BenchmarkTicketCode is the code of one seat, beside one made from the secret anew.
func BenchmarkTicketCode(b *testing.B) {
	secret := [32]byte{1, 2, 3}
	codes := NewTicketCodes(secret)
	id, seat := ticketOf(5)
	b.Run("kept-key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			codes.Code(id, seat)
		}
	})
	b.Run("new-key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plainTicketCode(secret, id, seat)
		}
	})
}
