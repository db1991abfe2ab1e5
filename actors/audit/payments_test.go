package audit_test

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/audit/reconcile"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// books are a processor's, by booking of the scene's section.
type books map[section.BookingNo]audit.Payment

// right is what the processor has after the story: 1 is confirmed, 2 refunded, and 6 was declined once.
func (s *scene) right() books {
	b := books{}
	b.set(s, 1, audit.PaymentCharged, 9000)
	b.set(s, 2, audit.PaymentRefunded, 4500)
	b.set(s, 6, audit.PaymentDeclined, 4500)
	return b
}

func (b books) set(s *scene, no section.BookingNo, status audit.PaymentStatus, amount int64) {
	b[no] = audit.Payment{ID: "pay", Section: s.key, Booking: no, Status: status, Amount: amount, Currency: "EUR"}
}

func (b books) audit(t *testing.T, source audit.Source) *audit.Report {
	t.Helper()
	report, err := audit.Run(
		t.Context(), source,
		audit.Options{Payments: func(_ context.Context, _ time.Time, visit func(audit.Payment)) error {
			for _, no := range slices.Sorted(maps.Keys(b)) {
				visit(b[no])
			}
			return nil
		}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestMoneyThatAgreesIsClean(t *testing.T) { // P6
	s := newScene(t)
	s.story()
	report := s.right().audit(t, s.store)
	if !report.Clean() || len(report.UnderWay) > 0 {
		t.Errorf("findings %v, under way %v", report.Findings, report.UnderWay)
	}
	want := audit.PaymentTotals{Checked: true, Charged: 1, Declined: 1, Refunded: 1, Money: []reconcile.Totals{
		{Currency: "EUR", Charged: 13500, Refunded: 4500, Sold: 9000},
	}}
	if !reflect.DeepEqual(report.Payments, want) {
		t.Errorf("totals %+v, want %+v", report.Payments, want)
	}
}

// Without books nobody can say whether anybody paid: that is told, and is no finding.
func TestWithoutBooksMoneyIsNotLookedAt(t *testing.T) {
	s := newScene(t)
	s.story()
	if report := run(t, s.store); !report.Clean() || report.Payments.Checked {
		t.Errorf("findings %v, payments %+v", report.Findings, report.Payments)
	}
}

// TestPlantedDamageOfMoneyIsFound (P6): every FINDING of the package comment's table, each planted alone.
func TestPlantedDamageOfMoneyIsFound(t *testing.T) {
	for _, c := range []struct {
		name  string
		want  audit.Code
		says  string
		plant func(s *scene, b books)
	}{
		{"line of a confirmed booking lost", audit.PaymentMissing, "booking 1 was sold in seats [0 1]", func(_ *scene, b books) { delete(b, 1) }},
		{"confirmed though declined", audit.PaymentMissing, "booking 1", func(s *scene, b books) { b.set(s, 1, audit.PaymentDeclined, 9000) }},
		{"refunded without a line", audit.PaymentMissing, "booking 2", func(_ *scene, b books) { delete(b, 2) }},
		{"refunded, the money kept", audit.PaymentStray, "booking 2 is refunded", func(s *scene, b books) { b.set(s, 2, audit.PaymentCharged, 4500) }},
		{"released, the money kept", audit.PaymentStray, "booking 3 is released", func(s *scene, b books) { b.set(s, 3, audit.PaymentCharged, 13500) }},
		{"expired, the money kept", audit.PaymentStray, "booking 4 is expired", func(s *scene, b books) { b.set(s, 4, audit.PaymentCharged, 4500) }},
		{"held, the money taken", audit.PaymentStray, "booking 6 is held", func(s *scene, b books) { b.set(s, 6, audit.PaymentCharged, 4500) }},
		{"a charge without a booking", audit.PaymentStray, "booking 7 that the log does not have", func(s *scene, b books) { b.set(s, 7, audit.PaymentCharged, 4500) }},
		{"a refund without a booking", audit.PaymentStray, "refunded, for booking 7", func(s *scene, b books) { b.set(s, 7, audit.PaymentRefunded, 4500) }},
		{"a charge of another event", audit.PaymentStray, "no section of any event", func(_ *scene, b books) {
			b[7] = audit.Payment{ID: "pay", Section: storage.SectionKey{Event: storage.NewEventID()}, Booking: 1,
				Status: audit.PaymentCharged}
		}},
		{"a charge of no booking", audit.PaymentStray, "no section of any event", func(_ *scene, b books) {
			b[7] = audit.Payment{ID: "x", Status: audit.PaymentCharged}
		}},
		{"charged too little", audit.PaymentDiffers, "89.99 EUR, booking 1 costs 90.00 EUR", func(s *scene, b books) { b.set(s, 1, audit.PaymentCharged, 8999) }},
		{"charged in another currency", audit.PaymentDiffers, "9000 JPY", func(_ *scene, b books) {
			other := b[1]
			other.Currency = "JPY"
			b[1] = other
		}},
		{"a word nobody knows", audit.Unreadable, "no known state", func(s *scene, b books) { b.set(s, 1, audit.PaymentUnknown, 9000) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.story()
			b := s.right()
			c.plant(s, b)
			expect(t, b.audit(t, s.store), c.want, c.says)
		})
	}
}

// Kind: a total of 0 taken for money that is missing, or money taken where nothing was due (P6).
func TestWhatIsFreeNeedsNoCharge(t *testing.T) {
	for _, c := range []struct {
		name  string
		want  audit.Code // "": clean
		plant func(s *scene, b books)
	}{
		{"nobody was asked", "", func(*scene, books) {}},
		{"a charge of 0, as earlier builds made", "", func(s *scene, b books) { b.set(s, 1, audit.PaymentCharged, 0) }},
		{"a refunded booking whose charge of 0 stands", "", func(s *scene, b books) { b.set(s, 2, audit.PaymentCharged, 0) }},
		{"money taken", audit.PaymentDiffers, func(s *scene, b books) { b.set(s, 1, audit.PaymentCharged, 1) }},
		{"money kept", audit.PaymentStray, func(s *scene, b books) { b.set(s, 3, audit.PaymentCharged, 1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSceneAt(t, memstore.New(), 0)
			s.story()
			b := books{}
			c.plant(s, b)
			report := b.audit(t, s.store)
			if clean := report.Clean() && len(report.UnderWay) == 0; clean != (c.want == "") ||
				!clean && report.Findings[0].Code != c.want {
				t.Errorf("findings %v, under way %v, want %q", report.Findings, report.UnderWay, c.want)
			}
		})
	}
}

// TestCrashWindowsOfMoneyAreNoDamage (P6): what a crash may leave between two steps is told, and the audit stays clean.
func TestCrashWindowsOfMoneyAreNoDamage(t *testing.T) {
	for _, c := range []struct {
		name   string
		no     section.BookingNo
		status audit.PaymentStatus
		amount int64
		want   audit.Code
	}{
		{"charged, not sold yet", 5, audit.PaymentCharged, 9000, audit.ChargeUnderWay},
		{"money back, seats not yet", 1, audit.PaymentRefunded, 9000, audit.RefundUnderWay},
		{"money back before the sale", 5, audit.PaymentRefunded, 9000, audit.RefundUnderWay},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.story()
			b := s.right()
			b.set(s, c.no, c.status, c.amount)
			report := b.audit(t, s.store)
			if !report.Clean() || len(report.UnderWay) != 1 || report.UnderWay[0].Code != c.want {
				t.Errorf("findings %v, under way %v", report.Findings, report.UnderWay)
			}
		})
	}
}

// A log that breaks off is a finding; what its bookings owe cannot be known, and is not made up.
func TestMoneyOfABrokenLogIsNotJudged(t *testing.T) {
	s := newScene(t)
	s.story()
	b := s.right()
	report := b.audit(t, tampered{s.store, func(e *storage.Entry, _ *storage.Hash) error {
		if e.Seq == 3 {
			return errDropped
		}
		return nil
	}})
	expect(t, report, audit.Gap, "record 4")
	if len(report.Findings) != 1 || report.Payments.Unchecked != 3 {
		t.Errorf("findings %v, payments %+v", report.Findings, report.Payments)
	}
}

// TestLostEndOfALogIsFoundByTheMoney (P2, P6): the shorter log is whole by itself; only the processor remembers.
func TestLostEndOfALogIsFoundByTheMoney(t *testing.T) {
	s := newScene(t)
	s.record(nil, nil, s.hold(1, 0, 1))
	b := books{}
	b.set(s, 1, audit.PaymentCharged, 9000)
	b.set(s, 2, audit.PaymentCharged, 4500)
	expectNot(t, run(t, s.store))
	report := b.audit(t, s.store)
	expect(t, report, audit.PaymentStray, "booking 1 is held")
	expect(t, report, audit.PaymentStray, "booking 2 that the log does not have")
}

func expectNot(t *testing.T, report *audit.Report) {
	t.Helper()
	for _, finding := range report.Findings {
		t.Error(finding)
	}
}

func TestUnreadableBooksAreAFinding(t *testing.T) {
	s := newScene(t)
	s.story()
	report, err := audit.Run(
		t.Context(), s.store,
		audit.Options{Payments: func(context.Context, time.Time, func(audit.Payment)) error {
			return errors.New("line 3 is torn")
		}},
	)
	if err != nil || report.Payments.Checked || len(report.Events) != 1 {
		t.Fatalf("error %v, report %+v", err, report)
	}
	expect(t, report, audit.Unreadable, "line 3 is torn")
}

func TestStrayPaymentsDoNotFillTheScreen(t *testing.T) {
	s := newScene(t)
	b := books{}
	for no := section.BookingNo(1); no <= 2*audit.FindingsMax; no++ {
		b[no] = audit.Payment{ID: "x", Status: audit.PaymentCharged}
	}
	report := b.audit(t, s.store)
	if n := len(report.Findings); n != audit.FindingsMax+1 || report.Findings[n-1].Code != audit.More ||
		!strings.HasPrefix(report.Findings[n-1].Detail, "50 more") {
		t.Errorf("%d findings, the last %v", n, report.Findings[n-1])
	}
}
