// Package hooksctl is what an operator and a developer do about events out: keep a server's webhooks, have its events
// brought to a program on this machine, and make one happen.
//
//	webhooks list, add, remove, rotate, ping, deliveries, resend ─▶ the calls of /v1/webhooks
//	listen  ─▶ GET /v1/events/{event}/changes, over and over ─▶ POST to an address, signed as a webhook is
//	trigger ─▶ a hold of a free seat, and what is to become of it ─▶ the log, and so everybody who is told
//
// Rejected: events made up by trigger. A receiver that was tried with one would not have been tried.
package hooksctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/hooks"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/terminal"
)

// Command is what an operator does about webhooks.
type Command struct {
	List       ListCommand       `cmd:"" help:"List the webhooks."`
	Add        AddCommand        `cmd:"" help:"Have an address told what happens; prints its secret, once."`
	Remove     RemoveCommand     `cmd:"" help:"Tell an address nothing any more, and forget it."`
	Enable     EnableCommand     `cmd:"" help:"Tell a disabled webhook again, from where it was."`
	Disable    DisableCommand    `cmd:"" help:"Tell a webhook nothing until it is enabled."`
	Rotate     RotateCommand     `cmd:"" help:"Give a webhook another secret; the one before signs too for a day."`
	Ping       PingCommand       `cmd:"" help:"Try a webhook out."`
	Deliveries DeliveriesCommand `cmd:"" help:"List what a webhook was told, the newest first."`
	Resend     ResendCommand     `cmd:"" help:"Tell something once more, now."`
}

// Help is shown by holdfast webhooks --help.
func (Command) Help() string {
	return `Examples:

  holdfast webhooks add https://shop.example/hooks --types 'booking.*' --operator-key-file operator
  holdfast webhooks list --operator-key-file operator
  holdfast webhooks deliveries we_3f0c… --state dead --operator-key-file operator
  holdfast webhooks resend dlv_… --operator-key-file operator

Each change is told at least once, first in the order of its section, with an id that a repeat has too. What fails is tried again for three
days; then it is dead, and listed as such. A webhook that answers 410, or that has done nothing but fail for five days, is disabled.

Verify with any library of Standard Webhooks (standardwebhooks.com) and the secret that add prints.`
}

// key is a new Idempotency-Key.
func key(what string) string { return fmt.Sprintf("%s-%d", what, time.Now().UnixNano()) }

// post sends a call without a body, or with one.
func post(ctx context.Context, server *client.Client, path, what string, body, answer any) error {
	text := []byte{}
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	return server.Post(ctx, path, key(what), bytes.NewReader(text), int64(len(text)), answer)
}

func hookPath(id, rest string) string { return "/v1/webhooks/" + url.PathEscape(id) + rest }

// ListCommand lists.
type ListCommand struct{ client.Target }

// Run lists the webhooks.
func (l *ListCommand) Run(c *terminal.Console) error {
	server, err := l.Server()
	if err != nil {
		return err
	}
	var all hooks.Endpoints
	if err := server.Get(c.Context, "/v1/webhooks", &all); err != nil {
		return err
	}
	table := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WEBHOOK\tSTATE\tURL\tTYPES\tEVENTS\tDESCRIPTION")
	for i := range all.Webhooks {
		e := &all.Webhooks[i]
		state := "told"
		if e.Disabled != nil {
			state = "disabled: " + *e.Disabled
		}
		fmt.Fprintf(
			table, "%s\t%s\t%s\t%s\t%d\t%s\n", e.ID, state, e.URL, listed(e.Types), len(e.Events), e.Description,
		)
	}
	return table.Flush()
}

func listed(types []string) string {
	if len(types) == 0 {
		return "all"
	}
	text, err := json.Marshal(types)
	if err != nil {
		return "?"
	}
	return string(text)
}

// AddCommand adds.
type AddCommand struct {
	client.Target
	Address     string   `arg:"" help:"Where to: https://…" placeholder:"URL"`
	Types       []string `help:"Only these: types, or families such as booking.*" placeholder:"TYPE" env:"-"`
	Event       []string `help:"Only these events." placeholder:"ID" env:"-"`
	Description string   `help:"What it is for." placeholder:"TEXT" env:"-"`
	Beginning   bool     `help:"Tell everything that ever happened, too." env:"-"`
}

// Run adds a webhook.
func (a *AddCommand) Run(c *terminal.Console) error {
	server, err := a.Server()
	if err != nil {
		return err
	}
	body := map[string]any{"url": a.Address}
	if len(a.Types) > 0 {
		body["types"] = a.Types
	}
	if len(a.Event) > 0 {
		body["events"] = a.Event
	}
	if a.Description != "" {
		body["description"] = a.Description
	}
	if a.Beginning {
		body["from"] = "beginning"
	}
	var made hooks.Endpoint
	if err := post(c.Context, server, "/v1/webhooks", "webhook", body, &made); err != nil {
		return err
	}
	return tellSecret(c.Out, &made)
}

func tellSecret(out io.Writer, e *hooks.Endpoint) error {
	if e.Secret == nil {
		return errors.New("the server did not tell the secret")
	}
	_, err := fmt.Fprintf(out, "%s\nsecret, shown now and never again: %s\n", e.ID, *e.Secret)
	return err
}

type oneCommand struct {
	client.Target
	Webhook string `arg:"" help:"The webhook's id." placeholder:"we_…"`
}

// RemoveCommand removes.
type RemoveCommand struct{ oneCommand }

// Run removes a webhook.
func (o *RemoveCommand) Run(c *terminal.Console) error {
	server, err := o.Server()
	if err != nil {
		return err
	}
	var gone hooks.Deleted
	if err := server.Delete(c.Context, hookPath(o.Webhook, ""), key("webhook"), &gone); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s is told nothing any more.\n", gone.ID)
	return err
}

// EnableCommand enables.
type EnableCommand struct{ oneCommand }

// Run enables a webhook.
func (o *EnableCommand) Run(c *terminal.Console) error { return o.change(c, true) }

// DisableCommand disables.
type DisableCommand struct{ oneCommand }

// Run disables a webhook.
func (o *DisableCommand) Run(c *terminal.Console) error { return o.change(c, false) }

func (o *oneCommand) change(c *terminal.Console, enabled bool) error {
	server, err := o.Server()
	if err != nil {
		return err
	}
	body, err := json.Marshal(hooks.Change{Enabled: &enabled})
	if err != nil {
		return err
	}
	var now hooks.Endpoint
	if err := server.Patch(c.Context, hookPath(o.Webhook, ""), key("webhook"), body, &now); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s: enabled %v\n", now.ID, now.Enabled)
	return err
}

// RotateCommand rotates.
type RotateCommand struct{ oneCommand }

// Run gives a webhook another secret.
func (o *RotateCommand) Run(c *terminal.Console) error {
	server, err := o.Server()
	if err != nil {
		return err
	}
	var now hooks.Endpoint
	if err := post(c.Context, server, hookPath(o.Webhook, "/rotate"), "rotate", nil, &now); err != nil {
		return err
	}
	return tellSecret(c.Out, &now)
}

// PingCommand pings.
type PingCommand struct{ oneCommand }

// Run tries a webhook out.
func (o *PingCommand) Run(c *terminal.Console) error {
	server, err := o.Server()
	if err != nil {
		return err
	}
	var seen hooks.Ping
	if err := post(c.Context, server, hookPath(o.Webhook, "/ping"), "ping", nil, &seen); err != nil {
		return err
	}
	if !seen.Delivered {
		return fmt.Errorf("not delivered: %s%s, after %d ms", seen.Error, codeText(seen.ResponseCode), seen.LatencyMS)
	}
	_, err = fmt.Fprintf(c.Out, "delivered%s, in %d ms\n", codeText(seen.ResponseCode), seen.LatencyMS)
	return err
}

func codeText(code *int) string {
	if code == nil {
		return ""
	}
	return fmt.Sprintf(" (%d)", *code)
}

// DeliveriesCommand lists deliveries.
type DeliveriesCommand struct {
	oneCommand
	State string `help:"Only these: delivered, retrying or dead." placeholder:"STATE" env:"-"`
	Limit int    `help:"At most so many (${default})." placeholder:"N" env:"-" default:"100"`
}

// Run lists deliveries.
func (d *DeliveriesCommand) Run(c *terminal.Console) error {
	server, err := d.Server()
	if err != nil {
		return err
	}
	query := url.Values{"limit": {"100"}}
	if d.State != "" {
		query.Set("state", d.State)
	}
	table := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DELIVERY\tMESSAGE\tSTATE\tATTEMPTS\tLAST\tCODE\tMS\tERROR")
	for left := d.Limit; left > 0; {
		var page hooks.Deliveries
		if err := server.Get(c.Context, hookPath(d.Webhook, "/deliveries?"+query.Encode()), &page); err != nil {
			return err
		}
		for i := range page.Deliveries[:min(left, len(page.Deliveries))] {
			row := &page.Deliveries[i]
			fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%d\t%s\n", row.ID, row.Message, row.State, row.Attempts,
				clock(row.LastAttemptAt), codeText(row.ResponseCode), row.LatencyMS, row.Error)
		}
		if left -= len(page.Deliveries); page.NextCursor == nil || len(page.Deliveries) == 0 {
			break
		}
		query.Set("cursor", *page.NextCursor)
	}
	return table.Flush()
}

func clock(at wire.Time) string { return time.UnixMilli(int64(at)).UTC().Format(time.RFC3339) }

// ResendCommand sends again.
type ResendCommand struct {
	client.Target
	Delivery string `arg:"" help:"The delivery's id, as deliveries lists it." placeholder:"dlv_…"`
}

// Run has something told once more.
func (r *ResendCommand) Run(c *terminal.Console) error {
	server, err := r.Server()
	if err != nil {
		return err
	}
	var now hooks.Delivery
	path := "/v1/webhooks/deliveries/" + url.PathEscape(r.Delivery) + "/resend"
	if err := post(c.Context, server, path, "resend", nil, &now); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s is tried again now\n", now.Message)
	return err
}
