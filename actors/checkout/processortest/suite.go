package processortest

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"holdfast/actors/checkout/processor"
)

// Run holds an adapter of a bank over HTTP against every rule of the port. make gives a new bank, which ends with its
// test; one that lacks what a rule needs fails.
func Run(t *testing.T, make func(t *testing.T) *Bank) {
	RunInProcess(t, make)
	run(t, make, map[string]func(*scene){
		"an answer that is lost is unknown, and the next call tells": answersLost,
		"a line that is cut is unknown, and nothing was done":        lineCut,
	})
}

// RunInProcess holds an adapter of a bank in the same process against the rules; nothing can be lost on the way there.
func RunInProcess(t *testing.T, make func(t *testing.T) *Bank) {
	run(t, make, map[string]func(*scene){
		"opening twice gives one reference and takes nothing": openTwice,
		"charging twice charges once":                         chargeTwice,
		"a captured payment stays captured":                   capturedStays,
		"a declined payment stays declined":                   declinedStays,
		"a cancelled payment never takes money":               cancelledStays,
		"cancel and charge at once: one of them":              cancelAgainstCharge,
		"a challenge is passed, and only then charged":        challengePassed,
		"a challenge is failed":                               challengeFailed,
		"a challenge is passed, and the charge declined":      challengeDeclined,
		"a challenge is cancelled":                            challengeCancelled,
		"one refund id is one refund":                         refundTwice,
		"refunds in parts, and no more than came":             refundParts,
		"a refund that fails leaves the money for another":    refundFails,
		"a refund that is pending ends":                       refundPends,
		"what was not captured is not given back":             refundNothing,
		"a caller who gives up is told so":                    givenUp,
		"the list has every payment once":                     list,
		"events tell what happened":                           events,
		"amounts that cannot be charged are known before":     chargeable,
		"webhooks are proved":                                 webhooks,
	})
}

func run(t *testing.T, make func(t *testing.T) *Bank, rules map[string]func(*scene)) {
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			b := make(t)
			rule(&scene{t: t, b: b, p: b.Processor, currency: cmp.Or(b.Currency, "EUR")})
		})
	}
}

// scene is one test's bank, and short ways to ask it.
type scene struct {
	t        *testing.T
	b        *Bank
	p        processor.Processor
	currency string
}

const amount = 4500

// returnURL is where buyers come back to.
const returnURL = "https://tickets.example/back"

func attempt(n int) processor.AttemptID {
	return processor.AttemptID(fmt.Sprintf("3f2b7c4e-0000-4000-8000-000000000001.0.1.%d-1", n))
}

func (s *scene) need(what string, there bool) {
	s.t.Helper()
	if !there {
		s.t.Fatalf("the bank that the rule is tried on lacks a %s", what)
	}
}

func (s *scene) open(a processor.AttemptID) processor.Reference {
	s.t.Helper()
	ref, err := s.p.Open(s.t.Context(), processor.Opening{
		Attempt: a, Booking: "a booking", Amount: amount, Currency: s.currency,
	})
	if err != nil {
		s.t.Fatalf("open: %v", err)
	}
	if len(ref) == 0 || len(ref) > processor.ReferenceMax {
		s.t.Fatalf("reference %q", ref)
	}
	return ref
}

func (s *scene) charge(a processor.AttemptID, ref processor.Reference, token string) processor.Answer {
	s.t.Helper()
	answer, err := s.p.Charge(s.t.Context(), processor.Charge{
		Attempt: a, Reference: ref, Token: token, Return: returnURL,
	})
	if err != nil {
		s.t.Fatalf("charge: %v", err)
	}
	return answer
}

// charged opens a payment and charges it.
func (s *scene) charged(a processor.AttemptID, token string, want processor.Status) processor.Reference {
	s.t.Helper()
	ref := s.open(a)
	if got := s.charge(a, ref, token); got.Status != want {
		s.t.Fatalf("charged with %s it is %v, want %v", token, got.Status, want)
	}
	return ref
}

func (s *scene) cancel(a processor.AttemptID, ref processor.Reference) processor.Status {
	s.t.Helper()
	answer, err := s.p.Cancel(s.t.Context(), a, ref)
	if err != nil {
		s.t.Fatalf("cancel: %v", err)
	}
	return answer.Status
}

// stands asks for where the attempt is.
func (s *scene) stands(a processor.AttemptID, ref processor.Reference, want processor.Status) processor.Answer {
	s.t.Helper()
	answer, err := s.p.Lookup(s.t.Context(), a, ref)
	if err != nil || answer.Status != want {
		s.t.Fatalf("P6: it is %v, %v, want %v", answer.Status, err, want)
	}
	if answer.Amount != 0 && (answer.Amount != amount || answer.Currency != s.currency) {
		s.t.Errorf("P6: it is of %d %s", answer.Amount, answer.Currency)
	}
	return answer
}

func (s *scene) refund(
	a processor.AttemptID, ref processor.Reference, id string, amount int64, want processor.RefundStatus,
) {
	s.t.Helper()
	r := s.ofRefund(a, ref, id, amount)
	if got, err := s.p.Refund(s.t.Context(), r); err != nil || got != want {
		s.t.Fatalf("P6: refund %s of %d is %v, %v, want %v", id, amount, got, err, want)
	}
}

func (s *scene) ofRefund(a processor.AttemptID, ref processor.Reference, id string, amount int64) processor.Refund {
	return processor.Refund{
		ID: processor.RefundID(id), Attempt: a, Reference: ref, Amount: amount, Currency: s.currency,
	}
}

func (s *scene) refundStands(
	a processor.AttemptID,
	ref processor.Reference,
	id string,
	want ...processor.RefundStatus,
) {
	s.t.Helper()
	got, err := s.p.LookupRefund(s.t.Context(), s.ofRefund(a, ref, id, 0))
	for _, one := range want {
		if got == one && err == nil {
			return
		}
	}
	s.t.Fatalf("P6: refund %s is %v, %v, want one of %v", id, got, err, want)
}

// payments is the processor's own list.
func (s *scene) payments() map[processor.AttemptID]processor.Payment {
	s.t.Helper()
	all := map[processor.AttemptID]processor.Payment{}
	err := s.p.Payments(s.t.Context(), time.Now().Add(-time.Hour), func(p processor.Payment) error {
		if _, twice := all[p.Attempt]; twice {
			s.t.Errorf("P6: %s is listed twice", p.Attempt)
		}
		all[p.Attempt] = p
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// back is what the list says was given back of an attempt.
func (s *scene) back(a processor.AttemptID, want int64) {
	s.t.Helper()
	if got := s.payments()[a].Refunded; got != want {
		s.t.Errorf("P6: the list has %d given back, want %d", got, want)
	}
}

func openTwice(s *scene) {
	one := s.open(attempt(1))
	if again := s.open(attempt(1)); again != one {
		s.t.Errorf("P5: opened as %s, and again as %s", one, again)
	}
	if other := s.open(attempt(2)); other == one {
		s.t.Errorf("two attempts are %s", one)
	}
	s.stands(attempt(1), one, processor.Opened)
}

func chargeTwice(s *scene) {
	a := attempt(1)
	ref := s.open(a)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			c := processor.Charge{Attempt: a, Reference: ref, Token: s.b.Captured, Return: returnURL}
			answer, err := s.p.Charge(s.t.Context(), c)
			if err == nil && answer.Status != processor.Captured && answer.Status != processor.Pending {
				s.t.Errorf("P5: charged at once with others it is %v", answer.Status)
			}
		})
	}
	all.Wait()
	if got := s.charge(a, ref, s.b.Captured); got.Status != processor.Captured {
		s.t.Errorf("P5: charged again it is %v", got.Status)
	}
	if list := s.payments(); len(list) != 1 || list[a].Status != processor.Captured || list[a].Amount != amount {
		s.t.Errorf("P6: the list is %+v", list)
	}
}

func capturedStays(s *scene) {
	a := attempt(1)
	ref := s.charged(a, s.b.Captured, processor.Captured)
	if got := s.cancel(a, ref); got != processor.Captured {
		s.t.Errorf("P6: cancelled after its capture it is %v", got)
	}
	if got := s.charge(a, ref, s.b.Declined); got.Status != processor.Captured {
		s.t.Errorf("P6: charged again with what is declined it is %v", got.Status)
	}
	if again := s.open(a); again != ref {
		s.t.Errorf("P5: opened after its capture as %s, was %s", again, ref)
	}
	s.stands(a, ref, processor.Captured)
	s.refund(a, ref, "b-r1", amount, processor.Refunded)
	s.stands(a, ref, processor.Captured)
}

func declinedStays(s *scene) {
	a := attempt(1)
	ref := s.open(a)
	answer := s.charge(a, ref, s.b.Declined)
	if answer.Status != processor.Declined || answer.Decline == "" {
		s.t.Errorf("declined is %+v", answer)
	}
	for _, token := range []string{s.b.Declined, s.b.Captured, ""} {
		if got := s.charge(a, ref, token); got.Status != processor.Declined {
			s.t.Errorf("P6: a declined attempt charged with %q is %v", token, got.Status)
		}
	}
	s.stands(a, ref, processor.Declined)
	if got := s.cancel(a, ref); got != processor.Declined {
		s.t.Errorf("P6: a declined attempt cancelled is %v", got)
	}
	next := attempt(2) // of the same booking, for all that the bank knows
	s.charged(next, s.b.Captured, processor.Captured)
	s.stands(a, ref, processor.Declined)
}

func cancelledStays(s *scene) {
	a := attempt(1)
	ref := s.open(a)
	for range 2 {
		if got := s.cancel(a, ref); got != processor.Cancelled {
			s.t.Errorf("P6: cancelled it is %v", got)
		}
	}
	if got := s.charge(a, ref, s.b.Captured); got.Status != processor.Cancelled {
		s.t.Errorf("P6: charged after its cancel it is %v", got.Status)
	}
	if again := s.open(a); again != ref {
		s.t.Errorf("P6: opened after its cancel as %s, was %s", again, ref)
	}
	s.stands(a, ref, processor.Cancelled)
}

func cancelAgainstCharge(s *scene) {
	for n := range 8 {
		a := attempt(n)
		ref := s.open(a)
		var both sync.WaitGroup
		answers := [2]processor.Status{}
		both.Go(func() {
			answer, _ := s.p.Charge(s.t.Context(), // an error is Unknown, and the bank is asked below
				processor.Charge{Attempt: a, Reference: ref, Token: s.b.Captured, Return: returnURL})
			answers[0] = answer.Status
		})
		both.Go(func() {
			answer, _ := s.p.Cancel(s.t.Context(), a, ref) // likewise
			answers[1] = answer.Status
		})
		both.Wait()
		answer, err := s.p.Lookup(s.t.Context(), a, ref)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, one := range answers {
			if one.Terminal() && one != answer.Status {
				s.t.Errorf("P6: told %v, and it is %v", answers, answer.Status)
			}
		}
	}
}

// await asks until something is so: banks have clocks of their own.
func (s *scene) await(what string, so func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("never: %s", what)
		}
	}
}
