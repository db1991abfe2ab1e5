package actors

import (
	"errors"
	"sync"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/onsale"
)

// edit changes the event as it stands now.
func (b *box) edit(e onsale.Edit, who Caller) (*storage.Event, error) {
	b.t.Helper()
	who.Operator = true
	if e.Version == 0 {
		e.Version = b.header().Version()
	}
	return b.e.EditEvent(b.t.Context(), b.event, who, e)
}

func (b *box) header() *storage.Event {
	b.t.Helper()
	header, err := b.e.Event(b.event)
	if err != nil {
		b.t.Fatal(err)
	}
	return header
}

// Kind: an edit that reaches back. A limit that is lowered below what a buyer has takes nothing away and gives nothing
// more; holds that stand keep their time; and the next ones go by the new terms, after a restart and a replay too.
func TestEditsChangeWhatComesAndNotWhatStands(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.sale(storage.SaleOpen)
	held := b.mustHold(caller(1, 1), "A-1-1", "A-1-2", "A-1-3", "A-1-4")
	fewer, ttl, name := uint32(2), section.Millis(60_000), "Another night"
	e, err := b.edit(onsale.Edit{Reason: "touts", SeatsPerBuyerMax: &fewer, SeatsPerBookingMax: &fewer, HoldTTL: &ttl,
		Name: &name}, Caller{})
	if err != nil || e.Name != name || e.Sale != storage.SaleOpen {
		t.Fatalf("%+v, %v", e, err)
	}
	check := func(when string) {
		t.Helper()
		if got := b.booking(held.ID); got.State != section.BookingHeld || got.ExpiresAt != held.ExpiresAt {
			t.Errorf("%s: who holds has %+v", when, got)
		}
		if _, err := b.hold(caller(1, 0), "A-2-1"); code(err) != section.TooManyForBuyer.String() {
			t.Errorf("%s: one more of who has four where two are allowed: %v", when, err)
		}
		if _, err := b.hold(caller(2, 0), "A-2-1", "A-2-2", "A-2-3"); code(err) != section.TooManySeats.String() {
			t.Errorf("%s: three where two are allowed: %v", when, err)
		}
		out := b.mustHold(caller(3, 0), "A-2-1")
		if want := section.Instant(b.now.Load()) + 60_000; out.ExpiresAt != want {
			t.Errorf("%s: held until %d, want %d", when, out.ExpiresAt, want)
		}
		if err := b.e.Release(out.ID, Caller{Operator: true}, patience, &out); err != nil {
			t.Fatal(err)
		}
	}
	check("after the edit")
	b.restart()
	check("after a restart")
	if again := b.mustHold(caller(1, 1), "A-1-1", "A-1-2", "A-1-3", "A-1-4"); again.ID != held.ID {
		t.Errorf("P5: the repeat of a hold that is too large by now is %v", again.ID)
	}
	if _, err := b.confirm(held.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Errorf("what is held is paid: %v", err)
	}
	b.audited()
}

// Kind: two operators of whom the later undoes what the first has done unseen. An edit is about the version that was
// seen; its repeat under the key is the first one's answer (P5); and a largest booking that could not be charged is
// refused.
func TestEditsDoNotTakeBackEachOthers(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.sale(storage.SaleOpen)
	seen := b.header().Version()
	name, other := "One", "Two"
	who := caller(9, 1)
	if _, err := b.edit(onsale.Edit{Version: seen, Reason: "r", Name: &name}, who); err != nil {
		t.Fatal(err)
	}
	var changed *onsale.VersionError
	if _, err := b.edit(onsale.Edit{Version: seen, Reason: "r", Name: &other}, caller(9, 2)); !errors.As(
		err, &changed,
	) ||
		changed.Now != seen+1 {
		t.Errorf("an edit of what was seen before: %v", err)
	}
	if e, err := b.edit(onsale.Edit{Version: seen, Reason: "r", Name: &name}, who); err != nil || e.Name != name ||
		e.Version() != seen+1 {
		t.Errorf("P5: the repeat: %+v, %v", e, err)
	}
	if notes := b.header().Edits; len(notes) != 1 || notes[0].Reason != "r" {
		t.Errorf("notes %+v", notes)
	}
	if _, err := b.e.EditEvent(t.Context(), storage.EventID{1}, Caller{Operator: true}, onsale.Edit{}); !errors.Is(err,
		ErrEventUnknown) {
		t.Errorf("an event that is none: %v", err)
	}
}

// Kind: a limit that holds on one node and not on another, or is lost when sections move. While sections and
// coordinators move between nodes and holds come in everywhere, limits go up and down; the audit judges each hold by
// the terms in its section's log (P13, I11).
func TestLimitsAreEditedWhileSectionsMove(t *testing.T) {
	f := newCountedFleet(t, 4)
	calm := f.stir(f.nodes[3])
	var holds sync.WaitGroup
	stop := make(chan struct{})
	for n := range 3 {
		holds.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				who := caller(byte(1+i%5), 0)
				if out, err := f.nodes[n].hold(who, fleetSeat(i%8, 1+(i/8+7*n)%20)); err == nil && i%3 == 0 {
					_ = f.nodes[n].e.Release(out.ID, Caller{Operator: true}, patience, &out)
				}
			}
		})
	}
	var last uint32
	for round := range 6 {
		most := uint32(2 + round%3*3)
		err := again(func() error {
			header, err := f.nodes[round%3].e.Event(f.event)
			if err != nil {
				return err
			}
			edit := onsale.Edit{Version: header.Version(), Reason: "r", SeatsPerBuyerMax: &most}
			_, err = f.nodes[round%3].e.EditEvent(t.Context(), f.event, Caller{Operator: true}, edit)
			var changed *onsale.VersionError
			if errors.As(err, &changed) {
				return ErrUnavailable // this node has not read the catalog yet
			}
			return err
		})
		if err != nil {
			t.Errorf("edit %d: %v", round, err)
		}
		last = most
		<-time.After(10 * time.Millisecond) // holds come in by these terms
	}
	close(stop)
	holds.Wait()
	calm()
	header, err := f.store.Event(t.Context(), f.event)
	if err != nil || header.Rules.SeatsPerBuyerMax != last {
		t.Errorf("the event stands as %+v, %v", header, err)
	}
	f.audited()
}
