package tickets

import (
	"net/http"
	"strconv"
	"strings"

	"holdfast/actors"
	"holdfast/actors/ticketing"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	wired "holdfast/api/wire/ticketing"
)

// Offer offers tickets of a booking to who opens the link that the answer has.
func (h *Handlers) Offer(r *call.Call) error {
	id, err := r.Booking()
	if err != nil {
		return err
	}
	var body wired.Offer
	if len(r.Body()) > 0 {
		if err := wire.Decode(r.Body(), &body); err != nil {
			return err
		}
	}
	if r.Who.Operator { // nobody goes with an operator's tickets
		return problem.OfTicket(problem.Forbidden)
	}
	named, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	var seats []string
	if body.Seats != nil {
		if seats = *body.Seats; len(seats) == 0 {
			return problem.BadField("seats", "names none; leave it out to offer all tickets")
		}
	}
	for _, seat := range seats {
		r.Fingerprint().Text(seat)
	}
	one, err := h.engine.Offer(id, seats, ticketing.Caller(r.Caller(named)), h.timeout)
	return h.answer(r, http.StatusCreated, one, err)
}

// Transfers lists the transfers of a booking that the caller has a part in; an operator sees all.
func (h *Handlers) Transfers(r *call.Call) error {
	if err := noParameters(r); err != nil {
		return err
	}
	id, err := r.Booking()
	if err != nil {
		return err
	}
	named, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	all, err := h.engine.Transfers(id, ticketing.Caller{Buyer: named.Buyer, Operator: r.Who.Operator}, h.timeout)
	if err != nil {
		return said(err)
	}
	out := &wired.Transfers{Transfers: []wired.Transfer{}}
	for i := range all {
		out.Transfers = append(out.Transfers, transferOf(&all[i], r.Who.Operator))
	}
	document.NoStore(&r.Ctx.Response.Header)
	return r.Encode(http.StatusOK, out)
}

// SeeTransfer shows what who has the link would get. The link is all that it takes.
func (h *Handlers) SeeTransfer(r *call.Call) error {
	if err := noParameters(r); err != nil {
		return err
	}
	one, err := h.engine.SeeLink(string(r.Param), ticketing.Caller{}, h.timeout)
	return h.answer(r, http.StatusOK, one, err)
}

// Withdraw takes an offer back. Its id names it, or its link.
func (h *Handlers) Withdraw(r *call.Call) error {
	if err := r.NoBody(); err != nil {
		return err
	}
	id, no, ok := h.engine.OpenLink(string(r.Param))
	if !ok {
		id, no, ok = transferID(string(r.Param))
	}
	if !ok {
		return problem.OfTicket(problem.LinkUnknown)
	}
	named, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	r.Fingerprint().Text(strconv.Itoa(int(no)))
	one, err := h.engine.Withdraw(id, no, ticketing.Caller(r.Caller(named)), h.timeout)
	return h.answer(r, http.StatusOK, one, err)
}

// Accept gives the tickets of a link to the caller.
func (h *Handlers) Accept(r *call.Call) error {
	if err := r.NoBody(); err != nil {
		return err
	}
	link := string(r.Param)
	id, no, ok := h.engine.OpenLink(link)
	if !ok {
		return problem.OfTicket(problem.LinkUnknown)
	}
	if r.Who.Operator {
		return problem.OfTicket(problem.Forbidden)
	}
	named, err := r.NamedAt(h.engine, id)
	if err != nil {
		return err
	}
	r.Fingerprint().Text(strconv.Itoa(int(no)))
	one, err := h.engine.Accept(link, ticketing.Caller(r.Caller(named)), h.timeout)
	return h.answer(r, http.StatusOK, one, err)
}

func (h *Handlers) answer(r *call.Call, status int, one *ticketing.TransferView, err error) error {
	if err != nil {
		return said(err)
	}
	document.NoStore(&r.Ctx.Response.Header)
	return r.Encode(status, transferOf(one, r.Who.Operator))
}

// transferID reads what transferOf writes as a transfer's id.
func transferID(text string) (id actors.BookingID, no uint16, ok bool) {
	booking, number, _ := strings.Cut(text, ".")
	n, err := strconv.ParseUint(number, 10, 16)
	id, ok = actors.ParseBookingID([]byte(booking))
	return id, uint16(n), ok && err == nil && n > 0 && strconv.FormatUint(n, 10) == number
}

func transferOf(v *ticketing.TransferView, operator bool) wired.Transfer {
	e, zone := v.Event.Header, v.Event.Clock()
	out := wired.Transfer{ID: v.Booking.String() + "." + strconv.Itoa(int(v.No)), Event: e.ID.String(),
		EventName: e.Name, StartsAt: startsAt(e), TimeZone: e.TimeZone, State: string(v.State), Side: string(v.Side),
		Token: v.Link, OfferedAt: call.TimeIn(zone, v.At), ExpiresAt: call.TimeIn(zone, v.Until),
		Tickets: []wired.Travelling{}}
	if v.Side != "" || operator {
		out.Booking = v.Booking.String()
	}
	if v.Ended != 0 {
		ended := call.TimeIn(zone, v.Ended)
		out.EndedAt = &ended
	}
	for i := range v.Tickets {
		t := &v.Tickets[i]
		out.Tickets = append(out.Tickets, wired.Travelling{ID: t.ID, Seat: t.Seat, Section: t.Section,
			Category: t.Category})
	}
	return out
}
