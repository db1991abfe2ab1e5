package cluster_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"time"

	"holdfast/actors"
	"holdfast/actors/coordinator"
	"holdfast/actors/machine"
	"holdfast/actors/section"
	"holdfast/actors/section/order"
	"holdfast/actors/shard"
	"holdfast/actors/simtest"
	"holdfast/actors/writer"
	"holdfast/cluster"
	"holdfast/storage"
)

// restBound is how long the world may take to come to rest after the last fault: a lapse of 2 s must pass for the
// dead, the claims and probations after it take a second one, and gossip has its own delay.
const restBound = 6 * time.Second

// restBound is restBound; a leg whose order came to nothing asks only after a while.
func (w *world) restBound() time.Duration {
	if w.ordered() {
		return restBound + time.Duration(order.CollectMax)*time.Millisecond + 2*time.Second
	}
	return restBound
}

// rest ends chaos and waits until everything is as it should be. What is still missing after the bound is the failure.
func (w *world) rest() {
	w.heal()
	since := w.now
	w.until(w.now + 500*time.Millisecond) // what was sent before may still be lost
	for w.failure == nil {
		w.operators.reopen() // again and again: a switch may be late
		w.outsiders.endTheWait()
		w.until(w.now + 100*time.Millisecond)
		missing := w.missing()
		if missing == "" {
			w.tally["rest, in tenths of a second"] += int((w.now - since) / (100 * time.Millisecond))
			break
		}
		if w.now >= since+w.restBound() {
			w.failf("liveness: after %v of peace %s", w.restBound(), missing)
		}
	}
	if w.failure == nil {
		w.proveService()
	}
	if w.ordered() {
		w.quiet()
	}
	if w.failure == nil {
		w.compare()
	}
}

// missing says what is not yet as it should be; empty: nothing.
func (w *world) missing() string {
	var live []*host
	for _, spot := range w.spots {
		h := spot.host
		switch {
		case h == nil:
			continue
		case !h.opened:
			return fmt.Sprintf("n%d has not opened", h.number)
		case w.now-h.pulsed > beatEvery+100*time.Millisecond:
			return fmt.Sprintf("n%d has not beaten for %v", h.number, w.now-h.pulsed)
		case !h.ev.ClockSure():
			return fmt.Sprintf("n%d does not believe its clock", h.number)
		case h.leaving:
			return fmt.Sprintf("n%d has not left", h.number)
		}
		live = append(live, h)
	}
	switch {
	case len(live) == 0:
		return "nobody is there"
	case w.now <= w.unheardUntil: // its sender is in doubt only when it has waited long enough
		return "a call of the store is under way that will not be heard"
	}
	for _, h := range live {
		if len(h.view.peers) != len(live) || h.view.Version() != live[0].view.Version() || h.state != cluster.Serving {
			return fmt.Sprintf("n%d is %v and sees %d of %d members, stands down: %q, shown %v", h.number, h.state,
				len(h.view.peers), len(live), h.company.StandDown, h.tenure.Shown(w.time()))
		}
	}
	for _, h := range live {
		if h.ev.Sale() != storage.SaleOpen {
			return fmt.Sprintf("n%d has not heard that the sale is open", h.number)
		}
	}
	for no := range w.sections {
		if w.judge.follow(no); w.judge.barred[no] {
			return fmt.Sprintf("the log of section %d does not say that the sale is open", no)
		}
		if why := w.misplaced(no, live); why != "" {
			return fmt.Sprintf("section %d %s", no, why)
		}
	}
	if why := w.doors.missing(live); why != "" {
		return why
	}
	if why := w.uncoordinated(live); why != "" {
		return why
	}
	if why := w.unsettled(); why != "" {
		return why
	}
	for _, h := range live {
		if why := h.notSafe(); why != "" {
			return fmt.Sprintf("n%d may not search: %s", h.number, why)
		}
	}
	return ""
}

func (w *world) misplaced(no int, live []*host) string {
	placed, served := live[0].view.Owner(w.key(no)), 0
	for _, h := range live {
		if h.serving(no) == nil {
			continue
		}
		if inc := h.serving(no); inc.TrustedUntil() == 0 || !inc.Trusted() {
			return fmt.Sprintf("is in doubt on n%d", h.number)
		}
		if served++; h.id != placed {
			return fmt.Sprintf("is served by n%d, and placed on n%d: %s", h.number, w.numberOf(placed), h.duty(no))
		}
	}
	if served != 1 {
		return fmt.Sprintf("is served by %d nodes, and placed on n%d", served, w.numberOf(placed))
	}
	return ""
}

func (h *host) shard(no int) *shard.Shard { return h.ev.Shard(storage.SectionNo(no)) }

// serving is the section's life on this host that takes requests; nil: none does.
func (h *host) serving(no int) *shard.Activation { return h.shard(no).Serving() }

func (h *host) notSafe() string {
	settled := false
	h.ev.SearchRules(func(rules *coordinator.Views) { _, settled = rules.Safe() })
	if !settled {
		return "not all are settled in its view"
	}
	for no := range h.w.sections {
		if !h.ev.KeysKnown(storage.SectionNo(no)) {
			return fmt.Sprintf("section %d is not heard out: %s", no, h.hearing(no))
		}
	}
	return ""
}

// duty says why a node does not hand a section over, for whoever reads a failure.
func (h *host) duty(no int) string {
	text := fmt.Sprintf("moving %v, peers that follow", h.ev.Underway()["transfers"])
	for _, peer := range h.ev.Followers() {
		text += fmt.Sprintf(" n%d", h.w.numberOf(peer))
	}
	return text + ", " + h.hearing(no)
}

// hearing says how far a node has heard a section, for whoever reads a failure.
func (h *host) hearing(no int) string {
	owner, _ := h.ev.Owner(storage.SectionNo(no))
	text := fmt.Sprintf("life %v, owner %+v", h.shard(no).Phase(), owner)
	if f := h.ev.Replica(storage.SectionNo(no)); f != nil {
		at, known := f.Position()
		f.Inspect(func(m machine.Machine, reading, over bool) {
			text += fmt.Sprintf(
				", followed to %d (%v) of %d, loaded %v, reading %v, over %v", at.Seq, at.Kind, known, m != nil,
				reading, over,
			)
		})
	}
	return text
}

// quiet waits until no request is on its way: legs of orders that wait for their payment ask now and then.
func (w *world) quiet() {
	for end := w.now + 2*time.Second; w.now < end && w.failure == nil && w.inTransit(); {
		w.until(w.now + 5*time.Millisecond)
	}
}

func (w *world) inTransit() bool {
	for _, h := range w.living() {
		for no := range w.sections {
			inc := h.serving(no)
			if h.ev.InTransit(storage.SectionNo(no)) != 0 || inc != nil && inc.Inflight() != 0 {
				return true
			}
		}
	}
	return false
}

// proveService asks every node for everything: now nobody may be told to come again.
func (w *world) proveService() {
	w.proving = true
	for _, h := range w.living() {
		for no := range w.sections {
			intent := w.buyers.add()
			intent.kind, intent.section, intent.seats = section.PlaceHold, no, []string{
				fmt.Sprintf("%c-1-%d", 'A'+no, 1+w.chance.IntN(w.plan.seats)),
			}
			intent.who.Operator = w.doors != nil // who needs no session
			w.buyers.sendTo(intent, h)
		}
		w.orderAgain(h)
		for person := range buyerCount {
			intent := w.buyers.add()
			intent.kind, intent.quantity, intent.who.Buyer = section.PlaceBest, 1, section.BuyerID{byte(1 + person)}
			intent.who.Operator = w.doors != nil
			w.buyers.sendTo(intent, h)
		}
	}
	w.until(w.now + 4500*time.Millisecond) // holds end meanwhile, by clocks that may be wrong by more than a second
	for end := w.now + w.restBound(); w.unsettled() != "" && w.now < end && w.failure == nil; {
		w.until(w.now + 250*time.Millisecond) // an order of before peace may have come to nothing since
	}
	for h, n := range w.buyers.open {
		if n != 0 {
			w.failf("liveness: %d calls on n%d were never answered", n, h.number)
		}
	}
	if why := w.missing(); why != "" && w.failure == nil {
		w.failf("liveness: at rest, and then %s", why)
	}
}

// compare holds what every node knows against the logs, once nothing moves.
func (w *world) compare() {
	for no := range w.sections {
		w.compareSection(no)
	}
	w.doors.compare()
	w.compareLimits()
	for _, h := range w.living() {
		w.compareLedgers(h)
		w.compareSlots(h)
	}
	for _, intent := range w.buyers.intents {
		n := w.judge.holds[intent.who.Buyer]
		if !intent.keyed() && intent.kind != 0 && (n > 1 || n > 0 && intent.surelyNot) {
			w.failf(
				"P5: intent %d, without a key, was told that it surely is not done: %v; the log has %d holds of it",
				intent.number, intent.surelyNot, n,
			)
		}
	}
}

func (w *world) compareSection(no int) {
	m, key := w.judge.models[no], w.key(no)
	got := map[section.SeatIndex]section.BookingNo{}
	_ = w.store.Tickets(
		context.Background(), key, func(row section.Ticket) error { got[row.Seat] = row.Booking; return nil },
	)
	if want := m.Tickets(); !maps.Equal(want, got) {
		w.failf("P1: section %d: tickets table %v, the log says %v", no, got, want)
	}
	live := w.living()
	layout, rules := live[0].ev.Kind(storage.SectionNo(no)).Layout, w.plan.header.Rules
	state, at := section.NewMachine(section.NewState(layout, rules)), storage.Tail{}
	err := w.store.Read(context.Background(), key, 0, func(e *storage.Entry, hash storage.Hash) error {
		_, err := writer.Replay(state, key, e, at, nil)
		at = e.After(hash)
		return err
	})
	if err != nil {
		w.failf("section %d: replay: %w", no, err)
		return
	}
	state.Begin(at.Seq + 1)
	want, letters := state.AppendSnapshot(nil), state.AppendLetters(nil)
	for _, h := range live {
		h.ev.Map().Read(func(shown storage.SectionNo, got actors.SectionStatus) {
			if int(shown) == int(no) && (got.Seq != at.Seq || !bytes.Equal(got.Letters, letters)) {
				w.failf(
					"P9: n%d shows section %d as %s at record %d, the log says %s at %d", h.number, no, got.Letters,
					got.Seq, letters, at.Seq,
				)
			}
		})
		if f := h.ev.Replica(storage.SectionNo(no)); f != nil {
			if followed, _ := f.Position(); followed.Seq != at.Seq {
				w.failf("n%d has followed section %d to record %d of %d", h.number, no, followed.Seq, at.Seq)
				return
			}
			f.Inspect(func(m machine.Machine, _, _ bool) {
				if m.Begin(at.Seq + 1); !bytes.Equal(m.AppendSnapshot(nil), want) {
					w.failf(
						"P10: what n%d knows of section %d is not what the log says:\n%s\nthe log:\n%s", h.number, no,
						m, state,
					)
				}
			})
		}
		if inc := h.serving(no); inc != nil {
			w.compareEnds(no, m, h)
		}
	}
}

// compareEnds finds holds that are over and stand (P4).
func (w *world) compareEnds(no int, m *simtest.Model, h *host) {
	for number, b := range m.Bookings {
		if b.State == section.BookingHeld && b.ExpiresAt+100 < h.clock() {
			w.failf("P4: booking %d of section %d stands %d ms after its end", number, no, h.clock()-b.ExpiresAt)
		}
	}
}

// compareLedgers holds a node's ledgers of the event against the logs.
func (w *world) compareLedgers(h *host) {
	want := map[section.BuyerID]uint32{}
	for _, m := range w.judge.models {
		for _, b := range m.Bookings {
			if takesSeats(b.State) {
				want[b.Buyer] += uint32(len(b.Seats))
			}
		}
	}
	for buyer, seats := range want {
		if counted := h.ev.Quota().Seats(buyer); counted != seats {
			w.failf("n%d counts %d seats of buyer %x, the logs %d", h.number, counted, buyer[:2], seats)
		}
	}
	for _, intent := range w.buyers.intents {
		buyer := intent.who.Buyer
		if seats := h.ev.Quota().Seats(buyer); seats != want[buyer] {
			w.failf("n%d counts %d seats of buyer %x, the logs %d", h.number, seats, buyer[:2], want[buyer])
		}
	}
	if buyers := h.ev.Quota().Buyers(); buyers != len(want) {
		w.failf("n%d counts seats of %d buyers, the logs have %d", h.number, buyers, len(want))
	}
	if _, underWay := h.ev.Keys().Size(); underWay != 0 {
		w.failf("n%d believes %d requests to be under way", h.number, underWay)
	}
	for request, effect := range w.judge.effects {
		if effect.Kind == section.LegBound {
			continue // no buyer's key
		}
		use, known := h.ev.Keys().Use(request)
		if !known || !use.Accepted || int(use.Section) != effect.section {
			w.failf(
				"P5: n%d does not know that request %x had its effect in section %d (%+v)", h.number, request[:4],
				effect.section, use,
			)
		}
	}
}

// compareSlots finds what was taken and never given back.
func (w *world) compareSlots(h *host) {
	for no := range w.sections {
		if n := h.ev.InTransit(storage.SectionNo(no)); n != 0 {
			w.failf("n%d has %d requests for section %d on their way, and nothing is under way", h.number, n, no)
		}
		if inc := h.serving(no); inc != nil && inc.Inflight() != 0 {
			w.failf("n%d has %d slots of section %d taken, and nothing is under way", h.number, inc.Inflight(), no)
		}
	}
	for what, n := range h.ev.Underway() {
		if n != 0 {
			w.failf("n%d has %d %s, and nothing is under way", h.number, n, what)
		}
	}
	other := cluster.NewView(h.id, []cluster.Member{{Writer: h.id, State: cluster.Draining}})
	h.ev.SearchRules(func(rules *coordinator.Views) {
		if rules.See(&view{other, []storage.WriterID{h.id}}); !rules.Quiet() {
			w.failf("n%d has let a search in that never left", h.number)
		}
	})
}
