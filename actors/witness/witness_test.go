package witness_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/witness"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

var key = storage.SectionKey{Event: storage.EventID{1}, Section: 3}

// write appends so many records and gives the log's tail after each.
func write(t *testing.T, store storage.Store, n int) (tails []storage.Tail) {
	t.Helper()
	tail, err := store.Tail(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		e := storage.Entry{
			Kind: storage.EntryClaim, Seq: tail.Seq + 1, Epoch: tail.Epoch + 1, Writer: storage.NewWriterID(),
			Batch: storage.NewBatchID(), At: tail.At + 1, Prev: tail.Hash,
		}
		if err := store.Commit(t.Context(), []storage.Append{{Section: key, Entry: e}})[0]; err != nil {
			t.Fatal(err)
		}
		tail = e.After(storage.HashEntry(&e))
		tails = append(tails, tail)
	}
	return tails
}

func markOf(tail storage.Tail) witness.Mark {
	return witness.Mark{Seq: tail.Seq, Epoch: tail.Epoch, Hash: tail.Hash}
}

// TestALogWithoutWhatWasAcknowledgedIsLost guards P2: a log that is shorter than it was, or has other records where the
// acknowledged ones were, however far it goes on. What is not known contradicts nothing.
func TestALogWithoutWhatWasAcknowledgedIsLost(t *testing.T) {
	store := memstore.New()
	tails := write(t, store, 10)
	whole := func(m witness.Mark, says string) {
		t.Helper()
		tail, err := store.Tail(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		err = m.Check(t.Context(), store, key, tail)
		var lost *witness.LostError
		switch {
		case says == "" && err != nil:
			t.Errorf("record %d of a log that has it: %v", m.Seq, err)
		case says != "" && (!errors.As(err, &lost) || !strings.Contains(err.Error(), says)):
			t.Errorf("record %d: %v, want %q", m.Seq, err, says)
		}
	}
	for _, tail := range tails {
		whole(markOf(tail), "")
	}
	whole(witness.Mark{}, "")
	store.Lose(key, 7)
	whole(markOf(tails[6]), "")
	whole(markOf(tails[9]), "ends at record 7, and record 10 had been acknowledged")
	write(t, store, 3)
	whole(markOf(tails[9]), "record 10 is another one")
	write(t, store, 5)
	whole(markOf(tails[9]), "goes on to record 15 without what followed")
	whole(markOf(tails[6]), "")
}

// TestChargedBookingsThatTheLogLacksAreLost guards P6: the processor's books are a witness too; what an operator has
// accepted is told no more.
func TestChargedBookingsThatTheLogLacksAreLost(t *testing.T) {
	w := witness.New()
	s := w.Of(key)
	s.Charged(100)
	s.Charged(90)
	if err := s.Mark().CheckCharged(key, storage.Tail{}, 100); err != nil {
		t.Error(err)
	}
	if err := s.Mark().CheckCharged(key, storage.Tail{}, 99); err == nil {
		t.Error("booking 100 was charged and is not in the log: not a word")
	}
	s.Accept(storage.Tail{Seq: 5})
	if err := s.Mark().CheckCharged(key, storage.Tail{}, 99); err != nil {
		t.Error(err)
	}
}

// TestAMarkOnlyGrowsUntilALossIsAccepted: a log that has lost a record and goes on must not make its own records the
// ones that were acknowledged.
func TestAMarkOnlyGrowsUntilALossIsAccepted(t *testing.T) {
	w := witness.New()
	s := w.Of(key)
	s.Saw(10, 2, storage.Hash{10})
	s.Saw(9, 2, storage.Hash{9})
	if m := s.Mark(); m.Seq != 10 || m.Hash != (storage.Hash{10}) {
		t.Errorf("went back to %+v", m)
	}
	s.Contradicted(witness.Mark{Seq: 8, Epoch: 2, Hash: storage.Hash{8}})
	s.Saw(30, 3, storage.Hash{30})
	if m := s.Mark(); m.Seq != 8 {
		t.Errorf("what the log lacks was forgotten: %+v", m)
	}
	s.Accept(storage.Tail{Seq: 7, Epoch: 1, Hash: storage.Hash{7}})
	s.Saw(31, 3, storage.Hash{31})
	if m := s.Mark(); m.Seq != 31 {
		t.Errorf("after an accepted loss: %+v", m)
	}
}

func open(t *testing.T, dir string) *witness.Witness {
	t.Helper()
	w, err := witness.Open(dir, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestMarksSurviveTheProcess guards P2: after a graceful stop they are exact.
func TestMarksSurviveTheProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	w := open(t, dir)
	want := map[storage.SectionKey]witness.Mark{}
	for no := range storage.SectionNo(100) {
		k := storage.SectionKey{Event: storage.EventID{byte(no)}, Section: no}
		w.Of(k).Saw(section.Seq(no+1), 4, storage.Hash{byte(no)})
		want[k] = witness.Mark{Seq: section.Seq(no + 1), Epoch: 4, Hash: storage.Hash{byte(no)}}
	}
	if _, err := witness.Open(dir, nil); !errors.Is(err, storage.ErrInUse) {
		t.Errorf("two nodes have one folder: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = open(t, dir)
	w.Each(func(k storage.SectionKey, m witness.Mark) {
		if want[k] != m {
			t.Errorf("%v: %+v, want %+v", k, m, want[k])
		}
		delete(want, k)
	})
	if len(want) != 0 {
		t.Errorf("forgotten: %v", want)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedMarksAreNoMarks: whoever cannot read what was acknowledged says so, and does not begin with nothing.
func TestDamagedMarksAreNoMarks(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	w.Of(key).Saw(1, 1, storage.Hash{1})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "acknowledged")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		b := append([]byte(nil), whole...)
		b[at] ^= 4
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := witness.Read(dir); !errors.Is(err, witness.ErrDamaged) {
			t.Fatalf("byte %d is wrong: %v", at, err)
		}
		if err := os.WriteFile(path, whole[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := witness.Read(dir); !errors.Is(err, witness.ErrDamaged) {
			t.Fatalf("cut to %d bytes: %v", at, err)
		}
	}
}

// TestAStoreThatCannotBeReadIsNoLoss: P3, not known is not lost.
func TestAStoreThatCannotBeReadIsNoLoss(t *testing.T) {
	store := memstore.New()
	tails := write(t, store, 3)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	err := markOf(tails[1]).Check(context.Background(), store, key, tails[2])
	var lost *witness.LostError
	if err == nil || errors.As(err, &lost) {
		t.Errorf("%v", err)
	}
}
