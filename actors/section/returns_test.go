package section

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/tariff"
)

// TestOrderGoldenBytes: the changes of orders are written for ever as they are now.
func TestOrderGoldenBytes(t *testing.T) {
	id := order.ID{Home: 3, Life: 17, Count: 2}
	for want, c := range map[string]Change{
		"ff20050102030405060708090a0b0c0d0e0f100700000000000000aa00000000000000000000000000000028" +
			"0a02080003110209000000000000000102": {Kind: LegBound, At: 97,
			Request:     RequestID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
			Fingerprint: 7, Buyer: BuyerID{0xaa}, Booking: 40, ExpiresAt: 102, Seats: seatsOf(4),
			Order: &order.Part{ID: id, Hash: 9, K: 1, N: 2}},
		"0f21280003110209000000000000005a": {Kind: LegSold, At: 100, Booking: 40,
			Order: &order.Part{ID: id, Hash: 9, Cited: 90}},
		"0f22280003110209000000000000005a": {Kind: LegFreed, At: 100, Booking: 40,
			Order: &order.Part{ID: id, Hash: 9, Cited: 90}},
		"0f23280003110209000000000000005a": {Kind: OrderSettled, At: 100, Booking: 40,
			Order: &order.Part{ID: id, Hash: 9, Cited: 90}},
		"8f242802020800031102090000000000000001052a020a": {Kind: HoldPlaced, At: 100, Booking: 40, ExpiresAt: 101,
			Seats: seatsOf(4), Order: &order.Part{ID: id, Hash: 9,
				Legs: []order.Leg{{Section: 5, Booking: 42, Seats: seatsOf(5)}}}},
	} {
		if got := fmt.Sprintf("%x", AppendChange(nil, 100, &c)); got != want {
			t.Errorf("%+v is written as\n%s, want\n%s", c, got, want)
		}
	}
}

// TestReturnsGoldenBytes: the changes of seats that an order gives back are written for ever as they are now.
func TestReturnsGoldenBytes(t *testing.T) {
	p := order.Part{ID: order.ID{Home: 3, Life: 17, Count: 2}, Hash: 9,
		Legs: []order.Leg{{Section: 5, Booking: 42, Seats: seatsOf(5)}}}
	taken := p
	taken.N = 1
	two := account.Payment{Refund: 2}
	for want, c := range map[string]Change{
		"0f26280208020103c2030000031102090000000000000001052a020a": {Kind: RefundDue, At: 100, Booking: 40,
			Seats: seatsOf(4), Order: &p,
			Pay: account.Payment{Refund: 2, Attempt: 1, Reason: account.Requested, Amount: 450}},
		"0f292800020203110209000000000000000101052a020a": {Kind: RefundPending, At: 100, Booking: 40,
			Order: &taken, Pay: two},
		"0f29280208030203110209000000000000000101052a020a": {Kind: RefundDone, At: 100, Booking: 40,
			Seats: seatsOf(4), Order: &taken, Pay: two},
		"0f272a020a03110209000000000000005a": {Kind: LegSeatsFreed, At: 100, Booking: 42, Seats: seatsOf(5),
			Order: p.Bare(90)},
		"0f28280003110209000000000000005a": {Kind: OrderServed, At: 100, Booking: 40, Order: p.Bare(90)},
		"0f222a0103110209000000000000005a": {Kind: LegFreed, At: 100, Booking: 42, Split: true,
			Order: p.Bare(90)},
	} {
		got := AppendChange(nil, 100, &c)
		if hex := fmt.Sprintf("%x", got); hex != want {
			t.Errorf("%+v is written as\n%s, want\n%s", c, hex, want)
		}
		err := DecodeChanges(got, 100, func(read *Change) error {
			if again := AppendChange(nil, 100, read); !bytes.Equal(again, got) {
				t.Errorf("read as %+v, of which %x is written", *read, again)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// returnWorld is one order over two sections, with two seats in each.
func returnWorld(t *testing.T) (w *orderWorld, run *orderRun, no BookingNo) {
	w = newOrderWorld(t, 1)
	run = &orderRun{home: 0, bound: map[uint32]BookingNo{}}
	run.seats[0], run.seats[1] = seatsOf(0, 1), seatsOf(2, 3)
	begin := Command{Kind: BeginOrder, Request: requestOf(1), Order: &order.Part{}}
	run.part = &order.Part{ID: w.tell(0, begin).Order.ID, Legs: run.legs()}
	run.part.Hash = order.Hash(&run.part.ID, run.seats[0], run.part.Legs)
	w.bind(run)
	run.part.Legs = run.legs()
	no = w.tell(0, Command{Kind: PlaceHold, Seats: run.seats[0], Buyer: buyerOf(0), Order: run.part,
		Request: requestOf(1)}).Booking
	return w, run, no
}

// pay sells the order's home.
func (w *orderWorld) pay(no BookingNo) {
	w.tell(
		0,
		Command{Kind: BeginPayment, Booking: no, Operator: true, Pay: account.Payment{Amount: 400, Reference: "r"}},
	)
	w.tell(0, Command{Kind: ConfirmPayment, Booking: no, Operator: true})
}

// named is a refund of seats of the home and of the leg.
func (o *orderRun) named(no BookingNo, amount int64, home, leg []SeatIndex) Command {
	c := Command{Kind: RefundBooking, Booking: no, Operator: true, Seats: home, Pay: account.Payment{Amount: amount},
		Order: &order.Part{ID: o.part.ID, Hash: o.part.Hash}}
	if len(leg) > 0 {
		c.Order.Legs = []order.Leg{{Section: 1, Seats: leg}}
	}
	return c
}

// TestRefundOfSingleSeatsOfAnOrder: P6, I6: what may be refunded of an order, seat by seat, and what may not.
func TestRefundOfSingleSeatsOfAnOrder(t *testing.T) {
	w, run, no := returnWorld(t)
	w.pay(no)
	must := func(what string, c Command, want Rejection, state BookingState) {
		t.Helper()
		if got := w.tell(0, c); got.Rejection != want || got.State != state {
			t.Errorf("%s: %v, %v, want %v, %v", what, got.Rejection, got.State, want, state)
		}
	}
	settle := func(refund uint32) Command {
		return Command{Kind: SettleRefund, Booking: no, Operator: true,
			Pay: account.Payment{Refund: refund, State: account.Refunded}}
	}
	must("a seat of the leg twice", run.named(no, 100, nil, seatsOf(2, 2)), DuplicateSeat, BookingConfirmed)
	must("a seat that the leg has not", run.named(no, 100, nil, seatsOf(4)), AlreadyRefunded, BookingConfirmed)
	must("nothing", run.named(no, 100, nil, nil), AlreadyRefunded, BookingConfirmed)
	must("more money than there is", run.named(no, 401, nil, seatsOf(2)), RefundTooLarge, BookingConfirmed)
	must("a seat of the leg", run.named(no, 100, nil, seatsOf(2)), Accepted, BookingConfirmed)
	must("again, and it is due", run.named(no, 100, nil, seatsOf(2)), AlreadyRefunded, BookingConfirmed)
	must("taken", settle(1), Accepted, BookingConfirmed)
	must("again, and it is back", run.named(no, 100, nil, seatsOf(2)), AlreadyRefunded, BookingConfirmed)
	must("all of the home", run.named(no, 200, seatsOf(0, 1), nil), Accepted, BookingConfirmed)
	must("taken", settle(2), Accepted, BookingConfirmed)
	w.claim(0) // a home without seats, from its log and from a snapshot
	must("what is left", Command{Kind: RefundBooking, Booking: no, Operator: true, Pay: account.Payment{Amount: 100}},
		Accepted, BookingConfirmed)
	must("taken", settle(3), Accepted, BookingRefunded)
	must("nothing is left", run.named(no, 0, nil, seatsOf(3)), AlreadyRefunded, BookingRefunded)
	w.push(0, true)
	if free := w.at[0].Free() + w.at[1].Free(); free != 2*orderSeats {
		t.Errorf("%d seats are free", free)
	}
	w.claim(0)
	w.claim(1)
}

// TestALegCoolsAsItsHome: who let a challenge of an order run out gets its seats later only, in every section.
func TestALegCoolsAsItsHome(t *testing.T) {
	w, run, no := returnWorld(t)
	for _, kind := range []CommandKind{BeginPayment, ChallengePayment, FailPayment} {
		c := Command{Kind: kind, Booking: no, Operator: true}
		switch kind {
		case BeginPayment:
			c.Pay.Amount, c.Pay.Reference = 400, "r"
		case FailPayment:
			w.now += account.ChallengeMax
			c.Pay.Reason = account.Cancelled
		}
		w.tell(0, c)
	}
	w.now += Instant(orderRules.HoldCeiling)
	w.expire(0)
	word := w.tell(0, Command{Kind: AskOrder, Order: run.part})
	free := Command{Kind: FreeLeg, Order: run.part.Bare(word.Order.Cited)}
	if !word.Cold {
		t.Fatalf("the home does not say so: %+v", word)
	}
	free.Quantity = 1
	w.tell(1, free)
	for range 2 {
		hold := Command{Kind: PlaceHold, Seats: seatsOf(2), Buyer: buyerOf(0)}
		if got := w.tell(1, hold); got.Rejection != ChallengeCoolDown {
			t.Errorf("the leg's seat at once: %v", got.Rejection)
		}
		w.claim(1)
	}
	if got := w.tell(1, Command{Kind: PlaceHold, Seats: seatsOf(2), Buyer: buyerOf(7)}); got.Rejection != Accepted {
		t.Errorf("another buyer: %v", got.Rejection)
	}
}

// leftOf is what an order that is sold has left in a section, with what is owed back, and without.
func leftOf(o *Outcome, no uint32) (all, kept, valid []SeatIndex) {
	for i := range o.Order.Legs {
		if o.Order.Legs[i].Section == no {
			all = o.Order.Legs[i].Seats
			kept, valid = o.Money.OfLeg(uint8(i+1), all)
		}
	}
	return all, kept, valid
}

// followSold has a leg of an order that is sold give up what went back, and sell the rest.
func (w *orderWorld) followSold(no uint32, cites *order.Part, word Outcome) {
	all, kept, valid := leftOf(&word, no)
	if len(kept) == 0 {
		w.tell(no, Command{Kind: FreeLeg, Order: cites})
		return
	}
	var back []SeatIndex
	for _, seat := range all {
		if !slices.Contains(kept, seat) {
			back = append(back, seat)
		}
	}
	if len(back) > 0 {
		w.tell(no, Command{Kind: ShrinkLeg, Seats: back, Order: cites})
	}
	if len(valid) > 0 {
		w.tell(no, Command{Kind: SellLeg, Order: cites})
	}
}

// refund names some seats of an order, or none; some refunds are of no money, and done at once.
func (w *orderWorld) refund(no uint32, c *Command) {
	var d Decision
	w.at[no].Lookup(c.Booking, &d)
	if d.Outcome.Money != nil && w.r.IntN(3) > 0 {
		c.Pay.Amount = (d.Outcome.Money.Amount - d.Outcome.Money.Given()) / 4
	}
	if w.r.IntN(4) == 0 {
		return
	}
	c.Order = &order.Part{ID: d.Outcome.Order.ID, Hash: d.Outcome.Order.Hash}
	some := func(seats []SeatIndex) (named []SeatIndex) {
		for _, seat := range seats {
			if w.r.IntN(3) == 0 {
				named = append(named, seat)
			}
		}
		return named
	}
	c.Seats = some(d.Outcome.Seats)
	for _, leg := range d.Outcome.Order.Legs {
		if leg.Seats = some(leg.Seats); len(leg.Seats) > 0 {
			c.Order.Legs = append(c.Order.Legs, leg)
		}
	}
	w.partly++
}

// settleRefund is the processor's word on a refund that is open.
func (w *orderWorld) settleRefund(no uint32, c *Command) {
	var d Decision
	w.at[no].Lookup(c.Booking, &d)
	c.Pay.State = []account.RefundState{account.Pending, account.Refunded, account.Failed}[w.r.IntN(3)]
	if d.Outcome.Money == nil {
		return
	}
	for _, r := range openRefunds(d.Outcome.Money) {
		c.Pay.Refund = r.No
	}
}

func openRefunds(m *account.Money) []account.Refund {
	return slices.DeleteFunc(slices.Clone(m.Refunds), func(r account.Refund) bool { return !r.State.Open() })
}

// judgeSold is I9 of a leg whose home is sold, and of which single seats may have been given back.
func judgeSold(home *Outcome, no uint32, leg *Outcome) string {
	_, kept, valid := leftOf(home, no)
	holds := func(seats []SeatIndex) bool {
		return !slices.ContainsFunc(seats, func(s SeatIndex) bool { return !slices.Contains(leg.Seats, s) })
	}
	switch is := leg.State; {
	case len(kept) == 0 && !home.Unsettled && is.live():
		return "I9: of a sold order a leg lives of which nothing is left"
	case len(kept) == 0:
	case !is.live() || !holds(kept):
		return "I9: of a sold order a leg has lost seats"
	case !home.Unsettled && (is != BookingConfirmed || len(leg.Seats) != len(kept)):
		return "I9: of a sold order a leg is not sold as it is left"
	case home.Served && len(valid) > 0 && is != BookingConfirmed:
		return "I9: an order is served, and a leg with seats left is not sold"
	}
	return ""
}

// toldCommand is a command that a section has judged behind so many records, and its answer.
type toldCommand struct {
	no      uint32
	c       Command
	at      Instant
	after   int
	wrote   bool // a record
	outcome Outcome
}

// amidReturns says that some order here has a refund that is open, or has given back some seats and not all.
func (s *State) amidReturns() (is bool) {
	s.bookings.each(func(slot uint32) {
		b := s.bookings.slab.At(slot)
		refunds := s.accounts.Refunds(slot)
		open := slices.ContainsFunc(refunds, func(r account.Refund) bool { return r.State.Open() })
		is = is || s.orders.Home(slot) != nil && (open || len(refunds) > 0 && b.state == BookingConfirmed)
	})
	return is
}

// TestSectionRestoredAmidReturnsGoesOnAsItsLog (P10, P6): a section that is restored from a snapshot between two steps
// of a return decides all that comes after as the one that was never restored, to the byte, and has the same state
// after every record. Of what is one life's memory alone, and of no log, nothing is asked.
func TestSectionRestoredAmidReturnsGoesOnAsItsLog(t *testing.T) {
	cuts, judged := 0, 0
	for seed := range uint64(100) {
		w := newOrderWorld(t, seed)
		for range 300 {
			w.step()
		}
		w.rest()
		for no := range uint32(3) {
			whole := NewMachine(NewState(orderLayout(), orderRules))
			for i := range w.logs[no] {
				w.replay(whole, no, i)
				if !whole.amidReturns() {
					continue
				}
				restored, err := Restore(orderLayout(), orderRules, whole.AppendSnapshot(nil))
				if err != nil {
					t.Fatal(err)
				}
				cuts++
				judged += w.goOn(NewMachine(restored), no, i+1)
			}
		}
	}
	if t.Logf("%d times restored, %d answers compared", cuts, judged); cuts < 100 || judged < 1000 {
		t.Error("too few to say anything")
	}
}

func (w *orderWorld) replay(m *Machine, no uint32, i int) {
	m.Begin(Seq(i + 1))
	if _, err := m.Replay(w.logs[no][i], w.times[no][i], nil); err != nil {
		w.t.Fatal(err)
	}
}

// goOn has a machine that was restored behind so many records judge what came after, over some records, and says how
// many answers it has compared.
func (w *orderWorld) goOn(m *Machine, no uint32, from int) (judged int) {
	const records = 25
	m.prices.MadeWith(&tariff.Tariff{Totals: []int64{4500}, Mark: 9})
	twin := NewMachine(NewState(orderLayout(), orderRules))
	for i := range from {
		w.replay(twin, no, i)
	}
	at := from
	same := func() {
		if m.Begin(twin.Seq()); !bytes.Equal(m.AppendTruth(nil), twin.AppendTruth(nil)) {
			w.t.Fatalf("section %d, restored behind record %d, is another one behind record %d", no, from, at)
		}
	}
	for i := range w.told {
		told := &w.told[i]
		ofLife := told.c.Kind >= BeginOrder && told.c.Kind <= AskOrder || told.c.Kind == DueLegs ||
			told.c.Kind == PlaceHold || told.c.Kind == BindLeg
		if told.no != no || told.after < from || told.after > from+records || ofLife {
			continue
		}
		for ; at < told.after; at++ {
			w.replay(twin, no, at)
			w.replay(m, no, at)
			same()
		}
		call := &Call{Command: told.c, Reserved: 1}
		var said, logged []byte
		if m.Decide(call, told.at).Changes > 0 {
			m.Begin(Seq(at + 1))
			said = m.AppendChanges(nil, told.at)
			m.Apply(m.NewEffects())
		}
		if told.wrote {
			logged = w.logs[no][at]
			w.replay(twin, no, at)
			at++
		}
		got, want := &call.Decision.Outcome, &told.outcome
		if judged++; got.Rejection != want.Rejection || got.State != want.State || got.Repeat != want.Repeat ||
			got.Unsettled != want.Unsettled || !bytes.Equal(said, logged) {
			w.t.Fatalf("section %d, restored behind record %d: %+v is answered %v %v, was %v %v; says %x, the log %x",
				no, from, told.c, got.Rejection, got.State, want.Rejection, want.State, said, logged)
		}
		same()
	}
	return judged
}
