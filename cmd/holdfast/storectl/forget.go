package storectl

import (
	"context"
	"errors"
	"time"

	"holdfast/actors"
	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

// Forget forgets an event of a database, and tells its name and since when it is forgotten. Whatever servers sell from
// it follow when they read the catalog; whether seats are held is not looked at.
func Forget(ctx context.Context, address string, id storage.EventID, how pseudonym.Forgetting) (name string,
	since time.Time, err error) {
	if err := keyfile.CheckStore(address); err != nil {
		return "", since, err
	}
	store, err := sqlstore.Open(sqlstore.Patiently(ctx, commandTimeout), address,
		sqlstore.Options{Name: "holdfast forget", AttemptTimeout: commandTimeout})
	if err != nil {
		return "", since, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	event, err := store.Event(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return "", since, actors.ErrEventUnknown
	}
	if err != nil {
		return "", since, err
	}
	now := section.Instant(time.Now().UnixMilli())
	if err := how.Allowed(event, now); err != nil {
		return "", since, err
	}
	why := storage.Forgetting{At: now, Reason: how.Reason}
	if err := store.ForgetEvent(ctx, id, why, storage.OperatorKey{}); err != nil {
		return "", since, err
	}
	if event, err = store.Event(ctx, id); err != nil {
		return "", since, err
	}
	return event.Name, time.UnixMilli(int64(event.Forgotten.At)), nil
}

// ForgetBuyer erases what a database keeps of one buyer beside the logs; again is no error.
func ForgetBuyer(ctx context.Context, address, buyer string) (err error) {
	if err := keyfile.CheckStore(address); err != nil {
		return err
	}
	store, err := sqlstore.Open(sqlstore.Patiently(ctx, commandTimeout), address,
		sqlstore.Options{Name: "holdfast forget", AttemptTimeout: commandTimeout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.ForgetContact(ctx, buyer)
}
