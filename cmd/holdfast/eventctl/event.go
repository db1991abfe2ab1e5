package eventctl

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/api/call"
	"holdfast/api/catalog"

	"holdfast/actors"
	"holdfast/actors/price"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/api/wire/pricing"
	"holdfast/cmd/holdfast/client"
	"holdfast/storage"
)

// EventOptions say what an event is to be. What is zero follows from the plan, where a plan can say it.
type EventOptions struct {
	Name            string
	StartsAt        time.Time
	TimeZone        string    // IANA's name; empty: none
	SaleEndsAt      time.Time // zero: when the show begins
	Currency        string
	Prices          map[string]pricing.Given // by category, as POST /v1/events takes them; "*" stands for all others
	HoldTTL         time.Duration
	HoldCeiling     time.Duration
	SeatsPerBooking uint32
	SeatsPerBuyer   uint32
	// idempotency key; empty: made of everything above, so that the same import twice makes one event
	Key string
}

// NewEvent is an event that can be created: every category has its price.
type NewEvent struct {
	EventOptions
	// Priced is what seats cost and what that is made of, by category.
	Priced price.List
	plan   *Plan
}

// Event fills in what the plan implies, and says what only a person can know.
func (p *Plan) Event(options *EventOptions) (*NewEvent, error) {
	e := &NewEvent{EventOptions: *options, plan: p}
	if e.Name == "" {
		e.Name = p.Venue.Name
	}
	if e.Name == "" || e.StartsAt.IsZero() {
		return nil, errors.New("--name and --starts-at are needed")
	}
	prices, missing, unknown := fillPrices(e.Prices, p.Venue)
	if len(unknown) > 0 {
		return nil, fmt.Errorf("the plan has no category %s", strings.Join(unknown, ", "))
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("no price for %s: give --price 'CATEGORY=MINOR', or --price '*=MINOR' for all others",
			strings.Join(missing, ", "))
	}
	e.Prices = prices
	var priced storage.Event
	if err := catalog.SetPrices(&priced, prices, p.Venue); err != nil {
		return nil, err
	}
	priced.Currency = e.Currency
	e.Priced = priced.PriceList()
	if e.Key == "" {
		e.Key = e.digest()
	}
	return e, nil
}

// fillPrices gives every category its price, and lists those without one and those that the plan does not have.
func fillPrices(given map[string]pricing.Given, plan *venue.Venue) (prices map[string]pricing.Given, missing,
	unknown []string) {
	prices = make(map[string]pricing.Given, len(plan.Categories))
	others, some := given["*"]
	composed := make(map[string]pricing.Given, len(given)) // a shell and a plan may spell "é" in different ways
	for label, price := range given {
		composed[venue.Composed(label)] = price
	}
	for _, category := range plan.Categories {
		price, known := composed[venue.Composed(category.Label)]
		switch {
		case known:
			prices[category.Label] = price
		case some:
			prices[category.Label] = others
		default:
			missing = append(missing, category.Label)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(given)) {
		known := func(c venue.Category) bool { return venue.Composed(c.Label) == venue.Composed(label) }
		if label != "*" && !slices.ContainsFunc(plan.Categories, known) {
			unknown = append(unknown, label)
		}
	}
	return prices, missing, unknown
}

func (e *NewEvent) digest() string {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\x00%s\x00%s\x00%d\x00%d\x00%d\x00%d\x00", e.Name, e.StartsAt.UTC(), e.Currency, e.HoldTTL,
		e.HoldCeiling, e.SeatsPerBooking, e.SeatsPerBuyer)
	for _, label := range slices.Sorted(maps.Keys(e.Prices)) {
		text, _ := json.Marshal(e.Prices[label]) // of plain structs; a price that is only a number is that number
		fmt.Fprintf(hash, "%s=%s\x00", label, text)
	}
	if e.TimeZone != "" || !e.SaleEndsAt.IsZero() { // of later builds: without them the key is what it always was
		fmt.Fprintf(hash, "%s\x00%s\x00", e.TimeZone, e.SaleEndsAt.UTC())
	}
	hash.Write(e.plan.Venue.Encode())
	return "import-" + hex.EncodeToString(hash.Sum(nil)[:16])
}

// CreateOffline creates the event in a stopped server's data. body is from Body; a server's rules hold without one too.
func (e *NewEvent) CreateOffline(ctx context.Context, data string, body []byte, open bool) (id string, err error) {
	if err := call.CheckKey(e.Key); err != nil {
		return "", err
	}
	wanted, plan, err := catalog.ReadEvent(body)
	if err != nil {
		return "", err
	}
	create := sha256.Sum256([]byte(e.Key))
	wanted.Create, wanted.CreateFingerprint = section.RequestID(create[:16]), 1
	err = offline(ctx, data, func(engine *actors.Engine) error {
		event, err := engine.CreateEvent(ctx, wanted, plan)
		if err != nil {
			return err
		}
		id = event.ID.String()
		if open {
			_, err = engine.SetSale(ctx, event.ID, storage.SaleOpen)
		}
		return err
	})
	return id, err
}

// CreateOnline creates the event on a running server. body is from Body, length its bytes.
func (e *NewEvent) CreateOnline(ctx context.Context, server *client.Client, body io.Reader, length int) (id string,
	err error) {
	var event struct {
		ID string `json:"id"`
	}
	err = server.Post(ctx, "/v1/events", e.Key, body, int64(length), &event)
	return event.ID, err
}

// Body is what POST /v1/events takes. Holds are of whole seconds there: a part of one is refused rather than cut off.
func (e *NewEvent) Body() ([]byte, error) {
	for _, d := range []time.Duration{e.HoldTTL, e.HoldCeiling} {
		if d%time.Second != 0 {
			return nil, fmt.Errorf("a hold lasts whole seconds, not %s", d)
		}
	}
	body := map[string]any{
		"name": e.Name, "starts_at": e.StartsAt, "currency": e.Currency, "prices": e.Prices,
		"plan":             json.RawMessage(e.plan.raw),
		"hold_ttl_seconds": int64(e.HoldTTL / time.Second), "hold_ceiling_seconds": int64(e.HoldCeiling / time.Second),
		"max_seats_per_booking": e.SeatsPerBooking, "max_seats_per_buyer": e.SeatsPerBuyer,
	}
	if e.TimeZone != "" {
		body["time_zone"] = e.TimeZone
	}
	if !e.SaleEndsAt.IsZero() {
		body["sale_ends_at"] = e.SaleEndsAt
	}
	if e.plan.front != nil {
		body["front"] = e.plan.front.Side
		if e.plan.front.Side == "" {
			body["front"] = e.plan.front.Point
		}
	}
	return json.Marshal(body)
}
