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
	served  bool        // and, while it is sold, that all legs have sold what they have left
	gave    []orderGift // of a home: seats of legs that it gave back. Of a leg: what it gave up, by its own words
}

// orderGift are seats of a leg that a record of the home gave back.
type orderGift struct {
	seq   section.Seq
	leg   uint32 // number of the section
	seats []section.SeatIndex
}

// legSeats are seats of an order's legs, by their sections.
type legSeats map[uint32][]section.SeatIndex

func (s *legSeats) add(legs []order.Leg) {
	if *s == nil {
		*s = legSeats{}
	}
	for i := range legs {
		(*s)[legs[i].Section] = append((*s)[legs[i].Section], legs[i].Seats...)
	}
}

// legsLeft counts the seats of a home's legs that are not owed back.
func (b *booking) legsLeft() (n int) {
	if b.order == nil || b.order.leg || b.wholeDue {
		return 0
	}
	for i := range b.order.Legs {
		leg := &b.order.Legs[i]
		n += len(without(without(leg.Seats, b.legsBack[leg.Section]), b.legsDue[leg.Section]))
	}
	return n
}

// legsGiven enters the seats of legs that a refund of single seats of an order gives back, and counts in how many
// sections the order has some left, besides its home; 0 of any other refund.
func (l *ledger) legsGiven(c *section.Change, b *booking) (left int) {
	if c.Order == nil {
		return 0
	}
	if b.order == nil || b.order.leg || b.order.ID != c.Order.ID {
		l.wrong("booking %d gives seats of an order back that is not its own", c.Booking)
		return 0
	}
	for i := range c.Order.Legs {
		leg := &c.Order.Legs[i]
		at := slices.IndexFunc(b.order.Legs, func(o order.Leg) bool { return o.Section == leg.Section })
		if at < 0 || len(without(leg.Seats, b.order.Legs[at].Seats)) > 0 ||
			len(without(leg.Seats, b.legsBack[leg.Section])) != len(leg.Seats) {
			l.wrong("booking %d gives seats %v of section %d back, which it does not have", c.Booking, leg.Seats,
				leg.Section)
		}
	}
	b.legsBack.add(c.Order.Legs)
	for i := range b.order.Legs {
		if leg := &b.order.Legs[i]; len(without(leg.Seats, b.legsBack[leg.Section])) > 0 {
			left++
		}
	}
	said := int(c.Order.N)
	if len(b.seats) > 0 {
		said--
	}
	if said != left {
		l.wrong("booking %d has seats left in %d sections besides its home, its record says %d", c.Booking, left, said)
	}
	return left
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
		b.order.served = b.state == section.BookingConfirmed
	case c.Kind == section.OrderServed:
		if n := len(b.order.words); n == 0 || b.order.words[n-1].seq != c.Order.Cited ||
			b.state != section.BookingConfirmed {
			l.note(Order, fmt.Sprintf("I9: order of booking %d is served by record %d, which did not sell it",
				c.Booking, c.Order.Cited))
		}
		b.order.served = true
	case c.Kind == section.LegSeatsFreed:
		b.order.gave = append(b.order.gave, orderGift{c.Order.Cited, 0, slices.Clone(c.Seats)})
	case b.order.leg && c.Order != nil:
		b.order.words = append(b.order.words, orderWord{c.Order.Cited, b.state})
	case b.state == section.BookingHeld || b.state == section.BookingPaying: // nothing to hear yet
	case (c.Kind == section.RefundPending || c.Kind == section.RefundDone) && c.Order != nil && len(c.Order.Legs) > 0:
		for _, leg := range c.Order.Legs {
			b.order.gave = append(b.order.gave, orderGift{seq, leg.Section, leg.Seats})
		}
		b.order.words = append(b.order.words, orderWord{seq, b.state})
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
			!slices.Equal(l.bought, leg.Seats) {
			j.wrong(
				at, "I8: booking %d counts on leg %d of section %d, which was not bound for it", no, leg.Booking, to,
			)
			continue
		}
		j.priced(at, no, b, i, l)
		if j.moving && l.order.newest() > j.lastSeqs[at] {
			continue // it has heard of what came after the home was read
		}
		if kept := without(leg.Seats, b.legsBack[leg.Section]); b.state == section.BookingConfirmed &&
			len(kept) < len(leg.Seats) {
			j.partly(at, no, b, leg, l, kept)
			continue
		}
		served := b.order.served && len(without(leg.Seats, b.legsDue[leg.Section])) > 0
		live := l.state == section.BookingBound || l.state == section.BookingConfirmed
		switch {
		case (b.state == section.BookingHeld || b.state == section.BookingPaying) && l.state != section.BookingBound:
			j.wrong(at, "I8: booking %d is %s, and its leg %d of section %d is %s", no, stateWord(b.state), leg.Booking,
				to, stateWord(l.state))
		case b.state == section.BookingConfirmed &&
			(!live || (settled || served) && l.state != section.BookingConfirmed):
			j.wrong(at, "I9: booking %d is sold, and its leg %d of section %d is %s", no, leg.Booking, to,
				stateWord(l.state))
		case settled && b.state != section.BookingConfirmed && live:
			j.wrong(at, "I7: booking %d is %s, and its leg %d of section %d is %s", no, stateWord(b.state), leg.Booking,
				to, stateWord(l.state))
		}
	}
}

// priced judges that a leg costs what its home says (I12). Where a list is not known nothing is.
func (j *orderJudge) priced(at int, no section.BookingNo, b *booking, i int, l *booking) {
	leg := &b.order.Legs[i]
	if !b.priced || !l.priced {
		return
	}
	of := j.ledgers[leg.Section].of
	amount, sure := list(of.lists.Tariff(b.mark), of.layout, leg.Seats, b.fare, uint8(i+1))
	if b.mark != l.mark || sure && amount != l.total {
		j.limits.sections[at].notes.add(0, PriceDiffers, fmt.Sprintf(
			"I12: leg %d of section %d costs %s, and booking %d says %s", leg.Booking, leg.Section, of.money(l.total),
			no, of.money(amount)))
	}
}

// newest is the newest record that it is of.
func (o *orderNotes) newest() (seq section.Seq) {
	for i := range o.words {
		seq = max(seq, o.words[i].seq)
	}
	for i := range o.gave {
		seq = max(seq, o.gave[i].seq)
	}
	return seq
}

// partly judges a leg of an order that stands and has given seats of the leg back, of which it keeps some, or none.
func (j *orderJudge) partly(
	at int, no section.BookingNo, b *booking, leg *order.Leg, l *booking, kept []section.SeatIndex,
) {
	settled := b.order.settled == len(b.order.words)
	live := l.state == section.BookingBound || l.state == section.BookingConfirmed
	switch {
	case len(kept) == 0 && (!settled || !live):
	case len(kept) == 0:
		j.wrong(at, "I9: booking %d has given all seats of leg %d of section %d back, and the leg is %s", no,
			leg.Booking, leg.Section, stateWord(l.state))
	case !live, settled && (l.state != section.BookingConfirmed || !slices.Equal(l.seats, kept)),
		len(without(kept, l.seats)) > 0:
		j.wrong(at, "I9: booking %d keeps seats %v of leg %d of section %d, and the leg is %s with %v", no, kept,
			leg.Booking, leg.Section, stateWord(l.state), l.seats)
	}
}

// gaveUp judges that a leg gave up nothing but what its home had given back by then (I7).
func (j *orderJudge) gaveUp(at int, no section.BookingNo, b, home *booking) {
	for _, up := range b.order.gave {
		if j.moving && up.seq > j.lastSeqs[b.order.ID.Home] {
			continue
		}
		rest := up.seats
		for i := 0; home != nil && i < len(home.order.gave); i++ {
			if g := &home.order.gave[i]; g.leg == uint32(at) && g.seq <= up.seq {
				rest = without(rest, g.seats)
			}
		}
		if len(rest) > 0 {
			j.wrong(at, "I7: leg %d gives seats %v up by record %d of section %d, which does not say so", no, rest,
				up.seq, b.order.ID.Home)
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
	j.gaveUp(at, no, b, home)
	for _, word := range b.order.words {
		switch {
		case word.seq == 0 && home != nil && home.state <= section.BookingConfirmed:
			j.wrong(
				at, "I7, I10: leg %d was freed as of an order that was never placed, and its home in section %d is %s",
				no, from, stateWord(home.state),
			)
		case word.seq == 0 || j.moving && word.seq > j.lastSeqs[from]:
		case !j.confirms(at, home, word):
			j.wrong(at, "I7: leg %d is %s by record %d of section %d, which does not say so", no, stateWord(word.to),
				word.seq, from)
		}
	}
}

// agrees says that a home's word is what a leg says it was.
func (w orderWord) agrees(of orderWord) bool {
	return w.seq == of.seq && (w.to == section.BookingConfirmed) == (of.to == section.BookingConfirmed)
}

// confirms says that a home says what a leg cites: that it was sold or ended, or that nothing of the leg's was left.
func (j *orderJudge) confirms(at int, home *booking, word orderWord) bool {
	if home == nil {
		return false
	}
	if slices.ContainsFunc(home.order.words, word.agrees) {
		return true
	}
	if word.to == section.BookingConfirmed {
		return false
	}
	i := slices.IndexFunc(home.order.Legs, func(l order.Leg) bool { return l.Section == uint32(at) })
	if i < 0 || !slices.ContainsFunc(home.order.words, func(w orderWord) bool { return w.seq == word.seq }) {
		return false
	}
	kept := home.order.Legs[i].Seats
	for _, g := range home.order.gave {
		if g.leg == uint32(at) && g.seq <= word.seq {
			kept = without(kept, g.seats)
		}
	}
	return len(kept) == 0
}
