package copier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"holdfast/storage"
)

// moveTicketKeys gives the target the keys that the source's tickets are signed with. A target that has made one of its
// own is another house.
func (r *run) moveTicketKeys(ctx context.Context) error {
	keys, err := r.from.TicketKeys(ctx)
	if err != nil {
		return fmt.Errorf("keys of tickets of the source: %w", err)
	}
	for _, key := range keys {
		switch err := r.to.PutTicketKey(ctx, key); {
		case errors.Is(err, storage.ErrExists):
			return ErrTicketKeys
		case err != nil:
			return fmt.Errorf("keys of tickets of the target: %w", err)
		}
	}
	return nil
}

func (r *run) verifyTicketKeys(ctx context.Context) error {
	here, err := r.from.TicketKeys(ctx)
	if err != nil {
		return fmt.Errorf("keys of tickets of the source: %w", err)
	}
	there, err := r.to.TicketKeys(ctx)
	if err != nil {
		return fmt.Errorf("keys of tickets of the target: %w", err)
	}
	if !slices.Equal(here, there) {
		r.differ("keys of tickets: %d here, %d there, or others", len(here), len(there))
	}
	return nil
}
