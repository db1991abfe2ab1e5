package live

import (
	"testing"

	"holdfast/actors"
	"holdfast/storage"
)

// However many events strangers look at, the documents kept are bounded, and one that is read all the time stays.
func TestEventMapsAreBounded(t *testing.T) {
	live, m, _, _ := streamBench(1)
	maps, hot := newMaps(), storage.EventID{0xff}
	first := maps.put(hot, eventOfMap(m), live)
	for i := range 3 * eventMapsMax {
		maps.put(storage.EventID{byte(i), byte(i >> 8)}, eventOfMap(m), live)
		maps.put(hot, eventOfMap(m), live).used.Store(true) // as its readers do, also when it had to make room
		if len(maps.byEvent) > eventMapsMax {
			t.Fatalf("%d maps kept", len(maps.byEvent))
		}
	}
	if len(maps.byEvent) < eventMapsMax/2 || first == nil {
		t.Errorf("%d maps kept: whoever comes again finds nothing", len(maps.byEvent))
	}
}

// A stream whose map the engine has replaced would show no more changes: it ends, and its clients come back to the new
// map (P9).
func TestStreamOfAReplacedMapEnds(t *testing.T) {
	_, m, hubs, _ := streamBench(1)
	id := storage.EventID{1}
	defer closeHubs(t, hubs)
	watch(t, hubs, m, "")
	h, _ := hubs.Get(id)
	hubs.tend(id, h, false)
	select {
	case <-h.ended:
		t.Fatal("ended, though its map is the engine's")
	default:
	}
	hubs.newest = func(storage.EventID) (actors.LiveMap, error) { return nil, actors.ErrUnavailable }
	hubs.tend(id, h, false)
	if now, _ := hubs.Get(id); now != h {
		t.Fatal("ended by a doubt")
	}
	other := newFakeMap(1)
	hubs.newest = func(storage.EventID) (actors.LiveMap, error) { return other, nil }
	hubs.tend(id, h, false)
	<-h.ended
	if _, is := hubs.Get(id); is {
		t.Error("it would be joined again")
	}
}

// eventOfMap is an event whose sections are those of streamBench.
func eventOfMap(m *eventMap) *storage.Event {
	e := &storage.Event{Currency: "EUR"}
	for _, id := range []string{"A", "B"}[:len(m.heads)] {
		e.Sections = append(e.Sections, storage.SectionInfo{ID: id, Name: id, Seats: 4})
	}
	return e
}
