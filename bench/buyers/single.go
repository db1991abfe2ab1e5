package buyers

import "holdfast/bench/load"

// single: each buyer names one seat that nobody else wants, and keeps it.
//
// It is no evening but a probe of size: where every request is granted and all are alike, what a hold takes tells how
// large the event, its log or its script already is, and nothing about luck. Seats are numbered across events and
// sections, so that consecutive buyers meet different writers, as buyers do. A load has no more buyers than there are
// seats; those beyond would be refused.
//
// contested is the same with one seat a section for everybody: the first of each section's buyers has it, all others
// are refused, and what a refusal takes is told by itself.
type single struct {
	contested bool
	seats     *numbering
}

func newSingle(*Habits) behaviour { return &single{} }

func newContested(*Habits) behaviour { return &single{contested: true} }

func (b *single) enter(c *Script, s *shopper, t *load.Turn) bool {
	if b.seats == nil {
		b.seats = number(c)
	}
	n := s.buyer - c.job.First
	if b.contested {
		n %= b.seats.events * uint64(len(c.events[0].Plan.Sections))
	}
	b.seats.choose(s, n)
	return c.hold(s, t, 0)
}

func (b *single) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	more, _ := c.unsettled(s, t, h)
	return more
}

// numbering gives every seat of all events a number. Neighbours in number are in different events; of one event, in
// different sections.
type numbering struct {
	events uint64
	places []SeatRef // of each event alike: events of a load are of one venue
}

func number(c *Script) *numbering {
	plan := c.events[0].Plan
	n := &numbering{events: uint64(len(c.events)), places: make([]SeatRef, 0, plan.Seats)}
	for seat := uint32(0); len(n.places) < plan.Seats; seat++ {
		for no := range plan.Sections {
			if seat < plan.Sections[no].Seats {
				n.places = append(n.places, SeatRef{uint32(no), seat})
			}
		}
	}
	return n
}

// count is how many seats there are.
func (n *numbering) count() uint64 { return n.events * uint64(len(n.places)) }

// choose makes seat no the buyer's request; after the last number comes the first seat again.
func (n *numbering) choose(s *shopper, no uint64) {
	no %= n.count()
	place := n.places[no/n.events]
	s.event, s.section, s.seats = int(no%n.events), place.Section, append(s.seats[:0], place.Seat)
}

// holdRelease: each buyer takes something and gives it back at once, for as long as the load lasts.
//
// The venue stays as empty as it was, so that a load of any length fits a venue of any size, and two loads differ in
// the one thing that was to differ: holdrelease names a seat that nobody has at that moment, bestrelease lets the
// server find two neighbours in a section. As a source of changes it has no end, which is how a log becomes long.
type holdRelease struct {
	best  bool
	seats *numbering
	spare seatQueue
}

func newHoldRelease(*Habits) behaviour { return &holdRelease{} }

func newBestRelease(*Habits) behaviour { return &holdRelease{best: true} }

// bestSeats is the smallest quantity for which neighbours must be looked for.
const bestSeats = 2

func (b *holdRelease) enter(c *Script, s *shopper, t *load.Turn) bool {
	if b.best {
		s.event, s.quantity = int(s.buyer%uint64(len(c.events))), bestSeats
		c.anywhere(s)
		return c.best(s, t, 0)
	}
	if b.seats == nil {
		b.seats = number(c)
	}
	// At first by number; then those that this loop's own buyers gave back, the longest ago first: some buyers are
	// slower than a whole turn of a small event, and their seats would be met again too early.
	if n := s.buyer - c.job.First; n < b.seats.count() || !b.spare.pop(s) {
		b.seats.choose(s, n)
	}
	return c.hold(s, t, 0)
}

func (b *holdRelease) next(c *Script, s *shopper, t *load.Turn, h *outcome) bool {
	if more, handled := c.unsettled(s, t, h); handled {
		return more
	}
	switch {
	case h.class == load.Held:
		return c.release(s, t, 0)
	case !b.best && h.kind == KindRelease && h.class == load.Served:
		// of any other end it is not sure that the seat is free
		b.spare.push(s)
	}
	return false
}

// seatQueue is seats in the order in which they were given back.
type seatQueue struct {
	seats []eventSeat
	head  int
}

type eventSeat struct {
	event int
	SeatRef
}

func (q *seatQueue) push(s *shopper) {
	q.seats = append(q.seats, eventSeat{s.event, SeatRef{s.section, s.seats[0]}})
}

// pop makes the first seat the buyer's request; false when there is none.
func (q *seatQueue) pop(s *shopper) bool {
	if q.head == len(q.seats) {
		return false
	}
	next := q.seats[q.head]
	s.event, s.section, s.seats = next.event, next.Section, append(s.seats[:0], next.Seat)
	if q.head++; 2*q.head > len(q.seats) {
		q.seats, q.head = append(q.seats[:0], q.seats[q.head:]...), 0
	}
	return true
}
