package bookingsearch

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"holdfast/actors/booking"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/storage"
)

// Bounds of one call.
const (
	LimitMax = 100      // bookings in a page
	lookMax  = 512      // bookings that a section shows at a time
	scanMax  = 16 << 10 // bookings that are looked at in one section
	openMax  = 16       // events that are opened for a page
	atOnce   = 16       // sections that are asked at a time
)

// Query says which bookings are wanted. A zero field asks for nothing.
type Query struct {
	States  []section.BookingState // any of them
	From    section.Instant        // placed then or later
	Until   section.Instant        // placed before
	Payment string                 // the processor's reference of an attempt
	Changed section.Instant        // something was logged of it then or later; of one event only
	Gift    Choice                 // whether it was given away
	After   Key                    // the page before ended here
	Limit   int                    // 1 to LimitMax; else LimitMax
}

// Choice is what a query wants of something that a booking is or is not.
type Choice uint8

// Either way, or one of them.
const (
	Either Choice = iota
	Yes
	No
)

// Request is a Query of an event, or of a buyer.
type Request struct {
	Query
	Event storage.EventID // zero: those of all events, of one buyer
	// Buyer is the buyer's pseudonym in an event; nil: anybody's. Events that it has none for are left out.
	Buyer func(id storage.EventID) (section.BuyerID, error)
	Seat  string // of Event; empty: any
}

// Seat is a place in an event.
type Seat struct {
	Section storage.SectionNo
	Index   section.SeatIndex
}

// Target is an event as it can be searched on this node.
type Target struct {
	Event    storage.EventID
	Sections int
	Buyer    *section.BuyerID // only this buyer's; nil: anybody's
	Seat     *Seat            // only those with it; nil: any
	// Look shows a section's state, and returns once the record that see names is durable. ok is false where nobody has
	// the section here; fresh is false where what was seen is known to lag. see may still run after a false ok.
	Look func(ctx context.Context, no storage.SectionNo, see func(*section.State) section.Seq) (fresh, ok bool)
	// Changed are the bookings of which a section's log has something from a moment on. whole is false where there are
	// more, or the log cannot be read. Where Query.Changed is not zero it must be there.
	Changed func(ctx context.Context, no storage.SectionNo, from section.Instant) (all Numbers, whole bool)
}

// Numbers are bookings of one section.
type Numbers map[section.BookingNo]struct{}

// Closed is an event that nobody has open here, and where the buyer has bookings.
type Closed struct {
	Newest Key // no booking that is wanted is newer
	Open   func(ctx context.Context) (*Target, error)
}

// Item is a booking as it stands.
type Item struct {
	Key
	Buyer   section.BuyerID
	Outcome section.Outcome
}

// Page is some bookings, newest first.
type Page struct {
	Items      []Item
	Next       Key  // zero: there are no more
	Incomplete bool // some section could not be seen, or is seen as it was a while ago
}

// Search gives the page of a query, over all the targets, and over the closed events as far as the page reaches back.
func Search(ctx context.Context, targets []*Target, closed []Closed, q Query) Page {
	if q.Limit < 1 || q.Limit > LimitMax {
		q.Limit = LimitMax
	}
	if q.After == (Key{}) {
		q.After = newest
	}
	s := &search{q: q, targets: map[storage.EventID]*Target{}}
	s.until = q.After.At
	if q.Until != 0 {
		s.until = min(s.until, q.Until-1)
	}
	for _, h := range targets {
		s.targets[h.Event] = h
	}
	s.run(ctx, targets)
	s.reachBack(ctx, closed)
	return s.page(ctx)
}

// search is one call under way.
type search struct {
	q       Query
	until   section.Instant
	targets map[storage.EventID]*Target

	mu         sync.Mutex
	keys       []Key
	horizon    Key // all that match and are as new, or newer, are in keys; zero: all there are
	incomplete bool
}

// run finds the keys of targets.
func (s *search) run(ctx context.Context, targets []*Target) {
	type part struct {
		target *Target
		no     storage.SectionNo
	}
	var parts []part
	for _, h := range targets {
		for no := range h.Sections {
			parts = append(parts, part{h, storage.SectionNo(no)})
		}
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(atOnce, len(parts)) {
		group.Go(func() {
			for n := next.Add(1); int(n) <= len(parts); n = next.Add(1) {
				s.section(ctx, parts[n-1].target, parts[n-1].no)
			}
		})
	}
	group.Wait()
}

// reachBack opens closed events, the newest booking first, until the page has enough that is newer than the rest.
func (s *search) reachBack(ctx context.Context, closed []Closed) {
	slices.SortFunc(closed, func(a, b Closed) int { return older(a.Newest, b.Newest) })
	for i, c := range closed {
		if i == openMax || s.reached(c.Newest) {
			s.raise(c.Newest)
			return
		}
		target, err := c.Open(ctx)
		if err != nil {
			s.incomplete = true
			continue
		}
		s.targets[target.Event] = target
		s.run(ctx, []*Target{target})
	}
}

// reached says that the page ends before k.
func (s *search) reached(k Key) bool {
	if s.horizon != (Key{}) && older(s.horizon, k) < 0 {
		return true
	}
	before := 0
	for _, other := range s.keys {
		if older(other, k) < 0 {
			before++
		}
	}
	return before >= s.q.Limit
}

// raise says that what is older than k may be missing.
func (s *search) raise(k Key) {
	if s.horizon == (Key{}) || older(k, s.horizon) < 0 {
		s.horizon = k
	}
}

// round is what one look at a section came to.
type round struct {
	found []Key
	last  Key               // the last one looked at
	below section.BookingNo // where the next look begins; 0: there is no more
	count int
}

// section finds the keys of one section.
func (s *search) section(ctx context.Context, h *Target, no storage.SectionNo) {
	var found []Key
	fresh, count, below := true, 0, section.BookingNo(math.MaxUint64)
	var changed Numbers // nil: they do not matter
	if s.q.Changed != 0 {
		changed, fresh = h.Changed(ctx, no, s.q.Changed)
		if len(changed) == 0 {
			below = 0
		}
	}
	var last Key
	for below != 0 && len(found) < s.q.Limit && count < scanMax {
		var r round
		from, room := below, s.q.Limit-len(found)
		seen, ok := h.Look(ctx, no, func(state *section.State) section.Seq {
			r = s.look(h, no, state, from, room, changed)
			return 0 // keys are told to nobody
		})
		if !ok {
			s.mu.Lock()
			s.incomplete = true
			s.mu.Unlock()
			return
		}
		fresh = fresh && seen
		found, count, below = append(found, r.found...), count+r.count, r.below
		if r.count > 0 {
			last = r.last
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incomplete = s.incomplete || !fresh
	s.keys = append(s.keys, found...)
	if below != 0 {
		s.raise(last)
	}
}

// look goes over some bookings of a state.
func (s *search) look(
	h *Target, no storage.SectionNo, state *section.State, below section.BookingNo, room int, changed Numbers,
) (r round) {
	if h.Buyer != nil && !state.Knows(*h.Buyer) {
		return r
	}
	c := candidate{state: state, target: h}
	past := false
	r.below = state.Older(below, s.until, func(
		number section.BookingNo, is section.BookingState, placed section.Instant, buyer section.BuyerID,
	) bool {
		c.is, c.buyer, c.Key = is, buyer, keyOf(h, no, number, placed)
		if older(s.q.After, c.Key) >= 0 { // told on an earlier page
			return true
		}
		if past = placed < s.q.From; past {
			return false
		}
		r.last = c.Key
		_, recent := changed[number]
		if r.count++; (recent || changed == nil) && s.matches(&c) {
			r.found = append(r.found, c.Key)
		}
		return r.count < lookMax && len(r.found) < room
	})
	if past {
		r.below = 0
	}
	return r
}

// candidate is a booking that is looked at.
type candidate struct {
	Key
	state  *section.State
	target *Target
	is     section.BookingState
	buyer  section.BuyerID
	d      section.Decision // scratch
}

func keyOf(h *Target, no storage.SectionNo, number section.BookingNo, placed section.Instant) Key {
	return Key{At: placed, ID: booking.ID{Section: storage.SectionKey{Event: h.Event, Section: no}, No: number}}
}

// matches holds a booking against the query. It fills d where it has to look closer.
func (s *search) matches(c *candidate) bool {
	h := c.target
	theirs := h.Buyer == nil || c.buyer == *h.Buyer || c.state.Received(c.ID.No, *h.Buyer)
	switch {
	case !theirs, len(s.q.States) > 0 && !slices.Contains(s.q.States, c.is):
		return false
	case h.Seat == nil && s.q.Payment == "" && s.q.Gift == Either:
		return true
	}
	c.state.Lookup(c.ID.No, &c.d)
	return (h.Seat == nil || hasSeat(c.ID.Section.Section, &c.d.Outcome, *h.Seat)) &&
		(s.q.Payment == "" || mentions(c.d.Outcome.Money, s.q.Payment)) &&
		(s.q.Gift == Either || c.d.Outcome.Fare.IsGift() == (s.q.Gift == Yes))
}

// hasSeat says that a booking of a section has, or had, a seat there or in one of its legs.
func hasSeat(no storage.SectionNo, o *section.Outcome, seat Seat) bool {
	if no == seat.Section && slices.Contains(o.Seats, seat.Index) {
		return true
	}
	if o.Order == nil {
		return false
	}
	for i := range o.Order.Legs {
		leg := &o.Order.Legs[i]
		if storage.SectionNo(leg.Section) == seat.Section && slices.Contains(leg.Seats, seat.Index) {
			return true
		}
	}
	return false
}

// mentions says that an attempt of an account has this reference at the processor.
func mentions(m *account.Money, reference string) bool {
	if m == nil {
		return false
	}
	return m.Reference() == reference ||
		slices.ContainsFunc(m.Past, func(p account.Past) bool { return p.Reference == reference }) ||
		slices.ContainsFunc(m.Refunds, func(r account.Refund) bool { return r.Reference == reference })
}

// page describes what was found.
func (s *search) page(ctx context.Context) (p Page) {
	slices.SortFunc(s.keys, older)
	if s.horizon != (Key{}) {
		s.keys = slices.DeleteFunc(s.keys, func(k Key) bool { return older(s.horizon, k) < 0 })
		p.Next = s.horizon
	}
	if len(s.keys) > s.q.Limit {
		s.keys = s.keys[:s.q.Limit]
		p.Next = s.keys[s.q.Limit-1]
	}
	for _, k := range s.keys {
		if item, ok := s.item(ctx, k); ok {
			p.Items = append(p.Items, item)
		}
	}
	p.Incomplete = s.incomplete
	return p
}

// item describes one booking; false: it is none of those that are wanted any more, or its section has gone.
func (s *search) item(ctx context.Context, k Key) (item Item, ok bool) {
	h, no := s.targets[k.ID.Section.Event], k.ID.Section.Section
	var got Item
	there := false
	fresh, seen := h.Look(ctx, no, func(state *section.State) (on section.Seq) {
		state.Older(k.ID.No+1, k.At, func(
			number section.BookingNo, is section.BookingState, _ section.Instant, buyer section.BuyerID,
		) bool {
			c := candidate{Key: k, state: state, target: h, is: is, buyer: buyer}
			if number != k.ID.No || !s.matches(&c) {
				return false
			}
			d := new(section.Decision)
			there = state.Lookup(number, d)
			on, got = d.Outcome.DependsOn, Item{Key: k, Buyer: buyer, Outcome: d.Outcome}
			return false
		})
		return on
	})
	if !seen || !fresh {
		s.incomplete = true
	}
	if !seen {
		return Item{}, false
	}
	return got, there
}
