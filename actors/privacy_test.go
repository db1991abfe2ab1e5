package actors

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/actors/pseudonym"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

// askedStore counts how often a key is read.
type askedStore struct {
	storage.Store
	asked atomic.Int32
}

func (s *askedStore) EventKey(ctx context.Context, id storage.EventID) (storage.EventKey, error) {
	s.asked.Add(1)
	return s.Store.EventKey(ctx, id)
}

// show makes one more event, of the small plan, whose sale is closed.
func (b *box) show(create byte) *storage.Event {
	b.t.Helper()
	made, err := b.e.CreateEvent(b.t.Context(), b.wish(create), b.smallVenue())
	if err != nil {
		b.t.Fatal(err)
	}
	return made
}

func (b *box) wish(create byte) *storage.Event {
	return &storage.Event{Name: "show", Currency: "EUR", Rules: boxRules(), Create: section.RequestID{create},
		CreateFingerprint: 1}
}

func (b *box) smallVenue() *venue.Venue {
	b.t.Helper()
	v, err := venue.Parse([]byte(smallPlan), venue.Options{Name: "small"})
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// named is what an event's logs call a subject.
func named(t *testing.T, e *Engine, event storage.EventID, subject string) section.BuyerID {
	t.Helper()
	key, err := e.PseudonymKey(event)
	if err != nil || key == nil {
		t.Fatalf("the key of event %v: %v %v", event, key, err)
	}
	return key.Of(subject)
}

// TestEveryEventNamesPeopleItsOwnWay guards P14 and P7: one name an event, the same at every node and after every
// restart, another in every other event, also where two copies of one store make an event under one key; and the store
// is asked once.
func TestEveryEventNamesPeopleItsOwnWay(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	counting := &askedStore{Store: b.store}
	b.config.Store = counting
	b.restart()
	one, two := named(t, b.e, b.event, "alice"), named(t, b.e, b.show(1).ID, "alice")
	if one == two {
		t.Error("P14: one name in two events")
	}
	for range 100 {
		if named(t, b.e, b.event, "alice") != one || named(t, b.e, b.event, "bob") == one {
			t.Fatal("one event names alice in two ways, or bob as her")
		}
	}
	if asked := counting.asked.Load(); asked != 2 {
		t.Errorf("P7: the store was asked for a key %d times for two events", asked)
	}
	b.restart()
	if named(t, b.e, b.event, "alice") != one {
		t.Error("P5: another name after a restart")
	}

	copied := &box{t: t, config: b.config}
	copied.config.Store = b.inner.Clone()
	copied.open()
	t.Cleanup(func() { copied.close() })
	if named(t, copied.e, b.event, "alice") != one {
		t.Error("P5: a copy of the store does not know alice again")
	}
	here, there := b.show(2), copied.show(2)
	if here.ID != there.ID || named(t, b.e, here.ID, "alice") == named(t, copied.e, there.ID, "alice") {
		t.Error("P14: two copies of a store made one key for an event that each made on its own")
	}
}

// TestEventsOfEarlierBuildsKeepTheirWay guards P5 and P14: no key, and none is made for them later; they cannot be
// forgotten, and it is said so.
func TestEventsOfEarlierBuildsKeepTheirWay(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	old := b.wish(0)
	old.ID, old.Sale = storage.NewEventID(), storage.SaleClosed
	old.Sections = []storage.SectionInfo{{ID: "A", Seats: 10}, {ID: "B", Seats: 6}}
	if err := b.inner.CreateEvent(t.Context(), old, b.smallVenue().Encode()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.restart()
		if key, err := b.e.PseudonymKey(old.ID); key != nil || err != nil {
			t.Fatalf("P5: an event of before has the key %v, %v", key, err)
		}
	}
	if _, err := b.e.SetSale(t.Context(), old.ID, storage.SaleOpen); err != nil {
		t.Fatal(err)
	}
	if _, err := b.e.ForgetEvent(t.Context(), old.ID, operatorCaller(1, 1), pseudonym.Forgetting{}); !errors.Is(err,
		pseudonym.ErrNotForgettable) {
		t.Errorf("P14: forgotten without a key: %v", err)
	}
}

// TestACreationCutOffKeepsItsKey guards P14 and P5: the key is durable before the event is there, and a repeat of the
// creation finds that key.
func TestACreationCutOffKeepsItsKey(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.store.Add(faultstore.Rule{Op: faultstore.OpCatalog, After: 2, Times: 1, Do: faultstore.Fail})
	if _, err := b.e.CreateEvent(t.Context(), b.wish(3), b.smallVenue()); err == nil {
		t.Fatal("created although the event was not written")
	}
	id := createdID(b.wish(3).Create)
	first, err := b.inner.EventKey(t.Context(), id)
	if err != nil {
		t.Fatalf("P14: no key was there before the event: %v", err)
	}
	b.restart()
	if made := b.show(3); made.ID != id {
		t.Fatalf("P5: another event: %v", made.ID)
	}
	if now, err := b.inner.EventKey(t.Context(), id); err != nil || now != first {
		t.Errorf("P5: the repeat made another key: %v", err)
	}
	b.store.Add(faultstore.Rule{Op: faultstore.OpCatalog, After: 1, Times: 1, Do: faultstore.Fail})
	if _, err := b.e.CreateEvent(t.Context(), b.wish(4), b.smallVenue()); err == nil {
		t.Error("created although no key was written")
	}
	if _, err := b.inner.Event(t.Context(), createdID(b.wish(4).Create)); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("P14: an event without its key: %v", err)
	}
}

// TestNobodyIsNamedByAWrongKey guards P3: a key that is missing, cannot be read, or is of a later build's kind refuses.
func TestNobodyIsNamedByAWrongKey(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	missing, later := b.wish(0), b.wish(0)
	missing.ID, missing.Pseudonyms = storage.NewEventID(), storage.PseudonymsKeyed
	later.ID, later.Pseudonyms = storage.NewEventID(), storage.PseudonymsKeyed+1
	for _, e := range []*storage.Event{missing, later} {
		if err := b.inner.CreateEvent(t.Context(), e, b.smallVenue().Encode()); err != nil {
			t.Fatal(err)
		}
	}
	b.restart()
	for _, id := range []storage.EventID{missing.ID, later.ID} {
		if key, err := b.e.PseudonymKey(id); key != nil || !errors.Is(err, ErrUnavailable) {
			t.Errorf("P3: event %v: %v, %v", id, key, err)
		}
	}
	b.store.Add(faultstore.Rule{Op: faultstore.OpCatalog, Times: 1, Do: faultstore.Fail})
	if key, err := b.e.PseudonymKey(b.event); key != nil || !errors.Is(err, ErrUnavailable) {
		t.Errorf("P3: an unreachable store: %v, %v", key, err)
	}
	named(t, b.e, b.event, "alice") // and then it is there
	if _, err := b.e.PseudonymKey(storage.NewEventID()); !errors.Is(err, ErrEventUnknown) {
		t.Errorf("no event: %v", err)
	}
}

// TestForgettingWaitsForTheEnd guards P14: nobody who still needs to be known is forgotten, once forgotten nothing is
// sold, and each call has its effect once (P5).
func TestForgettingWaitsForTheEnd(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	who := operatorCaller(1, 1)
	forget := func(how pseudonym.Forgetting) error {
		_, err := b.e.ForgetEvent(t.Context(), b.event, who, how)
		return err
	}
	notOver := func(what string, err error) {
		t.Helper()
		var no *pseudonym.NotOverError
		if !errors.As(err, &no) {
			t.Errorf("P14: forgotten %s: %v", what, err)
		}
	}
	hold := b.mustHold(caller(1, 1), "A-1-2")
	notOver("while it is on sale", forget(pseudonym.Forgetting{}))
	for _, sale := range []storage.SaleState{storage.SalePaused, storage.SaleClosed} {
		if _, err := b.e.SetSale(t.Context(), b.event, sale); err != nil {
			t.Fatal(err)
		}
		notOver("with a hold, "+string(sale), forget(pseudonym.Forgetting{}))
	}
	if _, err := b.confirm(hold.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	named(t, b.e, b.event, "alice")
	if err := forget(pseudonym.Forgetting{Reason: "over"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if key, err := b.e.PseudonymKey(b.event); key != nil || !errors.Is(err, ErrForgotten) {
			t.Errorf("P14: %v, %v", key, err)
		}
		if err := forget(pseudonym.Forgetting{Reason: "over"}); err != nil {
			t.Errorf("P5: a repeat: %v", err)
		}
		if _, err := b.e.SetSale(t.Context(), b.event, storage.SaleOpen); !errors.Is(err, ErrForgotten) {
			t.Errorf("P14: on sale again: %v", err)
		}
		b.restart()
	}
	header, err := b.e.ForgetEvent(t.Context(), b.event, operatorCaller(2, 9), pseudonym.Forgetting{Reason: "again"})
	if err != nil || header.Forgotten.Reason != "over" {
		t.Errorf("forgetting again: %+v %v", header, err)
	}
	if view := b.booking(hold.ID); view.State != section.BookingConfirmed {
		t.Errorf("P10: the booking is in state %d", view.State)
	}
	if _, err := b.inner.EventKey(t.Context(), b.event); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("P14: the key is there: %v", err)
	}
}

// TestAShowThatHasNotBegunIsForgottenOnlyWhenSaid guards P14: an operator's slip takes nobody's ticket away.
func TestAShowThatHasNotBegunIsForgottenOnlyWhenSaid(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	wish := b.wish(5)
	wish.StartsAt = section.Instant(b.now.Load() + 1000)
	made, err := b.e.CreateEvent(t.Context(), wish, b.smallVenue())
	if err != nil {
		t.Fatal(err)
	}
	var no *pseudonym.NotOverError
	if _, err := b.e.ForgetEvent(t.Context(), made.ID, operatorCaller(11, 1), pseudonym.Forgetting{}); !errors.As(
		err, &no,
	) {
		t.Errorf("P14: before the show: %v", err)
	}
	b.now.Add(1000)
	if _, err := b.e.ForgetEvent(t.Context(), made.ID, operatorCaller(12, 1), pseudonym.Forgetting{}); err != nil {
		t.Errorf("after its beginning: %v", err)
	}
	wish.Create, wish.StartsAt = section.RequestID{6}, section.Instant(b.now.Load()+1000)
	if made, err = b.e.CreateEvent(t.Context(), wish, b.smallVenue()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.e.DeleteEvent(t.Context(), made.ID, operatorCaller(13, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.e.ForgetEvent(t.Context(), made.ID, operatorCaller(14, 1), pseudonym.Forgetting{}); err != nil {
		t.Errorf("a deleted event: %v", err)
	}
}

// doubtfulStore loses the answer to the first ForgetEvent, or the call.
type doubtfulStore struct {
	storage.Store
	done  bool
	calls int
}

func (s *doubtfulStore) ForgetEvent(
	ctx context.Context, id storage.EventID, why storage.Forgetting, key storage.OperatorKey,
) (err error) {
	if s.calls++; s.calls > 1 {
		return s.Store.ForgetEvent(ctx, id, why, key)
	}
	if s.done {
		err = s.Store.ForgetEvent(ctx, id, why, key)
	}
	return errors.Join(storage.ErrUnknown, err)
}

// TestAForgettingInDoubtIsFinished guards P14 and P5: the mark stands and the answer was lost, or nothing stands; a
// repeat under the same key ends it, at whichever node.
func TestAForgettingInDoubtIsFinished(t *testing.T) {
	for name, done := range map[string]bool{"lost": false, "done": true} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, boxRules(), Config{})
			b.config.Store = &doubtfulStore{Store: b.store, done: done}
			b.restart()
			made := b.show(7)
			named(t, b.e, made.ID, "alice")
			who := operatorCaller(1, 1)
			if _, err := b.e.ForgetEvent(t.Context(), made.ID, who, pseudonym.Forgetting{}); !errors.Is(
				err, ErrUnavailable,
			) {
				t.Fatalf("P3: in doubt: %v", err)
			}
			header, err := b.e.ForgetEvent(t.Context(), made.ID, operatorCaller(1, 1), pseudonym.Forgetting{})
			if err != nil || header.Forgotten == nil {
				t.Errorf("the repeat: %+v %v", header, err)
			}
			if key, err := b.e.PseudonymKey(made.ID); key != nil || !errors.Is(err, ErrForgotten) {
				t.Errorf("P14: %v, %v", key, err)
			}
		})
	}
}

// TestAllNodesForget guards P14 over nodes: when the call is answered, no node that can be reached makes a pseudonym;
// one that is cut off stops once it reads the catalog.
func TestAllNodesForget(t *testing.T) {
	f := newFleet(t, 3)
	first := named(t, f.nodes[0].e, f.event, "alice")
	for _, n := range f.nodes {
		if named(t, n.e, f.event, "alice") != first {
			t.Fatal("P5: nodes name alice in two ways")
		}
	}
	if _, err := f.nodes[0].e.SetSale(t.Context(), f.event, storage.SaleClosed); err != nil {
		t.Fatal(err)
	}
	f.cut(f.nodes[0], f.nodes[2])
	var using sync.WaitGroup
	stop := make(chan struct{})
	for _, n := range f.nodes { // keys are asked for all the while
		using.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = n.e.PseudonymKey(f.event)
				}
			}
		})
	}
	_, err := f.nodes[0].e.ForgetEvent(t.Context(), f.event, operatorCaller(1, 1), pseudonym.Forgetting{Reason: "over"})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range f.nodes[:2] {
		if key, err := n.e.PseudonymKey(f.event); key != nil || !errors.Is(err, ErrForgotten) {
			t.Errorf("P14: a node that was told: %v, %v", key, err)
		}
	}
	f.eventually("the node that was cut off has forgotten", func() bool {
		_, err := f.nodes[2].e.PseudonymKey(f.event)
		return errors.Is(err, ErrForgotten)
	})
	close(stop)
	using.Wait()
	for _, n := range f.nodes {
		ev, err := n.e.event(f.event)
		if err != nil || !ev.key.Empty() {
			t.Errorf("P14: a node keeps the key in memory: %v", err)
		}
	}
}
