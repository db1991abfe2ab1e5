package audit_test

import (
	"testing"

	"holdfast/actors/audit"
)

// Kind: a verdict that says more than was checked. A finding of one half says nothing of the other.
func TestVerdictSaysWhatWasChecked(t *testing.T) {
	books := audit.PaymentTotals{Checked: true}
	some := audit.PaymentTotals{Checked: true, Unchecked: 1}
	for _, row := range []struct {
		name     string
		report   audit.Report
		seats    audit.Word
		payments audit.Word
	}{
		{"all was looked at", audit.Report{Payments: books}, audit.Sound, audit.Sound},
		{"no books", audit.Report{}, audit.Sound, audit.NotChecked},
		{"some books", audit.Report{Payments: some}, audit.Sound, audit.PartlyChecked},
		{"a seat sold twice", audit.Report{Payments: books, Findings: []audit.Finding{{Code: audit.Overlap}}}, audit.Unsound, audit.Sound},
		{"a seat sold twice, no books", audit.Report{Findings: []audit.Finding{{Code: audit.Overlap}}}, audit.Unsound, audit.NotChecked},
		{"a charge too many", audit.Report{Payments: books, Findings: []audit.Finding{{Code: audit.PaymentStray}}}, audit.Sound, audit.Unsound},
		{"both", audit.Report{Payments: some, Findings: []audit.Finding{{Code: audit.Gap}, {Code: audit.PaymentDiffers}}}, audit.Unsound, audit.Unsound},
		{"books that cannot be read", audit.Report{Findings: []audit.Finding{{Code: audit.Unreadable, Detail: "payments: no JSON"}}}, audit.Sound, audit.NotChecked},
		{"a venue that cannot be read", audit.Report{Payments: books, Findings: []audit.Finding{{Code: audit.Unreadable, Detail: "venue"}}}, audit.Unsound, audit.Sound},
	} {
		if got := row.report.Verdict(); got != (audit.Verdict{Seats: row.seats, Payments: row.payments}) {
			t.Errorf("%s: %+v, want %s and %s", row.name, got, row.seats, row.payments)
		}
	}
}
