package sandbox

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/checkout/processor"
	"holdfast/storage"
)

func openAt(t testing.TB, path string) *Sandbox {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // closed already where the test closes it itself
	return s
}

func opened(t testing.TB, s *Sandbox, id processor.AttemptID) processor.Status {
	t.Helper()
	status, err := pay(t.Context(), s, id)
	if err != nil {
		t.Error(err)
	}
	return status
}

// reference is of a payment that is open, or gets opened.
func reference(t testing.TB, s *Sandbox, id processor.AttemptID) processor.Reference {
	t.Helper()
	ref, err := s.Open(t.Context(), processor.Opening{Attempt: id, Amount: 500, Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// paid opens a payment and charges it.
func paid(t testing.TB, s *Sandbox, id processor.AttemptID, token string) processor.Status {
	t.Helper()
	a, err := s.Charge(t.Context(), processor.Charge{Attempt: id, Reference: reference(t, s, id), Token: token})
	if (a.Status == processor.Unknown) != (err != nil) {
		t.Errorf("%s: %v with error %v", token, a.Status, err)
	}
	return a.Status
}

func refunded(t testing.TB, s *Sandbox, a processor.AttemptID, id string, amount int64) processor.RefundStatus {
	t.Helper()
	status, err := s.Refund(t.Context(), processor.Refund{
		ID: processor.RefundID(id), Attempt: a, Reference: reference(t, s, a), Amount: amount, Currency: "EUR",
	})
	if err != nil {
		t.Error(err)
	}
	return status
}

func look(ctx context.Context, s *Sandbox, id processor.AttemptID) (processor.Status, error) {
	p, _, err := s.books.get(ctx, string(id))
	if err != nil {
		return processor.Unknown, err
	}
	a, err := s.Lookup(ctx, id, p.reference())
	return a.Status, err
}

func lookup(t testing.TB, s *Sandbox, id processor.AttemptID) processor.Status {
	t.Helper()
	status, err := look(t.Context(), s, id)
	if err != nil {
		t.Error(err)
	}
	return status
}

// inBoth runs a test on a bank of each kind of books, with a clock of its own.
func inBoth(t *testing.T, test func(t *testing.T, s *Sandbox)) {
	t.Helper()
	t.Run("file", func(t *testing.T) { synctest.Test(t, func(t *testing.T) { test(t, openAt(t, "")) }) })
	t.Run("shared", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, OpenShared(&rows{})) })
	})
}

// TestFates walks the table of the package's comment: what Charge answers, and what stands afterwards, and once what
// takes time has happened.
func TestFates(t *testing.T) {
	inBoth(t, func(t *testing.T, s *Sandbox) {
		const unknown, declined, captured = processor.Unknown, processor.Declined, processor.Captured
		for token, want := range map[string][3]processor.Status{
			"tok_ok":                {captured, captured, captured},
			"tok_declined":          {declined, declined, declined},
			"tok_slow":              {captured, captured, captured},
			"tok_stall":             {unknown, processor.Pending, captured},
			"tok_unknown":           {unknown, captured, captured},
			"tok_lost":              {unknown, processor.Opened, processor.Opened},
			"tok_challenge":         {processor.Challenge, processor.Challenge, processor.Challenge},
			"tok_challenge_decline": {processor.Challenge, processor.Challenge, processor.Challenge},
			"tok_refund_fails":      {captured, captured, captured},
			"tok_refund_pending":    {captured, captured, captured},
			"tok_dispute":           {captured, captured, captured},
			"tok_webhook_twice":     {captured, captured, captured},
			"tok_webhook_late":      {captured, captured, captured},
			"tok_webhook_unordered": {captured, captured, captured},
			"tok_webhook_forged":    {captured, captured, captured},
			"tok_webhook_never":     {captured, captured, captured},
			"tok_nonsense":          {declined, declined, declined},
			"":                      {declined, declined, declined},
		} {
			id := processor.AttemptID(token + "-1")
			ctx, giveUp := context.WithTimeout(t.Context(), 3*time.Second)
			a, err := s.Charge(ctx, processor.Charge{Attempt: id, Reference: reference(t, s, id), Token: token})
			giveUp()
			if a.Status != want[0] || (err != nil) != (want[0] == unknown) {
				t.Errorf("%s answers %v, %v, want %v", token, a.Status, err, want[0])
			}
			if got := lookup(t, s, id); got != want[1] {
				t.Errorf("%s then is %v, want %v", token, got, want[1])
			}
			<-time.After(s.Stall)
			if got := lookup(t, s, id); got != want[2] {
				t.Errorf("%s in the end is %v, want %v", token, got, want[2])
			}
		}
	})
}

// TestEveryFateIsInTheTable: the code's table and the comment's have the same tokens, so that none is secret.
func TestEveryFateIsInTheTable(t *testing.T) {
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../../api/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for token := range fates {
		if !strings.Contains(string(comment), "//\t"+token+" ") {
			t.Errorf("doc.go says nothing of %s", token)
		}
		if !strings.Contains(string(readme), "`"+token+"`") {
			t.Errorf("api/README.md says nothing of %s", token)
		}
	}
}

// TestWhoGivesUpOnASlowChargeHasNotStoppedIt guards P6, and that a charge on its way cannot be cancelled.
func TestWhoGivesUpOnASlowChargeHasNotStoppedIt(t *testing.T) {
	inBoth(t, func(t *testing.T, s *Sandbox) {
		ref := reference(t, s, "p")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if a, err := s.Charge(ctx, processor.Charge{Attempt: "p", Reference: ref, Token: "tok_slow"}); err == nil {
			t.Errorf("cut short: %v", a)
		}
		if a, err := s.Cancel(t.Context(), "p", ref); a.Status != processor.Pending || err != nil {
			t.Errorf("P6: cancelled on its way: %v, %v", a, err)
		}
		<-time.After(s.Slow)
		if a, err := s.Cancel(t.Context(), "p", ref); a.Status != processor.Captured || err != nil {
			t.Errorf("P6: cancelled after it was captured: %v, %v", a, err)
		}
	})
}

// TestCancelledPaymentsTakeNoMoney guards P6: whatever comes later.
func TestCancelledPaymentsTakeNoMoney(t *testing.T) {
	inBoth(t, func(t *testing.T, s *Sandbox) {
		for _, token := range []string{"", "tok_challenge", "tok_lost"} {
			id := processor.AttemptID(token + "!")
			ref := reference(t, s, id)
			if token != "" {
				paid(t, s, id, token)
			}
			if a, err := s.Cancel(t.Context(), id, ref); a.Status != processor.Cancelled || err != nil {
				t.Fatalf("%s: %v, %v", token, a, err)
			}
			if _, err := s.AnswerChallenge(t.Context(), id, ref, true); err != nil {
				t.Error(err)
			}
			if got := paid(t, s, id, "tok_ok"); got != processor.Cancelled {
				t.Errorf("P6: %s: cancelled, then charged: %v", token, got)
			}
		}
	})
}

// TestChallenges: a buyer who passes is charged by the next Charge, and by nothing else (P6).
func TestChallenges(t *testing.T) {
	inBoth(t, func(t *testing.T, s *Sandbox) {
		for _, row := range []struct {
			token  string
			pass   bool
			passed processor.Status
			end    processor.Status
		}{
			{"tok_challenge", true, processor.Opened, processor.Captured},
			{"tok_challenge", false, processor.Declined, processor.Declined},
			{"tok_challenge_decline", true, processor.Opened, processor.Declined},
		} {
			id := processor.AttemptID(row.token + map[bool]string{true: "+", false: "-"}[row.pass])
			ref := reference(t, s, id)
			paid(t, s, id, row.token)
			if got := paid(t, s, id, ""); got != processor.Challenge {
				t.Errorf("P6: charged past its challenge: %v", got)
			}
			if _, err := s.AnswerChallenge(t.Context(), id, ref, row.pass); err != nil {
				t.Error(err)
			}
			if got := lookup(t, s, id); got != row.passed {
				t.Errorf("%s: answered with %v it is %v", row.token, row.pass, got)
			}
			if got := paid(t, s, id, ""); got != row.end {
				t.Errorf("%s: in the end it is %v", row.token, got)
			}
		}
	})
}

// TestRefunds guards P6: one id has one effect, and no more goes back than came.
func TestRefunds(t *testing.T) {
	const failed, pending, done = processor.RefundFailed, processor.RefundPending, processor.Refunded
	type step struct {
		id     string
		amount int64
		want   processor.RefundStatus
	}
	for token, steps := range map[string][]step{
		"tok_ok": {{"r1", 200, done}, {"r1", 200, done}, {"r2", 301, failed}, {"r2", 1, failed}, {"r3", 300, done},
			{"r4", 1, failed}, {"r5", 0, failed}, {"r6", -1, failed}},
		"tok_refund_fails":   {{"r1", 500, failed}, {"r1", 500, failed}, {"r2", 500, done}},
		"tok_refund_pending": {{"r1", 400, pending}, {"r2", 101, failed}, {"r3", 100, pending}, {"r1", 400, pending}},
		"tok_declined":       {{"r1", 500, failed}},
	} {
		inBoth(t, func(t *testing.T, s *Sandbox) {
			paid(t, s, "p", token)
			for i, step := range steps {
				if got := refunded(t, s, "p", step.id, step.amount); got != step.want {
					t.Errorf("P6: %s, step %d: %v", token, i, got)
				}
			}
			<-time.After(s.RefundDelay)
			r := processor.Refund{ID: "r1", Attempt: "p", Reference: reference(t, s, "p")}
			want := steps[0].want
			if want == pending {
				want = done
			}
			if got, err := s.LookupRefund(t.Context(), r); got != want || err != nil {
				t.Errorf("%s: in the end r1 is %v, %v", token, got, err)
			}
			r.ID = "never"
			if got, err := s.LookupRefund(t.Context(), r); got != processor.RefundNone || err != nil {
				t.Errorf("%s: a refund nobody asked for is %v, %v", token, got, err)
			}
		})
	}
}

// TestBooksSurvive: captured once, refunded once, whatever is repeated and however the file ended (P6).
func TestBooksSurvive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	s := openAt(t, path)
	paid(t, s, "kept", "tok_challenge")
	paid(t, s, "back", "tok_ok")
	refunded(t, s, "back", "r1", 200)
	ref := reference(t, s, "kept")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(whole, `{"id":"torn","sta`...), 0o600); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	if got := reference(t, s, "kept"); got != ref {
		t.Errorf("P6: opened as %s, and after a restart as %s", ref, got)
	}
	if _, err := s.AnswerChallenge(t.Context(), "kept", ref, true); err != nil {
		t.Error(err)
	}
	if got := paid(t, s, "kept", ""); got != processor.Captured {
		t.Errorf("a challenge that was passed after a restart: %v", got)
	}
	if got := refunded(t, s, "back", "r1", 500); got != processor.Refunded {
		t.Errorf("P6: a repeat is %v", got)
	}
	payments, _, err := Ledger(path)
	if err != nil || len(payments) != 2 {
		t.Fatalf("%d payments in the ledger (%v): %v", len(payments), err, payments)
	}
	for i := range payments {
		if p := payments[i].Public(time.Now()); p.Status != processor.Captured || p.Refunded != payments[i].given() {
			t.Errorf("%+v", p)
		}
	}
}

// TestBooksOfEarlierBuilds: a payment of before the attempts is known by the booking's id (P6).
func TestBooksOfEarlierBuilds(t *testing.T) {
	lines := `{"id":"b1","status":"charged","amount":500,"currency":"EUR"}
{"id":"b2","status":"declined","amount":500,"currency":"EUR"}
{"id":"b3","status":"refunded","amount":500,"currency":"EUR"}
`
	shared := &rows{all: map[string]storage.PaymentRow{
		"b1": {ID: "b1", Status: "charged", Amount: 500, Currency: "EUR"},
		"b2": {ID: "b2", Status: "declined", Amount: 500, Currency: "EUR"},
		"b3": {ID: "b3", Status: "refunded", Amount: 500, Currency: "EUR"},
	}}
	for what, s := range map[string]*Sandbox{"file": openAt(t, ledgerOf(t, lines)), "rows": OpenShared(shared)} {
		ctx := t.Context()
		for id, want := range map[processor.AttemptID]processor.Status{
			"b1": processor.Captured, "b2": processor.Declined, "b3": processor.Captured,
		} {
			a, err := s.Charge(ctx, processor.Charge{Attempt: id, Reference: processor.Reference(id), Token: "tok_ok"})
			if a.Status != want || err != nil {
				t.Errorf("P6: %s: %s is %v, %v", what, id, a, err)
			}
		}
		for range 2 {
			for _, id := range []processor.AttemptID{"b1", "b3"} {
				r := processor.Refund{
					ID:        processor.RefundID(id) + "-r1",
					Attempt:   id,
					Reference: processor.Reference(id),
					Amount:    500,
					Currency:  "EUR",
				}
				if got, err := s.Refund(ctx, r); got != processor.Refunded || err != nil {
					t.Errorf("P6: %s: %s given back: %v, %v", what, id, got, err)
				}
			}
		}
		var back int64
		err := s.Payments(ctx, time.Now(), func(p processor.Payment) error {
			back += p.Refunded
			return nil
		})
		if back != 1000 || err != nil {
			t.Errorf("P6: %s: %d given back, %v", what, back, err)
		}
	}
}

// TestEventsTellWhatNoWebhookTold: each change once or more, under one id, and never a name of a token.
func TestEventsTellWhatNoWebhookTold(t *testing.T) {
	inBoth(t, func(t *testing.T, s *Sandbox) {
		cursor, err := s.Events(t.Context(), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		paid(t, s, "p", "tok_webhook_never")
		paid(t, s, "d", "tok_dispute")
		paid(t, s, "r", "tok_refund_pending")
		refunded(t, s, "r", "r1", 500)
		events := func() (hints []processor.Hint) {
			cursor, err = s.Events(t.Context(), cursor, func(h processor.Hint) error {
				hints = append(hints, h)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			return hints
		}
		first := events()
		kinds := map[processor.AttemptID]processor.HintKind{}
		for _, h := range first {
			kinds[h.Attempt] = h.Kind
		}
		want := map[processor.AttemptID]processor.HintKind{
			"p": processor.HintPayment, "d": processor.HintDispute, "r": processor.HintRefund,
		}
		if !maps.Equal(kinds, want) {
			t.Errorf("told of %v", kinds)
		}
		<-time.After(s.RefundDelay)
		second := events()
		if !slices.ContainsFunc(second, func(h processor.Hint) bool {
			return h.Attempt == "r" && !slices.Contains(first, h)
		}) {
			t.Errorf("the refund's end is not told: %v", second)
		}
		<-time.After(time.Hour)
		events()
		<-time.After(time.Hour)
		if idle := events(); len(idle) != 0 {
			t.Errorf("told again for ever: %v", idle)
		}
		if _, err := s.Events(t.Context(), "nonsense", nil); err == nil {
			t.Error("a cursor of somebody else's")
		}
	})
}
