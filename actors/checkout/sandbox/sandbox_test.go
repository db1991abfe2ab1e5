package sandbox

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/checkout"
)

func charge(t *testing.T, s *Sandbox, id checkout.PaymentID, token string) checkout.Status {
	t.Helper()
	status, err := s.Charge(context.Background(), checkout.Charge{ID: id, Amount: 500, Currency: "EUR", Token: token})
	if (status == checkout.Unknown) != (err != nil) {
		t.Errorf("%s: %v with error %v", token, status, err)
	}
	return status
}

func lookup(t *testing.T, s *Sandbox, id checkout.PaymentID) checkout.Status {
	t.Helper()
	status, err := s.Lookup(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func open(t *testing.T, path string) *Sandbox {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // closed already where the test closes it itself
	return s
}

func TestTokens(t *testing.T) {
	s := open(t, "")
	s.Slow = 0
	for token, want := range map[string][2]checkout.Status{
		"tok_ok":       {checkout.Charged, checkout.Charged},
		"tok_declined": {checkout.Declined, checkout.Declined},
		"tok_slow":     {checkout.Charged, checkout.Charged},
		"tok_unknown":  {checkout.Unknown, checkout.Charged},
		"tok_lost":     {checkout.Unknown, checkout.NotFound},
		"nonsense":     {checkout.Declined, checkout.Declined},
	} {
		id := checkout.PaymentID(token)
		if got := charge(t, s, id, token); got != want[0] {
			t.Errorf("%s answers %v, want %v", token, got, want[0])
		}
		if got := lookup(t, s, id); got != want[1] {
			t.Errorf("%s looked up is %v, want %v", token, got, want[1])
		}
	}
}

// TestSlowChargeGoesOnAlone: P6, who stops waiting has not stopped the charge.
func TestSlowChargeGoesOnAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, "")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if status, err := s.Charge(ctx, checkout.Charge{ID: "p", Token: "tok_slow"}); status != checkout.Unknown || err == nil {
			t.Errorf("cut short: %v %v", status, err)
		}
		synctest.Wait()
		if got := lookup(t, s, "p"); got != checkout.Charged {
			t.Errorf("later it is %v", got)
		}
	})
}

// TestLedgerSurvives: charged once, refunded once, whatever is repeated and however the file ended.
func TestLedgerSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	s := open(t, path)
	charge(t, s, "kept", "tok_ok")
	charge(t, s, "back", "tok_ok")
	for range 2 {
		if status, err := s.Refund(context.Background(), "back"); status != checkout.Refunded || err != nil {
			t.Errorf("refund: %v %v", status, err)
		}
	}
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
	s = open(t, path)
	if got := charge(t, s, "back", "tok_ok"); got != checkout.Refunded {
		t.Errorf("a refunded payment charged again is %v", got)
	}
	if got := charge(t, s, "kept", "tok_declined"); got != checkout.Charged {
		t.Errorf("a charged payment declined is %v", got)
	}
	charge(t, s, "new", "tok_ok")
	payments, _, err := Ledger(path)
	if err != nil || len(payments) != 3 {
		t.Errorf("%d payments in the ledger (%v): %v", len(payments), err, payments)
	}
}
