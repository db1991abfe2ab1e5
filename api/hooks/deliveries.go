package hooks

import (
	"net/http"
	"strconv"

	"holdfast/actors/feed/envelope"
	"holdfast/actors/feed/webhook"
	"holdfast/api/call"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/api/wire/hooks"
)

// Bounds of a page of deliveries.
const (
	deliveriesDefault = 50
	deliveriesMax     = 100
)

var states = map[string]byte{"delivered": webhook.Delivered, "retrying": webhook.Retrying, "dead": webhook.Dead}

func stateName(state byte) string {
	for name, is := range states {
		if is == state {
			return name
		}
	}
	return "unknown"
}

// Deliveries shows what an endpoint was told, the newest first.
func (h *Handlers) Deliveries(r *call.Call) error {
	id, err := h.endpoint(r)
	if err != nil {
		return err
	}
	limit, state := deliveriesDefault, byte(0)
	var after *webhook.Delivery
	for name, value := range r.Ctx.QueryArgs().All() {
		switch string(name) {
		case "limit":
			if limit, err = strconv.Atoi(string(value)); err != nil || limit < 1 || limit > deliveriesMax {
				return problem.BadField("limit", "must be a whole number from 1 to 100")
			}
		case "state":
			if state = states[string(value)]; state == 0 {
				return problem.BadField("state", "must be delivered, retrying or dead")
			}
		case "cursor":
			d, ok := webhook.ParseDeliveryID(string(value))
			if !ok || d.Endpoint != id {
				return problem.BadField("cursor", "must be a next_cursor of an earlier answer")
			}
			after = &d
		default:
			return problem.BadField(wire.Name(name), "is not a known parameter")
		}
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	if _, err := h.service.Get(ctx, id); err != nil {
		return trouble(err)
	}
	page, more, err := h.service.Deliveries(ctx, id, after, state, limit)
	if err != nil {
		return trouble(err)
	}
	answer := hooks.Deliveries{Deliveries: []hooks.Delivery{}}
	for i := range page {
		answer.Deliveries = append(answer.Deliveries, tellDelivery(&page[i]))
	}
	if more {
		next := page[len(page)-1].ID()
		answer.NextCursor = &next
	}
	return r.Encode(http.StatusOK, &answer)
}

func tellDelivery(d *webhook.Delivery) hooks.Delivery {
	row := hooks.Delivery{ID: d.ID(), Message: envelope.ID(d.Ref.Shard, d.Ref.Seq, int(d.Ref.N)),
		State: stateName(d.State), Attempts: int(d.Attempts), FirstAttemptAt: wire.Time(d.FirstAt),
		LastAttemptAt: wire.Time(d.LastAt), ResponseCode: codeOf(int(d.Code)), LatencyMS: int64(d.Latency),
		Error: d.Fault.String()}
	if d.State == webhook.Retrying {
		next := wire.Time(d.Due)
		row.NextAttemptAt = &next
	}
	return row
}

// Resend has a delivery tried once more, now.
func (h *Handlers) Resend(r *call.Call) error {
	d, ok := webhook.ParseDeliveryID(string(r.Param))
	if !ok || h.service == nil {
		return unknownDelivery
	}
	if err := r.NoBody(); err != nil {
		return err
	}
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	again, err := h.once(ctx, r, func() (err error) {
		d, err = h.service.Resend(ctx, d)
		return err
	})
	if again {
		d, err = h.service.Delivery(ctx, d)
		err = trouble(err)
	}
	if err != nil {
		return err
	}
	answer := tellDelivery(&d)
	return r.Encode(http.StatusAccepted, &answer)
}
