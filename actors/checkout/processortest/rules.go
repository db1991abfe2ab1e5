package processortest

import (
	"context"
	"errors"
	"net/url"
	"time"

	"holdfast/actors/checkout/processor"
)

// challenged is an attempt whose buyer is asked.
func (s *scene) challenged(a processor.AttemptID, token string) (processor.Reference, string) {
	s.t.Helper()
	s.need("challenge", token != "" && s.b.Answer != nil)
	ref := s.open(a)
	for range 2 { // a reload
		answer := s.charge(a, ref, token)
		if answer.Status != processor.Challenge {
			s.t.Fatalf("charged with %s it is %v", token, answer.Status)
		}
		if u, err := url.Parse(answer.Next.URL); err != nil || u.Host == "" || answer.Next.Type != "redirect_to_url" {
			s.t.Fatalf("the buyer is sent to %+v", answer.Next)
		}
	}
	return ref, s.stands(a, ref, processor.Challenge).Next.URL
}

func challengePassed(s *scene) {
	a := attempt(1)
	ref, where := s.challenged(a, s.b.Challenge)
	s.b.Answer(s.t, ref, where, true)
	s.stands(a, ref, processor.Opened) // P6: what a browser did has charged nothing
	for range 2 {
		if got := s.charge(a, ref, ""); got.Status != processor.Captured {
			s.t.Fatalf("charged after its challenge it is %v", got.Status)
		}
	}
	s.stands(a, ref, processor.Captured)
}

func challengeFailed(s *scene) {
	a := attempt(1)
	ref, where := s.challenged(a, s.b.Challenge)
	s.b.Answer(s.t, ref, where, false)
	s.stands(a, ref, processor.Declined)
	for _, token := range []string{"", s.b.Captured} {
		if got := s.charge(a, ref, token); got.Status != processor.Declined {
			s.t.Errorf("P6: a failed challenge charged with %q is %v", token, got.Status)
		}
	}
}

func challengeDeclined(s *scene) {
	a := attempt(1)
	ref, where := s.challenged(a, s.b.ChallengeDeclined)
	s.b.Answer(s.t, ref, where, true)
	if got := s.charge(a, ref, ""); got.Status != processor.Declined {
		s.t.Fatalf("charged after its challenge it is %v", got.Status)
	}
	s.stands(a, ref, processor.Declined)
}

func challengeCancelled(s *scene) {
	a := attempt(1)
	ref, where := s.challenged(a, s.b.Challenge)
	if got := s.cancel(a, ref); got != processor.Cancelled {
		s.t.Fatalf("P6: cancelled it is %v", got)
	}
	s.b.Answer(s.t, ref, where, true) // the buyer's page is still open
	if got := s.charge(a, ref, ""); got.Status != processor.Cancelled {
		s.t.Errorf("P6: charged after its cancel it is %v", got.Status)
	}
	s.stands(a, ref, processor.Cancelled)
}

func refundTwice(s *scene) {
	a := attempt(1)
	ref := s.charged(a, s.b.Captured, processor.Captured)
	s.refundStands(a, ref, "b-r1", processor.RefundNone)
	for range 3 {
		s.refund(a, ref, "b-r1", 1000, processor.Refunded)
	}
	s.refundStands(a, ref, "b-r1", processor.Refunded)
	s.back(a, 1000)
}

func refundParts(s *scene) {
	a := attempt(1)
	ref := s.charged(a, s.b.Captured, processor.Captured)
	s.refund(a, ref, "b-r1", 1000, processor.Refunded)
	s.refund(a, ref, "b-r2", amount-1000+1, processor.RefundFailed)
	s.back(a, 1000)
	s.refund(a, ref, "b-r3", 500, processor.Refunded)
	s.refund(a, ref, "b-r4", amount-1500, processor.Refunded)
	s.refund(a, ref, "b-r5", 1, processor.RefundFailed)
	s.refundStands(a, ref, "b-r2", processor.RefundFailed, processor.RefundNone)
	for _, id := range []string{"b-r1", "b-r3", "b-r4"} {
		s.refundStands(a, ref, id, processor.Refunded)
	}
	s.back(a, amount)
}

func refundFails(s *scene) {
	s.need("token whose refund fails", s.b.RefundFails != "")
	a := attempt(1)
	ref := s.charged(a, s.b.RefundFails, processor.Captured)
	s.refund(a, ref, "b-r1", amount, processor.RefundFailed)
	s.back(a, 0)
	s.refund(a, ref, "b-r1", amount, processor.RefundFailed)
	s.refund(a, ref, "b-r2", amount, processor.Refunded)
	s.refundStands(a, ref, "b-r1", processor.RefundFailed)
	s.back(a, amount)
}

func refundPends(s *scene) {
	s.need("token whose refund is pending", s.b.RefundPending != "")
	a := attempt(1)
	ref := s.charged(a, s.b.RefundPending, processor.Captured)
	s.refund(a, ref, "b-r1", amount, processor.RefundPending)
	s.back(a, amount)
	s.refund(a, ref, "b-r2", 1, processor.RefundFailed) // P6: money on its way back is not given again
	s.b.SettleRefunds(s.t)
	s.await("the refund ends", func() bool {
		got, err := s.p.LookupRefund(s.t.Context(), s.ofRefund(a, ref, "b-r1", amount))
		return err == nil && got == processor.Refunded
	})
	s.refund(a, ref, "b-r1", amount, processor.Refunded)
	s.back(a, amount)
}

func refundNothing(s *scene) {
	declined := s.charged(attempt(1), s.b.Declined, processor.Declined)
	cancelled := s.open(attempt(2))
	s.cancel(attempt(2), cancelled)
	opened := s.open(attempt(3))
	for a, ref := range map[processor.AttemptID]processor.Reference{
		attempt(1): declined, attempt(2): cancelled, attempt(3): opened,
	} {
		got, err := s.p.Refund(s.t.Context(), s.ofRefund(a, ref, string(a)+"-r1", 1))
		if err == nil && got != processor.RefundFailed {
			s.t.Errorf("P6: money that never came goes back: %v", got)
		}
		s.back(a, 0)
	}
	s.stands(attempt(3), opened, processor.Opened)
}

// answersLost: of each call the answer is lost. It is done all the same, and asked again it is told.
func answersLost(s *scene) {
	s.need("line", s.b.Line != nil)
	a := attempt(1)
	lost := func(what string, call func() error) {
		s.t.Helper()
		s.b.Line.Loses(func() {
			if err := call(); err == nil {
				s.t.Errorf("P6: %s: the answer is lost, and something was heard", what)
			}
		})
	}
	ctx := s.t.Context()
	opening := processor.Opening{Attempt: a, Booking: "a booking", Amount: amount, Currency: s.currency}
	lost("open", func() error { _, err := s.p.Open(ctx, opening); return err })
	ref := s.open(a)
	lost("charge", func() error {
		answer, err := s.p.Charge(
			ctx,
			processor.Charge{Attempt: a, Reference: ref, Token: s.b.Captured, Return: returnURL},
		)
		if answer.Status != processor.Unknown {
			s.t.Errorf("P6: a lost charge is %v", answer.Status)
		}
		return err
	})
	s.stands(a, ref, processor.Captured)
	refund := s.ofRefund(a, ref, "b-r1", 1000)
	lost("refund", func() error {
		got, err := s.p.Refund(ctx, refund)
		if got != processor.RefundUnknown {
			s.t.Errorf("P6: a lost refund is %v", got)
		}
		return err
	})
	s.refundStands(a, ref, "b-r1", processor.Refunded)
	s.refund(a, ref, "b-r1", 1000, processor.Refunded)
	s.back(a, 1000)
	other := s.open(attempt(2))
	lost("cancel", func() error { _, err := s.p.Cancel(ctx, attempt(2), other); return err })
	s.stands(attempt(2), other, processor.Cancelled)
	if list := s.payments(); len(list) != 2 {
		s.t.Errorf("P5: %d payments of two attempts", len(list))
	}
}

// lineCut: what does not reach the bank, or what the bank fails at, is an error and never a decline.
func lineCut(s *scene) {
	s.need("line", s.b.Line != nil)
	a := attempt(1)
	ref := s.open(a)
	ctx := s.t.Context()
	cursor, err := s.p.Events(ctx, "", func(processor.Hint) error { return nil })
	if err != nil {
		s.t.Fatal(err)
	}
	calls := map[string]func() error{
		"open": func() error {
			_, err := s.p.Open(ctx, processor.Opening{Attempt: attempt(2), Amount: amount, Currency: s.currency})
			return err
		},
		"charge": func() error {
			_, err := s.p.Charge(
				ctx,
				processor.Charge{Attempt: a, Reference: ref, Token: s.b.Captured, Return: returnURL},
			)
			return err
		},
		"lookup":        func() error { _, err := s.p.Lookup(ctx, a, ref); return err },
		"cancel":        func() error { _, err := s.p.Cancel(ctx, a, ref); return err },
		"refund":        func() error { _, err := s.p.Refund(ctx, s.ofRefund(a, ref, "b-r1", 1)); return err },
		"lookup refund": func() error { _, err := s.p.LookupRefund(ctx, s.ofRefund(a, ref, "b-r1", 1)); return err },
		"payments": func() error {
			return s.p.Payments(ctx, time.Time{}, func(processor.Payment) error { return nil })
		},
		"events": func() error {
			_, err := s.p.Events(ctx, cursor, func(processor.Hint) error { return nil })
			return err
		},
	}
	for how, during := range map[string]func(func()){"cut": s.b.Line.Refuses, "in trouble": s.b.Line.Fails} {
		for what, call := range calls {
			during(func() {
				if err := call(); err == nil {
					s.t.Errorf("P6: %s with the bank %s is no error", what, how)
				}
			})
		}
	}
	s.stands(a, ref, processor.Opened)
	if got := s.charge(a, ref, s.b.Captured); got.Status != processor.Captured {
		s.t.Errorf("P6: charged once the bank answers it is %v", got.Status)
	}
}

func givenUp(s *scene) {
	a := attempt(1)
	ref := s.open(a)
	ctx, cancel := context.WithCancel(s.t.Context())
	cancel()
	answer, err := s.p.Charge(ctx, processor.Charge{Attempt: a, Reference: ref, Token: s.b.Captured, Return: returnURL})
	if err != nil && answer.Status != processor.Unknown {
		s.t.Errorf("P6: %v with error %v", answer.Status, err)
	}
	if err == nil && answer.Status != processor.Captured {
		s.t.Errorf("P6: given up on it is %v", answer.Status)
	}
}

// errEnough ends a visit.
var errEnough = errors.New("enough")

// list: more payments than fit on a page of any bank of ours.
func list(s *scene) {
	const payments = 130
	want := map[processor.AttemptID]processor.Status{}
	for n := range payments {
		a := attempt(n)
		switch n % 4 {
		case 0:
			s.charged(a, s.b.Captured, processor.Captured)
			want[a] = processor.Captured
		case 1:
			s.charged(a, s.b.Declined, processor.Declined)
			want[a] = processor.Declined
		case 2:
			s.cancel(a, s.open(a))
			want[a] = processor.Cancelled
		default:
			s.open(a)
			want[a] = processor.Opened
		}
	}
	got := s.payments()
	for a, status := range want {
		if p := got[a]; p.Status != status || p.Amount != amount || p.Currency != s.currency || p.Reference == "" {
			s.t.Errorf("P6: the list has %s as %+v, want %v", a, p, status)
		}
	}
	if len(got) != payments {
		s.t.Errorf("P6: %d payments in the list, %d were opened", len(got), payments)
	}
	listInOrder(s)
}

// listInOrder: oldest first, from a time on, until the visitor has enough.
func listInOrder(s *scene) {
	var last time.Time
	seen := 0
	err := s.p.Payments(s.t.Context(), time.Time{}, func(p processor.Payment) error {
		if p.At.Before(last) {
			s.t.Errorf("not oldest first: %v after %v", p.At, last)
		}
		last = p.At
		if seen++; seen == 3 {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) || seen != 3 {
		s.t.Errorf("a visit that ends: %d visits, %v", seen, err)
	}
	err = s.p.Payments(s.t.Context(), time.Now().Add(time.Hour), func(p processor.Payment) error {
		s.t.Errorf("listed although older: %+v", p)
		return nil
	})
	if err != nil {
		s.t.Error(err)
	}
}

func events(s *scene) {
	s.open(attempt(0))
	cursor, err := s.p.Events(s.t.Context(), "", func(h processor.Hint) error {
		s.t.Errorf("told of %+v before now", h)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	kinds := map[processor.AttemptID]processor.HintKind{}
	ids := map[string]processor.AttemptID{}
	read := func() {
		cursor, err = s.p.Events(s.t.Context(), cursor, func(h processor.Hint) error {
			if of, twice := ids[h.ID]; h.ID == "" || twice && of != h.Attempt {
				s.t.Errorf("an id of two: %+v", h)
			}
			ids[h.ID] = h.Attempt
			kinds[h.Attempt] = max(kinds[h.Attempt], h.Kind)
			return nil
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	paid := s.charged(attempt(1), s.b.Captured, processor.Captured)
	s.await("the capture is told", func() bool { read(); _, ok := kinds[attempt(1)]; return ok })
	s.refund(attempt(1), paid, "b-r1", 1000, processor.Refunded)
	s.await("the refund is told", func() bool { read(); return kinds[attempt(1)] == processor.HintRefund })
	if s.b.Dispute != "" {
		s.charged(attempt(2), s.b.Dispute, processor.Captured)
		s.await("the dispute is told", func() bool { read(); return kinds[attempt(2)] == processor.HintDispute })
		if !s.payments()[attempt(2)].Disputed {
			s.t.Error("the list knows of no dispute")
		}
	}
}

func chargeable(s *scene) {
	if err := s.p.Chargeable(amount, s.currency); err != nil {
		s.t.Errorf("%d %s: %v", amount, s.currency, err)
	}
	for _, row := range []struct {
		amount   int64
		currency string
	}{{0, s.currency}, {-1, s.currency}, {amount, ""}, {amount, "EURO"}} {
		if s.p.Chargeable(row.amount, row.currency) == nil {
			s.t.Errorf("%d %q can be charged", row.amount, row.currency)
		}
		opening := processor.Opening{Attempt: attempt(1), Amount: row.amount, Currency: row.currency}
		if ref, err := s.p.Open(s.t.Context(), opening); err == nil {
			s.t.Errorf("%d %q was opened as %s", row.amount, row.currency, ref)
		}
	}
	if list := s.payments(); len(list) != 0 {
		s.t.Errorf("P6: %v", list)
	}
}
