package baselines

import (
	"errors"
	"slices"
	"time"

	"holdfast/api/wire"
)

// book places a hold.
func (f *face) book(c *call) error {
	e, err := f.theEvent(c)
	if err != nil {
		return err
	}
	if err := c.parser.Parse(c.Request.Body()); err != nil {
		return err
	}
	if !e.isOpen() {
		return kindSaleNotOpen
	}
	c.task.event, c.task.booking = e, c.task.request
	request, split := &c.parser.Book, false
	if best := request.BestAvailable; best != nil {
		if err := f.bestOf(c, e, best); err != nil {
			return err
		}
		split = !e.together(slices.Sorted(slices.Values(c.task.got.seats)))
	} else if err := f.named(c, e, request.Seats); err != nil {
		return err
	}
	c.out = append(c.out[:0], bookingsPath...)
	c.out = appendBookingID(c.out, c.task.got.id)
	c.Response.Header.SetCanonical(headerLocation, c.out)
	return f.sendBooking(c, 201, split)
}

// named takes the seats that the buyer named.
func (f *face) named(c *call, e *event, names []string) error {
	t := &c.task
	if err := e.resolve(t, names); err != nil {
		return err
	}
	given, err := f.store.hold(c.life, t)
	if err != nil {
		return err
	}
	if given == granted && !slices.Equal(t.got.seats, t.seats) {
		return kindMismatch
	}
	return c.refused(given)
}

// resolve finds the seats of a request and judges what needs no database.
func (e *event) resolve(t *task, names []string) error {
	if len(names) == 0 {
		return kindNoSeats
	}
	if len(names) > e.seatsMax {
		return kindTooManySeats
	}
	var unknown []string
	for i, name := range names {
		seat, ok := e.byID[name]
		switch {
		case !ok:
			unknown = append(unknown, name)
		case slices.Contains(t.seats, seat):
			return kindDuplicateSeat
		case i > 0 && len(t.seats) > 0 && e.sectionOf(seat) != e.sectionOf(t.seats[0]):
			return kindSpread
		default:
			t.seats = append(t.seats, seat)
		}
	}
	if unknown != nil {
		return &problem{kind: kindSeatUnknown, seats: unknown}
	}
	return nil
}

// bestPatience bounds how long a best-available request that keeps losing races tries again.
const bestPatience = 15 * time.Second

// bestOf lets the store choose, in the section that the buyer wants or in any. Who has looked into one section in vain
// goes by the whole map, and is refused only when that shows too few free seats everywhere.
func (f *face) bestOf(c *call, e *event, request *wire.BestAvailable) error {
	t := &c.task
	if request.Quantity == 0 {
		return kindNoSeats
	}
	if int(request.Quantity) > e.seatsMax {
		return kindTooManySeats
	}
	t.quantity = int(request.Quantity)
	sections, err := e.wanted(request.Section)
	if err != nil {
		return err
	}
	try := sections[int(e.turn.Add(1))%len(sections)]
	for begin := time.Now(); ; {
		t.from, t.to = e.sections[try].first, e.sections[try].end
		given, err := f.store.best(c.life, t)
		switch {
		case err != nil:
			return err
		case given == tooBusy && time.Since(begin) < bestPatience:
			continue
		case given != noneLeft:
			return c.chosen(given)
		case len(sections) == 1:
			return f.noneAtAll(c)
		}
		now := f.snapshot(c.life, e)
		if now.err != nil {
			return errors.Join(errUndone, now.err)
		}
		next, ok := now.pick(e, sections, t.quantity)
		if !ok {
			return f.noneAtAll(c)
		}
		try = next
	}
}

// wanted lists the sections that a buyer accepts; "" is every one.
func (e *event) wanted(name string) (sections []int32, err error) {
	for i := range e.sections {
		if name == "" || e.sections[i].id == name {
			sections = append(sections, int32(i))
		}
	}
	if sections == nil {
		return nil, kindSectionUnknown
	}
	return sections, nil
}

// pick chooses a section with enough free seats, another one for each buyer.
func (s *snapshot) pick(e *event, sections []int32, quantity int) (chosen int32, ok bool) {
	start := int(e.turn.Add(1))
	for i := range sections {
		at := sections[(start+i)%len(sections)]
		if int(s.free[at]) >= quantity {
			return at, true
		}
	}
	return 0, false
}

// chosen answers a grant, which may be an earlier booking of the same request.
func (c *call) chosen(given verdict) error {
	if given == granted && len(c.task.got.seats) != c.task.quantity {
		return kindMismatch
	}
	return c.refused(given)
}

// noneAtAll says sold out, unless this request was granted before.
func (f *face) noneAtAll(c *call) error {
	given, err := f.store.find(c.life, &c.task)
	switch {
	case err != nil:
		return err
	case given == bookingUnknown:
		return c.refused(noneLeft)
	}
	return c.chosen(given)
}

// refused makes a verdict an error, nil for a grant.
func (c *call) refused(v verdict) error {
	switch v {
	case granted:
		return nil
	case seatTaken:
		c.seats = c.seats[:0]
		for _, seat := range c.task.lost {
			c.seats = append(c.seats, c.task.event.seatIDs[seat])
		}
		c.no = problem{kind: kindOf[v], seats: c.seats}
		return &c.no
	}
	return kindOf[v]
}

func (f *face) theBooking(c *call) (ok bool) {
	c.task.booking, ok = parseBookingID(c.param)
	return ok
}

func (f *face) booking(c *call) error {
	if !f.theBooking(c) {
		return kindBookingUnknown
	}
	given, err := f.store.find(c.life, &c.task)
	if err != nil {
		return err
	}
	if err := c.refused(given); err != nil {
		return err
	}
	return f.sendBooking(c, 200, false)
}

func (f *face) change(c *call, how change) error {
	if !f.theBooking(c) {
		return kindBookingUnknown
	}
	given, err := f.store.change(c.life, &c.task, how)
	if err != nil {
		return err
	}
	if err := c.refused(given); err != nil {
		return err
	}
	return f.sendBooking(c, 200, false)
}

func (f *face) extend(c *call) error  { return f.change(c, extend) }
func (f *face) release(c *call) error { return f.change(c, release) }

// confirm sells. The processor of a baseline is a word: whatever is not declined was charged, at once.
func (f *face) confirm(c *call) error {
	var body wire.Confirm
	if err := wire.Decode(c.Request.Body(), &body); err != nil {
		return err
	}
	switch body.PaymentToken.Text {
	case "":
		return &wire.FieldError{Field: "payment_token", Reason: "is missing"}
	case "tok_declined":
		return kindDeclined
	}
	return f.change(c, confirm)
}

// sendBooking answers with what the store filled in.
func (f *face) sendBooking(c *call, status int, split bool) error {
	got := &c.task.got
	e := f.shows.numbered(got.event)
	var name [40]byte
	answer := wire.Booking{ID: string(appendBookingID(name[:0], got.id)), Event: e.name, State: stateNames[got.state],
		Split: split,
		Total: wire.Money{Amount: e.total(got.seats), Currency: e.about.Currency}}
	c.seats = c.seats[:0]
	for _, seat := range got.seats {
		c.seats = append(c.seats, e.seatIDs[seat])
		if got.state == sold {
			answer.Tickets = append(answer.Tickets, wire.Ticket{Seat: e.seatIDs[seat], Code: f.code(got.id, seat)})
		}
	}
	answer.Seats = c.seats
	if got.state == held {
		ends := wire.OffsetTime{Time: wire.Time(got.expiresAt.UnixMilli())}
		answer.ExpiresAt = &ends
	}
	c.out = wire.AppendBooking(c.out[:0], &answer)
	c.json(status, c.out)
	return nil
}
