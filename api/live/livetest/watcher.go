// Package livetest watches live-map streams for tests, as strictly as a careful client.
//
//	stream ──► frames ──► snapshot, deltas ──► map ──► checkpoint: is it the server's?
//
// It knows the wire and nothing of the server. Rejected: a parser in each test, for then each would forgive something
// else.
package livetest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"holdfast/api/wire"
)

// Frame is one parsed SSE frame. A comment has only Data, starting with a colon.
type Frame struct {
	ID, Event, Data string
	At              time.Duration // since the watcher started
}

// Map is an event's map as a client keeps it.
type Map struct {
	Sections map[string]*wire.SectionAvailability // by section
	Proofs   int                                  // checkpoints met

	again bool // until the next id, frames may repeat what was told
}

// NewMap is the map of a client that has been told nothing.
func NewMap() Map { return Map{Sections: map[string]*wire.SectionAvailability{}} }

// Resume says that the stream was cut, and that the next frames come from one that goes on after the last id.
func (m *Map) Resume() { m.again = true }

// Watcher reads a stream and keeps a map as a client would, proving it at every checkpoint. Not for concurrent use.
type Watcher struct {
	Map
	Frames chan Frame // what has arrived and is not taken yet; closed at the stream's end

	t *testing.T
}

// Watch reads a stream from its HTTP head on, until the stream ends.
func Watch(t *testing.T, from io.Reader) *Watcher {
	w := &Watcher{t: t, Frames: make(chan Frame, 1000), Map: NewMap()}
	go readFrames(from, w.Frames, time.Now(), false)
	return w
}

// WatchBody is Watch of a stream whose head somebody else has read.
func WatchBody(t *testing.T, from io.Reader) *Watcher {
	w := &Watcher{t: t, Frames: make(chan Frame, 1000), Map: NewMap()}
	go readFrames(from, w.Frames, time.Now(), true)
	return w
}

// Parse is the frames of a text.
func Parse(text []byte) (frames []Frame) {
	into := make(chan Frame, bytes.Count(text, []byte("\n\n")))
	readFrames(bytes.NewReader(text), into, time.Now(), true)
	for f := range into {
		frames = append(frames, f)
	}
	return frames
}

func readFrames(from io.Reader, into chan<- Frame, start time.Time, body bool) {
	defer close(into)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	var f Frame
	for lines.Scan() {
		line := lines.Text()
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && body && (f.Data != ""):
			f.At = time.Since(start)
			into <- f
			f = Frame{}
		case line == "":
			body = true // the head is over
		case name == "id":
			f.ID = value
		case name == "event":
			f.Event = value
		case name == "data":
			f.Data = value
		case strings.HasPrefix(line, ":"):
			f.Data = line
		}
	}
}

// Next takes the next frame and applies it. The end of the stream fails the test.
func (w *Watcher) Next() Frame {
	w.t.Helper()
	f, ok := <-w.Frames
	if !ok {
		w.t.Fatal("the stream ended")
	}
	if err := w.Apply(f); err != nil {
		w.t.Fatalf("%v: %+v", err, f)
	}
	return f
}

// Apply brings the map forward; an error is what a careful client would not believe.
func (m *Map) Apply(f Frame) error {
	if f.ID != "" {
		defer func() { m.again = false }()
	}
	switch f.Event {
	case "snapshot":
		var a wire.Availability
		if err := json.Unmarshal([]byte(f.Data), &a); err != nil {
			return err
		}
		for i := range a.Sections {
			m.Sections[a.Sections[i].ID] = &a.Sections[i]
		}
	case "delta":
		var d wire.Delta
		if err := json.Unmarshal([]byte(f.Data), &d); err != nil {
			return err
		}
		return m.advance(&d)
	case "checkpoint":
		var c wire.Checkpoint
		if err := json.Unmarshal([]byte(f.Data), &c); err != nil {
			return err
		}
		return m.prove(&c)
	}
	return nil
}

func (m *Map) advance(d *wire.Delta) error {
	own := m.Sections[d.Section]
	first := d.FirstSeq
	switch {
	case own == nil:
		return errors.New("a section that no snapshot has")
	case first == d.Seq:
		return errors.New("a range of one record")
	case first == 0:
		first = d.Seq
	}
	if m.again && d.Seq <= own.Seq {
		return nil
	}
	if !d.Follows(own.Seq) || !m.again && first != own.Seq+1 {
		return fmt.Errorf("records %d to %d after %d", first, d.Seq, own.Seq)
	}
	letters := []byte(own.Status)
	for _, change := range d.Changes {
		letters[change.Seat] = change.Letter
	}
	own.Status, own.Seq = string(letters), d.Seq
	return nil
}

func (m *Map) prove(c *wire.Checkpoint) error {
	own := m.Sections[c.Section]
	sum := sha256.Sum256([]byte(own.Status))
	if own.Seq != c.Seq || hex.EncodeToString(sum[:]) != c.Hash {
		return fmt.Errorf("own map %q at %d is not the server's", own.Status, own.Seq)
	}
	m.Proofs++
	return nil
}

// Until takes frames up to one of a kind.
func (w *Watcher) Until(event string) Frame {
	w.t.Helper()
	for {
		if f := w.Next(); f.Event == event {
			return f
		}
	}
}
