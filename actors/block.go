package actors

import (
	"context"
	"time"

	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/storage"
)

// Block takes seats off sale, or with unblock puts them back. Seats of several sections are checked on the map first,
// so that normally either all or none change; each section's part is atomic in any case. A refusal lists the seats that
// are in the way.
//
// Each section remembers its own part under the key. A call that stopped between two sections is finished by the same
// key: those that have done their part repeat their answer, the others are asked for the first time. The whole
// request's fingerprint is in the store too, so that a body with the seats of other sections is a mismatch at every
// node (P5).
func (e *Engine) Block(id storage.EventID, who Caller, seats []string, unblock bool, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	ev, o, err := e.openEvent(id, deadline)
	if err != nil {
		return err
	}
	if ev.header.Load().Sale == storage.SaleDeleted {
		return ErrEventUnknown
	}
	ctx, cancel := context.WithDeadline(e.ctx, deadline)
	defer cancel()
	known, err := e.remember(ctx, e.operatorKey(id, who))
	if err != nil {
		return err
	}
	b := blocking{e: e, ev: ev, o: o, who: who, unblock: unblock, deadline: deadline}
	err = b.all(seats)
	if !known && !b.changed && who.Request != (section.RequestID{}) {
		// Like any refused request it may come again with another body. Where the store does not hear of that, it may
		// not: the same body is judged anew in any case.
		_ = e.cfg.Store.ForgetKey(ctx, who.Request)
	}
	return err
}

// blocking is one call of Block on its way.
type blocking struct {
	e        *Engine
	ev       *event
	o        *openEvent
	who      Caller
	unblock  bool
	deadline time.Time
	changed  bool // some section has done its part, or may have
}

func (b *blocking) all(seats []string) error {
	parts, err := b.o.parts(seats)
	if err != nil {
		return err
	}
	if len(parts) > 1 {
		if lost, err := b.check(parts); err != nil || len(lost) > 0 {
			return refusedSeats(lost, err)
		}
	}
	var lost []string
	for no := range b.o.sections {
		if part := parts[storage.SectionNo(no)]; part != nil {
			more, err := b.ask(storage.SectionNo(no), part)
			if err != nil {
				return err
			}
			lost = append(lost, more...)
		}
	}
	return refusedSeats(lost, nil)
}

func refusedSeats(lost []string, err error) error {
	if err != nil || len(lost) == 0 {
		return err
	}
	return &Refusal{Code: section.SeatsNotFree, Seats: lost}
}

// check lists the seats in the way as the map shows them, but for sections that have done their part already: what came
// of it since is not in the way of a repeat.
func (b *blocking) check(parts map[storage.SectionNo][]section.SeatIndex) (lost []string, err error) {
	for no := range b.o.sections {
		no := storage.SectionNo(no)
		inTheWay := b.inTheWay(no, parts[no])
		if len(inTheWay) == 0 {
			continue
		}
		if b.who.Request != (section.RequestID{}) {
			rejection, _, err := b.command(no, nil) // no seats: refused, unless the section remembers the key
			switch {
			case err != nil:
				return nil, err
			case rejection == section.Accepted:
				b.changed = true
				continue
			case rejection == section.IdempotencyMismatch:
				return nil, ErrMismatch
			}
		}
		lost = append(lost, inTheWay...)
	}
	return lost, nil
}

func (o *openEvent) parts(ids []string) (map[storage.SectionNo][]section.SeatIndex, error) {
	if len(ids) == 0 {
		return nil, &Refusal{Code: section.NoSeats}
	}
	parts := map[storage.SectionNo][]section.SeatIndex{}
	var unknown []string
	for _, id := range ids {
		ref, ok := o.seats.Find(id)
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

func (b *blocking) inTheWay(no storage.SectionNo, seats []section.SeatIndex) (lost []string) {
	if len(seats) == 0 {
		return nil
	}
	b.ev.live.Read(func(at storage.SectionNo, s SectionStatus) {
		if at != no {
			return
		}
		for _, i := range seats {
			letter := section.SeatStatus(s.Letters[i])
			if letter == section.Held || letter == section.Sold || (b.unblock && letter != section.Blocked) {
				lost = append(lost, b.o.ids[no][i])
			}
		}
	})
	return lost
}

// ask has one section do its part.
func (b *blocking) ask(no storage.SectionNo, seats []section.SeatIndex) (lost []string, err error) {
	rejection, lost, err := b.command(no, seats)
	switch {
	case err != nil:
		b.changed = true
		return nil, err
	case rejection == section.Accepted:
		b.changed = true
		return nil, nil
	case rejection == section.SeatsNotFree:
		return lost, nil
	case rejection == section.IdempotencyMismatch:
		return nil, ErrMismatch
	}
	return nil, &Refusal{Code: rejection, Seats: lost}
}

func (b *blocking) command(no storage.SectionNo, seats []section.SeatIndex) (section.Rejection, []string, error) {
	r := request.New()
	r.Seats = append(r.Seats, seats...)
	r.Command = section.Command{Kind: section.BlockSeats, Seats: r.Seats, Operator: true,
		Buyer: b.who.Buyer, Request: b.who.Request, Fingerprint: b.who.Fingerprint}
	if b.unblock {
		r.Command.Kind = section.UnblockSeats
	}
	outcome, err := b.o.sections[no].outcome(r, b.deadline)
	if err != nil {
		return 0, nil, err
	}
	defer r.Free()
	return outcome.Rejection, b.o.appendIDs(nil, no, outcome.Lost), nil
}
