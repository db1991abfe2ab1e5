package sandbox

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"holdfast/actors/checkout/processor"
	"holdfast/storage"
)

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
	if stands, ok := r.all[p.ID]; ok && !slices.Contains(over, stands.State()) {
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
	r.mu.Lock()
	all := maps.Clone(r.all)
	r.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if err := visit(all[id]); err != nil {
			return err
		}
	}
	return nil
}

// TestSharedBooks: P6, two processes on one store are one processor: a payment is captured once and given back once,
// whoever asks; refunds of both at once do not exceed it.
func TestSharedBooks(t *testing.T) {
	ctx, shared := t.Context(), &rows{}
	a, b := OpenShared(shared), OpenShared(shared)
	var all sync.WaitGroup
	var back sync.Map
	for i, s := range []*Sandbox{a, b, a, b} {
		all.Go(func() {
			if got := paid(t, s, "p", "tok_ok"); got != processor.Captured {
				t.Errorf("P6: charged by several at once: %v", got)
			}
			id := "r" + string(rune('0'+i))
			back.Store(id, refunded(t, s, "p", id, 200))
		})
	}
	all.Wait()
	done := 0
	back.Range(func(_, status any) bool {
		if status == processor.Refunded {
			done++
		}
		return true
	})
	if stands := shared.all["p"]; done != 2 || stands.Status != "captured" || stands.Amount != 500 {
		t.Errorf("P6: %d refunds of 200 of 500: %+v", done, stands)
	}
	ref := reference(t, a, "p")
	shared.away = true
	refund := processor.Refund{ID: "r", Attempt: "p", Reference: ref, Amount: 1, Currency: "EUR"}
	for what, call := range map[string]func() error{
		"open": func() error {
			_, err := a.Open(ctx, processor.Opening{Attempt: "q", Amount: 1, Currency: "EUR"})
			return err
		},
		"charge": func() error {
			_, err := a.Charge(ctx, processor.Charge{Attempt: "p", Reference: ref, Token: "tok_ok"})
			return err
		},
		"lookup": func() error { _, err := a.Lookup(ctx, "p", ref); return err },
		"cancel": func() error { _, err := a.Cancel(ctx, "p", ref); return err },
		"refund": func() error { _, err := a.Refund(ctx, refund); return err },
	} {
		if err := call(); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("P6: %s without its books: %v", what, err)
		}
	}
}
