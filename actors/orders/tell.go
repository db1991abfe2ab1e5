package orders

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/order"
	"holdfast/actors/trace"
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
// onBehalf says on whose behalf the home has said so; it is asked once the home has answered.
func Tell(
	ev Event, home storage.SectionNo, no section.BookingNo, onBehalf func() *trace.Parent, deadline time.Time,
) error {
	r := request.New()
	r.Read, r.Command.Booking, r.Command.Operator = true, no, true
	outcome, err := ev.Judge(home, r, deadline)
	if err != nil {
		return err
	}
	word := keep(outcome)
	r.Free()
	if word.Rejection != section.Accepted || !word.Unsettled {
		return nil
	}
	if p := onBehalf(); p != nil {
		ev = behalf{ev, p}
	}
	failed, of := make([]error, len(word.Order.Legs)), make([]what, len(word.Order.Legs))
	ev.SideBySide(len(word.Order.Legs), func(k int) {
		leg := &word.Order.Legs[k]
		if failed[k] = errLegLost; int(leg.Section) < ev.Count() {
			of[k] = whatOf(&word, k+1, leg.Seats)
			failed[k] = follow(ev, storage.SectionNo(leg.Section), word.Order, &word, of[k], deadline)
		}
	})
	served, settled := word.State == section.BookingConfirmed && !word.Served, true
	for k := range failed {
		served = served && (failed[k] == nil || !of[k].sells)
		settled = settled && failed[k] == nil && !of[k].waits
	}
	switch {
	case settled:
		_, err = command(ev, home, section.SettleOrder, word.Order, nil, false, deadline)
	case served:
		_, err = command(ev, home, section.ServeOrder, word.Order, nil, false, deadline)
	}
	return cmp.Or(errors.Join(failed...), err)
}

// behalf is an Event whose sections hear on whose behalf they are asked.
type behalf struct {
	Event
	of *trace.Parent
}

func (b behalf) Judge(at storage.SectionNo, r *request.Request, deadline time.Time) (*section.Outcome, error) {
	r.Trace = b.of
	return b.Event.Judge(at, r, deadline)
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
		word, err := command(ev, storage.SectionNo(p.ID.Home), section.AskOrder, p, nil, false, deadline)
		if err != nil {
			return
		}
		of, known := what{}, word.Rejection == section.Accepted && word.Order != nil
		if known && int(p.K) <= len(word.Order.Legs) {
			of = whatOf(&word, int(p.K), word.Order.Legs[p.K-1].Seats)
		}
		if follow(ev, at, p, &word, of, deadline) != nil {
			return
		}
	}
}

// what is what an order that is sold says of one leg.
type what struct {
	back  []section.SeatIndex // what it has given back
	sells bool                // it has seats there that are not owed back
	waits bool                // it has seats there, and all of them are owed back: they are free soon
}

// whatOf reads it from the word of a home.
func whatOf(word *section.Outcome, k int, seats []section.SeatIndex) (w what) {
	kept, valid := word.Money.OfLeg(uint8(k), seats)
	for _, seat := range seats {
		if !slices.Contains(kept, seat) {
			w.back = append(w.back, seat)
		}
	}
	w.sells, w.waits = len(valid) > 0, len(valid) == 0 && len(kept) > 0
	return w
}

// follow has a leg do what its home has said: nothing, as long as that has not ended. Of a sold order a leg gives up
// what went back before it sells the rest. A leg whose seats are all owed back sells nothing: it waits until they are
// free, as it is.
func follow(
	ev Event, leg storage.SectionNo, p *order.Part, word *section.Outcome, of what, deadline time.Time,
) error {
	tell := func(kind section.CommandKind, cited section.Seq, seats []section.SeatIndex) error {
		got, err := command(ev, leg, kind, p.Bare(cited), seats, word.Cold, deadline)
		if err == nil && got.Rejection != section.Accepted {
			err = errLegLost
		}
		return err
	}
	switch {
	case word.Rejection == section.BookingUnknown: // it never was
		return tell(section.FreeLeg, 0, nil)
	case word.Rejection != section.Accepted || word.Order == nil,
		word.State == section.BookingHeld || word.State == section.BookingPaying:
		return nil
	case word.State != section.BookingConfirmed, !of.sells && !of.waits:
		return tell(section.FreeLeg, word.Order.Cited, nil)
	}
	if len(of.back) > 0 {
		if err := tell(section.ShrinkLeg, word.Order.Cited, of.back); err != nil {
			return err
		}
	}
	if !of.sells {
		return nil
	}
	return tell(section.SellLeg, word.Order.Cited, nil)
}

// keep is an outcome that outlives its request.
func keep(o *section.Outcome) section.Outcome {
	got := *o
	if got.Seats, got.Lost, got.Due = nil, nil, nil; got.Money != nil {
		got.Money = got.Money.Clone()
	}
	return got
}

// command has a section judge a command about an order.
func command(
	ev Event, at storage.SectionNo, kind section.CommandKind, p *order.Part, seats []section.SeatIndex, cold bool,
	deadline time.Time,
) (section.Outcome, error) {
	r := request.New()
	r.Seats = append(r.Seats, seats...)
	r.Command.Kind, r.Command.Order, r.Command.Operator, r.Command.Seats = kind, p, true, r.Seats
	if cold {
		r.Command.Quantity = 1
	}
	outcome, err := ev.Judge(at, r, deadline)
	if err != nil {
		return section.Outcome{}, err
	}
	defer r.Free()
	return keep(outcome), nil
}
