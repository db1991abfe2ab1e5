package tickets

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/actors/section/entry"
	"holdfast/actors/ticket"
	"holdfast/actors/ticketing"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/pricing"
	wired "holdfast/api/wire/ticketing"
	"holdfast/storage"
)

// Engine is what this room asks of the engine; see package actors/ticketing. Errors are also those of the engine's
// other calls.
type Engine interface {
	call.Pseudonyms
	Tickets(id actors.BookingID, who ticketing.Caller, timeout time.Duration) (*ticketing.Tickets, error)
	Scan(s ticketing.Scanned, who ticketing.Caller, timeout time.Duration) (*ticketing.Scan, error)
	ScanLate(list []ticketing.Scanned, who ticketing.Caller, timeout time.Duration) []ticketing.Late
	Offer(
		id actors.BookingID, seats []string, who ticketing.Caller, timeout time.Duration,
	) (*ticketing.TransferView, error)
	Transfers(id actors.BookingID, who ticketing.Caller, timeout time.Duration) ([]ticketing.TransferView, error)
	Withdraw(
		id actors.BookingID, no uint16, who ticketing.Caller, timeout time.Duration,
	) (*ticketing.TransferView, error)
	SeeLink(link string, who ticketing.Caller, timeout time.Duration) (*ticketing.TransferView, error)
	Accept(link string, who ticketing.Caller, timeout time.Duration) (*ticketing.TransferView, error)
	OpenLink(link string) (id actors.BookingID, no uint16, ok bool)
	Reissue(id actors.BookingID, number int, who ticketing.Caller, timeout time.Duration) (*ticketing.Tickets, error)
	Manifest(ctx context.Context, id storage.EventID, from ticketing.Cursor, most int) (*ticketing.Page, error)
	Conflicts(
		ctx context.Context, id storage.EventID, scanner string, from ticketing.Cursor, most int,
	) (*ticketing.Page, error)
	SignManifest(ctx context.Context, body []byte) (string, error)
	TicketKeys(ctx context.Context) ([]ticketing.Key, error)
	RotateTicketKeys(ctx context.Context) ([]ticketing.Key, error)
	// Done and MarkDone remember an operator's call; see actors.Engine.
	Done(ctx context.Context, who actors.Caller) (bool, error)
	MarkDone(ctx context.Context, who actors.Caller) error
}

// Handlers answers. Its methods are safe for concurrent use.
type Handlers struct {
	engine  Engine
	timeout time.Duration // of an engine call
}

// New makes the handlers. timeout bounds an engine call.
func New(engine Engine, timeout time.Duration) *Handlers {
	return &Handlers{engine: engine, timeout: timeout}
}

// tickets are those of the booking that the path names, for its buyer or an operator.
func (h *Handlers) tickets(r *call.Call) (*ticketing.Tickets, error) {
	id, err := r.Booking()
	if err != nil {
		return nil, err
	}
	named, err := r.NamedAt(h.engine, id)
	if err != nil {
		return nil, err
	}
	all, err := h.engine.Tickets(id, ticketing.Caller{Buyer: named.Buyer, Operator: r.Who.Operator}, h.timeout)
	return all, said(err)
}

// List shows the tickets of a booking, with their codes.
func (h *Handlers) List(r *call.Call) error {
	if err := noParameters(r); err != nil {
		return err
	}
	all, err := h.tickets(r)
	if err != nil {
		return err
	}
	return r.Encode(http.StatusOK, listed(all))
}

func listed(all *ticketing.Tickets) *wired.Tickets {
	e := all.Event.Header
	out := &wired.Tickets{Booking: all.Booking.String(), Event: e.ID.String(), EventName: e.Name,
		StartsAt: startsAt(e), TimeZone: e.TimeZone, Tickets: []wired.Ticket{}}
	for i := range all.Tickets {
		t := &all.Tickets[i]
		one := wired.Ticket{Number: t.No, ID: t.ID, Seat: t.Seat, Section: t.Section, Category: t.Category,
			Type:  t.Type,
			Total: wire.Money{Amount: t.Price.Total(), Currency: e.Currency}, State: string(t.State), Code: t.Code,
			Rotation: t.Pass.Rotation, Admission: admission(all.Event, &t.Pass)}
		if !t.Price.IsPlain() {
			one.Price = call.Price(t.Price, new(pricing.Price))
		}
		out.Tickets = append(out.Tickets, one)
	}
	return out
}

func startsAt(e *storage.Event) wire.OffsetTime {
	return wire.OffsetTime{Time: wire.Time(e.StartsAt), Minutes: e.StartsMinutes}
}

// admission is nil for a ticket that is not in.
func admission(ev *ticketing.Event, p *entry.Pass) *wired.Admission {
	if !p.Admitted {
		return nil
	}
	zone := ev.Clock()
	a := &wired.Admission{AdmittedAt: call.TimeIn(zone, p.At), Scanner: p.Scanner, Offline: p.Offline}
	for _, d := range p.Doubles {
		a.Conflicts = append(a.Conflicts, wired.Conflict{AdmittedAt: call.TimeIn(zone, d.At), Scanner: d.Scanner})
	}
	return a
}

// Reissue voids the code of a ticket and gives the next one.
func (h *Handlers) Reissue(r *call.Call) error {
	id, err := r.Booking()
	if err != nil {
		return err
	}
	var body wired.Reissue
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if body.Ticket == nil {
		return problem.BadField("ticket", "is missing")
	}
	named, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	r.Fingerprint().Text(strconv.Itoa(*body.Ticket))
	all, err := h.engine.Reissue(id, *body.Ticket, ticketing.Caller(r.Caller(named)), h.timeout)
	if err != nil {
		return said(err)
	}
	return r.Encode(http.StatusOK, listed(all))
}

// noParameters refuses a query where none belongs.
func noParameters(r *call.Call) error {
	for name := range r.Ctx.QueryArgs().All() {
		return problem.BadField(wire.Name(name), "is not a known parameter")
	}
	return nil
}

// said puts what is wrong with a ticket into the API's words. Anything else is as the engine said it.
func said(err error) error {
	var admitted *ticketing.AdmittedError
	var refused *ticketing.RefusedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return &actors.Refusal{Code: refused.Code, Seats: refused.Seats}
	case errors.Is(err, ticketing.ErrLink):
		return problem.OfTicket(problem.LinkUnknown)
	case errors.As(err, &admitted):
		a := admission(admitted.Event, &admitted.Pass)
		return problem.Admitted(a.AdmittedAt, a.Scanner)
	case errors.Is(err, ticketing.ErrNotSold):
		return &actors.Refusal{Code: section.NotConfirmed}
	case errors.Is(err, ticketing.ErrNoSuch):
		return problem.OfTicket(problem.TicketUnknown)
	case errors.Is(err, ticketing.ErrVoid):
		return problem.OfTicket(problem.TicketVoid)
	case errors.Is(err, ticketing.ErrOtherEvent):
		return problem.OfTicket(problem.TicketOtherEvent)
	case errors.Is(err, ticket.ErrNoTicket), errors.Is(err, ticket.ErrForged), errors.Is(err, ticket.ErrUnknownKey):
		return &problem.Problem{Kind: problem.TicketForged, Field: "code"}
	case errors.Is(err, ticketing.ErrNoKeys):
		return errors.Join(actors.ErrUnavailable, err)
	case errors.Is(err, ticketing.ErrUnheard):
		return &problem.Problem{Kind: problem.Unavailable, Detail: "a section is not heard of by this server now"}
	}
	return err
}

// send answers with a file that nobody keeps.
func send(r *call.Call, contentType, name string, body []byte) error {
	response := &r.Ctx.Response
	document.NoStore(&response.Header)
	response.SetStatusCode(http.StatusOK)
	response.Header.SetContentType(contentType)
	response.Header.Set("X-Content-Type-Options", "nosniff")
	if name != "" {
		response.Header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	response.AppendBody(body)
	return nil
}
