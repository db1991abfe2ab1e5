package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/actors/feed"
	"holdfast/actors/section"
	"holdfast/storage"
	"holdfast/storage/faultstore"
	"holdfast/storage/memstore"
)

// house is a store with the logs of two sections, a feed, and a receiver that a test has do what it likes.
type house struct {
	t        *testing.T
	store    *faultstore.Store
	event    storage.EventID
	tails    map[storage.SectionKey]storage.Tail
	feed     *feed.Feed
	service  *Service
	receiver *receiver

	disableAfter time.Duration
}

// receiver answers requests without a network.
type receiver struct {
	mu     sync.Mutex
	answer func(id string, n int) (status int, err error) // n: which request of that id, from 1; nil: 200
	met    map[string]int                                 // requests by webhook-id
	first  map[string][]string                            // by shard: ids at their first request, in order
	took   map[string]bool                                // ids that were answered with 200
	last   *http.Request
	body   []byte
	times  []time.Time
}

// RoundTrip implements http.RoundTripper.
func (r *receiver) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	var event struct{ ID, PartitionKey string }
	if err := json.Unmarshal(body, &event); err != nil {
		return nil, err
	}
	r.mu.Lock()
	id := request.Header.Get(standardwebhooks.HeaderWebhookID)
	r.met[id]++
	if r.met[id] == 1 {
		r.first[event.PartitionKey] = append(r.first[event.PartitionKey], event.ID)
	}
	r.last, r.body, r.times = request, body, append(r.times, time.Now())
	answer, n := r.answer, r.met[id]
	r.mu.Unlock()
	status := http.StatusOK
	if answer != nil {
		if status, err = answer(id, n); err != nil {
			return nil, err
		}
	}
	if status == 0 { // it stalls
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
	r.mu.Lock()
	r.took[id] = r.took[id] || status == http.StatusOK
	r.mu.Unlock()
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(nil)), Request: request}, nil
}

func (r *receiver) do(answer func(id string, n int) (int, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func always(status int) func(string, int) (int, error) {
	return func(string, int) (int, error) { return status, nil }
}

// plan of the house is that of venue.Parse's smallest: it is stored as the package venue encodes it.
func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, store: faultstore.Wrap(memstore.New(), 1), event: storage.EventID{7},
		tails: map[storage.SectionKey]storage.Tail{}, receiver: &receiver{met: map[string]int{},
			first: map[string][]string{}, took: map[string]bool{}}, disableAfter: 5 * time.Hour}
	header := &storage.Event{ID: h.event, Name: "small", Currency: "EUR", Sale: storage.SaleOpen,
		Sections: []storage.SectionInfo{{ID: "A", Seats: 8}, {ID: "B", Seats: 8}}}
	if err := h.store.CreateEvent(t.Context(), header, smallVenue(t)); err != nil {
		t.Fatal(err)
	}
	h.open()
	return h
}

// open starts the feed and the service, as a node does.
func (h *house) open() {
	h.t.Helper()
	h.feed = feed.Open(feed.Config{Store: h.store})
	var err error
	h.service, err = Open(h.t.Context(), Config{Store: h.store, Feed: h.feed, Secret: [32]byte{1}, Private: true,
		retryFor: 3 * time.Hour, disableAfter: h.disableAfter,
		transport: h.receiver})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) close() {
	h.service.Close()
	h.feed.Close()
}

// endpoint makes one that is told everything.
func (h *house) endpoint(types ...string) Endpoint {
	h.t.Helper()
	e, err := h.service.Create(h.t.Context(), EndpointID{byte(len(h.service.List()) + 1)},
		Endpoint{URL: "http://shop.example/", Types: types}, true)
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

// write appends n records to a section's log, of one change each, behind a claim.
func (h *house) write(no storage.SectionNo, n int) {
	h.t.Helper()
	key := storage.SectionKey{Event: h.event, Section: no}
	add := func(e storage.Entry) {
		tail := h.tails[key]
		e.Epoch, e.Seq, e.Prev, e.Batch = 1, tail.Seq+1, tail.Hash, storage.NewBatchID()
		e.At = section.Instant(time.Now().UnixMilli())
		if err := h.store.Commit(h.t.Context(), []storage.Append{{Section: key, Entry: e}})[0]; err != nil {
			h.t.Fatal(err)
		}
		h.tails[key] = e.After(storage.HashEntry(&e))
	}
	if h.tails[key].Seq == 0 {
		add(storage.Entry{Kind: storage.EntryClaim})
	}
	for range n {
		at := section.Instant(time.Now().UnixMilli())
		c := section.Change{Kind: section.SeatsBlocked, At: at, Seats: []section.SeatIndex{1}}
		add(storage.Entry{Kind: storage.EntryChanges, Body: section.AppendChange(nil, at, &c)})
		h.feed.Shard(key).Landed()
	}
}

// id is the webhook-id of a record's only change.
func (h *house) id(no storage.SectionNo, seq int) string {
	return fmt.Sprintf("%v/%d/%d/0", h.event, no, seq)
}

// rest lets the bubble's time pass, and what is under way then come to its next wait.
func rest(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// wantAllTaken checks that every record was taken, and came first in order.
func (h *house) wantAllTaken() {
	h.t.Helper()
	h.receiver.mu.Lock()
	defer h.receiver.mu.Unlock()
	for key, tail := range h.tails {
		shard := fmt.Sprintf("%v/%d", key.Event, key.Section)
		for seq := 1; seq <= int(tail.Seq); seq++ {
			id := h.id(key.Section, seq)
			if !h.receiver.took[id] {
				h.t.Errorf("P15: %s was never taken; it was sent %d times", id, h.receiver.met[id])
			}
			if first := h.receiver.first[shard]; len(first) < seq || first[seq-1] != id {
				h.t.Fatalf("P15: the first deliveries of %s are %v", shard, first)
			}
		}
	}
}

// deliveries lists those of an endpoint.
func (h *house) deliveries(id EndpointID, state byte) []Delivery {
	h.t.Helper()
	list, _, err := h.service.Deliveries(h.t.Context(), id, nil, state, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}
