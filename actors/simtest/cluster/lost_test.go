package cluster_test

import (
	"context"
	"time"

	"holdfast/actors"
	"holdfast/actors/section"
	"holdfast/storage"
)

const (
	// lossPercent is how many worlds end with a store that loses records.
	lossPercent = 30
	// lossBound is how long it may take until nobody serves a section whose records are lost: a killed owner's
	// heartbeat lapses, somebody claims, and whoever knows more says so.
	lossBound = 6 * time.Second
)

// loss is what the store has lost: the newest records of one section.
type loss struct {
	w       *world
	section int
	last    section.Seq // record that is the newest now
	gone    map[storage.Hash]bool
}

// closes is how many sections may be closed for a person to look at.
func (l *loss) closes() int64 {
	if l == nil {
		return 0
	}
	return 1
}

// knows says that a process remembers what is lost. It may have learnt it since, from another.
func (l *loss) knows(h *host) bool {
	return l != nil && l.gone[h.witness.Of(l.w.key(l.section)).Mark().Hash]
}

// appended judges a record that the store took into the log which lost its end: a process that remembered what was
// there when it sent the record changes nothing behind it. One that hears of the loss while its record is on its way
// cannot call it back. A release says nothing to anybody.
func (l *loss) appended(h *host, e *storage.Entry, knew bool, err error) {
	if err == nil && e.Kind == storage.EntryChanges && knew {
		l.w.failf(
			"P1, P2: n%d remembers more than record %d of section %d, and wrote record %d behind it", h.number, l.last,
			l.section, e.Seq,
		)
	}
}

// loseRecords is the end of a world: the database fails over to a copy that lacks the newest records of a section,
// while the section is served, or after its owner was killed, or while nobody runs. Whoever remembers must not serve
// it, and must tell those who do not.
func (w *world) loseRecords() {
	no := w.chance.IntN(w.sections)
	last, ok := w.lossOf(no)
	if !ok {
		return
	}
	var owner *host
	for _, h := range w.living() {
		if h.serving(no) != nil {
			owner = h
		}
	}
	switch dice := w.chance.IntN(3); {
	case dice == 0 && owner != nil:
		w.tally["lost: under its owner"]++
	case dice == 1 && owner != nil && len(w.living()) > 1:
		w.tally["lost: behind a killed owner"]++
		w.crash(owner, "killed")
		w.until(w.now + w.between(0, 1500*time.Millisecond))
	default:
		w.tally["lost: while nobody ran"]++
		for _, h := range w.living() {
			w.crash(h, "killed")
		}
	}
	w.lost = &loss{w: w, section: no, last: last, gone: map[storage.Hash]bool{}}
	_ = w.store.Read(context.Background(), w.key(no), last, func(_ *storage.Entry, hash storage.Hash) error {
		w.lost.gone[hash] = true
		return nil
	})
	w.store.Lose(w.key(no), last)
	w.note(nil, "the store loses section %d behind record %d", no, last)
	for _, spot := range w.spots {
		if spot.host == nil {
			w.at(w.between(0, time.Second), nil, "restart", func() {
				if spot.host == nil {
					w.start(spot)
				}
			})
		}
	}
	w.until(w.now + 100*time.Millisecond)
	w.lost.buy()
	w.until(w.now + lossBound)
	w.lost.buy()
	w.until(w.now + 2*time.Second)
	w.lost.judge()
}

// lossOf chooses the record that is to be the newest one: at least one that somebody was told of is behind it.
func (w *world) lossOf(no int) (last section.Seq, ok bool) {
	var told []section.Seq
	_ = w.store.Read(context.Background(), w.key(no), 0, func(e *storage.Entry, _ storage.Hash) error {
		if e.Kind == storage.EntryChanges && e.Seq > 1 {
			told = append(told, e.Seq)
		}
		return nil
	})
	if len(told) == 0 {
		return 0, false
	}
	return told[len(told)-1-w.chance.IntN(min(3, len(told)))] - 1, true
}

// buy asks every process for a seat of the section.
func (l *loss) buy() {
	for _, h := range l.w.living() {
		if !h.opened {
			continue
		}
		h.thread("late intent", func() {
			knew := l.knows(h) && h.serving(l.section) == nil
			var out actors.BookingView
			who := actors.Caller{Buyer: section.BuyerID{0xee, byte(h.number)}}
			err := h.e.Book(
				&actors.BookCall{
					Event: l.w.plan.header.ID, Caller: who,
					Best: actors.BestAvailable{Quantity: 1, Section: string(rune('A' + l.section))},
				},
				2*time.Second,
				&out,
			)
			if err == nil && knew && l.w.failure == nil && out.ID.Section.Section == storage.SectionNo(l.section) &&
				h.serving(l.section) != nil {
				l.w.failf(
					"P1: n%d granted a seat of section %d, of which it remembers more than the log has", h.number,
					l.section,
				)
			}
		})
	}
}

// judge wants the section closed wherever somebody remembers, and hence everywhere.
func (l *loss) judge() {
	remembered := false
	for _, h := range l.w.living() {
		remembered = remembered || h.opened && l.knows(h)
	}
	if !remembered {
		l.w.tally["lost: and nobody remembered"]++
		return
	}
	tail, err := l.w.store.Tail(context.Background(), l.w.key(l.section))
	// its owner had nothing to write, as of a section that is sold out, and told nobody anything
	if err == nil && tail.Seq == l.last {
		l.w.tally["lost: and nothing written since"]++
		return
	}
	for _, h := range l.w.living() {
		if !h.opened {
			continue
		}
		if s := h.shard(l.section); s.Serving() != nil ||
			s.Phase() != actors.Condemned && l.knows(h) && h.ev.PlacedHere(storage.SectionNo(l.section)) {
			l.w.failf(
				"P1, P2: section %d lost its records behind %d, and is %v on n%d: %s", l.section, l.last,
				s.Phase(), h.number, h.hearing(l.section),
			)
		}
	}
	l.w.tally["lost: and closed everywhere"]++
}
