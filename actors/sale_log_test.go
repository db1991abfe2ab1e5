package actors

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"holdfast/actors/section"
	"holdfast/actors/section/sales"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

// changesOf are the kinds of the changes in a section's log, in order, with the turns of the switch.
func changesOf(
	t *testing.T, store storage.Store, key storage.SectionKey,
) (kinds []section.ChangeKind, turns []sales.Turn) {
	t.Helper()
	err := store.Read(context.Background(), key, 0, func(e *storage.Entry, _ storage.Hash) error {
		if e.Kind != storage.EntryChanges {
			return nil
		}
		return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
			if kinds = append(kinds, c.Kind); c.Kind == section.SaleSwitched {
				turns = append(turns, c.Sale)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds, turns
}

// forgetTurns has a node believe an older catalog, as one does that has not heard.
func forgetTurns(t *testing.T, e *Engine, id storage.EventID, stale *storage.Event) {
	t.Helper()
	ev, err := e.event(id)
	if err != nil {
		t.Fatal(err)
	}
	ev.header.Store(stale.Clone())
}

// TestASwitchIsFencedInEverySectionsLog: once the operator has heard, no section grants a hold under the old state,
// whatever its node believes of the catalog; the logs say under which state each hold was decided (P10).
func TestASwitchIsFencedInEverySectionsLog(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	held := b.mustHold(caller(1, 1), "A-1-1")
	open, err := b.e.Event(b.event)
	if err != nil {
		t.Fatal(err)
	}
	for _, sale := range []storage.SaleState{storage.SalePaused, storage.SaleClosed} {
		b.sale(sale)
		forgetTurns(t, b.e, b.event, open)
		for _, seat := range []string{"A-1-2", "B-1-1"} {
			if _, err := b.hold(caller(2, 0), seat); !errors.Is(err, ErrSaleNotOpen) {
				t.Errorf("%s, on a node that has not heard: %v", sale, err)
			}
		}
		if _, err := b.best(caller(2, 0), BestAvailable{Quantity: 2}); !errors.Is(err, ErrSaleNotOpen) {
			t.Errorf("%s, best available on a node that has not heard: %v", sale, err)
		}
	}
	if _, err := b.extend(held.ID, caller(1, 0)); !errors.Is(err, ErrSaleNotOpen) {
		t.Errorf("more time, on a node that has not heard: %v", err)
	}
	b.sale(storage.SaleOpen)
	b.mustHold(caller(3, 1), "A-1-3")
	kinds, turns := changesOf(t, b.inner, b.key(0))
	want := []sales.Turn{sales.Of(1, sales.Paused), sales.Of(2, sales.Closed),
		sales.Of(3, sales.Open)}
	if !slices.Equal(turns, want) || kinds[0] != section.HoldPlaced || kinds[4] != section.HoldPlaced {
		t.Errorf("the log says %v, turns %v", kinds, turns)
	}
}

// TestATurnThatASectionMissedComesBeforeItsFirstGrant: a turn of which only the catalog knows is logged when the
// section is claimed.
func TestATurnThatASectionMissedComesBeforeItsFirstGrant(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-1")
	b.close()
	for _, sale := range []storage.SaleState{storage.SalePaused, storage.SaleOpen} {
		if err := b.inner.SetSale(t.Context(), b.event, sale, storage.OperatorKey{}); err != nil {
			t.Fatal(err)
		}
	}
	b.open()
	b.mustHold(caller(1, 2), "A-1-2")
	kinds, turns := changesOf(t, b.inner, b.key(0))
	if !slices.Equal(kinds, []section.ChangeKind{section.HoldPlaced, section.SaleSwitched, section.HoldPlaced}) ||
		turns[0] != sales.Of(2, sales.Open) {
		t.Errorf("the log says %v, turns %v", kinds, turns)
	}
}

// TestASwitchIsNotAcknowledgedWhileASectionLacksIt: P3: the catalog's word stands, and nobody knows; the same key says
// when all have it.
func TestASwitchIsNotAcknowledgedWhileASectionLacksIt(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-1")
	key := b.key(1)
	rule := faultstore.Rule{Op: faultstore.OpCommit, Section: &key, Do: faultstore.Lose}
	b.store.Add(rule)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	who := operatorCaller(1, 7)
	if _, err := b.e.SetSaleOnce(ctx, b.event, who, storage.SaleClosed); !errors.Is(err, ErrUnavailable) {
		t.Errorf("with a section away: %v", err)
	}
	if e, err := b.inner.Event(t.Context(), b.event); err != nil || e.Sale != storage.SaleClosed {
		t.Errorf("the catalog says %v: %v", e.Sale, err)
	}
	b.store.Heal()
	if err := b.retry(func() error {
		_, err := b.e.SetSaleOnce(t.Context(), b.event, who, storage.SaleClosed)
		return err
	}); err != nil {
		t.Errorf("the same key, later: %v", err)
	}
	if _, turns := changesOf(t, b.inner, key); !slices.Equal(turns, []sales.Turn{sales.Of(1, sales.Closed)}) {
		t.Errorf("the section's log has %v", turns)
	}
}

// TestACatalogThatLostTurnsIsAheadAgain: a store that came back with an older catalog gives a new turn an old number,
// which sections would not take.
func TestACatalogThatLostTurnsIsAheadAgain(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-1")
	stale, err := b.e.Event(b.event)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.section(0).turn(sales.Of(50, sales.Open), deadlineSoon()); err != nil {
		t.Fatal(err)
	}
	b.sale(storage.SaleClosed)
	forgetTurns(t, b.e, b.event, stale)
	if _, err := b.hold(caller(2, 0), "A-1-2"); !errors.Is(err, ErrSaleNotOpen) {
		t.Errorf("a sale that was closed with an old number: %v", err)
	}
	if e, err := b.inner.Event(t.Context(), b.event); err != nil || e.SaleNo != 51 || e.Sale != storage.SaleClosed {
		t.Errorf("the catalog's turn is %d, %s: %v", e.SaleNo, e.Sale, err)
	}
}

// TestASwitchOutlivesItsNodes: the turn stands in the logs of sections of all nodes, and whoever takes one over goes by
// it, with whatever catalog.
func TestASwitchOutlivesItsNodes(t *testing.T) {
	f := newFleet(t, 3)
	open, err := f.nodes[1].e.Event(f.event)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.nodes[0].e.SetSale(t.Context(), f.event, storage.SalePaused); err != nil {
		t.Fatal(err)
	}
	stale := func() {
		for _, n := range f.living() {
			forgetTurns(t, n.e, f.event, open)
		}
	}
	stale()
	for no := range 8 {
		if _, err := f.nodes[1].hold(caller(byte(no), 0), fleetSeat(no, 1)); !errors.Is(err, ErrSaleNotOpen) {
			t.Errorf("section %d: %v", no, err)
		}
	}
	f.kill(f.nodes[0])
	stale()
	f.lapse(f.nodes[0])
	f.agree()
	f.eventually("the others have all sections", func() bool { return f.serving() == 8 })
	for no := range 8 {
		err := again(func() error {
			_, err := f.nodes[1].hold(caller(byte(no), 0), fleetSeat(no, 1))
			return err
		})
		if !errors.Is(err, ErrSaleNotOpen) {
			t.Errorf("section %d after a takeover: %v", no, err)
		}
	}
}
