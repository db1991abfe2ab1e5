package audit_test

import (
	"testing"

	"holdfast/actors/audit"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/sales"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

func turn(number uint64, state sales.State) section.Change {
	return section.Change{Kind: section.SaleSwitched, Sale: sales.Of(number, state)}
}

func begun(no section.BookingNo) section.Change {
	c := change(section.PaymentBegun, no)
	c.Pay = account.Payment{Attempt: 1, Amount: 4500, Reference: "ref"}
	return c
}

func sold(no section.BookingNo) section.Change {
	c := change(section.BookingSold, no)
	c.Pay.Attempt = 1
	return c
}

func refund(
	no section.BookingNo, kind section.ChangeKind, pay account.Payment, seats ...section.SeatIndex,
) section.Change {
	c := change(kind, no)
	c.Pay, c.Seats = pay, seats
	return c
}

// Kind: something granted behind a turn of the sale switch that bars it, and a cancelled event that keeps somebody's
// money (P3, P6, P10).
func TestTheSaleSwitchIsHeldAgainstTheLog(t *testing.T) {
	ticket := []section.Ticket{{Seat: 0, Booking: 1}}
	due := account.Payment{Refund: 1, Attempt: 1, Reason: account.Requested, Amount: 4500}
	for _, c := range []struct {
		name  string
		want  audit.Code // "": clean
		says  string
		off   bool // the catalog says cancelled
		write func(s *scene)
	}{
		{"opened, sold, closed", "", "", false, func(s *scene) {
			s.record(nil, nil, turn(1, sales.Open), s.hold(1, 0))
			s.record(nil, nil, turn(2, sales.Closed), begun(1))
			s.record(ticket, nil, sold(1))
		}},
		{"a hold in a pause", audit.Barred, "a hold, while the sale is paused since turn 3", false, func(s *scene) {
			s.record(nil, nil, turn(3, sales.Paused), s.hold(1, 0))
		}},
		{"more time of a closed sale", audit.Barred, "more time", false, func(s *scene) {
			more := change(section.HoldExtended, 1)
			more.ExpiresAt = s.now + 700_000
			s.record(nil, nil, s.hold(1, 0), turn(1, sales.Closed), more)
		}},
		{"a turn that goes back", audit.WrongChange, "turn 2 of the sale switch after turn 2", false, func(s *scene) {
			s.record(nil, nil, turn(2, sales.Paused), turn(2, sales.Open))
		}},
		{"a payment of a cancelled event", audit.Barred, "a payment, while the sale is cancelling", false,
			func(s *scene) { s.record(nil, nil, s.hold(1, 0), turn(1, sales.Cancelling), begun(1)) }},
		{"a sale of a cancelled event", audit.Barred, "a sale", false, func(s *scene) {
			s.record(nil, nil, s.hold(1, 0), begun(1), turn(1, sales.Cancelling))
			s.record(ticket, nil, sold(1))
		}},
		{"a cancelled event that is opened", audit.WrongChange, "after the event was cancelled", false, func(s *scene) {
			s.record(nil, nil, turn(1, sales.Cancelling), turn(2, sales.Open))
		}},
		{"cancelled, and owed back", "", "", true, func(s *scene) {
			s.record(nil, nil, s.hold(1, 0), s.hold(2, 1), begun(1))
			s.record(ticket, nil, sold(1))
			s.record(nil, nil, turn(1, sales.Cancelling), change(section.HoldReleased, 2),
				refund(1, section.RefundDue, due, 0))
		}},
		{"cancelled in the catalog alone", audit.NotCancelled, "this section's log does not say so", true,
			func(*scene) {}},
		{"cancelled, and somebody holds on", audit.NotCancelled, "booking 1 is held", true, func(s *scene) {
			s.record(nil, nil, s.hold(1, 0), turn(1, sales.Cancelling))
		}},
		{"cancelled, and one is not owed", audit.NotCancelled, "1 seats of booking 1 are not owed back", true,
			func(s *scene) {
				s.record(nil, nil, s.hold(1, 0), begun(1))
				s.record(ticket, nil, sold(1))
				s.record(nil, nil, turn(1, sales.Cancelling))
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSceneOf(t, memstore.New(), func(e *storage.Event) {
				if c.off {
					e.Sale = storage.SaleCancelled
				}
			})
			c.write(s)
			if report := run(t, s.store); c.want == "" && !report.Clean() {
				t.Error(report.Findings)
			} else if c.want != "" {
				expect(t, report, c.want, c.says)
			}
		})
	}
}

// Kind: money that came while the event was cancelled, and is owed back, is no damage (P6).
func TestMoneyOfACancelledEventIsOnItsWayBack(t *testing.T) {
	s := newScene(t)
	over := change(section.PaymentFailed, 1)
	over.Pay = account.Payment{Attempt: 1, Reason: account.EventOff}
	s.record(nil, nil, s.hold(1, 0), begun(1), turn(1, sales.Cancelling))
	s.record(nil, nil, over, refund(1, section.RefundDue, account.Payment{Refund: 1, Attempt: 1,
		Reason: account.Anomaly, Amount: 4500, Reference: "ref"}), change(section.HoldReleased, 1))
	b := books{}
	pay := audit.Payment{ID: "pay", Section: s.key, Booking: 1, Attempt: 1, Reference: "ref", Amount: 4500,
		Status: audit.PaymentCharged, Currency: "EUR"}
	b[1] = pay
	report := b.audit(t, s.store)
	if !report.Clean() || len(report.UnderWay) != 1 || report.UnderWay[0].Code != audit.RefundUnderWay {
		t.Errorf("due: %v, under way %v", report.Findings, report.UnderWay)
	}
	s.record(nil, nil, refund(1, section.RefundDone, account.Payment{Refund: 1}))
	if report := b.audit(t, s.store); report.Clean() {
		t.Error("the log says that the money is back, and the processor has it")
	}
	pay.Status, pay.Refunded = audit.PaymentRefunded, 4500
	b[1] = pay
	if report := b.audit(t, s.store); !report.Clean() || len(report.UnderWay) != 0 {
		t.Errorf("back: %v, under way %v", report.Findings, report.UnderWay)
	}
}
