package main

import (
	"fmt"
	"strings"
	"time"

	"holdfast/actors"
	"holdfast/storage"
)

type saleCommand struct {
	target
	State string `arg:"" enum:"open,pause,paused,close,closed" help:"open, pause or close."`
	Event string `arg:"" help:"The event's id."`
}

// Help is shown by holdfast sale --help.
func (saleCommand) Help() string {
	return `Examples:

  holdfast sale open 0b6d4f0e-… --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast sale pause 0b6d4f0e-… --data /var/lib/holdfast

Paused and closed refuse new holds; what is held already can still be paid or released. For a database there is only --url: whichever server
is told, the others on it follow within 2 seconds.`
}

var saleStates = map[string]storage.SaleState{
	"open": storage.SaleOpen, "pause": storage.SalePaused, "paused": storage.SalePaused, "close": storage.SaleClosed, "closed": storage.SaleClosed,
}

// Run turns the switch.
func (s *saleCommand) Run(c *console) error {
	if err := s.check(); err != nil {
		return err
	}
	id, err := storage.ParseEventID(s.Event)
	if err != nil {
		return err
	}
	state := saleStates[s.State]
	if s.URL != "" {
		server, err := newClient(&s.target)
		if err != nil {
			return err
		}
		return postSale(c, server, s.Event, state, fmt.Sprintf("sale-%d", time.Now().UnixNano()))
	}
	return offline(c.ctx, s.Data, func(engine *actors.Engine) error {
		event, err := engine.SetSale(c.ctx, id, state)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "%s: sale %s\n", event.Name, event.Sale)
		return err
	})
}

func postSale(c *console, server *client, event string, state storage.SaleState, key string) error {
	body := `{"state":"` + string(state) + `"}`
	var answer struct {
		Name string `json:"name"`
		Sale string `json:"sale"`
	}
	if err := server.post(c.ctx, "/v1/events/"+event+"/sale", key, strings.NewReader(body), int64(len(body)), &answer); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "%s: sale %s\n", answer.Name, answer.Sale)
	return err
}
