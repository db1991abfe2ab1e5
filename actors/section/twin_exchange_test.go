package section

import (
	"slices"

	"pgregory.net/rapid"

	"holdfast/actors/grant"
	"holdfast/actors/section/account"
	"holdfast/actors/section/exchange"
	"holdfast/actors/section/tariff"
)

// twinExchange is what the twin knows of an exchange.
type twinExchange struct {
	of            BookingNo
	gives         []SeatIndex
	credit, total int64
	done          bool
}

// modelTariff has prices that make exchanges dearer, cheaper and even.
var modelTariff = &tariff.Tariff{Mark: 7, Totals: []int64{2, 5, 3}}

// drawExchange wants seats in the place of others of a booking now and then, mostly of one that is sold.
func drawExchange(t *rapid.T, model *twin, c *Command) {
	if rapid.IntRange(0, 4).Draw(t, "exchange") > 0 {
		return
	}
	x := &exchange.Part{Credit: rapid.Int64Range(0, 9).Draw(t, "credit")}
	*c = Command{Kind: PlaceExchange, At: c.At, Booking: c.Booking, Buyer: c.Buyer, Operator: c.Operator,
		Request: c.Request, Fingerprint: c.Fingerprint, Grant: c.Grant, Seats: c.Seats, AnyCategory: true,
		TogetherOnly: c.TogetherOnly, Exchange: x}
	if c.Grant.Number > 0 {
		c.Grant = modelFence(model, c)
	}
	for no, b := range model.bookings {
		if b.state == BookingConfirmed && no > c.Booking%4 && rapid.IntRange(0, 3).Draw(t, "sold") > 0 {
			c.Booking, c.Operator = no, true
			break
		}
	}
	b := model.bookings[c.Booking]
	if b == nil {
		return
	}
	x.Gives = slices.Clone(b.seats[:rapid.IntRange(0, len(b.seats)).Draw(t, "gives")])
	if rapid.IntRange(0, 3).Draw(t, "best") == 0 {
		c.Seats, c.Quantity = nil, uint32(len(x.Gives))
		return
	}
	free := slices.DeleteFunc(allSeats(model), func(s SeatIndex) bool { return model.letters[s] != Available })
	if len(free) >= len(x.Gives) && rapid.IntRange(0, 5).Draw(t, "taken") > 0 {
		from := rapid.IntRange(0, len(free)-len(x.Gives)).Draw(t, "from")
		c.Seats = slices.Clone(free[from : from+len(x.Gives)])
	}
}

func allSeats(model *twin) (all []SeatIndex) {
	for i := range model.letters {
		all = append(all, SeatIndex(i))
	}
	return all
}

// modelFence is the grant that lets a command through, most of the time.
func modelFence(model *twin, c *Command) (g grant.Grant) {
	if g = model.fences[c.Grant.Coordinator]; g.Number == 0 {
		return c.Grant
	}
	return g
}

// left is what is left of what was taken for a booking and its exchanges.
func (t *twin) left(no BookingNo) int64 {
	sum := t.bookings[no].leftOfSale()
	for _, n := range t.exchangesOf(no) {
		sum += t.bookings[n].leftOfSale()
	}
	return sum
}

func (b *twinBooking) leftOfSale() (left int64) {
	if b.sold > 0 {
		left = b.tried[b.sold-1]
	}
	for _, k := range b.refunds {
		if !k.anomaly && !k.replaced {
			left -= k.amount
		}
	}
	return left
}

// exchangesOf are those that are done, ascending.
func (t *twin) exchangesOf(no BookingNo) (all []BookingNo) {
	for n, b := range t.bookings {
		if b.exchange != nil && b.exchange.of == no && b.exchange.done {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

// owe has an amount given back of a booking, and where its own money does not suffice, of its exchanges.
func (t *twin) owe(no BookingNo, amount int64, at Instant, seats []SeatIndex) {
	own := min(amount, t.bookings[no].leftOfSale())
	rest := amount - own
	for _, n := range t.exchangesOf(no) {
		if part := min(rest, t.bookings[n].leftOfSale()); part > 0 {
			t.bookings[n].refunds = append(t.bookings[n].refunds,
				twinRefund{attempt: t.bookings[n].sold, state: account.Due, amount: part})
			rest -= part
			t.forget(at)
		}
	}
	b := t.bookings[no]
	if len(seats) > 0 || own > 0 {
		b.refunds = append(b.refunds, twinRefund{attempt: b.sold, state: account.Due, amount: own, seats: seats})
	}
}

func (t *twin) mayExchange(no BookingNo, gives []SeatIndex, at Instant) Rejection {
	b := t.bookings[no]
	if b == nil {
		return BookingUnknown
	}
	switch b.state {
	case BookingPaying:
		return PaymentInProgress
	case BookingHeld:
		return NotConfirmed
	case BookingReleased:
		return HoldReleasedAlready
	case BookingExpired:
		return HoldExpiredAlready
	case BookingRefunded:
		return AlreadyRefunded
	}
	r := Accepted
	if len(gives) == 0 {
		r = NoSeats
	}
	for _, seat := range gives {
		owed := slices.ContainsFunc(b.refunds, func(k twinRefund) bool {
			return !k.anomaly && !k.back && !k.replaced && slices.Contains(k.seats, seat)
		})
		p := b.passes[seat]
		why := t.firstOf(when(owed || !slices.Contains(b.seats, seat), AlreadyRefunded),
			when(b.holder(seat) != b.buyer, NotHolder), when(p != nil && len(p.scans) > 0, AlreadyAdmitted),
			when(b.pending(seat, at), TransferPending))
		if why != Accepted && (r == Accepted || why < r) {
			r = why
		}
	}
	return r
}

func (t *twin) judgeExchange(c *Command) Rejection {
	b := t.bookings[c.Booking]
	if b == nil || !c.Operator && b.buyer != c.Buyer {
		return BookingUnknown
	}
	wanted := int(c.Quantity)
	if len(c.Seats) > 0 {
		wanted = len(c.Seats)
	}
	if r := t.mayExchange(c.Booking, c.Exchange.Gives, c.At); r != Accepted {
		return r
	}
	if len(c.Exchange.Gives) != wanted {
		return ExchangeUneven
	}
	if t.exchangeOpen(c.Booking) {
		return ExchangeUnderWay
	}
	hold := *c
	hold.Buyer = b.buyer
	size := Accepted
	if wanted > int(t.rules.SeatsPerBookingMax) {
		size = TooManySeats
	}
	if len(c.Seats) > 0 {
		return t.firstOf(t.words(&hold), size, t.seatsAre(&hold, Available, SeatTaken), t.cools(&hold, c.Seats...),
			t.fares(&hold))
	}
	return t.firstOf(size, t.enough(&hold))
}

// exchangeOpen says that an exchange of a booking is held or paying.
func (t *twin) exchangeOpen(no BookingNo) bool {
	for _, other := range t.bookings {
		if other.exchange != nil && other.exchange.of == no && other.state.live() {
			return true
		}
	}
	return false
}

// mayPay judges the attempt that is to pay for an exchange.
func (t *twin) mayPay(c *Command, x *twinExchange) Rejection {
	switch r := t.mayExchange(x.of, x.gives, c.At); {
	case r != Accepted:
		return r
	case x.credit-x.total > t.left(x.of):
		return RefundTooLarge
	case c.Pay.Amount != max(0, x.total-x.credit):
		return AttemptStale
	}
	return Accepted
}

func (t *twin) placeExchange(c *Command, seats []SeatIndex) {
	of := t.bookings[c.Booking]
	t.lastNo++
	x := &twinExchange{of: c.Booking, gives: slices.Sorted(slices.Values(c.Exchange.Gives)),
		credit: min(c.Exchange.Credit, t.left(c.Booking))}
	t.bookings[t.lastNo] = &twinBooking{
		buyer: of.buyer, state: BookingHeld, placed: c.At, seats: slices.Clone(seats), exchange: x,
		expiresAt: c.At + Instant(min(t.rules.HoldTTL, t.rules.HoldCeiling)),
	}
	t.paint(seats, Held)
	t.remember(c, t.lastNo)
}

// exchanged makes an exchange true whose money was taken, or has it end.
func (t *twin) exchanged(c *Command, b *twinBooking) {
	x := b.exchange
	back := max(0, x.credit-x.total)
	if t.mayExchange(x.of, x.gives, c.At) != Accepted || back > t.left(x.of) {
		t.endOff(c, b)
		return
	}
	of := t.bookings[x.of]
	b.leaveChallenge(c.At)
	b.state, b.sold, x.done = BookingReleased, b.attempts, true
	t.ended = append(t.ended, twinRequest{at: c.At, booking: c.Booking})
	of.seats = append(slices.DeleteFunc(slices.Clone(of.seats), func(s SeatIndex) bool {
		return slices.Contains(x.gives, s)
	}), b.seats...)
	slices.Sort(of.seats)
	t.paint(b.seats, Sold)
	t.paint(x.gives, Available)
	if of.came == nil {
		of.came = map[SeatIndex]*twinBooking{}
	}
	for _, seat := range x.gives {
		delete(of.came, seat)
	}
	for _, seat := range b.seats {
		of.came[seat] = b
	}
	if of.passes == nil {
		of.passes = map[SeatIndex]*twinPass{}
	}
	for _, seat := range x.gives {
		if of.passes[seat] == nil {
			of.passes[seat] = new(twinPass)
		}
		of.passes[seat].rotation++
	}
	t.owe(x.of, back, c.At, nil)
}

// gave says that a booking has given a seat up for another.
func (t *twin) gave(no BookingNo, seat SeatIndex) bool {
	return slices.ContainsFunc(t.exchangesOf(no), func(n BookingNo) bool {
		return slices.Contains(t.bookings[n].exchange.gives, seat)
	})
}

// compareExchange holds what is told of an exchange against the twin.
func compareExchange(t *rapid.T, no BookingNo, got *exchange.Exchange, b *twinBooking) {
	want := b.exchange
	if (got == nil) != (want == nil) || want != nil && (got.Of != want.of || got.Credit != want.credit ||
		got.Total != want.total || got.Done != want.done || !slices.Equal(got.Gives, want.gives)) {
		t.Fatalf("exchange %d is %+v, the twin has %+v", no, got, want)
	}
}

// steer leads a booking on, most of the time: from a hold to a sale, from there to exchanges and refunds.
func steer(t *rapid.T, model *twin, c *Command) bool {
	if rapid.IntRange(0, 9).Draw(t, "anything") == 0 {
		return false
	}
	at, no := c.At, BookingNo(0)
	if model.lastNo > 0 {
		no = BookingNo(rapid.Uint64Range(uint64(max(model.lastNo, 4)-3), uint64(model.lastNo)).Draw(t, "lead on"))
	}
	*c = Command{At: at, Booking: no, Operator: true, Seats: nil}
	b := model.bookings[no]
	free := slices.DeleteFunc(allSeats(model), func(s SeatIndex) bool { return model.letters[s] != Available })
	switch open := openRefund(b); {
	case b == nil || !b.state.live() && open == 0:
		c.Kind, c.Buyer = PlaceHold, buyerOf(rapid.Uint64Range(0, 3).Draw(t, "buyer"))
		c.Seats = free[:min(len(free), rapid.IntRange(1, 3).Draw(t, "seats"))]
	case open > 0 && rapid.Bool().Draw(t, "settle"):
		c.Kind, c.Pay.Refund = SettleRefund, uint32(open)
		c.Pay.State = account.RefundState(rapid.IntRange(2, 4).Draw(t, "word"))
	case b.state == BookingHeld || b.state == BookingPaying:
		c.Kind = BeginPayment
		if b.state == BookingPaying {
			c.Kind = rapid.SampledFrom([]CommandKind{ConfirmPayment, ConfirmPayment, FailPayment,
				ChallengePayment}).Draw(t, "word")
		}
		drawPayment(t, model, c)
	case rapid.IntRange(0, 3).Draw(t, "back") == 0:
		c.Kind = RefundBooking
		drawPayment(t, model, c)
	case rapid.IntRange(0, 3).Draw(t, "give away") == 0:
		wantTransfer(t, model, c)
	default:
		n := min(len(free), len(b.seats), rapid.IntRange(1, 3).Draw(t, "gives"))
		c.Kind, c.Seats = PlaceExchange, free[:n]
		if rapid.Bool().Draw(t, "last") {
			c.Seats = free[len(free)-n:]
		}
		c.Exchange = &exchange.Part{Gives: b.seats[len(b.seats)-n:], Credit: rapid.Int64Range(0, 15).Draw(t, "credit")}
	}
	return true
}

// openRefund is the number of a refund about which the processor is to be asked; 0: none.
func openRefund(b *twinBooking) int {
	if b == nil {
		return 0
	}
	return 1 + slices.IndexFunc(b.refunds, func(r twinRefund) bool { return r.state.Open() })
}
