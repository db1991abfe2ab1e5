package mails

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"time"

	"holdfast/actors"
	"holdfast/actors/feed"
	"holdfast/actors/feed/mail"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/mails"
	"holdfast/storage"
)

// Service is what this room asks of mails; *mail.Service is the one.
type Service interface {
	Status() mail.Status
	Dead(ctx context.Context, after *feed.Ref, limit int) ([]mail.Queued, error)
	Resend(ctx context.Context, ref feed.Ref) error
}

// Bounds of a page.
const (
	deadDefault = 50
	deadMax     = 500
)

// Handlers answers operators. Its methods are safe for concurrent use.
type Handlers struct {
	service Service // nil: no mails are sent here
	keys    call.Keys
	timeout time.Duration
}

// New makes the handlers. timeout bounds a call of the store.
func New(service Service, keys call.Keys, timeout time.Duration) *Handlers {
	return &Handlers{service, keys, timeout}
}

var unknownMail = &problem.Problem{Kind: problem.NotFound, Detail: "no such mail was given up"}

// idOf is a mail's id outside: its reference.
func idOf(ref feed.Ref) string { return base64.RawURLEncoding.EncodeToString(feed.AppendRef(nil, ref)) }

func parseID(text string) (ref feed.Ref, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ref, false
	}
	ref, ok = feed.ReadRef(raw)
	return ref, ok && idOf(ref) == text
}

// Status tells how the sending stands, and what was given up.
func (h *Handlers) Status(r *call.Call) error {
	limit := deadDefault
	var after *feed.Ref
	for name, value := range r.Ctx.QueryArgs().All() {
		switch string(name) {
		case "limit":
			n, err := strconv.Atoi(string(value))
			if limit = n; err != nil || limit < 1 || limit > deadMax {
				return problem.BadField("limit", "must be a whole number from 1 to 500")
			}
		case "cursor":
			ref, ok := parseID(string(value))
			if !ok {
				return problem.BadField("cursor", "must be a next_cursor of an earlier answer")
			}
			after = &ref
		default:
			return problem.BadField(wire.Name(name), "is not a known parameter")
		}
	}
	answer := mails.Status{Dead: []mails.Dead{}}
	if h.service == nil {
		return r.Encode(http.StatusOK, &answer)
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	page, err := h.service.Dead(ctx, after, limit+1)
	if err != nil {
		return trouble(err)
	}
	status := h.service.Status()
	answer.Sending, answer.Queued = true, status.Queued
	if status.Broken != nil {
		why := status.Broken.Error()
		answer.Failing = &why
	}
	for i := range page[:min(len(page), limit)] {
		q := &page[i]
		answer.Dead = append(answer.Dead, mails.Dead{ID: idOf(q.Ref), Event: q.Ref.Shard.Event.String(),
			Kind: q.Kind.String(), Reason: q.Fault.String(), Attempts: int(q.Attempts), GivenUp: wire.Time(q.Due)})
	}
	if len(page) > limit {
		next := idOf(page[limit-1].Ref)
		answer.NextCursor = &next
	}
	return r.Encode(http.StatusOK, &answer)
}

// Resend has a mail that was given up sent once more.
func (h *Handlers) Resend(r *call.Call) error {
	if err := r.NoBody(); err != nil {
		return err
	}
	ref, ok := parseID(string(r.Param))
	if !ok || h.service == nil {
		return unknownMail
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	if _, err := r.Once(ctx, h.keys, func() error { return trouble(h.service.Resend(ctx, ref)) }); err != nil {
		return err
	}
	return r.Encode(http.StatusAccepted, &mails.Status{Sending: true, Queued: h.service.Status().Queued,
		Dead: []mails.Dead{}})
}

// trouble is an error as the outside is told it.
func trouble(err error) error {
	switch {
	case errors.Is(err, mail.ErrNotDead):
		return unknownMail
	case errors.Is(err, storage.ErrUnknown):
		return errors.Join(actors.ErrTimeout, err)
	case errors.Is(err, storage.ErrUnavailable):
		return errors.Join(actors.ErrUnavailable, err)
	}
	return err
}
