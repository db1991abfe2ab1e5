package eventctl

import (
	"bytes"
	"context"
	"encoding/json"

	"holdfast/api/catalog"
	"holdfast/api/wire/calledoff"
	"holdfast/cmd/holdfast/client"
)

// Name is what an event of a running server is called.
func Name(ctx context.Context, server *client.Client, event string) (string, error) {
	var now Sale
	err := server.Get(ctx, "/v1/events/"+event, &now)
	return now.Name, err
}

// Cancel calls an event of a running server off. The same key twice has one effect.
func Cancel(ctx context.Context, server *client.Client, event, key, reason string) (*calledoff.Cancellation, error) {
	if err := catalog.CheckReason(&reason); err != nil {
		return nil, err
	}
	body, err := json.Marshal(&catalog.CancelRequest{Reason: &reason})
	if err != nil {
		return nil, err
	}
	now := new(calledoff.Cancellation)
	err = server.Post(ctx, "/v1/events/"+event+"/cancel", key, bytes.NewReader(body), int64(len(body)), now)
	return now, err
}

// CancelProgress tells how far that has come.
func CancelProgress(ctx context.Context, server *client.Client, event string) (*calledoff.Cancellation, error) {
	now := new(calledoff.Cancellation)
	err := server.Get(ctx, "/v1/events/"+event+"/cancel", now)
	return now, err
}

// Postponed is an event that is put off.
type Postponed struct {
	Name      string                  `json:"name"`
	StartsAt  string                  `json:"starts_at"`
	Sale      string                  `json:"sale"`
	Postponed *calledoff.Announcement `json:"postponed"`
}

// Postpone puts an event of a running server off. startsAt may be empty: nobody knows yet.
func Postpone(
	ctx context.Context, server *client.Client, event, key, startsAt, keepUntil, reason string,
) (now Postponed, err error) {
	words := map[string]string{"keep_until": keepUntil, "reason": reason}
	if startsAt != "" {
		words["starts_at"] = startsAt
	}
	body, err := json.Marshal(words)
	if err != nil {
		return now, err
	}
	err = server.Post(ctx, "/v1/events/"+event+"/postpone", key, bytes.NewReader(body), int64(len(body)), &now)
	return now, err
}
