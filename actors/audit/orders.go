package audit

import (
	"fmt"
	"maps"
	"slices"

	"holdfast/actors/section"
	"holdfast/actors/section/order"
	"holdfast/storage"
)

// Order: an order's home and its legs do not agree; the detail names the invariant.
const Order Code = "order"

// orderNotes is what a booking has to do with an order.
type orderNotes struct {
	*order.Part
	leg     bool
	words   []orderWord // of a home: what sold or ended it. Of a leg: what it says that did, one for each move
	settled int         // of a home: how many of the words all legs have heard, by its log
}

// orderWord is a home's record that sold or ended it.
type orderWord struct {
	seq section.Seq
	to  section.BookingState
}

// orders notes what a change of record seq says of orders.
func (l *ledger) orders(c *section.Change, seq section.Seq) {
	b := l.bookings[c.Booking]
	switch {
	case b == nil:
	case (c.Kind == section.HoldPlaced || c.Kind == section.LegBound) && c.Order != nil:
		b.order = &orderNotes{Part: c.Order, leg: c.Kind == section.LegBound}
	case b.order == nil && c.Order != nil:
		l.note(Order, fmt.Sprintf("I7: booking %d is told of an order that it has no part in", c.Booking))
	case b.order == nil:
	case c.Kind == section.OrderSettled:
		if n := len(b.order.words); n == 0 || b.order.words[n-1].seq != c.Order.Cited {
			l.note(
				Order,
				fmt.Sprintf("I7: order of booking %d is settled by record %d, which did not end it", c.Booking,
					c.Order.Cited),
			)
		}
		b.order.settled = len(b.order.words)
	case b.order.leg && c.Order != nil:
		b.order.words = append(b.order.words, orderWord{c.Order.Cited, b.state})
	case b.state == section.BookingHeld || b.state == section.BookingPaying: // nothing to hear yet
	case len(b.order.words) > 0 && b.order.words[len(b.order.words)-1].to == b.state: // of money, and of no seat
	default:
		b.order.words = append(b.order.words, orderWord{seq, b.state})
	}
}

// orderJudge holds the orders of one event against each other, once all its sections were read.
type orderJudge struct {
	limits   *limits // whose sections say which were read whole, and where findings go
	ledgers  []countedSection
	homes    []map[order.ID]*booking
	moving   bool // the sections were not read in one instant, but one after the other
	lastSeqs []section.Seq
}

// orders judges I7 to I10 of an event's orders. Sections are read in ascending order. A section that was read earlier
// than another may lack what that one rests on, and is not judged by it while the source goes on being written.
func (r *run) orders(e *storage.Event, limits *limits, of *stocks, last []section.Seq) {
	j := orderJudge{limits: limits, ledgers: of.sections, moving: r.freezer != nil, lastSeqs: last}
	for i := range of.sections {
		homes := map[order.ID]*booking{}
		for _, b := range of.sections[i].ledger.bookings {
			if b.order != nil && !b.order.leg {
				homes[b.order.ID] = b
			}
		}
		j.homes = append(j.homes, homes)
	}
	for i := range of.sections {
		if !limits.sections[i].whole {
			continue
		}
		ledger := of.sections[i].ledger
		for _, no := range slices.Sorted(maps.Keys(ledger.bookings)) {
			switch b := ledger.bookings[no]; {
			case b.order == nil:
			case b.order.leg:
				j.leg(i, no, b)
			default:
				j.home(i, no, b)
			}
		}
	}
}

func (j *orderJudge) wrong(at int, format string, args ...any) {
	j.limits.sections[at].notes.add(0, Order, fmt.Sprintf(format, args...))
}

// home judges that all legs are where the home says.
func (j *orderJudge) home(at int, no section.BookingNo, b *booking) {
	settled := len(b.order.words) > 0 && b.order.settled == len(b.order.words)
	for i := range b.order.Legs {
		leg := &b.order.Legs[i]
		to := int(leg.Section)
		if to >= len(j.ledgers) || to == at {
			j.wrong(at, "I8: booking %d has a leg in section %d", no, to)
			continue
		}
		if !j.limits.sections[to].whole || j.moving && to < at {
			continue
		}
		l := j.ledgers[to].ledger.bookings[leg.Booking]
		if l == nil || l.order == nil || l.order.ID != b.order.ID || l.order.Hash != b.order.Hash ||
			!slices.Equal(l.seats, leg.Seats) {
			j.wrong(
				at, "I8: booking %d counts on leg %d of section %d, which was not bound for it", no, leg.Booking, to,
			)
			continue
		}
		if n := len(l.order.words); j.moving && n > 0 && l.order.words[n-1].seq > j.lastSeqs[at] {
			continue // it has heard of what came after the home was read
		}
		live := l.state == section.BookingBound || l.state == section.BookingConfirmed
		switch {
		case (b.state == section.BookingHeld || b.state == section.BookingPaying) && l.state != section.BookingBound:
			j.wrong(at, "I8: booking %d is %s, and its leg %d of section %d is %s", no, stateWord(b.state), leg.Booking,
				to, stateWord(l.state))
		case b.state == section.BookingConfirmed && (!live || settled && l.state != section.BookingConfirmed):
			j.wrong(at, "I9: booking %d is sold, and its leg %d of section %d is %s", no, leg.Booking, to,
				stateWord(l.state))
		case settled && b.state != section.BookingConfirmed && live:
			j.wrong(at, "I7: booking %d is %s, and its leg %d of section %d is %s", no, stateWord(b.state), leg.Booking,
				to, stateWord(l.state))
		}
	}
}

// leg judges that a leg moved by its home's word only (I7), and not by a clock (I10).
func (j *orderJudge) leg(at int, no section.BookingNo, b *booking) {
	from := int(b.order.ID.Home)
	if from >= len(j.ledgers) || from == at {
		j.wrong(at, "I7: leg %d names section %d as its home", no, from)
		return
	}
	if !j.limits.sections[from].whole {
		return
	}
	home := j.homes[from][b.order.ID]
	if home != nil && home.order.Hash != b.order.Hash {
		home = nil
	}
	for _, word := range b.order.words {
		switch {
		case word.seq == 0 && home != nil && home.state <= section.BookingConfirmed:
			j.wrong(
				at, "I7, I10: leg %d was freed as of an order that was never placed, and its home in section %d is %s",
				no, from, stateWord(home.state),
			)
		case word.seq == 0 || j.moving && word.seq > j.lastSeqs[from]:
		case home == nil || !slices.ContainsFunc(home.order.words, word.agrees):
			j.wrong(at, "I7: leg %d is %s by record %d of section %d, which does not say so", no, stateWord(word.to),
				word.seq, from)
		}
	}
}

// agrees says that a home's word is what a leg says it was.
func (w orderWord) agrees(of orderWord) bool {
	return w.seq == of.seq && (w.to == section.BookingConfirmed) == (of.to == section.BookingConfirmed)
}
