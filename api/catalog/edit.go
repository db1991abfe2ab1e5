package catalog

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"holdfast/actors"
	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/pricing"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// EditRequest is the body of PATCH /v1/events/{e}. What is absent stays.
type EditRequest struct {
	Version            *int64           `json:"version"` // of the event that was seen
	Reason             *string          `json:"reason"`  // kept with the event
	Name               *string          `json:"name,omitempty"`
	StartsAt           *wire.OffsetTime `json:"starts_at,omitempty"`
	SaleEndsAt         *wire.OffsetTime `json:"sale_ends_at,omitempty"`
	HoldTTLSeconds     *int64           `json:"hold_ttl_seconds,omitempty"`
	HoldCeilingSeconds *int64           `json:"hold_ceiling_seconds,omitempty"`
	SeatsPerBookingMax *int64           `json:"max_seats_per_booking,omitempty"`
	SeatsPerBuyerMax   *int64           `json:"max_seats_per_buyer,omitempty"`
	RefuseOrphans      *bool            `json:"refuse_orphans,omitempty"`
	ForbidTransfers    *bool            `json:"forbid_transfers,omitempty"`
	// Prices are what new holds cost, as in a new event; categories that are not named keep their prices.
	Prices map[string]pricing.Given `json:"prices,omitempty"`
}

// Editing is what this room asks of the engine about events that are edited.
type Editing interface {
	EditEvent(ctx context.Context, id storage.EventID, who actors.Caller, edit onsale.Edit) (*storage.Event, error)
}

// Edit changes an event that is there. Operators only.
func (h *Handlers) Edit(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	var body EditRequest
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	event, err := h.engine.Event(id)
	if err != nil {
		return err
	}
	edit, err := editOf(event, &body)
	if err != nil {
		return err
	}
	edit.By = strings.Clone(r.Who.Name)
	r.Detailf("fields=%s reason=%q", strings.Join(edit.Fields(), ","), edit.Reason)
	r.Fingerprint().Body(r.Body())
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	event, err = h.engine.EditEvent(ctx, id, r.OperatorCaller(), *edit)
	if unsound := (*price.UnsoundError)(nil); errors.As(err, &unsound) {
		return unsoundPrice(unsound)
	}
	if errors.Is(err, storage.ErrTerms) {
		return problem.InvalidField("hold_ceiling_seconds", "is below hold_ttl_seconds")
	}
	if errors.Is(err, storage.ErrPrices) {
		return problem.InvalidField("prices", "were edited as often as they may be")
	}
	if err != nil {
		return err
	}
	answer := eventAnswer(event)
	return r.Encode(http.StatusOK, &answer)
}

// editOf judges what is wanted, by the rules of a new event.
func editOf(event *storage.Event, body *EditRequest) (*onsale.Edit, error) {
	if body.Version == nil || *body.Version < 0 {
		return nil, problem.BadField("version", "must be the version of the event that you have seen")
	}
	if err := CheckReason(body.Reason); err != nil {
		return nil, err
	}
	edit := &onsale.Edit{Version: uint64(*body.Version), Reason: *body.Reason, Name: body.Name,
		RefuseOrphans: body.RefuseOrphans, ForbidTransfers: body.ForbidTransfers}
	if name := body.Name; name != nil && strings.TrimSpace(*name) == "" {
		return nil, problem.BadField("name", "is empty")
	} else if name != nil && venue.CheckName(*name, venue.NameCharactersMax) != "" {
		return nil, problem.InvalidField("name", venue.CheckName(*name, venue.NameCharactersMax))
	}
	if err := editTimes(edit, event, body); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		bounded
		set func(n int64)
	}{
		{bounded{"hold_ttl_seconds", body.HoldTTLSeconds, 1, 1, holdTTLMax},
			func(n int64) { edit.HoldTTL = new(section.Millis(n * 1000)) }},
		{bounded{"hold_ceiling_seconds", body.HoldCeilingSeconds, 1, 1, holdCeilingMax},
			func(n int64) { edit.HoldCeiling = new(section.Millis(n * 1000)) }},
		{bounded{"max_seats_per_booking", body.SeatsPerBookingMax, 1, 1, bookingSeatsMax},
			func(n int64) { edit.SeatsPerBookingMax = new(uint32(n)) }},
		{bounded{"max_seats_per_buyer", body.SeatsPerBuyerMax, 1, 1, buyerSeatsMax},
			func(n int64) { edit.SeatsPerBuyerMax = new(uint32(n)) }},
	} {
		var n int64
		if err := f.read(&n); err != nil {
			return nil, err
		}
		if f.value != nil {
			f.set(n)
		}
	}
	if err := editPrices(edit, event, body.Prices); err != nil {
		return nil, err
	}
	if len(edit.Fields()) == 0 {
		return nil, problem.BadField("name", "is missing, and so is everything else that could be changed")
	}
	return edit, nil
}

// editTimes reads new times, whose offsets must be the venue's.
func editTimes(edit *onsale.Edit, event *storage.Event, body *EditRequest) error {
	if body.StartsAt == nil && body.SaleEndsAt == nil {
		return nil
	}
	wanted := wire.CreateEvent{StartsAt: body.StartsAt, SaleEndsAt: body.SaleEndsAt}
	if event.TimeZone != "" {
		wanted.TimeZone = &event.TimeZone
	}
	if wanted.StartsAt == nil {
		wanted.StartsAt = &wire.OffsetTime{Time: wire.Time(event.StartsAt), Minutes: event.StartsMinutes}
	}
	var times storage.Event
	if err := setTimes(&times, &wanted); err != nil {
		return err
	}
	if body.StartsAt != nil {
		edit.Starts = &onsale.Start{At: times.StartsAt, Minutes: times.StartsMinutes}
	}
	if body.SaleEndsAt != nil {
		edit.SaleEndsAt = &times.SaleEndsAt
	}
	return nil
}

// EditNote is an edit that was made.
type EditNote struct {
	Version uint64   `json:"version"` // that it made
	At      string   `json:"at"`
	By      string   `json:"by,omitempty"` // the name of the operator's key
	Reason  string   `json:"reason"`
	Fields  []string `json:"fields"`
}

// EditNotes are an event's edits, the newest first.
type EditNotes struct {
	Version uint64     `json:"version"` // of the event
	Edits   []EditNote `json:"edits"`
}

// Edits tells who has edited an event, when and why. Operators only.
func (h *Handlers) Edits(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	event, err := h.engine.Event(id)
	if err != nil {
		return err
	}
	answer := EditNotes{Version: event.Version(), Edits: []EditNote{}}
	for i := len(event.Edits) - 1; i >= 0; i-- {
		e := &event.Edits[i]
		answer.Edits = append(
			answer.Edits,
			EditNote{Version: e.No, At: call.TimeIn(event.Zone(), e.At).String(), By: e.By,
				Reason: e.Reason, Fields: e.Fields},
		)
	}
	return r.Encode(http.StatusOK, &answer)
}
