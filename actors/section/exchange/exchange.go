package exchange

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/runs"
)

// Part is what a command or a change says of an exchange. It is not changed once it is applied.
type Part struct {
	Of     order.BookingNo     // the booking whose seats are exchanged, in the same section
	Gives  []account.SeatIndex // those of its seats that it gives up, ascending
	Credit int64               // what they count for, in minor units
}

// Append appends the part: of · credit · seats. A part that is none panics: it is a bug of the caller's.
func (p *Part) Append(dst []byte) []byte {
	if p.Of == 0 || p.Credit < 0 || len(p.Gives) == 0 {
		panic(fmt.Sprintf("section: exchange %+v", *p))
	}
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(p.Of)), uint64(p.Credit))
	return runs.Append(dst, false, p.Gives)
}

// Read reads what Append wrote.
func Read(r *codec.Reader) *Part {
	of, credit := r.Uvarint(), r.Uvarint()
	p := &Part{Of: order.BookingNo(of), Credit: int64(credit & math.MaxInt64)}
	split := false
	if p.Gives, split = runs.Read(r, nil); of == 0 || credit > math.MaxInt64 || split || len(p.Gives) == 0 {
		r.Fail("an exchange out of range")
	}
	return p
}

// Exchange is one as it stands. It is not changed once it is told.
type Exchange struct {
	Part
	Total int64 // what the seats that it takes cost, in minor units
	Done  bool  // they are the booking's
}

// Due is what the exchange costs; below 0: what is given back for it.
func (x *Exchange) Due() int64 { return x.Total - x.Credit }

// Book has the exchanges of a section's bookings, by the slots of the exchanges. The zero value is an empty book.
type Book struct {
	all map[uint32]Exchange
	of  map[order.BookingNo][]uint32 // those of a booking, in their order
}

// Any says that there is one.
func (k *Book) Any() bool { return len(k.all) > 0 }

// Len counts them.
func (k *Book) Len() int { return len(k.all) }

// Has says that a booking is an exchange.
func (k *Book) Has(slot uint32) bool {
	_, is := k.all[slot]
	return is
}

// At is the exchange that a booking is; nil: it is none. The copy is the caller's.
func (k *Book) At(slot uint32) *Exchange {
	if x, is := k.all[slot]; is {
		return &x
	}
	return nil
}

// Of calls visit for the exchanges of a booking that are remembered, in their order.
func (k *Book) Of(no order.BookingNo, visit func(slot uint32, x *Exchange)) {
	for _, slot := range k.of[no] {
		visit(slot, k.At(slot))
	}
}

// Place keeps an exchange.
func (k *Book) Place(slot uint32, x Exchange) {
	if k.all == nil {
		k.all, k.of = map[uint32]Exchange{}, map[order.BookingNo][]uint32{}
	}
	x.Gives = slices.Clone(x.Gives)
	k.all[slot] = x
	k.of[x.Of] = append(k.of[x.Of], slot)
}

// Finish notes that an exchange is done.
func (k *Book) Finish(slot uint32) {
	x, is := k.all[slot]
	if !is || x.Done {
		panic(fmt.Sprintf("section: %+v is done, which is no exchange under way", x))
	}
	x.Done = true
	k.all[slot] = x
}

// Gave says that a booking has given a seat up.
func (k *Book) Gave(no order.BookingNo, seat account.SeatIndex) bool {
	return slices.ContainsFunc(k.of[no], func(slot uint32) bool {
		x := k.all[slot]
		return x.Done && slices.Contains(x.Gives, seat)
	})
}

// Forget forgets an exchange.
func (k *Book) Forget(slot uint32) {
	x, is := k.all[slot]
	if !is {
		return
	}
	delete(k.all, slot)
	k.of[x.Of] = slices.DeleteFunc(k.of[x.Of], func(s uint32) bool { return s == slot })
	if len(k.of[x.Of]) == 0 {
		delete(k.of, x.Of)
	}
}

// AppendExchange appends one as a snapshot has it: the part · what the seats cost · 1 if it is done.
func (k *Book) AppendExchange(dst []byte, slot uint32) []byte {
	x := k.all[slot]
	dst = binary.AppendUvarint(x.Part.Append(dst), uint64(x.Total))
	return append(dst, byte(codec.Bit(x.Done)))
}

// RestoreExchange reads what AppendExchange wrote. Whether the bookings allow it is the caller's to judge.
func (k *Book) RestoreExchange(r *codec.Reader, slot uint32) (x Exchange) {
	x.Part = *Read(r)
	total, done := r.Uvarint(), r.Byte()
	if total > math.MaxInt64 || done > 1 {
		r.Fail("an exchange out of range")
	}
	if x.Total, x.Done = int64(total&math.MaxInt64), done == 1; r.Err == nil {
		k.Place(slot, x)
	}
	return x
}
