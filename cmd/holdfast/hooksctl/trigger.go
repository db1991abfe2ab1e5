package hooksctl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/testclock"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/terminal"
)

// Trigger makes an event happen.
type Trigger struct {
	client.Target
	Type  string `arg:"" help:"What is to happen: booking.held, booking.extended, booking.released, booking.expired, booking.confirmed or booking.refunded." placeholder:"TYPE"`
	Event string `help:"The event's id." placeholder:"ID" required:"" env:"-"`
	Token string `help:"The payment token of a confirm (${default}: the sandbox's)." placeholder:"TOKEN" env:"-" default:"tok_ok"`
	Wait  bool   `help:"With booking.expired: wait for the hold's end." env:"-"`
}

// Help is shown by holdfast trigger --help.
func (Trigger) Help() string {
	return `Examples:

  holdfast trigger booking.confirmed --event 0b6d4f0e-…
  holdfast trigger booking.expired --event 0b6d4f0e-… --wait

For trying out: a seat is really held for the buyer "trigger", and what follows really happens. It is in the log, and everybody is told who is
told anything. Servers in dev mode only: with a real payment processor nobody should buy to see a webhook. A hold's end is at once where
the data were made with serve --test-clock.`
}

// steps are the calls that lead to each type, behind the hold.
var steps = map[string][]string{
	"booking.held": nil, "booking.expired": nil, "booking.extended": {"/extend"}, "booking.released": {""},
	"booking.confirmed": {"/confirm"}, "booking.refunded": {"/confirm", "/refund"},
}

// Run makes it happen.
func (t *Trigger) Run(c *terminal.Console) error {
	calls, known := steps[t.Type]
	if !known {
		return fmt.Errorf("%s cannot be made to happen here: say one of %s", t.Type,
			strings.Join(slices.Sorted(maps.Keys(steps)), ", "))
	}
	if _, err := terminal.ParseEventID(t.Event); err != nil {
		return err
	}
	if t.OperatorKeyFile != "" {
		return errors.New("only servers in dev mode are asked: leave --operator-key-file out")
	}
	server, err := t.Server()
	if err != nil {
		return err
	}
	held, err := t.hold(c.Context, server)
	if err != nil {
		return err
	}
	for _, call := range calls {
		if err := t.call(c.Context, server, held.ID, call); err != nil {
			return err
		}
	}
	if t.Type == "booking.expired" {
		return t.expire(c, server, held)
	}
	_, err = fmt.Fprintf(c.Out, "%s: %s\n", t.Type, held.ID)
	return err
}

// expire puts the clock of a store for tests forward to the hold's end. Of other stores it says when that is, or waits.
func (t *Trigger) expire(c *terminal.Console, server *client.Client, held held) error {
	ends, err := time.Parse(time.RFC3339, held.ExpiresAt)
	if err != nil {
		return err
	}
	var clock struct {
		Now time.Time `json:"now"`
	}
	err = server.Get(c.Context, "/v1/test/clock", &clock)
	var refused *client.Problem
	switch {
	case err == nil:
		seconds := max(1, int64((ends.Sub(clock.Now)+time.Second-1)/time.Second))
		if err := post(c.Context, server, "/v1/test/clock/advance", "trigger", testclock.Advance{Seconds: seconds},
			&clock); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.Out, "%s: %s; the server's clock is %d s further\n", t.Type, held.ID, seconds)
		return err
	case !errors.As(err, &refused) || refused.Code != "no_test_clock":
		return err
	}
	fmt.Fprintf(c.Out, "%s ends at %s\n", held.ID, held.ExpiresAt)
	if t.Wait {
		rest(c.Context, time.Until(ends))
	}
	return nil
}

// held is what is needed of a booking's answer.
type held struct {
	ID        string `json:"id"`
	ExpiresAt string `json:"expires_at"`
}

func (t *Trigger) hold(ctx context.Context, server *client.Client) (h held, err error) {
	body := map[string]any{"buyer": "trigger", "limits": wire.LimitsIgnore,
		"best_available": map[string]any{"quantity": 1}}
	return h, post(ctx, server, "/v1/events/"+t.Event+"/bookings", "trigger", body, &h)
}

func (t *Trigger) call(ctx context.Context, server *client.Client, id, call string) error {
	path := "/v1/bookings/" + id
	var answer map[string]any
	switch call {
	case "":
		return server.Delete(ctx, path, key("trigger"), &answer)
	case "/confirm":
		return post(ctx, server, path+call, "trigger", map[string]string{"payment_token": t.Token}, &answer)
	}
	return post(ctx, server, path+call, "trigger", nil, &answer)
}
