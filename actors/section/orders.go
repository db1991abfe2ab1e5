package section

import (
	"fmt"
	"slices"

	"holdfast/actors/section/order"
)

// The changes of orders, and their kinds on the wire behind the escape. A HoldPlaced of an order is orderPlaced there.
const (
	LegBound ChangeKind = iota + 32
	LegSold
	LegFreed
	OrderSettled
	orderPlaced
)

func isOrderKind(k ChangeKind) bool {
	return k >= LegBound && k <= OrderSettled || k == LegSeatsFreed || k == OrderServed
}

// boundFresh is for how long after its binding a leg is taken for one that may come to nothing.
const boundFresh Millis = 1000

// BoundLegs counts the legs that wait for their home's word.
func (s *State) BoundLegs() int { return s.orders.Bound() }

func (c *Change) takesSeats() bool { return c.Kind == HoldPlaced || c.Kind == LegBound }

// isLeg says that a booking is a leg: it is no booking to people, and nobody but its home moves it.
func (s *State) isLeg(no BookingNo) bool { return s.isLegAt(s.bookings.find(no)) }

func (s *State) isLegAt(slot uint32) bool {
	_, is := s.orders.Leg(slot)
	return is
}

func (s *State) isSold(no BookingNo) bool {
	slot := s.bookings.find(no)
	return slot != 0 && s.bookings.slab.At(slot).state == BookingConfirmed
}

// mayComeBack says that all the seats, which are not free, were bound a moment ago: the order that did it may be about
// to give them up.
func (s *State) mayComeBack(at Instant, seats []SeatIndex) bool {
	return !slices.ContainsFunc(seats, func(seat SeatIndex) bool {
		slot := s.seats.holder[seat]
		if slot == 0 {
			return true
		}
		b := s.bookings.slab.At(slot)
		return b.state != BookingBound || Millis(at-b.placedAt) >= boundFresh
	})
}

// leg finds the leg of an order; 0: none is remembered.
func (s *State) leg(p *order.Part) uint32 {
	if slot := s.orders.Find(&p.ID); s.isLegAt(slot) {
		return slot
	}
	return 0
}

// decideBind judges the seats of a leg as it would those of a hold. A leg has no end: it waits for its home's word.
func (s *State) decideBind(c *Command, d *Decision) {
	p := c.Order
	if slot := s.leg(p); slot != 0 {
		if bond, _ := s.orders.Leg(slot); bond.Hash != p.Hash { // of a life whose records were lost
			d.refuse(OrderGone, s.since(s.bookings.slab.At(slot).stamp))
			return
		}
		s.describe(slot, d)
		d.Outcome.Repeat, d.Outcome.DependsOn = true, s.since(s.bookings.slab.At(slot).stamp)
		return
	}
	if p.ID.Count == 0 || p.K == 0 || p.K >= p.N || p.N > order.SectionsMax {
		d.refuse(OrderGone, 0)
		return
	}
	if s.named(c, d) && s.allowed(c, uint32(min(len(d.seats), 1<<31)), d) && s.allAre(c, Available, SeatTaken, d) &&
		(!s.cooling.Any() || s.allMayBeHad(c, d)) {
		s.placeUnlessOrphans(c, d)
	}
}

// decideLeg has a leg follow its home's word, which comes more than once and in any order: what was done stays, and a
// leg that has ended stays so.
func (s *State) decideLeg(c *Command, d *Decision) {
	slot := s.leg(c.Order)
	if slot == 0 {
		if d.Outcome.Repeat = c.Kind == FreeLeg; !d.Outcome.Repeat {
			d.refuse(OrderGone, 0)
		}
		return
	}
	s.describe(slot, d)
	b := s.bookings.slab.At(slot)
	bond, _ := s.orders.Leg(slot)
	on, no := s.since(b.stamp), s.bookings.number(b)
	kind, state := LegSold, BookingConfirmed
	if c.Kind == FreeLeg {
		if kind, state = LegFreed, BookingReleased; b.state == BookingConfirmed {
			state = BookingRefunded
		}
	}
	switch {
	case bond.Hash != c.Order.Hash, c.Kind == SellLeg && !b.state.live():
		d.refuse(OrderGone, on)
	case !b.state.live(), c.Kind == SellLeg && b.state == BookingConfirmed:
		d.Outcome.Repeat, d.Outcome.DependsOn = true, on
	case c.Order.Cited == 0 && (c.Kind != FreeLeg || b.state != BookingBound): // nobody said that it was sold, or ended
		d.refuse(OrderGone, on)
	default:
		change := d.accept(c, kind, no, state, s.endOf(b))
		change.Order, change.Split = c.Order.Bare(c.Order.Cited), kind == LegFreed && c.Quantity > 0
	}
}

func (s *State) applyBound(c *Change, touched []SeatIndex) []SeatIndex {
	if c.Booking <= s.lastNo || len(c.Seats) == 0 {
		panic(fmt.Sprintf("section: leg %d of %d seats bound after booking %d", c.Booking, len(c.Seats), s.lastNo))
	}
	s.lastNo = c.Booking
	slot, b := s.bookings.add(c.Booking)
	b.state, b.placedAt, b.stamp = BookingBound, c.At, s.stamp()
	s.bookings.setSeats(b, c.Seats)
	s.bookings.setEnd(b, c.ExpiresAt)
	b.buyer = s.buyers.hold(c.Buyer)
	k := s.buyers.slab.At(b.buyer)
	k.live += uint32(len(c.Seats))
	k.stamp = s.stamp()
	p := c.Order
	s.ordersOf().Bind(slot, order.Bond{ID: p.ID, Hash: p.Hash, K: p.K, N: p.N}, c.ExpiresAt, c.Booking)
	s.orders.DropAsks(s.boundAt)
	s.remember(c, slot)
	return s.markAll(c.Seats, Available, Held, slot, touched)
}

// boundAt is the slot of a leg that is bound; 0: it is not, or not any more.
func (s *State) boundAt(no BookingNo) uint32 {
	slot := s.bookings.find(no)
	if slot == 0 || s.bookings.slab.At(slot).state != BookingBound {
		return 0
	}
	return slot
}

// applyLeg sells a leg, or frees it.
func (s *State) applyLeg(c *Change, touched []SeatIndex) []SeatIndex {
	slot := s.bookings.find(c.Booking)
	l, is := s.orders.Leg(slot)
	if !is {
		panic(fmt.Sprintf("section: change of kind %d of booking %d, which is no leg", c.Kind, c.Booking))
	}
	b := s.bookings.slab.At(slot)
	t := transition{from: b.state, to: BookingConfirmed, seatsFrom: Held, seatsTo: Sold}
	if c.Kind == LegFreed {
		t.to, t.seatsTo = BookingReleased, Available
		if b.state == BookingConfirmed {
			t.to, t.seatsFrom = BookingRefunded, Sold
		}
	}
	if !b.state.live() || c.Kind == LegSold && b.state != BookingBound || l.ID != c.Order.ID {
		panic(fmt.Sprintf("section: leg %d is %v, and cannot become %v", c.Booking, b.state, t.to))
	}
	if s.orders.Receive(slot, c.Order.Cited, b.state == BookingBound); c.Split {
		s.orders.Cool(slot)
	}
	b.state, b.stamp = t.to, s.stamp()
	s.buyers.slab.At(b.buyer).stamp = s.stamp()
	touched = s.moveSeats(slot, b, t, touched)
	s.remember(c, slot)
	if !t.to.live() {
		s.end(slot, b)
	}
	return touched
}

// placeOrder notes that a hold is an order's home, if it is.
func (s *State) placeOrder(slot uint32, p *order.Part) {
	if p != nil {
		s.ordersOf().Place(slot, p)
	}
}

func (s *State) ordersOf() *order.Book {
	if s.orders == nil {
		s.orders = order.NewBook()
	}
	return s.orders
}

// UnsettledOrders calls visit for every home of an order with legs that may not have heard what became of it. For
// start-up.
func (s *State) UnsettledOrders(visit func(no BookingNo)) {
	if s.orders == nil {
		return
	}
	s.bookings.each(func(slot uint32) {
		if s.orders.Unsettled(slot) {
			visit(s.bookings.numberOf(slot))
		}
	})
}

// finishes notes in the outcome of an order's home that its legs are yet to hear of what was decided.
func (d *Decision) finishes() {
	for i := range d.Changes {
		switch d.Changes[i].Kind {
		case BookingSold, HoldReleased, BookingRefundedChange:
			d.Outcome.Unsettled = true
		case RefundPending, RefundDone:
			given := d.Changes[i].Order != nil && len(d.Changes[i].Order.Legs) > 0
			d.Outcome.Unsettled = d.Outcome.Unsettled || given || d.Outcome.State == BookingRefunded
		}
	}
}

// hasFinished says that a change has sold an order's home, given seats of its legs back, or ended it. Seats that are
// owed back need not be sold any more: its legs are looked at again.
func (s *State) hasFinished(c *Change) bool {
	switch c.Kind {
	case BookingSold, HoldReleased, HoldExpired, BookingRefundedChange, RefundDue, RefundPending, RefundDone:
		return s.orders.Unsettled(s.bookings.find(c.Booking))
	}
	return false
}

// ofCollecting answers the commands that are about a life's memory: nothing of them is written.
func (s *State) ofCollecting(c *Command, d *Decision) bool {
	switch c.Kind {
	case BeginOrder:
		s.beginOrder(c, d)
	case AskOrder, AbandonOrder:
		s.askOrder(c, d)
	case DueLegs:
		s.dueLegs(c, d)
	default:
		return false
	}
	return true
}

// beginOrder gives an id. A request that was met before gets its booking instead (P5).
func (s *State) beginOrder(c *Command, d *Decision) {
	if c.Request != (RequestID{}) && s.decideRepeat(c, d) {
		return
	}
	count, busy := s.ordersOf().Begin(c.At, c.Request)
	switch {
	case busy:
		d.refuse(OrderUnderWay, 0)
	case count == 0:
		d.refuse(TooManyRequests, 0)
	default:
		d.Outcome.Order = &order.Part{ID: order.ID{Home: c.Order.ID.Home, Life: s.life, Count: count}}
		if s.prices.Edited() {
			d.Outcome.Mark = s.prices.Now().Mark
		}
	}
}

// askOrder says what has become of an order. BookingUnknown: it is not placed, and from here on never will be; so a
// home that was asked to abandon an order, or was asked too late, gives it up. OrderUnderWay: wait.
func (s *State) askOrder(c *Command, d *Decision) {
	id := c.Order.ID
	if slot := s.orders.Find(&id); s.orders.Home(slot) != nil && s.orders.Home(slot).Hash == c.Order.Hash {
		s.describe(slot, d)
		d.Outcome.DependsOn = s.since(s.bookings.slab.At(slot).stamp)
		return
	}
	switch {
	case id.Life > s.life, // a life that began later knows
		id.Life == s.life && c.Kind == AskOrder && s.orders.MayWait(id.Count, c.At):
		d.refuse(OrderUnderWay, 0)
		return
	case id.Life == s.life:
		s.orders.Drop(id.Count)
	}
	d.refuse(BookingUnknown, 0)
}

// isCollected says that an order may be placed: it is of this life, and was not given up. It leaves the refusal in d.
func (s *State) isCollected(c *Command, d *Decision) bool {
	p := c.Order
	total := len(d.seats)
	for i := range p.Legs {
		total += len(p.Legs[i].Seats)
	}
	if total > int(min(s.rules.SeatsPerBookingMax, bookingSeatsMax)) {
		d.refuse(TooManySeats, 0)
		return false
	}
	if p.ID.Life == s.life && s.orders.Collects(p.ID.Count) && len(p.Legs) > 0 &&
		p.Hash == order.Hash(&p.ID, d.seats, p.Legs) {
		return true
	}
	d.refuse(OrderGone, 0)
	return false
}

// dueLegs lists legs whose time to ask has come; each comes again.
func (s *State) dueLegs(c *Command, d *Decision) {
	s.orders.Due(c.At, int(c.Max), s.boundAt, func(slot uint32, no BookingNo, l order.Bond) {
		due := order.DueLeg{Booking: no, Order: order.Part{ID: l.ID, Hash: l.Hash, K: l.K, N: l.N}}
		d.Outcome.Due = append(d.Outcome.Due, due)
		d.Outcome.DependsOn = max(d.Outcome.DependsOn, s.since(s.bookings.slab.At(slot).stamp))
	})
}

// decideSettle notes that all legs have heard of the record that a home was sold or ended by.
func (s *State) decideSettle(c *Command, d *Decision) {
	slot := s.orders.Find(&c.Order.ID)
	if home := s.orders.Home(slot); s.orders.Unsettled(slot) && home.Cited == c.Order.Cited {
		b := s.bookings.slab.At(slot)
		d.accept(c, OrderSettled, s.bookings.number(b), b.state, s.endOf(b)).Order = home.Bare(home.Cited)
		return
	}
	d.Outcome.Repeat = true
}

func (s *State) applySettled(c *Change) {
	slot := s.bookings.find(c.Booking)
	if !s.orders.Unsettled(slot) {
		panic(fmt.Sprintf("section: order of booking %d settled, which was not to be", c.Booking))
	}
	b := s.bookings.slab.At(slot)
	s.orders.Settle(slot, b.state.live())
	b.stamp = s.stamp()
	s.remember(c, slot)
	if !b.state.live() {
		s.unref(slot)
	}
}
