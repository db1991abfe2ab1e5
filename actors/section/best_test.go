package section

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// fill takes seats until only the free ones of the picture are left: '.' free, 'x' taken.
func fill(k *desk, picture string) {
	for i, c := range picture {
		if c == 'x' {
			k.mustHold(uint64(100+i), 0, SeatIndex(i))
		}
	}
}

func TestBestChoice(t *testing.T) {
	accessible := rowsLayout(6)
	accessible.Seats[2].Accessible, accessible.Seats[3].Accessible = true, true
	spread := rowsLayout(7, 2)
	spread.Seats[7].Accessible, spread.Seats[8].Accessible = true, true
	broken := rowsLayout(6)
	broken.Rows[0].Breaks = []uint32{3}
	categories := rowsLayout(4, 4)
	for i := 4; i < 8; i++ {
		categories.Seats[i].Category = 1
	}
	far := rowsLayout(4, 4) // the second row is much further away
	for i := 4; i < 8; i++ {
		far.Quality[i] += 1000
	}
	second := Command{Kind: PlaceBest, Buyer: buyerOf(9), Quantity: 2, Category: 1}
	only := Command{Kind: PlaceBest, Buyer: buyerOf(9), Quantity: 2, AnyCategory: true, AccessibleOnly: true}
	cases := []struct {
		name    string
		layout  *Layout
		picture string
		command Command
		want    []SeatIndex
		split   bool
	}{
		{"the middle", rowsLayout(6, 6), "", best(2), seatsOf(2, 3), false},
		{"next to it, no orphan", rowsLayout(6, 6), "..xx..", best(2), seatsOf(0, 1), false},
		{"not across a break", broken, "", best(2), seatsOf(1, 2), false},
		{"an orphan avoided in the row", rowsLayout(7), "x.....x", best(2), seatsOf(1, 2), false},
		{"an orphan at a much better place", far, "", best(3), seatsOf(0, 1, 2), false},
		{"the next row instead of apart", rowsLayout(4, 4), ".x.x....", best(2), seatsOf(4, 5), false},
		{"apart when no row has two", rowsLayout(4, 4), ".x.xx.x.", best(2), seatsOf(0, 2), true},
		{"longest stretch first", rowsLayout(5, 5), "..x...x..x", best(4), seatsOf(0, 1, 3, 4), true},
		{"accessible seats last", accessible, "", best(2), seatsOf(0, 1), false},
		{"accessible seats when asked", accessible, "", only, seatsOf(2, 3), false},
		{"accessible seats last, also when apart", spread, ".x.x.xx..", best(3), seatsOf(0, 2, 4), true},
		{"the category", categories, "", second, seatsOf(4, 5), false},
	}
	for _, c := range cases {
		k := newDesk(c.layout, testRules)
		fill(k, c.picture)
		out := k.do(c.command)
		if out.Rejection != Accepted || out.Split != c.split || !slices.Equal(out.Seats, c.want) {
			t.Errorf(
				"%s: %v %v split %v, want %v split %v\n%v", c.name, out.Rejection, out.Seats, out.Split, c.want,
				c.split, k.state,
			)
		}
	}
}

// hall is a section of the largest size: rows of 50 with an aisle in the middle, some seats accessible.
func hall(seats int) *Layout {
	l := &Layout{}
	for r := 0; r < seats/50; r++ {
		l.Rows = append(l.Rows, RowSpec{First: SeatIndex(r * 50), Count: 50, Breaks: []uint32{25}})
		for i := range 50 {
			l.Seats = append(l.Seats, SeatSpec{Accessible: r == 0 && i < 4})
			l.Quality = append(l.Quality, uint32((i-25)*(i-25)+r*r))
		}
	}
	return l
}

// TestBestNeverRefuses guards P11: whatever was taken and given back before, best-available says no only when the free
// seats do not suffice, and it can empty the section to the last seat.
func TestBestNeverRefuses(t *testing.T) {
	rules := testRules
	rules.SeatsPerBuyerMax = 1 << 30
	for seed := range uint64(20) {
		chance := rand.New(rand.NewPCG(seed, 1))
		k := newDesk(hall(500), rules)
		var live []BookingNo
		for refusals := 0; refusals < 40; {
			if len(live) > 0 && chance.IntN(4) == 0 {
				i := chance.IntN(len(live))
				k.do(Command{Kind: ReleaseHold, Booking: live[i], Operator: true})
				live = slices.Delete(live, i, i+1)
				continue
			}
			quantity, free := uint32(1+chance.IntN(8)), k.state.Free()
			out := k.do(best(quantity))
			switch {
			case out.Rejection == Accepted:
				live = append(live, out.Booking)
			case out.Rejection != SoldOut || free >= int(quantity):
				t.Fatalf("seed %d: %v of %d with %d free\n%v", seed, out.Rejection, quantity, free, k.state)
			default:
				refusals++
			}
		}
		for k.state.Free() > 0 {
			if out := k.do(best(1)); out.Rejection != Accepted {
				t.Fatalf("seed %d: %v with %d free", seed, out.Rejection, k.state.Free())
			}
		}
	}
}

// TestBestViewsAreOnlyScratch compares a searcher full of old views with a fresh one: they must choose the same seats,
// or two owners of one section would differ.
func TestBestViewsAreOnlyScratch(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 7))
	rules := testRules
	rules.SeatsPerBuyerMax, rules.SeatsPerBookingMax = 1<<30, 50
	k := newDesk(hall(600), rules)
	var d Decision
	for i := range uint32(400) { // 80 kinds of wish in turn, more than there are views
		c := best(1 + i%40)
		c.AnyCategory, c.AccessibleOnly = i/40%2 == 0, chance.IntN(9) == 0
		fresh, err := Restore(k.state.layout, rules, k.state.AppendSnapshot(nil))
		if err != nil {
			t.Fatal(err)
		}
		fresh.Decide(&c, &d)
		out := k.do(c)
		if out.Rejection != d.Outcome.Rejection || !slices.Equal(out.Seats, d.Outcome.Seats) {
			t.Fatalf("%v %v, a fresh state says %v %v", out.Rejection, out.Seats, d.Outcome.Rejection, d.Outcome.Seats)
		}
		for chance.IntN(3) == 0 || k.state.Free() < 300 {
			k.do(
				Command{
					Kind: ReleaseHold, Booking: BookingNo(1 + chance.Uint64N(uint64(k.state.lastNo))), Operator: true,
				},
			)
		}
	}
	if len(k.state.best.views) != viewsMax || k.state.best.turn == 0 {
		t.Errorf("%d views, %d replaced: the test no longer replaces any", len(k.state.best.views), k.state.best.turn)
	}
}
