package api

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/api/wire"
	"holdfast/storage"
)

// fakeMap is a Live driven by a test: two sections, a short memory.
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
	return &fakeMap{letters: [][]byte{[]byte("aaaa"), []byte("aa")}, seqs: []section.Seq{1, 1}, changed: make(chan struct{}), memory: memory}
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
		visit(storage.SectionNo(i), actors.SectionStatus{Seq: m.seqs[i], Letters: m.letters[i], Free: countFree(m.letters[i])})
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
	m.deltas = append(m.deltas, actors.Delta{Section: no, Seq: m.seqs[no], Changes: []actors.SeatChange{{Seat: seat, Letter: letter}}})
	if len(m.deltas) > m.memory {
		m.deltas = m.deltas[1:]
	}
	close(m.changed)
	m.changed = make(chan struct{})
}

// frame is one parsed SSE frame. A comment has only data, starting with a colon.
type frame struct {
	id, event, data string
	at              time.Duration // since the watcher started
}

// watcher reads a stream and keeps a map as a client would, proving it at every checkpoint.
type watcher struct {
	t        *testing.T
	conn     net.Conn
	frames   chan frame
	sections map[string]*wire.SectionAvailability
	proofs   int
}

func watch(t *testing.T, s *hubs, m *eventMap, last string) *watcher {
	return watchFor(t, s, m, last, nil)
}

func watchFor(t *testing.T, s *hubs, m *eventMap, last string, over <-chan time.Time) *watcher {
	client, server := net.Pipe()
	h := s.join(storage.EventID{1}, m)
	if h == nil {
		t.Fatal("no stream")
	}
	go func() {
		defer s.leave(h)
		h.serve(server, []byte(last), over)
		_ = server.Close()
	}()
	w := &watcher{t: t, conn: client, frames: make(chan frame, 1000), sections: map[string]*wire.SectionAvailability{}}
	go readFrames(client, w.frames, time.Now())
	return w
}

func readFrames(from io.Reader, into chan<- frame, start time.Time) {
	defer close(into)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	var f frame
	for body := false; lines.Scan(); {
		line := lines.Text()
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && body && (f.data != ""):
			f.at = time.Since(start)
			into <- f
			f = frame{}
		case line == "":
			body = true // the head is over
		case name == "id":
			f.id = value
		case name == "event":
			f.event = value
		case name == "data":
			f.data = value
		case strings.HasPrefix(line, ":"):
			f.data = line
		}
	}
}

// next takes the next frame and applies it.
func (w *watcher) next() frame {
	w.t.Helper()
	f, ok := <-w.frames
	if !ok {
		w.t.Fatal("the stream ended")
	}
	if err := w.apply(f); err != nil {
		w.t.Fatalf("%v: %+v", err, f)
	}
	return f
}

func (w *watcher) apply(f frame) error {
	switch f.event {
	case "snapshot":
		var a wire.Availability
		if err := json.Unmarshal([]byte(f.data), &a); err != nil {
			return err
		}
		for i := range a.Sections {
			w.sections[a.Sections[i].ID] = &a.Sections[i]
		}
	case "delta":
		var d wire.Delta
		if err := json.Unmarshal([]byte(f.data), &d); err != nil {
			return err
		}
		return w.advance(&d)
	case "checkpoint":
		var c wire.Checkpoint
		if err := json.Unmarshal([]byte(f.data), &c); err != nil {
			return err
		}
		return w.prove(&c)
	}
	return nil
}

func (w *watcher) advance(d *wire.Delta) error {
	own := w.sections[d.Section]
	if own == nil || d.Seq != own.Seq+1 {
		return errors.New("a gap in seq")
	}
	letters := []byte(own.Status)
	for _, change := range d.Changes {
		letters[change.Seat] = change.Letter
	}
	own.Status, own.Seq = string(letters), d.Seq
	return nil
}

func (w *watcher) prove(c *wire.Checkpoint) error {
	own := w.sections[c.Section]
	sum := sha256.Sum256([]byte(own.Status))
	if own.Seq != c.Seq || hex.EncodeToString(sum[:]) != c.Hash {
		return fmt.Errorf("own map %q at %d is not the server's", own.Status, own.Seq)
	}
	w.proofs++
	return nil
}

// until takes frames up to one of a kind.
func (w *watcher) until(event string) frame {
	w.t.Helper()
	for {
		if f := w.next(); f.event == event {
			return f
		}
	}
}

func streamBench(memory int) (*fakeMap, *eventMap, *hubs, *liveConfig) {
	cfg := &liveConfig{WriteTimeout: 30 * time.Second, StreamsMax: 20_000, Flush: 20 * time.Millisecond,
		Checkpoint: 5 * time.Second, Heartbeat: 15 * time.Second, RingBytes: 4 << 20}
	live := newFakeMap(memory)
	event := &storage.Event{Sections: []storage.SectionInfo{{ID: "A"}, {ID: `B "x"`}}}
	hubs := newHubs(cfg, newStreamMeter(prometheus.NewRegistry()))
	hubs.newest = func(storage.EventID) (Live, error) { return live, nil }
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
		w.until("snapshot")
		w.next()
		w.next()
		if w.proofs != 2 {
			t.Fatalf("%d checkpoints after the snapshot", w.proofs)
		}
		live.set(0, 2, section.Held)
		if first := w.until("delta"); first.at > time.Millisecond {
			t.Fatalf("the first change after a quiet time took %v", first.at)
		}
		live.set(1, 0, section.Sold)
		live.set(0, 2, section.Available)
		second := w.until("delta")
		third := w.until("delta")
		if second.at > 20*time.Millisecond || third.at != second.at {
			t.Fatalf("gathered changes came after %v and %v", second.at, third.at)
		}
		w.until("checkpoint")
		w.until("checkpoint")
		if w.sections["A"].Status != "aaaa" || w.sections[`B "x"`].Status != "sa" {
			t.Fatalf("%+v", w.sections)
		}
	})
}

// P9: a client that comes back with the id of its last frame gets exactly what followed.
func TestP9StreamResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live, m, s, _ := streamBench(100)
		defer closeHubs(t, s)
		w := watch(t, s, m, "")
		w.until("snapshot")
		live.set(0, 0, section.Held)
		live.set(0, 1, section.Held)
		last := w.until("delta")
		_ = w.conn.Close()
		live.set(0, 2, section.Held)
		synctest.Wait()
		again := watch(t, s, m, last.id)
		again.sections = w.sections
		again.until("delta")
		again.until("delta")
		if got := again.sections["A"].Status; got != "hhha" {
			t.Fatalf("after resuming: %q", got)
		}
		for _, stranger := range []string{"deadbeef.1", "garbage", strings.Split(last.id, ".")[0] + ".999"} {
			if f := watch(t, s, m, stranger).next(); f.event != "snapshot" {
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
		w.until("snapshot")
		old := w.until("checkpoint")
		for range 5 { // more than the projection remembers, at once
			live.set(0, 0, section.Held)
			live.set(0, 0, section.Available)
		}
		w.until("snapshot")
		for i := range 40 { // more than the ring keeps
			live.set(1, section.SeatIndex(i%2), section.Sold)
			<-time.After(cfg.Flush)
		}
		if f := watch(t, s, m, old.id).next(); f.event != "snapshot" {
			t.Fatalf("a reader from before the ring resumed with %+v", f)
		}
		for w.sections[`B "x"`].Seq < 41 {
			w.next()
		}
		if got := w.sections[`B "x"`].Status; got != "ss" {
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
				f := w.next()
				if silence := time.Since(last); silence > 15*time.Second {
					t.Fatalf("silent for %v", silence)
				}
				if strings.HasPrefix(f.data, ":") {
					break
				}
			}
		}
		h := s.byEvent[storage.EventID{1}]
		_ = w.conn.Close()
		<-h.ended // a hub without clients ends by itself
		if len(s.byEvent) != 0 {
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
		old.until("snapshot")
		_, next, _, _ := streamBench(3)
		watch(t, s, next, "").until("snapshot")
		for range old.frames {
		}
	})
}

// A stream that a client has bounded ends by itself, also while changes keep coming.
func TestStreamEndsAfterTheTimeAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live, m, s, _ := streamBench(100)
		defer closeHubs(t, s)
		w := watchFor(t, s, m, "", time.After(time.Second))
		w.until("snapshot")
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
		var last frame
		for f := range w.frames {
			last = f
		}
		close(stop)
		if last.at < 900*time.Millisecond || last.at > 1100*time.Millisecond {
			t.Fatalf("the last frame came after %v", last.at)
		}
	})
}

func TestStreamRefusesBadBounds(t *testing.T) {
	h := open(t, nil)
	show := h.show("")
	for _, query := range []string{"seconds=0", "seconds=-1", "seconds=86401", "seconds=1.5", "seconds=", "secs=1"} {
		name, _, _ := strings.Cut(query, "=")
		a := h.do("GET", show+"/availability/stream?"+query, nobody, "").want(400, "bad_request")
		if a.problem.Field != name {
			t.Errorf("%s: field %q", query, a.problem.Field)
		}
	}
}
