package actors

import (
	"errors"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/witness"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

func (s *Section) lifeNow() Lifecycle {
	return s.shard.Phase()
}

func tailOf(t testing.TB, store storage.Store, key storage.SectionKey) storage.Tail {
	t.Helper()
	tail, err := store.Tail(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tail
}

// TestASectionThatStoodStillDoesNotSellWhatWasLost guards P1 and P2: records are lost while nobody writes; the next
// start does not serve the section, says what is missing, serves the others, and says it again after the next restart.
// Once an operator has accepted the loss it serves, and gives no booking number that was given before.
func TestASectionThatStoodStillDoesNotSellWhatWasLost(t *testing.T) {
	b := newBox(t, boxRules(), Config{Witness: witness.New()}) // stands for its file
	sold := b.mustHold(caller(1, 1), "A-1-1")
	if _, err := b.confirm(sold.ID, caller(1, 2), "tok_ok"); err != nil {
		t.Fatal(err)
	}
	key := b.section(0).key
	b.close()
	b.inner.Lose(key, 1)
	for range 2 {
		b.open()
		if out, err := b.hold(caller(2, 3), "A-1-1"); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("P1: the seat that was sold is held again: %+v, %v", out, err)
		}
		s := b.section(0)
		var lost *witness.LostError
		if s.lifeNow() != Condemned || !errors.As(s.shard.Why(), &lost) || b.e.Stats().LogLost.Load() != 1 {
			t.Errorf("%v because of %v, %d lost", s.lifeNow(), s.shard.Why(), b.e.Stats().LogLost.Load())
		}
		b.mustHold(caller(2, 4), "B-1-1")
		b.close()
	}
	b.now.Add(1) // a life of another millisecond
	b.config.Witness.Of(key).Accept(tailOf(t, b.inner, key))
	b.open()
	if again := b.mustHold(caller(2, 5), "A-1-1"); again.ID == sold.ID {
		t.Errorf("booking id %v was given twice", again.ID)
	}
}

// TestChargesOfBookingsThatTheLogLacksCloseTheSection guards P6: the processor's books know of a booking that was lost.
func TestChargesOfBookingsThatTheLogLacksCloseTheSection(t *testing.T) {
	b := newBox(t, boxRules(), Config{})
	sold := b.mustHold(caller(1, 1), "A-1-1")
	key := b.section(0).key
	b.close()
	b.inner.Lose(key, 1)
	b.config.Witness = witness.New()
	b.config.Witness.Of(key).Charged(sold.ID.No)
	b.open()
	if _, err := b.hold(caller(2, 3), "A-1-1"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("hold: %v", err)
	}
}

// loses takes the newest records of a section's log away.
func (f *fleet) loses(no storage.SectionNo, records section.Seq) {
	store, key := f.store.(*gatedStore).Store.(*memstore.Store), storage.SectionKey{Event: f.event, Section: no}
	store.Lose(key, tailOf(f.t, store, key).Seq-records)
}

// TestASuccessorDoesNotServeWhatTheDatabaseLost guards P1 and P2: the owner dies, the database fails over to a copy
// that lacks its newest records, and a node that followed them takes over.
func TestASuccessorDoesNotServeWhatTheDatabaseLost(t *testing.T) {
	f := newFleet(t, 2)
	owner := f.owner(0)
	var heir *fleetNode
	for _, n := range f.living() {
		if n != owner {
			heir = n
		}
	}
	if _, err := owner.hold(caller(1, 1), "A-1-1"); err != nil {
		t.Fatal(err)
	}
	f.eventually("the heir has followed", func() bool {
		at, ok := heir.section(0).following().CaughtUp()
		return ok && at == tailOf(t, f.store, heir.section(0).key)
	})
	f.kill(owner)
	f.loses(0, 1)
	f.lapse(owner)
	f.eventually("the heir closes the section", func() bool { return heir.section(0).lifeNow() == Condemned })
	if _, err := heir.hold(caller(2, 2), "A-1-1"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("P1: the seat is held again: %v", err)
	}
	f.eventually("the other sections are served", func() bool { return f.serving() == 7 })
	if n := heir.e.Stats().LogLost.Load(); n != 1 {
		t.Errorf("%d sections are told as lost", n)
	}
}

// TestAPeerThatKnowsMoreClosesANewcomersSection guards P1 and P2: a node that has just started remembers nothing and
// claims a log that lost its end; whoever followed the log tells it, and it looks and stops.
func TestAPeerThatKnowsMoreClosesANewcomersSection(t *testing.T) {
	f := newFleet(t, 2)
	owner := f.owner(0)
	var other *fleetNode
	for _, n := range f.living() {
		if n != owner {
			other = n
		}
	}
	if _, err := owner.hold(caller(1, 1), "A-1-1"); err != nil {
		t.Fatal(err)
	}
	f.eventually("the other has followed", func() bool {
		at, ok := other.section(0).following().CaughtUp()
		return ok && at == tailOf(t, f.store, other.section(0).key)
	})
	f.kill(owner)
	f.loses(0, 1)
	newcomer := f.start()
	f.agree(other) // it owns nothing: the newcomer claims all
	f.lapse(owner)
	for _, n := range []*fleetNode{newcomer, other} {
		f.eventually("the section is closed on every node", func() bool { return n.section(0).lifeNow() == Condemned })
	}
	if m := newcomer.section(0).seen.Mark(); m.Seq != other.section(0).seen.Mark().Seq {
		t.Errorf("the newcomer does not remember what it was told: %+v", m)
	}
	if _, err := newcomer.hold(caller(2, 2), "A-1-1"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("P1: the seat is held again: %v", err)
	}
}

// TestAPeersWordAloneClosesNothing guards P3 the other way round: a log that has what a peer misses is served on.
func TestAPeersWordAloneClosesNothing(t *testing.T) {
	f := newFleet(t, 2)
	owner := f.owner(0)
	s := owner.section(0)
	tail := tailOf(t, f.store, s.key)
	s.suspect(witness.Mark{Seq: tail.Seq, Epoch: tail.Epoch, Hash: tail.Hash}, false)
	f.eventually("the look is over", func() bool { return !s.suspected.Load() })
	if _, err := owner.hold(caller(1, 1), "A-1-1"); err != nil || s.lifeNow() != Serving {
		t.Errorf("%v: %v", s.lifeNow(), err)
	}
}

// TestAnIdleSectionLooksAfterAnInterruption guards P1 and P3: the database was away and came back without its newest
// records; a section that nobody asks for finds that out when its node looks, not at its next buyer.
func TestAnIdleSectionLooksAfterAnInterruption(t *testing.T) {
	f := newFleet(t, 2)
	owner := f.owner(0)
	if _, err := owner.hold(caller(1, 1), "A-1-1"); err != nil {
		t.Fatal(err)
	}
	f.loses(0, 1)
	owner.e.CheckOwners()
	for _, n := range f.living() {
		f.eventually("the section is closed on every node", func() bool { return n.section(0).lifeNow() == Condemned })
	}
}
