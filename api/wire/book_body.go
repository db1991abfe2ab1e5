package wire

import (
	"cmp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"holdfast/api/wire/pricing"
)

// Bounds of what a Book says of prices.
const (
	TypeCharactersMax   = 64 // of a type of ticket
	BestTypesMax        = 16 // distinct ones in one booking
	ReasonCharactersMax = 200
)

// strictly reads a body of a Book by the strict decoder, for what is wrong with it. It gives what it has read.
func strictly(body []byte) (read any, err error) {
	var b struct {
		Seats         []pricing.SeatGiven `json:"seats,omitempty"`
		BestAvailable *struct {
			BestAvailable
			Types map[string]uint32 `json:"types,omitempty"`
		} `json:"best_available,omitempty"`
		Buyer         string `json:"buyer,omitempty"`
		Limits        string `json:"limits,omitempty"`
		Complimentary bool   `json:"complimentary,omitempty"`
		Reason        string `json:"reason,omitempty"`
	}
	err = Decode(body, &b)
	return &b, err
}

// parseSeat reads a seat in either form.
func (p *BookParser) parseSeat(v *fastjson.Value) (ok bool) {
	if v.Type() != fastjson.TypeObject {
		text, err := v.StringBytes()
		if err != nil {
			p.wrong("seats", v, pricing.ErrSeat.Error())
			return false
		}
		p.seats = append(p.seats, Borrow(text))
		if len(p.types) > 0 {
			p.types = append(p.types, "")
		}
		return true
	}
	at := "seats." + strconv.Itoa(len(p.seats)) + "."
	id, kind, seen := "", "", uint8(0)
	object, _ := v.Object()
	object.Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "id":
			p.mark(at+"id", &seen, 1)
			id = p.text(at+"id", v)
		case "type":
			p.mark(at+"type", &seen, 2)
			kind = p.text(at+"type", v)
			p.checkType(at+"type", kind)
		default:
			p.fail(at+string(key), "is not a known field")
		}
	})
	if seen&1 == 0 {
		p.fail(at+"id", "is missing")
	}
	for len(p.types) < len(p.seats) {
		p.types = append(p.types, "")
	}
	p.seats, p.types = append(p.seats, id), append(p.types, kind)
	return true
}

func (p *BookParser) checkType(field, kind string) {
	if utf8.RuneCountInString(kind) > TypeCharactersMax {
		p.fail(field, "is longer than "+strconv.Itoa(TypeCharactersMax)+" characters")
	}
}

// parseTypes reads how many of the best seats are to be of which type, and orders them by name: which seat gets which
// type follows from the request alone.
func (p *BookParser) parseTypes(v *fastjson.Value) {
	object, err := v.Object()
	if err != nil {
		p.wrong("best_available.types", v, "must be an object of numbers of seats")
		return
	}
	object.Visit(func(key []byte, v *fastjson.Value) {
		field, kind := "best_available.types."+string(key), Borrow(key)
		if p.checkType(field, kind); kind == "" {
			p.fail("best_available.types", "has a type without a name")
		}
		n, err := v.Uint()
		if err != nil || n == 0 || n > BookingSeatsMax {
			p.wrong(field, v, "must be a whole number from 1 to "+strconv.Itoa(BookingSeatsMax))
		}
		p.once(field, slices.ContainsFunc(p.counts, func(c pricing.TypeCount) bool { return c.Type == kind }))
		p.counts = append(p.counts, pricing.TypeCount{Type: kind, Seats: uint32(n)})
	})
	switch {
	case len(p.counts) == 0:
		p.fail("best_available.types", "must not be empty (leave out what is optional)")
	case len(p.counts) > BestTypesMax:
		p.fail("best_available.types", "has more than "+strconv.Itoa(BestTypesMax)+" types")
	}
	slices.SortFunc(p.counts, func(a, b pricing.TypeCount) int { return cmp.Compare(a.Type, b.Type) })
	p.best.Types = p.counts
}

// checkQuantity holds the quantity against the types. One that is not given follows from them.
func (p *BookParser) checkQuantity(given bool) {
	sum := uint32(0)
	for _, c := range p.best.Types {
		sum += c.Seats
	}
	switch {
	case !given:
		p.fail("best_available.quantity", "is missing")
	case sum > 0 && sum != p.best.Quantity:
		p.fail("best_available.quantity", "is not the number of seats of all types, which is "+
			strconv.FormatUint(uint64(sum), 10))
	}
}

// checkGift holds what is said of a booking that is given away together.
func (p *BookParser) checkGift() {
	b := &p.Book
	switch n := utf8.RuneCountInString(b.Reason); {
	case b.Complimentary && n == 0:
		p.fail("reason", "is missing: it is logged")
	case !b.Complimentary && n > 0:
		p.fail("reason", "is of complimentary bookings only")
	case n > ReasonCharactersMax:
		p.fail("reason", "is longer than "+strconv.Itoa(ReasonCharactersMax)+" characters")
	}
}
