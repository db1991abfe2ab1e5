package wire

import (
	"bytes"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"github.com/valyala/fastjson"

	"holdfast/api/wire/pricing"
)

// BookParser parses booking bodies without allocating once warm. Not for concurrent use.
type BookParser struct {
	// Book is the last body parsed. Its strings live in the parser's own buffer: they are valid until the next Parse.
	Book Book

	parser fastjson.Parser
	copied []byte // of a common body
	best   BestAvailable
	seats  []string
	types  []string
	counts []pricing.TypeCount
	gift   bool // complimentary was given
	err    *FieldError
}

// Parse reads one booking body, as strictly as Decode would. Every error is a *FieldError.
func (p *BookParser) Parse(body []byte) error {
	p.begin()
	if p.common(body) {
		return nil
	}
	p.begin()
	return p.general(body)
}

func (p *BookParser) begin() {
	p.Book, p.best, p.seats, p.err = Book{}, BestAvailable{}, p.seats[:0], nil
	p.types, p.counts, p.gift = p.types[:0], p.counts[:0], false
}

// general reads any body.
func (p *BookParser) general(body []byte) error {
	// Fastjson's validator takes quadratic time and memory in the depth.
	if err := checkDepth(body, DepthMax); err != nil {
		return err
	}
	// fastjson parses leniently; its validator does not. Two passes over fifty bytes are cheaper than one general
	// decoder.
	if fastjson.ValidateBytes(body) != nil || !utf8.Valid(body) {
		return p.explain(body)
	}
	// Escapes (half a surrogate pair, say) are beyond that validator, and no honest seat id has one: ask the strict
	// decoder.
	if bytes.IndexByte(body, '\\') >= 0 {
		if _, err := strictly(body); err != nil {
			return err
		}
	}
	document, err := p.parser.ParseBytes(body)
	if err != nil {
		return p.explain(body)
	}
	object, err := document.Object()
	if err != nil {
		return &FieldError{Reason: "must be a JSON object"}
	}
	object.Visit(p.member)
	return p.verdict()
}

// explain asks the slow decoder what is wrong, so that both give the same reasons.
func (p *BookParser) explain(body []byte) error {
	if _, err := strictly(body); err != nil {
		return err
	}
	return &FieldError{Reason: "is not valid JSON"}
}

func (p *BookParser) member(key []byte, v *fastjson.Value) {
	switch string(key) {
	case "seats":
		p.once("seats", p.Book.Seats != nil)
		p.parseSeats(v)
	case "best_available":
		p.once("best_available", p.Book.BestAvailable != nil)
		p.parseBest(v)
	case "buyer":
		p.once("buyer", p.Book.Buyer != "")
		if p.Book.Buyer = p.text("buyer", v); utf8.RuneCountInString(p.Book.Buyer) > BuyerCharactersMax {
			p.fail("buyer", "is longer than "+strconv.Itoa(BuyerCharactersMax)+" characters")
		}
	case "limits":
		p.once("limits", p.Book.Limits != "")
		if p.Book.Limits = p.text("limits", v); p.Book.Limits != LimitsApply && p.Book.Limits != LimitsIgnore {
			p.fail("limits", "must be "+LimitsApply+" or "+LimitsIgnore)
		}
	case "complimentary":
		p.once("complimentary", p.gift)
		p.gift = true
		p.Book.Complimentary = p.flag("complimentary", v)
	case "reason":
		p.once("reason", p.Book.Reason != "")
		p.Book.Reason = p.text("reason", v)
	default:
		p.fail(string(key), "is not a known field")
	}
}

func (p *BookParser) verdict() error {
	p.checkGift()
	switch {
	case p.err != nil:
		return p.err
	case p.Book.Seats == nil && p.Book.BestAvailable == nil:
		return &FieldError{Field: "seats", Reason: "is missing (or give best_available)"}
	case p.Book.Seats != nil && p.Book.BestAvailable != nil:
		return &FieldError{Field: "best_available", Reason: "cannot be combined with seats"}
	}
	return nil
}

func (p *BookParser) parseSeats(v *fastjson.Value) {
	list, err := v.Array()
	if err != nil {
		p.wrong("seats", v, "must be a list of seat ids")
		return
	}
	for _, seat := range list {
		if !p.parseSeat(seat) {
			return
		}
	}
	if p.Book.Types = nil; len(p.types) > 0 {
		p.Book.Types = p.types
	}
	if p.Book.Seats = p.seats; p.Book.Seats == nil {
		p.Book.Seats = []string{}
	}
}

func (p *BookParser) parseBest(v *fastjson.Value) {
	object, err := v.Object()
	if err != nil {
		p.wrong("best_available", v, "must be an object")
		return
	}
	var seen uint8
	object.Visit(func(key []byte, v *fastjson.Value) { p.bestMember(key, v, &seen) })
	p.checkQuantity(seen&1 != 0)
	p.Book.BestAvailable = &p.best
}

// quantityRange is what any event allows at most. A number beyond it that can be read is refused later, by the event's
// own limit.
var quantityRange = "must be a whole number from 1 to " + strconv.Itoa(BookingSeatsMax) + "; an event may allow fewer"

func (p *BookParser) bestMember(key []byte, v *fastjson.Value, seen *uint8) {
	switch string(key) {
	case "quantity":
		p.mark("best_available.quantity", seen, 1)
		quantity, err := v.Uint()
		if err != nil || quantity > 1<<31 {
			p.wrong("best_available.quantity", v, quantityRange)
		}
		p.best.Quantity = uint32(quantity)
	case "section":
		p.mark("best_available.section", seen, 2)
		p.best.Section = p.text("best_available.section", v)
	case "category":
		p.mark("best_available.category", seen, 4)
		p.best.Category = p.text("best_available.category", v)
	case "accessible":
		p.mark("best_available.accessible", seen, 8)
		p.best.Accessible = p.flag("best_available.accessible", v)
	case "types":
		p.mark("best_available.types", seen, 16)
		p.parseTypes(v)
	default:
		p.fail("best_available."+string(key), "is not a known field")
	}
}

// text reads a string.
func (p *BookParser) text(field string, v *fastjson.Value) string {
	text, err := v.StringBytes()
	switch {
	case err != nil:
		p.wrong(field, v, "must be a string")
	case len(text) == 0:
		p.fail(field, "must not be empty (leave out what is optional)")
	}
	return Borrow(text)
}

func (p *BookParser) flag(field string, v *fastjson.Value) bool {
	flag, err := v.Bool()
	if err != nil {
		p.wrong(field, v, "must be true or false")
	}
	return flag
}

func (p *BookParser) mark(field string, seen *uint8, bit uint8) {
	p.once(field, *seen&bit != 0)
	*seen |= bit
}

func (p *BookParser) once(field string, again bool) {
	if again {
		p.fail(field, "is given twice")
	}
}

// wrong is fail of a value that is not what it must be.
func (p *BookParser) wrong(field string, v *fastjson.Value, must string) {
	if v.Type() == fastjson.TypeNull {
		must = errNull.Error()
	}
	p.fail(field, must)
}

// fail keeps the first thing found wrong.
func (p *BookParser) fail(field, reason string) {
	if p.err == nil {
		p.err = &FieldError{Field: field[:min(len(field), fieldBytesMax)], Reason: reason}
	}
}

// Borrow makes a string of bytes that outlive it, without a copy: nobody may change the bytes while the string is used.
func Borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
