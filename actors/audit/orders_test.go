package audit

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/section/order"
	"holdfast/storage"
)

// orderLogs are the logs of an order's home (section 0) and of its leg (section 1), a record a change.
type orderLogs [2][]section.Change

// goodOrder is an order that is held, sold and refunded, each of its two sections at its own pace.
func goodOrder() orderLogs {
	p := order.Part{ID: order.ID{Home: 0, Life: 1, Count: 1}, Hash: 7}
	with := func(change func(p *order.Part)) *order.Part { c := p; change(&c); return &c }
	seat := []section.SeatIndex{3}
	leg := order.Leg{Section: 1, Booking: 1, Seats: seat}
	placed := with(func(p *order.Part) { p.Legs = []order.Leg{leg} })
	cites := func(seq section.Seq) *order.Part { return with(func(p *order.Part) { p.Cited = seq }) }
	return orderLogs{
		{
			{Kind: section.HoldPlaced, Booking: 1, ExpiresAt: 9, Seats: []section.SeatIndex{0}, Order: placed},
			{Kind: section.PaymentBegun, Booking: 1},
			{Kind: section.BookingSold, Booking: 1},
			{Kind: section.OrderSettled, Booking: 1, Order: cites(3)},
			{Kind: section.BookingRefundedChange, Booking: 1},
			{Kind: section.OrderSettled, Booking: 1, Order: cites(5)},
		},
		{
			{Kind: section.LegBound, Booking: 1, ExpiresAt: 9, Seats: []section.SeatIndex{3},
				Order: with(func(p *order.Part) { p.K, p.N = 1, 2 })},
			{Kind: section.LegSold, Booking: 1, Order: cites(3)},
			{Kind: section.LegFreed, Booking: 1, Order: cites(5)},
		},
	}
}

// judged gives what the verifier finds.
func (l orderLogs) judged() (found []string) {
	e := &storage.Event{Sections: make([]storage.SectionInfo, 2)}
	r, limits, all := &run{report: &Report{}}, newLimits(e), &stocks{}
	var last []section.Seq
	for i := range l {
		n := &notes{report: r.report, show: "e", name: fmt.Sprint(i)}
		limits.sections[i].notes, limits.sections[i].whole = n, true
		ledger := newLedger(9, section.Rules{}, func(code Code, detail string) { n.add(0, code, detail) })
		for seq := range l[i] {
			ledger.apply(&l[i][seq])
			ledger.orders(&l[i][seq], section.Seq(seq+1))
		}
		all.sections, last = append(all.sections, countedSection{ledger: ledger}), append(last, section.Seq(len(l[i])))
	}
	r.orders(e, limits, all, last)
	for _, f := range r.report.Findings {
		found = append(found, f.String())
	}
	return found
}

// TestVerifierJudgesOrders: what a broken build would leave in the logs of an order's sections is found, and nothing is
// found wherever a crash stops the two logs of a sound one.
func TestVerifierJudgesOrders(t *testing.T) {
	good := goodOrder()
	for _, stop := range [][2]int{{0, 0}, {0, 1}, {1, 1}, {2, 1}, {3, 1}, {3, 2}, {4, 2}, {5, 2}, {5, 3}, {6, 3}} {
		cut := orderLogs{good[0][:stop[0]], good[1][:stop[1]]}
		if found := cut.judged(); len(found) > 0 {
			t.Errorf("stopped at %v: %v", stop, found)
		}
	}
	for name, c := range map[string]struct {
		breaks func(l *orderLogs)
		want   string
	}{
		"a leg forgotten": {func(l *orderLogs) { l[0], l[1] = l[0][:4], l[1][:1] }, "I9: booking 1 is sold"},
		"a leg that acts by its clock": {func(l *orderLogs) {
			l[0], l[1] = l[0][:1], l[1][:2]
			l[1][1] = section.Change{Kind: section.LegFreed, Booking: 1,
				Order: &order.Part{ID: l[0][0].Order.ID, Hash: 7}}
		}, "I7, I10: leg 1 was freed"},
		"placed before its leg is bound": {
			func(l *orderLogs) { l[0], l[1] = l[0][:1], nil }, "I8: booking 1 counts on leg 1",
		},
		"a leg of other seats": {
			func(l *orderLogs) { l[0], l[1] = l[0][:1], l[1][:1]; l[1][0].Seats[0] = 4 }, "I8",
		},
		"sold before the home is": {func(l *orderLogs) { l[0], l[1] = l[0][:2], l[1][:2] },
			"I7: leg 1 is confirmed by record 3 of section 0, which does not say so"},
		"freed by the record that sold": {func(l *orderLogs) {
			l[0], l[1] = l[0][:4], l[1][:3]
			l[1][2].Order = l[1][1].Order
		}, "I9"},
		"ended, and its leg is not": {func(l *orderLogs) { l[1] = l[1][:2] }, "I7: booking 1 is refunded"},
		"settled by another record": {func(l *orderLogs) { l[0][3].Order = l[0][5].Order }, "I7: order of booking 1"},
		"another order's leg": {func(l *orderLogs) {
			l[0], l[1] = l[0][:1], l[1][:1]
			l[1][0].Order = &order.Part{ID: l[0][0].Order.ID, Hash: 8, K: 1, N: 2}
		}, "I8"},
	} {
		l := goodOrder()
		c.breaks(&l)
		if found := strings.Join(l.judged(), "; "); !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q, want %q", name, found, c.want)
		}
	}
}

// TestBookingOverSeveralSectionsIsCountedOnce: a report counts bookings, of which a leg is a part.
func TestBookingOverSeveralSectionsIsCountedOnce(t *testing.T) {
	for stop, want := range map[int]Bookings{1: {Held: 1}, 3: {Confirmed: 1}, 5: {Refunded: 1}} {
		l, got := goodOrder(), Totals{}
		for i, n := range [2]int{stop, min(stop, len(l[1]))} {
			ledger := newLedger(9, section.Rules{}, func(Code, string) {})
			for seq := range l[i][:n] {
				ledger.apply(&l[i][seq])
				ledger.orders(&l[i][seq], section.Seq(seq+1))
			}
			ledger.totals(&got)
		}
		if got.Bookings != want {
			t.Errorf("after %d records: %+v, want %+v", stop, got.Bookings, want)
		}
	}
}

// partOrder is an order of which a seat of the leg, and then the home's own seat, are refunded.
func partOrder() orderLogs {
	p := order.Part{ID: order.ID{Home: 0, Life: 1, Count: 1}, Hash: 7}
	with := func(change func(p *order.Part)) *order.Part { c := p; change(&c); return &c }
	leg := func(seats ...section.SeatIndex) []order.Leg {
		return []order.Leg{{Section: 1, Booking: 1, Seats: seats}}
	}
	cites := func(seq section.Seq) *order.Part { return with(func(p *order.Part) { p.Cited = seq }) }
	back := func(n uint8, legs []order.Leg) *order.Part {
		return with(func(p *order.Part) { p.N, p.Legs = n, legs })
	}
	return orderLogs{
		{
			{Kind: section.HoldPlaced, Booking: 1, ExpiresAt: 9, Seats: []section.SeatIndex{0},
				Order: back(0, leg(3, 4))},
			{Kind: section.PaymentBegun, Booking: 1},
			{Kind: section.BookingSold, Booking: 1},
			{Kind: section.OrderSettled, Booking: 1, Order: cites(3)},
			{Kind: section.RefundDue, Booking: 1, Order: back(0, leg(3))},
			{Kind: section.RefundPending, Booking: 1, Order: back(2, leg(3))},
			{Kind: section.OrderSettled, Booking: 1, Order: cites(6)},
			{Kind: section.RefundDue, Booking: 1, Seats: []section.SeatIndex{0}, Order: back(0, nil)},
			{Kind: section.RefundDone, Booking: 1, Seats: []section.SeatIndex{0}, Order: back(1, nil)},
		},
		{
			{Kind: section.LegBound, Booking: 1, ExpiresAt: 9, Seats: []section.SeatIndex{3, 4},
				Order: with(func(p *order.Part) { p.K, p.N = 1, 2 })},
			{Kind: section.LegSold, Booking: 1, Order: cites(3)},
			{Kind: section.LegSeatsFreed, Booking: 1, Seats: []section.SeatIndex{3}, Order: cites(6)},
		},
	}
}

// TestVerifierJudgesOrdersRefundedInPart: I7, I9: an order keeps what it has not given back, in each of its sections,
// and gives up nothing else; a leg whose section is closed may not have heard.
func TestVerifierJudgesOrdersRefundedInPart(t *testing.T) {
	good := partOrder()
	for _, stop := range [][2]int{{4, 2}, {5, 2}, {6, 2}, {6, 3}, {7, 3}, {9, 3}} {
		cut := orderLogs{good[0][:stop[0]], good[1][:stop[1]]}
		if found := cut.judged(); len(found) > 0 {
			t.Errorf("stopped at %v: %v", stop, found)
		}
	}
	for name, c := range map[string]struct {
		breaks func(l *orderLogs)
		want   string
	}{
		"a leg that was not told": {func(l *orderLogs) { l[1] = l[1][:2] }, "I9: booking 1 keeps seats [4]"},
		"another seat given up": {
			func(l *orderLogs) { l[1][2].Seats = []section.SeatIndex{4} }, "I7: leg 1 gives seats [4] up",
		},
		"given up too early": {
			func(l *orderLogs) { l[1][2].Order = l[1][1].Order }, "I7: leg 1 gives seats [3] up by record 3",
		},
		"all given up, and one is kept": {func(l *orderLogs) {
			l[1][2] = section.Change{Kind: section.LegFreed, Booking: 1, Order: l[1][2].Order}
		}, "I7: leg 1 is refunded by record 6"},
		"given back twice": {func(l *orderLogs) {
			l[0][8].Order = l[0][5].Order
		}, "gives seats [3] of section 1 back, which it does not have"},
		"a record that says that nothing is left": {func(l *orderLogs) {
			p := *l[0][8].Order
			p.N, l[0][8].Order = 0, &p
		}, "has seats left in 1 sections besides its home"},
	} {
		l := partOrder()
		c.breaks(&l)
		if found := strings.Join(l.judged(), "; "); !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q, want %q", name, found, c.want)
		}
	}
}

// TestVerifierKnowsClosedSections: I9: all seats of a leg that never heard were given back, and the order stands with
// the rest; without the refund its leg would have to be sold.
func TestVerifierKnowsClosedSections(t *testing.T) {
	served := func() orderLogs {
		l := partOrder()
		p := *l[0][5].Order
		p.N, p.Legs = 1, l[0][0].Order.Legs
		due, cites := p, *l[0][6].Order
		cites.Cited = 5
		due.N = 0
		l[0] = append(l[0][:3:3], section.Change{Kind: section.RefundDue, Booking: 1, Order: &due},
			section.Change{Kind: section.RefundPending, Booking: 1, Order: &p},
			section.Change{Kind: section.OrderServed, Booking: 1, Order: &cites})
		return l
	}
	l := served()
	for _, heard := range []int{1, 2} { // never sold, or sold before
		if found := (orderLogs{l[0], l[1][:heard]}).judged(); len(found) > 0 {
			t.Errorf("%d records: %v", heard, found)
		}
	}
	l[1] = append(l[1][:1:1], section.Change{Kind: section.LegFreed, Booking: 1, Order: l[0][5].Order})
	if found := l.judged(); len(found) > 0 {
		t.Errorf("it came back: %v", found)
	}
	l = served()
	l[0] = append(l[0][:3:3], section.Change{Kind: section.OrderServed, Booking: 1, Order: l[1][1].Order})
	l[1] = l[1][:1]
	if found := strings.Join(l.judged(), "; "); !strings.Contains(found, "I9: booking 1 is sold, and its leg 1") {
		t.Errorf("served, and a leg with seats left has not heard: %q", found)
	}
}
