// Package livetest watches live-map streams for tests, as strictly as a careful client.
//
//	stream ──► frames ──► snapshot, deltas ──► map ──► checkpoint: is it the server's?
//
// It knows the wire and nothing of the server. Rejected: a parser in each test, for then each would forgive something
// else.
package livetest

import (
	"bufio"
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

// Watcher reads a stream and keeps a map as a client would, proving it at every checkpoint. Not for concurrent use.
type Watcher struct {
	Frames   chan Frame                           // what has arrived and is not taken yet; closed at the stream's end
	Sections map[string]*wire.SectionAvailability // the map, by section
	Proofs   int                                  // checkpoints met

	t *testing.T
}

// Watch reads a stream from its HTTP head on, until the stream ends.
func Watch(t *testing.T, from io.Reader) *Watcher {
	w := &Watcher{t: t, Frames: make(chan Frame, 1000), Sections: map[string]*wire.SectionAvailability{}}
	go readFrames(from, w.Frames, time.Now())
	return w
}

func readFrames(from io.Reader, into chan<- Frame, start time.Time) {
	defer close(into)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	var f Frame
	for body := false; lines.Scan(); {
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
	if err := w.apply(f); err != nil {
		w.t.Fatalf("%v: %+v", err, f)
	}
	return f
}

func (w *Watcher) apply(f Frame) error {
	switch f.Event {
	case "snapshot":
		var a wire.Availability
		if err := json.Unmarshal([]byte(f.Data), &a); err != nil {
			return err
		}
		for i := range a.Sections {
			w.Sections[a.Sections[i].ID] = &a.Sections[i]
		}
	case "delta":
		var d wire.Delta
		if err := json.Unmarshal([]byte(f.Data), &d); err != nil {
			return err
		}
		return w.advance(&d)
	case "checkpoint":
		var c wire.Checkpoint
		if err := json.Unmarshal([]byte(f.Data), &c); err != nil {
			return err
		}
		return w.prove(&c)
	}
	return nil
}

func (w *Watcher) advance(d *wire.Delta) error {
	own := w.Sections[d.Section]
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

func (w *Watcher) prove(c *wire.Checkpoint) error {
	own := w.Sections[c.Section]
	sum := sha256.Sum256([]byte(own.Status))
	if own.Seq != c.Seq || hex.EncodeToString(sum[:]) != c.Hash {
		return fmt.Errorf("own map %q at %d is not the server's", own.Status, own.Seq)
	}
	w.Proofs++
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
