package section

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/actors/grant"
)

// drawLayout makes a small section with breaks, categories and accessible seats, or a general area.
func drawLayout(t *rapid.T) *Layout {
	l := &Layout{General: rapid.IntRange(0, 5).Draw(t, "general") == 0}
	for range rapid.IntRange(1, 4).Draw(t, "rows") {
		row := RowSpec{First: SeatIndex(len(l.Seats)), Count: uint32(rapid.IntRange(1, 9).Draw(t, "count"))}
		for i := uint32(1); i < row.Count; i++ {
			if rapid.IntRange(0, 5).Draw(t, "break") == 0 {
				row.Breaks = append(row.Breaks, i)
			}
		}
		l.Rows = append(l.Rows, row)
		for range row.Count {
			l.Seats = append(l.Seats, SeatSpec{
				Category:   CategoryID(rapid.IntRange(0, 1).Draw(t, "category")),
				Accessible: rapid.IntRange(0, 6).Draw(t, "accessible") == 0,
			})
			l.Quality = append(l.Quality, uint32(rapid.IntRange(0, 50).Draw(t, "quality")))
		}
	}
	return l
}

// modelRules are tight, so that short runs meet every limit and the idempotency memory overflows.
func modelRules() Rules {
	return Rules{
		HoldTTL: 50, HoldCeiling: 90, SeatsPerBookingMax: 4, SeatsPerBuyerMax: 7, DedupeWindow: 120, DedupeCountMin: 3,
	}
}

func drawCommand(t *rapid.T, l *Layout, now Instant, lastNo BookingNo) Command {
	kinds := []CommandKind{
		PlaceHold, PlaceHold, PlaceBest, PlaceBest, PlaceBest, ExtendHold, ReleaseHold, BeginPayment, BeginPayment,
		ConfirmPayment, ConfirmPayment, FailPayment, ChallengePayment, RefundBooking, RefundBooking, SettleRefund,
		SettleRefund, RetryRefund, ExpireHolds, BlockSeats, UnblockSeats,
	}
	c := Command{
		Kind: rapid.SampledFrom(kinds).
			Draw(t, "kind"),
		At: now, Buyer: buyerOf(rapid.Uint64Range(0, 3).Draw(t, "buyer")),
		Quantity:    uint32(rapid.IntRange(0, 5).Draw(t, "quantity")),
		AnyCategory: rapid.Bool().Draw(t, "any"), Category: CategoryID(rapid.IntRange(0, 2).Draw(t, "category")),
		AccessibleOnly: rapid.IntRange(0, 4).
			Draw(t, "only") ==
			0, TogetherOnly: rapid.IntRange(0, 3).Draw(t, "together") == 0,
		Operator: rapid.IntRange(0, 2).Draw(t, "operator") == 0, Max: uint32(rapid.IntRange(0, 4).Draw(t, "max")),
		Booking: BookingNo(rapid.Uint64Range(uint64(max(lastNo, 6))-6, uint64(lastNo)+1).Draw(t, "booking")),
	}
	for range rapid.IntRange(0, 4).Draw(t, "seats") {
		c.Seats = append(c.Seats, SeatIndex(rapid.IntRange(0, len(l.Seats)).Draw(t, "seat")))
	}
	if c.Kind != ExpireHolds && rapid.Bool().Draw(t, "remembered") {
		c.Request = requestOf(rapid.Uint64Range(0, 15).Draw(t, "request"))
		c.Fingerprint = rapid.Uint64Range(0, 1).Draw(t, "fingerprint")
	}
	return c
}

// drawAdmission gives none, one that has just ended, or one that may have been looked up too early.
func drawAdmission(t *rapid.T, now Instant) (a admission) {
	if a.Session = uint32(rapid.IntRange(0, 3).Draw(t, "session")); a.Session > 0 {
		a.Until = now + Instant(rapid.IntRange(0, 3).Draw(t, "until"))
		a.Horizon = Seq(rapid.Uint64Range(1, 12).Draw(t, "horizon"))
	}
	return a
}

// drawGrant gives none, or one of few coordinators and epochs, so that fences are met from both sides.
func drawGrant(t *rapid.T) (g grant.Grant) {
	if rapid.IntRange(0, 5).Draw(t, "granted") > 0 {
		g.Number, g.Epoch = rapid.Uint64Range(1, 3).Draw(t, "number"), Epoch(rapid.Uint64Range(1, 2).Draw(t, "epoch"))
		g.Coordinator = uint8(rapid.IntRange(0, 1).Draw(t, "coordinator"))
		g.Total, g.Unbound = uint32(rapid.IntRange(0, 9).Draw(t, "total")), rapid.Bool().Draw(t, "unbound")
	}
	return g
}

// TestTwin runs thousands of random commands through State and its dumb twin, restores from a snapshot now and then,
// and rebuilds the state from its changes (P1, P4, P5, P10, P11).
func TestTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { runTwin(t, false) })
}

// TestTwinExchanges does the same, with commands that lead on where bookings stand, so that seats are exchanged, paid
// for, given back and exchanged again (P1, P6, P13).
func TestTwinExchanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { runTwin(t, true) })
}

func runTwin(t *rapid.T, steered bool) {
	{
		l := drawLayout(t)
		k, model := newDesk(l, modelRules()), newTwin(l, modelRules())
		k.state.prices.MadeWith(modelTariff)
		model.gated = !steered && rapid.IntRange(0, 3).Draw(t, "gated") == 0
		k.state.gated = model.gated
		model.coordinated = !steered && rapid.IntRange(0, 3).Draw(t, "coordinated") == 0
		k.state.coordinated = model.coordinated
		now := Instant(1000)
		for range rapid.IntRange(1, 60).Draw(t, "length") {
			now += Instant(rapid.SampledFrom([]int{0, 0, 1, 7, 30, 60}).Draw(t, "passes"))
			c := drawCommand(t, l, now, model.lastNo)
			drawPayment(t, model, &c)
			if model.gated {
				c = under(c, drawAdmission(t, now))
			}
			if model.coordinated {
				c.Grant = drawGrant(t)
				if c.Grant.Number > 0 && rapid.IntRange(0, 3).Draw(t, "fence") == 0 {
					c = Command{Kind: FenceGrants, At: now, Grant: c.Grant}
				}
			}
			drawTicket(t, model, &c)
			drawExchange(t, model, &c)
			drawTransfer(t, model, &c)
			if !steered || !steer(t, model, &c) {
				drawSale(t, model, &c)
			}
			drawFare(t, model, &c)
			want, repeat := model.judge(&c)
			out := k.do(c)
			if choosesSeats(&c) && want == Accepted && !repeat {
				want = model.faresOfBest(&c, &out)
			}
			if out.Rejection != want || out.Repeat != repeat {
				t.Fatalf(
					"%+v: %v repeat %v, the twin says %v repeat %v\n%v", c, out.Rejection, out.Repeat, want, repeat,
					k.state,
				)
			}
			if c.Kind == WindUp {
				model.windUp(t, &c, k.d.Changes)
			}
			if want == Accepted && !repeat {
				judgeSeats(t, model, &c, &out)
				model.accept(&c, out.Seats)
				model.keepFare(t, &c, k.d.Changes)
			}
			compare(t, k.state, model)
			if rapid.IntRange(0, 19).Draw(t, "restore") == 0 {
				k.state = restored(t, k.state)
				k.state.gated, k.state.coordinated = model.gated, model.coordinated
				k.state.prices.MadeWith(modelTariff)
				k.state.EndsFollowed(model.ends)
			}
			if rapid.IntRange(0, 9).Draw(t, "end") == 0 {
				model.ends = max(model.ends, Seq(rapid.Uint64Range(0, 9).Draw(t, "ends")))
				k.state.EndsFollowed(model.ends)
			}
		}
		if a, b := k.state.AppendSnapshot(nil), k.replay().AppendSnapshot(nil); !bytes.Equal(a, b) {
			t.Fatalf("a replay of the changes differs from the state that made them")
		}
	}
}

// restored goes through a snapshot and back, and checks that the bytes are canonical.
func restored(t *rapid.T, s *State) *State {
	body := s.AppendSnapshot(nil)
	again, err := Restore(s.layout, s.rules, body)
	if err != nil {
		t.Fatalf("restore: %v", err)
	}
	if !bytes.Equal(body, again.AppendSnapshot(nil)) {
		t.Fatalf("a restored state has another snapshot")
	}
	return again
}

// judgeSeats checks the freedom PlaceBest has: which seats. The twin has not applied them yet.
func judgeSeats(t *rapid.T, model *twin, c *Command, out *Outcome) {
	if c.Kind != PlaceBest {
		return
	}
	if len(out.Seats) != int(c.Quantity) || !slices.IsSorted(out.Seats) || hasTwins(out.Seats) {
		t.Fatalf("best %d gave %v", c.Quantity, out.Seats)
	}
	plain, used := 0, 0
	for i := range model.letters {
		if model.suits(c, i) && !model.layout.Seats[i].Accessible {
			plain++
		}
	}
	for _, seat := range out.Seats {
		if !model.suits(c, int(seat)) {
			t.Fatalf("best gave seat %d, which does not suit", seat)
		}
		if model.layout.Seats[seat].Accessible {
			used++
		}
	}
	if longest, _ := model.longest(c); !model.layout.General && out.Split != (longest < int(c.Quantity)) {
		t.Fatalf("split %v with a run of %d for %d", out.Split, longest, c.Quantity)
	}
	if (out.Split || model.layout.General) && !c.AccessibleOnly && used > max(0, int(c.Quantity)-plain) &&
		plain >= int(c.Quantity) {
		t.Fatalf("%d accessible seats spent with %d plain ones free", used, plain)
	}
}

func compare(t *rapid.T, s *State, model *twin) {
	letters, free := s.AppendLetters(nil), 0
	live, next := 0, Instant(-1)
	for i, letter := range model.letters {
		if SeatStatus(letters[i]) != letter {
			t.Fatalf("seat %d is %c, the twin has %c\n%v", i, letters[i], letter, s)
		}
		if letter == Available {
			free++
		}
	}
	var d Decision
	for no := BookingNo(1); no <= model.lastNo; no++ {
		b := model.bookings[no]
		if found := s.Lookup(no, &d); found != (b != nil) {
			t.Fatalf("booking %d remembered: %v, the twin says %v", no, found, b != nil)
		}
		if b == nil {
			continue
		}
		o := &d.Outcome
		if o.State != b.state || o.ExpiresAt != b.expiresAt || len(o.Seats) != len(b.seats) {
			t.Fatalf(
				"booking %d is %v until %d, the twin has %v until %d", no, o.State, o.ExpiresAt, b.state, b.expiresAt,
			)
		}
		compareMoney(t, no, o.Money, b)
		comparePasses(t, no, o.Passes, b)
		compareExchange(t, no, o.Exchange, b)
		compareTransfers(t, s, no, o.Transfers, b)
		compareFare(t, no, o, b)
		if b.state == BookingHeld || b.state == BookingPaying {
			live++
		}
		if b.state == BookingHeld && (next < 0 || b.expiresAt < next) {
			next = b.expiresAt
		}
	}
	compareValid(t, s, model)
	end, ok := s.NextExpiry()
	if ok != (next >= 0) || ok && end != next {
		t.Fatalf("next expiry %d %v, the twin says %d", end, ok, next)
	}
	for coordinator := range uint8(2) {
		epoch, from := s.FencedAt(coordinator)
		if want := model.fences[coordinator]; epoch != want.Epoch || from != want.Number {
			t.Fatalf("coordinator %d is fenced at %d/%d, the twin says %+v", coordinator, epoch, from, want)
		}
	}
	if turn, _ := s.SaleAt(); turn != model.sale {
		t.Fatalf("the sale stands at %d, the twin says %d", turn, model.sale)
	}
	if s.Free() != free || s.LiveHolds() != live {
		t.Fatalf("%d free, %d live; the twin has %d, %d", s.Free(), s.LiveHolds(), free, live)
	}
	for b := range uint64(4) {
		if int(s.BuyerSeats(buyerOf(b))) != model.live(buyerOf(b)) {
			t.Fatalf("buyer %d has %d seats, the twin says %d", b, s.BuyerSeats(buyerOf(b)), model.live(buyerOf(b)))
		}
	}
}
