package payments

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"holdfast/actors"
	"holdfast/actors/checkout/pending"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/pay"
)

// Engine is what this room asks of the engine.
type Engine interface {
	Payments(ctx context.Context, q pending.Query) (pending.Page, error)
	PaymentsOf(ctx context.Context, id actors.BookingID) (pending.Item, error)
	RetryPayments(ctx context.Context, id actors.BookingID) (pending.Item, error)
}

// Handlers answers operators. Its methods are safe for concurrent use.
type Handlers struct {
	engine  Engine
	timeout time.Duration // of an engine call
}

// New makes the handlers. timeout bounds an engine call.
func New(engine Engine, timeout time.Duration) *Handlers {
	return &Handlers{engine: engine, timeout: timeout}
}

// Bounds of a page.
const (
	limitDefault = 50
	limitMax     = 100
)

// List shows an event's bookings whose money is open or wrong.
func (h *Handlers) List(r *call.Call) error {
	event, err := r.Event()
	if err != nil {
		return err
	}
	query, err := parseQuery(r.Ctx.QueryArgs())
	if err != nil {
		return err
	}
	query.Event = event
	if query.After.Section.Event != event && query.After != (actors.BookingID{}) {
		return problem.BadField("cursor", "is of another event")
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	page, err := h.engine.Payments(ctx, query)
	if err != nil {
		return err
	}
	answer := pay.Payments{Payments: []pay.Payment{}, Incomplete: page.Incomplete}
	for i := range page.Items {
		answer.Payments = append(answer.Payments, Tell(&page.Items[i]))
	}
	if page.Next != (actors.BookingID{}) {
		next := page.Next.String()
		answer.NextCursor = &next
	}
	return r.Encode(http.StatusOK, &answer)
}

// Show tells all that is known of one booking's money.
func (h *Handlers) Show(r *call.Call) error { return h.one(r, h.engine.PaymentsOf) }

// Retry has the processor asked at once.
func (h *Handlers) Retry(r *call.Call) error {
	if err := r.NoBody(); err != nil {
		return err
	}
	return h.one(r, h.engine.RetryPayments)
}

func (h *Handlers) one(r *call.Call, do func(context.Context, actors.BookingID) (pending.Item, error)) error {
	id, err := r.Booking()
	if err != nil {
		return err
	}
	if r.Ctx.QueryArgs().Len() > 0 {
		for name := range r.Ctx.QueryArgs().All() {
			return problem.BadField(wire.Name(name), "is not a known parameter")
		}
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	item, err := do(ctx, id)
	if err != nil {
		return err
	}
	answer := Tell(&item)
	return r.Encode(http.StatusOK, &answer)
}

func parseQuery(args *fasthttp.Args) (q pending.Query, err error) {
	q.Limit = limitDefault
	for name, value := range args.All() {
		switch string(name) {
		case "limit":
			if q.Limit, err = strconv.Atoi(string(value)); err != nil || q.Limit < 1 || q.Limit > limitMax {
				return q, problem.BadField("limit", "must be a whole number from 1 to 100")
			}
		case "state":
			if q.Kind = pending.Kind(value); !slices.Contains(pending.Kinds, q.Kind) {
				return q, problem.BadField("state",
					"must be paying, refund_due, refund_pending, refund_failed or disputed")
			}
		case "cursor":
			var ok bool
			if q.After, ok = actors.ParseBookingID(value); !ok && len(value) > 0 {
				return q, problem.BadField("cursor", "must be a next_cursor of an earlier answer")
			}
		default:
			return q, problem.BadField(wire.Name(name), "is not a known parameter")
		}
	}
	return q, nil
}

// states are the words for where a booking stands.
var states = map[section.BookingState]string{section.BookingNone: "forgotten", section.BookingHeld: "held",
	section.BookingPaying: "paying", section.BookingConfirmed: "confirmed", section.BookingReleased: "released",
	section.BookingExpired: "expired", section.BookingRefunded: "refunded"}

// phases are the words for where an attempt stands.
var phases = map[account.Phase]string{account.Opened: "opened", account.Challenge: "challenge",
	account.Captured: "captured", account.Over: "ended"}

// Tell is an item in the API's words.
func Tell(i *pending.Item) pay.Payment {
	amount := func(minor int64) pay.Amount { return pay.Amount{Amount: minor, Currency: i.Currency} }
	p := pay.Payment{Booking: i.Line.ID.String(), Event: i.Line.ID.Section.Event.String(),
		State: states[i.State], Total: amount(i.Total), Open: []string{}, Attempts: []pay.Attempt{}}
	for _, k := range i.Kinds {
		p.Open = append(p.Open, string(k))
	}
	m := &i.Money
	for _, past := range m.Past {
		p.Attempts = append(p.Attempts, pay.Attempt{No: past.Attempt, State: phases[account.Over],
			Amount: amount(past.Amount), Reference: past.Reference})
	}
	if m.Attempt > 0 {
		last := pay.Attempt{No: m.Attempt, State: phases[m.Phase], Amount: amount(m.Amount), Reference: m.Reference()}
		if m.Legacy {
			last.Amount = p.Total
		}
		p.Attempts = append(p.Attempts, last)
	}
	for j := range m.Refunds {
		if f := &m.Refunds[j]; !f.Replaced {
			p.Refunds = append(p.Refunds, pay.RefundOf{No: f.No, Attempt: f.Attempt, State: f.State.String(),
				Amount: amount(f.Amount), Stray: f.Reason == account.Anomaly})
		}
	}
	if !i.Since.IsZero() || !i.LastAt.IsZero() {
		p.Reconciliation = &pay.Reconciliation{
			Tries: i.Tries, Since: instant(i.Since), LastAt: instant(i.LastAt), NextAt: instant(i.Next),
		}
	}
	p.Why = i.Why
	return p
}

// instant is a time in RFC 3339, UTC; empty: there is none.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
