package feed_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
)

const plan = `{"sections":[{"id":"A","rows":[{"label":"1","seats":8}]},{"id":"B","rows":[{"label":"1","seats":8}]}]}`

// house is a store with an event of two sections, whose logs a test writes.
type house struct {
	t     *testing.T
	store *faultstore.Store
	event storage.EventID
	tails map[storage.SectionKey]storage.Tail
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, store: faultstore.Wrap(memstore.New(), 1), event: storage.EventID{7},
		tails: map[storage.SectionKey]storage.Tail{}}
	v, err := venue.Parse([]byte(plan), venue.Options{Name: "small"})
	if err != nil {
		t.Fatal(err)
	}
	header := &storage.Event{ID: h.event, Name: "small", Currency: "EUR", Sale: storage.SaleOpen,
		Prices: map[string]int64{"standard": 100}}
	for i := range v.Sections {
		header.Sections = append(header.Sections, storage.SectionInfo{ID: v.Sections[i].ID, Seats: 8})
	}
	if err := h.store.CreateEvent(t.Context(), header, v.Encode()); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) shard(no storage.SectionNo) storage.SectionKey {
	return storage.SectionKey{Event: h.event, Section: no}
}

// write appends a record with changes; of a log that is empty, a claim before it.
func (h *house) write(no storage.SectionNo, at section.Instant, changes ...section.Change) {
	h.t.Helper()
	if h.tails[h.shard(no)].Seq == 0 {
		h.append(no, storage.Entry{Kind: storage.EntryClaim, Epoch: 1, At: at})
	}
	var body []byte
	for i := range changes {
		changes[i].At = at
		body = section.AppendChange(body, at, &changes[i])
	}
	h.append(no, storage.Entry{Kind: storage.EntryChanges, Epoch: 1, At: at, Body: body})
}

func (h *house) append(no storage.SectionNo, e storage.Entry) {
	h.t.Helper()
	key := h.shard(no)
	tail := h.tails[key]
	e.Seq, e.Prev, e.Batch = tail.Seq+1, tail.Hash, storage.NewBatchID()
	if err := h.store.Commit(h.t.Context(), []storage.Append{{Section: key, Entry: e}})[0]; err != nil {
		h.t.Fatal(err)
	}
	h.tails[key] = e.After(storage.HashEntry(&e))
}

// story writes n holds and their ends into each section.
func (h *house) story(n int, at section.Instant) {
	for i := range n {
		for no := range storage.SectionNo(2) {
			booking := section.BookingNo(h.tails[h.shard(no)].Seq + 10)
			h.write(no, at+section.Instant(i), hold(booking, section.SeatIndex(i%8)))
			h.write(no, at+section.Instant(i), section.Change{Kind: section.HoldReleased, Booking: booking})
		}
	}
}

func hold(booking section.BookingNo, seats ...section.SeatIndex) section.Change {
	return section.Change{Kind: section.HoldPlaced, Booking: booking, Buyer: section.BuyerID{1}, Seats: seats,
		ExpiresAt: 1 << 40}
}

// ear is a sink that writes down what it is result. hear may refuse; nil: it takes everything.
type ear struct {
	name  string
	since section.Instant
	hear  func(shard storage.SectionKey, told int) feed.Result // asked before each event; Done 1: it takes it

	mu    sync.Mutex
	heard map[storage.SectionKey][]string // ids, in order
	types map[string]string               // by id
	links map[string][2]string            // by id: previous hash and hash
	data  map[string]string
	news  chan struct{}
}

func newEar(name string) *ear {
	return &ear{name: name, heard: map[storage.SectionKey][]string{}, types: map[string]string{},
		links: map[string][2]string{}, data: map[string]string{}, news: make(chan struct{}, 1)}
}

func (e *ear) Name() string           { return e.name }
func (e *ear) Since() section.Instant { return e.since }
func (e *ear) Parallel() int          { return 2 }

func (e *ear) Tell(ctx context.Context, t *feed.Telling) (result feed.Result) {
	defer func() {
		select {
		case e.news <- struct{}{}:
		default:
		}
	}()
	for i := range t.Events {
		e.mu.Lock()
		n := len(e.heard[t.Shard])
		e.mu.Unlock()
		if e.hear != nil {
			one := e.hear(t.Shard, n)
			result.Items, result.Pause = append(result.Items, one.Items...), one.Pause
			if one.Done == 0 || ctx.Err() != nil {
				return result
			}
		}
		e.mu.Lock()
		event := &t.Events[i]
		e.heard[t.Shard] = append(e.heard[t.Shard], event.ID)
		e.types[event.ID] = event.Type
		e.links[event.ID] = [2]string{event.PreviousHash, event.Hash}
		e.data[event.ID] = fmt.Sprint(event.Data.Seats)
		e.mu.Unlock()
		result.Done++
	}
	return result
}

// until waits for the ear to have heard enough.
func (e *ear) until(t *testing.T, what string, enough func() bool) {
	t.Helper()
	late := time.After(time.Hour) // of a bubble's time
	for {
		e.mu.Lock()
		ok := enough()
		e.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-e.news:
		case <-late:
			t.Fatalf("never came: %s; heard %v", what, e.heard)
		}
	}
}

// ids are the changes of a shard as they were heard.
func (e *ear) ids(shard storage.SectionKey) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard[shard])
}

// count is how many different changes of a shard were heard.
func (e *ear) count(shard storage.SectionKey) int {
	seen := map[string]bool{}
	for _, id := range e.heard[shard] {
		seen[id] = true
	}
	return len(seen)
}

// wantAll checks that every record of a section was heard, its first time in order, and that the chain can be followed.
func (h *house) wantAll(e *ear, no storage.SectionNo) {
	h.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	key := h.shard(no)
	next, hash := 1, fmt.Sprintf("%x", storage.Hash{})
	seen := map[string]bool{}
	for _, id := range e.heard[key] {
		if seen[id] {
			continue
		}
		seen[id] = true
		if want := fmt.Sprintf("%v/%d/%d/0", key.Event, no, next); id != want {
			h.t.Fatalf("P15: section %d is told %s, not %s", no, id, want)
		}
		if e.links[id][0] != hash {
			h.t.Fatalf("P15: the chain of section %d breaks at %s", no, id)
		}
		next, hash = next+1, e.links[id][1]
	}
	if tail := h.tails[key]; next != int(tail.Seq)+1 || hash != fmt.Sprintf("%x", tail.Hash) {
		h.t.Errorf("P15: of section %d records to %d were told, and there are %d", no, next-1, tail.Seq)
	}
}
