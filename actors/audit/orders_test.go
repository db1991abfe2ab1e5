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
