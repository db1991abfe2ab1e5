package main

import (
	"fmt"
	"time"

	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/eventctl"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
)

type saleCommand struct {
	targetFlags
	State string `arg:"" help:"open, paused or closed; pause and close mean the same."`
	Event string `arg:"" help:"The event's id."`
}

// Help is shown by holdfast sale --help.
func (saleCommand) Help() string {
	return `Examples:

  holdfast sale open 0b6d4f0e-… --url http://127.0.0.1:8080 --operator-key-file operator
  holdfast sale paused 0b6d4f0e-… --data /var/lib/holdfast

The words are the API's: open, paused, closed. Paused refuses new holds; closed refuses them too, and more time for those that stand. What is
held can be paid or released all the same. For a database there is only --url: whichever server
is told, the others on it follow within 2 seconds.`
}

var saleStates = map[string]storage.SaleState{
	"open": storage.SaleOpen, "pause": storage.SalePaused, "paused": storage.SalePaused, "close": storage.SaleClosed,
	"closed": storage.SaleClosed,
}

// Run turns the switch.
func (s *saleCommand) Run(c *console) error {
	if err := s.check(); err != nil {
		return err
	}
	state, known := saleStates[s.State]
	if !known {
		return fmt.Errorf("%q is no state of a sale: say open, paused or closed", s.State)
	}
	id, err := terminal.ParseEventID(s.Event)
	if err != nil {
		return err
	}
	if s.URL != "" {
		server, err := client.New(s.URL, s.OperatorKeyFile)
		if err != nil {
			return err
		}
		return postSale(c, server, s.Event, state, fmt.Sprintf("sale-%d", time.Now().UnixNano()))
	}
	sale, err := eventctl.SetSaleOffline(c.ctx, s.Data, id, state)
	return tellSale(c, sale, err)
}

func postSale(c *console, server *client.Client, event string, state storage.SaleState, key string) error {
	sale, err := eventctl.SetSale(c.ctx, server, event, state, key)
	return tellSale(c, sale, err)
}

func tellSale(c *console, sale eventctl.Sale, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%s: sale %s\n", sale.Name, sale.Sale)
	return err
}
