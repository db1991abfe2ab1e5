package copier

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/storage"
)

// payments are both sides' books before the run.
type payments struct {
	into storage.Payments
	from map[string]storage.PaymentRow
	to   map[string]storage.PaymentRow
}

// lookAtPayments reads both books and refuses when they speak of other money. nil: one side keeps none.
func lookAtPayments(ctx context.Context, from Source, to Target) (*payments, error) {
	source, ok := from.(storage.Payments)
	target, too := to.(storage.Payments)
	if !ok || !too {
		return nil, nil
	}
	p := &payments{into: target}
	var err error
	if p.from, err = books(ctx, source); err != nil {
		return nil, fmt.Errorf("payments of the source: %w", err)
	}
	if p.to, err = books(ctx, target); err != nil {
		return nil, fmt.Errorf("payments of the target: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(p.from)) {
		here := p.from[id]
		if there, stands := p.to[id]; stands && (there.Amount != here.Amount || there.Currency != here.Currency) {
			return nil, &PaymentError{ID: id}
		}
	}
	return p, nil
}

func books(ctx context.Context, s storage.Payments) (map[string]storage.PaymentRow, error) {
	rows := map[string]storage.PaymentRow{}
	err := s.Payments(ctx, func(row storage.PaymentRow) error {
		rows[row.ID] = row
		return nil
	})
	return rows, err
}

// movePayments writes the source's word on each payment. Over another status it wins: every log of the target is a
// beginning of the source's, so the target's word is the older one.
func (r *run) movePayments(ctx context.Context) error {
	if r.payments == nil {
		return nil
	}
	p := r.payments
	ids := slices.Sorted(maps.Keys(p.from))
	return r.each(ctx, len(ids), func(ctx context.Context, i int) error {
		here := p.from[ids[i]]
		there, stands := p.to[here.ID]
		var over []string
		if stands {
			over = append(over, there.State())
		}
		if there != here {
			if _, err := p.into.PutPayment(ctx, here, over...); err != nil {
				return fmt.Errorf("payment %q: %w", here.ID, err)
			}
		}
		r.count(func(report *Report) { report.Payments.add(1, bit(there != here)) })
		return nil
	})
}

func (r *run) verifyPayments(ctx context.Context) error {
	if r.payments == nil {
		return nil
	}
	there, err := books(ctx, r.payments.into)
	if err != nil {
		return fmt.Errorf("payments of the target: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(r.payments.from)) {
		if here := r.payments.from[id]; there[id] != here {
			r.differ("payment %q is %+v, not %+v", id, there[id], here)
		}
	}
	return nil
}
