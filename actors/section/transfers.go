package section

import (
	"cmp"
	"fmt"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/transfer"
)

// The commands of transfers. Their Transfer says of which, and what.
const (
	OfferTransfer    CommandKind = iota + 29 // Booking; Transfer: Tickets (none: all that the caller has), Until
	AcceptTransfer                           // Booking; Transfer: No. The caller is who gets the tickets
	WithdrawTransfer                         // Booking; Transfer: No
)

// The changes of transfers, and their kinds on the wire behind the escape. Transfer says of which.
const (
	TransferOffered ChangeKind = iota + 45 // Buyer offers tickets to somebody, until ExpiresAt
	TransferEnded                          // Buyer has accepted them, and their codes are the next; or it was withdrawn
)

func isTransferKind(k ChangeKind) bool { return k == TransferOffered || k == TransferEnded }

// Received says that tickets of a booking were given to a buyer, whatever became of them since.
func (s *State) Received(no BookingNo, who BuyerID) bool {
	return s.transfers.Any() && s.transfers.Received(s.bookings.find(no), transfer.Buyer(who))
}

// Receivers calls visit for every buyer whom tickets of a booking were given to, once a transfer.
func (s *State) Receivers(no BookingNo, visit func(BuyerID)) {
	if !s.transfers.Any() {
		return
	}
	for _, t := range s.transfers.Of(s.bookings.find(no)) {
		if t.State == transfer.Accepted {
			visit(BuyerID(t.To))
		}
	}
}

// holder is who has a ticket of a booking.
func (s *State) holder(slot uint32, b *booking, t entry.Ticket) BuyerID {
	if who, moved := s.transfers.Holder(slot, t); moved {
		return BuyerID(who)
	}
	return s.buyers.slab.At(b.buyer).id
}

// aboutTransfer leaves in the outcome which transfer a command was about that is told again.
func (d *Decision) aboutTransfer(c *Command) {
	if c.Kind == OfferTransfer {
		d.Outcome.Transfer = transfer.Made(d.Outcome.Transfers, c.Request)
	} else if c.Transfer != nil {
		d.Outcome.Transfer = c.Transfer.No
	}
}

// decideTransfer judges an offer of tickets, and the answer to one. Who has neither paid for the booking nor been given
// any of its tickets knows it by the number of an offer alone.
func (s *State) decideTransfer(c *Command, d *Decision) {
	slot := s.bookings.find(c.Booking)
	if slot == 0 || s.isLegAt(slot) || c.Kind != AcceptTransfer && !s.mayAct(c, slot) &&
		!s.transfers.Received(slot, transfer.Buyer(c.Buyer)) {
		d.refuse(BookingUnknown, 0)
		return
	}
	s.describe(slot, d)
	b := s.bookings.slab.At(slot)
	on := max(s.since(b.stamp), s.since(s.termsStamp), s.since(s.sale.Stamp))
	if c.Kind == OfferTransfer {
		s.decideOffer(c, slot, b, on, d)
		return
	}
	t := s.transfers.Find(slot, c.Transfer.No)
	if t == nil {
		d.refuse(TransferUnknown, on)
		return
	}
	d.aboutTransfer(c)
	if c.Kind == WithdrawTransfer {
		s.decideWithdraw(c, t, on, d)
		return
	}
	s.decideAccept(c, slot, b, t, on, d)
}

// decideOffer judges an offer: all of its tickets are the caller's, sold, and neither in nor on offer.
func (s *State) decideOffer(c *Command, slot uint32, b *booking, on Seq, d *Decision) {
	tickets := slices.Clone(c.Transfer.Tickets)
	slices.SortFunc(tickets, func(a, b entry.Ticket) int {
		return cmp.Or(cmp.Compare(a.Leg, b.Leg), cmp.Compare(a.Seat, b.Seat))
	})
	if len(tickets) == 0 {
		tickets = slices.DeleteFunc(s.validTickets(slot, b), func(t entry.Ticket) bool {
			return s.holder(slot, b, t) != c.Buyer
		})
	}
	list := d.Outcome.Transfers
	swaps, since := s.exchangeOpen(c.Booking)
	switch r := s.refusalOfTickets(c, slot, b, tickets, d); {
	case r != Accepted:
		d.refuse(r, on)
	case len(tickets) == 0:
		d.refuse(NotHolder, on)
	case len(slices.Compact(slices.Clone(tickets))) < len(tickets):
		d.refuse(DuplicateSeat, on)
	case swaps: // which of its seats are given up stands in another change
		d.refuse(ExchangeUnderWay, max(on, since))
	case c.Transfer.Until <= c.At:
		d.refuse(TransferExpired, on)
	case len(list) >= transfer.Max, len(tickets) > transfer.TicketsMax, s.remembersTooMany(c, b.buyer):
		d.refuse(TooManyRequests, on)
	default:
		no := uint16(len(list) + 1)
		change := d.accept(c, TransferOffered, c.Booking, b.state, d.Outcome.ExpiresAt)
		change.Buyer, change.ExpiresAt = c.Buyer, c.Transfer.Until
		change.Transfer = &transfer.Word{No: no, Tickets: tickets}
		d.Outcome.Transfer = no
		d.Outcome.Transfers = append(list, transfer.Transfer{No: no, State: transfer.Offered, At: c.At,
			From: transfer.Buyer(c.Buyer), Until: c.Transfer.Until, Request: c.Request, Tickets: tickets})
	}
}

// refusalOfTickets is why the tickets of a booking cannot go from one to another now; Accepted: they can. Of an offer
// they are the caller's, and on no other offer.
func (s *State) refusalOfTickets(
	c *Command, slot uint32, b *booking, tickets []entry.Ticket, d *Decision,
) (r Rejection) {
	switch {
	case s.sale.Off():
		return EventCancelled
	case b.state == BookingRefunded:
		return AlreadyRefunded
	case b.state != BookingConfirmed, s.orders.Unsettled(slot) && !s.orders.Served(slot):
		return NotConfirmed
	case s.rules.ForbidTransfers:
		return TransferForbidden
	}
	for _, t := range tickets {
		why := s.refusalOfTicket(c, slot, b, t)
		if why == Accepted {
			continue
		}
		if r == Accepted || why < r {
			r = why
		}
		if t.Leg == 0 {
			d.Outcome.Lost = append(d.Outcome.Lost, t.Seat)
		}
	}
	return r
}

func (s *State) refusalOfTicket(c *Command, slot uint32, b *booking, t entry.Ticket) Rejection {
	has, valid := s.hasTicket(slot, b, t)
	p, _ := s.passes.Pass(slot, t)
	offers := c.Kind == OfferTransfer
	switch {
	case !has:
		return TicketUnknown
	case !valid:
		return TicketVoid
	case offers && s.holder(slot, b, t) != c.Buyer:
		return NotHolder
	case p.Admitted:
		return AlreadyAdmitted
	case offers && s.transfers.Pending(slot, t, c.At):
		return TransferPending
	case p.Rotation == ^uint16(0):
		return TooManyRequests
	}
	return Accepted
}

// decideAccept judges who accepts: the first one gets the tickets, and is answered so as often as asked.
func (s *State) decideAccept(c *Command, slot uint32, b *booking, t *transfer.Transfer, on Seq, d *Decision) {
	who := transfer.Buyer(c.Buyer)
	r := Accepted
	switch {
	case t.State == transfer.Accepted && t.To == who && !c.Operator:
		d.Outcome.Repeat, d.Outcome.DependsOn = true, on
		return
	case t.State == transfer.Accepted:
		r = TransferAccepted
	case t.State == transfer.Withdrawn:
		r = TransferWithdrawn
	case t.From == who, c.Operator: // an operator is nobody who goes
		r = TransferOwn
	case !t.Open(c.At):
		r = TransferExpired
	default:
		r = s.refusalOfTickets(c, slot, b, t.Tickets, d)
	}
	if r != Accepted {
		d.refuse(r, on)
		return
	}
	change := d.accept(c, TransferEnded, c.Booking, b.state, d.Outcome.ExpiresAt)
	change.Buyer, change.Transfer = c.Buyer, &transfer.Word{No: t.No, Accepted: true, Tickets: t.Tickets}
	now := &d.Outcome.Transfers[t.No-1]
	now.State, now.To, now.Ended = transfer.Accepted, who, c.At
	for _, ticket := range t.Tickets {
		p, _ := s.passes.Pass(slot, ticket)
		p.Rotation++
		d.Outcome.Passes = setPass(d.Outcome.Passes, p)
	}
}

// decideWithdraw lets who offered, or an operator, take an offer back as long as nobody has accepted it.
func (s *State) decideWithdraw(c *Command, t *transfer.Transfer, on Seq, d *Decision) {
	switch {
	case t.From != transfer.Buyer(c.Buyer) && !c.Operator:
		d.refuse(TransferUnknown, on)
	case t.State == transfer.Accepted:
		d.refuse(TransferAccepted, on)
	case t.State == transfer.Withdrawn:
		d.Outcome.Repeat, d.Outcome.DependsOn = true, on
	default:
		d.accept(c, TransferEnded, c.Booking, d.Outcome.State, d.Outcome.ExpiresAt).Transfer =
			&transfer.Word{No: t.No, Tickets: t.Tickets}
		now := &d.Outcome.Transfers[t.No-1]
		now.State, now.Ended = transfer.Withdrawn, c.At
	}
}

// applyTransfer makes true what became of an offer. With it go the tickets' codes: those of before open no door (P1).
func (s *State) applyTransfer(c *Change) {
	slot, w := s.bookings.find(c.Booking), c.Transfer
	if slot == 0 || s.isLegAt(slot) {
		panic(fmt.Sprintf("section: transfer %d of booking %d, which is not there", w.No, c.Booking))
	}
	b := s.bookings.slab.At(slot)
	for _, t := range w.Tickets {
		has, valid := s.hasTicket(slot, b, t)
		if !has || !valid && (w.Accepted || c.Kind == TransferOffered) {
			panic(fmt.Sprintf("section: transfer of %+v, which booking %d has not", t, c.Booking))
		}
		if c.Kind == TransferOffered && (s.holder(slot, b, t) != c.Buyer || s.transfers.Pending(slot, t, c.At)) {
			panic(fmt.Sprintf("section: %+v of booking %d offered, and not to be had", t, c.Booking))
		}
	}
	switch {
	case c.Kind == TransferOffered:
		s.transfers.Offer(slot, transfer.Transfer{No: w.No, From: transfer.Buyer(c.Buyer), At: c.At, Until: c.ExpiresAt,
			Request: c.Request, Tickets: w.Tickets})
	case w.Accepted:
		s.transfers.Accept(slot, w.No, transfer.Buyer(c.Buyer), c.At)
		s.buyers.hold(c.Buyer)
		for _, t := range w.Tickets {
			p, _ := s.passes.Pass(slot, t)
			s.passes.Reissue(slot, &entry.Word{Ticket: t, Rotation: p.Rotation + 1})
		}
	default:
		s.transfers.Withdraw(slot, w.No, c.At)
	}
	b.stamp = s.stamp()
	s.remember(c, slot)
}

// readTransfer reads what a change says of a transfer.
func readTransfer(r *codec.Reader, c *Change) {
	c.Transfer = transfer.Read(r)
	offered := c.Kind == TransferOffered
	if len(c.Seats) > 0 || c.Split || c.Booking == 0 || (c.ExpiresAt > c.At) != offered ||
		(c.Buyer != BuyerID{}) != (offered || c.Transfer.Accepted) || offered && c.Transfer.Accepted {
		r.Fail("a change of a transfer with more, or less")
	}
}

// appendTransfers appends what became of tickets that were offered, by ascending numbers of their bookings:
//
//	count, each: number gap, transfer.Book.AppendTransfers
func (s *State) appendTransfers(dst []byte) []byte {
	return s.appendEach(dst, s.transfers.Bookings(), s.transfers.Has, func(dst []byte, slot uint32) []byte {
		return s.transfers.AppendTransfers(dst, slot, s.lastAt)
	})
}

// restoreTransfers reads what appendTransfers wrote.
func (s *State) restoreTransfers(d *decoder) {
	s.restoreEach(d, func(slot uint32, b *booking) {
		payer := transfer.Buyer(s.buyers.slab.At(b.buyer).id)
		d.by(func(r *codec.Reader) { s.transfers.RestoreTransfers(r, slot, payer, s.lastAt) })
		d.require(!s.isLegAt(slot) && (b.state == BookingConfirmed || b.state == BookingRefunded), "transfer's booking")
		for _, t := range s.transfers.Of(slot) {
			for _, ticket := range t.Tickets {
				has, _ := s.hasTicket(slot, b, ticket)
				d.require(has, "ticket of a transfer")
			}
			if t.State == transfer.Accepted {
				s.buyers.hold(BuyerID(t.To))
			}
		}
	})
	d.require(s.transfers.Any(), "transfers")
}
