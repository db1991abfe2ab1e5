package orders

import (
	"cmp"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
)

// Left are those seats of an order's legs that are not refunded, nor owed back; nil: none, or the booking is of one
// section.
func Left(outcome *section.Outcome) (legs []order.Leg) {
	if outcome.Order == nil || outcome.State == section.BookingRefunded {
		return nil
	}
	for i, leg := range outcome.Order.Legs {
		if _, leg.Seats = outcome.Money.OfLeg(uint8(i+1), leg.Seats); len(leg.Seats) > 0 {
			legs = append(legs, leg)
		}
	}
	return legs
}

// Shown are the seats of an order's legs that its buyer is shown: those that are left, or, if nothing of the order is,
// those of its last refund, as of any booking. home and legs are what is left.
func Shown(outcome *section.Outcome, home []section.SeatIndex, legs []order.Leg) []order.Leg {
	switch {
	case outcome.Money == nil:
		return outcome.Order.Legs
	case outcome.State != section.BookingRefunded && len(home)+len(legs) > 0:
		return legs
	}
	for _, r := range slices.Backward(outcome.Money.Refunds) {
		if r.Reason == account.Requested {
			return Returned(outcome.Order, &r)
		}
	}
	return outcome.Order.Legs
}

// Returned are the seats of legs that a refund of an order gives back: all, unless it says which.
func Returned(p *order.Part, r *account.Refund) (legs []order.Leg) {
	if !r.Exact {
		return p.Legs
	}
	for _, l := range r.Legs {
		if int(l.K) <= len(p.Legs) {
			leg := p.Legs[l.K-1]
			leg.Seats = l.Seats
			legs = append(legs, leg)
		}
	}
	return legs
}

// WithSeat adds a seat to the legs of a list, which stays ascending by section. A seat that is there stands twice then.
func WithSeat(legs []order.Leg, no uint32, seat section.SeatIndex) []order.Leg {
	at, there := slices.BinarySearchFunc(
		legs,
		no,
		func(l order.Leg, no uint32) int { return cmp.Compare(l.Section, no) },
	)
	if !there {
		legs = slices.Insert(legs, at, order.Leg{Section: no})
	}
	legs[at].Seats = append(legs[at].Seats, seat)
	return legs
}

// LegNo is which leg of an order, from 1, lies in a section; 0: the order is nil, or none does.
func LegNo(p *order.Part, section uint32) uint8 {
	if p != nil {
		for i := range p.Legs {
			if p.Legs[i].Section == section {
				return uint8(i + 1)
			}
		}
	}
	return 0
}
