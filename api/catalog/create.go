package catalog

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"holdfast/actors/money"
	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/call"
	"holdfast/api/card"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Defaults and bounds of an event's rules, part of the public API. Times in seconds.
const (
	holdTTLDefault     = 600
	holdTTLMax         = 24 * 3600
	holdCeilingDefault = 1200
	holdCeilingMax     = 7 * 24 * 3600
	bookingSeatsMax    = wire.BookingSeatsMax
	buyerSeatsMax      = 10_000
	seatsDefault       = 8
)

// Create makes an event of a plan. Operators only.
func (h *Handlers) Create(r *call.Call) error {
	event, plan, err := readEvent(r.Body())
	if err != nil {
		return err
	}
	if event.WaitingRoom != nil && !h.waiting {
		return problem.InvalidField("waiting_room", "is not available on this server")
	}
	if event.WaitingRoom != nil && event.WaitingRoom.Captcha && !h.captcha {
		return problem.InvalidField(
			"waiting_room.captcha",
			"is not available on this server: it has no captcha provider",
		)
	}
	r.Fingerprint().Body(r.Body())
	who := r.OperatorCaller()
	event.Create, event.CreateFingerprint = who.Request, who.Fingerprint
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	made, err := h.engine.CreateEvent(ctx, event, plan)
	if unsound := (*price.UnsoundError)(nil); errors.As(err, &unsound) {
		return unsoundPrice(unsound)
	}
	if err != nil {
		return err
	}
	answer := eventAnswer(made)
	r.Detailf("made event %s", answer.ID)
	answer.Front = plan.DescribeFront()
	r.Ctx.Response.Header.Set("Location", "/v1/events/"+answer.ID)
	return r.Encode(http.StatusCreated, &answer)
}

// ReadEvent judges the body of POST /v1/events as the server does, card numbers included, for tools that make events
// without one. The event lacks its id, its Create and its sections. Errors name the member at fault, and every defect
// of a plan.
func ReadEvent(body []byte) (*storage.Event, *venue.Venue, error) {
	if found := card.InBody(body, true); found.Place != "" {
		return nil, nil, card.Refusal(found.Place)
	}
	return readEvent(body)
}

// readEvent relies on the precheck for card numbers, as every call does.
func readEvent(raw []byte) (*storage.Event, *venue.Venue, error) {
	var body wire.CreateEvent
	if err := wire.DecodePlan(raw, &body); err != nil {
		return nil, nil, err
	}
	event, err := eventOf(&body)
	if err != nil {
		return nil, nil, err
	}
	front, err := frontOf(body.Front)
	if err != nil {
		return nil, nil, err
	}
	plan, err := venue.Parse(body.Plan, venue.Options{Name: event.Name, Front: front})
	if err != nil {
		return nil, nil, err
	}
	return event, plan, SetPrices(event, body.Prices, plan)
}

func eventOf(body *wire.CreateEvent) (*storage.Event, error) {
	if err := checkHeader(body); err != nil {
		return nil, err
	}
	rules, err := rulesOf(body)
	if err != nil {
		return nil, err
	}
	event := &storage.Event{Name: *body.Name, Currency: *body.Currency, Sale: storage.SaleClosed, Rules: rules}
	if err := setTimes(event, body); err != nil || !isWaitingRoom(body.WaitingRoom) {
		return event, err
	}
	event.WaitingRoom, err = waitingRoomOf(body.WaitingRoom, event.SaleEndsAt)
	return event, err
}

func checkHeader(body *wire.CreateEvent) error {
	switch {
	case body.Name == nil || strings.TrimSpace(*body.Name) == "":
		return problem.BadField("name", "is missing")
	case venue.CheckName(*body.Name, venue.NameCharactersMax) != "":
		return problem.InvalidField("name", venue.CheckName(*body.Name, venue.NameCharactersMax))
	case body.StartsAt == nil:
		return problem.BadField("starts_at", "is missing")
	case body.Currency == nil:
		return problem.BadField("currency", "is missing")
	case money.Check(*body.Currency) != nil:
		return problem.InvalidField("currency", money.Check(*body.Currency).Error())
	case !isGiven(body.Plan):
		return problem.BadField("plan", "is missing")
	}
	return nil
}

// isGiven says whether an optional object says anything: an absent one and {} do not.
func isGiven(raw wire.Raw) bool {
	trimmed := bytes.Join(bytes.Fields(raw[:min(len(raw), 64)]), nil)
	return len(trimmed) > 0 && string(trimmed) != "{}"
}

// bounded reads an optional whole number.
type bounded struct {
	field     string
	value     *int64
	otherwise int64
	low, high int64
}

func (b bounded) read(into *int64) error {
	*into = b.otherwise
	if b.value != nil {
		*into = *b.value
	}
	if *into < b.low || *into > b.high {
		low, high := strconv.FormatInt(b.low, 10), strconv.FormatInt(b.high, 10)
		return problem.InvalidField(b.field, "is out of bounds: "+low+" to "+high)
	}
	return nil
}

// rulesOf raises defaults that would contradict what was given: a long TTL lifts the ceiling, a large booking the
// buyer's share.
func rulesOf(body *wire.CreateEvent) (section.Rules, error) {
	var ttl, ceiling, perBooking, perBuyer int64
	if err := (bounded{"hold_ttl_seconds", body.HoldTTLSeconds, holdTTLDefault, 1, holdTTLMax}).read(&ttl); err != nil {
		return section.Rules{}, err
	}
	most := bounded{"max_seats_per_booking", body.SeatsPerBookingMax, seatsDefault, 1, bookingSeatsMax}
	if err := most.read(&perBooking); err != nil {
		return section.Rules{}, err
	}
	later := []struct {
		bounded
		into *int64
	}{
		{bounded{"hold_ceiling_seconds", body.HoldCeilingSeconds, max(holdCeilingDefault, ttl), ttl,
			holdCeilingMax}, &ceiling},
		{bounded{"max_seats_per_buyer", body.SeatsPerBuyerMax, max(seatsDefault, perBooking), 1,
			buyerSeatsMax}, &perBuyer},
	}
	for _, b := range later {
		if err := b.read(b.into); err != nil {
			return section.Rules{}, err
		}
	}
	return section.Rules{
		HoldTTL: section.Millis(ttl * 1000), HoldCeiling: section.Millis(ceiling * 1000),
		SeatsPerBookingMax: uint32(perBooking), SeatsPerBuyerMax: uint32(perBuyer),
		RefuseOrphans:   body.RefuseOrphans != nil && *body.RefuseOrphans,
		ForbidTransfers: body.ForbidTransfers != nil && *body.ForbidTransfers,
		DedupeWindow:    section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin,
	}, nil
}
