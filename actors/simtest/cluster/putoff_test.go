package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/actors/simtest"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

const (
	// putOffPercent is how many worlds with bookings over several sections, that are not called off, end with their
	// event put off.
	putOffPercent = 20
	// putOffHeard is the time after which every node has heard of it, and no call of before is under way.
	putOffHeard = 2 * time.Second
	// putOffKeeps is how long buyers may give their bookings back: longer than a node's death keeps them from it.
	putOffKeeps = 30 * time.Second
	// putOffSlack is by how much clocks may differ.
	putOffSlack = 3 * time.Second
)

// puttingOff is the end of such a world: orders are held, being paid and sold, when the catalog says that the event
// takes place at another time. Some of those who have bought give all of it back, several times and at several nodes
// at once; a node dies; the others do nothing, and keep what they have; who comes too late keeps it too.
type puttingOff struct {
	callingOff // its sales, its death, and who answers for the money
	stood      map[actors.BookingID]stood
	gives      []*giving
	ends       time.Time // of the time to give back
}

// stood is a booking as it stood when everybody had heard.
type stood struct {
	seats  int // here and elsewhere
	given  int64
	partly bool
}

// giving is a buyer who gives a booking back, under a key of each call's own.
type giving struct {
	id   actors.BookingID
	who  actors.Caller
	due  int64 // what goes back with it, all told: operators may have refunded seats of it, for nothing
	done bool  // was told so
}

// putOff ends a world so, or does nothing, and says whether it has.
func (w *world) putOff() bool {
	chance := rand.New(rand.NewPCG(w.seed, 0x90570fed))
	if !w.ordering() || chance.IntN(100) >= putOffPercent {
		return false
	}
	p := &puttingOff{callingOff: callingOff{w: w, chance: chance, held: map[actors.BookingID]bool{}},
		stood: map[actors.BookingID]stood{}, ends: w.time().Add(putOffKeeps)}
	for _, id := range w.buyers.held {
		p.held[id] = true
	}
	w.tally["put off"]++
	p.sell()
	put := onsale.Change{Sale: storage.SalePaused, Postponed: &onsale.Postponement{At: 1, Reason: "storm",
		Unknown: true, KeepUntil: section.Instant(p.ends.UnixMilli())}}
	if err := w.store.ChangeSale(context.Background(), w.plan.header.ID, put, storage.OperatorKey{}); err != nil {
		w.failf("the catalog does not take that the event is put off: %w", err)
	}
	w.proving = false
	w.until(w.now + putOffHeard)
	p.choose()
	p.kill("killed while its event was put off")
	for w.failure == nil {
		p.give()
		w.until(w.now + 250*time.Millisecond)
		p.answer()
		why := p.open()
		if why == "" {
			break
		}
		if w.time().After(p.ends.Add(-putOffSlack)) {
			w.failf("P6: the event was put off, and %s", why)
		}
	}
	p.tooLate()
	p.agree()
	return true
}

// choose has some of those who have bought give it back.
func (p *puttingOff) choose() {
	p.each(func(no int, number section.BookingNo, b *simtest.Booking) {
		if b.Leg || b.State != section.BookingConfirmed {
			return
		}
		id := actors.BookingID{Section: p.w.key(no), No: number}
		s := stood{seats: seatsLeft(b), given: b.Given, partly: len(b.Due) > 0}
		p.stood[id] = s
		if !s.partly && p.chance.IntN(100) < 60 && len(p.gives) < 12 {
			p.gives = append(p.gives, &giving{id: id, who: actors.Caller{Buyer: b.Buyer},
				due: s.given + int64(s.seats)*simPrice})
		}
	})
}

// seatsLeft counts a booking's seats, those of its legs among them.
func seatsLeft(b *simtest.Booking) int {
	n := len(b.Seats)
	if b.Order != nil {
		for i := range b.Order.Legs {
			n += len(b.Kept(&b.Order.Legs[i]))
		}
	}
	return n
}

// give has everybody who has not heard that it is done ask once more, some at several nodes at once.
func (p *puttingOff) give() {
	for _, g := range p.gives {
		if g.done {
			continue
		}
		for range 1 + p.chance.IntN(3) {
			p.ask(g.id, g.who, func(h *host, out *actors.BookingView, err error) { p.told(g, h, out, err) })
		}
		if p.chance.IntN(100) < 10 {
			stranger := g.who
			stranger.Buyer = section.BuyerID{77}
			p.ask(g.id, stranger, func(_ *host, _ *actors.BookingView, err error) {
				if err == nil {
					p.w.failf("P14: booking %v is given back by a stranger", g.id)
				}
			})
		}
	}
}

// ask sends one call under a key of its own, or of the last one.
func (p *puttingOff) ask(id actors.BookingID, who actors.Caller,
	told func(h *host, out *actors.BookingView, err error)) {
	h := p.somebody()
	if !h.opened {
		return
	}
	intent := p.w.buyers.add()
	who.Request, who.Fingerprint = intent.who.Request, intent.who.Fingerprint
	h.thread("gives back", func() {
		var out actors.BookingView
		err := h.e.GiveBack(id, who, p.w.time().Add(time.Second), &out)
		p.w.note(h, "booking %d of section %d is given back: %v", id.No, id.Section.Section, verdictOf(err))
		told(h, &out, err)
	})
}

// told judges an answer to who may give a booking back: that is done, or nobody knows yet.
func (p *puttingOff) told(g *giving, h *host, out *actors.BookingView, err error) {
	w := p.w
	b := w.judge.models[g.id.Section.Section].Bookings[g.id.No]
	switch {
	case err == nil && b.Given != g.due:
		w.failf("P6, P2: n%d has told that booking %d of section %d is given back, and %d of %d go back", h.number,
			g.id.No, g.id.Section.Section, b.Given, g.due)
	case err == nil:
		w.tally["put off: given back"]++
		g.done = true
	case errors.Is(err, actors.ErrUnavailable), errors.Is(err, actors.ErrTimeout), errors.Is(err, actors.ErrMoved),
		errors.Is(err, actors.ErrOverloaded):
	default:
		w.failf("P6: the event was put off, and n%d refuses to take booking %d of section %d back: %w", h.number,
			g.id.No, g.id.Section.Section, err)
	}
}

// open says what is still to come; empty: nothing.
func (p *puttingOff) open() (why string) {
	for no := range p.w.judge.models {
		p.w.judge.follow(no)
	}
	for _, g := range p.gives {
		b := p.w.judge.models[g.id.Section.Section].Bookings[g.id.No]
		if !g.done || b.State != section.BookingRefunded {
			return fmt.Sprintf("booking %d of section %d is %v: %v", g.id.No, g.id.Section.Section, b.State, g.done)
		}
	}
	p.each(func(no int, number section.BookingNo, b *simtest.Booking) {
		if why == "" && (len(b.Due) > 0 || b.State == section.BookingPaying) {
			why = fmt.Sprintf("booking %d of section %d is %v, with refunds due: %v", number, no, b.State, b.Due)
		}
	})
	if why != "" {
		return why
	}
	return p.w.unsettled()
}

// tooLate has those who have kept their bookings give them back when the time to do so is over.
func (p *puttingOff) tooLate() {
	w := p.w
	w.until(time.Duration(p.ends.Add(putOffSlack).Sub(epoch)))
	for id := range p.kept() {
		who := actors.Caller{Buyer: w.judge.models[id.Section.Section].Bookings[id.No].Buyer}
		p.ask(id, who, func(h *host, _ *actors.BookingView, err error) {
			switch {
			case errors.Is(err, actors.ErrNotReturnable):
				w.tally["put off: too late"]++
			case err == nil:
				w.failf("n%d takes booking %d of section %d back when the time for it is over", h.number, id.No,
					id.Section.Section)
			}
		})
	}
	w.until(w.now + 2*time.Second)
}

// kept visits the bookings that nobody has given back, in order.
func (p *puttingOff) kept() func(yield func(actors.BookingID, stood) bool) {
	return func(yield func(actors.BookingID, stood) bool) {
		p.each(func(no int, number section.BookingNo, _ *simtest.Booking) {
			id := actors.BookingID{Section: p.w.key(no), No: number}
			s, sold := p.stood[id]
			if sold && !slices.ContainsFunc(p.gives, func(g *giving) bool { return g.id == id }) {
				yield(id, s)
			}
		})
	}
}

// agree: who has given a booking back has all of its money, once, and none of its seats; who has not has all seats, and
// none of the money; and nobody has more back than was taken (P6).
func (p *puttingOff) agree() {
	w := p.w
	for no := range w.judge.models {
		w.judge.follow(no)
	}
	for _, g := range p.gives {
		b := w.judge.models[g.id.Section.Section].Bookings[g.id.No]
		if b.Given != g.due || b.State != section.BookingRefunded {
			w.failf("P6: booking %d of section %d was given back, and is %v: %d goes back of %d", g.id.No,
				g.id.Section.Section, b.State, b.Given, g.due)
		}
	}
	for id, s := range p.kept() {
		b := w.judge.models[id.Section.Section].Bookings[id.No]
		if w.tally["put off: kept"]++; s.partly {
			continue // an operator was about to refund some of it
		}
		if b.State != section.BookingConfirmed || seatsLeft(b) != s.seats || b.Given != s.given {
			w.failf("P6: nobody has given booking %d of section %d back, and it is %v, with %d of %d seats, %d given",
				id.No, id.Section.Section, b.State, seatsLeft(b), s.seats, b.Given-s.given)
		}
	}
	p.each(func(no int, number section.BookingNo, b *simtest.Booking) {
		if b.Given > b.Taken {
			w.failf("P6: booking %d of section %d: %d was taken, %d goes back", number, no, b.Taken, b.Given)
		}
	})
	p.clean()
}
