package actors

import (
	"context"
	"errors"

	"holdfast/actors/section"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// operatorKey is who's key for a call about an event.
func (e *Engine) operatorKey(id storage.EventID, who Caller) storage.OperatorKey {
	return storage.OperatorKey{Request: who.Request, Event: id, Fingerprint: who.Fingerprint, At: e.cfg.Clock()}
}

// remember makes a key durable. known says that the same call was met before. Without a request it does nothing.
//
// Errors: ErrMismatch, *Refusal (too many are remembered), ErrUnavailable, and the store's.
func (e *Engine) remember(ctx context.Context, key storage.OperatorKey) (known bool, err error) {
	if key.Request == (section.RequestID{}) {
		return false, nil
	}
	return e.keyMet(key, e.cfg.Store.RememberKey(ctx, key))
}

// keyMet tells the store's answer to a write with a key.
func (e *Engine) keyMet(key storage.OperatorKey, err error) (known bool, _ error) {
	var stands *storage.RepeatedError
	switch {
	case errors.As(err, &stands) && stands.First.Same(key):
		return true, nil
	case stands != nil:
		return false, ErrMismatch
	case errors.Is(err, storage.ErrTooManyKeys):
		return false, &Refusal{Code: section.TooManyRequests}
	case writer.Undecided(err):
		return false, errors.Join(ErrUnavailable, err)
	}
	return false, err
}

// Done says whether an operator's call about the nodes was acknowledged under who's key; MarkDone makes it so. They are
// for calls whose effect is in no store: the call is done between the two, and may be done again as long as nobody was
// told that it is done.
//
// Errors: ErrMismatch, *Refusal (too many are remembered), ErrUnavailable.
func (e *Engine) Done(ctx context.Context, who Caller) (bool, error) {
	if who.Request == (section.RequestID{}) {
		return false, nil
	}
	switch first, err := e.cfg.Store.OperatorKey(ctx, who.Request); {
	case errors.Is(err, storage.ErrNotFound):
		return false, nil
	case err != nil:
		return false, errors.Join(ErrUnavailable, err)
	case !first.Same(e.operatorKey(storage.EventID{}, who)):
		return false, ErrMismatch
	}
	return true, nil
}

// MarkDone remembers a call that Done is asked about.
func (e *Engine) MarkDone(ctx context.Context, who Caller) error {
	_, err := e.remember(ctx, e.operatorKey(storage.EventID{}, who))
	return err
}
