package oldsandbox

import (
	"context"
	"errors"
	"fmt"

	"holdfast/actors/checkout"
	"holdfast/storage"
)

// sharedBooks are rows of a store. The store alone decides what stands: nothing is remembered here, for another process
// may have written since.
type sharedBooks struct{ rows storage.Payments }

func (b sharedBooks) put(ctx context.Context, p Payment, over checkout.Status) (Payment, error) {
	row, err := b.rows.PutPayment(
		ctx, storage.PaymentRow{ID: string(p.ID), Status: p.Status, Amount: p.Amount, Currency: p.Currency},
		over.String(),
	)
	if err != nil {
		return Payment{}, fmt.Errorf("sandbox: %w", err)
	}
	return payment(row), nil
}

func (b sharedBooks) get(ctx context.Context, id checkout.PaymentID) (Payment, bool, error) {
	row, err := b.rows.Payment(ctx, string(id))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return Payment{}, false, nil
	case err != nil:
		return Payment{}, false, fmt.Errorf("sandbox: %w", err)
	}
	return payment(row), true, nil
}

// close leaves the rows' store to whoever opened it.
func (b sharedBooks) close() error { return nil }

func payment(row storage.PaymentRow) Payment {
	return Payment{ID: checkout.PaymentID(row.ID), Status: row.Status, Amount: row.Amount, Currency: row.Currency}
}
