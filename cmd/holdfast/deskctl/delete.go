package deskctl

import (
	"fmt"
	"time"

	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/terminal"
)

// DeleteCommand takes an event away.
type DeleteCommand struct {
	client.Target
	Event string `arg:"" help:"The event's id."`
	Key   string `help:"Idempotency key: the same one again has no second effect. Default: another each time." env:"-" placeholder:"TEXT"`
	Yes   bool   `required:"" help:"It is for ever: say so." env:"-"`
}

// Help is shown by holdfast event delete --help.
func (DeleteCommand) Help() string {
	return `Examples:

  holdfast event delete 0b6d4f0e-… --yes --url http://127.0.0.1:8080 --operator-key-file operator

For an event that was a mistake. One that somebody holds or has a seat of is refused: call it off instead (holdfast event cancel).
Its logs stay, and the audit reads them.`
}

// Run takes the event away.
func (d *DeleteCommand) Run(c *terminal.Console) error {
	id, err := terminal.ParseEventID(d.Event)
	if err != nil {
		return err
	}
	server, err := d.Server()
	if err != nil {
		return err
	}
	if d.Key == "" {
		d.Key = fmt.Sprintf("delete-%d", time.Now().UnixNano())
	}
	var was edited
	if err := server.Delete(c.Context, "/v1/events/"+id.String(), d.Key, &was); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s: deleted.\n", was.Name)
	return err
}
