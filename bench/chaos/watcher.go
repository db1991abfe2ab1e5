package chaos

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/buyers"
	"holdfast/bench/chaos/testbed"
	"holdfast/bench/lab"
)

// watcher follows the stalls' map at one node, as a fan's page does: a snapshot, then deltas, and checkpoints that
// prove it. It comes back by itself with the id of the last frame it had.
type watcher struct {
	node  *testbed.Node
	event *buyers.Event
	finds *findings

	mu       sync.Mutex
	sections map[string]*watched
	last     string // id of the last frame that had one
	again    bool   // the stream goes on after last: until its first id, frames may repeat what was told
	frames   watchTally
}

// watched is one section as the watcher has it.
type watched struct {
	seq     uint64
	letters []byte
}

// watchTally counts frames for the report.
type watchTally struct{ Snapshots, Deltas, Checkpoints, Streams uint64 }

func newWatcher(n *testbed.Node, h *buyers.Event, finds *findings) *watcher {
	return &watcher{node: n, event: h, finds: finds, sections: map[string]*watched{}}
}

// watchPause is between two streams.
const watchPause = 100 * time.Millisecond

// watch follows streams until ctx ends. What a node refuses, or a cut ends, is asked for again.
func (w *watcher) watch(ctx context.Context) {
	for ctx.Err() == nil {
		w.follow(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(watchPause):
		}
	}
}

// follow reads one stream to its end, which is no error: the watcher comes back.
func (w *watcher) follow(ctx context.Context) {
	s, err := lab.OpenStream(ctx, w.node.API, "/v1/events/"+w.event.ID+"/availability/stream", w.begun())
	if err != nil {
		return
	}
	defer s.Close()
	w.mu.Lock()
	w.frames.Streams++
	w.again = w.last != ""
	w.mu.Unlock()
	for {
		f, err := s.Next()
		if err != nil {
			return
		}
		w.take(&f)
	}
}

// begun is the id of the last frame, after which the next stream goes on.
func (w *watcher) begun() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func (w *watcher) take(f *lab.Frame) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wrong := ""
	switch f.Event {
	case "snapshot":
		wrong = w.snapshot(f.Data)
	case "delta":
		wrong = w.delta(f.Data)
	case "checkpoint":
		wrong = w.checkpoint(f.Data)
	}
	if f.ID != "" {
		w.last, w.again = f.ID, false
	}
	if wrong != "" {
		w.finds.add(checkMaps, fmt.Sprintf("stream of %s, frame %s: %s", w.node.Name, f.ID, wrong))
		w.last = "" // begin anew with a snapshot the next time
	}
}

func (w *watcher) snapshot(data []byte) (wrong string) {
	var all wire.Availability
	if err := json.Unmarshal(data, &all); err != nil {
		return "a snapshot that cannot be read: " + err.Error()
	}
	w.frames.Snapshots++
	for _, s := range all.Sections {
		w.sections[s.ID] = &watched{s.Seq, []byte(s.Status)}
	}
	return ""
}

func (w *watcher) delta(data []byte) (wrong string) {
	var d wire.Delta
	if err := json.Unmarshal(data, &d); err != nil {
		return "a delta that cannot be read: " + err.Error()
	}
	w.frames.Deltas++
	s := w.sections[d.Section]
	if s == nil {
		return "a delta of section " + d.Section + ", of which there was no snapshot"
	}
	if d.Seq <= s.seq && w.again {
		return ""
	}
	if d.Seq <= s.seq || d.FirstSeq > s.seq+1 {
		return fmt.Sprintf("section %s goes from seq %d to %d", d.Section, s.seq, d.Seq)
	}
	s.seq = d.Seq
	for _, c := range d.Changes {
		if int(c.Seat) >= len(s.letters) {
			return fmt.Sprintf("section %s has no seat %d", d.Section, c.Seat)
		}
		s.letters[c.Seat] = c.Letter
	}
	return ""
}

// checkpoint holds the map against the server's own hash of it (P9).
func (w *watcher) checkpoint(data []byte) (wrong string) {
	var c wire.Checkpoint
	if err := json.Unmarshal(data, &c); err != nil {
		return "a checkpoint that cannot be read: " + err.Error()
	}
	w.frames.Checkpoints++
	s := w.sections[c.Section]
	if s == nil {
		return "a checkpoint of section " + c.Section + ", of which there was no snapshot"
	}
	sum := sha256.Sum256(s.letters)
	if got := hex.EncodeToString(sum[:]); got != c.Hash || s.seq != c.Seq {
		return fmt.Sprintf("section %s: by snapshot and deltas seq %d hash %.8s, by the checkpoint seq %d hash %.8s",
			c.Section, s.seq, got, c.Seq, c.Hash)
	}
	return ""
}

// differs says where the map is not what the log ends with; "": nowhere.
func (w *watcher) differs(truth map[string][]byte) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, letters := range truth {
		s := w.sections[id]
		if s == nil {
			return "there never was a map of section " + id
		}
		if string(s.letters) != string(letters) {
			return fmt.Sprintf("section %s: at seq %d the stream shows %s", id, s.seq, unlike(s.letters, letters))
		}
	}
	return ""
}

// unlike tells the first seat that two maps draw differently.
func unlike(shown, truth []byte) string {
	if len(shown) != len(truth) {
		return fmt.Sprintf("%d seats, and the log has %d", len(shown), len(truth))
	}
	count, first := 0, -1
	for i := range shown {
		if shown[i] != truth[i] {
			count++
			if first < 0 {
				first = i
			}
		}
	}
	if first < 0 {
		return "no difference"
	}
	return fmt.Sprintf("seat %d as %c, and the log ends with %c; %d seats differ", first, shown[first], truth[first],
		count)
}

func (w *watcher) tally() watchTally {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.frames
}
