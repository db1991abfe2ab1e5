package actors

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// forgetfulStore takes records and keeps none, so that what is measured is the engine.
type forgetfulStore struct {
	*memstore.Store
	forgets atomic.Bool
}

func (s *forgetfulStore) Commit(ctx context.Context, appends []storage.Append) []error {
	if s.forgets.Load() {
		return make([]error, len(appends))
	}
	return s.Store.Commit(ctx, appends)
}

func (s *forgetfulStore) SaveSnapshot(ctx context.Context, key storage.SectionKey, snapshot storage.Snapshot) error {
	if s.forgets.Load() {
		return nil
	}
	return s.Store.SaveSnapshot(ctx, key, snapshot)
}

// aliveMax is what a live hold of one seat may take of the heap, in bytes, all that the engine keeps of one included:
// the section's memory, the index of keys and the count of the buyer.
const aliveMax = 200

// TestMemoryOfALiveHold guards what decides how many buyers fit a machine: 200,000 holds, each of a buyer of their own
// under a key of its own, by what lives on the heap after a collection.
func TestMemoryOfALiveHold(t *testing.T) {
	if raceDetector {
		t.Skip("SKIPPED: 200,000 holds take minutes under the race detector, and its own memory is counted in")
	}
	const sections, places, callers = 1, 200_000, 16
	v, err := venue.Parse([]byte(sectionsPlan(sections, places)), venue.Options{Name: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := sandbox.Open("")
	if err != nil {
		t.Fatal(err)
	}
	store := &forgetfulStore{Store: memstore.New()}
	e, err := Open(t.Context(), Config{Store: store, Gateway: gateway})
	if err != nil {
		t.Fatal(err)
	}
	header, err := e.CreateEvent(t.Context(), &storage.Event{Name: "memory", Currency: "EUR", Sale: storage.SaleOpen,
		Rules: section.Rules{HoldTTL: 3_600_000, HoldCeiling: 3_600_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8,
			DedupeWindow: section.DefaultDedupeWindow, DedupeCountMin: section.DefaultDedupeCountMin}}, v)
	if err != nil {
		t.Fatal(err)
	}
	ev, o, err := e.openEvent(header.ID, deadlineSoon())
	if err != nil {
		t.Fatal(err)
	}
	store.forgets.Store(true)
	before := heapAlive()
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() { holdAll(t, e, o, header.ID, c, callers) })
	}
	all.Wait()
	each := float64(heapAlive()-before) / (sections * places)
	t.Logf("%.1f bytes a live hold", each)
	if buyers := ev.buyers.Buyers(); buyers != sections*places {
		t.Errorf("%d buyers hold seats, want %d", buyers, sections*places)
	}
	if each > aliveMax {
		t.Errorf("a live hold takes %.1f bytes, the budget is %d", each, aliveMax)
	}
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	runtime.KeepAlive(o)
}

// holdAll holds every seat whose place is one of the caller's, each for another buyer.
func holdAll(t *testing.T, e *Engine, o *openEvent, id storage.EventID, caller, callers int) {
	var out BookingView
	seats := make([]string, 1)
	for no := range o.ids {
		for i := caller; i < len(o.ids[no]); i += callers {
			seats[0] = o.ids[no][i]
			call := BookCall{Event: id, Seats: seats}
			call.Request = tourKey(uint64(no), uint64(i))
			binary.BigEndian.PutUint64(call.Buyer[:], uint64(no)<<32|uint64(i)+1)
			if err := e.Book(&call, tourPatience, &out); err != nil {
				t.Error(err)
				return
			}
		}
	}
}
