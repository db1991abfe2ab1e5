package eventctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"holdfast/actors"
	"holdfast/actors/pseudonym"
	"holdfast/api/catalog"
	"holdfast/api/contact"
	"holdfast/cmd/holdfast/client"
	"holdfast/storage"
)

// CheckForgetting judges what an operator says to it as the server does.
func CheckForgetting(how pseudonym.Forgetting) error { return catalog.CheckReason(&how.Reason) }

// Forget has a running server forget an event, and tells its name and since when it is forgotten. The same key twice
// has one effect.
func Forget(ctx context.Context, server *client.Client, event, key string, how pseudonym.Forgetting) (name string,
	since time.Time, err error) {
	body, err := json.Marshal(&catalog.ForgetRequest{Reason: &how.Reason, BeforeStart: how.BeforeStart})
	if err != nil {
		return "", since, err
	}
	var now struct {
		Name  string    `json:"name"`
		Since time.Time `json:"forgotten_at"`
	}
	err = server.Post(ctx, "/v1/events/"+event+"/forget", key, bytes.NewReader(body), int64(len(body)), &now)
	if err == nil && now.Since.IsZero() {
		err = errors.New("the server says that the event is not forgotten")
	}
	return now.Name, now.Since, err
}

// ForgetOffline forgets an event of a stopped server's data.
func ForgetOffline(ctx context.Context, data string, id storage.EventID, how pseudonym.Forgetting) (name string,
	since time.Time, err error) {
	if err := CheckForgetting(how); err != nil {
		return "", since, err
	}
	err = offline(ctx, data, func(engine *actors.Engine) error {
		event, err := engine.ForgetEvent(ctx, id, actors.Caller{Operator: true}, how)
		if err == nil {
			name, since = event.Name, time.UnixMilli(int64(event.Forgotten.At))
		}
		return err
	})
	return name, since, err
}

// forgetBuyerTimeout bounds the erasing of one buyer's data in a stopped server's folder.
const forgetBuyerTimeout = 30 * time.Second

// CheckForgettingBuyer judges what an operator says to it as the server does.
func CheckForgettingBuyer(buyer, reason string) error { return contact.CheckForget(buyer, &reason) }

// ForgetBuyer has a running server erase what is kept of one buyer beside the logs; again is no error.
func ForgetBuyer(ctx context.Context, server *client.Client, buyer, reason, key string) error {
	body, err := json.Marshal(&contact.Forget{Buyer: buyer, Reason: &reason})
	if err != nil {
		return err
	}
	var done contact.Forgotten
	return server.Post(ctx, "/v1/buyers/forget", key, bytes.NewReader(body), int64(len(body)), &done)
}

// ForgetBuyerOffline erases it in a stopped server's data.
func ForgetBuyerOffline(ctx context.Context, data, buyer string) error {
	return offline(ctx, data, func(engine *actors.Engine) error {
		return engine.ForgetBuyer(buyer, forgetBuyerTimeout)
	})
}
