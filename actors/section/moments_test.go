package section

import (
	"bytes"
	"testing"

	"holdfast/actors/section/account"
)

// TestMomentsOfMonths (P4, P5): ends that are further away than 32 bits of milliseconds (49 days) are told to the
// millisecond in every state, and so is the age of what is remembered over years, pauses among them.
func TestMomentsOfMonths(t *testing.T) {
	const day, holds = Instant(24 * 60 * 60 * 1000), 60
	rules := testRules
	rules.HoldTTL, rules.HoldCeiling = Millis(60*day), Millis(200*day)
	rules.DedupeWindow, rules.DedupeCountMin = Millis(400*day), 0
	h := &holder{s: NewState(generalLayout(holds), rules)}
	h.s.Begin(1)
	var placed []Instant
	for i := range uint64(holds) {
		at := Instant(i)*30*day + Instant(i)
		if i > 40 {
			at += 500 * day // nothing is remembered any more
		}
		placed = append(placed, at)
		h.hold(i, at)
		for n, kind := range []CommandKind{BeginPayment, FailPayment}[:i%3] {
			h.c = Command{Kind: kind, At: at, Buyer: buyerOf(i), Booking: BookingNo(i + 1),
				Request: requestOf(1000 + i*10 + uint64(n)), Pay: account.Payment{Attempt: 1}}
			h.run()
		}
		checkMoments(t, h, placed, 60*day, Instant(rules.DedupeWindow))
	}
}

// checkMoments looks at all bookings that were placed, and restores the section from its snapshot.
func checkMoments(t *testing.T, h *holder, placed []Instant, life, window Instant) {
	t.Helper()
	for i, at := range placed {
		if h.s.Lookup(BookingNo(i+1), &h.d) && h.d.Outcome.ExpiresAt != at+life {
			t.Fatalf("booking %d of %d ends at %d, want %d", i+1, len(placed), h.d.Outcome.ExpiresAt, at+life)
		}
	}
	oldest := len(placed) - 1
	for oldest > 0 && placed[len(placed)-1]-placed[oldest-1] <= window {
		oldest--
	}
	if from := h.s.RemembersFrom(); from > placed[oldest] || len(placed) < 40 && from != placed[oldest] {
		t.Fatalf("after %d holds it remembers from %d, want %d", len(placed), from, placed[oldest])
	}
	snapshot := h.s.AppendSnapshot(nil)
	again, err := Restore(h.s.layout, h.s.rules, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.AppendSnapshot(nil), snapshot) {
		t.Fatalf("after %d holds the restored section has another snapshot", len(placed))
	}
}
