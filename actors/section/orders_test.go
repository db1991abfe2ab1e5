package section

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/actors/section/tariff"
)

// orderWorld is three sections whose orders are run by callers who may die at every step, over links that lose, repeat
// and delay. Sections crash, and begin new lives from their logs.
type orderWorld struct {
	t     *testing.T
	r     *rand.Rand
	now   Instant
	at    [3]*Machine
	logs  [3][][]byte // one record an entry
	times [3][]Instant
	runs  []*orderRun
	sent  []sentCommand // what may come again
	told  []toldCommand // everything that was judged
	story []string

	partly, served int
}

type orderRun struct {
	home  uint32
	seats [3][]SeatIndex
	part  *order.Part
	bound map[uint32]BookingNo
	over  bool
}

type sentCommand struct {
	to uint32
	c  Command
}

const orderSeats = 6

func orderLayout() *Layout {
	return &Layout{General: true, Seats: make([]SeatSpec, orderSeats), Quality: make([]uint32, orderSeats)}
}

var orderRules = Rules{HoldTTL: 20_000, HoldCeiling: 40_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 20,
	DedupeWindow: 60_000, DedupeCountMin: 3}

func newOrderWorld(t *testing.T, seed uint64) *orderWorld {
	w := &orderWorld{t: t, r: rand.New(rand.NewPCG(seed, 5)), now: 1000}
	for i := range w.at {
		w.claim(uint32(i))
	}
	return w
}

// claim begins a life of a section from its log, or from a snapshot of it.
func (w *orderWorld) claim(no uint32) {
	m := NewMachine(NewState(orderLayout(), orderRules))
	for i, body := range w.logs[no] {
		m.Begin(Seq(i + 1))
		if _, err := m.Replay(body, w.times[no][i], nil); err != nil {
			w.t.Fatal(err)
		}
	}
	body := m.AppendSnapshot(nil)
	again, err := Restore(orderLayout(), orderRules, body)
	if err != nil {
		w.t.Fatalf("a section's own snapshot: %v\n%v", err, w.story)
	}
	if !bytes.Equal(again.AppendSnapshot(nil), body) {
		w.t.Fatal("a snapshot changes by being restored")
	}
	if old := w.at[no]; old != nil && !bytes.Equal(old.AppendTruth(nil)[9:], m.AppendTruth(nil)[9:]) {
		old.Begin(m.Seq())
		if !bytes.Equal(old.AppendTruth(nil), m.AppendTruth(nil)) {
			w.t.Fatalf("section %d: a replay differs from the memory\n%v", no, w.story)
		}
	}
	if w.r.IntN(2) == 0 {
		m = NewMachine(again)
	}
	w.logs[no], w.times[no] = append(w.logs[no], nil), append(w.times[no], w.now) // the claim
	m.Claimed(Seq(len(w.logs[no])), w.now)
	m.prices.MadeWith(&tariff.Tariff{Totals: []int64{4500}, Mark: 9})
	w.at[no] = m
}

// tell has a section judge a command; what it decides is a record of its own.
func (w *orderWorld) tell(no uint32, c Command) Outcome {
	m := w.at[no]
	m.State.nameAttempt(&c)
	call := &Call{Command: c, Reserved: 1}
	if c.Kind != DueLegs && c.Kind != AskOrder && c.Order != nil {
		w.sent = append(w.sent, sentCommand{no, c})
	}
	record := toldCommand{no: no, c: c, at: w.now, after: len(w.logs[no])}
	if m.Decide(call, w.now).Changes > 0 {
		m.Begin(Seq(len(w.logs[no]) + 1))
		w.logs[no] = append(w.logs[no], m.AppendChanges(nil, w.now))
		w.times[no] = append(w.times[no], w.now)
		m.Apply(m.NewEffects())
	}
	record.outcome, record.wrote = call.Decision.Outcome, len(w.logs[no]) > record.after
	w.told = append(w.told, record)
	w.story = append(w.story, fmt.Sprintf("%d: %d at %d %+v: %v %v", w.now, c.Kind, no, c.Order,
		call.Decision.Outcome.Rejection, call.Decision.Outcome.State))
	w.judge()
	return call.Decision.Outcome
}

func (w *orderWorld) expire(no uint32) {
	m := w.at[no]
	if m.DecideTimers(w.now).Changes > 0 {
		m.Begin(Seq(len(w.logs[no]) + 1))
		w.logs[no] = append(w.logs[no], m.AppendChanges(nil, w.now))
		w.times[no] = append(w.times[no], w.now)
		m.Apply(m.NewEffects())
	}
	w.judge()
}

// start begins an order over two or three sections.
func (w *orderWorld) start() {
	run := &orderRun{home: 3, bound: map[uint32]BookingNo{}}
	for no := range uint32(3) {
		if len(w.runs)%2 == 0 && no == uint32(w.r.IntN(3)) {
			continue
		}
		run.home = min(run.home, no)
		run.seats[no] = []SeatIndex{SeatIndex(w.r.IntN(orderSeats - 1))}
		if w.r.IntN(2) == 0 {
			run.seats[no] = append(run.seats[no], run.seats[no][0]+1)
		}
	}
	if run.home == 3 || run.legs() == nil {
		return
	}
	got := w.tell(run.home, Command{Kind: BeginOrder, Order: &order.Part{ID: order.ID{Home: run.home}}})
	if got.Rejection != Accepted {
		w.t.Fatalf("an order could not begin: %v", got.Rejection)
	}
	run.part = &order.Part{ID: got.Order.ID}
	run.part.Legs = run.legs()
	run.part.Hash = order.Hash(&run.part.ID, run.seats[run.home], run.part.Legs)
	w.runs = append(w.runs, run)
}

func (o *orderRun) legs() (legs []order.Leg) {
	for no := range uint32(3) {
		if no != o.home && len(o.seats[no]) > 0 {
			legs = append(legs, order.Leg{Section: no, Booking: o.bound[no], Seats: o.seats[no]})
		}
	}
	return legs
}

func (w *orderWorld) bind(run *orderRun) {
	for k, leg := range run.part.Legs {
		if run.bound[leg.Section] == 0 && !run.over {
			p := &order.Part{ID: run.part.ID, Hash: run.part.Hash, K: uint8(k + 1), N: uint8(len(run.part.Legs) + 1)}
			got := w.tell(
				leg.Section,
				Command{Kind: BindLeg, Seats: leg.Seats, Buyer: buyerOf(uint64(run.home)), Order: p,
					Request: order.LegRequest(&p.ID, p.Hash, p.K), Fingerprint: 7},
			)
			if got.Rejection == Accepted && got.State == BookingBound {
				run.bound[leg.Section] = got.Booking
			} else if w.r.IntN(4) > 0 { // else the caller dies here
				w.abandon(run)
			} else {
				run.over = true
			}
			return
		}
	}
}

func (w *orderWorld) place(run *orderRun) {
	if run.over || len(run.bound) < len(run.part.Legs) {
		return
	}
	run.part.Legs = run.legs()
	got := w.tell(run.home, Command{Kind: PlaceHold, Seats: run.seats[run.home], Buyer: buyerOf(uint64(run.home)),
		Order: run.part, Request: requestOf(uint64(len(w.sent)))})
	if run.over = true; got.Rejection != Accepted && w.r.IntN(4) > 0 {
		w.abandon(run)
	}
}

func (w *orderWorld) abandon(run *orderRun) {
	run.over = true
	if got := w.tell(run.home, Command{Kind: AbandonOrder, Order: run.part}); got.Rejection == BookingUnknown {
		for _, leg := range run.part.Legs {
			if w.r.IntN(4) > 0 {
				w.tell(leg.Section, Command{Kind: FreeLeg, Order: &order.Part{ID: run.part.ID, Hash: run.part.Hash}})
			}
		}
	}
}

// ask has every leg of a section that is due ask its home.
func (w *orderWorld) ask(no uint32) {
	got := w.tell(no, Command{Kind: DueLegs, Max: 100})
	for _, due := range slices.Clone(got.Due) {
		p := due.Order
		w.follow(no, &p, w.tell(p.ID.Home, Command{Kind: AskOrder, Order: &p}))
	}
}

// follow has a leg do what its home has said.
func (w *orderWorld) follow(no uint32, p *order.Part, word Outcome) {
	switch {
	case word.Rejection == BookingUnknown:
		w.tell(no, Command{Kind: FreeLeg, Order: &order.Part{ID: p.ID, Hash: p.Hash}})
	case word.Rejection != Accepted:
	case word.State == BookingConfirmed:
		w.followSold(no, p.Bare(word.Order.Cited), word)
	case !word.State.live():
		w.tell(no, Command{Kind: FreeLeg, Order: &order.Part{ID: p.ID, Hash: p.Hash, Cited: word.Order.Cited}})
	}
}

// push has a home tell its legs, some of which may not be reached.
func (w *orderWorld) push(no uint32, all bool) {
	var list []BookingNo
	w.at[no].UnsettledOrders(func(b BookingNo) { list = append(list, b) })
	for _, b := range list {
		var d Decision
		w.at[no].Lookup(b, &d)
		word, reached, sold := d.Outcome, true, d.Outcome.State == BookingConfirmed
		for _, leg := range word.Order.Legs {
			_, kept, valid := leftOf(&word, leg.Section)
			if !all && w.r.IntN(3) == 0 {
				reached, sold = false, sold && len(valid) == 0
				continue
			}
			w.follow(leg.Section, word.Order, word)
			if word.State == BookingConfirmed && len(valid) == 0 && len(kept) > 0 {
				reached = false
			}
		}
		switch {
		case !reached && sold:
			w.served++
			w.tell(no, Command{Kind: ServeOrder, Order: &order.Part{ID: word.Order.ID, Cited: word.Order.Cited}})
		case reached:
			w.tell(no, Command{Kind: SettleOrder, Order: &order.Part{ID: word.Order.ID, Cited: word.Order.Cited}})
		}
	}
}

// homesOf calls visit for every booking that is an order's home.
func (w *orderWorld) homesOf(no uint32, visit func(b BookingNo, d *Decision)) {
	s := w.at[no].State
	var list []BookingNo
	s.bookings.each(func(slot uint32) {
		if s.orders.Home(slot) != nil {
			list = append(list, s.bookings.numberOf(slot))
		}
	})
	for _, b := range list {
		var d Decision
		s.Lookup(b, &d)
		visit(b, &d)
	}
}

func (w *orderWorld) act(no uint32) {
	var kind CommandKind
	var target BookingNo
	w.homesOf(no, func(b BookingNo, _ *Decision) {
		if target == 0 || w.r.IntN(4) > 0 {
			target = b
			kind = []CommandKind{ExtendHold, ReleaseHold, BeginPayment, BeginPayment, ConfirmPayment, ConfirmPayment,
				ConfirmPayment, FailPayment, RefundBooking, RefundBooking, SettleRefund, SettleRefund}[w.r.IntN(12)]
		}
	})
	if target == 0 {
		return
	}
	c := Command{Kind: kind, Booking: target, Operator: true}
	switch kind {
	case BeginPayment:
		c.Pay.Amount, c.Pay.Reference = 100, "ref"
	case RefundBooking:
		w.refund(no, &c)
	case SettleRefund:
		w.settleRefund(no, &c)
	}
	w.tell(no, c)
}

// judge holds I7 to I9 of orders against all three sections; P1 is held by the machines, which panic.
func (w *orderWorld) judge() {
	for no := range uint32(3) {
		if w.at[no] == nil {
			return
		}
	}
	for no := range uint32(3) {
		w.homesOf(no, func(b BookingNo, d *Decision) {
			for _, leg := range d.Outcome.Order.Legs {
				var l Decision
				there := w.at[leg.Section]
				there.Lookup(leg.Booking, &l)
				is, home := l.Outcome.State, d.Outcome.State
				bad := ""
				switch home {
				case BookingHeld, BookingPaying:
					if is != BookingBound {
						bad = "I8: of a live hold a leg is not bound"
					}
				case BookingConfirmed:
					bad = judgeSold(&d.Outcome, leg.Section, &l.Outcome)
				default:
					if !d.Outcome.Unsettled && is.live() {
						bad = "I7: of an ended order that is settled a leg lives"
					}
				}
				if bad != "" {
					w.t.Fatalf("%s: booking %d at %d is %v, leg %d at %d is %v\n%s", bad, b, no, home, leg.Booking,
						leg.Section, is, fmt.Sprint(w.story[max(0, len(w.story)-60):]))
				}
			}
		})
	}
}

func (w *orderWorld) step() {
	no := uint32(w.r.IntN(3))
	run := func() *orderRun { return w.runs[max(0, len(w.runs)-1-w.r.IntN(3))] }
	if w.now += Instant(w.r.IntN(900)); len(w.runs) == 0 {
		w.start()
		return
	}
	switch w.r.IntN(17) {
	case 0:
		w.start()
	case 1, 2, 3, 4:
		w.bind(run())
	case 5, 6:
		w.place(run())
	case 7, 8, 14, 15, 16:
		w.act(no)
	case 9:
		w.ask(no)
	case 10:
		w.push(no, false)
	case 11:
		w.claim(no)
	case 12: // something comes again, or late
		if len(w.sent) > 0 {
			again := w.sent[w.r.IntN(len(w.sent))]
			w.tell(again.to, again.c)
		}
	default:
		w.expire(no)
	}
}

// rest lets everything end: payments fail, holds lapse, legs ask, homes tell.
func (w *orderWorld) rest() {
	for range 3 {
		w.now += Instant(orderRules.HoldCeiling)
		for no := range uint32(3) {
			w.homesOf(no, func(b BookingNo, d *Decision) {
				if d.Outcome.State == BookingPaying {
					w.tell(no, Command{Kind: FailPayment, Booking: b, Operator: true})
				}
				if d.Outcome.Money == nil {
					return
				}
				for _, r := range openRefunds(d.Outcome.Money) {
					w.tell(no, Command{Kind: SettleRefund, Booking: b, Operator: true,
						Pay: account.Payment{Refund: r.No, State: account.Refunded}})
				}
			})
			w.expire(no)
			w.push(no, true)
			w.ask(no)
		}
	}
	for no := range uint32(3) {
		if n := w.at[no].BoundLegs(); n > 0 {
			w.t.Fatalf("at rest %d legs are bound at %d\n%v", n, no, w.story[max(0, len(w.story)-60):])
		}
	}
}

// TestOrdersHoldTogether guards I7 to I10 at every step of thousands of orders: whoever crashes, whatever comes late or
// twice, a leg is bound while its home is held or paying, is sold when that is sold, is free when that has ended, and
// at rest no leg waits for a word that never comes.
func TestOrdersHoldTogether(t *testing.T) {
	placed, sold, refunded, partly, served := 0, 0, 0, 0, 0
	for seed := range uint64(100) {
		w := newOrderWorld(t, seed)
		for range 400 {
			w.step()
		}
		for no := range uint32(3) {
			w.homesOf(no, func(_ BookingNo, d *Decision) {
				placed++
				switch d.Outcome.State {
				case BookingConfirmed:
					sold++
				case BookingRefunded:
					refunded++
				}
			})
		}
		w.rest()
		partly, served = partly+w.partly, served+w.served
	}
	t.Logf("%d orders placed, %d sold, %d refunded; %d refunds of single seats, %d served in part", placed, sold,
		refunded, partly, served)
	if placed == 0 || sold == 0 || refunded == 0 || partly == 0 || served == 0 {
		t.Error("some kind of order never came about")
	}
}

// TestOrderRules: one order's home and leg, asked what they must refuse.
func TestOrderRules(t *testing.T) {
	w := newOrderWorld(t, 1)
	run := &orderRun{home: 0, bound: map[uint32]BookingNo{}}
	run.seats[0], run.seats[1] = seatsOf(0), seatsOf(1)
	begin := Command{Kind: BeginOrder, Request: requestOf(1), Order: &order.Part{}}
	run.part = &order.Part{ID: w.tell(0, begin).Order.ID, Legs: run.legs()}
	run.part.Hash = order.Hash(&run.part.ID, run.seats[0], run.part.Legs)
	bare := &order.Part{ID: run.part.ID, Hash: run.part.Hash}
	other := &order.Part{ID: run.part.ID, Hash: run.part.Hash + 1, Cited: 9}
	must := func(what string, no uint32, c Command, want Rejection, state BookingState) {
		t.Helper()
		if got := w.tell(no, c); got.Rejection != want || got.State != state {
			t.Fatalf("%s: %v, %v, want %v, %v", what, got.Rejection, got.State, want, state)
		}
	}
	must("the same request begun twice", 0, begin, OrderUnderWay, 0)
	must("placed before its legs have numbers, with another list", 0,
		Command{Kind: PlaceHold, Seats: seatsOf(2), Order: run.part}, OrderGone, 0)
	w.bind(run)
	must("asked while it is collected", 0, Command{Kind: AskOrder, Order: bare}, OrderUnderWay, 0)
	must("a fresh leg in the way of another order", 1, Command{Kind: BindLeg, Seats: seatsOf(1),
		Order: &order.Part{ID: order.ID{Home: 2, Count: 9}, K: 1, N: 2}}, SeatBound, 0)
	must("and of a buyer of that seat alone", 1, Command{Kind: PlaceHold, Seats: seatsOf(1)}, SeatTaken, 0)
	must("the leg released as a booking", 1, Command{Kind: ReleaseHold, Booking: run.bound[1], Operator: true},
		BookingUnknown, 0)
	must("sold before anybody said so", 1, Command{Kind: SellLeg, Order: bare}, OrderGone, BookingBound)
	must("freed by another order's word", 1, Command{Kind: FreeLeg, Order: other}, OrderGone, BookingBound)
	run.part.Legs = run.legs()
	hold := Command{Kind: PlaceHold, Seats: run.seats[0], Buyer: buyerOf(0), Order: run.part, Request: requestOf(1)}
	must("placed", 0, hold, Accepted, BookingHeld)
	must("placed again under its key", 0, hold, Accepted, BookingHeld)
	must("begun again under its key", 0, begin, Accepted, BookingHeld)
	must("abandoned although it is placed", 0, Command{Kind: AbandonOrder, Order: bare}, Accepted, BookingHeld)
	no := w.tell(0, begin).Booking
	must("paying", 0, Command{Kind: BeginPayment, Booking: no, Operator: true}, Accepted, BookingPaying)
	sold := w.tell(0, Command{Kind: ConfirmPayment, Booking: no, Operator: true})
	if !sold.Unsettled {
		t.Error("an order is settled before its legs have heard")
	}
	word := *w.tell(0, Command{Kind: AskOrder, Order: bare}).Order
	must("the leg is sold", 1, Command{Kind: SellLeg, Order: &word}, Accepted, BookingConfirmed)
	must("and again", 1, Command{Kind: SellLeg, Order: &word}, Accepted, BookingConfirmed)
	must("a sold leg freed by presumption", 1, Command{Kind: FreeLeg, Order: bare}, OrderGone, BookingConfirmed)
	if w.tell(0, Command{Kind: RefundBooking, Booking: no, Operator: true}); !w.tell(0, Command{Kind: AskOrder,
		Order: bare}).Unsettled {
		t.Error("a refunded order is settled before its legs have heard")
	}
	w.tell(0, Command{Kind: SettleOrder, Order: &word}) // of the sale, which is over
	if !w.tell(0, Command{Kind: AskOrder, Order: bare}).Unsettled {
		t.Error("what was settled was an earlier record")
	}
	word = *w.tell(0, Command{Kind: AskOrder, Order: bare}).Order
	must("freed", 1, Command{Kind: FreeLeg, Order: &word}, Accepted, BookingRefunded)
	must("freed again", 1, Command{Kind: FreeLeg, Order: &word}, Accepted, BookingRefunded)
	must("sold late", 1, Command{Kind: SellLeg, Order: &word}, OrderGone, BookingRefunded)
}
