package cluster_test

import (
	"context"
	"time"

	"holdfast/storage"
)

// outsiders are processes that an operator has started by mistake: one on a restored copy of the store, with the
// gossip's address, and one on the store itself without it. Nothing of theirs may be noticed by buyers.
type outsiders struct {
	w     *world
	stray *host
}

// startStray restores what the store has now elsewhere, and starts a process on it that joins the others.
func (o *outsiders) startStray() {
	w := o.w
	live := w.living()
	if len(live) == 0 {
		return // there is nobody to join; whoever is first opens its house
	}
	h := w.newHost(&spot{number: 100, cut: map[int]bool{}})
	h.db, h.foreign = w.store.Clone(), true
	for _, other := range live { // it joins before it does anything
		h.roster[other.id] = rumour{other.state, other.company.StandsDown(), other.told}
	}
	h.rebuild()
	o.stray = h
	w.tally["start: on a restored copy"]++
	w.note(h, "starts on a restored copy")
	h.thread("boot", h.boot)
}

// withStray adds the one on a copy to those that gossip.
func (o *outsiders) withStray(live []*host) []*host {
	if o.stray == nil || o.stray.dead || o.stray.e == nil {
		return live
	}
	return append(live, o.stray)
}

// sells judges what the one on a copy writes: nothing, as long as it knows anybody of the house who does not yield to
// it. One that was left alone before it could know who they are opens its copy, and whoever of the house starts after
// that yields: nobody sells there until a person has looked.
func (o *outsiders) sells(h *host, appends []storage.Append) {
	for _, other := range o.w.living() {
		if word, known := h.roster[other.id]; known && word.yields && other.company.StandDown != "" {
			o.w.tally["a copy sells, the house yields"]++
		} else if known {
			o.w.failf(
				"P1: n%d, on a restored copy, writes to the log of section %d (%v), and knows n%d of the house itself",
				h.number, appends[0].Section.Section, kindNames[appends[0].Entry.Kind], other.number,
			)
		}
	}
	o.w.at(
		0, nil, "stopped by a person", func() { o.w.crash(h, "opened a copy") },
	) // it was first: the house would wait for it, and for a person
}

// endTheWait is the person who has stopped the one on a copy, and looks whether anybody of the house serves. Where all
// wait for nodes that are gone, one of them is started again, as its alarm says: the others follow it.
func (o *outsiders) endTheWait() {
	if o.stray != nil && !o.stray.dead {
		return
	}
	var waits *host
	for _, spot := range o.w.spots {
		switch h := spot.host; {
		case h == nil:
		case !h.opened || h.company.StandDown == "" || !o.waitsForTheGone(h):
			return
		default:
			waits = h
		}
	}
	if waits != nil {
		o.w.crash(waits, "started again by a person")
		o.w.start(waits.spot)
	}
}

// waitsForTheGone says that a process rightly waits for one that is gone: for the one on a copy, or one of the house
// that never beat again since this one looks, or so late and so briefly that this one has not seen it, and that may
// have been on a copy for all that this one could see.
func (o *outsiders) waitsForTheGone(h *host) bool {
	began := o.w.judge.row(h.id).beats[0]
	for _, other := range o.w.hosts {
		switch {
		case !other.dead || other.alone:
		case h.knows(other):
			return false
		case other == o.stray:
			return true
		default:
			beats := o.w.judge.row(other.id).beats
			if len(beats) > 0 && (beats[len(beats)-1] <= began+beatEvery || !h.moved[other.id]) {
				return true
			}
		}
	}
	return false
}

// startForgotten starts a process without gossip, as if it had been there before the others: one that starts beside
// them would refuse to. It has no engine: what it might claim is asked, not done.
func (o *outsiders) startForgotten() {
	w := o.w
	h := w.newHost(&spot{number: 101, cut: map[int]bool{}})
	h.alone = true
	h.sightings.StandAlone()
	w.tally["start: forgotten"]++
	w.note(h, "starts without gossip")
	h.thread("heart", h.heart)
	h.thread("stand by", func() {
		for {
			h.wait(w.time().Add(50*time.Millisecond), nil)
			for no := range w.sections {
				o.tempt(h, no)
			}
		}
	})
}

// tempt asks whether the forgotten one would claim a section.
func (o *outsiders) tempt(h *host, no int) {
	tail, _ := o.w.store.Tail(context.Background(), o.w.key(no))
	if tail.Writer == h.id || !h.mayClaim(o.w.key(no), tail) {
		return
	}
	for _, other := range o.w.living() {
		if o.beats(other) {
			o.w.failf(
				"n%d, which is in no gossip, may claim section %d from n%d, and n%d of the cluster lives", h.number, no,
				o.w.numberOf(tail.Writer), other.number,
			)
		}
	}
}

// beats says that a host's row has moved for so long that whoever has looked lately knows it to live.
func (o *outsiders) beats(h *host) bool {
	row := o.w.judge.row(h.id)
	if !row.there || len(row.beats) < 5 {
		return false
	}
	last := o.w.now
	for i := range 5 {
		at := row.beats[len(row.beats)-1-i]
		if last-at > beatEvery+200*time.Millisecond {
			return false
		}
		last = at
	}
	return true
}
