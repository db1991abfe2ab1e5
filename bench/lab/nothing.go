package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/api/wire"
)

// NothingEvent is the id that requests to a server that does nothing are made with.
const NothingEvent = "00000000-0000-4000-8000-000000000000"

// Nothing is a target that reads each request whole and answers what a server would that always says yes: the most
// that this HTTP library, this client and this machine have to give. Its answers are checked for nothing.
func Nothing(command func(address string) (string, []string)) Target {
	c := Command("nothing", "A handler that does nothing: the same HTTP library, the same requests, an answer of the "+
		"same size. What a server takes longer is what it does.",
		func(context.Context, string) (*Backing, error) {
			return &Backing{Command: command, CPU: func() time.Duration { return 0 },
				Stop: func() error { return nil }}, nil
		})
	c.Blind = true
	return c
}

// NewCanned makes that server: one answer a kind of request, told apart by its path.
func NewCanned() (*fasthttp.Server, error) {
	held, confirmed, released, err := cannedBookings()
	if err != nil {
		return nil, err
	}
	server := NewNull(NullAnswer{})
	server.Handler = func(ctx *fasthttp.RequestCtx) {
		path := ctx.Path()
		switch {
		case bytes.HasSuffix(path, []byte("/bookings")):
			answerJSON(ctx, 201, held)
		case bytes.HasSuffix(path, []byte("/confirm")):
			answerJSON(ctx, 200, confirmed)
		case ctx.IsDelete():
			answerJSON(ctx, 200, released)
		default:
			answerJSON(ctx, 200, held)
		}
	}
	return server, nil
}

func answerJSON(ctx *fasthttp.RequestCtx, status int, body []byte) {
	ctx.SetStatusCode(status)
	ctx.Response.Header.Set("Content-Type", "application/json")
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.Response.SetBodyRaw(body)
}

// cannedBookings are a booking of two seats in three states. Its seats are in every uniform venue.
func cannedBookings() (held, confirmed, released []byte, err error) {
	lapses := wire.OffsetTime{Time: wire.Time(time.Now().Add(10 * time.Minute).UnixMilli())}
	b := wire.Booking{
		ID: "baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Event: NothingEvent, State: "held",
		Seats:     []string{"S10-100-1", "S10-100-2"},
		ExpiresAt: &lapses, Total: wire.Money{Amount: 10_000, Currency: "EUR"},
	}
	encode := func(state string) (text []byte) {
		b.State = state
		var failed error
		if text, failed = json.Marshal(&b); failed != nil {
			err = fmt.Errorf("lab: %w", failed)
		}
		return text
	}
	held, released = encode("held"), encode("released")
	for _, seat := range b.Seats {
		b.Tickets = append(b.Tickets, wire.Ticket{Seat: seat, Code: "AAAAAAAAAAAAAAAAAAAAAAAAAA"})
	}
	return held, encode("confirmed"), released, err
}

// ServeCanned answers on an address until ctx ends.
func ServeCanned(ctx context.Context, address string) error {
	server, err := NewCanned()
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	return serveUntil(ctx, server, listener)
}
