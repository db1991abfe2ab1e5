package ticketing

import (
	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/transfer"
)

// Short is a transfer as a booking tells it: see TransferView for the whole.
type Short struct {
	No    uint16
	State TransferState // of an offer whose tickets can go no more: Offered still, until its time is over
	Side  Side
	Seats []string
}

// View is what a caller may see of a booking whose tickets have been through transfers.
type View struct {
	Transfers []Short // those that the caller has a part in; of an operator all
	Received  bool    // the caller has not paid, and sees only tickets that were given to them

	all   bool // an operator's
	known map[string]Holding
}

// See makes a caller's view of a booking that is shown to them. name is what people call a ticket's seat.
func See(o *section.Outcome, who Caller, now section.Instant, name func(entry.Ticket) string) View {
	list := o.Transfers
	v := View{all: who.Operator, Received: !who.Operator && !Paid(list, who.Buyer), known: map[string]Holding{}}
	for i := range list {
		t := &list[i]
		side, part := sideOf(t, who.viewer())
		short := Short{No: t.No, State: shortState(t, now), Side: side}
		for _, ticket := range t.Tickets {
			short.Seats = append(short.Seats, name(ticket))
			v.known[name(ticket)] = HoldingOf(list, who.Buyer, ticket)
		}
		if part {
			v.Transfers = append(v.Transfers, short)
		}
	}
	return v
}

func shortState(t *transfer.Transfer, now section.Instant) TransferState {
	switch {
	case t.State == transfer.Accepted:
		return Accepted
	case t.State == transfer.Withdrawn:
		return Withdrawn
	case !t.Open(now):
		return Expired
	}
	return Offered
}

// Of says what the caller has of the ticket of a seat.
func (v *View) Of(seat string) Holding {
	switch holding, moved := v.known[seat]; {
	case v.all:
		return Has
	case moved:
		return holding
	case v.Received:
		return Never
	}
	return Has
}

// Rotation is how often the ticket of a seat in a booking's own section was issued anew.
func Rotation(o *section.Outcome, seat section.SeatIndex) uint16 {
	return passOf(o.Passes, entry.Ticket{Seat: seat}).Rotation
}

// LegRotation is Rotation of a seat in another section, where the booking has a leg.
func LegRotation(o *section.Outcome, no uint32, seat section.SeatIndex) uint16 {
	for k := range o.Order.Legs {
		if o.Order.Legs[k].Section == no {
			return passOf(o.Passes, entry.Ticket{Leg: uint8(k + 1), Seat: seat}).Rotation
		}
	}
	return 0
}
