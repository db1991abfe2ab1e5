package bookinglist

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"holdfast/actors"
	"holdfast/actors/bookingsearch"
	"holdfast/actors/section"
	"holdfast/api/auth"
	"holdfast/api/booking"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Engine is what this room asks of the engine.
type Engine interface {
	call.Pseudonyms
	// Bookings grants nothing and asks no other node. Errors: see actors.Engine.Bookings.
	Bookings(ctx context.Context, q *bookingsearch.Request) (actors.BookingsPage, error)
}

// Handlers answers operators and buyers. Its methods are safe for concurrent use.
type Handlers struct {
	engine  Engine
	timeout time.Duration // of an engine call
}

// New makes the handlers. timeout bounds an engine call.
func New(engine Engine, timeout time.Duration) *Handlers { return &Handlers{engine, timeout} }

// Refusals that never differ are made once (P7).
var (
	notOperators = &problem.Problem{Kind: problem.Forbidden,
		Detail: "an operator has no bookings: ask GET /v1/bookings for a buyer's"}
	noBuyer = problem.BadField("buyer", "is missing: without an event, bookings are looked for by buyer")
)

// OfEvent shows an operator the bookings of an event.
func (h *Handlers) OfEvent(r *call.Call) error {
	event, err := r.Event()
	if err != nil {
		return err
	}
	f, err := parse(r.Ctx.QueryArgs(), ofEvent)
	if err != nil {
		return err
	}
	if f.query.After != (bookingsearch.Key{}) && f.query.After.ID.Section.Event != event {
		return problem.BadField("cursor", "is of another event")
	}
	f.query.Event = event
	if f.pseudonym != nil {
		f.query.Buyer = func(storage.EventID) (section.BuyerID, error) { return *f.pseudonym, nil }
	} else if f.buyer != "" {
		if f.query.Buyer, err = h.named(f.buyer); err != nil {
			return err
		}
	}
	return h.answer(r, f, true)
}

// OfBuyer shows an operator one buyer's bookings, over all events.
func (h *Handlers) OfBuyer(r *call.Call) error {
	f, err := parse(r.Ctx.QueryArgs(), ofBuyer)
	if err != nil {
		return err
	}
	if f.buyer == "" {
		return noBuyer
	}
	if f.query.Buyer, err = h.named(f.buyer); err != nil {
		return err
	}
	return h.answer(r, f, true)
}

// Mine shows buyers their own.
func (h *Handlers) Mine(r *call.Call) error {
	if r.Who.Operator {
		return notOperators
	}
	f, err := parse(r.Ctx.QueryArgs(), mine)
	if err != nil {
		return err
	}
	f.query.Buyer = h.of(strings.Clone(r.Who.Subject))
	return h.answer(r, f, false)
}

// named is of for a name that an operator gives.
func (h *Handlers) named(subject string) (func(storage.EventID) (section.BuyerID, error), error) {
	if why := auth.CheckName(subject); why != "" {
		return nil, problem.BadField("buyer", why)
	}
	return h.of(subject), nil
}

// of is a subject in each event (P14).
func (h *Handlers) of(subject string) func(storage.EventID) (section.BuyerID, error) {
	return func(id storage.EventID) (section.BuyerID, error) {
		named, err := call.NamedIn(h.engine, id, subject)
		return named.Buyer, err
	}
}

func (h *Handlers) answer(r *call.Call, f *filter, buyers bool) error {
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	page, err := h.engine.Bookings(ctx, &f.query)
	var unknown *actors.SeatsUnknownError
	if errors.As(err, &unknown) {
		return problem.BadField("seat", "is no seat of the event")
	}
	if err != nil {
		return err
	}
	r.Out = append(r.Out[:0], `{"bookings":[`...)
	for i := range page.Bookings {
		if i > 0 {
			r.Out = append(r.Out, ',')
		}
		r.Out = appendListed(r, r.Out, &page.Bookings[i], buyers)
	}
	r.Out = append(r.Out, `],"next_cursor":`...)
	if next := page.Next.String(); next != "" {
		r.Out = wire.AppendString(r.Out, next)
	} else {
		r.Out = append(r.Out, "null"...)
	}
	r.Out = wire.AppendOffsetTime(append(r.Out, `,"as_of":"`...), call.TimeIn(time.UTC, page.AsOf))
	r.Out = append(r.Out, `","incomplete":`...)
	if page.Incomplete {
		r.Out = append(r.Out, "true}"...)
	} else {
		r.Out = append(r.Out, "false}"...)
	}
	document.NoStore(&r.Ctx.Response.Header)
	return r.JSON(http.StatusOK)
}

// appendListed appends a booking with what a list says besides.
func appendListed(r *call.Call, dst []byte, l *actors.ListedBooking, buyers bool) []byte {
	r.View = l.BookingView
	dst = booking.Append(r, dst)
	dst = append(dst[:len(dst)-1], `,"placed_at":"`...)
	dst = append(wire.AppendOffsetTime(dst, call.TimeIn(cmp.Or(l.Zone, time.UTC), l.PlacedAt)), '"')
	if buyers {
		dst = append(hex.AppendEncode(append(dst, `,"buyer":"`...), l.Buyer[:]), '"')
	}
	return append(dst, '}')
}
