package storetest

import (
	"context"
	"errors"
	"strings"
	"sync"

	"holdfast/actors/section"
	"holdfast/storage"
)

func (b *bench) wantFenced(err error, tail storage.Tail, why string) {
	b.Helper()
	var fence *storage.FencedError
	if !errors.As(err, &fence) {
		b.Fatalf("%s: got %v, want *FencedError", why, err)
	}
	if fence.Tail != tail {
		b.Fatalf("%s: the fence names tail %+v, want %+v", why, fence.Tail, tail)
	}
}

func (b *bench) wantIs(err, want error, why string) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("%s: got %v, want %v", why, err, want)
	}
}

func atomicAppend(b *bench) {
	w := b.claim(newKey())
	sold := w.next(storage.EntryChanges, "sold")
	sold.Sell = []section.Ticket{{Seat: 1, Booking: 10}, {Seat: 2, Booking: 10}}
	b.must(b.commit(sold))
	w.advance(sold)
	clash := w.next(storage.EntryChanges, "clash")
	clash.Refund = []section.SeatIndex{1}
	clash.Sell = []section.Ticket{{Seat: 7, Booking: 11}, {Seat: 2, Booking: 11}}
	b.wantIs(b.commit(clash), storage.ErrTicketTaken, "S1")
	b.wantLog(w, "owner", "sold")
	b.wantTickets(w.key, sold.Sell...)
	stale := w.next(storage.EntryChanges, "stale")
	stale.Entry.Seq, stale.Refund = 2, []section.SeatIndex{1}
	b.wantFenced(b.commit(stale), w.tail, "S1")
	b.wantTickets(w.key, sold.Sell...)
}

func durable(b *bench) {
	w := b.claim(newKey())
	sold := w.next(storage.EntryChanges, "sold")
	sold.Sell = []section.Ticket{{Seat: 5, Booking: 9}}
	b.must(b.commit(sold))
	w.advance(sold)
	b.write(w, "more")
	b.reopen()
	b.wantLog(w, "owner", "sold", "more")
	b.wantTickets(w.key, sold.Sell...)
	b.write(w, "after")
	b.wantLog(w, "owner", "sold", "more", "after")
}

func fenced(b *bench) {
	old := b.claim(newKey())
	b.write(old, "mine")
	successor := b.claim(old.key)
	b.wantFenced(b.commit(old.next(storage.EntryChanges, "late")), successor.tail, "S3: same seq, another batch")
	over := old.next(storage.EntryChanges, "over")
	over.Entry.Seq, over.Entry.Prev = successor.tail.Seq+1, successor.tail.Hash
	b.wantFenced(b.commit(over), successor.tail, "S3: epoch below the tail's")
	past := old.next(storage.EntryChanges, "past")
	past.Entry.Seq = 1
	b.wantFenced(b.commit(past), successor.tail, "S3: seq in the past")
	b.wantLog(successor, "owner", "mine", "owner")
	b.reopen()
	b.wantFenced(b.commit(old.next(storage.EntryChanges, "late")), successor.tail, "S3: after a restart")
}

// race lets many writers claim and write one log as fast as they can. Whatever happens, no seq is taken twice, every
// acknowledged append is in the log, and nothing else but unanswered ones is.
func race(b *bench) {
	const writers, rounds = 8, 12
	key := newKey()
	var mu sync.Mutex
	acknowledged := make(map[storage.BatchID]section.Seq)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			w := &writer{key: key, id: storage.NewWriterID()}
			kind := storage.EntryClaim
			for range rounds {
				a := w.next(kind, "raced")
				err := b.commit(a)
				var fence *storage.FencedError
				switch {
				case err == nil:
					w.advance(a)
					kind = storage.EntryChanges
					mu.Lock()
					acknowledged[a.Entry.Batch] = a.Entry.Seq
					mu.Unlock()
				case errors.As(err, &fence):
					w.tail, kind = fence.Tail, storage.EntryClaim
				default:
					b.Errorf("S3: a racing append got %v", err)
					return
				}
			}
		})
	}
	group.Wait()
	count := 0
	b.must(b.store.Read(context.Background(), key, 0, func(e *storage.Entry, _ storage.Hash) error {
		if seq, ok := acknowledged[e.Batch]; !ok || seq != e.Seq {
			b.Errorf("S3: record %d was acknowledged as %d (%v)", e.Seq, seq, ok)
		}
		count++
		return nil
	}))
	if count != len(acknowledged) || count == 0 {
		b.Fatalf("S3: %d records, %d acknowledged", count, len(acknowledged))
	}
}

func resend(b *bench) {
	w := b.claim(newKey())
	sold := w.next(storage.EntryChanges, "sold")
	sold.Sell = []section.Ticket{{Seat: 4, Booking: 1}}
	b.must(b.commit(sold))
	b.must(b.commit(sold))
	w.advance(sold)
	b.wantLog(w, "owner", "sold")
	b.reopen()
	b.must(b.commit(sold))
	b.write(w, "next")
	b.must(b.commit(sold))
	b.wantLog(w, "owner", "sold", "next")
	b.wantTickets(w.key, sold.Sell...)
}

// resendAfterTakeover: the owner's append arrived, its answer did not, and somebody took over meanwhile. The truth is
// that it is durable; the fence comes with the next append.
func resendAfterTakeover(b *bench) {
	old := b.claim(newKey())
	arrived := b.write(old, "arrived")
	successor := b.claim(old.key)
	b.must(b.commit(arrived))
	b.wantFenced(b.commit(old.next(storage.EntryChanges, "next")), successor.tail, "S4")
	b.reopen()
	b.must(b.commit(arrived))
	b.wantLog(successor, "owner", "arrived", "owner")
}

func gaps(b *bench) {
	key := newKey()
	fresh := &writer{key: key, id: storage.NewWriterID()}
	early := fresh.next(storage.EntryClaim, "early")
	early.Entry.Seq = 2
	b.wantIs(b.commit(early), storage.ErrGap, "S5: seq 2 of an empty log")
	zero := fresh.next(storage.EntryClaim, "zero")
	zero.Entry.Seq = 0
	b.wantIs(b.commit(zero), storage.ErrGap, "S5: seq 0")
	w := b.claim(key)
	b.write(w, "one")
	skip := w.next(storage.EntryChanges, "skip")
	skip.Entry.Seq++
	b.wantIs(b.commit(skip), storage.ErrGap, "S5: a seq left out")
	other := w.next(storage.EntryChanges, "other")
	other.Entry.Prev[31] ^= 1
	b.wantIs(b.commit(other), storage.ErrGap, "S5: another history")
	b.wantLog(w, "owner", "one")
}

func epochs(b *bench) {
	key := newKey()
	fresh := &writer{key: key, id: storage.NewWriterID()}
	for _, kind := range []storage.EntryKind{storage.EntryChanges, storage.EntryReleased} {
		b.wantIs(b.commit(fresh.next(kind, "")), storage.ErrGap, "S5: a log that does not start with a claim")
		one := fresh.next(kind, "")
		one.Entry.Epoch = 1
		b.wantIs(b.commit(one), storage.ErrGap, "S5: an epoch that nobody claimed")
	}
	w := b.claim(key)
	raised := w.next(storage.EntryChanges, "raised")
	raised.Entry.Epoch++
	b.wantIs(b.commit(raised), storage.ErrGap, "S5: epoch raised without a claim")
	jump := w.next(storage.EntryClaim, "jump")
	jump.Entry.Epoch++
	b.wantIs(b.commit(jump), storage.ErrGap, "S5: a claim that raises by two")
	flat := w.next(storage.EntryClaim, "flat")
	flat.Entry.Epoch--
	b.wantIs(b.commit(flat), storage.ErrGap, "S5: a claim that raises nothing")
	strange := w.next(storage.EntryKind(9), "strange")
	b.wantIs(b.commit(strange), storage.ErrGap, "S5: a kind nobody knows")
	released := w.next(storage.EntryReleased, "released")
	b.must(b.commit(released))
	w.advance(released)
	b.wantLog(w, "owner", "released")
}

func cancelled(b *bench) {
	w := b.claim(newKey())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := b.store.Commit(ctx, []storage.Append{w.next(storage.EntryChanges, "late")})[0]
	switch {
	case errors.Is(err, storage.ErrUnavailable):
		b.wantLog(w, "owner")
	case err == nil, errors.Is(err, storage.ErrUnknown):
	default:
		b.Fatalf("S6: a cancelled append got %v, which is neither sure nor ErrUnknown", err)
	}
}

func tickets(b *bench) {
	w := b.claim(newKey())
	first := w.next(storage.EntryChanges, "first")
	first.Sell = []section.Ticket{{Seat: 3, Booking: 1}}
	b.must(b.commit(first))
	w.advance(first)
	b.reopen()
	again := w.next(storage.EntryChanges, "again")
	again.Sell = []section.Ticket{{Seat: 3, Booking: 2}}
	b.wantIs(b.commit(again), storage.ErrTicketTaken, "S7: sold before (P1)")
	same := w.next(storage.EntryChanges, "same")
	same.Sell = []section.Ticket{{Seat: 3, Booking: 1}}
	b.wantIs(b.commit(same), storage.ErrTicketTaken, "S7: the same booking again (P1)")
	twice := w.next(storage.EntryChanges, "twice")
	twice.Sell = []section.Ticket{{Seat: 8, Booking: 3}, {Seat: 8, Booking: 4}}
	b.wantIs(b.commit(twice), storage.ErrTicketTaken, "S7: twice in one append (P1)")
	b.wantLog(w, "owner", "first")
	elsewhere := b.claim(storage.SectionKey{Event: w.key.Event, Section: w.key.Section + 1})
	other := elsewhere.next(storage.EntryChanges, "other section")
	other.Sell = again.Sell
	b.must(b.commit(other))
	b.wantTickets(w.key, first.Sell...)
	b.wantTickets(elsewhere.key, other.Sell...)
}

func refundAndSell(b *bench) {
	w := b.claim(newKey())
	first := w.next(storage.EntryChanges, "first")
	first.Sell = []section.Ticket{{Seat: 3, Booking: 1}, {Seat: 4, Booking: 1}}
	b.must(b.commit(first))
	w.advance(first)
	swap := w.next(storage.EntryChanges, "swap")
	swap.Refund = []section.SeatIndex{3, 4}
	swap.Sell = []section.Ticket{{Seat: 3, Booking: 2}}
	b.must(b.commit(swap))
	w.advance(swap)
	b.wantTickets(w.key, section.Ticket{Seat: 3, Booking: 2})
	resold := w.next(storage.EntryChanges, "resold")
	resold.Sell = []section.Ticket{{Seat: 4, Booking: 5}}
	b.must(b.commit(resold))
	w.advance(resold)
	b.must(b.commit(swap)) // re-sent: must not refund seat 4 a second time
	b.reopen()
	b.wantTickets(w.key, section.Ticket{Seat: 3, Booking: 2}, section.Ticket{Seat: 4, Booking: 5})
}

func readInOrder(b *bench) {
	w := b.claim(newKey())
	want := []string{"owner"}
	for _, body := range strings.Fields("a b c d e f g h") {
		b.write(w, body)
		want = append(want, body)
	}
	neighbour := b.claim(storage.SectionKey{Event: w.key.Event, Section: w.key.Section + 1})
	b.write(neighbour, "not yours")
	for after := range len(want) + 2 {
		got := b.bodies(w.key, section.Seq(after))
		if strings.Join(got, " ") != strings.Join(want[min(after, len(want)):], " ") {
			b.Errorf("S8: after %d: %q", after, got)
		}
	}
	stop := errors.New("stop")
	err := b.store.Read(context.Background(), w.key, 0, func(e *storage.Entry, _ storage.Hash) error {
		if e.Seq == 3 {
			return stop
		}
		return nil
	})
	if err != stop {
		b.Errorf("S8: visit's error came back as %v", err)
	}
	if got := b.bodies(newKey(), 0); len(got) != 0 {
		b.Errorf("S8: a log that does not exist holds %q", got)
	}
	tail, err := b.store.Tail(context.Background(), newKey())
	if err != nil || tail != (storage.Tail{}) {
		b.Errorf("tail of a log that does not exist: %+v, %v", tail, err)
	}
}

func damage(b *bench) {
	if b.factory.Damage == nil {
		b.Log("S8: this store gives the suite no way to damage an entry; its own tests must")
		return
	}
	for _, seq := range []section.Seq{1, 3, 5} {
		w := b.claim(newKey())
		for _, body := range []string{"2", "3", "4", "5"} {
			b.write(w, body)
		}
		b.factory.Damage(b.T, b.store, w.key, seq)
		seen := section.Seq(0)
		err := b.store.Read(context.Background(), w.key, 0, func(e *storage.Entry, _ storage.Hash) error {
			seen = e.Seq
			return nil
		})
		var corrupt *storage.CorruptError
		if !errors.As(err, &corrupt) || corrupt.Seq != seq || corrupt.Section != w.key {
			b.Errorf("S8 (P10): record %d damaged: got %v", seq, err)
		}
		if seen >= seq {
			b.Errorf("S8 (P10): record %d was shown although %d is damaged", seen, seq)
		}
	}
}

func separate(b *bench) {
	good, taken, gap, last := b.claim(newKey()), b.claim(newKey()), b.claim(newKey()), b.claim(newKey())
	b.claim(taken.key)
	call := []storage.Append{
		good.next(storage.EntryChanges, "good"),
		taken.next(storage.EntryChanges, "fenced"),
		gap.next(storage.EntryChanges, "gap"),
		last.next(storage.EntryChanges, "last"),
	}
	call[2].Entry.Seq += 3
	errs := b.store.Commit(context.Background(), call)
	if len(errs) != len(call) {
		b.Fatalf("S9: %d answers to %d appends", len(errs), len(call))
	}
	var fence *storage.FencedError
	if errs[0] != nil || !errors.As(errs[1], &fence) || !errors.Is(errs[2], storage.ErrGap) || errs[3] != nil {
		b.Fatalf("S9: answers are %v", errs)
	}
	good.advance(call[0])
	last.advance(call[3])
	b.wantLog(good, "owner", "good")
	b.wantLog(gap, "owner")
	b.wantLog(last, "owner", "last")
	if errs := b.store.Commit(context.Background(), nil); len(errs) != 0 {
		b.Fatalf("S9: %d answers to no append", len(errs))
	}
}

func noAliasing(b *bench) {
	w := b.claim(newKey())
	a := w.next(storage.EntryChanges, "first")
	a.Sell = []section.Ticket{{Seat: 1, Booking: 1}}
	b.must(b.commit(a))
	w.advance(a)
	copy(a.Entry.Body, "XXXXX")
	a.Sell[0].Seat = 99
	b.wantLog(w, "owner", "first")
	b.wantTickets(w.key, section.Ticket{Seat: 1, Booking: 1})
}

func bodySize(b *bench) {
	w := b.claim(newKey())
	b.write(w, "")
	full := strings.Repeat("x", storage.BodyBytesMax)
	b.write(w, full)
	b.wantIs(b.commit(w.next(storage.EntryChanges, full+"x")), storage.ErrTooLarge, "a body over the limit")
	b.wantLog(w, "owner", "", full)
}
