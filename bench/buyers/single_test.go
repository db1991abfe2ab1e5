package buyers

import (
	"fmt"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/load"
)

// unevenHouses are two events of one venue: sections of 3, 1 and 2 seats.
func unevenHouses(t *testing.T) []*Event {
	t.Helper()
	var m wire.Seatmap
	for i, seats := range []int{3, 1, 2} {
		row := wire.SeatmapRow{}
		for n := range seats {
			row.Seats = append(row.Seats, wire.SeatmapSeat{ID: fmt.Sprintf("S%d-1-%d", i, n)})
		}
		m.Sections = append(m.Sections, wire.SeatmapSection{ID: fmt.Sprintf("S%d", i), Rows: []wire.SeatmapRow{row}})
	}
	plan, err := NewPlan(&m)
	if err != nil {
		t.Fatal(err)
	}
	return []*Event{{ID: "e0", Plan: plan}, {ID: "e1", Plan: plan}}
}

func newTestCrowd(t *testing.T, scenario string) *Script {
	t.Helper()
	c, err := New(&Job{Scenario: scenario, First: 1000, Start: time.Now(), Blind: true}, unevenHouses(t), "h:1",
		DevIdentity, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// arrive lets a buyer in, and says which seat was named.
func arrive(t *testing.T, c *Script, buyer uint64) (*load.Turn, eventSeat) {
	t.Helper()
	turn := &load.Turn{Buyer: buyer}
	if !c.Arrive(turn) || turn.Kind != KindHold {
		t.Fatalf("buyer %d does not hold", buyer)
	}
	s := turn.State.(*shopper)
	if len(s.seats) != 1 {
		t.Fatalf("buyer %d wants %d seats", buyer, len(s.seats))
	}
	return turn, eventSeat{s.event, SeatRef{s.section, s.seats[0]}}
}

// answer plays the server.
func answer(c *Script, turn *load.Turn, status int, body string) (more bool) {
	turn.Answer = load.Answer{Status: status, Body: []byte(body)}
	_, more = c.Answered(turn)
	return more
}

func bookingOf(at eventSeat) string {
	return fmt.Sprintf(`{"id":"b","state":"held","seats":["S%d-1-%d"],"expires_at":"2027-06-01T19:30:00.000Z"}`,
		at.Section, at.Seat)
}

func TestSingleWantsEachSeatOnce(t *testing.T) {
	c := newTestCrowd(t, "single")
	seen := map[eventSeat]bool{}
	for n := range uint64(12) {
		turn, at := arrive(t, c, 1000+n)
		if seen[at] || at.event != int(n%2) {
			t.Errorf("buyer %d wants %v", n, at)
		}
		seen[at] = true
		if answer(c, turn, 201, bookingOf(at)) {
			t.Error("whoever holds goes home")
		}
	}
	if len(seen) != 12 {
		t.Errorf("%d of 12 seats", len(seen))
	}
}

func TestContestedIsOneSeatOfEachSection(t *testing.T) {
	c := newTestCrowd(t, "contested")
	wishes := map[eventSeat]int{}
	for n := range uint64(60) {
		turn, at := arrive(t, c, 1000+n)
		wishes[at]++
		if answer(c, turn, 409, `{"status":409,"code":"seat_taken","seats":[]}`) {
			t.Error("whoever is refused goes home")
		}
	}
	if len(wishes) != 6 {
		t.Errorf("wishes: %v", wishes)
	}
	for at, n := range wishes {
		if at.Seat != 0 || n != 10 {
			t.Errorf("%v is wished for %d times", at, n)
		}
	}
}

// A buyer who is slower than a whole turn of the venue keeps the seat until it is given back: nobody else names it.
func TestHoldReleaseNamesNoSeatThatIsOnHold(t *testing.T) {
	c := newTestCrowd(t, "holdrelease")
	slow, kept := arrive(t, c, 1000)
	if !answer(c, slow, 201, bookingOf(kept)) || slow.Kind != KindRelease {
		t.Fatal("whoever holds gives back")
	}
	seen := map[eventSeat]int{}
	for n := range uint64(40) {
		turn, at := arrive(t, c, 1001+n)
		if at == kept {
			t.Fatalf("buyer %d names a seat that is on hold", n)
		}
		seen[at]++
		if !answer(c, turn, 201, bookingOf(at)) || turn.Kind != KindRelease ||
			answer(c, turn, 200, `{"id":"b","state":"released"}`) {
			t.Fatal("a hold, a release, and home")
		}
	}
	if len(seen) != 11 {
		t.Errorf("%d of the 11 other seats were used", len(seen))
	}
	if answer(c, slow, 200, `{"id":"b","state":"released"}`) {
		t.Error("home, at last")
	}
	met := false
	for n := range uint64(12) {
		_, at := arrive(t, c, 1041+n)
		met = met || at == kept
	}
	if !met {
		t.Error("a seat that was given back is never used again")
	}
}

// What is refused is not this buyer's to give back.
func TestHoldReleaseLeavesRefusedSeatsAlone(t *testing.T) {
	c := newTestCrowd(t, "holdrelease")
	turn, _ := arrive(t, c, 1000)
	if answer(c, turn, 409, `{"status":409,"code":"seat_taken","seats":[]}`) {
		t.Error("whoever is refused goes home")
	}
	if spare := &c.act.(*holdRelease).spare; len(spare.seats) != 0 {
		t.Errorf("spare: %+v", spare)
	}
}

func TestBestReleaseAsksForTwoOfASection(t *testing.T) {
	c := newTestCrowd(t, "bestrelease")
	turn := &load.Turn{Buyer: 1001}
	if !c.Arrive(turn) || turn.Kind != KindBest {
		t.Fatalf("kind %d", turn.Kind)
	}
	if s := turn.State.(*shopper); s.quantity != 2 || s.event != 1 || int(s.section) >= 3 {
		t.Errorf("%+v", s)
	}
	if !answer(
		c,
		turn,
		201,
		`{"id":"b","state":"held","seats":["S0-1-0","S0-1-1"],"expires_at":"2027-06-01T19:30:00.000Z"}`,
	) ||
		turn.Kind != KindRelease {
		t.Error("whoever holds gives back")
	}
}
