package audit_test

import (
	"testing"

	"holdfast/actors/audit"
	"holdfast/actors/section"
	"holdfast/actors/section/terms"
)

func termsSet(no uint64, ttl section.Millis, most uint32) section.Change {
	return section.Change{Kind: section.TermsSet, Terms: &terms.Terms{No: no, HoldTTL: ttl, HoldCeiling: 2 * ttl,
		SeatsPerBookingMax: most, SeatsPerBuyerMax: most}}
}

// Kind: a hold that is judged by other limits than those in force when it was placed. Each goes by the terms before it
// in its section's log: what stood before an edit is no damage, and what the edit bars behind it is.
func TestHoldsAreJudgedByTheTermsInForce(t *testing.T) {
	for _, c := range []struct {
		name  string
		says  string // "": clean
		write func(s *scene)
	}{
		{"two seats, then one is allowed", "", func(s *scene) {
			s.record(nil, nil, s.hold(1, 0, 1), termsSet(1, 600_000, 1), s.hold(2, 2))
		}},
		{"two seats where one is allowed", "booking 1 holds 2 seats, 1 are allowed", func(s *scene) {
			s.record(nil, nil, termsSet(1, 600_000, 1), s.hold(1, 0, 1))
		}},
		{"two seats, once two are allowed again", "", func(s *scene) {
			s.record(nil, nil, termsSet(1, 600_000, 1), termsSet(4, 600_000, 2), s.hold(1, 0, 1))
		}},
		{"longer than the terms give", "ms, 60000 are given since terms 1", func(s *scene) {
			s.record(nil, nil, termsSet(1, 60_000, 8), s.hold(1, 0))
		}},
		{"more time behind a lower ceiling", "past its ceiling", func(s *scene) {
			more := change(section.HoldExtended, 1)
			more.ExpiresAt = s.now + 700_000
			s.record(nil, nil, s.hold(1, 0), termsSet(1, 60_000, 8), more)
		}},
		{"terms that go back", "terms 1 after terms 2", func(s *scene) {
			s.record(nil, nil, termsSet(2, 600_000, 8), termsSet(1, 600_000, 8))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			c.write(s)
			if report := run(t, s.store); c.says == "" && !report.Clean() {
				t.Error(report.Findings)
			} else if c.says != "" {
				expect(t, report, audit.WrongChange, c.says)
			}
		})
	}
}
