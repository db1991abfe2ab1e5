package check

import (
	"bytes"
	"slices"
	"strconv"

	"holdfast/bench/check/history"
)

// A booking over several sections is an order: one of the sections is its home, whose log says what becomes of it, and
// its seats elsewhere are legs, which move by the home's word only and say which record that was.
//
//	home  hold_placed ─▶ sold, or over  ─▶ order_settled: all legs have heard
//	leg   leg_bound ─▶ leg_sold ─▶ leg_freed; leg_bound ─▶ leg_freed
//
// A log comes section by section, so what a leg says is kept until all is read. A leg that was freed because there is
// no such order names no record of its home's.

// logOrder is one order.
type logOrder struct {
	name    string
	home    uint32 // number of its section; none: there is no such section
	placed  bool
	text    string // the booking's id
	buyer   [16]byte
	seats   int    // in the home
	request uint32 // who asked for it; none: nobody known
	booking uint32 // of the history; none
	words   [][2]uint64
	settled bool
	legs    []logLeg
}

// logLeg is an order's seats in one section besides the home.
type logLeg struct {
	section uint32
	booking string // its id
	buyer   [16]byte
	seats   []uint32
	state   logState
	words   [][2]uint64 // with the home's records that it says it heard
}

// orderOf is the number of the line's order, which the line may be the first to name.
func (p *replay) orderOf() uint32 {
	event := p.requests.sections[p.now.no].event
	name := string(p.line.order)
	if p.ordersByID == nil {
		p.ordersByID = make([]map[string]uint32, len(p.h.Header.Events))
	}
	if n, known := p.ordersByID[event][name]; known {
		return n
	}
	home := uint32(none)
	number, _, _ := bytes.Cut(p.line.order, []byte{'-'})
	sections := len(p.h.Header.Events[event].Sections)
	if n, err := strconv.ParseUint(string(number), 10, 32); err == nil && int(n) < sections {
		home = p.base[event] + uint32(n)
	} else {
		p.blame(LogShape, "order %q names no section", name)
	}
	n := uint32(len(p.orders))
	p.orders = append(p.orders, logOrder{name: name, home: home, request: none, booking: none})
	if p.ordersByID[event] == nil {
		p.ordersByID[event] = map[string]uint32{}
	}
	p.ordersByID[event][name] = n
	return n
}

// placedOrder notes that the line's hold is the home of an order, and gives the order's number plus one; 0: it is of
// one section.
func (p *replay) placedOrder(request, booking uint32) uint32 {
	l := &p.line
	if len(l.order) == 0 {
		if booking != none && len(p.legsOf(request)) > 0 {
			p.blame(LogDiffers, "in one section, and in more in %s", p.tellRequest(request))
		}
		return 0
	}
	n := p.orderOf()
	o := &p.orders[n]
	switch {
	case o.placed:
		p.blame(LogMove, "order %s is placed twice", o.name)
	case o.home != p.now.no:
		p.blame(LogShape, "order %s has another home", o.name)
	}
	o.placed, o.text, o.buyer, o.seats = true, string(l.booking), l.buyer, len(l.seats)
	o.request, o.booking = request, booking
	return n + 1
}

func (p *replay) legsOf(request uint32) []history.Op {
	r := p.list[request].op
	part, _ := p.op(r)
	return part.LegsOf(int(uint32(r)))
}

// homeSays notes what a booking that is the home of an order came to.
func (p *replay) homeSays(b *logBooking) {
	if b.order != 0 && b.leg == 0 && (b.state == soldFor || b.state == gone) {
		o := &p.orders[b.order-1]
		o.words, o.settled = append(o.words, wordOf(p.line.seq, b.state)), false
	}
}

// settledOrder follows a home's note that all legs have heard its last word.
func (p *replay) settledOrder(b *logBooking) {
	if b.order == 0 || b.leg != 0 {
		p.blame(LogMove, "of a booking that is no order's home")
		return
	}
	o := &p.orders[b.order-1]
	if n := len(o.words); n == 0 || o.words[n-1][0] != p.line.cited {
		p.blame(LogLeg, "by record %d, which neither sold nor ended it", p.line.cited)
		return
	}
	o.settled = true
}

// legBound follows a leg: its seats must have been free (P1).
func (p *replay) legBound() {
	s, l := p.now, &p.line
	if len(l.seats) == 0 || len(l.order) == 0 {
		p.blame(LogShape, "a leg without seats or of no order")
		return
	}
	if _, twice := s.byID[string(l.booking)]; twice {
		p.blame(LogMove, "bound twice")
		return
	}
	n := p.orderOf()
	o := &p.orders[n]
	if o.home == s.no {
		p.blame(LogShape, "in the home of order %s", o.name)
	}
	o.legs = append(o.legs, logLeg{section: s.no, booking: string(l.booking), buyer: l.buyer,
		seats: slices.Clone(l.seats), state: bound})
	b := logBooking{state: bound, booking: none, buyer: l.buyer, order: n + 1, leg: uint32(len(o.legs))}
	p.take(b, false)
}

// legMoved follows a leg that was sold or freed. Whether its home says so is judged at the end.
func (p *replay) legMoved(b *logBooking, at uint32) {
	l := &p.line
	if b.leg == 0 {
		p.blame(LogMove, "of a booking that is no leg")
		return
	}
	o := &p.orders[b.order-1]
	if string(l.order) != o.name {
		p.blame(LogMove, "for order %s, and it was bound for %s", l.order, o.name)
	}
	leg := &o.legs[b.leg-1]
	to, letter := gone, byte('a')
	if l.kind == logLegSold {
		to, letter = soldFor, 's'
	}
	if b.state != bound && (b.state != soldFor || to == soldFor) {
		p.blame(LogMove, "the leg is %v", b.state)
	}
	switch {
	case to == soldFor:
		p.sold += uint64(len(leg.seats))
	case b.state == soldFor:
		p.refunded += uint64(len(leg.seats))
		p.blame(LogForeign, "nobody in this history gives seats back that were sold")
	}
	b.state, leg.state = to, to
	leg.words = append(leg.words, wordOf(l.cited, to))
	p.redraw(b, at, letter, to == soldFor && p.answeredSold(leg))
}

// answeredSold says whether some buyer had heard that the leg's seats are sold, so early that all last maps show that.
// A sale is for good, so whose it is need not be known yet.
func (p *replay) answeredSold(leg *logLeg) bool {
	if p.soldLegs == nil {
		p.soldLegs = map[[2]uint32]uint32{}
		for n := p.granted; n < len(p.bookings); n++ {
			if b := &p.bookings[n]; b.sold != history.Never {
				p.soldLegs[[2]uint32{b.section, slices.Min(p.seatsOf(uint32(n)))}] = uint32(n)
			}
		}
	}
	n, answered := p.soldLegs[[2]uint32{leg.section, slices.Min(leg.seats)}]
	return answered && p.same(p.seatsOf(n), leg.seats) && p.settled(p.bookings[n].sold)
}

// wordOf is a home's record that sold its order or ended it: the record's seq, and what the order was then.
func wordOf(seq uint64, to logState) [2]uint64 { return [2]uint64{seq, uint64(to)} }
