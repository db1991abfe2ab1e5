package stripetest

import (
	"net/url"
	"slices"
	"strconv"
)

// object is the intent as Stripe shows it, client secret and all.
func (it *intent) object(s *Server) map[string]any {
	o := map[string]any{
		"id": it.id, "object": "payment_intent", "amount": it.amount, "currency": it.currency, "created": it.created,
		"status": it.status, "metadata": it.metadata, "client_secret": it.id + "_secret_browser",
		"confirmation_method": "manual", "last_payment_error": nil, "next_action": nil, "latest_charge": nil,
	}
	if it.failure != nil {
		o["last_payment_error"] = it.failure
	}
	if it.reason != "" {
		o["cancellation_reason"] = it.reason
	}
	if it.status == "requires_action" {
		o["next_action"] = map[string]any{
			"type":            "redirect_to_url",
			"redirect_to_url": map[string]any{"url": s.Pages + "/redirect/" + it.id, "return_url": it.returnURL},
		}
	}
	if it.charges > 0 {
		o["latest_charge"] = "ch_" + it.id + strconv.Itoa(it.charges)
	}
	return o
}

// expanded is the intent with its charge in it.
func (it *intent) expanded(s *Server) map[string]any {
	o := it.object(s)
	if id := o["latest_charge"]; id != nil {
		o["latest_charge"] = map[string]any{
			"id": id, "object": "charge", "amount_refunded": it.refunded, "disputed": it.disputed,
		}
	}
	return o
}

func (r *refund) object() map[string]any {
	return map[string]any{
		"id": r.id, "object": "refund", "amount": r.amount, "status": r.status, "created": r.created,
		"payment_intent": r.intent, "metadata": r.metadata,
	}
}

func (e *event) obj() map[string]any {
	return map[string]any{
		"id": e.id, "object": "event", "type": e.what, "created": e.created, "api_version": "2025-01-01.other",
		"data": map[string]any{"object": e.object},
	}
}

func list(all []any, more bool) map[string]any {
	if all == nil {
		all = []any{}
	}
	return map[string]any{"object": "list", "data": all, "has_more": more}
}

// page is what Stripe lists at once: the newest first, from after an id on, within a range of time.
func page[T any](all []T, form url.Values, id func(T) string, created func(T) int64, show func(T) any) map[string]any {
	limit, err := strconv.Atoi(form.Get("limit"))
	if err != nil {
		limit = 10
	}
	bound := func(name string, otherwise int64) int64 {
		if n, err := strconv.ParseInt(form.Get("created["+name+"]"), 10, 64); err == nil {
			return n
		}
		return otherwise
	}
	from, until := bound("gte", 0), bound("lt", 1<<62)
	shown, skipping := []any{}, form.Get("starting_after")
	for _, one := range slices.Backward(all) {
		switch {
		case skipping != "":
			if id(one) == skipping {
				skipping = ""
			}
		case created(one) < from || created(one) >= until:
		case len(shown) == limit:
			return list(shown, true)
		default:
			shown = append(shown, show(one))
		}
	}
	return list(shown, false)
}

func (s *Server) listIntents(form url.Values) map[string]any {
	return page(s.intents, form, func(it *intent) string { return it.id }, func(it *intent) int64 { return it.created },
		func(it *intent) any {
			if form.Get("expand[0]") == "data.latest_charge" {
				return it.expanded(s)
			}
			return it.object(s)
		})
}

func (s *Server) listRefunds(form url.Values) map[string]any {
	var of []*refund
	for _, r := range s.refunds {
		if r.intent == form.Get("payment_intent") {
			of = append(of, r)
		}
	}
	return page(of, form, func(r *refund) string { return r.id }, func(r *refund) int64 { return r.created },
		func(r *refund) any { return r.object() })
}

func (s *Server) listEvents(form url.Values) map[string]any {
	types := map[string]bool{}
	for name, values := range form {
		if len(name) > 5 && name[:5] == "types" {
			types[values[0]] = true
		}
	}
	var of []*event
	for _, e := range s.events {
		if len(types) == 0 || types[e.what] {
			of = append(of, e)
		}
	}
	return page(of, form, func(e *event) string { return e.id }, func(e *event) int64 { return e.created },
		func(e *event) any { return e.obj() })
}
