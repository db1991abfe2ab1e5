package actors

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/actors/audit"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/order"
	"holdfast/storage"
)

// housePlan has ten sections of four seats, which lie on the map in that order.
func housePlan() string {
	var list []string
	for _, id := range "ABCDEFGHIJ" {
		list = append(list, `{"id":"`+string(id)+`","rows":[{"label":"1","seats":4}]}`)
	}
	return `{"sections":[` + strings.Join(list, ",") + `]}`
}

func houseRules() section.Rules {
	r := boxRules()
	r.SeatsPerBookingMax, r.SeatsPerBuyerMax = 12, 12
	return r
}

func newHouse(t *testing.T) *box { return newBoxOf(t, housePlan(), houseRules(), Config{}) }

// shows waits until the map shows the first seat of each section so.
func (b *box) shows(letters string) {
	b.t.Helper()
	b.until("first seats "+letters, func() bool {
		for no := range letters {
			if b.letters(storage.SectionNo(no))[0] != letters[no] {
				return false
			}
		}
		return true
	})
}

// audited holds the whole store against itself: P1, P10, I7 to I10.
func (b *box) audited() {
	b.t.Helper()
	report, err := audit.Run(context.Background(), b.inner, audit.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range report.Findings {
		b.t.Errorf("audit: %v", f)
	}
}

// TestOrderLivesAndEndsAsOneBooking: seats of several sections are held, extended, sold, refunded, released and lapse
// together, whatever becomes of the booking; its buyer's limit counts all of them.
func TestOrderLivesAndEndsAsOneBooking(t *testing.T) {
	b := newHouse(t)
	who := caller(1, 1)
	held := b.mustHold(who, "B-1-1", "A-1-1", "C-1-1")
	if held.State != section.BookingHeld || held.Amount != 3*4500 || held.ID.Section.Section != 0 ||
		!slices.Equal(held.Seats, []string{"A-1-1", "B-1-1", "C-1-1"}) {
		t.Fatalf("held: %+v", held)
	}
	b.shows("hhha")
	if n := b.seatsOf(1); n != 3 {
		t.Errorf("P13: the buyer has 3 seats, %d are counted", n)
	}
	if again, err := b.hold(who, "B-1-1", "A-1-1", "C-1-1"); err != nil || again.ID != held.ID {
		t.Errorf("P5: repeated: %v %v", err, again.ID)
	}
	if seen := b.booking(held.ID); !slices.Equal(seen.Seats, held.Seats) || seen.Amount != held.Amount {
		t.Errorf("read: %+v", seen)
	}
	if _, err := b.hold(caller(2, 1), "C-1-1", "D-1-1"); code(err) != "seat_taken" ||
		!slices.Equal(err.(*Refusal).Seats, []string{"C-1-1"}) {
		t.Errorf("an order over a taken seat: %v", err)
	}
	if n := b.seatsOf(2); n != 0 {
		t.Errorf("a refused order counts %d seats", n)
	}
	b.shows("hhha")

	var out BookingView
	if err := b.e.Release(held.ID, caller(1, 2), patience, &out); err != nil || out.State != section.BookingReleased {
		t.Fatalf("release: %v %v", err, out.State)
	}
	b.shows("aaaa")
	b.until("the buyer's seats are given back", func() bool { return b.seatsOf(1) == 0 })

	b.mustHold(caller(1, 3), "A-1-1", "D-1-1")
	b.now.Add(int64(houseRules().HoldTTL))
	b.mustHold(caller(9, 1), "A-1-4") // whatever comes to the home ends what is due there
	b.shows("aaaa")

	held = b.mustHold(caller(1, 4), "A-1-1", "D-1-1", "E-1-1")
	sold, err := b.confirm(held.ID, caller(1, 5), "tok_ok")
	if err != nil || sold.State != section.BookingConfirmed || sold.Confirming || len(sold.Tickets) != 3 ||
		sold.Tickets[1].Seat != "D-1-1" || sold.Tickets[0].Code == sold.Tickets[1].Code {
		t.Fatalf("confirm: %v %+v", err, sold)
	}
	b.shows("saass")
	b.audited()
	if err := b.e.Refund(held.ID, Caller{Operator: true}, RefundCall{}, patience, &out); err != nil ||
		out.State != section.BookingRefunded {
		t.Fatalf("refund: %v %v", err, out.State)
	}
	b.shows("aaaaa")
	b.audited()
}

// TestOrderHasAtMostEightSections: a ninth is refused before anything is asked.
func TestOrderHasAtMostEightSections(t *testing.T) {
	b := newHouse(t)
	seats := []string{"A-1-1", "B-1-1", "C-1-1", "D-1-1", "E-1-1", "F-1-1", "G-1-1", "H-1-1"}
	if _, err := b.hold(caller(1, 1), append(seats, "I-1-1")...); !errors.Is(err, ErrSections) {
		t.Errorf("nine sections: %v", err)
	}
	if held := b.mustHold(caller(1, 2), seats...); len(held.Seats) != 8 {
		t.Errorf("eight sections: %v", held.Seats)
	}
	b.shows("hhhhhhhha")
	if _, err := b.hold(caller(1, 3), "I-1-1", "I-1-2", "I-1-3", "J-1-1", "J-1-2"); code(err) != "too_many_for_buyer" {
		t.Errorf("P13: 13 seats of 12: %v", err)
	}
	if _, err := b.hold(caller(2, 1), "I-1-1", "J-1-9"); err == nil {
		t.Error("a seat that is not there was held")
	}
	if _, err := b.hold(caller(2, 2), "I-1-1", "J-1-1", "J-1-1"); code(err) != "duplicate_seat" {
		t.Errorf("a seat twice: %v", err)
	}
	b.shows("hhhhhhhhaa")
}

// TestOrderOutlivesItsNode: what was held before a stop is held, extended and sold after the start, and its legs hear
// of it although nobody told them before.
func TestOrderOutlivesItsNode(t *testing.T) {
	b := newHouse(t)
	held := b.mustHold(caller(1, 1), "A-1-1", "B-1-1")
	other := b.mustHold(caller(2, 1), "A-1-2", "C-1-1")
	b.restart()
	b.shows("hhh")
	if again, err := b.hold(caller(1, 1), "A-1-1", "B-1-1"); err != nil || again.ID != held.ID ||
		!slices.Equal(again.Seats, held.Seats) {
		t.Errorf("P5: repeated after a restart: %v %+v", err, again)
	}
	var out BookingView
	b.now.Add(10_000)
	if err := b.e.Extend(held.ID, caller(1, 2), patience, &out); err != nil || len(out.Seats) != 2 {
		t.Errorf("extend: %v %+v", err, out)
	}
	if sold, err := b.confirm(held.ID, caller(1, 3), "tok_ok"); err != nil || len(sold.Tickets) != 2 {
		t.Errorf("confirm: %v %+v", err, sold)
	}
	if err := b.e.Release(other.ID, caller(2, 2), patience, &out); err != nil {
		t.Error(err)
	}
	b.shows("ssa")
	b.audited()
}

// TestLegWithoutAHomeIsFreed: an order whose caller died between its two commits leaves bound seats, and they are free
// again once they have asked, for the home knows of no such order.
func TestLegWithoutAHomeIsFreed(t *testing.T) {
	b := newHouse(t)
	b.mustHold(caller(9, 1), "A-1-2") // the sections are open
	p := &order.Part{ID: order.ID{Home: 0, Life: 1, Count: 77}, Hash: 5, K: 1, N: 2}
	r := request.New()
	r.Seats = append(r.Seats, 0)
	r.Command = section.Command{Kind: section.BindLeg, Buyer: caller(3, 0).Buyer, Seats: r.Seats, Order: p,
		Request: order.LegRequest(&p.ID, p.Hash, 1)}
	if outcome, err := b.section(1).outcome(r, deadlineSoon()); err != nil || outcome.Rejection != section.Accepted {
		t.Fatalf("bind: %v %+v", err, outcome)
	}
	b.shows("ah")
	b.now.Add(int64(order.CollectMax))
	b.e.notifier.Round()
	b.shows("aa")
	b.until("the buyer's seats are given back", func() bool { return b.seatsOf(3) == 0 })
	b.audited()
}

// TestOrdersThatMeetEndAtOnce: two orders that want the same seats in opposite order do not wait for each other, and at
// most one gets them; over many rounds one does, and soon.
func TestOrdersThatMeetEndAtOnce(t *testing.T) {
	b := newHouse(t)
	won, slowest := 0, time.Duration(0)
	for round := range 30 {
		wishes := [2][]string{{"A-1-1", "B-1-1", "C-1-1"}, {"A-1-2", "C-1-1", "B-1-1"}}
		var held [2]BookingView
		began := time.Now()
		errs := together(2, func(i int) (err error) {
			held[i], err = b.hold(caller(byte(i+1), uint64(round+1)), wishes[i]...)
			return err
		})
		slowest = max(slowest, time.Since(began))
		if errs[0] == nil && errs[1] == nil {
			t.Fatal("P1: both have the seats")
		}
		for i := range errs {
			switch {
			case errs[i] == nil:
				won++
				var out BookingView
				if err := b.e.Release(held[i].ID, caller(byte(i+1), 0), patience, &out); err != nil {
					t.Fatal(err)
				}
			case code(errs[i]) != "seat_taken":
				t.Errorf("refused with %v", errs[i])
			}
		}
		b.shows("aaa")
	}
	t.Logf("one won in %d of 30 rounds, the slowest round took %v", won, slowest)
	if won == 0 {
		t.Error("nobody ever got the seats")
	}
	b.audited()
}
