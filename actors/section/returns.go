package section

import (
	"fmt"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
)

// Single seats of an order are given back by its home, which has its money: of its own section and of its legs'.
//
//	home  RefundDue, with seats of legs ─▶ RefundPending or RefundDone, likewise: the legs are to hear
//	leg   ─▶ LegSeatsFreed: seats that the home has given back, the others stay; the last of them: LegFreed
//
// A refund that says of no legs is of the whole order, as all were in earlier builds. A home may have no seat of its
// own left and stand, for the sake of its legs.
//
// A leg that is bound still sells only what its home has not given back; so the seats of a section that is closed for
// good are refunded, and are free, not sold, should it ever come back. Meanwhile the order is served: it is sold
// wherever it has seats left.

// The changes of seats that an order gives back, by their kinds on the wire behind the escape.
const (
	LegSeatsFreed ChangeKind = 39 // Seats; Order: the home's record that gave them back
	OrderServed   ChangeKind = 40 // every leg that has seats left has sold them

	orderRefundDue   ChangeKind = 38 // a RefundDue of some seats of an order
	orderRefundTaken ChangeKind = 41 // a RefundPending or RefundDone of one
)

// isOrdered is the change that a kind behind the escape stands for, which has an order there and need not elsewhere; 0:
// none.
func isOrdered(wire ChangeKind) ChangeKind {
	switch wire {
	case orderPlaced:
		return HoldPlaced
	case orderRefundDue:
		return RefundDue
	case orderRefundTaken:
		return RefundPending // or what a byte says: see readReturn
	}
	return 0
}

// endsBy says that a booking has no seat left once so many of its own are back, and what p says; nil: nothing.
func endsBy(seats int, b *booking, p *order.Part) bool {
	return seats == int(b.count) && (p == nil || p.N == 0)
}

// refundableOfOrder is refundable of an order: what a command names of it, or all that is left; nil: the whole, of
// which nothing is owed yet. A command of an earlier build names all seats of the home, for all of the order's.
func (s *State) refundableOfOrder(c *Command, home *order.Part, d *Decision) *order.Part {
	rest, touched := c.Order == nil && len(c.Seats) == 0, d.money.Touched()
	own := d.unowed(slices.Clone(d.Outcome.Seats))
	if d.seats = append(d.seats, c.Seats...); rest {
		d.seats = append(d.seats, own...)
	}
	slices.Sort(d.seats)
	for _, seat := range d.seats {
		if !slices.Contains(own, seat) {
			d.Outcome.Lost = append(d.Outcome.Lost, seat)
		}
	}
	p, left := &order.Part{ID: home.ID, Hash: home.Hash}, 0
	lost, twins := len(d.Outcome.Lost) > 0, hasTwins(d.seats)
	for i := range home.Legs {
		leg := home.Legs[i]
		_, valid := d.money.OfLeg(uint8(i+1), leg.Seats)
		if leg.Seats = namedOf(c.Order, leg.Section); rest {
			leg.Seats = valid
		}
		lost = lost || slices.ContainsFunc(leg.Seats, func(s SeatIndex) bool { return !slices.Contains(valid, s) })
		twins = twins || hasTwins(leg.Seats)
		if left += len(valid) - len(leg.Seats); len(leg.Seats) > 0 {
			p.Legs = append(p.Legs, leg)
		}
	}
	if c.Order != nil && len(c.Order.Legs) != len(p.Legs) { // of a section that the order is not in, or is in once
		lost = true
	}
	whole := !touched && len(d.seats) == len(own) && (left == 0 || c.Order == nil)
	switch {
	case twins:
		d.Outcome.Rejection = DuplicateSeat
	case lost || len(d.seats)+len(p.Legs) == 0:
		d.Outcome.Rejection = AlreadyRefunded
	case whole:
		return nil
	}
	return p
}

// namedOf are the seats that a part names in a section, ascending.
func namedOf(p *order.Part, section uint32) []SeatIndex {
	if p == nil {
		return nil
	}
	for i := range p.Legs {
		if p.Legs[i].Section == section {
			return slices.Sorted(slices.Values(p.Legs[i].Seats))
		}
	}
	return nil
}

// legsLeft is what of the legs of a booking, whose account is in d, is not owed back, and how many seats; nil: it is of
// one section, or nothing of it is owed.
func (s *State) legsLeft(slot uint32, d *Decision) (p *order.Part, seats int) {
	home := s.orders.Home(slot)
	if home == nil {
		return nil, 0
	}
	p = &order.Part{ID: home.ID, Hash: home.Hash}
	for i := range home.Legs {
		leg := home.Legs[i]
		if _, leg.Seats = d.money.OfLeg(uint8(i+1), leg.Seats); len(leg.Seats) > 0 {
			p.Legs, seats = append(p.Legs, leg), seats+len(leg.Seats)
		}
	}
	if !d.money.Touched() {
		return nil, seats
	}
	return p, seats
}

// taken is what the record says that takes seats back: so many of the home's, and those of p; nil: of the whole, or of
// no order.
func (s *State) taken(slot uint32, b *booking, seats int, p *order.Part, d *Decision) *order.Part {
	home := s.orders.Home(slot)
	if home == nil || p == nil {
		return nil
	}
	t := *p
	if t.N = 0; int(b.count) > seats {
		t.N++
	}
	for i := range home.Legs {
		leg := &home.Legs[i]
		kept, _ := d.money.OfLeg(uint8(i+1), leg.Seats)
		if len(kept) > len(namedOf(p, leg.Section)) {
			t.N++
		}
	}
	return &t
}

// owedPart is what a refund of single seats of an order is of, besides the home.
func (s *State) owedPart(slot uint32, r *account.Refund) *order.Part {
	home := s.orders.Home(slot)
	p := &order.Part{ID: home.ID, Hash: home.Hash}
	for i := range r.Legs {
		leg := home.Legs[r.Legs[i].K-1]
		leg.Seats = r.Legs[i].Seats
		p.Legs = append(p.Legs, leg)
	}
	return p
}

// legSeats is what an account keeps of a part.
func (s *State) legSeats(slot uint32, p *order.Part) (list []account.LegSeats) {
	if p == nil {
		return nil
	}
	home := s.orders.Home(slot)
	if home == nil || home.ID != p.ID {
		panic(fmt.Sprintf("section: order %+v gives seats back, and its booking is not here", p.ID))
	}
	for i := range home.Legs {
		if seats := namedOf(p, home.Legs[i].Section); len(seats) > 0 {
			list = append(list, account.LegSeats{K: uint8(i + 1), Seats: seats})
		}
	}
	return list
}

// decideShrink has a leg give seats up that its home has given back. What it has not any more it gave up before.
func (s *State) decideShrink(c *Command, d *Decision) {
	slot := s.leg(c.Order)
	if slot == 0 {
		d.Outcome.Repeat = true
		return
	}
	s.describe(slot, d)
	b := s.bookings.slab.At(slot)
	bond, _ := s.orders.Leg(slot)
	for _, seat := range d.Outcome.Seats {
		if slices.Contains(c.Seats, seat) {
			d.seats = append(d.seats, seat)
		}
	}
	switch {
	case bond.Hash != c.Order.Hash || c.Order.Cited == 0:
		d.refuse(OrderGone, s.since(b.stamp))
	case !b.state.live() || len(d.seats) == 0:
		d.Outcome.Repeat, d.Outcome.DependsOn = true, s.since(b.stamp)
	case len(d.seats) == int(b.count):
		c.Kind = FreeLeg
		s.decideLeg(c, d)
	default:
		change := d.accept(c, LegSeatsFreed, s.bookings.number(b), b.state, s.endOf(b))
		change.Seats, change.Order = d.seats, c.Order.Bare(c.Order.Cited)
	}
}

// applyShrunk takes seats from a leg that keeps others.
func (s *State) applyShrunk(c *Change, touched []SeatIndex) []SeatIndex {
	slot := s.bookings.find(c.Booking)
	l, is := s.orders.Leg(slot)
	b := s.bookings.slab.At(slot)
	if !is || !b.state.live() || l.ID != c.Order.ID || len(c.Seats) >= int(b.count) {
		panic(fmt.Sprintf("section: booking %d cannot give seats %v up for order %+v", c.Booking, c.Seats, c.Order.ID))
	}
	from := Held
	if b.state == BookingConfirmed {
		from = Sold
	}
	for _, seat := range c.Seats {
		if int(seat) >= len(s.seats.holder) || s.seats.holder[seat] != slot {
			panic(fmt.Sprintf("section: seat %d is not leg %d's", seat, c.Booking))
		}
	}
	b.stamp = s.stamp()
	buyer := s.buyers.slab.At(b.buyer)
	buyer.stamp = s.stamp()
	buyer.live -= uint32(len(c.Seats))
	s.seatBuffer = s.bookings.appendSeats(s.seatBuffer[:0], b)
	s.seatBuffer = slices.DeleteFunc(s.seatBuffer, func(seat SeatIndex) bool { return slices.Contains(c.Seats, seat) })
	s.bookings.keepSeats(b, s.seatBuffer)
	s.remember(c, slot)
	return s.markAll(c.Seats, from, Available, 0, touched)
}

// decideServe notes that an order is sold wherever it has seats left, although some leg has not heard that it has none.
func (s *State) decideServe(c *Command, d *Decision) {
	slot := s.orders.Find(&c.Order.ID)
	home := s.orders.Home(slot)
	if home == nil || !s.orders.Unsettled(slot) || s.orders.Served(slot) || home.Cited != c.Order.Cited {
		d.Outcome.Repeat = true
		return
	}
	if b := s.bookings.slab.At(slot); b.state == BookingConfirmed {
		d.accept(c, OrderServed, s.bookings.number(b), b.state, s.endOf(b)).Order = home.Bare(home.Cited)
		return
	}
	d.Outcome.Repeat = true
}

func (s *State) applyServed(c *Change) {
	slot := s.bookings.find(c.Booking)
	b := s.bookings.slab.At(slot)
	if !s.orders.Unsettled(slot) || s.orders.Served(slot) || b.state != BookingConfirmed {
		panic(fmt.Sprintf("section: order of booking %d served, which was not to be", c.Booking))
	}
	s.orders.Serve(slot)
	b.stamp = s.stamp()
	s.remember(c, slot)
}

// returnedHome says that a booking without seats is the home of an order that gave its own ones back.
func (s *State) returnedHome(slot uint32, b *booking) bool {
	exact := slices.ContainsFunc(s.accounts.Refunds(slot), func(r account.Refund) bool { return r.Exact && r.Back })
	return s.orders.Home(slot) != nil && exact && (b.state == BookingConfirmed || b.state == BookingRefunded)
}

// checkReturns refuses a home whose refunds are of seats that its legs never had.
func (s *State) checkReturns(d *decoder, slot uint32, p *order.Part) {
	refunds := s.accounts.Refunds(slot)
	for i := range refunds {
		for _, l := range refunds[i].Legs {
			ok := int(l.K) <= len(p.Legs) && !slices.ContainsFunc(l.Seats, func(seat SeatIndex) bool {
				return !slices.Contains(p.Legs[l.K-1].Seats, seat)
			})
			d.require(ok, "refund of another leg's seat")
		}
	}
}

// appendReturn appends what follows the home's seats of a refund of an order: what is said of money, and the seats of
// legs.
//
//	due:    as of any RefundDue, then id, hash 8, legs
//	taken:  pending or refunded, refund, id, hash 8, sections with seats left, legs
func appendReturn(dst []byte, kind ChangeKind, c *Change) []byte {
	p := c.Order
	if kind == orderRefundDue {
		return order.AppendLegs(p.AppendName(c.Pay.Append(dst, account.FormOwed)), p.Legs)
	}
	dst = append(dst, byte(c.Kind-RefundDue)+byte(account.Due))
	dst = p.AppendName(c.Pay.Append(dst, account.FormRefund))
	return order.AppendLegs(append(dst, p.N), p.Legs)
}

// readReturn reads what appendReturn wrote.
func readReturn(r *codec.Reader, kind ChangeKind, c *Change) {
	p := new(order.Part)
	if kind == orderRefundDue {
		c.Pay.Read(r, account.FormOwed)
		p.ReadName(r)
	} else {
		state := account.RefundState(r.Byte())
		if c.Kind = RefundDue + ChangeKind(state-account.Due); state != account.Pending && state != account.Refunded {
			r.Fail("a refund that is not taken")
		}
		c.Pay.Read(r, account.FormRefund)
		p.ReadName(r)
		p.N = r.Byte()
	}
	p.Legs = order.ReadLegs(r)
	if r.Err == nil && (c.Booking == 0 || c.Split || len(c.Seats)+len(p.Legs) == 0 || p.N > order.SectionsMax ||
		kind == orderRefundDue && c.Pay.Reason != account.Requested) {
		r.Fail("a refund of an order with the wrong fields")
	}
	c.Order = p
}
