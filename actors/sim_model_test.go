package actors

import (
	"fmt"
	"slices"

	"holdfast/actors/section"
	"holdfast/storage"
)

// simModel is the dumb twin of a section's durable truth: maps and loops over what stands in the log, sharing no code
// with the core.
type simModel struct {
	tail     storage.Tail
	lastAt   section.Instant
	holder   map[section.SeatIndex]section.BookingNo // live bookings only; blocked seats are booking 0
	freedAt  map[section.SeatIndex]section.Seq       // the record that last made the seat available
	bookings map[section.BookingNo]*simBooking
	effects  map[section.RequestID]simEffect
	minFree  []int // by seq: the fewest free seats at any moment inside that record
	maxFree  []int // … and the most
	seats    int
}

type simBooking struct {
	buyer     section.BuyerID
	seats     []section.SeatIndex
	state     section.BookingState
	ever      map[section.BookingState]bool
	expiresAt section.Instant
}

// simEffect is what a request did, and in whose record.
type simEffect struct {
	kind        section.ChangeKind
	booking     section.BookingNo
	fingerprint uint64
	writer      storage.WriterID
}

func newSimModel(seats int) *simModel {
	return &simModel{holder: map[section.SeatIndex]section.BookingNo{}, freedAt: map[section.SeatIndex]section.Seq{},
		bookings: map[section.BookingNo]*simBooking{}, effects: map[section.RequestID]simEffect{}, minFree: []int{seats}, maxFree: []int{seats}, seats: seats}
}

func (m *simModel) free() int { return m.seats - len(m.holder) }

// entry takes one log entry; an error means that the log tells something impossible.
func (m *simModel) entry(e *storage.Entry, hash storage.Hash) error {
	rises := section.Epoch(0)
	if e.Kind == storage.EntryClaim {
		rises = 1
	}
	switch {
	case e.Seq != m.tail.Seq+1:
		return fmt.Errorf("P10: record %d follows record %d", e.Seq, m.tail.Seq)
	case e.Prev != m.tail.Hash:
		return fmt.Errorf("P10: record %d does not carry the hash before it", e.Seq)
	case e.Epoch != m.tail.Epoch+rises:
		return fmt.Errorf("P10: record %d has epoch %d after %d", e.Seq, e.Epoch, m.tail.Epoch)
	case e.Kind == storage.EntryChanges && e.Writer != m.tail.Writer:
		return fmt.Errorf("P3: record %d is by a writer that did not claim the epoch", e.Seq)
	}
	m.tail = storage.Tail{Kind: e.Kind, Seq: e.Seq, Epoch: e.Epoch, Writer: e.Writer, Hash: hash}
	m.minFree, m.maxFree = append(m.minFree, m.free()), append(m.maxFree, m.free())
	if e.Kind != storage.EntryChanges {
		return nil
	}
	return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
		if err := m.change(c, e); err != nil {
			return fmt.Errorf("record %d: %w", e.Seq, err)
		}
		m.minFree[e.Seq], m.maxFree[e.Seq] = min(m.minFree[e.Seq], m.free()), max(m.maxFree[e.Seq], m.free())
		return nil
	})
}

func (m *simModel) change(c *section.Change, e *storage.Entry) error {
	if c.At < m.lastAt {
		return fmt.Errorf("time went back from %d to %d", m.lastAt, c.At)
	}
	m.lastAt = c.At
	if c.Request != (section.RequestID{}) {
		if was, twice := m.effects[c.Request]; twice {
			return fmt.Errorf("P5: request %x had two effects: %+v and kind %d", c.Request[:2], was, c.Kind)
		}
		m.effects[c.Request] = simEffect{c.Kind, c.Booking, c.Fingerprint, e.Writer}
	}
	switch c.Kind {
	case section.HoldPlaced:
		return m.placed(c)
	case section.SeatsBlocked:
		return m.take(c.Seats, 0)
	case section.SeatsUnblocked:
		return m.give(c.Seats, 0, e.Seq)
	}
	return m.moved(c, e.Seq)
}

func (m *simModel) placed(c *section.Change) error {
	if m.bookings[c.Booking] != nil {
		return fmt.Errorf("booking %d placed twice", c.Booking)
	}
	m.bookings[c.Booking] = &simBooking{buyer: c.Buyer, seats: slices.Clone(c.Seats), state: section.BookingHeld, expiresAt: c.ExpiresAt,
		ever: map[section.BookingState]bool{section.BookingHeld: true}}
	return m.take(c.Seats, c.Booking)
}

func (m *simModel) take(seats []section.SeatIndex, by section.BookingNo) error {
	for _, seat := range seats {
		if other, taken := m.holder[seat]; taken {
			return fmt.Errorf("P1: seat %d taken by booking %d is taken by booking %d too", seat, other, by)
		}
		m.holder[seat] = by
	}
	return nil
}

func (m *simModel) give(seats []section.SeatIndex, by section.BookingNo, seq section.Seq) error {
	for _, seat := range seats {
		if got, taken := m.holder[seat]; !taken || got != by {
			return fmt.Errorf("seat %d given back by booking %d, which does not have it", seat, by)
		}
		delete(m.holder, seat)
		m.freedAt[seat] = seq
	}
	return nil
}

// simMoves says from where to where each change takes a booking, and whether its seats come back.
var simMoves = map[section.ChangeKind]struct {
	from, to section.BookingState
	frees    bool
}{
	section.HoldExtended:          {section.BookingHeld, section.BookingHeld, false},
	section.HoldReleased:          {section.BookingHeld, section.BookingReleased, true},
	section.HoldExpired:           {section.BookingHeld, section.BookingExpired, true},
	section.PaymentBegun:          {section.BookingHeld, section.BookingPaying, false},
	section.PaymentFailed:         {section.BookingPaying, section.BookingHeld, false},
	section.BookingSold:           {section.BookingPaying, section.BookingConfirmed, false},
	section.BookingRefundedChange: {section.BookingConfirmed, section.BookingRefunded, true},
}

func (m *simModel) moved(c *section.Change, seq section.Seq) error {
	b, move := m.bookings[c.Booking], simMoves[c.Kind]
	if b == nil || b.state != move.from || move.to == section.BookingNone {
		return fmt.Errorf("change %d of booking %d (%+v)", c.Kind, c.Booking, b)
	}
	if c.Kind == section.HoldExpired && c.At < b.expiresAt {
		return fmt.Errorf("P4: booking %d expired at %d, before its end %d", c.Booking, c.At, b.expiresAt)
	}
	if c.Kind == section.PaymentBegun && c.At >= b.expiresAt {
		return fmt.Errorf("P4: payment of booking %d begun at %d, after its end %d", c.Booking, c.At, b.expiresAt)
	}
	b.state = move.to
	b.ever[move.to] = true
	if c.Kind == section.HoldExtended {
		b.expiresAt = c.ExpiresAt
	}
	if move.frees {
		return m.give(b.seats, c.Booking, seq)
	}
	return nil
}

// everFewer says whether the log, from a record on, ever had fewer than n seats free.
func (m *simModel) everFewer(from section.Seq, n int) bool {
	if m.free() < n {
		return true
	}
	for seq := from; int(seq) < len(m.minFree); seq++ {
		if m.minFree[seq] < n {
			return true
		}
	}
	return false
}

// freeFrom gives the fewest and the most seats that were free at any moment from a record on, that record's own
// included.
func (m *simModel) freeFrom(seq section.Seq) (fewest, most int) {
	return min(m.free(), slices.Min(m.minFree[seq:])), max(m.free(), slices.Max(m.maxFree[seq:]))
}

// tickets lists what the tickets table must hold.
func (m *simModel) tickets() map[section.SeatIndex]section.BookingNo {
	out := map[section.SeatIndex]section.BookingNo{}
	for seat, no := range m.holder {
		if b := m.bookings[no]; b != nil && b.state == section.BookingConfirmed {
			out[seat] = no
		}
	}
	return out
}
