package actors

import (
	"context"
	"errors"
	"testing"
	"time"

	"holdfast/actors/cancellation"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// cancel calls the box's event off.
func (b *box) cancel(who Caller) *cancellation.Progress {
	b.t.Helper()
	_, p, err := b.e.CancelEvent(context.Background(), b.event, who, "the singer is ill")
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// cancelled waits until the catalog says that all is over.
func cancelled(t *testing.T, e *Engine, id storage.EventID) *cancellation.Progress {
	t.Helper()
	for deadline := time.Now().Add(patience); ; <-time.After(5 * time.Millisecond) {
		event, p, err := e.CancelProgress(context.Background(), id)
		if err == nil && event.Sale == storage.SaleCancelled {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatalf("never cancelled: %+v, %v", p, err)
		}
	}
}

// TestACancelledEventGivesEverythingBack: P6: holds end, every buyer has all of the money back with its fees, nobody
// can hold, extend or pay any more, and the catalog says cancelled once that is so.
func TestACancelledEventGivesEverythingBack(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held, sold := b.mustHold(caller(1, 1), "A-1-1"), b.mustHold(caller(2, 1), "A-1-2", "A-1-3")
	other := b.mustHold(caller(3, 1), "B-1-1")
	for _, v := range []struct {
		id  BookingID
		who byte
	}{{sold.ID, 2}, {other.ID, 3}} {
		got, err := b.confirm(v.id, caller(v.who, 2), "tok_ok")
		if err != nil || got.State != section.BookingConfirmed {
			t.Fatalf("%+v %v", got, err)
		}
	}
	var out BookingView
	one := RefundCall{Seats: []string{"A-1-2"}}
	if err := b.e.Refund(sold.ID, operatorCaller(9, 9), one, patience, &out); err != nil {
		t.Fatal(err)
	}
	if p := b.cancel(operatorCaller(1, 1)); p.Sections != 2 || p.Cancelling != 2 || p.Unheard != 0 {
		t.Errorf("P3: acknowledged with %+v", p)
	}
	b.cancel(operatorCaller(1, 1)) // a repeat
	b.cancel(operatorCaller(2, 1)) // another operator
	for name, err := range map[string]error{
		"a hold":    func() error { _, err := b.hold(caller(4, 1), "A-1-4"); return err }(),
		"more time": func() error { _, err := b.extend(held.ID, caller(1, 5)); return err }(),
		"a sale":    func() error { _, err := b.e.SetSale(t.Context(), b.event, storage.SaleOpen); return err }(),
	} {
		if !errors.Is(err, ErrEventCancelled) {
			t.Errorf("%s of a cancelled event: %v", name, err)
		}
	}
	var refused *Refusal
	if _, err := b.confirm(held.ID, caller(1, 6), "tok_ok"); !errors.As(err, &refused) ||
		refused.Code != section.EventCancelled {
		t.Errorf("a payment of a cancelled event: %v", err)
	}
	p := cancelled(t, b.e, b.event)
	if p.Refunded.Number+p.Pending.Number != 2 || p.Refunded.Amount+p.Pending.Amount != 2*4500 || p.Failed.Number != 0 {
		t.Errorf("given back: %+v", p)
	}
	for _, id := range []BookingID{sold.ID, other.ID} {
		if captured, back, _ := b.bank.total(t, id); captured != back || captured == 0 {
			t.Errorf("P6: %d taken, %d given back", captured, back)
		}
	}
	if got := b.booking(held.ID); got.State != section.BookingReleased {
		t.Errorf("what was held is %v", got.State)
	}
	if got := b.letters(0) + b.letters(1); got != "aaaaaaaaaaaaaaaa" {
		t.Errorf("the map shows %s", got)
	}
	if header, err := b.e.Event(b.event); err != nil || header.Cancelled == nil ||
		header.Cancelled.Reason != "the singer is ill" {
		t.Errorf("the catalog says %+v: %v", header, err)
	}
	if _, err := b.e.DeleteEvent(t.Context(), b.event, operatorCaller(3, 3)); err != nil {
		t.Errorf("a cancelled event cannot be deleted: %v", err)
	}
}

// TestMoneyTakenWhileAnEventIsCancelledGoesBack: P6, I3: the charge is under way when the event is cancelled, and the
// processor takes the money: nothing is sold, and all of it goes back.
func TestMoneyTakenWhileAnEventIsCancelledGoesBack(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	b.bank.gate, b.bank.asked = make(chan struct{}), make(chan struct{}, 1)
	paid := make(chan error, 1)
	go func() {
		_, err := b.confirm(held.ID, caller(1, 2), "tok_ok")
		paid <- err
	}()
	<-b.bank.asked
	if p := b.cancel(operatorCaller(1, 1)); p.Paying != 1 {
		t.Errorf("the payment under way is not in the progress: %+v", p)
	}
	close(b.bank.gate)
	var refused *Refusal
	if err := <-paid; !errors.As(err, &refused) || refused.Code != section.EventCancelled {
		t.Errorf("the buyer hears %v", err)
	}
	cancelled(t, b.e, b.event)
	if captured, back, _ := b.bank.total(t, held.ID); captured != back || captured != 4500 {
		t.Errorf("P6: %d taken, %d given back", captured, back)
	}
	kinds, _ := changesOf(t, b.inner, b.key(0))
	for i, k := range kinds {
		if k == section.BookingSold {
			t.Errorf("change %d sells in a cancelled event: %v", i, kinds)
		}
	}
	if got := b.booking(held.ID); got.State != section.BookingReleased || len(got.Refunds) != 1 ||
		got.Refunds[0].State == account.Failed.String() {
		t.Errorf("the booking stands as %+v", got)
	}
}

// TestACancellingOutlivesCrashes: everything follows from the logs: an engine that ends after the catalog's word, or in
// the middle of the refunds, is gone on from by the next one.
func TestACancellingOutlivesCrashes(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	var ids []BookingID
	for i, seat := range []string{"A-1-1", "A-1-2", "B-1-1", "B-1-2"} {
		v := b.mustHold(caller(byte(i), 1), seat)
		if _, err := b.confirm(v.ID, caller(byte(i), 2), "tok_ok"); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, v.ID)
	}
	b.bank.refundsLost.Store(1 << 30) // the processor is away
	b.close()
	why := onsale.Cancellation{At: 1, Reason: "storm"} // the node ended before it told any section
	if err := b.inner.ChangeSale(t.Context(), b.event,
		onsale.Change{Sale: storage.SaleCancelling, Cancelled: &why}, storage.OperatorKey{}); err != nil {
		t.Fatal(err)
	}
	b.open()
	b.untilProgress("all refunds due", func(p *cancellation.Progress) bool { return p.Due.Number == 4 })
	b.restart()
	b.untilProgress("still due", func(p *cancellation.Progress) bool { return p.Due.Number == 4 && p.Cancelling == 2 })
	b.bank.refundsLost.Store(0)
	b.restart()
	if p := cancelled(t, b.e, b.event); p.Refunded.Number+p.Pending.Number != 4 {
		t.Errorf("given back: %+v", p)
	}
	for _, id := range ids {
		if captured, back, _ := b.bank.total(t, id); captured != back || captured != 4500 {
			t.Errorf("P6: %d taken, %d given back", captured, back)
		}
	}
}

func (b *box) untilProgress(what string, ok func(*cancellation.Progress) bool) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; <-time.After(5 * time.Millisecond) {
		_, p, err := b.e.CancelProgress(context.Background(), b.event)
		if err == nil && ok(p) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("never came: %s: %+v, %v", what, p, err)
		}
	}
}

// TestACancellingOutlivesItsNodes: P6 over nodes: sections and refunds are of several nodes, one of which dies in the
// middle, with the operator's call.
func TestACancellingOutlivesItsNodes(t *testing.T) {
	f := newFleet(t, 3)
	var ids []BookingID
	for no := range 8 {
		who := byte(no + 1)
		v, err := f.nodes[no%3].hold(caller(who, 1), fleetSeat(no, 1))
		if err != nil {
			t.Fatal(err)
		}
		var out BookingView
		if err := f.nodes[(no+1)%3].e.Confirm(v.ID, caller(who, 2), "tok_ok", patience, &out); err != nil {
			t.Fatal(err)
		}
		if _, err := f.nodes[no%3].hold(caller(who, 3), fleetSeat(no, 2)); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, v.ID)
	}
	if _, p, err := f.nodes[0].e.CancelEvent(t.Context(), f.event, operatorCaller(1, 1), "storm"); err != nil ||
		p.Cancelling != 8 {
		t.Fatalf("%+v, %v", p, err)
	}
	f.kill(f.nodes[0])
	f.lapse(f.nodes[0])
	f.agree()
	p := cancelled(t, f.nodes[1].e, f.event)
	if p.Refunded.Number+p.Pending.Number != 8 || p.Cancelling != 8 {
		t.Errorf("given back: %+v", p)
	}
	for _, id := range ids {
		var out BookingView
		if err := again(func() error {
			return f.nodes[2].e.Booking(id, Caller{Operator: true}, patience, &out)
		}); err != nil || out.State != section.BookingRefunded {
			t.Errorf("booking %v is %v: %v", id, out.State, err)
		}
	}
}
