package remote

import (
	"fmt"
	"time"

	"holdfast/actors/checkout/processor"
)

// bodyBytesMax bounds a request's body, an answer's, and a line of a list.
const bodyBytesMax = 64 << 10

type opening struct {
	Attempt  processor.AttemptID `json:"attempt"`
	Booking  string              `json:"booking"`
	Amount   int64               `json:"amount"`
	Currency string              `json:"currency"`
}

type opened struct {
	Reference processor.Reference `json:"reference"`
}

type charge struct {
	Reference processor.Reference `json:"reference"`
	Token     string              `json:"token,omitempty"`
	Return    string              `json:"return,omitempty"`
}

type answer struct {
	Status   string `json:"status"`
	Decline  string `json:"decline,omitempty"`
	Next     *next  `json:"next,omitempty"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type next struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type refund struct {
	Reference processor.Reference `json:"reference"`
	ID        processor.RefundID  `json:"id"`
	Amount    int64               `json:"amount"`
	Currency  string              `json:"currency"`
}

type refundAnswer struct {
	Status string `json:"status"`
}

func (w *refundAnswer) public(err error) (processor.RefundStatus, error) {
	status, known := refundStatuses[w.Status]
	if err == nil && !known {
		err = fmt.Errorf("sandbox: a refund's status %q is none of ours", w.Status)
	}
	return status, err
}

// payment is a line of the list; the last one says only that it is the last.
type payment struct {
	Attempt   processor.AttemptID `json:"attempt,omitempty"`
	Reference processor.Reference `json:"reference,omitempty"`
	Status    string              `json:"status,omitempty"`
	Amount    int64               `json:"amount,omitempty"`
	Currency  string              `json:"currency,omitempty"`
	Refunded  int64               `json:"refunded,omitempty"`
	Disputed  bool                `json:"disputed,omitempty"`
	At        int64               `json:"at,omitempty"`
	End       bool                `json:"end,omitempty"`
}

type events struct {
	Events []event `json:"events"`
	Next   string  `json:"next"`
}

type event struct {
	ID      string              `json:"id"`
	Attempt processor.AttemptID `json:"attempt"`
	Kind    string              `json:"kind"`
}

type failure struct {
	Error string `json:"error"`
}

func answerOf(a processor.Answer) answer {
	w := answer{Status: a.Status.String(), Decline: a.Decline, Amount: a.Amount, Currency: a.Currency}
	if a.Next != (processor.Next{}) {
		w.Next = &next{Type: a.Next.Type, URL: a.Next.URL}
	}
	return w
}

// public is the answer in the port's words. A status that this build does not know is an error, and hence Unknown.
func (w *answer) public() (processor.Answer, error) {
	status, known := statuses[w.Status]
	if !known {
		return processor.Answer{}, fmt.Errorf("sandbox: status %q is none of ours", w.Status)
	}
	a := processor.Answer{Status: status, Decline: w.Decline, Amount: w.Amount, Currency: w.Currency}
	if w.Next != nil {
		a.Next = processor.Next{Type: w.Next.Type, URL: w.Next.URL}
	}
	return a, nil
}

func lineOf(p processor.Payment) payment {
	return payment{
		Attempt: p.Attempt, Reference: p.Reference, Status: p.Status.String(), Amount: p.Amount, Currency: p.Currency,
		Refunded: p.Refunded, Disputed: p.Disputed, At: p.At.UnixMilli(),
	}
}

func (w *payment) public() (processor.Payment, error) {
	status, known := statuses[w.Status]
	if !known || w.Attempt == "" {
		return processor.Payment{}, fmt.Errorf("sandbox: a payment %q of status %q", w.Attempt, w.Status)
	}
	return processor.Payment{
		Attempt: w.Attempt, Reference: w.Reference, Status: status, Amount: w.Amount, Currency: w.Currency,
		Refunded: w.Refunded, Disputed: w.Disputed, At: time.UnixMilli(w.At),
	}, nil
}

// The words of the wire.
var (
	statuses = byName(processor.Opened, processor.Pending, processor.Challenge, processor.Captured, processor.Declined,
		processor.Cancelled)
	refundStatuses = byName(processor.RefundNone, processor.RefundPending, processor.Refunded, processor.RefundFailed)
	kinds          = map[string]processor.HintKind{
		"payment": processor.HintPayment, "refund": processor.HintRefund, "dispute": processor.HintDispute,
	}
)

func byName[S fmt.Stringer](all ...S) map[string]S {
	names := make(map[string]S, len(all))
	for _, s := range all {
		names[s.String()] = s
	}
	return names
}

func kindName(kind processor.HintKind) string {
	for name, k := range kinds {
		if k == kind {
			return name
		}
	}
	return "other"
}

// kindOf takes words of later builds for what is of no interest.
func kindOf(name string) processor.HintKind {
	if kind, ok := kinds[name]; ok {
		return kind
	}
	return processor.HintOther
}
