package simtest

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/order"
	"holdfast/storage"
)

// Model is the dumb twin of a section's durable truth: maps and loops over what stands in the log, sharing no code
// with the core.
type Model struct {
	Tail     storage.Tail // the newest record read
	lastAt   section.Instant
	Holder   map[section.SeatIndex]section.BookingNo // live bookings only; blocked seats are booking 0
	FreedAt  map[section.SeatIndex]section.Seq       // the record that last made the seat available
	Bookings map[section.BookingNo]*Booking
	Effects  map[section.RequestID]Effect
	minFree  []int // by seq: the fewest free seats at any moment inside that record
	maxFree  []int // … and the most
	seats    int
}

// Booking is one booking as the log tells it.
type Booking struct {
	Buyer     section.BuyerID
	Seats     []section.SeatIndex
	State     section.BookingState
	Ever      map[section.BookingState]bool // the states that a durable record said
	Attempt   uint8                         // the last one begun
	Owed      []uint8                       // attempts whose money is owed back because it is not the booking's
	ExpiresAt section.Instant
	// Order is of a booking over several sections, or of a leg of one: what the record said that placed or bound it.
	Order *order.Part
	Leg   bool
	// Words are, of an order's home, the records that sold or ended it or gave seats of its legs back, oldest first; of
	// a leg, what it cites.
	Words []Word
	Gave  []Gift // of an order's home
	// Partly: single seats of an order were refunded, by its home's log. Due are refunds that are owed, and not taken
	// by the processor yet. Taken is the money that was taken for the booking, by its log, and Given what is owed back.
	Partly       bool
	Due          map[uint32]bool
	Owing        []Gift // seats of legs that were owed back at some time, by single seats
	OwesAll      bool   // and likewise all that an order has
	Taken, Given int64
	opened       []int64 // what each attempt was of
	off          uint8   // the attempt that had taken money when the event was cancelled; 0: none
	// Passes are what was done with its tickets, by leg and seat: how often one was issued anew, and who let it in.
	Passes map[[2]uint32]*Pass
	// Exchange is of an exchange, and Total what its seats cost.
	Exchange *exchange.Part
	Total    int64
	Offers   []Offer // of its tickets to others, by number
}

// Pass is what the log has told of a ticket.
type Pass struct {
	Rotation uint16
	Scans    int
}

// Word is a record of an order's home, and whether it sold the order: else the order ended by it.
type Word struct {
	Seq  section.Seq
	Sold bool
}

// Effect is what a request did, and in whose record.
type Effect struct {
	Kind        section.ChangeKind
	Booking     section.BookingNo
	Fingerprint uint64
	Writer      storage.WriterID
}

// NewModel begins before the first record of a section of so many seats.
func NewModel(seats int) *Model {
	return &Model{Holder: map[section.SeatIndex]section.BookingNo{}, FreedAt: map[section.SeatIndex]section.Seq{},
		Bookings: map[section.BookingNo]*Booking{}, Effects: map[section.RequestID]Effect{}, minFree: []int{seats},
		maxFree: []int{seats}, seats: seats}
}

// Free is how many seats nobody holds.
func (m *Model) Free() int { return m.seats - len(m.Holder) }

// Entry takes one log entry; an error means that the log tells something impossible.
func (m *Model) Entry(e *storage.Entry, hash storage.Hash) error {
	rises := section.Epoch(0)
	if e.Kind == storage.EntryClaim {
		rises = 1
	}
	switch {
	case e.Seq != m.Tail.Seq+1:
		return fmt.Errorf("P10: record %d follows record %d", e.Seq, m.Tail.Seq)
	case e.Prev != m.Tail.Hash:
		return fmt.Errorf("P10: record %d does not carry the hash before it", e.Seq)
	case e.Epoch != m.Tail.Epoch+rises:
		return fmt.Errorf("P10: record %d has epoch %d after %d", e.Seq, e.Epoch, m.Tail.Epoch)
	case e.Kind == storage.EntryChanges && e.Writer != m.Tail.Writer:
		return fmt.Errorf("P3: record %d is by a writer that did not claim the epoch", e.Seq)
	}
	m.Tail = storage.Tail{Kind: e.Kind, Seq: e.Seq, Epoch: e.Epoch, Writer: e.Writer, Hash: hash}
	m.minFree, m.maxFree = append(m.minFree, m.Free()), append(m.maxFree, m.Free())
	if e.Kind != storage.EntryChanges {
		return nil
	}
	return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
		if err := m.change(c, e); err != nil {
			return fmt.Errorf("record %d: %w", e.Seq, err)
		}
		m.minFree[e.Seq], m.maxFree[e.Seq] = min(m.minFree[e.Seq], m.Free()), max(m.maxFree[e.Seq], m.Free())
		return nil
	})
}

func (m *Model) change(c *section.Change, e *storage.Entry) error {
	if c.At < m.lastAt {
		return fmt.Errorf("time went back from %d to %d", m.lastAt, c.At)
	}
	m.lastAt = c.At
	if c.Request != (section.RequestID{}) {
		if was, twice := m.Effects[c.Request]; twice {
			return fmt.Errorf("P5: request %x had two effects: %+v and kind %d", c.Request[:2], was, c.Kind)
		}
		m.Effects[c.Request] = Effect{c.Kind, c.Booking, c.Fingerprint, e.Writer}
	}
	switch c.Kind {
	case section.HoldPlaced, section.LegBound:
		return m.placed(c)
	case section.BookingExchanged:
		return m.exchanged(c, e.Seq)
	case section.LegSold, section.LegFreed, section.LegSeatsFreed:
		return m.legMoved(c, e.Seq)
	case section.OrderSettled, section.OrderServed:
		return nil // whoever knows all sections judges it
	case section.SeatsBlocked:
		return m.take(c.Seats, 0)
	case section.SeatsUnblocked:
		return m.give(c.Seats, 0, e.Seq)
	case section.TicketAdmitted, section.TicketDoubled, section.TicketReissued:
		return m.ticket(c)
	case section.TransferOffered, section.TransferEnded:
		return m.transferred(c)
	case section.GrantsFenced, section.SaleSwitched, section.TermsSet, section.PricesSet:
		return nil
	case section.RefundDue, section.RefundPending, section.RefundDone, section.RefundFailed:
		return m.refunded(c, e.Seq)
	}
	return m.moved(c, e.Seq)
}

// ticket holds an admission against what is sold: one a ticket.
func (m *Model) ticket(c *section.Change) error {
	b, w := m.Bookings[c.Booking], c.Entry
	if b == nil || b.State != section.BookingConfirmed || b.Leg || w.Leg == 0 && !slices.Contains(b.Seats, w.Seat) {
		return fmt.Errorf("ticket %+v of booking %d (%+v)", *w, c.Booking, b)
	}
	p := b.pass([2]uint32{uint32(w.Leg), uint32(w.Seat)})
	switch {
	case c.Kind == section.TicketReissued && p.Scans == 0 && w.Rotation == p.Rotation+1:
		p.Rotation++
		return nil
	case c.Kind == section.TicketReissued, w.Rotation != p.Rotation,
		(c.Kind == section.TicketAdmitted) != (p.Scans == 0):
		return fmt.Errorf("change %d of ticket %+v of booking %d, of which is known %+v", c.Kind, *w, c.Booking, *p)
	}
	p.Scans++
	return nil
}

func (m *Model) placed(c *section.Change) error {
	if m.Bookings[c.Booking] != nil {
		return fmt.Errorf("booking %d placed twice", c.Booking)
	}
	state := section.BookingHeld
	if c.Kind == section.LegBound {
		state = section.BookingBound
	}
	m.Bookings[c.Booking] = &Booking{Buyer: c.Buyer, Seats: slices.Clone(c.Seats), State: state,
		ExpiresAt: c.ExpiresAt, Ever: map[section.BookingState]bool{state: true}, Order: c.Order,
		Leg: c.Kind == section.LegBound, Exchange: c.Exchange, Total: c.Total}
	return m.take(c.Seats, c.Booking)
}

// legMoved follows a leg, which nothing moves but its home's word.
func (m *Model) legMoved(c *section.Change, seq section.Seq) error {
	b := m.Bookings[c.Booking]
	sold := c.Kind == section.LegSold
	switch {
	case b == nil || !b.Leg || b.Order.ID != c.Order.ID || b.Order.Hash != c.Order.Hash:
		return fmt.Errorf("I7: change %d of booking %d (%+v), which is no leg of that order", c.Kind, c.Booking, b)
	case c.Kind == section.LegSeatsFreed && (b.State == section.BookingBound || b.State == section.BookingConfirmed):
		left := slices.DeleteFunc(
			slices.Clone(b.Seats), func(s section.SeatIndex) bool { return slices.Contains(c.Seats, s) },
		)
		if b.Seats = left; len(left) == 0 {
			return fmt.Errorf("I7: leg %d gives all seats up, and stays %v", c.Booking, b.State)
		}
		return m.give(c.Seats, c.Booking, seq)
	case sold && b.State == section.BookingBound:
		b.State = section.BookingConfirmed
	case c.Kind == section.LegFreed && b.State == section.BookingBound:
		b.State = section.BookingReleased
	case c.Kind == section.LegFreed && b.State == section.BookingConfirmed:
		b.State = section.BookingRefunded
	default:
		return fmt.Errorf("I7: change %d of leg %d in state %v", c.Kind, c.Booking, b.State)
	}
	b.Ever[b.State] = true
	b.Words = append(b.Words, Word{c.Order.Cited, sold})
	if sold {
		return nil
	}
	return m.give(b.Seats, c.Booking, seq)
}

// note adds a record that has sold an order's home, or ended it.
func (b *Booking) note(seq section.Seq) {
	if b.Order != nil && !b.Leg && b.State != section.BookingHeld && b.State != section.BookingPaying {
		b.Words = append(b.Words, Word{seq, b.State == section.BookingConfirmed})
	}
}

func (m *Model) take(seats []section.SeatIndex, by section.BookingNo) error {
	for _, seat := range seats {
		if other, taken := m.Holder[seat]; taken {
			return fmt.Errorf("P1: seat %d taken by booking %d is taken by booking %d too", seat, other, by)
		}
		m.Holder[seat] = by
	}
	return nil
}

func (m *Model) give(seats []section.SeatIndex, by section.BookingNo, seq section.Seq) error {
	for _, seat := range seats {
		if got, taken := m.Holder[seat]; !taken || got != by {
			return fmt.Errorf("seat %d given back by booking %d, which does not have it", seat, by)
		}
		delete(m.Holder, seat)
		m.FreedAt[seat] = seq
	}
	return nil
}

// moves says from where to where each change takes a booking, and whether its seats come back.
var moves = map[section.ChangeKind]struct {
	from, to section.BookingState
	frees    bool
}{
	section.HoldExtended:          {section.BookingHeld, section.BookingHeld, false},
	section.HoldReleased:          {section.BookingHeld, section.BookingReleased, true},
	section.HoldExpired:           {section.BookingHeld, section.BookingExpired, true},
	section.PaymentBegun:          {section.BookingHeld, section.BookingPaying, false},
	section.PaymentChallenged:     {section.BookingPaying, section.BookingPaying, false},
	section.PaymentFailed:         {section.BookingPaying, section.BookingHeld, false},
	section.BookingSold:           {section.BookingPaying, section.BookingConfirmed, false},
	section.BookingRefundedChange: {section.BookingConfirmed, section.BookingRefunded, true},
}

func (m *Model) moved(c *section.Change, seq section.Seq) error {
	b, move := m.Bookings[c.Booking], moves[c.Kind]
	if b == nil || b.State != move.from || move.to == section.BookingNone {
		return fmt.Errorf("change %d of booking %d (%+v)", c.Kind, c.Booking, b)
	}
	if c.Kind == section.HoldExpired && c.At < b.ExpiresAt {
		return fmt.Errorf("P4: booking %d expired at %d, before its end %d", c.Booking, c.At, b.ExpiresAt)
	}
	if c.Kind == section.PaymentBegun && c.At >= b.ExpiresAt {
		return fmt.Errorf("P4: payment of booking %d begun at %d, after its end %d", c.Booking, c.At, b.ExpiresAt)
	}
	if c.Kind == section.PaymentBegun {
		if c.Pay.Attempt != b.Attempt+1 {
			return fmt.Errorf(
				"I1: attempt %d of booking %d begun after attempt %d", c.Pay.Attempt, c.Booking, b.Attempt,
			)
		}
		b.Attempt, b.opened = c.Pay.Attempt, append(b.opened, c.Pay.Amount)
	} else if c.Pay.Attempt != 0 && c.Pay.Attempt != b.Attempt {
		return fmt.Errorf(
			"I3: word on attempt %d of booking %d while %d is the last", c.Pay.Attempt, c.Booking, b.Attempt,
		)
	}
	if c.Kind == section.BookingSold || c.Pay.Reason == account.EventOff {
		b.Taken += b.opened[len(b.opened)-1]
	}
	if c.Pay.Reason == account.EventOff {
		b.off = b.Attempt
	}
	b.State = move.to
	b.Ever[move.to] = true
	if c.Kind == section.HoldExtended || c.Kind == section.PaymentFailed && c.ExpiresAt != 0 {
		b.ExpiresAt = c.ExpiresAt
	}
	b.note(seq)
	if move.frees {
		return m.give(b.Seats, c.Booking, seq)
	}
	return nil
}

// EverFewer says whether the log, from a record on, ever had fewer than n seats free.
func (m *Model) EverFewer(from section.Seq, n int) bool {
	if m.Free() < n {
		return true
	}
	for seq := from; int(seq) < len(m.minFree); seq++ {
		if m.minFree[seq] < n {
			return true
		}
	}
	return false
}

// FreeFrom gives the fewest and the most seats that were free at any moment from a record on, that record's own
// included.
func (m *Model) FreeFrom(seq section.Seq) (fewest, most int) {
	return min(m.Free(), slices.Min(m.minFree[seq:])), max(m.Free(), slices.Max(m.maxFree[seq:]))
}

// Tickets lists what the tickets table must hold.
func (m *Model) Tickets() map[section.SeatIndex]section.BookingNo {
	out := map[section.SeatIndex]section.BookingNo{}
	for seat, no := range m.Holder {
		if b := m.Bookings[no]; b != nil && b.State == section.BookingConfirmed {
			out[seat] = no
		}
	}
	return out
}

// changes says which change stands for an accepted command.
var changes = map[section.CommandKind]section.ChangeKind{
	section.PlaceHold: section.HoldPlaced, section.PlaceBest: section.HoldPlaced,
	section.ExtendHold:  section.HoldExtended,
	section.ReleaseHold: section.HoldReleased, section.BeginPayment: section.PaymentBegun,
	section.ConfirmPayment: section.BookingSold,
	section.FailPayment:    section.PaymentFailed, section.RefundBooking: section.RefundDue,
	section.BlockSeats: section.SeatsBlocked, section.UnblockSeats: section.SeatsUnblocked,
}

// ChangeOf says which change stands for an accepted command.
func ChangeOf(k section.CommandKind) section.ChangeKind { return changes[k] }

// Leaves says which state of a booking a change ends, or may end: a refund of some seats leaves the others confirmed.
func Leaves(k section.ChangeKind) section.BookingState {
	if k == section.RefundPending || k == section.RefundDone {
		return section.BookingConfirmed
	}
	return moves[k].from
}
