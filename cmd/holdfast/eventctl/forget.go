package eventctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/wire"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/keyfile"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
)

// Forgotten is an event whose key is destroyed.
type Forgotten struct {
	Name string
	At   time.Time
}

// Forget has a running server forget an event. The same key twice has one effect.
func Forget(ctx context.Context, server *client.Client, event, key string, how *wire.Forget) (f Forgotten, err error) {
	body, err := json.Marshal(how)
	if err != nil {
		return f, err
	}
	var now wire.Event
	err = server.Post(ctx, "/v1/events/"+event+"/forget", key, bytes.NewReader(body), int64(len(body)), &now)
	if err == nil && now.ForgottenAt == nil {
		err = errors.New("the server says that the event is not forgotten")
	}
	if err == nil {
		f = Forgotten{now.Name, time.UnixMilli(int64(now.ForgottenAt.Time))}
	}
	return f, err
}

// ForgetOffline forgets an event of a stopped server's data.
func ForgetOffline(ctx context.Context, data string, id storage.EventID, how actors.Forgetting) (f Forgotten,
	err error) {
	err = offline(ctx, data, func(engine *actors.Engine) error {
		event, err := engine.ForgetEvent(ctx, id, actors.Caller{Operator: true}, how)
		if err == nil {
			f = forgottenOf(event)
		}
		return err
	})
	return f, err
}

// ForgetInDatabase forgets an event of a database. Whatever servers sell from it follow when they read the catalog;
// what is held there is not looked at.
func ForgetInDatabase(ctx context.Context, address string, id storage.EventID, how actors.Forgetting) (f Forgotten,
	err error) {
	if err := keyfile.CheckStore(address); err != nil {
		return f, err
	}
	store, err := sqlstore.Open(ctx, address, sqlstore.Options{Name: "holdfast forget"})
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	event, err := store.Event(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return f, actors.ErrEventUnknown
	}
	if err != nil {
		return f, err
	}
	now := section.Instant(time.Now().UnixMilli())
	if err := actors.Forgettable(event, now, how); err != nil {
		return f, err
	}
	why := storage.Forgetting{At: now, Reason: how.Reason}
	if err := store.ForgetEvent(ctx, id, why, storage.OperatorKey{}); err != nil {
		return f, err
	}
	if event, err = store.Event(ctx, id); err != nil {
		return f, err
	}
	return forgottenOf(event), nil
}

func forgottenOf(e *storage.Event) Forgotten {
	return Forgotten{e.Name, time.UnixMilli(int64(e.Forgotten.At))}
}
