package actors

import (
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Block takes seats off sale, or with unblock puts them back. Seats of several sections are checked on the map first, so that normally
// either all or none change; each section's part is atomic in any case. A refusal lists the seats that are in the way.
func (e *Engine) Block(id storage.EventID, who Caller, seats []string, unblock bool, timeout time.Duration) error {
	ev, o, err := e.openEvent(id)
	if err != nil {
		return err
	}
	parts, err := o.parts(seats)
	if err != nil {
		return err
	}
	if len(parts) > 1 {
		if lost := ev.inTheWay(o, parts, unblock); len(lost) > 0 {
			return &Refusal{Code: section.SeatsNotFree, Seats: lost}
		}
	}
	deadline := time.Now().Add(timeout)
	var lost []string
	for no := range o.sections {
		part := parts[storage.SectionNo(no)]
		if part == nil {
			continue
		}
		more, err := e.blockPart(ev, o, storage.SectionNo(no), part, who, unblock, deadline)
		if err != nil {
			return err
		}
		lost = append(lost, more...)
	}
	if len(lost) > 0 {
		return &Refusal{Code: section.SeatsNotFree, Seats: lost}
	}
	return nil
}

func (o *openEvent) parts(ids []string) (map[storage.SectionNo][]section.SeatIndex, error) {
	if len(ids) == 0 {
		return nil, &Refusal{Code: section.NoSeats}
	}
	parts := map[storage.SectionNo][]section.SeatIndex{}
	var unknown []string
	for _, id := range ids {
		ref, ok := o.seats[id]
		if !ok {
			unknown = append(unknown, id)
			continue
		}
		parts[ref.section] = append(parts[ref.section], ref.index)
	}
	if len(unknown) > 0 {
		return nil, &SeatsUnknownError{Seats: unknown}
	}
	return parts, nil
}

func (ev *event) inTheWay(o *openEvent, parts map[storage.SectionNo][]section.SeatIndex, unblock bool) (lost []string) {
	ev.live.Read(func(no storage.SectionNo, s SectionStatus) {
		for _, i := range parts[no] {
			letter := section.SeatStatus(s.Letters[i])
			if letter == section.Held || letter == section.Sold || (unblock && letter != section.Blocked) {
				lost = append(lost, o.ids[no][i])
			}
		}
	})
	return lost
}

func (e *Engine) blockPart(ev *event, o *openEvent, no storage.SectionNo, seats []section.SeatIndex, who Caller, unblock bool, deadline time.Time) ([]string, error) {
	r := newRequest()
	r.seats = append(r.seats, seats...)
	r.Command = section.Command{Kind: section.BlockSeats, Seats: r.seats, Operator: true, Buyer: who.Buyer, Request: who.Request, Fingerprint: who.Fingerprint}
	if unblock {
		r.Command.Kind = section.UnblockSeats
	}
	outcome, err := o.sections[no].roundTrip(r, deadline)
	if err != nil {
		return nil, err
	}
	defer r.free()
	switch outcome.Rejection {
	case section.Accepted:
		return nil, nil
	case section.SeatsNotFree:
		return o.appendIDs(nil, no, outcome.Lost), nil
	case section.IdempotencyMismatch:
		return nil, ErrMismatch
	}
	return nil, &Refusal{Code: outcome.Rejection, Seats: o.appendIDs(nil, no, outcome.Lost)}
}
