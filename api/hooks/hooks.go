package hooks

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/actors"
	"holdfast/actors/feed/webhook"
	"holdfast/actors/section"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/hooks"
	"holdfast/storage"
)

// Service is what this room asks of webhooks; *webhook.Service is the one.
type Service interface {
	List() []webhook.Endpoint
	Get(ctx context.Context, id webhook.EndpointID) (webhook.Endpoint, error)
	Secret(e *webhook.Endpoint) string
	Create(ctx context.Context, id webhook.EndpointID, wanted webhook.Endpoint, beginning bool) (webhook.Endpoint,
		error)
	Change(ctx context.Context, id webhook.EndpointID, how func(*webhook.Endpoint)) (webhook.Endpoint, error)
	Delete(ctx context.Context, id webhook.EndpointID) error
	Ping(ctx context.Context, id webhook.EndpointID) (webhook.Outcome, error)
	Deliveries(ctx context.Context, id webhook.EndpointID, after *webhook.Delivery, state byte, limit int) (
		[]webhook.Delivery, bool, error)
	Resend(ctx context.Context, d webhook.Delivery) (webhook.Delivery, error)
	Delivery(ctx context.Context, d webhook.Delivery) (webhook.Delivery, error)
	Private() bool
}

// Handlers answers operators. Its methods are safe for concurrent use.
type Handlers struct {
	service Service // nil: there are no webhooks here
	changes Changes
	engine  call.Keys
	timeout time.Duration // of an engine call
	waiting chan struct{} // a place for each call that waits for changes
}

// New makes the handlers. timeout bounds an engine call.
func New(service Service, changes Changes, engine call.Keys, timeout time.Duration) *Handlers {
	return &Handlers{service, changes, engine, timeout, make(chan struct{}, waitingMax)}
}

var (
	unknownEndpoint = &problem.Problem{Kind: problem.NotFound, Detail: "there is no such webhook"}
	unknownDelivery = &problem.Problem{Kind: problem.NotFound, Detail: "there is no such delivery, or it is too old"}
	tooMany         = problem.InvalidField("url", "is one too many: there may be 64 webhooks; delete one")
)

// trouble is a webhook's error as the outside is told it.
func trouble(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, webhook.ErrUnknownEndpoint):
		return unknownEndpoint
	case errors.Is(err, webhook.ErrUnknownDelivery):
		return unknownDelivery
	case errors.Is(err, webhook.ErrTooMany):
		return tooMany
	case errors.Is(err, storage.ErrUnknown):
		return errors.Join(actors.ErrTimeout, err)
	case errors.Is(err, storage.ErrUnavailable):
		return errors.Join(actors.ErrUnavailable, err)
	}
	return err
}

// endpoint is the one that the path names.
func (h *Handlers) endpoint(r *call.Call) (webhook.EndpointID, error) {
	id, ok := webhook.ParseEndpointID(string(r.Param))
	if !ok || h.service == nil {
		return id, unknownEndpoint
	}
	return id, nil
}

func (h *Handlers) tell(e *webhook.Endpoint, secret bool) *hooks.Endpoint {
	view := &hooks.Endpoint{ID: e.ID.String(), URL: e.URL, Types: append([]string{}, e.Types...), Events: []string{},
		Description: e.Description, CreatedAt: wire.Time(e.CreatedAt), Enabled: e.Disabled == ""}
	for _, id := range e.Events {
		view.Events = append(view.Events, id.String())
	}
	if e.Disabled != "" {
		at := wire.Time(e.DisabledAt)
		view.Disabled, view.DisabledAt = &e.Disabled, &at
	}
	if e.Overlap > section.Instant(time.Now().UnixMilli()) {
		until := wire.Time(e.Overlap)
		view.OverlapUntil = &until
	}
	if secret {
		text := h.service.Secret(e)
		view.Secret = &text
	}
	return view
}

// List shows every endpoint.
func (h *Handlers) List(r *call.Call) error {
	answer := hooks.Endpoints{Webhooks: []hooks.Endpoint{}}
	if h.service != nil {
		for _, e := range h.service.List() {
			answer.Webhooks = append(answer.Webhooks, *h.tell(&e, false))
		}
	}
	return r.Encode(http.StatusOK, &answer)
}

// Get shows one.
func (h *Handlers) Get(r *call.Call) error {
	id, err := h.endpoint(r)
	if err != nil {
		return err
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	e, err := h.service.Get(ctx, id)
	if err != nil {
		return trouble(err)
	}
	return r.Encode(http.StatusOK, h.tell(&e, false))
}

// once does a call of an operator's once under its key; again says that it was done before.
func (h *Handlers) once(ctx context.Context, r *call.Call, do func() error) (again bool, err error) {
	return r.Once(ctx, h.engine, func() error { return trouble(do()) })
}

// Create makes an endpoint.
func (h *Handlers) Create(r *call.Call) error {
	if h.service == nil {
		return &problem.Problem{Kind: problem.NotFound, Detail: "this server tells no webhooks"}
	}
	var body hooks.Create
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	wanted, err := h.wanted(&body)
	if err != nil {
		return err
	}
	r.Fingerprint().Body(r.Body())
	id := webhook.EndpointOf(r.Caller(call.Named{Buyer: actors.OperatorBuyer}).Request)
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	var e webhook.Endpoint
	again, err := h.once(ctx, r, func() (err error) {
		e, err = h.service.Create(ctx, id, wanted, body.From != nil && *body.From == "beginning")
		return err
	})
	if again {
		e, err = h.service.Get(ctx, id)
		err = trouble(err)
	}
	if err != nil {
		return err
	}
	return r.Encode(http.StatusCreated, h.tell(&e, e.Generation == 0))
}

// wanted is a checked body.
func (h *Handlers) wanted(body *hooks.Create) (w webhook.Endpoint, err error) {
	w.URL, w.Types = body.URL, body.Types
	if body.Description != nil {
		w.Description = *body.Description
	}
	if body.From != nil && *body.From != "now" && *body.From != "beginning" {
		return w, problem.InvalidField("from", "must be now or beginning")
	}
	if w.Events, err = events(body.Events); err != nil {
		return w, err
	}
	return w, h.check(&w)
}

func (h *Handlers) check(w *webhook.Endpoint) error {
	if why := webhook.CheckURL(w.URL, h.service.Private()); why != "" {
		return problem.InvalidField("url", why)
	}
	if len(w.Types) > webhook.FilterMax {
		return problem.InvalidField("types", "names more than 64")
	}
	if i := slices.IndexFunc(w.Types, func(t string) bool { return !webhook.CheckType(t) }); i >= 0 {
		return problem.InvalidField(
			"types", "must be types such as booking.confirmed, families such as booking.*, or *",
		)
	}
	if utf8.RuneCountInString(w.Description) > webhook.DescriptionMax || strings.ContainsFunc(w.Description,
		func(c rune) bool { return c < ' ' }) {
		return problem.InvalidField("description", "must be at most 200 characters, in one line")
	}
	return nil
}

func events(texts []string) (all []storage.EventID, err error) {
	if len(texts) > webhook.FilterMax {
		return nil, problem.InvalidField("events", "names more than 64")
	}
	for _, text := range texts {
		id, ok := storage.EventIDFromText([]byte(text))
		if !ok {
			return nil, problem.InvalidField("events", "must be ids of events")
		}
		all = append(all, id)
	}
	return all, nil
}

// Change changes what the body names.
func (h *Handlers) Change(r *call.Call) error {
	id, err := h.endpoint(r)
	if err != nil {
		return err
	}
	var body hooks.Change
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	var filter []storage.EventID
	if body.Events != nil {
		if filter, err = events(*body.Events); err != nil {
			return err
		}
	}
	apply := func(e *webhook.Endpoint) {
		if body.URL != nil {
			e.URL = *body.URL
		}
		if body.Types != nil {
			e.Types = *body.Types
		}
		if body.Events != nil {
			e.Events = filter
		}
		if body.Description != nil {
			e.Description = *body.Description
		}
		switch {
		case body.Enabled == nil:
		case *body.Enabled:
			e.Enable()
		default:
			e.Disable(section.Instant(time.Now().UnixMilli()))
		}
	}
	return h.changed(r, id, apply, false)
}

// changed has an endpoint changed once, and answers as it is now.
func (h *Handlers) changed(r *call.Call, id webhook.EndpointID, apply func(*webhook.Endpoint), secret bool) error {
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	e, err := h.service.Get(ctx, id)
	if err != nil {
		return trouble(err)
	}
	tried := e
	apply(&tried)
	if err := h.check(&tried); err != nil {
		return err
	}
	_, err = h.once(ctx, r, func() (err error) {
		e, err = h.service.Change(ctx, id, apply)
		return err
	})
	if err != nil {
		return err
	}
	return r.Encode(http.StatusOK, h.tell(&e, secret))
}

// Rotate gives an endpoint another secret.
func (h *Handlers) Rotate(r *call.Call) error {
	id, err := h.endpoint(r)
	if err != nil {
		return err
	}
	overlap := 24 * time.Hour
	if len(r.Body()) > 0 {
		var body hooks.Rotate
		if err := wire.Decode(r.Body(), &body); err != nil {
			return err
		}
		if s := body.OverlapSeconds; s != nil {
			if *s < 0 || *s > int64(webhook.OverlapMax.Seconds()) {
				return problem.InvalidField("overlap_seconds", "must be from 0 to 604800")
			}
			overlap = time.Duration(*s) * time.Second
		}
	}
	until := section.Instant(time.Now().Add(overlap).UnixMilli())
	return h.changed(r, id, func(e *webhook.Endpoint) { e.Rotate(until) }, true)
}

// Delete ends an endpoint.
func (h *Handlers) Delete(r *call.Call) error {
	id, err := h.endpoint(r)
	if err != nil {
		return err
	}
	if err := r.NoBody(); err != nil {
		return err
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	if _, err := h.once(ctx, r, func() error {
		if _, err := h.service.Get(ctx, id); err != nil {
			return err
		}
		return h.service.Delete(ctx, id)
	}); err != nil {
		return err
	}
	return r.Encode(http.StatusOK, &hooks.Deleted{ID: id.String()})
}

// Ping makes one attempt.
func (h *Handlers) Ping(r *call.Call) error {
	id, err := h.endpoint(r)
	if err != nil {
		return err
	}
	if err := r.NoBody(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), max(h.timeout, pingTimeout))
	defer cancel()
	o, err := h.service.Ping(ctx, id)
	if err != nil {
		return trouble(err)
	}
	answer := hooks.Ping{Delivered: o.Fault == webhook.NoFault, LatencyMS: o.Latency.Milliseconds(),
		Error: o.Fault.String(), ResponseCode: codeOf(o.Code)}
	return r.Encode(http.StatusOK, &answer)
}

// pingTimeout is longer than an attempt.
const pingTimeout = 20 * time.Second

func codeOf(code int) *int {
	if code == 0 {
		return nil
	}
	return &code
}
