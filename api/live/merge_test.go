package live

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"holdfast/actors/section"
	"holdfast/api/live/fanout"
	"holdfast/api/live/livetest"
	"holdfast/storage"
)

// twin is a hub, the dumbest map that could stand beside it, and clients of all speeds.
type twin struct {
	t       *rapid.T
	live    *fakeMap
	hub     *hub
	ids     []string
	letters map[string]string // by section and seq, as the records say
	clients []*reader
}

// reader is a client who reads when the test says so.
type reader struct {
	livetest.Map
	at   fanout.Place
	last string // id
}

func newTwin(t *rapid.T) *twin {
	live, m, hubs, cfg := streamBench(rapid.SampledFrom([]int{3, 1000}).Draw(t, "memory"))
	cfg.RingBytes = rapid.SampledFrom([]int{400, 4 << 20}).Draw(t, "ring")
	w := &twin{t: t, live: live, hub: newHub(m, cfg, hubs.meter, hubs.Fan), ids: []string{"A", `B "x"`},
		letters: map[string]string{}}
	w.note(0)
	w.note(1)
	for range rapid.IntRange(1, 4).Draw(t, "clients") {
		w.clients = append(w.clients, &reader{Map: livetest.NewMap()})
	}
	return w
}

func (w *twin) note(no int) {
	w.letters[fmt.Sprint(w.ids[no], w.live.seqs[no])] = string(w.live.letters[no])
}

// publish is one record.
func (w *twin) publish() {
	no := rapid.IntRange(0, 1).Draw(w.t, "section")
	seat := section.SeatIndex(rapid.IntRange(0, len(w.live.letters[no])-1).Draw(w.t, "seat"))
	w.live.set(storage.SectionNo(no), seat, section.SeatStatus(rapid.SampledFrom([]byte("ahsb")).Draw(w.t, "letter")))
	w.note(no)
}

// read has a client take what it is sent, or the first part of it before it is cut off and comes back.
func (w *twin) read(c *reader, cut bool) {
	frame, to := w.hub.Since(c.at)
	if frame == nil {
		return
	}
	frames := livetest.Parse(frame.Plain())
	if cut {
		frames = frames[:rapid.IntRange(0, len(frames)).Draw(w.t, "frames")]
	}
	for _, f := range frames {
		if err := c.Apply(f); err != nil {
			w.t.Fatalf("%v: %+v", err, f)
		}
		if f.ID != "" {
			c.last = f.ID
		}
		for id, own := range c.Sections {
			if truth := w.letters[fmt.Sprint(id, own.Seq)]; own.Status != truth {
				w.t.Fatalf("section %s is %s after record %d, and a client has %s", id, truth, own.Seq, own.Status)
			}
		}
	}
	if c.at = to; cut {
		c.at = w.hub.place([]byte(c.last))
		c.Resume()
	}
}

// P9: whatever is published, and however seldom a client reads or is cut off, its map is the true one at the seq that
// it was told; the ranges have neither gap nor overlap, and checkpoints prove it.
func TestP9MergedFramesAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTwin(t)
		some := func() *reader { return rapid.SampledFrom(w.clients).Draw(t, "client") }
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(*rapid.T) { w.publish() },
			"publish 10": func(*rapid.T) {
				for range 10 {
					w.publish()
				}
			},
			"pull":       func(*rapid.T) { w.hub.pull() },
			"checkpoint": func(*rapid.T) { w.hub.checkpoint() },
			"read":       func(*rapid.T) { w.read(some(), false) },
			"cut":        func(*rapid.T) { w.read(some(), true) },
		})
		w.hub.pull()
		w.hub.checkpoint()
		for _, c := range w.clients {
			w.read(c, false)
			for no, id := range w.ids {
				if own := c.Sections[id]; own == nil || own.Seq != uint64(w.live.seqs[no]) {
					t.Fatalf("section %s ends at %d for a client with %+v", id, w.live.seqs[no], own)
				}
			}
		}
	})
}

// Whoever stands at one place gets one frame, the same bytes, whatever happened before; and news makes a new one.
func TestFramesAreShared(t *testing.T) {
	live, m, hubs, cfg := streamBench(1000)
	h := newHub(m, cfg, hubs.meter, hubs.Fan)
	_, begin := h.Since(fanout.Nowhere)
	for i := range 6 {
		live.set(0, section.SeatIndex(i%2), section.Held)
	}
	h.pull()
	one, at := h.Since(begin)
	if again, _ := h.Since(begin); again != one {
		t.Error("a frame was encoded twice")
	}
	if f, to := h.Since(at); f != nil || to != at {
		t.Error("there are news for who has them all")
	}
	frames := livetest.Parse(one.Plain())
	want := `{"section":"A","first_seq":2,"seq":7,"changes":[[0,"h"],[1,"h"]]}`
	if len(frames) != 1 || frames[0].Data != want || frames[0].ID == "" {
		t.Errorf("six records of two seats: %+v", frames)
	}
	live.set(1, 0, section.Sold)
	h.pull()
	if two, _ := h.Since(begin); two == one || len(livetest.Parse(two.Plain())) != 2 {
		t.Error("an old frame was told as the news")
	}
}

// A client that is further behind than the map is long gets the map.
func TestSnapshotWhenItIsShorter(t *testing.T) {
	live, m, hubs, cfg := streamBench(10 * mergeMin)
	h := newHub(m, cfg, hubs.meter, hubs.Fan)
	_, begin := h.Since(fanout.Nowhere)
	for i := range mergeMin + 1 {
		live.set(0, section.SeatIndex(i%4), section.Held)
	}
	h.pull()
	f, _ := h.Since(begin)
	if frames := livetest.Parse(f.Plain()); frames[0].Event != "snapshot" {
		t.Errorf("%d changes of 6 seats are told as %+v", mergeMin+1, frames[0])
	}
}
