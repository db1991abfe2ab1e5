package oldsandbox

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/checkout"
	"holdfast/storage"
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
	t.Run("file", func(t *testing.T) { tokens(t, open(t, "")) })
	t.Run("shared", func(t *testing.T) { tokens(t, OpenShared(&rows{})) })
}

func tokens(t *testing.T, s *Sandbox) {
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
		if status, err := s.Charge(ctx, checkout.Charge{ID: "p", Token: "tok_slow"}); status != checkout.Unknown ||
			err == nil {
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

// rows is a store's payments as the port describes them. While away is set nothing answers.
type rows struct {
	mu   sync.Mutex
	all  map[string]storage.PaymentRow
	away bool
}

func (r *rows) PutPayment(_ context.Context, p storage.PaymentRow, over ...string) (storage.PaymentRow, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return storage.PaymentRow{}, storage.ErrUnavailable
	}
	if stands, ok := r.all[p.ID]; ok && !slices.Contains(over, stands.Status) {
		return stands, nil
	}
	if r.all == nil {
		r.all = map[string]storage.PaymentRow{}
	}
	r.all[p.ID] = p
	return p, nil
}

func (r *rows) Payment(_ context.Context, id string) (storage.PaymentRow, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.all[id]
	switch {
	case r.away:
		return p, storage.ErrUnavailable
	case !ok:
		return p, storage.ErrNotFound
	}
	return p, nil
}

func (r *rows) Payments(_ context.Context, visit func(storage.PaymentRow) error) error {
	for _, id := range slices.Sorted(maps.Keys(r.all)) {
		if err := visit(r.all[id]); err != nil {
			return err
		}
	}
	return nil
}

// TestSharedBooks: P6, two processes on one store are one processor: a payment is charged once and given back once,
// whoever asks.
func TestSharedBooks(t *testing.T) {
	ctx, shared := context.Background(), &rows{}
	a, b := OpenShared(shared), OpenShared(shared)
	if got := charge(t, a, "p", "tok_declined"); got != checkout.Declined {
		t.Errorf("declined: %v", got)
	}
	var all sync.WaitGroup
	for _, s := range []*Sandbox{a, b} {
		all.Go(func() {
			if got := charge(t, s, "p", "tok_ok"); got != checkout.Charged {
				t.Errorf("P6: charged by two at once: %v", got)
			}
		})
	}
	all.Wait()
	if got := lookup(t, b, "p"); got != checkout.Charged || len(shared.all) != 1 || shared.all["p"].Amount != 500 {
		t.Errorf("P6: %v in %v", got, shared.all)
	}
	for _, s := range []*Sandbox{b, a} {
		if got, err := s.Refund(ctx, "p"); got != checkout.Refunded || err != nil {
			t.Errorf("P6: given back: %v %v", got, err)
		}
	}
	if got := charge(t, a, "p", "tok_ok"); got != checkout.Refunded {
		t.Errorf("P6: charged again after its money went back: %v", got)
	}
	if got, err := b.Refund(ctx, "never"); got != checkout.NotFound || err != nil {
		t.Errorf("a payment nobody made: %v %v", got, err)
	}
	shared.away = true
	for what, call := range map[string]func() (checkout.Status, error){
		"charge": func() (checkout.Status, error) { return a.Charge(ctx, checkout.Charge{ID: "q", Token: "tok_ok"}) },
		"lookup": func() (checkout.Status, error) { return a.Lookup(ctx, "p") },
		"refund": func() (checkout.Status, error) { return a.Refund(ctx, "p") },
	} {
		if got, err := call(); got != checkout.Unknown || !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("P6: %s without its books: %v %v", what, got, err)
		}
	}
}
