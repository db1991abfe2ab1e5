package section

import (
	"slices"

	"pgregory.net/rapid"

	"holdfast/actors/section/entry"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/transfer"
)

// twinTransfer is one as the twin has it.
type twinTransfer struct {
	from, to BuyerID
	state    transfer.State
	until    Instant
	seats    []SeatIndex
	request  RequestID
}

// drawTransfer offers, accepts or withdraws now and then, mostly what is there.
func drawTransfer(t *rapid.T, model *twin, c *Command) {
	if rapid.IntRange(0, 3).Draw(t, "transfer") > 0 {
		return
	}
	for no, b := range model.bookings { // few are sold: one that is
		if b.state == BookingConfirmed && (model.bookings[c.Booking] == nil ||
			model.bookings[c.Booking].state != BookingConfirmed || no < c.Booking) {
			c.Booking = no
		}
	}
	wantTransfer(t, model, c)
}

// wantTransfer makes of a command an offer of a booking's tickets, or an answer to one.
func wantTransfer(t *rapid.T, model *twin, c *Command) {
	kind := rapid.SampledFrom([]CommandKind{OfferTransfer, OfferTransfer, AcceptTransfer, AcceptTransfer,
		WithdrawTransfer}).Draw(t, "of")
	w := &transfer.Word{}
	*c = Command{Kind: kind, At: c.At, Operator: rapid.IntRange(0, 9).Draw(t, "operator") == 0, Booking: c.Booking,
		Buyer: buyerOf(rapid.Uint64Range(0, 3).Draw(t, "who")), Request: c.Request, Fingerprint: c.Fingerprint,
		Grant: c.Grant, Transfer: w}
	b := model.bookings[c.Booking]
	if kind != OfferTransfer {
		w.No = uint16(rapid.IntRange(0, 3).Draw(t, "number"))
		if b != nil && rapid.Bool().Draw(t, "newest") {
			w.No = uint16(len(b.transfers))
		}
		return
	}
	w.Until = c.At + Instant(rapid.IntRange(0, 200).Draw(t, "until"))
	if b == nil {
		return
	}
	if len(b.seats) > 0 && rapid.Bool().Draw(t, "its holder") {
		c.Buyer = b.holder(b.seats[0])
	}
	for _, seat := range b.seats {
		if rapid.Bool().Draw(t, "this one") {
			w.Tickets = append(w.Tickets, entry.Ticket{Seat: seat})
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "stray") == 0 {
		w.Tickets = append(w.Tickets, entry.Ticket{Seat: SeatIndex(rapid.IntRange(0, 40).Draw(t, "seat"))})
	}
}

// holder is who has a ticket, by its story.
func (b *twinBooking) holder(seat SeatIndex) BuyerID {
	who := b.buyer
	for _, k := range b.transfers {
		if k.state == transfer.Accepted && slices.Contains(k.seats, seat) {
			who = k.to
		}
	}
	return who
}

func (b *twinBooking) isOwed(seat SeatIndex) bool {
	return slices.ContainsFunc(b.refunds, func(k twinRefund) bool {
		return !k.anomaly && !k.back && !k.replaced && slices.Contains(k.seats, seat)
	})
}

// pending says that a ticket is on offer.
func (b *twinBooking) pending(seat SeatIndex, at Instant) (is bool) {
	for _, k := range b.transfers {
		is = is || k.state == transfer.Offered && at < k.until && slices.Contains(k.seats, seat)
	}
	return is
}

func (t *twin) wasSold(no BookingNo, seat SeatIndex) bool {
	b := t.bookings[no]
	refunded := slices.ContainsFunc(b.refunds, func(k twinRefund) bool {
		return !k.anomaly && slices.Contains(k.seats, seat)
	})
	return refunded || slices.Contains(b.seats, seat) || t.gave(no, seat)
}

// offered are the seats that an offer is of.
func (b *twinBooking) offered(c *Command) (seats []SeatIndex) {
	for _, t := range c.Transfer.Tickets {
		seats = append(seats, t.Seat)
	}
	for _, seat := range b.seats {
		if len(c.Transfer.Tickets) == 0 && !b.isOwed(seat) && b.holder(seat) == c.Buyer {
			seats = append(seats, seat)
		}
	}
	slices.Sort(seats)
	return seats
}

// judgeTransfer judges a transfer by its story.
func (t *twin) judgeTransfer(c *Command) (r Rejection, repeat bool) {
	b := t.bookings[c.Booking]
	knows := b != nil && (c.Operator || c.Kind == AcceptTransfer || b.buyer == c.Buyer)
	if b != nil {
		for _, k := range b.transfers {
			knows = knows || k.to == c.Buyer && k.state == transfer.Accepted
		}
	}
	no := int(c.Transfer.No)
	switch {
	case !knows:
		return BookingUnknown, false
	case c.Kind == OfferTransfer:
		seats := b.offered(c)
		if r := t.mayMove(c, b, seats); r != Accepted {
			return r, false
		}
		return t.firstOf(when(len(seats) == 0, NotHolder), when(hasTwins(seats), DuplicateSeat),
			when(t.exchangeOpen(c.Booking), ExchangeUnderWay),
			when(c.Transfer.Until <= c.At, TransferExpired),
			when(len(b.transfers) == transfer.Max, TooManyRequests)), false
	case no < 1 || no > len(b.transfers):
		return TransferUnknown, false
	}
	k := &b.transfers[no-1]
	if c.Kind == WithdrawTransfer {
		mine := c.Operator || k.from == c.Buyer
		return t.firstOf(when(!mine, TransferUnknown), when(k.state == transfer.Accepted, TransferAccepted)),
			mine && k.state == transfer.Withdrawn
	}
	if k.state == transfer.Accepted && k.to == c.Buyer && !c.Operator {
		return Accepted, true
	}
	r = t.firstOf(when(k.state == transfer.Accepted, TransferAccepted),
		when(k.state == transfer.Withdrawn, TransferWithdrawn), when(k.from == c.Buyer || c.Operator, TransferOwn),
		when(c.At >= k.until, TransferExpired))
	if r == Accepted {
		r = t.mayMove(c, b, k.seats)
	}
	return r, false
}

func when(is bool, r Rejection) Rejection {
	if is {
		return r
	}
	return Accepted
}

// mayMove is why seats' tickets cannot go from one to another.
func (t *twin) mayMove(c *Command, b *twinBooking, seats []SeatIndex) (r Rejection) {
	r = t.firstOf(when(t.sale.State() == sales.Cancelling, EventCancelled),
		when(b.state == BookingRefunded, AlreadyRefunded), when(b.state != BookingConfirmed, NotConfirmed),
		when(t.rules.ForbidTransfers, TransferForbidden))
	if r != Accepted {
		return r
	}
	for _, seat := range seats {
		p := b.passes[seat]
		offers := c.Kind == OfferTransfer
		why := t.firstOf(when(!t.wasSold(c.Booking, seat), TicketUnknown),
			when(!slices.Contains(b.seats, seat) || b.isOwed(seat), TicketVoid),
			when(offers && b.holder(seat) != c.Buyer, NotHolder), when(p != nil && len(p.scans) > 0, AlreadyAdmitted),
			when(offers && b.pending(seat, c.At), TransferPending))
		if why != Accepted && (r == Accepted || why < r) {
			r = why
		}
	}
	return r
}

func (b *twinBooking) acceptTransfer(c *Command) {
	if c.Kind == OfferTransfer {
		b.transfers = append(b.transfers, twinTransfer{from: c.Buyer, state: transfer.Offered, until: c.Transfer.Until,
			seats: b.offered(c), request: c.Request})
		return
	}
	k := &b.transfers[c.Transfer.No-1]
	if k.state = transfer.Withdrawn; c.Kind == WithdrawTransfer {
		return
	}
	k.state, k.to = transfer.Accepted, c.Buyer
	for _, seat := range k.seats {
		if b.passes == nil {
			b.passes = map[SeatIndex]*twinPass{}
		}
		if b.passes[seat] == nil {
			b.passes[seat] = new(twinPass)
		}
		b.passes[seat].rotation++
	}
}

// compareTransfers holds what is told of a booking's transfers against the twin.
func compareTransfers(t *rapid.T, s *State, no BookingNo, got []transfer.Transfer, b *twinBooking) {
	if len(got) != len(b.transfers) {
		t.Fatalf("booking %d has transfers %+v, the twin %+v", no, got, b.transfers)
	}
	for i := range got {
		k, want := &got[i], &b.transfers[i]
		same := int(k.No) == i+1 && k.State == want.state && BuyerID(k.From) == want.from && BuyerID(k.To) == want.to &&
			k.Until == want.until && len(k.Tickets) == len(want.seats) && RequestID(k.Request) == want.request
		for n := 0; same && n < len(k.Tickets); n++ {
			same = k.Tickets[n] == entry.Ticket{Seat: want.seats[n]}
		}
		if !same {
			t.Fatalf("booking %d has the transfer %+v, the twin %+v", no, *k, *want)
		}
		if want.state == transfer.Accepted && (!s.Received(no, want.to) || !s.Knows(want.to)) {
			t.Fatalf("booking %d was given to a buyer who is not known", no)
		}
	}
	slot := s.bookings.find(no)
	for _, seat := range b.seats {
		if who := s.holder(slot, s.bookings.slab.At(slot), entry.Ticket{Seat: seat}); who != b.holder(seat) {
			t.Fatalf("seat %d of booking %d is %x's, the twin says %x's", seat, no, who[:2], b.holder(seat))
		}
	}
}
