package section

import (
	"fmt"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/order"
)

// The commands about tickets, which are operators' alone. Their Entry says of which, and what.
const (
	AdmitTicket   CommandKind = iota + 24 // Booking; Entry: let it in, or, Offline, it was let in
	ReissueTicket                         // Booking; Entry: the ticket, and the rotation that its code has now
)

// The changes of tickets, and their kinds on the wire behind the escape. Entry says what was done.
const (
	TicketAdmitted ChangeKind = iota + 42
	TicketDoubled             // a ticket that is in was let in by another scanner too
	TicketReissued            // Entry.Rotation counts from here on
)

func isTicketKind(k ChangeKind) bool { return k >= TicketAdmitted && k <= TicketReissued }

// snapshotTickets beside a snapshot's version says that tickets were admitted or issued anew: what is known of them
// follows everything else.
const snapshotTickets = 0x10

// decideTicket judges what is asked of a ticket. A code is void when its booking is not sold any more, its seat is owed
// back, or it was issued anew: codes die when the refund is due. What a scanner did without asking is logged unless it
// was before: it has happened.
func (s *State) decideTicket(c *Command, d *Decision) {
	slot := s.bookings.find(c.Booking)
	if slot == 0 || !c.Operator || s.isLegAt(slot) {
		d.refuse(BookingUnknown, 0)
		return
	}
	s.describe(slot, d)
	b := s.bookings.slab.At(slot)
	on, w := s.since(b.stamp), *c.Entry
	if w.At <= 0 || w.At > c.At { // nobody says when, or a clock is ahead
		w.At = c.At
	}
	p, _ := s.passes.Pass(slot, w.Ticket)
	switch has, valid := s.hasTicket(slot, b, w.Ticket); {
	case !has:
		d.refuse(TicketUnknown, on)
	case !valid || p.Rotation != w.Rotation:
		d.refuse(TicketVoid, on)
	case c.Kind == ReissueTicket:
		s.decideReissue(c, &p, on, d)
	case !p.Admitted:
		s.admit(c, TicketAdmitted, &w, b, d)
	case w.Offline && p.Known(&w):
		d.Outcome.Repeat, d.Outcome.DependsOn = true, on
	case w.Offline && len(p.Doubles) < entry.DoublesMax:
		s.admit(c, TicketDoubled, &w, b, d)
	default:
		d.refuse(AlreadyAdmitted, on)
	}
}

func (s *State) decideReissue(c *Command, p *entry.Pass, on Seq, d *Decision) {
	switch {
	case p.Admitted:
		d.refuse(AlreadyAdmitted, on)
	case p.Rotation == ^uint16(0):
		d.refuse(TooManyRequests, on)
	default:
		d.accept(c, TicketReissued, c.Booking, BookingConfirmed, d.Outcome.ExpiresAt).Entry =
			&entry.Word{Ticket: p.Ticket, Rotation: p.Rotation + 1}
		d.Outcome.Passes = setPass(d.Outcome.Passes, entry.Pass{Ticket: p.Ticket, Rotation: p.Rotation + 1})
	}
}

// admit accepts an admission, and leaves in the outcome what the ticket's pass is by it.
func (s *State) admit(c *Command, kind ChangeKind, w *entry.Word, b *booking, d *Decision) {
	d.accept(c, kind, c.Booking, b.state, d.Outcome.ExpiresAt).Entry = w
	p := entry.Pass{Ticket: w.Ticket, Rotation: w.Rotation, Admitted: true, Offline: w.Offline, At: w.At,
		Scanner: w.Scanner}
	if kind == TicketDoubled {
		p = passOf(d.Outcome.Passes, w.Ticket)
		other := entry.Double{At: w.At, Scanner: w.Scanner}
		if w.At < p.At {
			other = entry.Double{At: p.At, Scanner: p.Scanner}
			p.At, p.Scanner, p.Offline = w.At, w.Scanner, true
		}
		p.Doubles = append(p.Doubles, other)
	}
	d.Outcome.Passes = setPass(d.Outcome.Passes, p)
}

func passOf(all []entry.Pass, t entry.Ticket) entry.Pass {
	for i := range all {
		if all[i].Ticket == t {
			return all[i]
		}
	}
	return entry.Pass{Ticket: t}
}

func setPass(all []entry.Pass, p entry.Pass) []entry.Pass {
	at := 0
	for at < len(all) && all[at].Before(p.Ticket) {
		at++
	}
	if at < len(all) && all[at].Ticket == p.Ticket {
		all[at] = p
		return all
	}
	return slices.Insert(all, at, p)
}

// hasTicket says whether a booking has had such a ticket, and whether that is valid now: sold, and not owed back.
func (s *State) hasTicket(slot uint32, b *booking, t entry.Ticket) (has, valid bool) {
	if t.Leg > 0 {
		home := s.orders.Home(slot)
		if home == nil || int(t.Leg) > len(home.Legs) || !slices.Contains(home.Legs[t.Leg-1].Seats, t.Seat) {
			return false, false
		}
		return true, b.state == BookingConfirmed && !(b.paid() && s.accounts.LegOwed(slot, t.Leg, t.Seat))
	}
	mine := false
	s.seatBuffer = s.bookings.appendSeats(s.seatBuffer[:0], b)
	mine = slices.Contains(s.seatBuffer, t.Seat)
	was := b.paid() && slices.ContainsFunc(s.accounts.Refunds(slot), func(r account.Refund) bool {
		return r.Reason == account.Requested && slices.Contains(r.Seats, t.Seat)
	})
	was = was || s.exchanges.Gave(s.bookings.number(b), t.Seat)
	return mine || was, mine && b.state == BookingConfirmed && !s.isOwed(slot, b, t.Seat)
}

// isOwed says that a sold seat is to be given back, so that its code is dead (DESIGN §9).
func (s *State) isOwed(slot uint32, b *booking, seat SeatIndex) bool {
	return b.paid() && slices.ContainsFunc(s.accounts.Refunds(slot), func(r account.Refund) bool {
		return r.Reason == account.Requested && !r.Back && !r.Replaced && slices.Contains(r.Seats, seat)
	})
}

// ValidTickets calls visit for every valid ticket of the section's bookings with numbers above after, ascending, those
// of their legs too, until it says no. A ticket that is in is valid: its code says who is inside.
func (s *State) ValidTickets(after BookingNo, visit func(BookingNo, *entry.Pass) bool) {
	more := true
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		no := s.bookings.number(b)
		if !more || no <= after || b.state != BookingConfirmed || s.isLegAt(slot) {
			return
		}
		for _, t := range s.validTickets(slot, b) {
			if t.Leg == 0 || !s.orders.Unsettled(slot) {
				p, _ := s.passes.Pass(slot, t)
				more = more && visit(no, &p)
			}
		}
	})
}

// validTickets are those of a sold booking that are not owed back, ascending, with its legs'.
func (s *State) validTickets(slot uint32, b *booking) (all []entry.Ticket) {
	for _, seat := range s.bookings.appendSeats(nil, b) {
		if !s.isOwed(slot, b, seat) {
			all = append(all, entry.Ticket{Seat: seat})
		}
	}
	home := s.orders.Home(slot)
	if home == nil {
		return all
	}
	for k := range home.Legs {
		for _, seat := range home.Legs[k].Seats {
			if !b.paid() || !s.accounts.LegOwed(slot, uint8(k+1), seat) {
				all = append(all, entry.Ticket{Leg: uint8(k + 1), Seat: seat})
			}
		}
	}
	return all
}

// OrderOf is the order whose home a booking is; nil: it is none. It is not changed.
func (s *State) OrderOf(no BookingNo) *order.Part {
	if s.orders == nil {
		return nil
	}
	return s.orders.Home(s.bookings.find(no))
}

// applyTicket makes true what was done with a ticket, which is a sold booking's (P1: at most one admission).
func (s *State) applyTicket(c *Change) {
	slot := s.bookings.find(c.Booking)
	if slot == 0 || s.isLegAt(slot) || s.bookings.slab.At(slot).state != BookingConfirmed {
		panic(fmt.Sprintf("section: ticket %+v of booking %d, which is not sold", *c.Entry, c.Booking))
	}
	b := s.bookings.slab.At(slot)
	if has, _ := s.hasTicket(slot, b, c.Entry.Ticket); !has {
		panic(fmt.Sprintf("section: ticket %+v is not booking %d's", *c.Entry, c.Booking))
	}
	switch c.Kind {
	case TicketAdmitted:
		s.passes.Admit(slot, c.Entry)
	case TicketDoubled:
		s.passes.Double(slot, c.Entry)
	default:
		s.passes.Reissue(slot, c.Entry)
	}
	b.stamp = s.stamp()
	s.remember(c, slot)
}

// readTicket reads what a change says of a ticket.
func readTicket(r *codec.Reader, c *Change) {
	c.Entry = entry.Read(r, c.At)
	if len(c.Seats) > 0 || c.Split || c.Booking == 0 || (c.Entry.Scanner == "") != (c.Kind == TicketReissued) ||
		c.Kind == TicketDoubled && !c.Entry.Offline {
		r.Fail("a change of a ticket with more, or less")
	}
}

// appendTickets appends what is known of tickets, by ascending numbers of their bookings:
//
//	count, each: number gap, entry.Book.AppendPasses
func (s *State) appendTickets(dst []byte) []byte {
	return s.appendEach(dst, s.passes.Bookings(), s.passes.Has, func(dst []byte, slot uint32) []byte {
		return s.passes.AppendPasses(dst, slot, s.lastAt)
	})
}

// restoreTickets reads what appendTickets wrote.
func (s *State) restoreTickets(d *decoder) {
	s.restoreEach(d, func(slot uint32, b *booking) {
		d.by(func(r *codec.Reader) { s.passes.RestorePasses(r, slot, s.lastAt) })
		d.require(!s.isLegAt(slot) && (b.state == BookingConfirmed || b.state == BookingRefunded), "ticket's booking")
		for _, p := range s.passes.Passes(slot) {
			has, _ := s.hasTicket(slot, b, p.Ticket)
			d.require(has, "ticket")
		}
	})
	d.require(s.passes.Any(), "tickets")
}
