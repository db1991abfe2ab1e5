package entry

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
	"holdfast/actors/section/account"
)

// ScannerBytesMax bounds a scanner's name.
const ScannerBytesMax = 64

// Ticket names a sold seat among those of one booking.
type Ticket struct {
	Leg  uint8 // 0: of the booking's own section; k: of the k-th leg of its order
	Seat account.SeatIndex
}

// Before orders the tickets of a booking.
func (t Ticket) Before(other Ticket) bool {
	return t.Leg < other.Leg || t.Leg == other.Leg && t.Seat < other.Seat
}

// Word is what a command or a change says of a ticket.
type Word struct {
	Ticket
	// Rotation of the code: how often the ticket was issued anew before. Of Reissued, the new one.
	Rotation uint16
	// Offline: the scanner has let the ticket in already, and tells so now.
	Offline bool
	At      machine.Instant // when the scanner saw it, by its own clock; never behind the change. Of a command, 0: now
	Scanner string          // 1 to ScannerBytesMax bytes; empty of Reissued
}

// SoundScanner says that a text may be a scanner's name.
func SoundScanner(name string) bool {
	return name != "" && len(name) <= ScannerBytesMax && utf8.ValidString(name)
}

// flags of a word.
const (
	wordOffline  = 1
	wordReissued = 2
)

// Append appends a word of a change that was made at an instant:
//
//	flags 1 · leg 1 · seat · rotation, and, unless the ticket was reissued:
//	how long ago · length and name of the scanner
//
// Numbers are shortest-form varints. A word that is none panics: it is a bug of the caller's.
func (w *Word) Append(dst []byte, at machine.Instant) []byte {
	reissued := w.Scanner == ""
	if w.At > at || reissued && (w.Offline || w.At != 0 || w.Rotation == 0) || !reissued && !SoundScanner(w.Scanner) {
		panic(fmt.Sprintf("section: word on a ticket %+v at %d", *w, at))
	}
	flags := byte(codec.Bit(w.Offline)*wordOffline | codec.Bit(reissued)*wordReissued)
	dst = append(dst, flags, w.Leg)
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(w.Seat)), uint64(w.Rotation))
	if reissued {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(at-w.At))
	return append(binary.AppendUvarint(dst, uint64(len(w.Scanner))), w.Scanner...)
}

// Read reads what Append wrote.
func Read(r *codec.Reader, at machine.Instant) *Word {
	w := new(Word)
	flags := r.Byte()
	w.Leg, w.Offline = r.Byte(), flags&wordOffline != 0
	seat, rotation := r.Uvarint(), r.Uvarint()
	if seat > math.MaxUint32 || rotation > math.MaxUint16 || flags > wordReissued {
		r.Fail("a ticket out of range")
	}
	w.Seat, w.Rotation = account.SeatIndex(seat), uint16(rotation)
	if flags&wordReissued != 0 {
		if rotation == 0 {
			r.Fail("a ticket issued anew for the first time")
		}
		return w
	}
	age, size := r.Uvarint(), r.Uvarint()
	if age > uint64(max(at, 0)) || size > ScannerBytesMax {
		r.Fail("an admission out of range")
	}
	w.At = at - machine.Instant(age)
	if w.Scanner = string(r.Take(int(size))); r.Err == nil && !SoundScanner(w.Scanner) {
		r.Fail("no scanner's name")
	}
	return w
}
