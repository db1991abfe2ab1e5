//go:build planted

package actors

import (
	"slices"
	"testing"

	"holdfast/actors/audit"
)

func exchangeScene(bug string, code audit.Code) func(t *testing.T) bool {
	return func(t *testing.T) bool { return exchangeFound(t, bug, code) }
}

// exchangeFound exchanges a seat as the bug that is named shows in it, and says whether the audit has a finding of the
// code.
func exchangeFound(t *testing.T, bug string, code audit.Code) bool {
	b := priced(t, Config{})
	from, to := "A-2-1", "A-1-1"
	if bug == "difference-kept" {
		from, to = to, from
	}
	sold := b.soldTickets(1, from)
	x, err := b.exchange(sold.Booking, caller(1, 3), []string{from}, []string{to})
	if err != nil {
		t.Fatal(err)
	}
	if bug == "given-seat-free-early" {
		_, _ = b.hold(caller(2, 1), from)
	} else if _, err := b.confirm(x.ID, caller(1, 4), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	if bug == "given-seat-opens" {
		_, _ = b.scan(sold.Tickets[0].Code, "north", 0)
	}
	report, err := audit.Run(t.Context(), b.inner.Clone(), audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Code == code })
}
