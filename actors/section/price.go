package section

import (
	"encoding/binary"
	"fmt"
	"math"

	"holdfast/actors/codec"
	"holdfast/actors/section/tariff"
)

// price enters in a hold what its seats cost.
func (s *State) price(c *Change) {
	if s.tariff == nil {
		return
	}
	c.PriceMark = s.tariff.Mark
	for _, seat := range c.Seats {
		c.Total += s.tariff.Totals[s.layout.Seats[seat].Category]
	}
}

// A priced hold's price follows the seats: the mark, with what follows in its highest two bits, then
// uvarint(mantissa<<2 | tens) where the total is mantissa * 10^tens. Totals mostly end in noughts, so the whole takes
// three or four bytes.
const (
	priceGranted = 0x4000 // a grant follows
	priceInside  = 0x8000 // a session follows, and no grant: a grant tells by itself whether one does
	priceTensMax = 3
)

func appendPrice(dst []byte, c *Change) []byte {
	if c.PriceMark > tariff.MarkMax || c.Total < 0 {
		panic(fmt.Sprintf("section: hold of total %d, mark %d", c.Total, c.PriceMark))
	}
	mark := uint16(c.PriceMark)
	switch {
	case c.Grant.Number != 0:
		mark |= priceGranted
	case c.Session != 0:
		mark |= priceInside
	}
	mantissa, tens := uint64(c.Total), uint64(0)
	for mantissa != 0 && mantissa%10 == 0 && tens < priceTensMax {
		mantissa, tens = mantissa/10, tens+1
	}
	dst = binary.LittleEndian.AppendUint16(dst, mark)
	if mantissa > math.MaxUint64>>2 { // of no price list: see price.TotalMax
		panic(fmt.Sprintf("section: hold of total %d", c.Total))
	}
	return binary.AppendUvarint(dst, mantissa<<2|tens)
}

func readPrice(r *codec.Reader, c *Change) (granted, inside bool) {
	mark := uint16(r.Byte())
	mark |= uint16(r.Byte()) << 8
	granted, inside = mark&priceGranted != 0, mark&priceInside != 0
	c.PriceMark = tariff.Mark(mark) & tariff.MarkMax
	amount := r.Uvarint()
	mantissa, tens := amount>>2, amount&3
	scale := [priceTensMax + 1]uint64{1, 10, 100, 1000}[tens]
	switch {
	case c.PriceMark == 0 || granted && inside:
		r.Fail("price without a mark")
	case mantissa > math.MaxInt64/scale, mantissa == 0 && tens > 0,
		mantissa != 0 && mantissa%10 == 0 && tens < priceTensMax:
		r.Fail("total out of range")
	}
	c.Total = int64(mantissa * scale)
	return granted, inside
}
