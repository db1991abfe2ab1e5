package feed_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/faultstore"
)

// all says that an ear has heard everything.
func (h *house) all(e *ear) func() bool {
	return func() bool {
		return e.count(h.shard(0)) == int(h.tails[h.shard(0)].Seq) &&
			e.count(h.shard(1)) == int(h.tails[h.shard(1)].Seq)
	}
}

// TestP15EveryRecordIsToldInOrder: what stands in the logs when a sink comes, and what lands later.
func TestP15EveryRecordIsToldInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.story(200, 1000) // several pages
		f := feed.Open(feed.Config{Store: h.store})
		defer f.Close()
		e := newEar("one")
		f.Add(e)
		e.until(t, "what was there", h.all(e))
		shard := f.Shard(h.shard(1))
		for range 3 {
			h.write(1, 5000, section.Change{Kind: section.SeatsBlocked, Seats: []section.SeatIndex{1}})
			shard.Landed()
			began := time.Now()
			e.until(t, "what lands", h.all(e))
			if took := time.Since(began); took > 0 {
				t.Errorf("P15: a nudge took %v of waiting", took)
			}
		}
		h.wantAll(e, 0)
		h.wantAll(e, 1)
		synctest.Wait()
		if s := f.Status(); len(s) != 1 || s[0].Behind != 0 || s[0].Stuck != 0 {
			t.Errorf("caught up it says %+v", s)
		}
	})
}

// TestP15NothingIsLostWhereverItStops: a feed that is stopped anywhere, with and without its last flush, and a store
// that does not take cursors: each sink is told everything, for the first time in order.
func TestP15NothingIsLostWhereverItStops(t *testing.T) {
	for stop := 1; stop < 40; stop += 3 {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			h.story(10, 1000)
			e := newEar("one")
			for round := range 4 {
				ctx, cut := context.WithCancel(t.Context())
				f := feed.Open(feed.Config{Store: h.store})
				var told atomic.Int32
				e.hear = func(storage.SectionKey, int) feed.Result {
					if int(told.Add(1)) > stop {
						cut()
						return feed.Result{}
					}
					return feed.Result{Done: 1}
				}
				if round%2 == 1 {
					h.store.Add(faultstore.Rule{Op: faultstore.OpCatalog, After: 8, Do: faultstore.Fail})
				}
				f.Add(e)
				select {
				case <-ctx.Done():
				case <-time.After(time.Minute):
				}
				f.Close()
				h.store.Heal()
				cut()
			}
			e.hear = nil
			f := feed.Open(feed.Config{Store: h.store})
			defer f.Close()
			f.Add(e)
			e.until(t, "the rest", h.all(e))
			h.wantAll(e, 0)
			h.wantAll(e, 1)
		})
	}
}

// TestP15ASinkThatStandsHoldsUpNoOther: each has a cursor of its own.
func TestP15ASinkThatStandsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.story(20, section.Instant(time.Now().UnixMilli()))
		f := feed.Open(feed.Config{Store: h.store})
		defer f.Close()
		deaf, quick := newEar("deaf"), newEar("quick")
		deaf.hear = func(storage.SectionKey, int) feed.Result { return feed.Result{Pause: time.Minute} }
		f.Add(deaf)
		f.Add(quick)
		quick.until(t, "everything at the quick one", h.all(quick))
		<-time.After(10 * time.Minute) // of the bubble
		for _, s := range f.Status() {
			if s.Name == "deaf" && (s.Behind != 2 || s.Oldest < 9*time.Minute) || s.Name == "quick" && s.Behind != 0 {
				t.Errorf("the lag is told as %+v", s)
			}
		}
	})
}

// TestP15ItemsAreDurableBeforeTheCursor: what a sink keeps of an event is never lost behind a cursor that passed it.
func TestP15ItemsAreDurableBeforeTheCursor(t *testing.T) {
	for fail := range 6 {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			h.story(5, 1000)
			e := newEar("one")
			e.hear = func(shard storage.SectionKey, told int) feed.Result {
				return feed.Result{
					Done: 1,
					Items: []storage.FeedItem{{Key: fmt.Appendf(nil, "x/%d/%d", shard.Section, told),
						Value: []byte{1}}},
				}
			}
			f := feed.Open(feed.Config{Store: h.store})
			h.store.Add(faultstore.Rule{Op: faultstore.OpCatalog, After: fail, Times: 3, Do: faultstore.Fail})
			f.Add(e)
			e.until(t, "everything", h.all(e))
			f.Close()
			h.store.Heal()
			err := h.store.FeedItems(t.Context(), []byte("c"), nil, 0, func(i storage.FeedItem) error {
				no, told, kept := i.Key[len(i.Key)-1], i.Value[8], 0
				defer func() {
					if kept < int(told) {
						t.Errorf("P15: section %d is told up to %d, and %d items stand", no, told, kept)
					}
				}()
				prefix := fmt.Appendf(nil, "x/%d/", no)
				count := func(storage.FeedItem) error { kept++; return nil }
				return h.store.FeedItems(t.Context(), prefix, nil, 0, count)
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestP15ALogThatIsAnotherOneIsNotToldAsThisOne: a restored backup is an alarm, and never skipped.
func TestP15ALogThatIsAnotherOneIsNotToldAsThisOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.story(2, 1000)
		f := feed.Open(feed.Config{Store: h.store})
		e := newEar("one")
		f.Add(e)
		e.until(t, "everything", h.all(e))
		f.Close()
		var cursor storage.FeedItem
		err := h.store.FeedItems(t.Context(), []byte("c"), nil, 1, func(i storage.FeedItem) error {
			cursor = storage.FeedItem{Key: append([]byte{}, i.Key...), Value: append([]byte{}, i.Value...)}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		cursor.Value[8]-- // one record back, and not the hash of that
		if err := h.store.SaveFeed(t.Context(), []storage.FeedItem{cursor}); err != nil {
			t.Fatal(err)
		}
		f = feed.Open(feed.Config{Store: h.store})
		defer f.Close()
		before := len(e.ids(h.shard(0)))
		f.Add(e)
		<-time.After(2 * sweep)
		if s := f.Status()[0]; s.Stuck != 1 || len(e.ids(h.shard(0))) != before {
			t.Errorf("P15: %+v, and %d more were told", s, len(e.ids(h.shard(0)))-before)
		}
	})
}

const sweep = time.Minute

// TestASinkBeginsWhenItCame: no cursor is needed to know where.
func TestASinkBeginsWhenItCame(t *testing.T) {
	for _, c := range []struct {
		since section.Instant
		first int
	}{{0, 1}, {999, 1}, {1000, 1}, {1001, 4}, {1019, 40}, {1020, 42}} {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			h.story(20, 1000) // a claim, and two records of each millisecond
			h.write(0, 1020, section.Change{Kind: section.SeatsBlocked, Seats: []section.SeatIndex{1}})
			f := feed.Open(feed.Config{Store: h.store})
			defer f.Close()
			e := newEar("one")
			e.since = c.since
			f.Add(e)
			last := fmt.Sprintf("%v/0/42/0", h.event)
			e.until(t, "the last", func() bool { return e.types[last] != "" })
			if want := fmt.Sprintf("%v/0/%d/0", h.event, c.first); e.ids(h.shard(0))[0] != want {
				t.Errorf("since %d it begins with %s, not %s", c.since, e.ids(h.shard(0))[0], want)
			}
		})
	}
}

// TestP15WhatABookingWasPlacedWithIsFoundHoweverFarBack: its seats are told with its end.
func TestP15WhatABookingWasPlacedWithIsFoundHoweverFarBack(t *testing.T) {
	h := newHouse(t)
	var last section.BookingNo
	for i := range 1500 {
		switch {
		case i%3 == 0:
			last++
			h.write(0, 1000, hold(last, section.SeatIndex(i/3%8)), hold(last+1, section.SeatIndex(1)))
			last++
		default:
			h.write(0, 1000, section.Change{Kind: section.SeatsBlocked, Seats: []section.SeatIndex{2}})
		}
	}
	for n := section.BookingNo(1); n <= last; n += 37 {
		h.write(0, 1000, section.Change{Kind: section.HoldExpired, Booking: n})
		r := feed.NewReader(h.store) // which remembers nothing
		e, err := r.One(t.Context(), feed.Ref{Shard: h.shard(0), Seq: h.tails[h.shard(0)].Seq})
		seat := fmt.Sprintf("A-1-%d", (n-1)/2%8+1)
		if n%2 == 0 {
			seat = "A-1-2"
		}
		if err != nil || len(e.Data.Seats) != 1 || fmt.Sprint(e.Data.Seats[0].Seats) != "["+seat+"]" {
			t.Fatalf("booking %d: %v %+v, want %s", n, err, e.Data.Seats, seat)
		}
	}
}

// TestP15AnExcerptGoesOnFromItsCursor: whoever asks, page by page, gets every record once.
func TestP15AnExcerptGoesOnFromItsCursor(t *testing.T) {
	h := newHouse(t)
	h.story(30, 1000)
	r := feed.NewReader(h.store)
	seen, cursor := map[string]bool{}, ""
	for range 100 {
		page, err := r.Changes(t.Context(), h.event, cursor, 7, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			if seen[e.ID] {
				t.Fatalf("%s is told twice", e.ID)
			}
			seen[e.ID] = true
		}
		if cursor = page.Cursor; len(page.Events) == 0 {
			break
		}
	}
	if now, err := r.Now(t.Context(), h.event); err != nil || now != cursor || len(seen) != 122 {
		t.Errorf("%d changes, cursor %s, the end is %s: %v", len(seen), cursor, now, err)
	}
	for _, bad := range []string{"x", "AQ", "AQEBAQ", "AgEB"} {
		if _, err := r.Changes(t.Context(), h.event, bad, 1, 0); err != feed.ErrCursor {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

// TestANudgeCostsTheOwnerNothing: no allocation, nobody there or somebody slow (P15: no booking waits for a sink).
func TestANudgeCostsTheOwnerNothing(t *testing.T) {
	h := newHouse(t)
	f := feed.Open(feed.Config{Store: h.store})
	defer f.Close()
	shard := f.Shard(h.shard(0))
	if n := testing.AllocsPerRun(1000, shard.Landed); n != 0 {
		t.Errorf("%v allocations without a sink", n)
	}
	var deaf *feed.Shard
	deaf.Landed()
	if f.Shard(storage.SectionKey{Section: storage.GateNo}) != nil {
		t.Error("a gate's log is told")
	}
}

// TestCursorsAreWhatTheyWere: a later build goes on from them.
func TestCursorsAreWhatTheyWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.write(1, 1000, hold(3, 1))
		f := feed.Open(feed.Config{Store: h.store})
		e := newEar("one")
		f.Add(e)
		e.until(t, "everything", func() bool { return e.count(h.shard(1)) == 2 })
		f.Close()
		got := ""
		if err := h.store.FeedItems(t.Context(), []byte("c"), nil, 0, func(i storage.FeedItem) error {
			got += fmt.Sprintf("%x=%x\n", i.Key, i.Value)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("63036f6e65%x00000001=010000000000000002%x\n", h.event[:],
			h.tails[h.shard(1)].Hash)
		if got != want {
			t.Errorf("a cursor is\n%s not\n%s", got, want)
		}
	})
}
