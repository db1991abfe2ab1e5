package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/audit"
	"holdfast/actors/gate"
	"holdfast/actors/gate/place"
	"holdfast/actors/section"
	"holdfast/actors/simtest"
	"holdfast/storage"
)

// doors are the buyers before a waiting room: they join, take their turns and leave, at any node, and what they are
// told is held against the gate's log.
type doors struct {
	w        *world
	admitted map[section.BuyerID]*place.Admission // the newest that each was told of
	told     map[gate.Number]section.BuyerID      // whose each number is, by the answers
	sessions map[gate.SessionNo]section.BuyerID
}

// newGatedWorld is a world with a waiting room before its event.
func newGatedWorld(seed uint64) *world {
	w := newWorldOf(seed, func(sections int) *plan {
		gated, header := *plans()[sections], *plans()[sections].header
		opens := section.Instant(epoch.UnixMilli()) - 60_000
		header.WaitingRoom = &storage.WaitingRoom{OpensAt: opens, DoorsAt: opens, Cap: 3, SessionMillis: 700,
			TurnMillis: 400, GraceMillis: 200, SaltKey: storage.Bytes32{1}}
		for no := range sections { // as the audit wants to have them
			header.Sections = append(header.Sections, storage.SectionInfo{
				ID: string(rune('A' + no)), Name: string(rune('A' + no)), Seats: uint32(gated.seats),
			})
		}
		gated.header = &header
		return &gated
	})
	w.doors = &doors{w: w, admitted: map[section.BuyerID]*place.Admission{}, told: map[gate.Number]section.BuyerID{},
		sessions: map[gate.SessionNo]section.BuyerID{}}
	return w
}

// gateKey is the log of the event's waiting room.
func (w *world) gateKey() storage.SectionKey {
	return storage.SectionKey{Event: w.plan.header.ID, Section: storage.GateNo}
}

// admission is what a buyer shows with a new hold; nil: none, or nobody asks for one.
func (d *doors) admission(buyer section.BuyerID) *place.Admission {
	if d == nil {
		return nil
	}
	return d.admitted[buyer]
}

// keepsOut says that a call was refused because its buyer is not inside.
func (d *doors) keepsOut(c *call, err error) bool {
	if d == nil || !errors.Is(err, actors.ErrNotAdmitted) && !errors.Is(err, actors.ErrAdmissionExpired) {
		return false
	}
	c.intent.surelyNot = true
	return true
}

// come has somebody do something, and comes again.
func (d *doors) come() {
	w := d.w
	if w.calm {
		return
	}
	h := w.spots[w.chance.IntN(len(w.spots))].host
	buyer, dice := section.BuyerID{byte(1 + w.chance.IntN(buyerCount))}, w.chance.IntN(100)
	if h != nil && !h.dead && h.opened {
		h.thread("doors", func() { d.call(h, buyer, dice) })
	}
	w.at(w.between(time.Millisecond, 25*time.Millisecond), nil, "doors", d.come)
}

func (d *doors) call(h *host, buyer section.BuyerID, dice int) {
	w, id, patience := d.w, d.w.plan.header.ID, d.w.between(50*time.Millisecond, time.Second)
	var out actors.QueuePlace
	var err error
	what := "take"
	switch {
	case dice < 40:
		what, err = "join", h.e.JoinQueue(id, buyer, 2, 0, patience, &out)
	case dice < 90:
		err = h.e.TakeTurn(id, buyer, patience, &out)
	default:
		what, err = "leave", h.e.LeaveQueue(id, buyer, patience, &out)
	}
	var no *actors.QueueRefusal
	switch {
	case errors.As(err, &no):
		w.tally["doors, "+what+": "+no.Code.String()]++
		return
	case errors.Is(err, actors.ErrUnavailable), errors.Is(err, actors.ErrMoved), errors.Is(err, actors.ErrTimeout),
		errors.Is(err, actors.ErrOverloaded):
		w.tally["doors, "+what+": again"]++
		return
	case err != nil:
		w.failf("buyer %x, %s: %w", buyer[:1], what, err)
		return
	}
	w.tally["doors, "+what+": done"]++
	if was, known := d.told[out.Number]; known && was != buyer {
		w.failf("P8: number %d was told to buyer %x, and then to buyer %x", out.Number, was[:1], buyer[:1])
	}
	d.told[out.Number] = buyer
	if what == "take" && out.State == gate.Inside {
		d.sessions[out.Session] = buyer
		d.admitted[buyer] = &place.Admission{
			Place:   place.Place{Event: id, Number: out.Number, Buyer: gate.Buyer(buyer)},
			Session: out.Session, Until: out.Until, Seq: out.Seq,
		}
	}
}

// committed hears of a record of the gate's log.
func (d *doors) committed(e *storage.Entry, err error) {
	switch {
	case err != nil:
	case e.Kind == storage.EntryClaim:
		d.w.tally["gate: claimed"]++
		d.w.stirs++
	case e.Kind == storage.EntryReleased:
		d.w.tally["gate: released"]++
		d.w.stirs++
	}
}

// missing says what is not at rest yet; empty: nothing.
func (d *doors) missing(live []*host) string {
	if d == nil {
		return ""
	}
	placed, served := live[0].view.Owner(d.w.gateKey()), 0
	for _, h := range live {
		inc := h.ev.Gate().Shard().Serving()
		switch {
		case inc == nil:
		case h.id != placed:
			return fmt.Sprintf("the gate is served by n%d, and placed on n%d", h.number, d.w.numberOf(placed))
		default:
			served++
		}
	}
	if served != 1 {
		return fmt.Sprintf("the gate is served by %d nodes", served)
	}
	for _, h := range live {
		if occupied := h.ev.Gate().Frame().Public.Occupied; occupied > 0 {
			return fmt.Sprintf("n%d shows %d slots that are occupied, after all sessions' time", h.number, occupied)
		}
	}
	return ""
}

// compare holds the gate's log, what was told, and what nodes follow against each other, once nothing moves.
func (d *doors) compare() {
	if d == nil {
		return
	}
	w, ctx := d.w, context.Background()
	report, err := audit.Run(ctx, w.store, audit.Options{})
	if err != nil {
		w.failf("the audit: %w", err)
		return
	}
	if !report.Clean() {
		w.failf("P8: the audit finds %v", report.Findings)
	}
	var joined []gate.Buyer
	admitted := map[gate.SessionNo]gate.Number{}
	var last section.Seq
	err = w.store.Read(ctx, w.gateKey(), 0, func(e *storage.Entry, _ storage.Hash) error {
		if last = e.Seq; e.Kind != storage.EntryChanges {
			return nil
		}
		return gate.DecodeChanges(e.Body, e.At, func(c *gate.Change) error {
			w.tally[fmt.Sprintf("gate: change %d", c.Kind)]++
			for _, entrant := range c.Entrants {
				joined = append(joined, entrant.Buyer)
			}
			if c.Kind == gate.Admitted {
				admitted[c.Session] = c.Number
			}
			return nil
		})
	})
	if err != nil {
		w.failf("the gate's log: %w", err)
	}
	for number, buyer := range d.told {
		if int(number) >= len(joined) || joined[number] != gate.Buyer(buyer) {
			w.failf("P2: buyer %x was told of number %d, which the log does not give to them", buyer[:1], number)
		}
	}
	for session, buyer := range d.sessions {
		if number, known := admitted[session]; !known || joined[number] != gate.Buyer(buyer) {
			w.failf("P2: buyer %x was told of session %d, which the log does not give to them", buyer[:1], session)
		}
	}
	for _, h := range w.living() {
		if seq := h.ev.Gate().Horizon(); seq != last {
			w.failf("n%d has followed the gate to record %d of %d", h.number, seq, last)
		}
	}
}

// doorsMustMeet is what enough worlds with a waiting room cannot miss.
var doorsMustMeet = []string{
	"doors, join: done", "doors, take: done", "doors, leave: done", "doors, join: again", "doors, take: not_your_turn",
	"gate: claimed", "gate: released", "told: accepted", "crash: killed", "drain", "line cut",
}

// TestSimulationOfDoors runs clusters with a waiting room before their event: joins, turns, holds under sessions, and
// everything that can happen to nodes; the gate's log and what buyers were told are judged at the end (P2, P8).
func TestSimulationOfDoors(t *testing.T) {
	seeds, total := simtest.Seeds(t, seedsOfDoors), map[string]int{}
	first := uint64(1)
	if seed, one := simtest.Seed(t); one {
		first, seeds = seed, 1
	}
	for seed := first; seed < first+seeds; seed++ {
		w := newGatedWorld(seed)
		if err := w.run(); err != nil {
			t.Fatalf("seed %d: %v\nthe end of the story:\n%s", seed, err, w.story())
		}
		for what, n := range w.tally {
			total[what] += n
		}
	}
	for _, what := range doorsMustMeet {
		if total[what] == 0 && seeds >= seedsOfDoors {
			t.Errorf("no world ever met %q", what)
		}
	}
	t.Logf("%d seeds; what happened: %s", seeds, tallyText(total))
}
