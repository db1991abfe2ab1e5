package call

import (
	"context"

	"holdfast/actors"
)

// Keys remembers operators' keys, of calls that no log has.
type Keys interface {
	Done(ctx context.Context, who actors.Caller) (bool, error)
	MarkDone(ctx context.Context, who actors.Caller) error
}

// Once does what an operator wants once under the call's key and body; again says that it was done before. A crash in
// between leaves it done and not remembered, so a repeat must do no harm. Errors: those of do; actors.ErrMismatch.
func (r *Call) Once(ctx context.Context, keys Keys, do func() error) (again bool, err error) {
	r.Fingerprint().Body(r.Body())
	who := r.OperatorCaller()
	if again, err = keys.Done(ctx, who); again || err != nil {
		return again, err
	}
	if err := do(); err != nil {
		return false, err
	}
	return false, keys.MarkDone(ctx, who)
}
