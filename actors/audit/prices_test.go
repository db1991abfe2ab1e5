package audit_test

import (
	"testing"

	"holdfast/actors/audit"
	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/section/tariff"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

func priced(e *storage.Event) {
	e.Pricing = storage.PricingLogged
	e.Components = map[string]price.Price{
		"Stalls": {Face: 4000, Fees: []price.Fee{{Code: "service", Amount: 500}}},
	}
}

// told is a hold as a writer of a priced event logs it.
func (s *scene) told(no section.BookingNo, total int64, seats ...section.SeatIndex) section.Change {
	list := s.event.PriceList()
	c := s.hold(no, seats...)
	c.Total, c.PriceMark = total, tariff.Mark(list.Mark())
	return c
}

// I12: a hold that says another price than its seats have, whichever of log and list was changed.
func TestPricesOfHoldsAreHeldAgainstTheList(t *testing.T) {
	for _, c := range []struct {
		name  string
		want  audit.Code // "": clean
		says  string
		write func(s *scene)
	}{
		{"what its seats cost", "", "", func(s *scene) { s.record(nil, nil, s.told(1, 9000, 0, 1)) }},
		{"a cent less", audit.PriceDiffers, "89.99 EUR, its seats cost 90.00 EUR", func(s *scene) {
			s.record(nil, nil, s.told(1, 8999, 0, 1))
		}},
		{"nothing", audit.PriceDiffers, "0.00 EUR", func(s *scene) { s.record(nil, nil, s.told(1, 0, 0)) }},
		{"without a price", audit.PriceDiffers, "without what it costs", func(s *scene) { s.record(nil, nil, s.hold(1, 0)) }},
		{"under another list", audit.PriceDiffers, "another price list", func(s *scene) {
			told := s.told(1, 4500, 0)
			told.PriceMark ^= 1
			s.record(nil, nil, told)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSceneOf(t, memstore.New(), priced)
			c.write(s)
			if report := run(t, s.store); c.want == "" && !report.Clean() {
				t.Error(report.Findings)
			} else if c.want != "" {
				expect(t, report, c.want, c.says)
			}
		})
	}
}

// I12: what is charged is held against what the log says that the buyer was told.
func TestChargesAreHeldAgainstTheLoggedPrice(t *testing.T) {
	s := newSceneOf(t, memstore.New(), priced)
	s.record(nil, nil, s.told(1, 8000, 0, 1))
	s.record(nil, nil, change(section.PaymentBegun, 1))
	s.record([]section.Ticket{{Seat: 0, Booking: 1}, {Seat: 1, Booking: 1}}, nil, change(section.BookingSold, 1))
	b := books{}
	b.set(s, 1, audit.PaymentCharged, 9000)
	expect(t, b.audit(t, s.store), audit.PaymentDiffers, "90.00 EUR, booking 1 costs 80.00 EUR")
}

// Logs of events of earlier builds have no prices, and are clean without.
func TestHoldsOfEarlierBuildsNeedNoPrice(t *testing.T) {
	s := newScene(t)
	s.record(nil, nil, s.hold(1, 0))
	if report := run(t, s.store); !report.Clean() {
		t.Error(report.Findings)
	}
}
