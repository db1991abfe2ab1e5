package section

import (
	"maps"
	"slices"

	"holdfast/actors/grant"
	"holdfast/actors/section/account"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
)

// twin is the dumb twin of State: maps and loops, no index, no cleverness. It says what must be true; TestTwin
// compares.
type twin struct {
	layout   *Layout
	rules    Rules
	letters  []SeatStatus
	bookings map[BookingNo]*twinBooking
	requests []twinRequest
	ended    []twinRequest // id unused
	lastNo   BookingNo
	gated    bool
	ends     Seq

	coordinated bool
	fences      map[uint8]grant.Grant // the oldest that counts
	sale        sales.Turn
	terms       uint64 // the number of the newest
	prices      *tariff.Prices
}

type twinBooking struct {
	buyer             BuyerID
	state             BookingState
	seats             []SeatIndex
	placed, expiresAt Instant
	attempts          int
	twinMoney
	passes    map[SeatIndex]*twinPass
	exchange  *twinExchange // nil: it is none
	transfers []twinTransfer
	twinFare
}

type twinRequest struct {
	id          RequestID
	fingerprint uint64
	at          Instant
	booking     BookingNo
}

func newTwin(l *Layout, r Rules) *twin {
	t := &twin{layout: l, rules: r, bookings: map[BookingNo]*twinBooking{}, fences: map[uint8]grant.Grant{}}
	for range l.Seats {
		t.letters = append(t.letters, Available)
	}
	return t
}

// judge returns the rejection a command must get and, for a remembered request, repeat.
func (t *twin) judge(c *Command) (r Rejection, repeat bool) {
	for _, q := range t.requests {
		if c.Request != (RequestID{}) && q.id == c.Request {
			if q.fingerprint != c.Fingerprint {
				return IdempotencyMismatch, false
			}
			return Accepted, true
		}
	}
	if r, repeat, told := t.judgeSale(c); told {
		return r, repeat
	}
	if hold := c.Kind == PlaceHold || c.Kind == PlaceBest; hold && t.gated && !c.Operator {
		switch {
		case c.Session == 0:
			return NotAdmitted, false
		case c.SessionUntil <= c.At:
			return AdmissionExpired, false
		case c.Horizon < t.ends:
			return AdmissionStale, false
		}
	}
	fence, wanted := t.fences[c.Grant.Coordinator], 0 // what can never be had is refused without looking at grants
	switch c.Kind {
	case PlaceHold:
		wanted = len(c.Seats)
	case PlaceBest:
		wanted = int(c.Quantity)
	}
	if wanted > 0 && wanted <= int(t.rules.SeatsPerBookingMax) && t.coordinated &&
		(c.Grant == grant.Grant{} || c.Grant.Epoch != fence.Epoch || c.Grant.Number < fence.Number) {
		return GrantStale, false
	}
	if wanted > 0 && wanted <= int(t.rules.SeatsPerBookingMax) && t.coordinated && !c.Grant.Unbound &&
		c.Grant.Total > t.rules.SeatsPerBuyerMax {
		return TooManyForBuyer, false
	}
	if c.Kind != FenceGrants && c.Kind != PlaceHold && c.Kind != PlaceBest && c.Grant.Number > 0 &&
		(c.Grant.Epoch != fence.Epoch || c.Grant.Number < fence.Number) {
		return GrantStale, false
	}
	switch c.Kind {
	case AdmitTicket, ReissueTicket:
		return t.judgeTicket(c)
	case PlaceExchange:
		return t.judgeExchange(c), false
	case OfferTransfer, AcceptTransfer, WithdrawTransfer:
		return t.judgeTransfer(c)
	case FenceGrants:
		if c.Grant.Epoch < fence.Epoch {
			return GrantStale, false
		}
		return Accepted, false
	case PlaceHold:
		return t.firstOf(t.words(c), t.limits(c, len(c.Seats)), t.seatsAre(c, Available, SeatTaken),
			t.cools(c, c.Seats...), t.fares(c)), false
	case PlaceBest:
		if c.Quantity == 0 {
			return NoSeats, false
		}
		return t.firstOf(t.limits(c, int(c.Quantity)), t.enough(c)), false
	case BlockSeats:
		return t.firstOf(t.words(c), t.seatsAre(c, Available, SeatsNotFree)), false
	case UnblockSeats:
		return t.firstOf(t.words(c), t.seatsAre(c, Blocked, SeatsNotFree)), false
	case ExpireHolds:
		return Accepted, false
	}
	return t.judgeBooking(c)
}

func (t *twin) firstOf(found ...Rejection) Rejection {
	for _, r := range found {
		if r != Accepted {
			return r
		}
	}
	return Accepted
}

func (t *twin) words(c *Command) Rejection {
	for i, seat := range c.Seats {
		if int(seat) >= len(t.letters) {
			return SeatUnknown
		}
		if slices.Contains(c.Seats[:i], seat) &&
			!slices.ContainsFunc(c.Seats, func(s SeatIndex) bool { return int(s) >= len(t.letters) }) {
			return DuplicateSeat
		}
	}
	if len(c.Seats) == 0 {
		return NoSeats
	}
	return Accepted
}

func (t *twin) limits(c *Command, n int) Rejection {
	if n > int(t.rules.SeatsPerBookingMax) {
		return TooManySeats
	}
	if t.live(c.Buyer)+n > int(t.rules.SeatsPerBuyerMax) {
		return TooManyForBuyer
	}
	return Accepted
}

func (t *twin) live(b BuyerID) (n int) {
	for _, k := range t.bookings {
		if k.buyer == b && k.state.live() && k.exchange == nil {
			n += len(k.seats)
		}
	}
	return n
}

func (t *twin) seatsAre(c *Command, status SeatStatus, r Rejection) Rejection {
	for _, seat := range c.Seats {
		if int(seat) < len(t.letters) && t.letters[seat] != status {
			return r
		}
	}
	return Accepted
}

// cools says whether a challenge of the caller's has kept one of the seats for nothing, not long ago.
func (t *twin) cools(c *Command, seats ...SeatIndex) Rejection {
	for _, e := range t.ended {
		b := t.bookings[e.booking]
		cold := (b.state == BookingExpired || b.state == BookingReleased) && b.spent >= account.ChallengeMax &&
			b.buyer == c.Buyer && !c.Operator && c.At < e.at+account.CoolDown
		for _, seat := range seats {
			if cold && slices.Contains(b.seats, seat) {
				return ChallengeCoolDown
			}
		}
	}
	return Accepted
}

// suits reports whether the seat is free and what PlaceBest asked for.
func (t *twin) suits(c *Command, i int) bool {
	spec := t.layout.Seats[i]
	return t.letters[i] == Available && t.cools(c, SeatIndex(i)) == Accepted &&
		(c.AnyCategory || spec.Category == c.Category) && (!c.AccessibleOnly || spec.Accessible)
}

// longest is the longest run of suitable neighbours, and total the number of suitable seats.
func (t *twin) longest(c *Command) (longest, total int) {
	for _, row := range t.layout.Rows {
		run := 0
		for i := range row.Count {
			if slices.Contains(row.Breaks, i) {
				run = 0
			}
			if !t.suits(c, int(row.First)+int(i)) {
				run = 0
				continue
			}
			run++
			total++
			longest = max(longest, run)
		}
	}
	return longest, total
}

func (t *twin) enough(c *Command) Rejection {
	longest, total := t.longest(c)
	switch {
	case total < int(c.Quantity):
		return SoldOut
	case c.TogetherOnly && !t.layout.General && longest < int(c.Quantity):
		return SplitOnly
	}
	return Accepted
}

// judgeBooking is a table of states and commands, in the order hold, extend … of the columns.
func (t *twin) judgeBooking(c *Command) (Rejection, bool) {
	b := t.bookings[c.Booking]
	if b == nil || !c.Operator && (b.buyer != c.Buyer || c.Kind == RefundBooking || c.Kind == SettleRefund ||
		c.Kind == RetryRefund) {
		return BookingUnknown, false
	}
	lapsed := c.At >= b.expiresAt
	if r := t.barred(c, b, lapsed); r != Accepted {
		return r, false
	}
	if r, repeat, told := b.judgeWord(c); told {
		return r, repeat
	}
	switch [2]int{int(b.state), int(c.Kind)} {
	case [2]int{int(BookingReleased), int(ReleaseHold)}:
		return Accepted, true
	case [2]int{int(BookingHeld), int(ReleaseHold)}:
		return Accepted, false
	case [2]int{int(BookingConfirmed), int(RefundBooking)}:
		return b.judgeRefund(c, t.left(c.Booking)), false
	case [2]int{int(BookingHeld), int(RefundBooking)}:
		return NotConfirmed, false
	}
	switch {
	case b.state == BookingConfirmed:
		return AlreadyConfirmed, false
	case b.state == BookingPaying:
		return PaymentInProgress, false
	case b.state == BookingExpired, b.state == BookingHeld && lapsed:
		return HoldExpiredAlready, false
	case b.state == BookingReleased:
		return HoldReleasedAlready, false
	case b.state == BookingRefunded:
		return AlreadyRefunded, false
	case c.Kind == ConfirmPayment || c.Kind == FailPayment || c.Kind == ChallengePayment:
		return NotPaying, false
	case c.Kind == ExtendHold && b.placed+Instant(t.rules.HoldCeiling)-b.expiresAt < Instant(min(1000, t.rules.HoldTTL/2)):
		return ExtensionLimit, false
	case c.Kind == ExtendHold && t.extended(c, b)-b.expiresAt < Instant(min(1000, t.rules.HoldTTL/2)):
		return Accepted, true
	case c.Kind == BeginPayment && b.attempts >= 5:
		return PaymentAttempts, false
	case c.Kind == BeginPayment && int(c.Pay.Attempt) != b.attempts+1:
		return AttemptStale, false
	case c.Kind == BeginPayment && b.exchange != nil:
		return t.mayPay(c, b.exchange), false
	}
	return Accepted, false
}

func (t *twin) extended(c *Command, b *twinBooking) Instant {
	return max(b.expiresAt, min(c.At+Instant(t.rules.HoldTTL), b.placed+Instant(t.rules.HoldCeiling)))
}

// due lists the bookings that ExpireHolds must end, in order.
func (t *twin) due(c *Command) []BookingNo {
	var due []BookingNo
	for no, b := range t.bookings {
		if b.state == BookingHeld && b.expiresAt <= c.At {
			due = append(due, no)
		}
	}
	slices.SortFunc(due, func(x, y BookingNo) int {
		if d := int(t.bookings[x].expiresAt - t.bookings[y].expiresAt); d != 0 {
			return d
		}
		return int(x) - int(y)
	})
	return due[:min(len(due), int(c.Max))]
}

// accept makes an accepted command true. PlaceBest's seats are taken from the answer, after the test has judged them.
func (t *twin) accept(c *Command, seats []SeatIndex) {
	switch c.Kind {
	case SwitchSale:
		t.turn(c)
		return
	case WindUp:
		return // judged and made true by its changes
	case FenceGrants:
		if fence := t.fences[c.Grant.Coordinator]; c.Grant.Epoch > fence.Epoch || c.Grant.Number > fence.Number {
			t.fences[c.Grant.Coordinator] = c.Grant
			t.forget(c.At)
		}
		return
	case ExpireHolds:
		for _, no := range t.due(c) {
			t.finish(no, BookingExpired, c.At)
			t.forget(c.At)
		}
		return
	case PlaceHold, PlaceBest:
		t.lastNo++
		t.bookings[t.lastNo] = &twinBooking{
			buyer: c.Buyer, state: BookingHeld, placed: c.At, seats: slices.Clone(seats),
			expiresAt: c.At + Instant(min(t.rules.HoldTTL, t.rules.HoldCeiling)),
		}
		t.paint(seats, Held)
		t.remember(c, t.lastNo)
	case PlaceExchange:
		t.placeExchange(c, seats)
	case BlockSeats:
		t.paint(c.Seats, Blocked)
		t.remember(c, 0)
	case UnblockSeats:
		t.paint(c.Seats, Available)
		t.remember(c, 0)
	default:
		t.acceptBooking(c)
		t.remember(c, c.Booking)
	}
	t.forget(c.At)
}

func (t *twin) acceptBooking(c *Command) {
	b := t.bookings[c.Booking]
	if t.off(c, b) {
		t.endOff(c, b)
		return
	}
	switch c.Kind {
	case AdmitTicket, ReissueTicket:
		b.acceptTicket(c)
	case OfferTransfer, AcceptTransfer, WithdrawTransfer:
		b.acceptTransfer(c)
	case ExtendHold:
		b.expiresAt = t.extended(c, b)
	case ReleaseHold:
		t.finish(c.Booking, BookingReleased, c.At)
	case BeginPayment:
		b.state = BookingPaying
		b.attempts++
		b.tried = append(b.tried, c.Pay.Amount)
	case ConfirmPayment:
		t.captured(c, b)
	case FailPayment:
		b.state = BookingHeld
		b.failed(c, b.placed+Instant(t.rules.HoldCeiling), &b.expiresAt)
	case ChallengePayment:
		b.challengedAt = c.At + 1
	case RefundBooking:
		t.refund(c, b)
	case SettleRefund, RetryRefund:
		t.settle(c, b)
	}
}

func (t *twin) finish(no BookingNo, state BookingState, at Instant) {
	t.bookings[no].state = state
	t.paint(t.bookings[no].seats, Available)
	t.ended = append(t.ended, twinRequest{at: at, booking: no})
}

func (t *twin) paint(seats []SeatIndex, letter SeatStatus) {
	for _, seat := range seats {
		t.letters[seat] = letter
	}
}

func (t *twin) remember(c *Command, no BookingNo) {
	if c.Request != (RequestID{}) {
		t.requests = append(t.requests, twinRequest{c.Request, c.Fingerprint, c.At, no})
	}
}

func (t *twin) forget(now Instant) {
	old := func(q twinRequest) bool { return now-q.at > Instant(t.rules.DedupeWindow) }
	for n := 0; n < forgetMax && len(t.requests) > int(t.rules.DedupeCountMin) && old(t.requests[0]); n++ {
		t.requests = t.requests[1:]
	}
	for n := 0; n < forgetMax && len(t.ended) > 0 && old(t.ended[0]); n++ {
		t.ended = t.ended[1:]
	}
	for _, no := range slices.Sorted(maps.Keys(t.bookings)) { // an exchange is younger than its booking
		b := t.bookings[no]
		names := func(q twinRequest) bool { return q.booking == no }
		kept := b.exchange != nil && b.exchange.done && t.bookings[b.exchange.of] != nil
		if !b.state.live() && !b.owes() && !kept && !slices.ContainsFunc(t.requests, names) &&
			!slices.ContainsFunc(t.ended, names) {
			delete(t.bookings, no)
		}
	}
}
