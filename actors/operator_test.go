package actors

import (
	"context"
	"errors"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

func operatorCaller(key byte, fingerprint uint64) Caller {
	return Caller{Operator: true, Request: section.RequestID{key}, Fingerprint: fingerprint}
}

func (b *box) switchSale(who Caller, to storage.SaleState) (storage.SaleState, error) {
	e, err := b.e.SetSaleOnce(context.Background(), b.event, who, to)
	if err != nil {
		return "", err
	}
	return e.Sale, nil
}

// TestSaleSwitchOnce: P5, a key throws the switch once; with another wish it is a mismatch.
func TestSaleSwitchOnce(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	paused, open := operatorCaller(1, 1), operatorCaller(2, 2)
	b.live()
	b.store.Add(faultstore.Rule{Op: faultstore.OpCatalog, Times: 1, Do: faultstore.Fail})
	if _, err := b.switchSale(paused, storage.SalePaused); err == nil {
		t.Fatal("a switch that was not stored is told as thrown")
	}
	for _, row := range []struct {
		name string
		who  Caller
		to   storage.SaleState
		want storage.SaleState
		err  error
	}{
		{"again after the failure", paused, storage.SalePaused, storage.SalePaused, nil},
		{"repeat", paused, storage.SalePaused, storage.SalePaused, nil},
		{"another wish under the key", operatorCaller(1, 9), storage.SaleOpen, "", ErrMismatch},
		{"another key", open, storage.SaleOpen, storage.SaleOpen, nil},
		{"a late repeat changes nothing", paused, storage.SalePaused, storage.SaleOpen, nil},
		{"the same after a restart", Caller{}, "restart", storage.SaleOpen, nil},
		{"a late repeat after a restart changes nothing", paused, storage.SalePaused, storage.SaleOpen, nil},
		{"another wish under the key after a restart", operatorCaller(1, 9), storage.SaleClosed, "", ErrMismatch},
		{"no key", Caller{}, storage.SalePaused, storage.SalePaused, nil},
		{"no key again", Caller{}, storage.SaleOpen, storage.SaleOpen, nil},
	} {
		if row.to == "restart" {
			b.restart()
			continue
		}
		if got, err := b.switchSale(row.who, row.to); got != row.want || !errors.Is(err, row.err) {
			t.Errorf("P5: %s: %v %v, want %v %v", row.name, got, err, row.want, row.err)
		}
	}
	_, err := b.e.CreateEvent(context.Background(), &storage.Event{Create: paused.Request, CreateFingerprint: 1}, nil)
	if !errors.Is(err, ErrMismatch) {
		t.Errorf("P5: the switch's key used to create: %v", err)
	}
}

func (b *box) block(who Caller, unblock bool, seats ...string) error {
	return b.e.Block(b.event, who, seats, unblock, patience)
}

// TestBlockAcrossSections: P5, a call over two sections has one effect and one answer, whatever came of its seats
// since, also after a restart.
func TestBlockAcrossSections(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	seats := []string{"A-1-1", "A-1-2", "B-1-1"}
	block, unblock := operatorCaller(1, 1), operatorCaller(2, 2)
	step := func(name string, err error, want string) {
		t.Helper()
		if code(err) != want {
			t.Errorf("P5: %s: %v, want %s", name, err, want)
		}
	}
	step("block", b.block(block, false, seats...), "accepted")
	step("block again", b.block(block, false, seats...), "accepted")
	step("other seats under the key", b.block(operatorCaller(1, 7), false, "B-1-5"), ErrMismatch.Error())
	step("unblock", b.block(unblock, true, seats...), "accepted")
	step("unblock again", b.block(unblock, true, seats...), "accepted")
	b.mustHold(caller(1, 1), "A-1-1")
	step("block again after the seats were put back and one was held", b.block(block, false, seats...), "accepted")
	b.restart()
	step("unblock again after a restart", b.block(unblock, true, seats...), "accepted")
	if got := b.letters(0)[:2] + b.letters(1)[:1]; got != "haa" {
		t.Errorf("P5: repeats had an effect: %q", got)
	}
	step("a new wish with a seat in the way", b.block(operatorCaller(3, 3), false, seats...), "seats_not_free")
	if got := b.letters(1)[:1]; got != "a" {
		t.Errorf("a refused call blocked a seat: %q", got)
	}
	step("the refused key with another body", b.block(operatorCaller(3, 4), false, "A-1-2"), "accepted")
}

// TestBlockIsFinishedByItsKey: P5, a call that stopped between two sections goes on where it stopped.
func TestBlockIsFinishedByItsKey(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	b.live()
	who := operatorCaller(1, 1)
	b.store.Add(
		faultstore.Rule{
			Op: faultstore.OpCommit, Kind: storage.EntryChanges, After: 1, Times: 1, Do: faultstore.Lose,
			Err: errBroken,
		},
	)
	if err := b.block(who, false, "A-1-1", "B-1-1"); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("section B could not write: %v", err)
	}
	if err := b.block(operatorCaller(1, 2), false, "B-1-2"); !errors.Is(err, ErrMismatch) {
		t.Errorf("P5: half done, the key was taken for another body: %v", err)
	}
	if err := b.retry(func() error { return b.block(who, false, "A-1-1", "B-1-1") }); err != nil {
		t.Error(err)
	}
	if got := b.letters(0)[:1] + b.letters(1)[:1]; got != "bb" {
		t.Errorf("the seats are %q", got)
	}
}
