package entry

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
	"holdfast/actors/section/account"
)

// DoublesMax bounds the doubles that are kept of one ticket; what comes behind them is told and not logged.
const DoublesMax = 16

// Double is an admission of a ticket that another admission was before.
type Double struct {
	At      machine.Instant
	Scanner string
}

// Pass is what is known of a ticket beyond that it was sold. It is not changed once told.
type Pass struct {
	Ticket
	Rotation uint16
	Admitted bool
	Offline  bool            // it was let in by a scanner that could not ask
	At       machine.Instant // of the admission
	Scanner  string          // of the admission
	Doubles  []Double        // in the order in which they were logged
}

// pass is 24 bytes.
type pass struct {
	at       machine.Instant
	seat     account.SeatIndex
	scanner  uint32 // of Book.names
	rotation uint16
	leg      uint8
	marks    uint8
}

const (
	markAdmitted = 1
	markOffline  = 2
	markDoubled  = 4 // Book.doubles has some
)

func (p *pass) ticket() Ticket { return Ticket{Leg: p.leg, Seat: p.seat} }

type doubleKey struct {
	slot uint32
	Ticket
}

// Book has the passes of a section's bookings, by the slots of these. The zero value is an empty book.
type Book struct {
	passes  map[uint32][]pass // ascending by ticket
	doubles map[doubleKey][]Double
	names   []string
	numbers map[string]uint32
}

// Any says that there is a pass.
func (k *Book) Any() bool { return len(k.passes) > 0 }

// Has says that a booking has passes.
func (k *Book) Has(slot uint32) bool { return len(k.passes[slot]) > 0 }

// Bookings is how many bookings have passes.
func (k *Book) Bookings() int { return len(k.passes) }

func (k *Book) name(scanner string) uint32 {
	number, known := k.numbers[scanner]
	if !known {
		if k.numbers == nil {
			k.numbers = map[string]uint32{}
		}
		number = uint32(len(k.names))
		k.names = append(k.names, scanner)
		k.numbers[scanner] = number
	}
	return number
}

func (k *Book) find(slot uint32, t Ticket) *pass {
	for i := range k.passes[slot] {
		if p := &k.passes[slot][i]; p.ticket() == t {
			return p
		}
	}
	return nil
}

// of gives a ticket's pass, making it if need be. It is valid until the next call.
func (k *Book) of(slot uint32, t Ticket) *pass {
	if p := k.find(slot, t); p != nil {
		return p
	}
	if k.passes == nil {
		k.passes = map[uint32][]pass{}
	}
	list := k.passes[slot]
	at := 0
	for at < len(list) && list[at].ticket().Before(t) {
		at++
	}
	k.passes[slot] = slices.Insert(list, at, pass{leg: t.Leg, seat: t.Seat})
	return &k.passes[slot][at]
}

// Rotation is how often a ticket was issued anew.
func (k *Book) Rotation(slot uint32, t Ticket) uint16 {
	if p := k.find(slot, t); p != nil {
		return p.rotation
	}
	return 0
}

// Pass tells what is known of a ticket; false: nothing is.
func (k *Book) Pass(slot uint32, t Ticket) (Pass, bool) {
	if p := k.find(slot, t); p != nil {
		return k.tell(slot, p), true
	}
	return Pass{Ticket: t}, false
}

func (k *Book) tell(slot uint32, p *pass) Pass {
	out := Pass{Ticket: p.ticket(), Rotation: p.rotation}
	if p.marks&markAdmitted != 0 {
		out.Admitted, out.Offline, out.At, out.Scanner = true, p.marks&markOffline != 0, p.at, k.names[p.scanner]
	}
	if p.marks&markDoubled != 0 {
		out.Doubles = slices.Clone(k.doubles[doubleKey{slot, p.ticket()}])
	}
	return out
}

// Passes tells what is known of a booking's tickets, ascending. The list is the caller's.
func (k *Book) Passes(slot uint32) (all []Pass) {
	for i := range k.passes[slot] {
		all = append(all, k.tell(slot, &k.passes[slot][i]))
	}
	return all
}

// Known says that this very admission was logged, as the first or as a double.
func (p *Pass) Known(w *Word) bool {
	return p.Admitted && p.At == w.At && p.Scanner == w.Scanner ||
		slices.Contains(p.Doubles, Double{At: w.At, Scanner: w.Scanner})
}

// Admit notes that a ticket was let in. It panics where that is not the first time.
func (k *Book) Admit(slot uint32, w *Word) {
	p := k.of(slot, w.Ticket)
	if p.marks&markAdmitted != 0 || p.rotation != w.Rotation {
		panic(fmt.Sprintf("section: %+v admitted, which is %+v", *w, *p))
	}
	k.admit(p, w)
}

func (k *Book) admit(p *pass, w *Word) {
	p.at, p.scanner, p.marks = w.At, k.name(w.Scanner), p.marks&^markOffline|markAdmitted
	if w.Offline {
		p.marks |= markOffline
	}
}

// Double notes that a ticket that is in was let in once more. The earlier of the two is its admission.
func (k *Book) Double(slot uint32, w *Word) {
	p := k.find(slot, w.Ticket)
	key := doubleKey{slot, w.Ticket}
	if p == nil || p.marks&markAdmitted == 0 || p.rotation != w.Rotation || len(k.doubles[key]) >= DoublesMax {
		panic(fmt.Sprintf("section: %+v admitted once more, which is %+v", *w, p))
	}
	other := Double{At: w.At, Scanner: k.names[k.name(w.Scanner)]}
	if w.At < p.at {
		other = Double{At: p.at, Scanner: k.names[p.scanner]}
		k.admit(p, w)
	}
	if k.doubles == nil {
		k.doubles = map[doubleKey][]Double{}
	}
	k.doubles[key] = append(k.doubles[key], other)
	p.marks |= markDoubled
}

// Reissue notes that a ticket, which is not in, has a new code: of the next rotation.
func (k *Book) Reissue(slot uint32, w *Word) {
	p := k.of(slot, w.Ticket)
	if p.marks&markAdmitted != 0 || p.rotation+1 != w.Rotation {
		panic(fmt.Sprintf("section: %+v issued anew, which is %+v", *w, *p))
	}
	p.rotation = w.Rotation
}

// Forget forgets a booking.
func (k *Book) Forget(slot uint32) {
	for i := range k.passes[slot] {
		if p := &k.passes[slot][i]; p.marks&markDoubled != 0 {
			delete(k.doubles, doubleKey{slot, p.ticket()})
		}
	}
	delete(k.passes, slot)
}

// AppendPasses appends a booking's passes; ages are told from lastAt on:
//
//	count, each: marks 1 · leg 1 · seat · rotation, of one that is in: age · scanner, and of one that was doubled:
//	count, each: age · scanner
func (k *Book) AppendPasses(dst []byte, slot uint32, lastAt machine.Instant) []byte {
	list := k.passes[slot]
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for i := range list {
		p := &list[i]
		dst = append(dst, p.marks, p.leg)
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(p.seat)), uint64(p.rotation))
		if p.marks&markAdmitted != 0 {
			dst = appendEntry(dst, lastAt-p.at, k.names[p.scanner])
		}
		if p.marks&markDoubled != 0 {
			doubles := k.doubles[doubleKey{slot, p.ticket()}]
			dst = binary.AppendUvarint(dst, uint64(len(doubles)))
			for _, d := range doubles {
				dst = appendEntry(dst, lastAt-d.At, d.Scanner)
			}
		}
	}
	return dst
}

func appendEntry(dst []byte, age machine.Instant, scanner string) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(age)), uint64(len(scanner)))
	return append(dst, scanner...)
}

// RestorePasses reads what AppendPasses wrote. Of what it makes, the caller judges whether the tickets are the
// booking's.
func (k *Book) RestorePasses(r *codec.Reader, slot uint32, lastAt machine.Instant) {
	n := r.Uvarint()
	if n == 0 {
		r.Fail("a booking without passes")
	}
	for ; n > 0 && r.Err == nil; n-- {
		p := pass{marks: r.Byte(), leg: r.Byte()}
		seat, rotation := r.Uvarint(), r.Uvarint()
		p.seat, p.rotation = account.SeatIndex(seat), uint16(rotation)
		list := k.passes[slot]
		in := p.marks&markAdmitted != 0
		switch {
		case seat > math.MaxUint32 || rotation > math.MaxUint16,
			p.marks > markAdmitted|markOffline|markDoubled || !in && (p.marks != 0 || rotation == 0),
			len(list) > 0 && !list[len(list)-1].ticket().Before(p.ticket()):
			r.Fail("a pass out of range")
			return
		}
		if in {
			d := readEntry(r, lastAt)
			p.at, p.scanner = d.At, k.name(d.Scanner)
		}
		*k.of(slot, p.ticket()) = p
		if p.marks&markDoubled != 0 {
			k.restoreDoubles(r, doubleKey{slot, p.ticket()}, lastAt)
		}
	}
}

func (k *Book) restoreDoubles(r *codec.Reader, key doubleKey, lastAt machine.Instant) {
	n := r.Uvarint()
	if n == 0 || n > DoublesMax {
		r.Fail("doubles out of range")
		return
	}
	if k.doubles == nil {
		k.doubles = map[doubleKey][]Double{}
	}
	for ; n > 0; n-- {
		d := readEntry(r, lastAt)
		k.doubles[key] = append(k.doubles[key], Double{At: d.At, Scanner: d.Scanner})
	}
}

func readEntry(r *codec.Reader, lastAt machine.Instant) (d Double) {
	age, size := r.Uvarint(), r.Uvarint()
	if age > uint64(max(lastAt, 0)) || size > ScannerBytesMax {
		r.Fail("an admission out of range")
	}
	d.At = lastAt - machine.Instant(age)
	if d.Scanner = string(r.Take(int(size))); r.Err == nil && !SoundScanner(d.Scanner) {
		r.Fail("no scanner's name")
	}
	return d
}
