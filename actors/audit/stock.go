package audit

import (
	"fmt"

	"holdfast/actors/gate"
	"holdfast/actors/gate/beacon"
	"holdfast/actors/gate/draw"
	"holdfast/actors/section"
	"holdfast/storage"
)

// seatCounts are what one record of a section leaves behind.
type seatCounts struct{ free, held, paying uint32 }

// sectionCounts counts a section's seats record by record, from the ledger. Records are numbered densely, so a record's
// number is its place: 12 bytes each, kept for events with a waiting room only.
type sectionCounts struct {
	first section.Seq
	of    []seatCounts
	now   seatCounts
}

// unpaid is what a booking adds to the counts of held and paying seats.
func (l *ledger) unpaid(no section.BookingNo) (held, paying uint32) {
	b := l.bookings[no]
	switch {
	case b == nil:
	case b.state == section.BookingHeld || b.state == section.BookingBound:
		held = uint32(len(b.seats))
	case b.state == section.BookingPaying:
		paying = uint32(len(b.seats))
	}
	return held, paying
}

// apply has the ledger apply a change, and counts what it changed.
func (n *sectionCounts) apply(l *ledger, c *section.Change) {
	held, paying := l.unpaid(c.Booking)
	n.now.held, n.now.paying = n.now.held-held, n.now.paying-paying
	l.apply(c)
	held, paying = l.unpaid(c.Booking)
	n.now.held, n.now.paying = n.now.held+held, n.now.paying+paying
}

// close ends a record.
func (n *sectionCounts) close(l *ledger, seq section.Seq) {
	if len(n.of) == 0 {
		n.first = seq
	}
	if n.now.free = uint32(l.seats) - uint32(len(l.taken)) - uint32(len(l.blocked)); l.off {
		n.now.free = 0 // nobody is called for seats of a cancelled event
	}
	n.of = append(n.of, n.now)
}

// at gives the counts after a record; false: the record was not read.
func (n *sectionCounts) at(l *ledger, seq section.Seq) (seatCounts, bool) {
	switch {
	case seq == 0 || len(n.of) == 0 && seq < n.first:
		return seatCounts{free: uint32(l.seats)}, true
	case len(n.of) == 0 || seq < n.first || seq >= n.first+section.Seq(len(n.of)):
		return seatCounts{}, false
	}
	return n.of[seq-n.first], true
}

// stocks recounts the stocks that a gate's log cites, from its sections' logs (G8).
type stocks struct {
	sections []countedSection
	unread   int // stocks of records that came after their section was read
}

type countedSection struct {
	counts *sectionCounts
	ledger *ledger
	of     *subject
}

// judge says how a stock differs from what the logs give. A source that goes on being written has records that came
// after their section was read: such stocks are counted, and not judged.
func (s *stocks) judge(logged *gate.Stock) error {
	var total seatCounts
	counted := make([]bool, len(s.sections))
	for _, of := range logged.Sections {
		if int(of.Section) >= len(s.sections) || counted[of.Section] {
			return fmt.Errorf("section %d is no section of the event, or is counted twice", of.Section)
		}
		counted[of.Section] = true
		at := &s.sections[of.Section]
		n, read := at.counts.at(at.ledger, of.Seq)
		if !read {
			s.unread++
			return nil
		}
		total.free, total.held, total.paying = total.free+n.free, total.held+n.held, total.paying+n.paying
	}
	for no, is := range counted {
		if !is {
			return fmt.Errorf("section %d is not counted", no)
		}
	}
	if is := (seatCounts{logged.Free, logged.Held, logged.Paying}); is != total {
		return fmt.Errorf("%d free, %d held and %d paying seats are logged, the sections' logs give %d, %d and %d",
			is.free, is.held, is.paying, total.free, total.held, total.paying)
	}
	return nil
}

// unchecked says what of G8 nobody judged.
func (s *stocks) unchecked() (list []string) {
	list = append(list, "G8: how many of those inside hold seats was believed")
	if s.unread > 0 {
		list = append(list, fmt.Sprintf("G8: %d stocks rest on records that were written after their section was read",
			s.unread))
	}
	return list
}

// beaconOf checks signatures of the chain that an event's draw names, where its key is known; else nil.
func beaconOf(w *storage.WaitingRoom) draw.Beacon {
	if w.Beacon == nil {
		return nil
	}
	chain, known := beacon.Known(w.Beacon.Chain)
	if !known {
		return nil
	}
	return chain.Verify
}
