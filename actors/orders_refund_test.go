package actors

import (
	"errors"
	"slices"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

// refund gives seats of a booking back.
func (b *box) refund(id BookingID, who Caller, seats ...string) (BookingView, error) {
	var out BookingView
	err := b.e.Refund(id, who, RefundCall{Seats: seats}, patience, &out)
	return out, err
}

// sold is an order that is held and paid.
func (b *box) sold(who byte, token string, seats ...string) BookingID {
	b.t.Helper()
	held := b.mustHold(caller(who, 1), seats...)
	if _, err := b.confirm(held.ID, caller(who, 2), token); err != nil {
		b.t.Fatal(err)
	}
	return held.ID
}

// evened waits until all of the money of bookings has gone back.
func (b *box) evened(amount int64, ids ...BookingID) {
	b.t.Helper()
	for _, id := range ids {
		if taken, back, _ := b.bank.total(b.t, id); taken != amount || back != amount {
			b.t.Errorf("P6: of %v %d were taken, and %d went back", id, taken, back)
		}
	}
}

// TestOrderGivesSingleSeatsBack: P6, P5: money and seats of single seats of a booking over several sections go back
// exactly once, of its home and of its legs, by the same call as of any booking; the others stay sold, with their
// tickets, over a restart too; with the last of them it is refunded.
func TestOrderGivesSingleSeatsBack(t *testing.T) {
	b := newHouse(t)
	id := b.sold(1, "tok_ok", "A-1-1", "B-1-1", "B-1-2", "C-1-1")
	before := b.booking(id)
	for range 2 { // P5
		out, err := b.refund(id, operatorCaller(3, 1), "B-1-1")
		if err != nil || out.State != section.BookingConfirmed || out.Confirming || out.Amount != 3*4500 ||
			!slices.Equal(out.Seats, []string{"A-1-1", "B-1-2", "C-1-1"}) || len(out.Tickets) != 3 ||
			out.Tickets[1] != before.Tickets[2] || len(out.Refunds) != 1 ||
			!slices.Equal(out.Refunds[0].Seats, []string{"B-1-1"}) {
			t.Fatalf("one seat of a leg: %v %+v", err, out)
		}
	}
	if _, err := b.refund(id, operatorCaller(3, 2), "C-1-1"); !errors.Is(err, ErrMismatch) {
		t.Errorf("P5: the same key with another seat: %v", err)
	}
	b.shows("sas")
	if _, err := b.refund(id, operatorCaller(4, 1), "C-1-1", "C-1-1"); code(err) != "duplicate_seat" {
		t.Errorf("a seat twice in one call: %v", err)
	}
	var unknown *SeatsUnknownError
	if _, err := b.refund(id, operatorCaller(5, 1), "C-1-1", "D-1-1"); !errors.As(err, &unknown) {
		t.Errorf("a seat of nobody: %v", err)
	}
	if _, err := b.refund(id, operatorCaller(6, 1), "B-1-1", "C-1-1"); code(err) != "already_refunded" ||
		!slices.Equal(err.(*Refusal).Seats, []string{"B-1-1"}) {
		t.Errorf("a seat that went back before, and another: %v", err)
	}
	if out, err := b.refund(id, operatorCaller(7, 1), "B-1-1"); err != nil || len(out.Refunds) != 1 {
		t.Errorf("P6: the same seat again: %v %+v", err, out.Refunds)
	}
	if n := b.seatsOf(1); n != 3 {
		t.Errorf("P13: the buyer has 3 seats, %d are counted", n)
	}
	b.mustHold(caller(2, 1), "B-1-1")
	b.audited()

	if out, err := b.refund(id, operatorCaller(8, 1), "A-1-1"); err != nil || out.State != section.BookingConfirmed ||
		!slices.Equal(out.Seats, []string{"B-1-2", "C-1-1"}) || len(out.Tickets) != 2 {
		t.Fatalf("all seats of the home: %v %+v", err, out)
	}
	b.restart()
	if out := b.booking(id); out.State != section.BookingConfirmed || out.Confirming || out.Amount != 2*4500 ||
		!slices.Equal(out.Seats, []string{"B-1-2", "C-1-1"}) || len(out.Refunds) != 2 {
		t.Errorf("after a restart: %+v", out)
	}
	b.shows("ahs")
	b.audited()
	if out, err := b.refund(id, operatorCaller(9, 1)); err != nil || out.State != section.BookingRefunded ||
		len(out.Tickets) != 0 || len(out.Refunds) != 3 {
		t.Errorf("the rest: %v %+v", err, out)
	}
	b.shows("aha")
	b.until("the buyer's seats are given back", func() bool { return b.seatsOf(1) == 0 })
	b.evened(4*4500, id)
	b.audited()
}

// TestSeatsOfLegsGoBackAfterACrash: P6: the node dies between the home's record and a leg's: the leg gives the seat up
// afterwards, which nobody has told it.
func TestSeatsOfLegsGoBackAfterACrash(t *testing.T) {
	b := newHouse(t)
	id := b.sold(1, "tok_ok", "A-1-1", "B-1-1", "B-1-2")
	b.bank.refundsLost.Store(1 << 30) // the processor is away
	if out, err := b.refund(id, operatorCaller(3, 1), "B-1-1"); err != nil || !out.RefundDue() ||
		len(out.Tickets) != 2 ||
		out.State != section.BookingConfirmed {
		t.Fatalf("%v %+v", err, out)
	}
	b.shows("ss") // it is on sale again when the processor has taken the refund
	b.restart()
	b.bank.refundsLost.Store(0)
	b.restart()
	b.shows("sa")
	if taken, back, _ := b.bank.total(t, id); taken != 3*4500 || back != 4500 {
		t.Errorf("P6: %d of %d went back", back, taken)
	}
	b.audited()
}

// condemn closes a seat's section for good, until a restart.
func (b *box) condemn(no storage.SectionNo, seat string) {
	b.t.Helper()
	key := b.key(no)
	b.store.Add(faultstore.Rule{Op: faultstore.OpCommit, Section: &key, Times: 1, Do: faultstore.Fail,
		Err: storage.ErrTicketTaken})
	ended := b.section(no).shard.Serving().Ended()
	if _, err := b.hold(caller(99, 1), seat); err == nil {
		b.t.Error("a section sells that meets a stranger's ticket")
	}
	<-ended
	b.until("a closed section", func() bool { return b.section(no).shard.Phase() == Condemned })
}

// TestSeatsOfAClosedSectionAreRefunded: P6, I9: an order is paid while the section of one leg is closed for good. An
// operator refunds that leg: the order is confirmed with the rest, and nobody has both the money and the seats, should
// the section come back.
func TestSeatsOfAClosedSectionAreRefunded(t *testing.T) {
	b := newHouse(t)
	held := b.mustHold(caller(1, 1), "A-1-1", "B-1-1", "C-1-1")
	b.condemn(1, "B-1-4")
	var out BookingView
	if err := b.e.Confirm(held.ID, caller(1, 2), "tok_ok", 400*time.Millisecond, &out); err != nil || !out.Confirming ||
		len(out.Tickets) != 0 {
		t.Fatalf("paid beside a closed section: %v %+v", err, out)
	}
	if out, err := b.refund(held.ID, operatorCaller(3, 1), "B-1-1"); err != nil || len(out.Refunds) != 1 ||
		!slices.Equal(out.Seats, []string{"A-1-1", "C-1-1"}) {
		t.Fatalf("the refund of a closed section's seat: %v %+v", err, out)
	}
	b.until("the rest is confirmed", func() bool {
		now := b.booking(held.ID)
		return now.State == section.BookingConfirmed && !now.Confirming && len(now.Tickets) == 2
	})
	b.restart() // the section is back
	b.shows("sas")
	if kinds, _ := changesOf(t, b.inner, b.key(1)); slices.Contains(kinds, section.LegSold) {
		t.Errorf("P6: the section that came back has sold what was refunded: %v", kinds)
	}
	if now := b.booking(held.ID); now.Confirming || len(now.Tickets) != 2 {
		t.Errorf("after the section came back: %+v", now)
	}
	if taken, back, _ := b.bank.total(t, held.ID); taken != 3*4500 || back != 4500 {
		t.Errorf("P6: %d of %d went back", back, taken)
	}
	b.audited()
	if out, err := b.refund(held.ID, operatorCaller(4, 1)); err != nil || out.State != section.BookingRefunded {
		t.Errorf("the rest: %v %+v", err, out)
	}
	b.evened(3*4500, held.ID)
}

// TestACancelledEventGivesOrdersBack: P6, I9: bookings over several sections are held, in a challenge, being confirmed,
// confirmed and refunded in part when their event is cancelled: every seat is free, and every buyer has all of the
// money back, once; the progress counts each of them once.
func TestACancelledEventGivesOrdersBack(t *testing.T) {
	b := newHouse(t)
	b.bank.ChallengeURL = "https://bank.example"
	held := b.mustHold(caller(1, 1), "A-1-1", "B-1-1", "C-1-1")
	challenged := b.mustHold(caller(2, 1), "A-1-2", "B-1-2")
	if v, err := b.confirm(challenged.ID, caller(2, 2), "tok_challenge"); err != nil ||
		v.State != section.BookingPaying {
		t.Fatalf("%v %+v", err, v)
	}
	whole := b.sold(3, "tok_ok", "B-1-3", "C-1-3", "E-1-1")
	partly := b.sold(4, "tok_ok", "A-1-4", "C-1-4", "E-1-2")
	if _, err := b.refund(partly, operatorCaller(1, 1), "C-1-4"); err != nil {
		t.Fatal(err)
	}
	confirming := b.mustHold(caller(5, 1), "A-1-3", "D-1-1")
	b.condemn(3, "D-1-4")
	var out BookingView
	if err := b.e.Confirm(confirming.ID, caller(5, 2), "tok_ok", 400*time.Millisecond, &out); err != nil ||
		!out.Confirming {
		t.Fatalf("%v %+v", err, out)
	}
	if p := b.cancel(operatorCaller(2, 1)); p.Held > 1 || p.Paying > 1 || p.Sold > 3 {
		t.Errorf("one booking is counted twice: %+v", p)
	}
	b.restart() // the closed section is back
	p := cancelled(t, b.e, b.event)
	if p.Held+p.Paying+p.Sold+p.Untold+p.Due.Number+p.Failed.Number != 0 {
		t.Errorf("cancelled, and left: %+v", p)
	}
	b.shows("aaaaaaaaaa")
	for no := range storage.SectionNo(5) {
		if got := b.letters(no); got != "aaaa" {
			t.Errorf("section %d shows %s", no, got)
		}
	}
	b.evened(3*4500, whole, partly)
	b.evened(2*4500, confirming.ID)
	for _, id := range []BookingID{held.ID, challenged.ID} {
		if now := b.booking(id); now.State != section.BookingReleased {
			t.Errorf("%v is %v", id, now.State)
		}
		b.evened(0, id)
	}
	b.audited()
}
