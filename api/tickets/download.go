package tickets

import (
	"slices"
	"strconv"

	"holdfast/actors/ticketing"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/tickets/files"
	"holdfast/api/wire"
)

// PDF is a page for each valid ticket of a booking, to print or to keep.
func (h *Handlers) PDF(r *call.Call) error {
	if err := noParameters(r); err != nil {
		return err
	}
	all, err := h.tickets(r)
	if err != nil {
		return err
	}
	if !all.Valid() {
		return problem.OfTicket(problem.TicketVoid)
	}
	body, err := files.PDF(all)
	if err != nil {
		return err
	}
	return send(r, "application/pdf", "tickets.pdf", body)
}

// Calendar is the event of a booking as a file that calendars take.
func (h *Handlers) Calendar(r *call.Call) error {
	if err := noParameters(r); err != nil {
		return err
	}
	all, err := h.tickets(r)
	if err != nil {
		return err
	}
	if _, known := all.Event.Header.Starts(); !known {
		return &problem.Problem{Kind: problem.NotFound, Detail: "nobody knows yet when the event begins"}
	}
	return send(r, "text/calendar; charset=utf-8", "event.ics", []byte(files.Calendar(all)))
}

// QR draws the code of one ticket, as SVG unless PNG is asked for.
func (h *Handlers) QR(r *call.Call) error {
	number, format := 0, "svg"
	for name, value := range r.Ctx.QueryArgs().All() {
		var err error
		switch string(name) {
		case "ticket":
			if number, err = strconv.Atoi(string(value)); err != nil || number < 1 {
				return problem.BadField("ticket", "must be the number of a ticket, from 1")
			}
		case "format":
			if format = string(value); format != "svg" && format != "png" {
				return problem.BadField("format", `is neither "svg" nor "png"`)
			}
		default:
			return problem.BadField(wire.Name(name), "is not a known parameter")
		}
	}
	if number == 0 {
		return problem.BadField("ticket", "is missing")
	}
	all, err := h.tickets(r)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all.Tickets, func(t ticketing.Ticket) bool { return t.No == number })
	switch {
	case at < 0:
		return said(ticketing.ErrNoSuch)
	case all.Tickets[at].Code == "":
		return said(ticketing.ErrVoid)
	}
	draw, contentType := files.SVG, "image/svg+xml"
	if format == "png" {
		draw, contentType = files.PNG, "image/png"
	}
	body, err := draw(all.Tickets[at].Code)
	if err != nil {
		return err
	}
	return send(r, contentType, "", body)
}
