package order

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/machine"
	"holdfast/actors/section/account"
	"holdfast/actors/section/runs"
)

// SectionsMax is how many sections one order has seats in at most, its home among them.
const SectionsMax = 8

// BookingNo numbers a section's bookings; see package section.
type BookingNo uint64

// ID names an order, which is a booking over several sections, from before it is placed.
type ID struct {
	Home  uint32      // number of the section whose log has the booking
	Life  machine.Seq // the home's life that gave the number: the first record behind its claim
	Count uint64      // the number within that life, from 1
}

// Leg is an order's seats in one section besides the home.
type Leg struct {
	Section uint32
	Booking BookingNo // the leg's number in that section
	Seats   []account.SeatIndex
}

// Part is what a command or a change has to do with an order. It is not changed once it is applied.
type Part struct {
	ID ID
	// Hash is Hash of all the order's seats: who speaks of the same ID and of other seats speaks of another order.
	Hash uint64
	// Legs are, where the order is placed, all but the home's seats; where seats of it are given back, those of them;
	// ascending by section.
	Legs []Leg
	// K and N say where a leg is bound that it is number K of N sections; the home is number 0. Where seats are taken
	// back, N is in how many sections the order has others left.
	K, N uint8
	// Cited is the home's record that a leg was sold or freed by; 0: the home has no such order, and will have none.
	Cited machine.Seq
}

// Standing is a booking as it stands, or a leg of one.
type Standing struct {
	No        BookingNo
	Left      int            // seats that are not owed back, those of its legs among them
	Leg       bool           // it is a part of a booking elsewhere, which has its money
	Unsettled bool           // some leg may not have heard what became of it
	Money     *account.Money // lent; nil: it never paid, or by a build without attempts
}

// Bare is the part without its legs, citing a record.
func (p *Part) Bare(cited machine.Seq) *Part { return &Part{ID: p.ID, Hash: p.Hash, Cited: cited} }

// Hash stands for an order's id, its seats in the home (ascending), and its legs, without their numbers.
func Hash(id *ID, home []account.SeatIndex, legs []Leg) uint64 {
	list := func(b []byte, seats []account.SeatIndex) []byte {
		b = binary.AppendUvarint(b, uint64(len(seats)))
		for _, seat := range seats {
			b = binary.AppendUvarint(b, uint64(seat))
		}
		return b
	}
	b := list(id.Append(nil), home)
	for i := range legs {
		b = list(binary.AppendUvarint(b, uint64(legs[i].Section)), legs[i].Seats)
	}
	sum := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:])
}

// LegRequest is the request id of an order's leg number k.
func LegRequest(id *ID, hash uint64, k uint8) [16]byte {
	b := binary.LittleEndian.AppendUint64(append(id.Append(nil), k), hash)
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// Append appends the id.
func (id *ID) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(id.Home))
	dst = binary.AppendUvarint(dst, uint64(id.Life))
	return binary.AppendUvarint(dst, id.Count)
}

// ReadID reads an id that was given.
func ReadID(r *codec.Reader) ID {
	id := readAnyID(r)
	if id.Count == 0 {
		r.Fail("order out of range")
	}
	return id
}

// readAnyID reads an id; one that is not given yet has Count 0.
func readAnyID(r *codec.Reader) ID {
	home, life, count := r.Uvarint(), r.Uvarint(), r.Uvarint()
	if home > math.MaxUint32 {
		r.Fail("order out of range")
	}
	return ID{Home: uint32(home), Life: machine.Seq(life), Count: count}
}

// Append appends the part as a message between nodes has it.
func (p *Part) Append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(p.ID.Append(dst), p.Hash)
	dst = binary.AppendUvarint(append(dst, p.K, p.N), uint64(p.Cited))
	return AppendLegs(dst, p.Legs)
}

// AppendName appends which order it is.
func (p *Part) AppendName(dst []byte) []byte {
	return binary.LittleEndian.AppendUint64(p.ID.Append(dst), p.Hash)
}

// ReadName reads what AppendName wrote.
func (p *Part) ReadName(r *codec.Reader) { p.ID, p.Hash = ReadID(r), r.Fixed64() }

// ReadPart reads what Part.Append wrote.
func ReadPart(r *codec.Reader) *Part {
	p := &Part{ID: readAnyID(r), Hash: r.Fixed64()}
	p.K, p.N = r.Byte(), r.Byte()
	p.Cited = machine.Seq(r.Uvarint())
	p.Legs = ReadLegs(r)
	return p
}

// AppendLegs appends an order's legs.
func AppendLegs(dst []byte, legs []Leg) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(legs)))
	for i := range legs {
		dst = binary.AppendUvarint(dst, uint64(legs[i].Section))
		dst = binary.AppendUvarint(dst, uint64(legs[i].Booking))
		dst = runs.Append(dst, false, legs[i].Seats)
	}
	return dst
}

// ReadLegs reads what AppendLegs wrote.
func ReadLegs(r *codec.Reader) (legs []Leg) {
	n := r.Uvarint()
	if n >= SectionsMax {
		r.Fail("legs out of range")
	}
	for ; n > 0 && r.Err == nil; n-- {
		no, booking := r.Uvarint(), r.Uvarint()
		seats, split := runs.Read(r, nil)
		if split || len(seats) == 0 || no > math.MaxUint32 || booking == 0 ||
			len(legs) > 0 && uint64(legs[len(legs)-1].Section) >= no {
			r.Fail("leg out of range")
		}
		legs = append(legs, Leg{Section: uint32(no), Booking: BookingNo(booking), Seats: seats})
	}
	return legs
}
