package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/buyers"
	"holdfast/bench/chaos/testbed"
)

// The two events, by their place among the history's events.
const (
	stalls  = iota // nobody refunds here, and maps are recorded
	returns        // tickets are given back here all the time
	eventCount
)

// Shapes. The stalls must not sell out in a run: a section that has nothing left cannot show that it serves.
const (
	stallsSections   = 6
	stallsRowSeats   = 20
	stallsRowsLeast  = 12
	stallsSoldSecond = 12 // seats a second that may be sold at most, about
	returnsSections  = 2
	returnsRows      = 4
)

// holdTTL is how long a hold lasts: short, so that many lapse in a run.
const (
	holdTTL     = 3 * time.Second
	holdCeiling = 9 * time.Second
)

func plan(prefix string, sections, rows int) wire.Raw {
	var b strings.Builder
	b.WriteString(`{"sections":[`)
	for s := range sections {
		fmt.Fprintf(&b, `%s{"id":"%s%d","rows":[`, comma(s), prefix, s+1)
		for r := range rows {
			fmt.Fprintf(&b, `%s{"label":"%d","seats":%d}`, comma(r), r+1, stallsRowSeats)
		}
		b.WriteString("]}")
	}
	b.WriteString("]}")
	return wire.Raw(b.String())
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// openEvents makes both events through the first node and waits until every node knows them.
func (r *run) openEvents(ctx context.Context) ([]*buyers.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, testbed.StartBound)
	defer cancel()
	rows := max(stallsRowsLeast, int(r.cfg.Duration.Seconds())*stallsSoldSecond/(stallsSections*stallsRowSeats))
	var events []*buyers.Event
	for i, p := range []wire.Raw{plan("S", stallsSections, rows), plan("R", returnsSections, returnsRows)} {
		h, err := r.openEvent(ctx, fmt.Sprintf("chaos %d", i), p)
		if err != nil {
			return nil, err
		}
		events = append(events, h)
		for _, n := range r.bed.Regulars() {
			if err := r.bed.Await(ctx, n, "/v1/events/"+h.ID); err != nil {
				return nil, err
			}
		}
	}
	return events, nil
}

func (r *run) openEvent(ctx context.Context, name string, p wire.Raw) (*buyers.Event, error) {
	currency, starts := "EUR", wire.OffsetTime{Time: wire.Time(time.Now().AddDate(1, 0, 0).UnixMilli())}
	ttl, ceiling, seats, perBuyer := int64(holdTTL/time.Second), int64(holdCeiling/time.Second), int64(8), int64(10_000)
	body, err := json.Marshal(&wire.CreateEvent{
		Name: &name, StartsAt: &starts, Currency: &currency, HoldTTLSeconds: &ttl, HoldCeilingSeconds: &ceiling,
		SeatsPerBookingMax: &seats, SeatsPerBuyerMax: &perBuyer, Plan: p,
		Prices: wire.FacePrices(map[string]int64{"*": 5000}),
	})
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	var event wire.Event
	if err := r.operateUntil(ctx, "/v1/events", name, body, 201, &event); err != nil {
		return nil, err
	}
	if err := r.operateUntil(ctx, "/v1/events/"+event.ID+"/sale", name+" sale", []byte(`{"state":"open"}`), 200,
		nil); err != nil {
		return nil, err
	}
	return r.readEvent(ctx, event.ID)
}

// operateUntil asks the first node until it does what it is asked for.
func (r *run) operateUntil(ctx context.Context, path, key string, body []byte, want int, into any) error {
	key = strings.ReplaceAll(key, " ", "-")
	return testbed.Until(ctx, func(ctx context.Context) error {
		said, err := testbed.Operate(ctx, r.bed.Nodes[0], path, key, body, want)
		if err != nil || into == nil {
			return err
		}
		return json.Unmarshal(said, into)
	})
}

func (r *run) readEvent(ctx context.Context, event string) (*buyers.Event, error) {
	said, err := testbed.Fetch(ctx, r.bed.Nodes[0], "/v1/events/"+event+"/seatmap")
	if err != nil {
		return nil, err
	}
	var seats wire.Seatmap
	if err := json.Unmarshal(said, &seats); err != nil {
		return nil, fmt.Errorf("chaos: seat map: %w", err)
	}
	p, err := buyers.NewPlan(&seats)
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	return &buyers.Event{ID: event, Plan: p}, nil
}
