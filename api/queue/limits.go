package queue

import (
	"holdfast/actors/gate"
	"holdfast/actors/gate/bound"
	"holdfast/actors/gate/place"
	"holdfast/api/call"
	"holdfast/api/catalog"
	"holdfast/api/limit"
	"holdfast/api/problem"
	"holdfast/api/wire/roomrules"
	"holdfast/api/wire/waitingroom"
	"holdfast/storage"
)

// roomOf makes the limits that a frame tells of; nil: there are none.
func roomOf(l *bound.Limits) *limit.Room {
	if *l == (bound.Limits{}) {
		return nil
	}
	rate := func(l bound.Limit) limit.Rate {
		return limit.Rate{PerSecond: float64(l.Rate) / 1000, Burst: float64(l.Burst)}
	}
	return limit.NewRoom(rate(l.Joins), rate(l.Polls), rate(l.Holds))
}

// count counts a call of a buyer by the event's own limits, of which most events have none.
func (h *Handlers) count(r *call.Call, id storage.EventID, frame *Frame, what limit.RoomCall, buyer [16]byte) error {
	if frame.Limits == (bound.Limits{}) {
		return nil
	}
	b, err := h.board(id)
	if err != nil || b.room == nil {
		return err
	}
	return h.limits.OfRoom(r, b.room, what, buyer)
}

// countJoin counts a join.
func (h *Handlers) countJoin(r *call.Call, id storage.EventID, buyer [16]byte) error {
	frame, err := h.engine.QueueFrame(id)
	if err != nil {
		return err
	}
	return h.count(r, id, frame, limit.Joins, buyer)
}

// countPoll counts a poll, by the buyer of the place. Its token is proven first, for else anybody could use up
// another's limit: so polls of an event that bounds them cost more, and of no other.
func (h *Handlers) countPoll(r *call.Call, b *board, token []byte, p *place.Place) error {
	if b.room == nil || b.frame.Limits.Polls.Rate == 0 {
		return nil
	}
	whose := place.Whose{Event: p.Event, Generation: p.Generation, Buyer: p.Buyer}
	if _, err := h.cfg.Keys.Places.OpenPlace(token, &whose); err != nil {
		return tokenProblem(err, placeGarbled)
	}
	return h.limits.OfRoom(r, b.room, limit.Polls, p.Buyer)
}

// limitsAnswer shows the limits in force; nil: there are none.
func limitsAnswer(l *bound.Limits) *roomrules.Limits {
	answer := roomrules.Limits{Joins: catalog.LimitAnswer(l.Joins.Rate, l.Joins.Burst),
		Polls: catalog.LimitAnswer(
			l.Polls.Rate,
			l.Polls.Burst,
		), Holds: catalog.LimitAnswer(l.Holds.Rate, l.Holds.Burst)}
	if answer == (roomrules.Limits{}) {
		return nil
	}
	return &answer
}

// named is a limit of a PATCH, with the actions that change it.
type named struct {
	name        string
	said        *roomrules.Limit
	rate, burst gate.Action
	now         *bound.Limit
}

func namedOf(l *roomrules.Limits, now *bound.Limits) [3]named {
	return [3]named{
		{"joins", l.Joins, gate.SetJoinRate, gate.SetJoinBurst, &now.Joins},
		{"polls", l.Polls, gate.SetPollRate, gate.SetPollBurst, &now.Polls},
		{"holds", l.Holds, gate.SetHoldRate, gate.SetHoldBurst, &now.Holds},
	}
}

// limitChanges are those of what one buyer may ask of the event.
func limitChanges(body *waitingroom.Change, add func(gate.Action, uint32, string)) error {
	if body.Limits == nil {
		return nil
	}
	if *body.Limits == (roomrules.Limits{}) {
		return problem.BadField("limits", "changes nothing: give joins, polls or holds")
	}
	for _, one := range namedOf(body.Limits, &bound.Limits{}) {
		if one.said == nil {
			continue
		}
		rate, burst, err := catalog.ReadLimit("limits."+one.name, one.said)
		switch {
		case err != nil:
			return err
		case rate == nil && burst == nil:
			return problem.BadField("limits."+one.name, "changes nothing: give per_second or burst")
		}
		if burst != nil {
			add(one.burst, *burst, "")
		}
		if rate != nil {
			add(one.rate, *rate, "")
		}
	}
	return nil
}

// overlayLimits shows what was changed just now.
func overlayLimits(answer *waitingroom.Room, body *waitingroom.Change, now bound.Limits) {
	if body.Limits == nil {
		return
	}
	for _, one := range namedOf(body.Limits, &now) {
		if one.said == nil {
			continue
		}
		rate, burst, _ := catalog.ReadLimit("", one.said) // it was read before
		if rate != nil {
			one.now.Rate = *rate
		}
		if burst != nil {
			one.now.Burst = *burst
		}
	}
	answer.Limits = limitsAnswer(&now)
}
