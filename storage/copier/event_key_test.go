package copier_test

import (
	"context"
	"errors"
	"testing"

	"holdfast/storage"
	"holdfast/storage/copier"
)

// forget has a house forget an event, whose sale is closed for it.
func forget(t *testing.T, s house, id storage.EventID) {
	t.Helper()
	ctx := context.Background()
	must(t, s.SetSale(ctx, id, storage.SaleClosed, storage.OperatorKey{}))
	must(t, s.ForgetEvent(ctx, id, storage.Forgetting{At: 7, Reason: "over"}, storage.OperatorKey{}))
}

// TestWhatIsForgottenIsForgottenInTheCopy guards P14: a copy has the keys of its source, and loses them as the source
// does; it never gives one back.
func TestWhatIsForgottenIsForgottenInTheCopy(t *testing.T) {
	from, to := onDisk(t), inMemory(t)
	events := furnish(t, from)
	run(t, from, to)
	forget(t, from, events[0].ID)
	if report := run(t, from, to); report.Events.New != 1 {
		t.Errorf("the run says %+v", report.Events)
	}
	wantSame(t, from, to)
	if _, err := to.EventKey(context.Background(), events[0].ID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("P14: the copy has a key of a forgotten event: %v", err)
	}
	fresh := inMemory(t)
	run(t, from, fresh)
	wantSame(t, from, fresh)

	back := inMemory(t)
	again := furnish(t, back)
	away := inMemory(t)
	run(t, back, away)
	forget(t, away, again[0].ID)
	var differs *copier.EventError
	_, err := copier.Run(context.Background(), back, away, options)
	if !errors.As(err, &differs) || differs.Event != again[0].ID {
		t.Errorf("P14: what the target forgot was copied over: %v", err)
	}
}

// otherKey is a target whose event was made with another key.
type otherKey struct{ house }

func (o otherKey) EventKey(context.Context, storage.EventID) (storage.EventKey, error) {
	return storage.NewEventKey(), nil
}

// TestAnotherKeyIsNoCopy guards P14 and P5: with another key nobody would be known again.
func TestAnotherKeyIsNoCopy(t *testing.T) {
	from, to := inMemory(t), inMemory(t)
	events := furnish(t, from)
	must(t, to.PutEventKey(context.Background(), events[0].ID, storage.NewEventKey()))
	var differs *copier.EventError
	if _, err := copier.Run(context.Background(), from, to, options); !errors.As(err, &differs) {
		t.Errorf("copied beside another key: %v", err)
	}
	if _, err := copier.Run(context.Background(), from, otherKey{inMemory(t)}, options); !errors.Is(
		err, copier.ErrUnequal,
	) {
		t.Errorf("a key that reads back otherwise: %v", err)
	}
}
