package tariff

import (
	"encoding/binary"
	"math"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/section/account"
)

// Fare is what of a hold's price does not follow from where its seats are. It is not changed once it is made.
type Fare struct {
	Seats []Seat // those that are of a type which was asked for, ascending by leg and seat
	Gift  *Gift  // the hold costs nothing; nil: it does

	// Of a command only.
	Mark  Mark     // of the list whose numbers Seats and Wanted have; 0: whichever counts
	Total int64    // of a leg with a Mark: what its seats cost by that list
	Names []string // of a command between nodes: numbers of types are places here, from 1, and not a list's
	// Wanted, where the section chooses the seats: so many of each type, the first of them first.
	Wanted []Count

	// Came, of an outcome only: seats that came by exchanges, ascending. What is said above is not of them.
	Came []Came
}

// Came is a seat of a booking that came by an exchange: it has the price that it was held for then.
type Came struct {
	Seat account.SeatIndex
	Mark Mark // of the list that the exchange was placed under
	Fare *Fare
}

// Of is what the price of a seat of a booking depends on, which was placed under a list. f may be nil.
func (f *Fare) Of(mark Mark, leg uint8, seat account.SeatIndex) (Mark, *Fare) {
	if f != nil && leg == 0 {
		for i := range f.Came {
			if c := &f.Came[i]; c.Seat == seat {
				return c.Mark, c.Fare
			}
		}
	}
	return mark, f
}

// Seat is one that is of a type which was asked for.
type Seat struct {
	Leg  uint8 // 0: of the booking's own section, k: of the order's k-th leg
	Type uint8 // the number in the list, from 1
	Seat account.SeatIndex
}

// Count is how many seats are to be of a type.
type Count struct {
	Type  uint8
	Seats uint32
}

// Gift says who gave a hold away, and why.
type Gift struct {
	By     string // the name of the operator's key
	Reason string
}

// GiftBytesMax bounds each text of a Gift.
const GiftBytesMax = 1024

// SeatsMax bounds a fare's list of seats.
const SeatsMax = math.MaxUint16

func compare(a, b Seat) int {
	if a.Leg != b.Leg {
		return int(a.Leg) - int(b.Leg)
	}
	return int(a.Seat) - int(b.Seat)
}

// Sort brings seats into their order.
func Sort(seats []Seat) { slices.SortFunc(seats, compare) }

// TypeOf is the number of a seat's type; 0: its category's default one. f may be nil.
func (f *Fare) TypeOf(leg uint8, seat account.SeatIndex) uint8 {
	if f == nil {
		return 0
	}
	if at, found := slices.BinarySearchFunc(f.Seats, Seat{Leg: leg, Seat: seat}, compare); found {
		return f.Seats[at].Type
	}
	return 0
}

// IsGift says that the hold costs nothing. f may be nil.
func (f *Fare) IsGift() bool { return f != nil && f.Gift != nil }

// Logged is what a log has of the fare of a hold; nil: nothing. wanted are its seats, for a fare that says how many are
// to be of which type.
func (f *Fare) Logged(chosen []account.SeatIndex) *Fare {
	seats := f.Seats
	if len(f.Wanted) > 0 {
		seats = nil
		for _, w := range f.Wanted {
			for n := w.Seats; n > 0 && len(chosen) > 0; n-- {
				if w.Type != 0 {
					seats = append(seats, Seat{Type: w.Type, Seat: chosen[0]})
				}
				chosen = chosen[1:]
			}
		}
	}
	if len(seats) == 0 && f.Gift == nil {
		return nil
	}
	return &Fare{Seats: seats, Gift: f.Gift}
}

// Covers says that all seats of the fare are among those of a hold and its legs.
func (f *Fare) Covers(of func(leg uint8) []account.SeatIndex) bool {
	for i := range f.Seats {
		if _, found := slices.BinarySearch(of(f.Seats[i].Leg), f.Seats[i].Seat); !found {
			return false
		}
	}
	return true
}

// Append appends what a log has of a fare: how many seats, each with leg, seat and type; whether it is a gift, and then
// by whom and why.
func (f *Fare) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(f.Seats))<<1|codec.Bit(f.Gift != nil))
	for i := range f.Seats {
		s := &f.Seats[i]
		dst = append(binary.AppendUvarint(append(dst, s.Leg), uint64(s.Seat)), s.Type)
	}
	if f.Gift != nil {
		dst = appendText(appendText(dst, f.Gift.By), f.Gift.Reason)
	}
	return dst
}

// ReadFare reads what Append wrote.
func ReadFare(r *codec.Reader) *Fare {
	head := r.Uvarint()
	if head == 0 || head>>1 > SeatsMax {
		r.Fail("fare out of range")
		return &Fare{}
	}
	f := &Fare{}
	for n := head >> 1; n > 0 && r.Err == nil; n-- {
		s := Seat{Leg: r.Byte()}
		seat := r.Uvarint()
		s.Seat, s.Type = account.SeatIndex(seat), r.Byte()
		if seat > math.MaxUint32 || s.Type == 0 || s.Type > NoType ||
			len(f.Seats) > 0 && compare(f.Seats[len(f.Seats)-1], s) >= 0 {
			r.Fail("a fare of seats out of order")
		}
		f.Seats = append(f.Seats, s)
	}
	if head&1 != 0 {
		f.Gift = &Gift{By: readText(r), Reason: readText(r)}
	}
	return f
}

// AppendRequest appends all that a command says.
func (f *Fare) AppendRequest(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(f.Mark))
	dst = binary.AppendUvarint(dst, uint64(f.Total))
	dst = binary.AppendUvarint(dst, uint64(len(f.Names)))
	for _, name := range f.Names {
		dst = appendText(dst, name)
	}
	dst = binary.AppendUvarint(dst, uint64(len(f.Wanted)))
	for _, w := range f.Wanted {
		dst = binary.AppendUvarint(append(dst, w.Type), uint64(w.Seats))
	}
	if len(f.Seats) == 0 && f.Gift == nil {
		return append(dst, 0)
	}
	return f.Append(append(dst, 1))
}

// ReadRequest reads what AppendRequest wrote.
func ReadRequest(r *codec.Reader) *Fare {
	f := &Fare{}
	number := func(most uint64) uint64 {
		n := r.Uvarint()
		if n > most {
			r.Fail("fare out of range")
			return 0
		}
		return n
	}
	f.Mark, f.Total = Mark(number(uint64(MarkMax))), int64(number(math.MaxInt64))
	for n := number(TypesMax); n > 0 && r.Err == nil; n-- {
		f.Names = append(f.Names, readText(r))
	}
	for n := number(TypesMax); n > 0 && r.Err == nil; n-- {
		w := Count{Type: r.Byte(), Seats: uint32(number(math.MaxUint32))}
		f.Wanted = append(f.Wanted, w)
	}
	switch r.Byte() {
	case 0:
	case 1:
		logged := ReadFare(r)
		f.Seats, f.Gift = logged.Seats, logged.Gift
	default:
		r.Fail("fare out of range")
	}
	return f
}

// Bits of AppendAnswer.
const (
	hasFare = 1
	hasCame = 2
)

// AppendAnswer appends all that an outcome says; f may be nil: bits, the fare as a log has it, and how many seats came
// by exchanges, each with seat, mark, and its fare or 0.
func (f *Fare) AppendAnswer(dst []byte) []byte {
	if f == nil {
		return append(dst, 0)
	}
	own := len(f.Seats) > 0 || f.Gift != nil
	dst = append(dst, byte(codec.Bit(own)|codec.Bit(len(f.Came) > 0)<<1))
	if own {
		dst = f.Append(dst)
	}
	if len(f.Came) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(f.Came)))
	for i := range f.Came {
		c := &f.Came[i]
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(c.Seat)), uint64(c.Mark))
		dst = c.Fare.AppendAnswer(dst)
	}
	return dst
}

// ReadAnswer reads what AppendAnswer wrote.
func ReadAnswer(r *codec.Reader) (f *Fare) {
	bits := r.Byte()
	if bits > hasFare|hasCame {
		r.Fail("fare out of range")
	}
	if bits == 0 || r.Err != nil {
		return nil
	}
	if f = new(Fare); bits&hasFare != 0 {
		f = ReadFare(r)
	}
	if bits&hasCame == 0 {
		return f
	}
	n := r.Uvarint()
	if n == 0 || n > SeatsMax {
		r.Fail("fare out of range")
	}
	for ; n > 0 && r.Err == nil; n-- {
		seat, mark := r.Uvarint(), r.Uvarint()
		c := Came{Seat: account.SeatIndex(seat), Mark: Mark(mark)}
		if seat > math.MaxUint32 || mark > uint64(MarkMax) || len(r.Src) == 0 || r.Src[0]&hasCame != 0 {
			r.Fail("fare out of range")
			return f
		}
		c.Fare = ReadAnswer(r)
		f.Came = append(f.Came, c)
	}
	return f
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func readText(r *codec.Reader) string {
	n := r.Uvarint()
	if n > GiftBytesMax {
		r.Fail("text out of range")
		return ""
	}
	return string(r.Take(int(n)))
}
