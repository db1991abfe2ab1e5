package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/storage"
)

// Payment is one line of the sandbox's ledger: all that it knows of one attempt, as it stood when the line was written.
// Fields but the first four are absent from the lines of earlier builds, whose payments had the booking's id.
//
// Invariant: Revision grows by one with every line of a payment, so that of two who change a payment at once one finds
// that the other was first. Lines of earlier builds have 0.
type Payment struct {
	ID       string `json:"id"` // the attempt
	Status   string `json:"status"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`

	Revision  int64              `json:"revision,omitempty"`
	Reference string             `json:"reference,omitempty"`
	Booking   string             `json:"booking,omitempty"`
	Fate      string             `json:"fate,omitempty"` // the token's, where the token is one of the table
	Passed    bool               `json:"passed,omitempty"`
	Return    string             `json:"return,omitempty"` // where the buyer goes after a challenge
	Decline   string             `json:"decline,omitempty"`
	Due       int64              `json:"due,omitempty"` // a pending charge is captured then, in Unix milliseconds
	Disputed  bool               `json:"disputed,omitempty"`
	Refunds   []RefundLine       `json:"refunds,omitempty"`
	Made      int64              `json:"made,omitempty"`    // Unix milliseconds
	Changed   int64              `json:"changed,omitempty"` // likewise
	Kind      processor.HintKind `json:"kind,omitempty"`    // what the last change was about
}

// RefundLine is one refund of a payment.
type RefundLine struct {
	ID     processor.RefundID `json:"id"`
	Amount int64              `json:"amount"`
	Status string             `json:"status"`        // pending, refunded or failed
	Due    int64              `json:"due,omitempty"` // a pending one is refunded then, in Unix milliseconds
}

// Statuses of the lines of earlier builds.
const (
	oldCharged  = "charged"
	oldRefunded = "refunded"
)

// The statuses that lines have.
var (
	statuses = statusNames(processor.Opened, processor.Pending, processor.Challenge, processor.Captured,
		processor.Declined, processor.Cancelled)
	refundStatuses = refundNames(processor.RefundPending, processor.Refunded, processor.RefundFailed)
)

func statusNames(all ...processor.Status) map[string]processor.Status {
	names := map[string]processor.Status{oldCharged: processor.Captured, oldRefunded: processor.Captured}
	for _, s := range all {
		names[s.String()] = s
	}
	return names
}

func refundNames(all ...processor.RefundStatus) map[string]processor.RefundStatus {
	names := map[string]processor.RefundStatus{}
	for _, s := range all {
		names[s.String()] = s
	}
	return names
}

// newReference draws a name that nobody can guess: a challenge's page is opened by it.
func newReference() string { return "sbx_" + rand.Text() }

// reference of a payment of an earlier build is its id.
func (p *Payment) reference() processor.Reference {
	if p.Reference == "" {
		return processor.Reference(p.ID)
	}
	return processor.Reference(p.Reference)
}

// at is the payment as it stands at a time: what fell due since its line was written has happened. It shares nothing
// with p that either may write.
func (p *Payment) at(now time.Time) Payment {
	is, ms := *p, now.UnixMilli()
	if p.Status == processor.Pending.String() && p.Due <= ms {
		is.Status, is.Changed, is.Due = processor.Captured.String(), p.Due, 0
	}
	is.Refunds = append([]RefundLine(nil), p.Refunds...)
	for i := range is.Refunds {
		if r := &is.Refunds[i]; r.Status == processor.RefundPending.String() && r.Due <= ms {
			r.Status, is.Changed, is.Kind = processor.Refunded.String(), max(is.Changed, r.Due), processor.HintRefund
			r.Due = 0
		}
	}
	return is
}

// given is what refunds took of the payment, in minor units, those on their way included.
func (p *Payment) given() (sum int64) {
	if p.Status == oldRefunded {
		return p.Amount
	}
	for _, r := range p.Refunds {
		if refundStatuses[r.Status] != processor.RefundFailed {
			sum += r.Amount
		}
	}
	return sum
}

// Public is the payment in the port's words, as it stands at a time.
func (p *Payment) Public(now time.Time) processor.Payment {
	is := p.at(now)
	return processor.Payment{
		Attempt: processor.AttemptID(is.ID), Reference: is.reference(), Status: statuses[is.Status], Amount: is.Amount,
		Currency: is.Currency, Refunded: is.given(), Disputed: is.Disputed, At: time.UnixMilli(is.Made),
	}
}

// answer is the payment as Charge and its kin tell it.
func (s *Sandbox) answer(p *Payment) processor.Answer {
	a := processor.Answer{Status: statuses[p.Status], Decline: p.Decline, Amount: p.Amount, Currency: p.Currency}
	if a.Status == processor.Challenge {
		a.Next = processor.Next{Type: "redirect_to_url", URL: s.challengeURL(p)}
	}
	return a
}

// RowOf is a payment as a row of a store. Columns say what people ask for; the rest stands beside them.
func RowOf(p *Payment) (storage.PaymentRow, error) {
	row := storage.PaymentRow{ID: p.ID, Status: p.Status, Amount: p.Amount, Currency: p.Currency}
	if p.Revision == 0 { // of an earlier build, and as that wrote it
		return row, nil
	}
	detail, err := json.Marshal(p)
	if err != nil {
		return row, fmt.Errorf("sandbox: %w", err)
	}
	row.Detail = string(detail)
	return row, nil
}

// FromRow reads what RowOf made.
func FromRow(row storage.PaymentRow) (Payment, error) {
	if row.Detail == "" {
		return Payment{ID: row.ID, Status: row.Status, Amount: row.Amount, Currency: row.Currency}, nil
	}
	p, err := parsePayment([]byte(row.Detail))
	if err != nil {
		return p, fmt.Errorf("sandbox: payment %q: %w", row.ID, err)
	}
	return p, nil
}
