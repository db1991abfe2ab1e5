package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"holdfast/storage"
)

// sharedBooks are rows of a store. The store alone decides what stands: nothing is remembered here, for another process
// may have written since.
type sharedBooks struct{ rows storage.Payments }

func (b sharedBooks) put(ctx context.Context, p Payment, over int64) (Payment, bool, error) {
	row, err := RowOf(&p)
	if err != nil {
		return p, false, err
	}
	var states []string
	if over != none {
		stood, found, err := b.row(ctx, p.ID)
		if err != nil || !found {
			return p, false, cmp.Or(err, ErrNoPayment)
		}
		if stands, err := FromRow(stood); err != nil || stands.Revision != over {
			return stands, false, err
		}
		states = []string{stood.State()}
	}
	stood, err := b.rows.PutPayment(ctx, row, states...)
	if err != nil {
		return p, false, fmt.Errorf("sandbox: %w", err)
	}
	stands, err := FromRow(stood)
	return stands, stood == row, err
}

func (b sharedBooks) get(ctx context.Context, id string) (Payment, bool, error) {
	row, found, err := b.row(ctx, id)
	if err != nil || !found {
		return Payment{}, false, err
	}
	p, err := FromRow(row)
	return p, err == nil, err
}

func (b sharedBooks) row(ctx context.Context, id string) (row storage.PaymentRow, found bool, err error) {
	row, err = b.rows.Payment(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return row, false, nil
	case err != nil:
		return row, false, fmt.Errorf("sandbox: %w", err)
	}
	return row, true, nil
}

func (b sharedBooks) each(ctx context.Context, visit func(Payment) error) error {
	err := b.rows.Payments(ctx, func(row storage.PaymentRow) error {
		p, err := FromRow(row)
		if err != nil {
			return err
		}
		return visit(p)
	})
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// close leaves the rows' store to whoever opened it.
func (b sharedBooks) close() error { return nil }
