package eventctl

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"holdfast/actors"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/storage"
	"holdfast/storage/pebblestore"
)

// offline opens a stopped server's engine for one piece of work. It has no books of payments, so it judges none (P6).
func offline(ctx context.Context, data string, work func(*actors.Engine) error) (err error) {
	store, err := datafolder.Open(data, pebblestore.Options{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	ahead, err := datafolder.TestClock(data)
	if err != nil {
		return err
	}
	engine, err := actors.Open(ctx, actors.Config{Store: store, Offline: true, Name: "operator", Ahead: ahead})
	if err != nil {
		return err
	}
	return errors.Join(work(engine), engine.Close(ctx))
}

// Sale is how an event stands.
type Sale struct {
	Name string `json:"name"`
	Sale string `json:"sale"`
}

// SetSale turns the switch on a running server. The same key twice has one effect.
func SetSale(ctx context.Context, server *client.Client, event string, state storage.SaleState, key string) (now Sale,
	err error) {
	body := `{"state":"` + string(state) + `"}`
	err = server.Post(ctx, "/v1/events/"+event+"/sale", key, strings.NewReader(body), int64(len(body)), &now)
	return now, err
}

// SetSaleOffline turns the switch in a stopped server's data.
func SetSaleOffline(ctx context.Context, data string, id storage.EventID, state storage.SaleState) (now Sale,
	err error) {
	err = offline(ctx, data, func(engine *actors.Engine) error {
		event, err := engine.SetSale(ctx, id, state)
		if err == nil {
			now = Sale{event.Name, string(event.Sale)}
		}
		return err
	})
	return now, err
}
