package orders

import (
	"errors"
	"time"

	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/order"
	"holdfast/storage"
)

// asksAtOnce bounds the legs of one section that ask in one round.
const asksAtOnce = 256

// Event is the sections of one event.
type Event interface {
	// Count is how many there are.
	Count() int
	// Judge has a section judge r by the deadline, here or on its node. On success the caller frees r.
	Judge(at storage.SectionNo, r *request.Request, deadline time.Time) (*section.Outcome, error)
	// SideBySide does n things at once, and waits for all.
	SideBySide(n int, do func(k int))
}

// errLegLost: a leg cannot do what its home says.
var errLegLost = errors.New("orders: a section has not the seats that an order counts on")

// Tell brings what a home says of its order to all its legs, and has it noted at the home that they have heard.
func Tell(ev Event, home storage.SectionNo, no section.BookingNo, deadline time.Time) error {
	r := request.New()
	r.Read, r.Command.Booking, r.Command.Operator = true, no, true
	outcome, err := ev.Judge(home, r, deadline)
	if err != nil {
		return err
	}
	word := *outcome
	r.Free()
	if word.Rejection != section.Accepted || !word.Unsettled {
		return nil
	}
	failed := make([]error, len(word.Order.Legs))
	ev.SideBySide(len(word.Order.Legs), func(k int) {
		leg := &word.Order.Legs[k]
		if failed[k] = errLegLost; int(leg.Section) < ev.Count() {
			failed[k] = follow(ev, storage.SectionNo(leg.Section), word.Order, &word, deadline)
		}
	})
	if err := errors.Join(failed...); err != nil {
		return err
	}
	_, err = command(ev, home, section.SettleOrder, word.Order, deadline)
	return err
}

// AskHomes has a section's due legs ask, until one home cannot be reached: the others come again.
func AskHomes(ev Event, at storage.SectionNo, deadline time.Time) {
	r := request.New()
	r.Command.Kind, r.Command.Max, r.Command.Operator = section.DueLegs, asksAtOnce, true
	outcome, err := ev.Judge(at, r, deadline)
	if err != nil {
		return
	}
	due := append([]order.DueLeg(nil), outcome.Due...)
	r.Free()
	for i := range due {
		p := &due[i].Order
		if int(p.ID.Home) >= ev.Count() {
			continue
		}
		word, err := command(ev, storage.SectionNo(p.ID.Home), section.AskOrder, p, deadline)
		if err != nil || follow(ev, at, p, &word, deadline) != nil {
			return
		}
	}
}

// follow has a leg do what its home has said: nothing, as long as that has not ended.
func follow(ev Event, leg storage.SectionNo, p *order.Part, word *section.Outcome, deadline time.Time) error {
	kind, answer := section.FreeLeg, p.Bare(0)
	switch {
	case word.Rejection == section.BookingUnknown: // it never was
	case word.Rejection != section.Accepted || word.Order == nil,
		word.State == section.BookingHeld || word.State == section.BookingPaying:
		return nil
	case word.State == section.BookingConfirmed:
		kind, answer.Cited = section.SellLeg, word.Order.Cited
	default:
		answer.Cited = word.Order.Cited
	}
	got, err := command(ev, leg, kind, answer, deadline)
	if err == nil && got.Rejection != section.Accepted {
		err = errLegLost
	}
	return err
}

// command has a section judge a command about an order.
func command(
	ev Event, at storage.SectionNo, kind section.CommandKind, p *order.Part, deadline time.Time,
) (section.Outcome, error) {
	r := request.New()
	r.Command.Kind, r.Command.Order, r.Command.Operator = kind, p, true
	outcome, err := ev.Judge(at, r, deadline)
	if err != nil {
		return section.Outcome{}, err
	}
	defer r.Free()
	got := *outcome
	got.Seats, got.Lost, got.Due = nil, nil, nil
	return got, nil
}
