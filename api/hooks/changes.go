package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"holdfast/actors"
	"holdfast/actors/feed"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/hooks"
	"holdfast/storage"
)

// Changes reads what an event's logs say; *feed.Reader is the one.
type Changes interface {
	Changes(ctx context.Context, id storage.EventID, cursor string, limit int, wait time.Duration) (feed.Excerpt, error)
	Now(ctx context.Context, id storage.EventID) (cursor string, err error)
}

// Bounds of a page of changes.
const (
	changesDefault = 100
	changesMax     = 1000
	waitMax        = 25 * time.Second
	waitingMax     = 64 // calls that wait at once
)

// Changes shows an event's changes from a cursor on, and waits for some where there are none.
func (h *Handlers) Changes(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	limit, wait, cursor := changesDefault, time.Duration(0), ""
	for name, value := range r.Ctx.QueryArgs().All() {
		switch string(name) {
		case "limit":
			if limit, err = strconv.Atoi(string(value)); err != nil || limit < 1 || limit > changesMax {
				return problem.BadField("limit", "must be a whole number from 1 to 1000")
			}
		case "wait":
			seconds, err := strconv.Atoi(string(value))
			if wait = time.Duration(seconds) * time.Second; err != nil || wait < 0 || wait > waitMax {
				return problem.BadField("wait", "must be a whole number of seconds from 0 to 25")
			}
		case "cursor":
			cursor = string(value)
		default:
			return problem.BadField(wire.Name(name), "is not a known parameter")
		}
	}
	if h.changes == nil {
		return &problem.Problem{Kind: problem.NotFound}
	}
	page, err := h.excerpt(id, cursor, limit, wait)
	if err != nil {
		return err
	}
	answer := hooks.Changes{Changes: []json.RawMessage{}, NextCursor: page.Cursor}
	for i := range page.Events {
		answer.Changes = append(answer.Changes, page.Events[i].Append(nil))
	}
	return r.Encode(http.StatusOK, &answer)
}

func (h *Handlers) excerpt(id storage.EventID, cursor string, limit int, wait time.Duration) (page feed.Excerpt,
	err error) {
	ctx, cancel := context.WithTimeout(context.Background(), h.timeout+wait)
	defer cancel()
	if cursor == "now" {
		page.Cursor, err = h.changes.Now(ctx, id)
		return page, changesTrouble(err)
	}
	if wait > 0 {
		select {
		case h.waiting <- struct{}{}:
			defer func() { <-h.waiting }()
		default:
			return page, actors.ErrOverloaded
		}
	}
	page, err = h.changes.Changes(ctx, id, cursor, limit, wait)
	return page, changesTrouble(err)
}

func changesTrouble(err error) error {
	switch {
	case errors.Is(err, feed.ErrCursor):
		return problem.BadField("cursor", "must be now, or a next_cursor of an earlier answer about this event")
	case errors.Is(err, storage.ErrNotFound):
		return actors.ErrEventUnknown
	case err != nil:
		return errors.Join(actors.ErrUnavailable, err)
	}
	return nil
}
