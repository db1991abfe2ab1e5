package catalog

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"holdfast/actors"
	"holdfast/actors/cancellation"
	"holdfast/actors/section"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/calledoff"
	"holdfast/api/wire/pay"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// CancelRequest is the body of POST /v1/events/{e}/cancel.
type CancelRequest struct {
	Reason *string `json:"reason"` // buyers are told
}

// PostponeRequest is the body of POST /v1/events/{e}/postpone.
type PostponeRequest struct {
	StartsAt   *wire.OffsetTime `json:"starts_at,omitempty"` // nil: nobody knows yet
	SaleEndsAt *wire.OffsetTime `json:"sale_ends_at,omitempty"`
	KeepUntil  *wire.OffsetTime `json:"keep_until"` // until then buyers may give their bookings back
	Reason     *string          `json:"reason"`     // buyers are told
}

// Cancel calls an event off, and has everybody's money go back. Operators only.
func (h *Handlers) Cancel(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	var body CancelRequest
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if err := CheckReason(body.Reason); err != nil {
		return err
	}
	r.Detailf("reason=%q", *body.Reason)
	r.Fingerprint().Text(*body.Reason)
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	event, progress, err := h.engine.CancelEvent(ctx, id, r.OperatorCaller(), *body.Reason)
	return h.tellProgress(r, http.StatusAccepted, event, progress, err)
}

// CancelProgress tells how far that has come. Operators only.
func (h *Handlers) CancelProgress(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	event, progress, err := h.engine.CancelProgress(ctx, id)
	return h.tellProgress(r, http.StatusOK, event, progress, err)
}

func (h *Handlers) tellProgress(
	r *call.Call, status int, event *storage.Event, p *cancellation.Progress, err error,
) error {
	if err != nil {
		return err
	}
	refunds := func(c cancellation.Count) calledoff.Refunds {
		return calledoff.Refunds{Count: c.Number, Amount: pay.Amount{Amount: c.Amount, Currency: event.Currency}}
	}
	why := cmp.Or(event.Cancelled, &onsale.Cancellation{})
	if event.Sale == storage.SaleCancelling {
		r.Ctx.Response.Header.Set("Retry-After", "1")
	}
	document.NoStore(&r.Ctx.Response.Header)
	return r.Encode(status, &calledoff.Cancellation{
		Event: event.ID.String(), State: string(event.Sale), At: call.TimeIn(event.Zone(), why.At).String(),
		Reason:   why.Reason,
		Sections: p.Sections, Cancelling: p.Cancelling, Unheard: p.Unheard, Held: p.Held, Paying: p.Paying,
		Sold: p.Sold, Due: refunds(p.Due), Pending: refunds(p.Pending), Refunded: refunds(p.Refunded),
		Failed: refunds(p.Failed),
	})
}

// Postpone puts an event off. Operators only.
func (h *Handlers) Postpone(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	var body PostponeRequest
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	if err := CheckReason(body.Reason); err != nil {
		return err
	}
	if body.KeepUntil == nil {
		return problem.BadField("keep_until", "is missing: until then buyers may give their bookings back")
	}
	event, err := h.engine.Event(id)
	if err != nil {
		return err
	}
	change, err := postponement(event, &body)
	if err != nil {
		return err
	}
	r.Detailf("reason=%q", *body.Reason)
	r.Fingerprint().Body(r.Body())
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	if event, err = h.engine.PostponeEvent(ctx, id, r.OperatorCaller(), *change); err != nil {
		return err
	}
	answer := eventAnswer(event)
	return r.Encode(http.StatusOK, &answer)
}

// postponement reads the new times, by the rules of a new event.
func postponement(event *storage.Event, body *PostponeRequest) (*onsale.Change, error) {
	put := onsale.Postponement{Reason: *body.Reason, Unknown: body.StartsAt == nil,
		KeepUntil: section.Instant(body.KeepUntil.Time)}
	change := &onsale.Change{Sale: storage.SalePaused, Postponed: &put}
	if body.StartsAt == nil {
		if body.SaleEndsAt != nil {
			return nil, problem.BadField("sale_ends_at", "needs starts_at: nobody knows the new time yet")
		}
		return change, nil
	}
	times := storage.Event{}
	zone := &event.TimeZone
	if *zone == "" {
		zone = nil
	}
	if err := setTimes(&times, &wire.CreateEvent{StartsAt: body.StartsAt, SaleEndsAt: body.SaleEndsAt,
		TimeZone: zone}); err != nil {
		return nil, err
	}
	change.StartsAt, change.StartsMinutes, change.SaleEndsAt = times.StartsAt, times.StartsMinutes, times.SaleEndsAt
	return change, nil
}

// announced adds what buyers are told of an event that is called off or put off.
func announced(answer *wire.Event, e *storage.Event, zone *time.Location) {
	if c := e.Cancelled; c != nil {
		answer.Cancelled = &calledoff.Announcement{At: call.TimeIn(zone, c.At).String(), Reason: c.Reason}
	}
	if p := e.Postponed; p != nil {
		answer.Postponed = &calledoff.Announcement{At: call.TimeIn(zone, p.At).String(), Reason: p.Reason,
			Unknown: p.Unknown, KeepUntil: call.TimeIn(zone, p.KeepUntil).String()}
		if p.From != 0 {
			answer.Postponed.From = call.TimeIn(zone, p.From).String()
		}
	}
}

// Cancelling is what this room asks of the engine about events that are called off or put off.
type Cancelling interface {
	CancelEvent(
		ctx context.Context, id storage.EventID, who actors.Caller, reason string,
	) (*storage.Event, *cancellation.Progress, error)
	CancelProgress(ctx context.Context, id storage.EventID) (*storage.Event, *cancellation.Progress, error)
	PostponeEvent(
		ctx context.Context, id storage.EventID, who actors.Caller, change onsale.Change,
	) (*storage.Event, error)
}
