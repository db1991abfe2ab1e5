package section

import (
	"encoding/binary"
	"fmt"

	"holdfast/actors/codec"
	"holdfast/actors/grant"
	"holdfast/actors/section/account"
)

// FencedAt is the epoch of the coordinator whose grants the section takes, and the first of them that it takes; zeros:
// none.
func (s *State) FencedAt(coordinator uint8) (epoch Epoch, from uint64) {
	epoch, from, _ = s.fences.At(coordinator)
	return epoch, from
}

// fencedSince is the record that raised a coordinator's fence last.
func (s *State) fencedSince(coordinator uint8) Seq {
	_, _, stamp := s.fences.At(coordinator)
	return s.since(stamp)
}

func (c *Command) mayTakeSeats() bool {
	return c.Kind == PlaceHold || c.Kind == PlaceBest || c.Kind == BindLeg
}

// isGranted says whether a command may go on in a coordinated section: a new hold needs a grant that the fence lets
// through, and any other command that has one needs that too (grant.Key). A request for no seats, or for more than a
// booking may have, becomes no hold either way.
func (s *State) isGranted(c *Command, d *Decision) bool {
	quantity := c.Quantity
	if c.Kind == PlaceHold || c.Kind == BindLeg {
		quantity = uint32(min(len(c.Seats), bookingSeatsMax+1))
	}
	switch g := &c.Grant; {
	case c.Kind == FenceGrants, !c.mayTakeSeats() && (g.Number == 0 || s.fences.Passes(g)):
	case !c.mayTakeSeats():
		d.refuse(GrantStale, s.fencedSince(g.Coordinator))
		return false
	case quantity == 0 || quantity > min(s.rules.SeatsPerBookingMax, bookingSeatsMax):
	case g.Number == 0 && !s.coordinated:
	case s.fences.Passes(g):
		if g.Total > s.rules.SeatsPerBuyerMax && !g.Unbound { // granted by a limit that is not in force here
			d.refuse(TooManyForBuyer, s.since(s.termsStamp))
			return false
		}
	default:
		d.refuse(GrantStale, s.fencedSince(g.Coordinator))
		return false
	}
	return true
}

// decideFence lets a coordinator's claim in: from here on no older grant becomes a hold. A fence that stands already is
// accepted without a change.
func (s *State) decideFence(c *Command, d *Decision) {
	g := &c.Grant
	if g.Coordinator >= grant.Max || g.Number == 0 {
		panic(fmt.Sprintf("section: fence %+v", *g))
	}
	if s.fences.RaisedBy(g) {
		d.accept(c, GrantsFenced, 0, BookingNone, 0).Grant = *g
		return
	}
	if epoch, _ := s.FencedAt(g.Coordinator); g.Epoch < epoch {
		d.Outcome.Rejection = GrantStale
	}
	d.Outcome.DependsOn = s.fencedSince(g.Coordinator)
}

// readGrant reads a grant, and says whether a session follows.
func readGrant(r *codec.Reader, c *Change) (inside bool) {
	c.Grant, inside = grant.Read(r)
	if c.Kind == GrantsFenced && (inside || len(c.Seats) > 0 || c.Split || c.Booking != 0) {
		r.Fail("a fence with more than a grant")
	}
	return inside
}

// note tells of a change what matters to coordinators: their fences, and, in a coordinated section, holds.
func (m *Machine) note(c *Change, e *Effects) {
	switch {
	case c.Kind == SaleSwitched:
		e.Sale = c.Sale
	case c.Kind == RefundDue && (m.sale.Off() || c.Pay.Reason == account.Exchanged ||
		!m.counts(m.bookings.find(c.Booking))): // nobody else has it settled
		e.Owed = append(e.Owed, c.Booking)
	case c.Kind == GrantsFenced:
		e.Fences = append(e.Fences, c.Grant)
	case c.takesSeats() && m.coordinated && c.Exchange == nil:
		m.shares = append(m.shares, Share{c.Buyer, uint32(len(c.Seats)), true, c.Grant})
		e.Shares++
	}
}

// SharesOf drains the shares of the oldest record whose shares were not drained; its effects say how many. What they
// count is durable then, so that nothing is given back which a crash could take (P13).
func (m *Machine) SharesOf(record *Effects) []Share {
	out := m.shares[m.sharesAt : m.sharesAt+record.Shares]
	if m.sharesAt += record.Shares; m.sharesAt == len(m.shares) {
		m.shares, m.sharesAt = m.shares[:0], 0
	}
	return out
}

// EndsFollowed says that a new hold needs an admission that was looked up at that record of the gate's log or behind
// it, for the record has the end of a session. Once the section has answered, no hold is placed in it under a session
// that had ended by then (P8): a node acknowledges an end when all of its sections have.
//
// One number stands for all sessions that ever ended: a list of them would grow as long as people come.
func (s *State) EndsFollowed(seq Seq) { s.gateEnds = max(s.gateEnds, seq) }

// admits says whether a command may go on before a waiting room: all may but new holds of buyers, which need a session
// that is alive.
func (s *State) admits(c *Command, d *Decision) bool {
	switch {
	case c.Kind != PlaceHold && c.Kind != PlaceBest, c.Operator:
		return true
	case c.Session == 0:
		d.refuse(NotAdmitted, 0)
	case c.At >= c.SessionUntil:
		d.refuse(AdmissionExpired, 0)
	case c.Horizon < s.gateEnds:
		d.refuse(AdmissionStale, 0)
	default:
		return true
	}
	return false
}

// Unpaid calls visit for every booking that is held or paying, and every leg that is bound, ascending. It looks at
// every booking: for start-up.
func (s *State) Unpaid(visit func(no BookingNo, buyer BuyerID, seats uint32, paying bool)) {
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		if b.state == BookingHeld || b.state == BookingPaying || b.state == BookingBound {
			visit(s.bookings.number(b), s.buyers.slab.At(b.buyer).id, uint32(b.count), b.state == BookingPaying)
		}
	})
}

// appendHeld appends whether what takes seats has a grant, a session and a price, and these.
func appendHeld(dst []byte, c *Change) []byte {
	bits := codec.Bit(c.Grant.Number != 0) | codec.Bit(c.Session != 0)<<1 | codec.Bit(c.PriceMark != 0)<<2
	dst = append(dst, byte(bits))
	if c.PriceMark != 0 {
		dst = appendPrice(dst, c)
	}
	if c.Grant.Number != 0 {
		dst = c.Grant.Append(dst, c.Session != 0)
	}
	if c.Session != 0 {
		dst = binary.AppendUvarint(dst, uint64(c.Session))
		dst = binary.AppendUvarint(dst, uint64(c.Horizon))
	}
	return dst
}

// readHeld reads what appendHeld wrote.
func readHeld(r *codec.Reader, c *Change) {
	bits := r.Byte()
	inside := bits&2 != 0
	if bits&4 != 0 {
		if granted, alone := readPrice(r, c); granted != (bits&1 != 0) || alone != (inside && !granted) {
			r.Fail("price with another grant or session")
		}
	}
	if bits&1 != 0 {
		more := false
		if c.Grant, more = grant.Read(r); more != inside {
			r.Fail("grant with another session")
		}
	}
	if inside {
		readSession(r, c)
	}
	if bits > 7 {
		r.Fail("an unknown flag")
	}
}
