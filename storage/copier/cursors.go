package copier

import (
	"context"
	"fmt"

	"holdfast/storage"
)

// moveCursors has the target go on in processors' events where the source has stopped. A target that knows another
// place is the older one, as it is with payments.
func (r *run) moveCursors(ctx context.Context) error {
	return r.eachCursor(ctx, func(into storage.PaymentCursors, here storage.PaymentCursor, same bool) error {
		r.count(func(report *Report) { report.Cursors.add(1, bit(!same)) })
		if same {
			return nil
		}
		if err := into.PutPaymentCursor(ctx, here); err != nil {
			return fmt.Errorf("events of processor %q: %w", here.Account, err)
		}
		return nil
	})
}

func (r *run) verifyCursors(ctx context.Context) error {
	return r.eachCursor(ctx, func(_ storage.PaymentCursors, here storage.PaymentCursor, same bool) error {
		if !same {
			r.differ("how far the events of processor %q were read is not what the source says", here.Account)
		}
		return nil
	})
}

// eachCursor visits the source's cursors, each with whether the target says the same. A side without any has none.
func (r *run) eachCursor(
	ctx context.Context, visit func(into storage.PaymentCursors, here storage.PaymentCursor, same bool) error,
) error {
	from, ok := r.from.(storage.PaymentCursors)
	into, too := r.to.(storage.PaymentCursors)
	if !ok || !too {
		return nil
	}
	there := map[storage.PaymentCursor]bool{}
	err := into.PaymentCursors(ctx, func(c storage.PaymentCursor) error {
		there[c] = true
		return nil
	})
	if err != nil {
		return fmt.Errorf("processors' events in the target: %w", err)
	}
	var here []storage.PaymentCursor
	err = from.PaymentCursors(ctx, func(c storage.PaymentCursor) error {
		here = append(here, c)
		return nil
	})
	if err != nil {
		return fmt.Errorf("processors' events in the source: %w", err)
	}
	for _, c := range here {
		if err := visit(into, c, there[c]); err != nil {
			return err
		}
	}
	return nil
}
