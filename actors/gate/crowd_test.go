package gate_test

import (
	"testing"

	"holdfast/actors/gate"
)

// fair is one crowd on its way through the doors: those who come poll each second, the others never do.
type fair struct {
	*desk
	comes    func(n int) bool
	byNumber []int
	polling  []int // called, and on their way
	seen     gate.Rank
	leaves   map[gate.Instant][]gate.SessionNo
	entered  int
}

// second is what happens in one.
func (f *fair) second() {
	f.now += 1000
	f.timers()
	for _, no := range f.leaves[f.now] {
		f.do(gate.Command{Kind: gate.Finish, Session: no})
	}
	var ending []gate.SessionNo
	f.m.Ending(func(no gate.SessionNo, _ gate.Seq) { ending = append(ending, no) })
	if len(ending) > 0 {
		f.do(gate.Command{Kind: gate.Free, Sessions: ending, Acks: f.acks()})
	}
	for called := f.m.Public().Called; f.seen < called; f.seen++ {
		if n := f.byNumber[f.seen]; f.comes(n) {
			f.polling = append(f.polling, n)
		}
	}
	waiting := f.polling[:0]
	for _, n := range f.polling {
		a := f.do(gate.Command{Kind: gate.Take, Buyer: buyer(n)})
		switch {
		case a.Place.State == gate.Inside:
			f.entered++
			end := f.now + 30_000
			f.leaves[end] = append(f.leaves[end], a.Place.Session)
		case a.Rejection == gate.Accepted || a.Rejection == gate.NotYourTurn:
			waiting = append(waiting, n)
		default:
			f.t.Fatalf("buyer %d came, and hears %v", n, a.Rejection)
		}
	}
	f.polling = waiting
}

// TestThoseWhoWentAwayStallNobody guards P8: of a drawn crowd most never come. Everybody who comes gets in, and the
// slots are in use meanwhile.
func TestThoseWhoWentAwayStallNobody(t *testing.T) {
	const people, slots = 6000, 150
	f := &fair{desk: newDesk(t), leaves: map[gate.Instant][]gate.SessionNo{},
		comes: func(n int) bool { return uint32(n)*2654435761>>16%10 < 4 }}
	f.do(gate.Command{Kind: gate.Found, Settings: gate.Settings{ClosesAt: 1000, DoorsAt: 2000, Cap: slots,
		Session: 600_000, Turn: 10_000, Grace: 5000}})
	expected := 0
	for n := range people {
		f.do(joinOf(n))
		if f.comes(n) {
			expected++
		}
	}
	f.now = 2000
	f.do(gate.Command{Kind: gate.HandIn, Signature: []byte("lots")})
	f.byNumber = make([]int, people)
	for n := range people {
		p, _, _ := f.m.Lookup(buyer(n))
		f.byNumber[f.m.Rank(p.Number)] = n
	}
	f.do(gate.Command{Kind: gate.Restock, Stock: gate.Stock{Free: people}})
	seconds := 0
	for ; f.m.Public().Waiting > 0 || len(f.polling) > 0; seconds++ {
		if f.second(); seconds > 5000 {
			t.Fatalf("after %d s %+v", seconds, f.m.Public())
		}
	}
	if f.entered != expected {
		t.Errorf("%d of %d who came got in", f.entered, expected)
	}
	ideal := expected * 30 / slots
	t.Logf("%d of %d came and were served in %d s; with every slot in use it is %d s", expected, people, seconds, ideal)
	if seconds > 2*ideal {
		t.Errorf("P8: %d s for what takes %d s: those who went away stall the others", seconds, ideal)
	}
	f.same()
	f.wantClean()
}
