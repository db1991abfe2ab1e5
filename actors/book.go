package actors

import (
	"errors"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Book places a hold: on named seats, all of one section, or on the best available. The answer is told once it is durable.
//
// Errors: ErrEventUnknown, *SeatsUnknownError, ErrSpread, ErrSectionUnknown, ErrCategory, ErrSaleNotOpen, ErrMismatch, *Refusal,
// ErrOverloaded and ErrUnavailable (surely not done or repeatable with the same key), ErrTimeout (unknown: repeat with the same key).
func (e *Engine) Book(call *BookCall, timeout time.Duration, out *BookingView) error {
	ev, o, err := e.openEvent(call.Event)
	if err != nil {
		return err
	}
	t := trip{ev: ev, o: o, call: call, deadline: time.Now().Add(timeout)}
	if call.Best.Quantity > 0 {
		return t.best(out)
	}
	return t.named(out)
}

func (e *Engine) openEvent(id storage.EventID) (*event, *openEvent, error) {
	ev, err := e.event(id)
	if err != nil {
		return nil, nil, err
	}
	o, err := ev.open(e.ctx)
	if err != nil {
		return nil, nil, errors.Join(ErrUnavailable, err)
	}
	return ev, o, nil
}

// trip is one booking call on its way.
type trip struct {
	ev       *event
	o        *openEvent
	call     *BookCall
	deadline time.Time
	reserved uint32
}

func (t *trip) named(out *BookingView) error {
	r := newRequest()
	no, err := t.o.resolve(t.call.Seats, r)
	if err != nil {
		r.free()
		return err
	}
	r.Command.Kind = section.PlaceHold
	known, err := t.enter(no, false, uint32(len(r.seats)))
	if err != nil {
		r.free()
		return err
	}
	_ = known
	rejection, err := t.ask(r, no, out)
	t.leave(no, keeps(rejection, err))
	return t.verdict(rejection, err, out)
}

// resolve turns seat ids into one section's indexes.
func (o *openEvent) resolve(ids []string, r *Request) (storage.SectionNo, error) {
	var unknown []string
	var no storage.SectionNo
	spread := false
	for _, id := range ids {
		ref, ok := o.seats[id]
		if !ok {
			unknown = append(unknown, string(append([]byte(nil), id...)))
			continue
		}
		if len(r.seats) > 0 && ref.section != no {
			spread = true
		}
		no = ref.section
		r.seats = append(r.seats, ref.index)
	}
	switch {
	case len(unknown) > 0:
		return 0, &SeatsUnknownError{Seats: unknown}
	case spread:
		return 0, ErrSpread
	}
	r.Command.Seats = r.seats
	return no, nil
}

// enter registers the request in the event's index and reserves its seats in the buyer ledger. A request that was met before is let
// through whatever the sale's state and the ledger say, for it must get its first answer (P5).
func (t *trip) enter(no storage.SectionNo, search bool, seats uint32) (known bool, err error) {
	if t.call.Request != (section.RequestID{}) {
		at, seen, err := t.register(no, search)
		if err != nil {
			return false, err
		}
		if seen && !search && at != no {
			t.leave(at, false)
			return true, ErrMismatch
		}
		known = seen
	}
	if known {
		return true, nil
	}
	header := t.ev.header.Load()
	if header.Sale != storage.SaleOpen {
		t.leave(no, false)
		return false, ErrSaleNotOpen
	}
	// What the core refuses anyway must not be judged by the ledger: its answer is the more precise.
	if seats <= header.Rules.SeatsPerBookingMax && !t.ev.buyers.reserve(t.call.Buyer, seats, header.Rules.SeatsPerBuyerMax) {
		t.leave(no, false)
		return false, &Refusal{Code: section.TooManyForBuyer}
	}
	if seats <= header.Rules.SeatsPerBookingMax {
		t.reserved = seats
	}
	return false, nil
}

// register enters the request into the index, waiting while a search under the same key is under way.
func (t *trip) register(no storage.SectionNo, search bool) (storage.SectionNo, bool, error) {
	for {
		at, known, busy := t.ev.index.enter(t.call.Request, no, search, t.ev.engine.cfg.Clock())
		if busy == nil {
			return at, known, nil
		}
		timer := time.NewTimer(time.Until(t.deadline))
		select {
		case <-busy:
			timer.Stop()
		case <-timer.C:
			return 0, false, ErrTimeout
		}
	}
}

func (t *trip) leave(no storage.SectionNo, keep bool) {
	if t.call.Request != (section.RequestID{}) {
		t.ev.index.leave(t.call.Request, no, keep)
	}
}

// keeps says whether a section may remember the request: it accepted, or nobody knows.
func keeps(rejection section.Rejection, err error) bool {
	return errors.Is(err, ErrTimeout) || errors.Is(err, errStoppedMidway) || (err == nil && rejection == section.Accepted)
}

// errStoppedMidway is ErrUnavailable from inside a section: it may or may not have been done.
var errStoppedMidway = errors.New("actors: section stopped while the request was inside")

// ask sends r and fills out from an accepted answer. The buyer's reservation travels with r from the moment it is sent.
func (t *trip) ask(r *Request, no storage.SectionNo, out *BookingView) (section.Rejection, error) {
	r.Command.Buyer, r.Command.Operator = t.call.Buyer, t.call.Operator
	r.Command.Request, r.Command.Fingerprint = t.call.Request, t.call.Fingerprint
	s := t.o.sections[no]
	r.reserved = t.reserved
	if err := s.Send(r, t.deadline); err != nil {
		r.free()
		return 0, t.count(err)
	}
	t.reserved = 0
	if !r.wait(time.Until(t.deadline)) {
		return 0, t.count(ErrTimeout)
	}
	defer r.free()
	if r.Err != nil {
		return 0, errStoppedMidway
	}
	outcome := &r.Decision.Outcome
	if outcome.Rejection != section.Accepted {
		out.Seats = t.o.appendIDs(out.Seats[:0], no, outcome.Lost)
		return outcome.Rejection, nil
	}
	t.o.fill(t.ev, BookingID{s.key, outcome.Booking}, outcome, out)
	return section.Accepted, nil
}

func (t *trip) count(err error) error {
	switch {
	case errors.Is(err, ErrOverloaded):
		t.ev.engine.stats.Overloaded.Add(1)
	case errors.Is(err, ErrTimeout):
		t.ev.engine.stats.Timeouts.Add(1)
	}
	return err
}

// verdict turns the last section's word into the call's answer, and gives back what no section took over.
func (t *trip) verdict(rejection section.Rejection, err error, out *BookingView) error {
	if t.reserved > 0 {
		t.ev.buyers.release(t.call.Buyer, t.reserved)
	}
	switch {
	case errors.Is(err, errStoppedMidway):
		return ErrUnavailable
	case err != nil:
		return err
	case rejection == section.IdempotencyMismatch:
		return ErrMismatch
	case rejection != section.Accepted:
		return &Refusal{Code: rejection, Seats: append([]string(nil), out.Seats...)}
	}
	return nil
}

// best looks for the best seats: in the section named, or in every section in order of quality, first for seats together
// anywhere, then for the best split.
func (t *trip) best(out *BookingView) error {
	b := &t.call.Best
	category, any, err := t.o.category(b.Category)
	if err != nil {
		return err
	}
	var only [1]storage.SectionNo
	candidates := t.o.order
	if b.Section != "" {
		no, ok := t.o.byID[b.Section]
		if !ok {
			return ErrSectionUnknown
		}
		only[0] = no
		candidates = only[:]
	}
	search := b.Section == ""
	known, err := t.enter(candidates[0], search, b.Quantity)
	if err != nil {
		return err
	}
	c := section.Command{Kind: section.PlaceBest, Quantity: b.Quantity, Category: category, AnyCategory: any, AccessibleOnly: b.Accessible}
	if known && search { // the section that remembers it is the one to ask
		at, _, _ := t.ev.index.enter(t.call.Request, 0, false, 0)
		t.leave(at, false)
		only[0] = at
		candidates = only[:]
	}
	no, rejection, err := t.search(c, candidates, known, out)
	t.leave(no, keeps(rejection, err))
	return t.verdict(rejection, err, out)
}

func (o *openEvent) category(label string) (id section.CategoryID, any bool, err error) {
	if label == "" {
		return 0, true, nil
	}
	id, ok := o.categories[label]
	if !ok {
		return 0, false, ErrCategory
	}
	return id, false, nil
}

// search asks one section after the other. It ends at the first that serves or whose answer is unknown, and never says sold out
// while some section could not be asked (P11).
func (t *trip) search(c section.Command, candidates []storage.SectionNo, known bool, out *BookingView) (storage.SectionNo, section.Rejection, error) {
	last, rejection, unasked := candidates[0], section.SoldOut, error(nil)
	passes := []bool{true, false}
	if len(candidates) == 1 || c.Quantity < 2 {
		passes = passes[1:]
	}
	for _, together := range passes {
		unasked = nil
		c.TogetherOnly = together
		for _, no := range candidates {
			if !known && !t.suits(&c, no) {
				continue
			}
			r := newRequest()
			r.Command = c
			got, err := t.ask(r, no, out)
			switch {
			case errors.Is(err, ErrTimeout), errors.Is(err, errStoppedMidway), err == nil && settles(got):
				return no, got, err
			case err != nil:
				unasked = err
			default:
				last, rejection = no, got
			}
			if t.reserved == 0 && !known && !t.again(c.Quantity) {
				return no, section.TooManyForBuyer, nil
			}
		}
	}
	return last, rejection, unasked
}

// again reserves anew after a refusal gave the reservation back.
func (t *trip) again(seats uint32) bool {
	rules := t.ev.header.Load().Rules
	if seats > rules.SeatsPerBookingMax {
		return true
	}
	if !t.ev.buyers.reserve(t.call.Buyer, seats, rules.SeatsPerBuyerMax) {
		return false
	}
	t.reserved = seats
	return true
}

// settles says that asking another section cannot help.
func settles(r section.Rejection) bool { return r != section.SoldOut && r != section.SplitOnly }

// suits skips sections that have nothing of the kind, or too few free seats: the map holds every acknowledged change, so a
// section that it shows too full is too full for a request that begins now.
func (t *trip) suits(c *section.Command, no storage.SectionNo) bool {
	switch {
	case !c.AnyCategory && !t.o.has[no][c.Category], c.AccessibleOnly && !t.o.accessible[no]:
		return false
	case t.o.sections[no].serving.Load() == nil:
		return true // the map is not to be trusted: let the section say it
	}
	return t.ev.live.Free(no) >= int(c.Quantity)
}

func (o *openEvent) appendIDs(dst []string, no storage.SectionNo, seats []section.SeatIndex) []string {
	for _, i := range seats {
		if int(i) < len(o.ids[no]) {
			dst = append(dst, o.ids[no][i])
		}
	}
	return dst
}

// fill makes the buyer's view of an outcome.
func (o *openEvent) fill(ev *event, id BookingID, outcome *section.Outcome, out *BookingView) {
	seats, tickets := out.Seats[:0], out.Tickets[:0]
	*out = BookingView{ID: id, State: outcome.State, Split: outcome.Split, ExpiresAt: outcome.ExpiresAt, Currency: ev.header.Load().Currency}
	layout := o.sections[id.Section.Section].layout
	out.Seats = o.appendIDs(seats, id.Section.Section, outcome.Seats)
	for _, i := range outcome.Seats {
		out.Amount += o.prices[layout.Seats[i].Category]
	}
	if outcome.State == section.BookingConfirmed {
		for n, i := range outcome.Seats {
			tickets = append(tickets, TicketView{Seat: out.Seats[n], Code: ev.engine.ticketCode(id, i)})
		}
	}
	out.Tickets = tickets
}

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

// roundTrip sends r and waits. On success the caller frees r; on an error it must not touch it again.
func (s *Section) roundTrip(r *Request, deadline time.Time) (*section.Outcome, error) {
	if err := s.Send(r, deadline); err != nil {
		r.free()
		return nil, err
	}
	if !r.wait(time.Until(deadline)) {
		return nil, ErrTimeout
	}
	if err := r.Err; err != nil {
		r.free()
		return nil, err
	}
	return &r.Decision.Outcome, nil
}
