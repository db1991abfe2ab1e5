package live

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/live/livetest"
	"holdfast/api/live/sse"
	"holdfast/storage"
)

// fakeMap is a LiveMap driven by a test: two sections, a short memory.
type fakeMap struct {
	mu      sync.Mutex
	letters [][]byte
	seqs    []section.Seq
	deltas  []actors.Delta
	version uint64
	changed chan struct{}
	memory  int
}

func newFakeMap(memory int) *fakeMap {
	return &fakeMap{letters: [][]byte{[]byte("aaaa"), []byte("aa")}, seqs: []section.Seq{1, 1},
		changed: make(chan struct{}), memory: memory}
}

func (m *fakeMap) Version() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.version
}

func (m *fakeMap) Read(visit func(storage.SectionNo, actors.SectionStatus)) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.letters {
		visit(storage.SectionNo(i), actors.SectionStatus{Seq: m.seqs[i], Letters: m.letters[i],
			Free: countFree(m.letters[i])})
	}
	return m.version
}

func (m *fakeMap) Deltas(after uint64, visit func(uint64, *actors.Delta)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	oldest := m.version - uint64(len(m.deltas))
	if after < oldest {
		return false
	}
	for i := after - oldest; i < uint64(len(m.deltas)); i++ {
		visit(oldest+i+1, &m.deltas[i])
	}
	return true
}

func (m *fakeMap) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

// set changes one seat, as one record.
func (m *fakeMap) set(no storage.SectionNo, seat section.SeatIndex, letter section.SeatStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters[no][seat] = byte(letter)
	m.seqs[no]++
	m.version++
	m.deltas = append(m.deltas, actors.Delta{Section: no, Seq: m.seqs[no],
		Changes: []actors.SeatChange{{Seat: seat, Letter: letter}}})
	if len(m.deltas) > m.memory {
		m.deltas = m.deltas[1:]
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

// watcher is a client of a hub.
type watcher struct {
	*livetest.Watcher
	conn net.Conn
}

func watch(t *testing.T, s *hubs, m *eventMap, last string) *watcher {
	return watchFor(t, s, m, last, 0)
}

func watchFor(t *testing.T, s *hubs, m *eventMap, last string, atMost time.Duration) *watcher {
	client, server := net.Pipe()
	if !s.join(storage.EventID{1}, m, &sse.Viewer{Conn: server, Last: []byte(last), AtMost: atMost}) {
		t.Fatal("no stream")
	}
	return &watcher{Watcher: livetest.Watch(t, client), conn: client}
}

func streamBench(memory int) (*fakeMap, *eventMap, *hubs, *Config) {
	cfg := &Config{WriteTimeout: 30 * time.Second, StreamsMax: 20_000, Flush: 20 * time.Millisecond,
		Checkpoint: 5 * time.Second, Heartbeat: 15 * time.Second, RingBytes: 4 << 20}
	live := newFakeMap(memory)
	event := &storage.Event{Sections: []storage.SectionInfo{{ID: "A"}, {ID: `B "x"`}}}
	hubs := newHubs(cfg, newMeter(prometheus.NewRegistry()))
	hubs.newest = func(storage.EventID) (actors.LiveMap, error) { return live, nil }
	return live, newEventMap(event, live), hubs, cfg
}

func closeHubs(t *testing.T, s *hubs) {
	if err := s.close(context.Background()); err != nil {
		t.Error(err)
	}
}

// P9: a snapshot, then every change in order; checkpoints prove the map.
func TestP9StreamTellsEveryChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live, m, s, _ := streamBench(100)
		defer closeHubs(t, s)
		w := watch(t, s, m, "")
		w.Until("snapshot")
		w.Next()
		w.Next()
		if w.Proofs != 2 {
			t.Fatalf("%d checkpoints after the snapshot", w.Proofs)
		}
		live.set(0, 2, section.Held)
		if first := w.Until("delta"); first.At > time.Millisecond {
			t.Fatalf("the first change after a quiet time took %v", first.At)
		}
		live.set(1, 0, section.Sold)
		live.set(0, 2, section.Available)
		second := w.Until("delta")
		third := w.Until("delta")
		if second.At > 20*time.Millisecond || third.At != second.At {
			t.Fatalf("gathered changes came after %v and %v", second.At, third.At)
		}
		w.Until("checkpoint")
		w.Until("checkpoint")
		if w.Sections["A"].Status != "aaaa" || w.Sections[`B "x"`].Status != "sa" {
			t.Fatalf("%+v", w.Sections)
		}
	})
}

// P9: a client that comes back with the id of its last frame gets exactly what followed.
func TestP9StreamResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live, m, s, _ := streamBench(100)
		defer closeHubs(t, s)
		w := watch(t, s, m, "")
		w.Until("snapshot")
		live.set(0, 0, section.Held)
		live.set(0, 1, section.Held)
		last := w.Until("delta")
		_ = w.conn.Close()
		live.set(0, 2, section.Held)
		synctest.Wait()
		again := watch(t, s, m, last.ID)
		again.Sections = w.Sections
		for again.Sections["A"].Seq < 4 {
			again.Until("delta")
		}
		if got := again.Sections["A"].Status; got != "hhha" {
			t.Fatalf("after resuming: %q", got)
		}
		for _, stranger := range []string{"deadbeef.1", "garbage", strings.Split(last.ID, ".")[0] + ".999"} {
			if f := watch(t, s, m, stranger).Next(); f.Event != "snapshot" {
				t.Fatalf("%q resumed with %+v", stranger, f)
			}
		}
	})
}

// P9: whoever falls off the ring, by their own or the server's slowness, gets a new snapshot and a true map.
func TestP9FallingBehindGivesASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live, m, s, cfg := streamBench(3)
		cfg.RingBytes = 300
		defer closeHubs(t, s)
		w := watch(t, s, m, "")
		w.Until("snapshot")
		old := w.Until("checkpoint")
		for range 5 { // more than the projection remembers, at once
			live.set(0, 0, section.Held)
			live.set(0, 0, section.Available)
		}
		w.Until("snapshot")
		for i := range 40 { // more than the ring keeps
			live.set(1, section.SeatIndex(i%2), section.Sold)
			<-time.After(cfg.Flush)
		}
		if f := watch(t, s, m, old.ID).Next(); f.Event != "snapshot" {
			t.Fatalf("a reader from before the ring resumed with %+v", f)
		}
		for w.Sections[`B "x"`].Seq < 41 {
			w.Next()
		}
		if got := w.Sections[`B "x"`].Status; got != "ss" {
			t.Fatalf("map %q", got)
		}
	})
}

func TestStreamHeartbeatAndLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, m, s, _ := streamBench(3)
		defer closeHubs(t, s)
		w := watch(t, s, m, "")
		for range 3 {
			for last := time.Now(); ; last = time.Now() {
				f := w.Next()
				if silence := time.Since(last); silence > 15*time.Second {
					t.Fatalf("silent for %v", silence)
				}
				if strings.HasPrefix(f.Data, ":") {
					break
				}
			}
		}
		h, _ := s.Get(storage.EventID{1})
		_ = w.conn.Close()
		<-h.ended // a hub without clients ends by itself
		if _, is := s.Get(storage.EventID{1}); is {
			t.Fatal("an ended hub is still listed")
		}
	})
}

// When the engine replaces a map, its clients are sent away to find the new one.
func TestReplacedMapEndsItsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, m, s, _ := streamBench(3)
		defer closeHubs(t, s)
		old := watch(t, s, m, "")
		old.Until("snapshot")
		_, next, _, _ := streamBench(3)
		watch(t, s, next, "").Until("snapshot")
		for range old.Frames {
		}
	})
}

// A stream that a client has bounded ends by itself, also while changes keep coming.
func TestStreamEndsAfterTheTimeAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live, m, s, _ := streamBench(100)
		defer closeHubs(t, s)
		w := watchFor(t, s, m, "", time.Second)
		w.Until("snapshot")
		stop := make(chan struct{})
		go func() {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for state := section.Held; ; {
				live.set(0, 0, state)
				state = section.Held + section.Available - state
				select {
				case <-tick.C:
				case <-stop:
					return
				}
			}
		}()
		var last livetest.Frame
		for f := range w.Frames {
			last = f
		}
		close(stop)
		if last.At < 900*time.Millisecond || last.At > 1100*time.Millisecond {
			t.Fatalf("the last frame came after %v", last.At)
		}
	})
}

// Clients who come and go while news come, and while checkpoints and beats look at all of them, wait for no lock in a
// circle.
func TestJoiningBesideNews(t *testing.T) {
	live, m, s, cfg := streamBench(1000)
	cfg.Flush, cfg.Checkpoint, cfg.Heartbeat = 1, time.Millisecond, 4*time.Millisecond
	stop := make(chan struct{})
	var changing, coming sync.WaitGroup
	changing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				live.set(0, section.SeatIndex(i%4), section.Held)
			}
		}
	})
	for range 4 {
		coming.Go(func() {
			for range 300 {
				var joined, arrived, left sync.WaitGroup
				joined.Add(1)
				arrived.Add(1 << 30) // nobody counts
				left.Add(1)
				c := &sink{joined: &joined, arrived: &arrived}
				s.join(storage.EventID{1}, m, &sse.Viewer{Conn: c, AtMost: time.Millisecond, Left: left.Done})
				left.Wait()
			}
		})
	}
	coming.Wait()
	close(stop)
	changing.Wait()
	closeHubs(t, s)
}
