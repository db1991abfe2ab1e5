package waitingroom

import (
	"holdfast/actors/gate"
	"holdfast/actors/section"
	"holdfast/actors/section/sales"
	"holdfast/storage"
)

// stock counts what the sections' logs say of their seats, each up to a record. The audit counts the same from the same
// logs.
type stock struct {
	sections []sectionStock
	unknown  int // sections that were not loaded yet
	// holding are the sessions inside that have a hold, or had one. After a restart: whose buyers have seats.
	holding map[gate.SessionNo]struct{}
	// sold are the sessions whose buyers have bought and whose end is not followed yet; true: the gate has been told.
	sold map[gate.SessionNo]bool
	said gate.Stock // what the gate was told last in this life, without sections
}

type sectionStock struct {
	known  bool
	seq    section.Seq
	free   int
	unpaid map[section.BookingNo]unpaid
	held   uint32
	paying uint32
	off    bool // the event is being cancelled: nothing is free any more
}

// unpaid is a booking that is held or paying.
type unpaid struct {
	buyer  section.BuyerID
	under  gate.SessionNo // 0: not known, or none
	seats  uint32
	paying bool
}

func (s *stock) init(sections int) {
	s.sections, s.unknown = make([]sectionStock, sections), sections
	s.holding, s.sold = map[gate.SessionNo]struct{}{}, map[gate.SessionNo]bool{}
}

// SectionLoaded counts a section anew, which stands at a record.
func (r *Room) SectionLoaded(no storage.SectionNo, seq section.Seq, state *section.State) {
	turn, _ := state.SaleAt()
	s := sectionStock{known: true, seq: seq, free: state.Free(), unpaid: map[section.BookingNo]unpaid{},
		off: turn.State() == sales.Cancelling}
	state.Unpaid(func(no section.BookingNo, buyer section.BuyerID, seats uint32, paying bool) {
		s.add(no, unpaid{buyer: buyer, seats: seats, paying: paying})
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stock.sections[no].known {
		r.stock.unknown--
	}
	r.stock.sections[no] = s
	r.hurry()
}

// SectionLanded counts a durable record of a section.
func (r *Room) SectionLanded(no storage.SectionNo, e *storage.Entry, seats []section.SeatChange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.stock.sections[no]
	if !s.known || e.Seq <= s.seq {
		return
	}
	s.seq = e.Seq
	for i := range seats {
		switch seats[i].Letter {
		case section.Available:
			s.free++
		case section.Held, section.Blocked: // both come from available
			s.free--
		case section.Sold:
		}
	}
	if e.Kind != storage.EntryChanges {
		return
	}
	err := section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
		r.count(s, c)
		return nil
	})
	if err != nil {
		panic(err) // what was written does not read
	}
}

// count follows one change of a section. The caller holds mu.
func (r *Room) count(s *sectionStock, c *section.Change) {
	switch c.Kind {
	case section.HoldPlaced, section.LegBound:
		no := gate.SessionNo(c.Session)
		s.add(c.Booking, unpaid{buyer: c.Buyer, under: no, seats: uint32(len(c.Seats))})
		if r.inside(no) {
			r.stock.holding[no] = struct{}{}
		}
	case section.HoldReleased, section.LegSold, section.LegFreed, section.BookingExchanged:
		s.remove(c.Booking)
	case section.LegSeatsFreed:
		if b, waits := s.unpaid[c.Booking]; waits { // else it was sold
			s.remove(c.Booking)
			b.seats -= uint32(len(c.Seats))
			s.add(c.Booking, b)
		}
	case section.HoldExpired:
		r.abandoned(s.remove(c.Booking).buyer, c.At)
	case section.PaymentBegun, section.PaymentFailed:
		b := s.remove(c.Booking)
		b.paying = c.Kind == section.PaymentBegun
		s.add(c.Booking, b)
	case section.BookingSold:
		b := s.remove(c.Booking)
		delete(r.cool, b.buyer)
		switch {
		case b.under != 0 && r.inside(b.under):
			r.stock.sold[b.under] = false
		case b.under == 0 && r.shard.Serving() != nil: // else the session ends by time
			r.duties.bought = append(r.duties.bought, gate.Buyer(b.buyer))
		}
		r.hurry()
	case section.HoldExtended, section.BookingRefundedChange, section.PaymentChallenged, section.RefundDue,
		section.RefundPending, section.RefundDone, section.RefundFailed, section.SeatsBlocked, section.SeatsUnblocked,
		section.GrantsFenced, section.OrderSettled, section.OrderServed, section.TermsSet, section.PricesSet,
		section.TicketAdmitted, section.TicketDoubled, section.TicketReissued, section.TransferOffered,
		section.TransferEnded:
	case section.SaleSwitched:
		s.off = c.Sale.State() == sales.Cancelling
		r.hurry()
	}
}

// inside says that a session has begun and not ended, by what is followed. The caller holds mu.
func (r *Room) inside(no gate.SessionNo) bool {
	if r.follower == nil || no == 0 {
		return false
	}
	ended, known := r.follower.Ended(no)
	return known && !ended
}

func (s *sectionStock) add(no section.BookingNo, b unpaid) {
	s.unpaid[no] = b
	if b.paying {
		s.paying += b.seats
	} else {
		s.held += b.seats
	}
}

func (s *sectionStock) remove(no section.BookingNo) unpaid {
	b := s.unpaid[no]
	delete(s.unpaid, no)
	if b.paying {
		s.paying -= b.seats
	} else {
		s.held -= b.seats
	}
	return b
}

// cut is the stock as it stands; false: some section is not known, or was known better by the gate's earlier owner, up
// to the records before. The caller holds mu.
func (s *stock) cut(before []gate.SectionSeq) (total gate.Stock, whole bool) {
	if s.unknown > 0 {
		return total, false
	}
	for _, b := range before {
		if int(b.Section) >= len(s.sections) || s.sections[b.Section].seq < b.Seq {
			return total, false
		}
	}
	for i := range s.sections {
		at := &s.sections[i]
		if !at.off {
			total.Free += uint32(at.free)
		}
		total.Held += at.held
		total.Paying += at.paying
	}
	total.Holding = uint32(len(s.holding))
	return total, true
}

// seqs lists up to which record each section was counted. The caller holds mu.
func (s *stock) seqs() (list []gate.SectionSeq) {
	for i := range s.sections {
		list = append(list, gate.SectionSeq{Section: uint32(i), Seq: s.sections[i].seq})
	}
	return list
}
