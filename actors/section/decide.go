package section

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"holdfast/actors/codec"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/tariff"
)

// Decision is what Decide makes of a command: the answer and, when it is accepted and not a repeat, the changes that
// make it true. The caller owns it and reuses it: everything in it is valid until its next use.
type Decision struct {
	Outcome Outcome
	Changes []Change

	money account.Money // what Outcome.Money points at
	seats []SeatIndex   // of a Change, ascending
	buyer uint32        // the caller's handle, 0 for one who is not known; found by allowed
}

func (d *Decision) reset() {
	d.Outcome = Outcome{Lost: d.Outcome.Lost[:0], Seats: d.Outcome.Seats[:0], Due: d.Outcome.Due[:0]}
	d.Changes = d.Changes[:0]
	d.seats = d.seats[:0]
}

// refuse answers no. on is the record the refusal was judged on, 0 for one that no record can change.
func (d *Decision) refuse(r Rejection, on Seq) {
	d.Outcome.Rejection = r
	d.Outcome.DependsOn = on
}

// accept adds the command's change and fills the outcome from it.
func (d *Decision) accept(c *Command, kind ChangeKind, no BookingNo, state BookingState, expiresAt Instant) *Change {
	d.Changes = append(d.Changes, Change{
		Kind: kind, At: c.At, Request: c.Request, Fingerprint: c.Fingerprint, Booking: no,
	})
	d.Outcome.Booking, d.Outcome.State, d.Outcome.ExpiresAt = no, state, expiresAt
	return &d.Changes[len(d.Changes)-1]
}

// Decide judges a command against the state and changes nothing but scratch. A "no" is in d.Outcome.Rejection; an
// accepted command's changes are in d.Changes, for the caller to Apply before the next Decide. Accepted answers have
// DependsOn 0: they depend on the record that their own changes go into, which the Writer knows.
func (s *State) Decide(c *Command, d *Decision) {
	d.reset()
	if c.Kind >= BeginOrder && s.ofCollecting(c, d) {
		return
	}
	if c.Request != (RequestID{}) && s.decideRepeat(c, d) || s.sale.Bars() && s.isBarred(c, d) ||
		s.gated && !s.admits(c, d) || !s.isGranted(c, d) {
		return
	}
	switch c.Kind {
	case PlaceHold:
		s.decidePlace(c, d)
	case PlaceBest:
		s.decideBest(c, d)
	case ExpireHolds:
		s.decideExpire(c, d)
	case BlockSeats:
		s.decideBlock(c, d, Available, SeatsBlocked)
	case UnblockSeats:
		s.decideBlock(c, d, Blocked, SeatsUnblocked)
	case FenceGrants, BindLeg, SellLeg, FreeLeg, SettleOrder, SwitchSale, WindUp, ShrinkLeg, ServeOrder,
		AdmitTicket, ReissueTicket, PlaceExchange, OfferTransfer, AcceptTransfer, WithdrawTransfer:
		s.decideRest(c, d)
	case ExtendHold, ReleaseHold, BeginPayment, ConfirmPayment, FailPayment, RefundBooking, ChallengePayment,
		SettleRefund, RetryRefund:
		s.decideBooking(c, d)
		if len(d.Changes) > 0 && d.Outcome.Order != nil {
			d.finishes()
		}
	default:
		panic(fmt.Sprintf("section: command of unknown kind %d", c.Kind))
	}
}

// decideRest judges what no person asks for.
func (s *State) decideRest(c *Command, d *Decision) {
	switch c.Kind {
	case FenceGrants:
		s.decideFence(c, d)
	case BindLeg:
		s.decideBind(c, d)
	case SellLeg, FreeLeg:
		s.decideLeg(c, d)
	case ShrinkLeg:
		s.decideShrink(c, d)
	case SettleOrder:
		s.decideSettle(c, d)
	case ServeOrder:
		s.decideServe(c, d)
	case SwitchSale:
		s.decideSwitch(c, d)
	case WindUp:
		s.decideWindUp(c, d)
	case AdmitTicket, ReissueTicket:
		s.decideTicket(c, d)
	case PlaceExchange:
		s.decideExchange(c, d)
	case OfferTransfer, AcceptTransfer, WithdrawTransfer:
		s.decideTransfer(c, d)
	}
}

// decideRepeat answers a remembered request with its booking as it stands now (P5).
func (s *State) decideRepeat(c *Command, d *Decision) bool {
	e := s.requests.find(c.Request)
	if e == nil {
		return false
	}
	on := s.rememberedSince(e)
	if e.fingerprint != c.Fingerprint {
		d.refuse(IdempotencyMismatch, on)
		return true
	}
	if slot := e.slot(); slot != 0 {
		s.describe(slot, d)
		d.aboutTransfer(c)
	}
	d.Outcome.Repeat = true
	d.Outcome.DependsOn = on
	return true
}

func (s *State) decidePlace(c *Command, d *Decision) {
	if !s.named(c, d) || !s.allowed(c, uint32(min(len(d.seats), 1<<31)), d) || !s.allAre(c, Available, SeatTaken, d) ||
		c.Order != nil && !s.isCollected(c, d) || s.cooling.Any() && !s.allMayBeHad(c, d) {
		return
	}
	s.placeUnlessOrphans(c, d)
}

// placeUnlessOrphans accepts the seats in d.seats, which are free, unless they strand others by the buyer's own choice.
func (s *State) placeUnlessOrphans(c *Command, d *Decision) {
	if s.rules.RefuseOrphans && !s.layout.General && c.Quantity == 0 {
		if on := s.orphans(d); len(d.Outcome.Lost) > 0 {
			d.refuse(OrphanSeat, on)
			return
		}
	}
	s.place(c, d)
}

// place accepts the seats in d.seats as a new hold, unless its buyer has had too many requests remembered.
func (s *State) place(c *Command, d *Decision) {
	if s.remembersTooMany(c, d.buyer) {
		d.refuse(TooManyRequests, s.since(s.buyers.slab.At(d.buyer).stamp))
		return
	}
	if (c.Fare != nil || c.Order != nil && s.prices.Edited()) && !s.fareOf(c, d) {
		return
	}
	expiresAt := c.At + Instant(min(s.rules.HoldTTL, s.rules.HoldCeiling))
	kind, state := HoldPlaced, BookingHeld
	d.Outcome.Split = d.Outcome.Split || c.Order != nil && c.Quantity > 0
	if c.Kind == BindLeg {
		kind, state, expiresAt = LegBound, BookingBound, c.At+Instant(order.CollectMax)
	}
	change := d.accept(c, kind, max(s.lastNo, s.above)+1, state, expiresAt)
	if change.Order = c.Order; kind == HoldPlaced {
		d.Outcome.Order = c.Order
	}
	change.Buyer, change.ExpiresAt, change.Split, change.Seats = c.Buyer, expiresAt, d.Outcome.Split, d.seats
	change.Session, change.Horizon, change.Grant = c.Session, c.Horizon, c.Grant
	s.price(c, change, d)
	d.Outcome.Seats = append(d.Outcome.Seats, d.seats...)
}

// named checks the command's seats as words: known, distinct, some. It leaves them in d.seats, ascending.
func (s *State) named(c *Command, d *Decision) bool {
	d.seats = append(d.seats, c.Seats...)
	slices.Sort(d.seats)
	for _, seat := range d.seats {
		if int(seat) >= len(s.seats.letters) {
			d.Outcome.Lost = append(d.Outcome.Lost, seat)
		}
	}
	switch {
	case len(d.Outcome.Lost) > 0:
		d.Outcome.Lost = slices.Compact(d.Outcome.Lost)
		d.refuse(SeatUnknown, 0)
	case hasTwins(d.seats):
		d.refuse(DuplicateSeat, 0)
	case len(d.seats) == 0:
		d.refuse(NoSeats, 0)
	default:
		return true
	}
	return false
}

func hasTwins(ascending []SeatIndex) bool {
	for i := 1; i < len(ascending); i++ {
		if ascending[i] == ascending[i-1] {
			return true
		}
	}
	return false
}

// allowed checks the limits on the number of seats.
func (s *State) allowed(c *Command, quantity uint32, d *Decision) bool {
	if quantity > min(s.rules.SeatsPerBookingMax, bookingSeatsMax) {
		d.refuse(TooManySeats, 0)
		return false
	}
	if c.AnyBuyerTotal {
		return true
	}
	live, on := uint32(0), Seq(0)
	h := s.buyers.find(c.Buyer)
	if d.buyer = h; h != 0 {
		live, on = s.buyers.slab.At(h).live, s.since(s.buyers.slab.At(h).stamp)
	}
	if uint64(live)+uint64(quantity) > uint64(s.rules.SeatsPerBuyerMax) {
		d.refuse(TooManyForBuyer, on)
		return false
	}
	return true
}

// allAre refuses with r, naming the seats lost, unless all of d.seats have the status.
func (s *State) allAre(c *Command, status SeatStatus, r Rejection, d *Decision) bool {
	on := Seq(0)
	for _, seat := range d.seats {
		if s.seats.letters[seat] != byte(status) {
			d.Outcome.Lost = append(d.Outcome.Lost, seat)
			on = max(on, s.since(s.seats.stamps[seat]))
		}
	}
	if len(d.Outcome.Lost) == 0 {
		return true
	}
	if r == SeatTaken && c.Order != nil && s.mayComeBack(c.At, d.Outcome.Lost) {
		r = SeatBound
	}
	d.refuse(r, on)
	return false
}

// orphans fills d.Outcome.Lost with the seats that d.seats, all available, would strand. The refusal depends on
// everything that makes them stranded: themselves, and both their neighbours.
func (s *State) orphans(d *Decision) (on Seq) {
	m := &s.seats
	for from := 0; from < len(d.seats); {
		g := &m.segments[m.segmentOf[d.seats[from]]]
		to := from + 1
		for to < len(d.seats) && d.seats[to] < g.end {
			to++
		}
		for _, seat := range d.seats[from:to] {
			for _, i := range [2]SeatIndex{seat - 1, seat + 1} {
				if i < g.first || i >= g.end || !m.isOpen(i) || chosen(d.seats, i) {
					continue
				}
				left := i > g.first && m.isOpen(i-1) && !chosen(d.seats, i-1)
				right := i+1 < g.end && m.isOpen(i+1) && !chosen(d.seats, i+1)
				if !left && !right {
					d.Outcome.Lost = append(d.Outcome.Lost, i)
					on = max(on, s.newest(g, i))
				}
			}
		}
		from = to
	}
	slices.Sort(d.Outcome.Lost)
	d.Outcome.Lost = slices.Compact(d.Outcome.Lost)
	return on
}

func chosen(ascending []SeatIndex, seat SeatIndex) bool {
	_, found := slices.BinarySearch(ascending, seat)
	return found
}

// newest is the record that last touched the seat or one of its neighbours.
func (s *State) newest(g *segment, seat SeatIndex) (on Seq) {
	for i := max(seat, g.first+1) - 1; i < min(seat+2, g.end); i++ {
		on = max(on, s.since(s.seats.stamps[i]))
	}
	return on
}

func (s *State) decideBlock(c *Command, d *Decision, from SeatStatus, kind ChangeKind) {
	if s.named(c, d) && s.allAre(c, from, SeatsNotFree, d) {
		d.accept(c, kind, 0, BookingNone, 0).Seats = d.seats
		d.Outcome.Seats = append(d.Outcome.Seats, d.seats...)
	}
}

// A priced hold's price follows the seats: the mark, with what follows in its highest two bits, then
// uvarint(mantissa<<2 | tens) where the total is mantissa * 10^tens. Totals mostly end in noughts, so the whole takes
// three or four bytes.
const (
	priceGranted = 0x4000 // a grant follows
	priceInside  = 0x8000 // a session follows, and no grant: a grant tells by itself whether one does
	priceTensMax = 3
)

func appendPrice(dst []byte, c *Change) []byte {
	if c.PriceMark > tariff.MarkMax || c.Total < 0 {
		panic(fmt.Sprintf("section: hold of total %d, mark %d", c.Total, c.PriceMark))
	}
	mark := uint16(c.PriceMark)
	switch {
	case c.Grant.Number != 0:
		mark |= priceGranted
	case c.Session != 0:
		mark |= priceInside
	}
	mantissa, tens := uint64(c.Total), uint64(0)
	for mantissa != 0 && mantissa%10 == 0 && tens < priceTensMax {
		mantissa, tens = mantissa/10, tens+1
	}
	dst = binary.LittleEndian.AppendUint16(dst, mark)
	if mantissa > math.MaxUint64>>2 { // of no price list: see price.TotalMax
		panic(fmt.Sprintf("section: hold of total %d", c.Total))
	}
	return binary.AppendUvarint(dst, mantissa<<2|tens)
}

func readPrice(r *codec.Reader, c *Change) (granted, inside bool) {
	mark := uint16(r.Byte())
	mark |= uint16(r.Byte()) << 8
	granted, inside = mark&priceGranted != 0, mark&priceInside != 0
	c.PriceMark = tariff.Mark(mark) & tariff.MarkMax
	amount := r.Uvarint()
	mantissa, tens := amount>>2, amount&3
	scale := [priceTensMax + 1]uint64{1, 10, 100, 1000}[tens]
	switch {
	case c.PriceMark == 0 || granted && inside:
		r.Fail("price without a mark")
	case mantissa > math.MaxInt64/scale, mantissa == 0 && tens > 0,
		mantissa != 0 && mantissa%10 == 0 && tens < priceTensMax:
		r.Fail("total out of range")
	}
	c.Total = int64(mantissa * scale)
	return granted, inside
}
