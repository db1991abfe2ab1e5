package hooksctl

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/api/wire/hooks"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/terminal"
)

// Listen brings events to this machine.
type Listen struct {
	client.Target
	Event     string `required:"" help:"The event's id." placeholder:"ID" env:"-"`
	ForwardTo string `help:"Where to send each change, as a webhook is sent. Without it they are printed." placeholder:"URL" env:"-"`
	Beginning bool   `help:"From the first change on; without it, from now on." env:"-"`
	Cursor    string `help:"Go on from where an earlier run stopped." placeholder:"CURSOR" env:"-"`
	Secret    string `help:"Sign with this one; without it one is made and printed." placeholder:"whsec_…" env:"HOLDFAST_LISTEN_SECRET"`
}

// Help is shown by holdfast listen --help.
func (Listen) Help() string {
	return `Examples:

  holdfast listen --event 0b6d4f0e-… --forward-to http://127.0.0.1:3000/hooks
  holdfast listen --event 0b6d4f0e-… --beginning | jq -r .type

For developers: what a webhook of a server would be told comes to a program on this machine, signed in the same way, without a public address.
Each change is tried once more every second until the program answers 2xx: nothing is skipped. The cursor printed at the end goes on there.`
}

// Run listens until it is interrupted.
func (l *Listen) Run(c *terminal.Console) error {
	if _, err := terminal.ParseEventID(l.Event); err != nil {
		return err
	}
	server, err := l.Server()
	if err != nil {
		return err
	}
	f := &forwarder{to: l.ForwardTo, out: c.Out, log: c.Err, client: &http.Client{Timeout: 15 * time.Second}}
	if err := f.sign(l.Secret); err != nil {
		return err
	}
	cursor := l.Cursor
	if cursor == "" && !l.Beginning {
		cursor = "now"
	}
	cursor, err = f.follow(c.Context, server, l.Event, cursor)
	fmt.Fprintf(c.Err, "go on with --cursor %s\n", cursor)
	if c.Context.Err() != nil {
		return nil
	}
	return err
}

// forwarder sends changes to an address, or prints them.
type forwarder struct {
	to       string
	hook     *standardwebhooks.Webhook
	out, log io.Writer
	client   *http.Client
}

func (f *forwarder) sign(secret string) (err error) {
	if f.to == "" {
		return nil
	}
	if u, err := url.Parse(f.to); err != nil || u.Host == "" {
		return errors.New("--forward-to must be an address such as http://127.0.0.1:3000/hooks")
	}
	if secret == "" {
		var raw [32]byte
		_, _ = rand.Read(raw[:]) // never fails
		secret = "whsec_" + base64.StdEncoding.EncodeToString(raw[:])
		fmt.Fprintf(f.log, "signed with %s\n", secret)
	}
	f.hook, err = standardwebhooks.NewWebhook(secret)
	return err
}

// waitSeconds is how long one call waits for changes.
const waitSeconds = "20"

// follow asks for changes until ctx ends, and answers the cursor behind what was forwarded.
func (f *forwarder) follow(ctx context.Context, server *client.Client, event, cursor string) (string, error) {
	for ctx.Err() == nil {
		query := url.Values{"wait": {waitSeconds}, "cursor": {cursor}}
		var page hooks.Changes
		if err := server.Get(ctx, "/v1/events/"+event+"/changes?"+query.Encode(), &page); err != nil {
			var refused *client.Problem
			if ctx.Err() != nil || errors.As(err, &refused) && refused.Status/100 == 4 {
				return cursor, err
			}
			fmt.Fprintf(f.log, "tried again: %v\n", err)
			if !rest(ctx, time.Second) {
				return cursor, nil
			}
			continue
		}
		for _, change := range page.Changes {
			if err := f.forward(ctx, change); err != nil {
				return cursor, err
			}
		}
		cursor = page.NextCursor
	}
	return cursor, nil
}

// rest waits; false: ctx has ended.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// forward sends one change until it is taken.
func (f *forwarder) forward(ctx context.Context, change json.RawMessage) error {
	if f.to == "" {
		_, err := fmt.Fprintf(f.out, "%s\n", change)
		return err
	}
	var head struct{ ID, Type string }
	if err := json.Unmarshal(change, &head); err != nil {
		return err
	}
	for {
		code, err := f.send(ctx, head.ID, change)
		if err == nil {
			_, err = fmt.Fprintf(f.out, "%d %s %s\n", code, head.Type, head.ID)
		}
		switch {
		case err != nil:
			fmt.Fprintf(f.log, "%s %s: tried again: %v\n", head.Type, head.ID, err)
		case code/100 == 2:
			return nil
		}
		if !rest(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

func (f *forwarder) send(ctx context.Context, id string, body []byte) (code int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.to, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	now := time.Now()
	signature, err := f.hook.Sign(id, now, body)
	if err != nil {
		return 0, err
	}
	request.Header.Set(standardwebhooks.HeaderWebhookID, id)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	request.Header.Set("Content-Type", "application/cloudevents+json")
	response, err := f.client.Do(request)
	if err != nil {
		return 0, err
	}
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // what it says is for nobody
	return response.StatusCode, response.Body.Close()
}
