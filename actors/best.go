package actors

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/actors/checkout/till"
	"holdfast/actors/fares"
	"holdfast/actors/orders"
	"holdfast/actors/price"
	"holdfast/actors/request"
	"holdfast/actors/seatmap"
	"holdfast/actors/section"
	"holdfast/actors/section/order"
	"holdfast/actors/section/tariff"
	"holdfast/actors/trace"
	"holdfast/actors/venue"
	"holdfast/actors/writer"
	"holdfast/storage"
)

// best looks for the best seats: in the section named, in all its parts if it has several, or in every section in order
// of quality, first for seats together anywhere, then for the best split.
func (t *bookingCall) best(out *BookingView) error {
	b := &t.call.Best
	category, any, err := t.o.category(b.Category)
	if err != nil {
		return err
	}
	var only [1]storage.SectionNo
	candidates := t.o.order
	if b.Section != "" {
		if candidates = t.o.named(b.Section, &only); len(candidates) == 0 {
			return ErrSectionUnknown
		}
	}
	search := b.Section == "" || len(candidates) > 1
	at, known, err := t.enter(candidates[0], search, b.Quantity)
	if err != nil {
		return err
	}
	if known {
		rejection, err := t.recall(at, search, out)
		if err != nil || rejection != section.NoSeats {
			t.leave(at, keeps(rejection, err))
			return t.verdict(rejection, err, out)
		}
		if err := t.admit(b.Quantity); err != nil {
			t.leave(at, false)
			return err
		}
	}
	// whatever is free: sections too small for it are not even asked
	if !known && b.Quantity > t.ev.header.Load().Rules.SeatsPerBookingMax {
		t.leave(candidates[0], false)
		return &Refusal{Code: section.TooManySeats}
	}
	if t.unsure {
		t.leave(candidates[0], false)
		return t.verdict(0, ErrUnavailable, out)
	}
	c := section.Command{
		Kind: section.PlaceBest, Quantity: b.Quantity, Category: category, AnyCategory: any,
		AccessibleOnly: b.Accessible, Fare: t.call.Fares.Best(t.ev.lists().Now(), category, any),
	}
	no, rejection, err := t.search(c, candidates, out)
	t.leave(no, keeps(rejection, err))
	return t.verdict(rejection, err, out)
}

// cutsMax bounds how often a party is cut anew because others were quicker.
const cutsMax = roundsMax

// cut seats a party that no section can have alone in several, as one booking. If that cannot be done either, the buyer
// hears what could be had.
func (t *bookingCall) cut(
	c *section.Command, candidates []storage.SectionNo, out *BookingView,
) (no storage.SectionNo, rejection section.Rejection, err error) {
	no = candidates[0]
	for range cutsMax {
		selections := t.o.cut(t.ev.live, c, candidates)
		if selections == nil {
			break
		}
		t.unreserve() // what the search has reserved was for one section
		no = selections[0].Section
		mine := *t
		rejection, err = mine.place(selections, out)
		if t.decidedAt = mine.decidedAt; err != nil || rejection != section.SeatTaken {
			return no, rejection, err
		}
	}
	f := finding{c: *c}
	if t.short(&f, candidates, out) || f.err != nil && out.apart.Largest >= c.Quantity {
		return no, f.rejection, ErrOverloaded // there are enough, and others are quicker
	}
	return no, f.rejection, f.err
}

// recall asks the section that may have met the request only whether it remembers it: a request for no seats is refused
// with NoSeats unless it does, and the memory is asked first. The question queues behind whatever an earlier call under
// the key has left in the section, so NoSeats means that none of that became a hold. Then the request is new: a key
// whose first section never got to it must not be tied to that section while others have seats (P11). For a search
// nobody else can be under way (see register), so the whole of the event may be asked without a second booking (P5).
func (t *bookingCall) recall(at storage.SectionNo, search bool, out *BookingView) (section.Rejection, error) {
	r := request.New()
	r.Command.Kind = section.PlaceBest
	rejection, err := t.ask(r, at, out)
	if search && err == nil && rejection == section.NoSeats {
		t.ev.index.Unpin(t.call.Request, at)
	}
	return rejection, err
}

func (o *openEvent) category(label string) (id section.CategoryID, any bool, err error) {
	if label == "" {
		return 0, true, nil
	}
	id, ok := o.categories.Find(label)
	if !ok {
		return 0, false, ErrCategory
	}
	return id, false, nil
}

// partsNamed lists the parts of a section that is split, best first.
func (o *openEvent) partsNamed(name string) []storage.SectionNo {
	return o.partsOf[venue.Composed(name)]
}

// named lists what a plan calls a section of that name: its parts, best first, or the one section, which is put into
// only.
func (o *openEvent) named(name string, only *[1]storage.SectionNo) []storage.SectionNo {
	if parts := o.partsNamed(name); len(parts) > 0 {
		return parts
	}
	no, ok := o.byID.Find(name)
	if !ok {
		return nil
	}
	only[0] = no
	return only[:]
}

// cut chooses free seats that suit a command, by the map: of as few sections as can be, and of those that are not taken
// whole the best. nil: there are not enough, or they lie in too many sections.
func (o *openEvent) cut(live *seatmap.Map, c *section.Command, candidates []storage.SectionNo) []orders.Selection {
	type place struct {
		no   storage.SectionNo
		free uint32
	}
	var places []place
	for _, no := range candidates {
		if free := live.Suitable(no, c); free > 0 {
			places = append(places, place{no, free})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(b.free, a.free) })
	left := c.Quantity
	var selections []orders.Selection
	for _, p := range places[:min(len(places), order.SectionsMax)] {
		seats := o.suitable(live, c, p.no)
		seats = seats[:min(len(seats), int(left))]
		if left -= uint32(len(seats)); len(seats) > 0 {
			slices.Sort(seats)
			selections = append(selections, orders.Selection{Section: p.no, Seats: seats})
		}
	}
	if left > 0 || len(selections) < 2 {
		return nil
	}
	slices.SortFunc(selections, func(a, b orders.Selection) int { return cmp.Compare(a.Section, b.Section) })
	return selections
}

// suitable lists a section's free seats that suit a command, those for everybody first, then the best.
func (o *openEvent) suitable(live *seatmap.Map, c *section.Command, no storage.SectionNo) []section.SeatIndex {
	layout := o.sections[no].kind.Layout
	seats := live.Available(no, nil)
	seats = slices.DeleteFunc(seats, func(seat section.SeatIndex) bool {
		s := &layout.Seats[seat]
		return !c.AnyCategory && s.Category != c.Category || c.AccessibleOnly && !s.Accessible
	})
	slices.SortFunc(seats, func(a, b section.SeatIndex) int {
		x, y := &layout.Seats[a], &layout.Seats[b]
		switch {
		case x.Accessible == y.Accessible:
		case x.Accessible:
			return 1
		default:
			return -1
		}
		return cmp.Or(cmp.Compare(layout.Quality[a], layout.Quality[b]), cmp.Compare(a, b))
	})
	return seats
}

// roundsMax bounds how often a search begins anew because seats came back behind it.
const roundsMax = 8

// search asks one section after the other. It ends at the first that serves or whose answer is unknown, and never says
// sold out while some section could not be asked (P11), nor while the map then shows suitable seats: enough of them in
// one section, it begins anew; enough in several, the party is cut; fewer, it says so.
func (t *bookingCall) search(
	c section.Command, candidates []storage.SectionNo, out *BookingView,
) (storage.SectionNo, section.Rejection, error) {
	f := finding{c: c, last: candidates[0]}
	passes := []bool{true, false}
	if len(candidates) == 1 || c.Quantity < 2 {
		passes = passes[1:]
	}
	for range roundsMax {
		if !t.round(&f, passes, candidates, out) {
			continue
		}
		if f.err == error(&out.apart) && out.apart.Free >= c.Quantity {
			return t.cut(&c, candidates, out)
		}
		return f.last, f.rejection, f.err
	}
	return f.last, f.rejection, ErrOverloaded
}

// round asks all that may have seats; false: seats have come back meanwhile.
func (t *bookingCall) round(f *finding, passes []bool, candidates []storage.SectionNo, out *BookingView) (over bool) {
	for _, together := range passes {
		if t.pass(f, together, candidates, out) {
			return true
		}
	}
	return f.err != nil || !t.short(f, candidates, out)
}

// short weighs a search that no section could serve: while any suitable seat is free the buyer hears what could be had,
// in all and in one booking; sold out is told only where there is none. true: one of them has enough by now, although
// it said no when it was fare.
//
// The map stands for durable records, and a section's no is told once all it rests on is on the map (P2): what the map
// shows free is free, or was given away after the no. Of a section of another node it may be late (P9), and with it the
// numbers that are told; its own no counts then.
func (t *bookingCall) short(f *finding, candidates []storage.SectionNo, out *BookingView) (again bool) {
	f.rejection = section.SoldOut
	free, most, largest := uint32(0), uint32(0), storage.SectionNo(0)
	var best orders.MostFree
	t.ev.live.Together(func() {
		for _, at := range candidates {
			here := t.ev.live.Suitable(at, &f.c)
			if here >= f.c.Quantity {
				again = again || t.o.sections[at].mapIsTrue()
				here = f.c.Quantity - 1
			}
			free += here
			best.Add(here)
			if here > most {
				most, largest = here, at
			}
		}
	})
	if !again && free > 0 {
		out.apart = NotTogetherError{Free: free, Largest: best.Sum(), Section: t.o.planSection(largest), at: largest}
		f.err = &out.apart
	}
	return again
}

// finding is a search on its way through the sections.
type finding struct {
	c         section.Command
	last      storage.SectionNo
	rejection section.Rejection
	err       error // some section could not be asked
}

// pass asks every section that may have seats; true: the search is over. What the pass before heard of splits is not an
// answer. Sections of other nodes that look full are asked last, and only if their nodes do not say that they are.
func (t *bookingCall) pass(f *finding, together bool, candidates []storage.SectionNo, out *BookingView) (over bool) {
	f.err, f.rejection = nil, section.SoldOut
	f.c.TogetherOnly = together
	var looksFull []storage.SectionNo
	for _, no := range candidates {
		switch {
		case !t.suits(&f.c, no):
		case t.likelyFull(&f.c, no):
			looksFull = append(looksFull, no)
		default:
			if t.askFor(f, no, out) {
				return true
			}
		}
	}
	if len(looksFull) == 0 {
		return false
	}
	for _, no := range t.stillFull(&f.c, looksFull) {
		if t.askFor(f, no, out) {
			return true
		}
	}
	return false
}

// askFor asks one section; true: the search is over.
func (t *bookingCall) askFor(f *finding, no storage.SectionNo, out *BookingView) (over bool) {
	r := request.New()
	r.Command = f.c
	got, err := t.ask(r, no, out)
	switch {
	case writer.ClassOf(err) == writer.Unknown, err == nil && settles(got):
		f.last, f.rejection, f.err = no, got, err
		return true
	case err != nil:
		f.err = err
	default:
		f.last, f.rejection = no, got
	}
	if errors.Is(err, errNoGrant) {
		return true
	}
	if t.reserved == 0 {
		switch err := t.reserve(f.c.Quantity); {
		case err == error(tooManyForBuyer):
			f.last, f.rejection, f.err = no, section.TooManyForBuyer, nil
			return true
		case err != nil:
			f.err = err
			return true
		}
	}
	return false
}

// settles says that asking another section cannot help. SplitOnly is a word between a section and a search that wants
// seats together first: buyers are never told it, for a search then takes the best split.
func settles(r section.Rejection) bool { return r != section.SoldOut && r != section.SplitOnly }

// suits skips sections that have nothing of the kind, or too few free seats of it: the map holds every acknowledged
// change, so a section that it shows too full is too full for a request that begins now, unless a hold in it is due to
// end (P11).
func (t *bookingCall) suits(c *section.Command, no storage.SectionNo) bool {
	switch {
	case !c.AnyCategory && !t.o.has[no][c.Category], c.AccessibleOnly && !t.o.accessible[no]:
		return false
	case !t.o.sections[no].mapIsTrue():
		return true // let the section say it
	}
	return t.ev.live.Suitable(no, c) >= c.Quantity
}

// fareOf is what the call asks for seats of one section, in the order in which it names them.
func (t *bookingCall) fareOf(seats []section.SeatIndex, no storage.SectionNo) *tariff.Fare {
	if !t.call.Fares.Any() {
		return nil
	}
	layout := t.o.sections[no].kind.Layout
	return t.call.Fares.Named(t.ev.lists().Now(), len(seats), func(n int) fares.Seat {
		return fares.Seat{Index: seats[n], Category: layout.Seats[seats[n]].Category}
	})
}

// addUp adds what seats cost to a booking's view: of its k-th leg, or, of 0, of its own section.
func (o *openEvent) addUp(
	no storage.SectionNo, k uint8, seats []section.SeatIndex, out *BookingView, sum *price.Price,
) {
	layout := o.sections[no].kind.Layout
	for _, seat := range seats {
		total, kind := out.fared.Seat(k, seat, layout, sum)
		if out.Amount += total; out.fared.Itemised {
			out.Types = append(out.Types, fares.SeatType{Type: kind, Amount: total})
		}
	}
}

// fillExchange says what an exchange is of. What is to be paid for it is what it costs more.
func (o *openEvent) fillExchange(id BookingID, outcome *section.Outcome, out *BookingView) {
	x := outcome.Exchange
	out.Exchange = &till.ExchangeView{Of: BookingID{Section: id.Section, No: x.Of}, Credit: x.Credit, Done: x.Done,
		Difference: x.Due(), Gives: o.appendIDs(nil, id.Section.Section, x.Gives)}
	out.Amount = max(0, x.Due())
	out.Price.Reset()
}

// showNext tells where the buyer goes on.
func (e *Engine) showNext(ctx context.Context, out *BookingView) {
	b := tillBooking(out)
	if next := e.till.Next(ctx, &b); next.URL != "" {
		out.Next, out.NextUntil = next, b.Money.Until
	}
}

// settleSoon settles a booking now, and leaves to the reconciler what is not settled then.
func (e *Engine) settleSoon(id BookingID, who Caller, deadline time.Time) {
	ctx, cancel := context.WithDeadline(trace.Context(e.ctx, who.Trace), deadline)
	defer cancel()
	if left, err := e.till.Settle(ctx, id, 0); err != nil || left.Any() {
		e.reconciler.Add(id)
	}
}
