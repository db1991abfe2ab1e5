package copier

import (
	"context"
	"errors"
	"fmt"

	"holdfast/storage"
)

// keyOf is the key of an event that has one; nil: the event is of before keys, or forgotten.
func keyOf(ctx context.Context, s Source, e *storage.Event) (*storage.EventKey, error) {
	if e.Pseudonyms == storage.PseudonymsPlain || e.Forgotten != nil {
		return nil, nil
	}
	key, err := s.EventKey(ctx, e.ID)
	if err != nil {
		return nil, fmt.Errorf("key of event %v: %w", e.ID, err)
	}
	return &key, nil
}

// moveEventKey gives the target an event's key before the event: nobody sells there without it.
func (r *run) moveEventKey(ctx context.Context, e *storage.Event) error {
	key, err := keyOf(ctx, r.from, e)
	if err != nil {
		return fmt.Errorf("the source: %w", err)
	}
	if key == nil {
		return nil
	}
	err = r.to.PutEventKey(ctx, e.ID, *key)
	if errors.Is(err, storage.ErrExists) {
		return &EventError{Event: e.ID, What: "key of its buyers' pseudonyms"}
	}
	if err != nil {
		return fmt.Errorf("the target: key of event %v: %w", e.ID, err)
	}
	return nil
}

// forgetHere has the target forget what the source has forgotten since an earlier run.
func (r *run) forgetHere(ctx context.Context, e, there *storage.Event) (written uint64, err error) {
	if e.Forgotten == nil || there.Forgotten != nil {
		return 0, nil
	}
	if err := r.to.ForgetEvent(ctx, e.ID, *e.Forgotten, storage.OperatorKey{}); err != nil {
		return 0, fmt.Errorf("the target: forgetting event %v: %w", e.ID, err)
	}
	return 1, nil
}

// keysDiffer compares an event's keys. A forgotten event has none.
func (r *run) keysDiffer(ctx context.Context, e *storage.Event) (bool, error) {
	here, err := keyOf(ctx, r.from, e)
	if err != nil {
		return false, fmt.Errorf("the source: %w", err)
	}
	there, err := r.to.EventKey(ctx, e.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return here != nil, nil
	case err != nil:
		return false, fmt.Errorf("the target: key of event %v: %w", e.ID, err)
	}
	return here == nil || *here != there, nil
}
