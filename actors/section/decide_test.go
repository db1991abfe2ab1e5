package section

import (
	"slices"
	"testing"

	"holdfast/actors/grant"
	"holdfast/actors/section/account"
	"holdfast/actors/section/entry"
	"holdfast/actors/section/order"
	"holdfast/actors/section/sales"
	"holdfast/actors/section/tariff"
)

// rejectionCase is one line of the table: what went before, one command, one verdict.
type rejectionCase struct {
	name    string
	prepare func(k *desk)
	command Command
	want    Rejection
	lost    []SeatIndex
}

// held, paying … leave booking 1 of buyer 1 on seats 0 and 1 in that state.
func held(k *desk) { k.mustHold(1, 0, 0, 1) }
func paying(k *desk) {
	held(k)
	k.do(
		Command{
			Kind: BeginPayment, Booking: 1, Buyer: buyerOf(1), Pay: account.Payment{Amount: 1000, Reference: "one"},
		},
	)
}
func confirmed(k *desk) {
	paying(k)
	k.do(Command{Kind: ConfirmPayment, Booking: 1, Buyer: buyerOf(1)})
}
func released(k *desk) { held(k); k.do(Command{Kind: ReleaseHold, Booking: 1, Buyer: buyerOf(1)}) }
func expired(k *desk)  { held(k); k.do(Command{Kind: ExpireHolds, Max: 9, At: 600_000}) }
func refunded(k *desk) {
	confirmed(k)
	k.do(Command{Kind: RefundBooking, Booking: 1, Operator: true})
}
func atCeiling(k *desk) {
	held(k)
	for _, at := range []Instant{599_000, 1_198_000} {
		c := on(ExtendHold)
		c.At = at
		k.do(c)
	}
}
func declined(k *desk) {
	held(k)
	for range PaymentAttemptsMax {
		k.do(on(BeginPayment))
		k.do(on(FailPayment))
	}
}

func naming(c Command, attempt uint8) Command { c.Pay.Attempt = attempt; return c }
func paid(c Command, amount int64) Command    { c.Pay.Amount = amount; return c }
func refundOf(seats ...SeatIndex) Command {
	c := operator(RefundBooking)
	c.Seats = seats
	return c
}
func declinedOnce(k *desk) { paying(k); k.do(on(FailPayment)) }
func payingAgain(k *desk)  { declinedOnce(k); k.do(on(BeginPayment)) }
func challengedLong(k *desk) {
	paying(k)
	for _, at := range []Instant{account.ChallengeMax - 1, account.ChallengeMax} {
		challenge := on(ChallengePayment)
		challenge.At = k.state.LastAt()
		k.do(challenge)
		k.do(Command{Kind: FailPayment, At: at, Booking: 1, Operator: true})
		k.do(Command{Kind: BeginPayment, At: at, Booking: 1, Buyer: buyerOf(1)})
	}
}

// ranOut is challengedLong, and the hold has come to its end.
func ranOut(k *desk) {
	challengedLong(k)
	k.do(Command{Kind: FailPayment, At: k.state.LastAt(), Booking: 1, Operator: true})
	end, _ := k.state.NextExpiry()
	k.do(Command{Kind: ExpireHolds, Max: 9, At: end})
}

// partlyBack has 400 of 1000 on their way back, for one of two seats.
func partlyBack(k *desk) {
	confirmed(k)
	c := refundOf(0)
	c.Pay.Amount = 400
	k.do(c)
}

// busy has buyer 9 place and release until the section's memory of them is full.
func busy(k *desk) {
	for i := range uint64(RequestsPerBuyerMax / 2) {
		hold := requested(place(5))
		hold.Request = requestOf(2 * i)
		k.do(hold)
		k.do(Command{Kind: ReleaseHold, Booking: BookingNo(i + 1), Buyer: buyerOf(9), Request: requestOf(2*i + 1)})
	}
}

func requested(c Command) Command { c.Request = requestOf(1 << 40); return c }

// gated puts the section behind a waiting room, and tells it of an end in record 8 of the gate's log.
func gated(k *desk) {
	k.state.gated = true
	k.state.EndsFollowed(8)
	k.state.EndsFollowed(3)
}

type admission struct {
	Session uint32
	Until   Instant
	Horizon Seq
}

func under(c Command, a admission) Command {
	c.Session, c.SessionUntil, c.Horizon = a.Session, a.Until, a.Horizon
	return c
}

func coordinated(k *desk) {
	k.state.coordinated = true
	k.do(grantedBy(Command{Kind: FenceGrants}, grant.Grant{Number: 3, Epoch: 2, Coordinator: 2}))
}

func grantedBy(c Command, g grant.Grant) Command {
	c.Grant = g
	return c
}

func nothing(*desk) {}
func remembers(k *desk) {
	k.do(Command{Kind: PlaceHold, Buyer: buyerOf(1), Request: requestOf(1), Fingerprint: 1, Seats: seatsOf(0)})
}
func crowded(k *desk) { // row A keeps seats 2 and 5 apart, row B is full
	k.mustHold(1, 0, 0, 1, 3, 4)
	k.mustHold(2, 0, 6, 7, 8, 9)
	k.mustHold(3, 0, 10, 11)
}

func on(kind CommandKind) Command { return Command{Kind: kind, Booking: 1, Buyer: buyerOf(1)} }

func late(kind CommandKind) Command { c := on(kind); c.At = 600_000; return c }

func operator(kind CommandKind) Command { return Command{Kind: kind, Booking: 1, Operator: true} }

func place(seats ...SeatIndex) Command {
	return Command{Kind: PlaceHold, Buyer: buyerOf(9), Seats: seats}
}

func best(quantity uint32) Command {
	return Command{Kind: PlaceBest, Buyer: buyerOf(9), Quantity: quantity, AnyCategory: true}
}

func together(quantity uint32) Command { c := best(quantity); c.TogetherOnly = true; return c }

// The section of the table has two rows of six; a booking may have 4 seats, a buyer 6; orphans are refused.
var rejectionCases = []rejectionCase{
	{
		"same key, other body", remembers,
		Command{Kind: PlaceHold, Buyer: buyerOf(1), Request: requestOf(1), Fingerprint: 2}, IdempotencyMismatch, nil,
	},
	{"no such booking", nothing, on(ExtendHold), BookingUnknown, nil},
	{"another's booking", held, Command{Kind: ReleaseHold, Booking: 1, Buyer: buyerOf(2)}, BookingUnknown, nil},
	{"refund by the buyer", confirmed, on(RefundBooking), BookingUnknown, nil},
	{"seat outside", nothing, place(12, 0, 12), SeatUnknown, seatsOf(12)},
	{"block outside", nothing, Command{Kind: BlockSeats, Seats: seatsOf(99)}, SeatUnknown, seatsOf(99)},
	{"seat twice", nothing, place(3, 4, 3), DuplicateSeat, nil},
	{"no seats", nothing, place(), NoSeats, nil},
	{"best of none", nothing, best(0), NoSeats, nil},
	{"block none", nothing, Command{Kind: BlockSeats}, NoSeats, nil},
	{"five seats", nothing, place(0, 1, 2, 3, 4), TooManySeats, nil},
	{"best of five", nothing, best(5), TooManySeats, nil},
	{"seven for one buyer", func(k *desk) { k.mustHold(9, 0, 0, 1, 2, 3) }, place(6, 7, 8), TooManyForBuyer, nil},
	{"begin, confirmed", confirmed, on(BeginPayment), AlreadyConfirmed, nil},
	{"extend, confirmed", confirmed, on(ExtendHold), AlreadyConfirmed, nil},
	{"release, confirmed", confirmed, on(ReleaseHold), AlreadyConfirmed, nil},
	{"confirm, confirmed", confirmed, on(ConfirmPayment), AlreadyConfirmed, nil},
	{"fail, confirmed", confirmed, on(FailPayment), AlreadyConfirmed, nil},
	{"begin, paying", paying, on(BeginPayment), PaymentInProgress, nil},
	{"extend, paying", paying, on(ExtendHold), PaymentInProgress, nil},
	{"release, paying", paying, on(ReleaseHold), PaymentInProgress, nil},
	{"refund, paying", paying, operator(RefundBooking), PaymentInProgress, nil},
	{"begin, lapsed", held, late(BeginPayment), HoldExpiredAlready, nil},
	{"extend, lapsed", held, late(ExtendHold), HoldExpiredAlready, nil},
	{"confirm, lapsed and never begun", held, late(ConfirmPayment), HoldExpiredAlready, nil},
	{"begin, expired", expired, late(BeginPayment), HoldExpiredAlready, nil},
	{"release, expired", expired, late(ReleaseHold), HoldExpiredAlready, nil},
	{
		"refund, expired", expired, Command{Kind: RefundBooking, Booking: 1, Operator: true, At: 600_000},
		HoldExpiredAlready, nil,
	},
	{"begin, released", released, on(BeginPayment), HoldReleasedAlready, nil},
	{"extend, released", released, on(ExtendHold), HoldReleasedAlready, nil},
	{"refund, refunded", refunded, operator(RefundBooking), AlreadyRefunded, nil},
	{"begin, refunded", refunded, on(BeginPayment), AlreadyRefunded, nil},
	{"confirm, not begun", held, on(ConfirmPayment), NotPaying, nil},
	{"fail, not begun", held, on(FailPayment), NotPaying, nil},
	{"refund, held", held, operator(RefundBooking), NotConfirmed, nil},
	{
		"extend, at the ceiling", atCeiling, Command{Kind: ExtendHold, Booking: 1, Buyer: buyerOf(1), At: 1_199_000},
		ExtensionLimit, nil,
	},
	{"one of two taken", held, place(1, 2), SeatTaken, seatsOf(1)},
	{
		"blocked seat", func(k *desk) { k.do(Command{Kind: BlockSeats, Seats: seatsOf(7)}) }, place(8, 7), SeatTaken,
		seatsOf(7),
	},
	{"block a held seat", held, Command{Kind: BlockSeats, Seats: seatsOf(0, 5)}, SeatsNotFree, seatsOf(0)},
	{"unblock a free seat", nothing, Command{Kind: UnblockSeats, Seats: seatsOf(4, 5)}, SeatsNotFree, seatsOf(4, 5)},
	{"strand the edge", nothing, place(1, 2), OrphanSeat, seatsOf(0)},
	{"strand the middle", nothing, place(7, 9), OrphanSeat, seatsOf(6, 8)},
	{"strand beside another's", held, place(3, 4), OrphanSeat, seatsOf(2, 5)},
	{"two, apart", crowded, together(2), SplitOnly, nil},
	{"three of two", crowded, best(3), SoldOut, nil},
	{"no such category", nothing, Command{Kind: PlaceBest, Quantity: 1, Category: 7}, SoldOut, nil},
	{
		"no accessible seat", nothing, Command{Kind: PlaceBest, Quantity: 1, AnyCategory: true, AccessibleOnly: true},
		SoldOut, nil,
	},
	{"the sixth payment", declined, on(BeginPayment), PaymentAttempts, nil},
	{"an attempt that is not the next", held, naming(on(BeginPayment), 2), AttemptStale, nil},
	{"a second attempt under the first's number", declinedOnce, naming(on(BeginPayment), 1), AttemptStale, nil},
	{"a word on an attempt that was never begun", paying, naming(on(ConfirmPayment), 2), AttemptStale, nil},
	{"a late no to the first of two attempts", payingAgain, naming(on(FailPayment), 1), AttemptStale, nil},
	{"a late challenge of the first of two attempts", payingAgain, naming(on(ChallengePayment), 1), AttemptStale, nil},
	{"seats that one's challenge kept for nothing", ranOut,
		Command{Kind: PlaceHold, Buyer: buyerOf(1), Seats: seatsOf(0, 4)}, ChallengeCoolDown, seatsOf(0)},
	{"a challenge when all time is used up", challengedLong, on(ChallengePayment), ChallengeLimit, nil},
	{"more back than was taken", confirmed, paid(operator(RefundBooking), 1001), RefundTooLarge, nil},
	{"more back than is left", partlyBack, paid(operator(RefundBooking), 601), RefundTooLarge, nil},
	{"a seat's money back twice", partlyBack, refundOf(0), AlreadyRefunded, seatsOf(0)},
	{"another booking's seat", confirmed, refundOf(5), AlreadyRefunded, seatsOf(5)},
	{"word on a refund that nobody asked for", confirmed, Command{Kind: SettleRefund, Booking: 1, Operator: true,
		Pay: account.Payment{Refund: 1, State: account.Refunded}}, AttemptStale, nil},
	{"a refund's word by the buyer", partlyBack, on(SettleRefund), BookingUnknown, nil},
	{"one hold more than is remembered", busy, requested(place(5)), TooManyRequests, nil},
	{"one best more than is remembered", busy, requested(best(1)), TooManyRequests, nil},
	{"place without a session", gated, place(5), NotAdmitted, nil},
	{"best without a session", gated, best(1), NotAdmitted, nil},
	{"a session that has ended by the clock", gated, under(place(5), admission{Session: 1, Horizon: 9}),
		AdmissionExpired, nil},
	{"a session looked up too early", gated, under(best(1), admission{Session: 1, Until: 1, Horizon: 7}),
		AdmissionStale, nil},
	{"place without a grant", coordinated, place(5), GrantStale, nil},
	{
		"best under an older epoch", coordinated,
		grantedBy(best(1), grant.Grant{Number: 9, Epoch: 1, Total: 1, Coordinator: 2}), GrantStale, nil,
	},
	{
		"a coordinator that has set no fence", coordinated,
		grantedBy(place(5), grant.Grant{Number: 9, Epoch: 2, Total: 1}), GrantStale, nil,
	},
	{
		"a grant before the fence", coordinated,
		grantedBy(place(5), grant.Grant{Number: 2, Epoch: 2, Total: 1, Coordinator: 2}), GrantStale, nil,
	},
	{"an older coordinator's fence", coordinated,
		grantedBy(Command{Kind: FenceGrants}, grant.Grant{Number: 1, Epoch: 1, Coordinator: 2}), GrantStale, nil},
	{"a leg of a later life asks", nothing, Command{Kind: AskOrder, Order: &order.Part{ID: order.ID{Life: 1}}},
		OrderUnderWay, nil},
	{"an order that nobody began", nothing, ordered(place(5)), OrderGone, nil},
	{"an order, at a seat that one just bound", bound, ordered(place(5)), SeatBound, seatsOf(5)},
	{"a leg without a grant", coordinated, legOn(5), GrantStale, nil},
	{"a leg, at a seat that is held", held, legOn(0), SeatTaken, seatsOf(0)},
	{"a leg that strands a seat", nothing, legOn(1), OrphanSeat, seatsOf(0)},
	{
		"a leg that nobody ordered", nothing,
		Command{Kind: BindLeg, Seats: seatsOf(5), Order: &order.Part{}}, OrderGone, nil,
	},
	{"place in a paused sale", turned(sales.Paused), place(5), SaleNotOpen, nil},
	{"more time of a closed sale", turned(sales.Closed), on(ExtendHold), SaleNotOpen, nil},
	{"best of a cancelled event", turned(sales.Cancelling), best(1), EventCancelled, nil},
	{"a payment of a cancelled event", turned(sales.Cancelling), payOf(1), EventCancelled, nil},
	{"a buyer who scans", confirmed, Command{Kind: AdmitTicket, Booking: 1, Buyer: buyerOf(1), Entry: wordOn(0, 0)},
		BookingUnknown, nil},
	{"a ticket of no booking", confirmed, scan(9, wordOn(0, 0)), BookingUnknown, nil},
	{"another seat's ticket", confirmed, scan(1, wordOn(0, 11)), TicketUnknown, nil},
	{"another leg's ticket", confirmed, scan(1, wordOn(1, 0)), TicketUnknown, nil},
	{"a ticket of what is held", held, scan(1, wordOn(0, 0)), TicketVoid, nil},
	{"a type of another list", edited, fared(&tariff.Fare{Mark: 6}), PricesChanged, nil},
	{"a type that no seat there has", edited, fared(&tariff.Fare{Seats: []tariff.Seat{{Seat: 5, Type: 9}}}),
		TypeUnknown, seatsOf(5)},
	{"a ticket that is in", scanned, scan(1, wordOn(0, 0)), AlreadyAdmitted, nil},
	{"a new code of a ticket that is in", scanned, Command{Kind: ReissueTicket, Booking: 1, Operator: true,
		Entry: wordOn(0, 0)}, AlreadyAdmitted, nil},
	{"an exchange of an event without prices", confirmed, exchangeOf(seatsOf(3), 0), NotExchangeable, nil},
	{"an exchange of one seat for two", sold, exchangeOf(seatsOf(3, 4), 0), ExchangeUneven, nil},
	{"an exchange of a seat that somebody came in with", func(k *desk) {
		sold(k)
		k.do(scan(1, wordOn(0, 0)))
	}, exchangeOf(seatsOf(3), 0), AlreadyAdmitted, seatsOf(0)},
	{"an exchange of another booking's seat", sold, exchangeOf(seatsOf(3), 9), AlreadyRefunded, seatsOf(9)},
	{"an exchange beside another", func(k *desk) {
		sold(k)
		k.do(exchangeOf(seatsOf(3), 0))
	}, exchangeOf(seatsOf(4), 1), ExchangeUnderWay, nil},
	{"an exchange of an order", func(k *desk) {
		k.state.prices.MadeWith(modelTariff)
		soldOrder(k)
	}, exchangeOf(seatsOf(4), 0), ExchangeOverSections, nil},
}

func wordOn(leg uint8, seat SeatIndex) *entry.Word {
	return &entry.Word{Ticket: entry.Ticket{Leg: leg, Seat: seat}, Scanner: "north"}
}

func scan(no BookingNo, w *entry.Word) Command {
	return Command{Kind: AdmitTicket, Booking: no, Operator: true, Entry: w}
}

func scanned(k *desk) {
	confirmed(k)
	k.do(scan(1, wordOn(0, 0)))
}

// edited leaves the section with a list of two types.
func edited(k *desk) { k.do(pricesTo(1, 7)) }

func fared(f *tariff.Fare) Command {
	return Command{Kind: PlaceHold, Buyer: buyerOf(9), Seats: seatsOf(5), Fare: f}
}

func ordered(c Command) Command { c.Order = &order.Part{}; return c }

func legOn(seat SeatIndex) Command {
	return Command{Kind: BindLeg, Buyer: buyerOf(9), Seats: seatsOf(seat),
		Order: &order.Part{ID: order.ID{Home: 1, Count: 1}, K: 1, N: 2}}
}

func bound(k *desk) { k.do(legOn(5)) }

func tableRules() Rules {
	r := testRules
	r.SeatsPerBookingMax, r.SeatsPerBuyerMax = 4, 6
	return r
}

// tableDesk refuses orphans only for the command under test: what went before may strand seats.
func tableDesk(c rejectionCase) *desk {
	k := newDesk(rowsLayout(6, 6), tableRules())
	c.prepare(k)
	k.state.rules.RefuseOrphans = true
	return k
}

func TestRejections(t *testing.T) {
	for _, c := range slices.Concat(rejectionCases, transferCases) {
		k := tableDesk(c)
		before := k.state.AppendSnapshot(nil)
		out := k.do(c.command)
		if out.Rejection != c.want || !slices.Equal(out.Lost, c.lost) {
			t.Errorf("%s: %v lost %v, want %v lost %v", c.name, out.Rejection, out.Lost, c.want, c.lost)
		}
		if len(k.d.Changes) != 0 || !slices.Equal(before, k.state.AppendSnapshot(nil)) {
			t.Errorf("%s: a refusal changed the state (P7)", c.name)
		}
	}
}

func TestEveryRejectionHasARow(t *testing.T) {
	seen := map[Rejection]bool{}
	for _, c := range slices.Concat(rejectionCases, transferCases) {
		seen[c.want] = true
	}
	codes := map[string]bool{}
	for r := Accepted + 1; r < rejectionEnd; r++ {
		if !seen[r] {
			t.Errorf("%v has no row", r)
		}
		if r.String() == "" || codes[r.String()] {
			t.Errorf("rejection %d has no code of its own: %q", r, r.String())
		}
		codes[r.String()] = true
	}
	if rejectionEnd.String() != "rejection(53)" {
		t.Errorf("the list has grown: its codes and this test must, too: %v", rejectionEnd)
	}
}

// TestPrecedence gives commands with several faults at once: the smallest rejection is told.
func TestPrecedence(t *testing.T) {
	known := func(c Command) Command { c.Request, c.Fingerprint = requestOf(1), 2; return c }
	cases := []struct {
		name    string
		prepare func(*desk)
		command Command
		faults  []Rejection
	}{
		{
			"all of a booking", remembers, known(Command{Kind: ExtendHold, Booking: 7}),
			[]Rejection{IdempotencyMismatch, BookingUnknown},
		},
		{
			"all of seats", remembers, known(place(99, 3, 3)),
			[]Rejection{IdempotencyMismatch, SeatUnknown, DuplicateSeat},
		},
		{"unknown and twice", nothing, place(99, 99, 3, 3, 4), []Rejection{SeatUnknown, DuplicateSeat, TooManySeats}},
		{"twice and many", held, place(1, 1, 2, 3, 4, 5), []Rejection{DuplicateSeat, TooManySeats, SeatTaken}},
		{
			"many, also for the buyer", held, place(1, 2, 3, 4, 5, 6, 7),
			[]Rejection{TooManySeats, TooManyForBuyer, SeatTaken},
		},
		{
			"buyer, then taken", func(k *desk) { held(k); k.mustHold(9, 0, 6, 7, 8, 9) }, place(1, 2, 3),
			[]Rejection{TooManyForBuyer, SeatTaken, OrphanSeat},
		},
		{"taken, then orphan", held, place(1, 3, 4), []Rejection{SeatTaken, OrphanSeat}},
		{"lapsed, then not paying", held, late(ConfirmPayment), []Rejection{HoldExpiredAlready, NotPaying}},
		{"lapsed, then limit", held, late(ExtendHold), []Rejection{HoldExpiredAlready, ExtensionLimit}},
		{
			"stranger, then confirmed", confirmed, Command{Kind: ExtendHold, Booking: 1, Buyer: buyerOf(2)},
			[]Rejection{BookingUnknown, AlreadyConfirmed},
		},
		{"best: many, then sold out", crowded, best(5), []Rejection{TooManySeats, SoldOut}},
		{
			"best: buyer, then split", func(k *desk) { crowded(k); k.mustHold(9, 0, 2) }, together(6),
			[]Rejection{TooManySeats, TooManyForBuyer, SoldOut},
		},
		{
			"block: unknown, then not free", held, Command{Kind: BlockSeats, Seats: seatsOf(0, 99)},
			[]Rejection{SeatUnknown, SeatsNotFree},
		},
	}
	for _, c := range cases {
		k := tableDesk(rejectionCase{prepare: c.prepare})
		if out := k.do(c.command); out.Rejection != slices.Min(c.faults) {
			t.Errorf("%s: %v, want %v", c.name, out.Rejection, slices.Min(c.faults))
		}
	}
}

// TestDependsOn guards P2: a refusal names the record it was judged on, and no younger one where that is cheap.
func TestDependsOn(t *testing.T) {
	k := newDesk(rowsLayout(6, 6), tableRules())
	k.do(
		Command{Kind: PlaceHold, Buyer: buyerOf(1), Seats: seatsOf(0, 1), Request: requestOf(1), Fingerprint: 1},
	) // record 1
	k.mustHold(
		2, 0, 2, 3,
	) // record 2
	k.do(
		Command{Kind: BlockSeats, Seats: seatsOf(11), Request: requestOf(2), Fingerprint: 2},
	) // record 3
	k.mustHold(
		3, 0, 4, 5, 6, 7,
	) // record 4
	k.do(
		Command{Kind: BeginPayment, Booking: 1, Buyer: buyerOf(1)},
	) // record 5
	repeat := place(0, 1)
	repeat.Request, repeat.Fingerprint = requestOf(1), 1
	cases := []struct {
		name    string
		command Command
		want    Seq
	}{
		{"taken in 1", place(1), 1},
		{"taken in 1 and 2", place(1, 2), 2},
		{"blocked in 3", place(11), 3},
		{"sold out: the newest that took a seat", best(4), 4},
		{"buyer's own newest", Command{Kind: PlaceHold, Buyer: buyerOf(2), Seats: seatsOf(8, 9, 10, 5, 4)[:4]}, 4},
		{"buyer's limit", Command{Kind: PlaceBest, Buyer: buyerOf(3), Quantity: 3, AnyCategory: true}, 4},
		{"booking state", Command{Kind: ConfirmPayment, Booking: 2, Buyer: buyerOf(2)}, 2},
		{"repeat: its booking as it stands", repeat, 5},
		{"repeated block", Command{Kind: BlockSeats, Seats: seatsOf(11), Request: requestOf(2), Fingerprint: 2}, 3},
		{"mismatch", Command{Kind: BlockSeats, Request: requestOf(2), Fingerprint: 3}, 3},
		{"words only", place(99), 0},
		{"unknown booking", Command{Kind: ExtendHold, Booking: 77}, 0},
		{"accepted: the writer knows", place(9), 0},
	}
	for _, c := range cases {
		k.state.Decide(&c.command, &k.d)
		if k.d.Outcome.DependsOn != c.want {
			t.Errorf("%s: depends on %d, want %d (%v)", c.name, k.d.Outcome.DependsOn, c.want, k.d.Outcome.Rejection)
		}
	}
}

// TestStampNeverTooOld guards P2 across the 32-bit wrap of stamps.
func TestStampNeverTooOld(t *testing.T) {
	s := NewState(rowsLayout(2), testRules)
	for _, seq := range []Seq{1, 1<<32 - 1, 1 << 32, 1<<32 + 5, 3<<32 + 7} {
		s.Begin(seq)
		if got := s.since(uint32(seq)); got != seq {
			t.Errorf("since(stamp of %d) = %d", seq, got)
		}
	}
	s.Begin(9 << 32)
	if got := s.since(uint32(7)); got < 7 || got > s.Seq() {
		t.Errorf("an old stamp reads as %d", got)
	}
}
