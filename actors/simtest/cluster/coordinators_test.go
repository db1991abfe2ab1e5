package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/actors"
	"holdfast/actors/audit"
	"holdfast/actors/section"
	"holdfast/actors/simtest"
	"holdfast/storage"
)

// coordinatedFrom is the first seed whose event has coordinators.
const coordinatedFrom = 1_000_000_000

// coordinated is the same house with coordinators.
func (p *plan) coordinated() *plan {
	with := *p
	with.header = p.header.Clone()
	with.header.Coordinators = 2
	for no := range int(p.header.ID[1]) { // as the audit wants to have them
		id := string(rune('A' + no))
		with.header.Sections = append(
			with.header.Sections, storage.SectionInfo{ID: id, Name: id, Seats: uint32(p.seats)},
		)
	}
	return &with
}

// fenceMost is how long a fence that was sent before peace may keep a coordinator from being ready.
const fenceMost = 2100 * time.Millisecond

// coordinatorKey is the log of one of the event's coordinators.
func (w *world) coordinatorKey(i uint8) storage.SectionKey {
	return storage.SectionKey{Event: w.plan.header.ID, Section: storage.CoordinatorNo + storage.SectionNo(i)}
}

// coordinatorCommitted hears of a record of a coordinator's log, which has claims and releases only.
func (w *world) coordinatorCommitted(i int, e *storage.Entry, err error) {
	switch last := &w.coordinators[i]; {
	case err != nil:
		return
	case e.Kind == storage.EntryReleased:
		w.tally["coordinator: released"]++
	case e.Kind == storage.EntryChanges:
		w.closed.noted(i, e)
	case e.Kind != storage.EntryClaim:
		w.failf("coordinator %d's log has a record of kind %d", i, e.Kind)
	case last.Kind != storage.EntryReleased && last.Seq > 0 && last.Writer != e.Writer:
		w.tally["coordinator: claimed from the dead"]++
	default:
		w.tally["coordinator: claimed"]++
	}
	w.coordinators[i] = *e
	w.stirs++
}

// uncoordinated says which coordinator could not be had now by the node that it is placed on: its log is another's that
// lives, or that died so lately that its heart may still beat. Empty: none. Nobody need have one before a buyer comes.
func (w *world) uncoordinated(live []*host) string {
	if w.ordering() && w.plan.header.Coordinators > 0 && w.now-w.calmSince < fenceMost {
		return "a fence of before may be on its way"
	}
	for _, h := range live {
		if n := h.ev.Excluded(); n > 0 {
			return fmt.Sprintf("n%d has coordinators that do without %d sections", h.number, n)
		}
	}
	for i := range w.plan.header.Coordinators {
		key := w.coordinatorKey(i)
		tail, err := w.store.Tail(context.Background(), key)
		if err != nil {
			w.failf("the log of coordinator %d: %w", i, err)
		}
		placed := w.byID[live[0].view.Owner(key)]
		if tail.Seq == 0 || tail.Kind == storage.EntryReleased || tail.Writer == placed.id {
			continue
		}
		if owner := w.byID[tail.Writer]; !owner.dead {
			return fmt.Sprintf("coordinator %d is n%d's, and placed on n%d", i, owner.number, placed.number)
		}
		if may, looks := placed.sightings.Judge(tail, w.time(), w.time()); !may && !looks {
			return fmt.Sprintf("coordinator %d may not be had yet from n%d, which is dead", i, w.numberOf(tail.Writer))
		}
	}
	return ""
}

// compareLimits has the audit prove that no buyer had more seats than allowed (G10), and no key two effects (G11).
func (w *world) compareLimits() {
	if w.plan.header.Coordinators == 0 && !w.ordering() {
		return
	}
	lag := w.wallMost - w.wallLeast + actors.ClockStepMaxDefault // by which the sections' clocks may differ
	quiet := struct{ audit.Source }{w.store}                     // nothing moves, so nothing is waited for
	report, err := audit.Run(context.Background(), quiet, audit.Options{Lag: lag})
	switch {
	case err != nil:
		w.failf("the audit: %w", err)
	case !report.Clean():
		w.failf("P5, P13: the audit finds %v", report.Findings)
	}
}

// misuse is another request of the same asker under an intent's key, of whatever kind and section; in the same moment
// the intent is sent once more.
func (b *buyers) misuse(intent *intent) *intent {
	w, other := b.w, b.add()
	b.intents = b.intents[:len(b.intents)-1] // the key's one intent is there
	who := intent.who
	b.misused++
	who.Fingerprint = 1<<40 + b.misused // a body of its own
	other.who, other.disobedient = who, true
	b.chooseKindFor(other)
	if k := other.kind; !who.Operator && (k == section.ConfirmPayment || k == section.FailPayment ||
		k == section.RefundBooking) {
		other.kind = section.ReleaseHold // those are not for buyers
	}
	other.who = who
	b.shared[who.Request] = true
	b.sendTo(intent, w.spots[w.chance.IntN(len(w.spots))].host)
	return other
}

// chooseKindFor is chooseKind for an asker who may act on own bookings only, unless an operator.
func (b *buyers) chooseKindFor(intent *intent) {
	held := b.held
	if !intent.who.Operator {
		b.held = nil
		for _, id := range held {
			if b.buyerOf(id) == intent.who.Buyer {
				b.held = append(b.held, id)
			}
		}
	}
	b.chooseKind(intent)
	b.held = held
}

// buyerOf is whose booking that is.
func (b *buyers) buyerOf(id actors.BookingID) section.BuyerID {
	return b.w.judge.models[id.Section.Section].Bookings[id.No].Buyer
}

// coordinatorsMustMeet is what enough worlds with coordinators cannot miss.
var coordinatorsMustMeet = []string{
	"crash: killed", "drain", "store cut", "line cut", "pause longer than the lapse", "told: accepted",
	"told: too_many_for_buyer", "told: mismatch", "told: unavailable", "coordinator: claimed",
	"coordinator: claimed from the dead", "coordinator: released", "fence: of a new epoch",
	"fence: of a grant in doubt", "closed: in the chaos", "closed: in peace", "closed: excluded", "closed: readmitted",
	"closed: the others sell on", "crash: killed beside a closed section",
}

// coordinatorsOnce are seeds beyond those that an ordinary run takes: they found a fault, or meet what is rare.
var coordinatorsOnce = []uint64{
	coordinatedFrom + 225, // the audit: clocks that differ by more than two seconds
	coordinatedFrom + 788, // a grant whose hold was counted with its section counted twice
	coordinatedFrom + 27,  // a section stays closed, the others sell on, and it comes back
	coordinatedFrom + 31,  // a section is excluded with a grant on its way there
}

// TestSimulationOfCoordinators runs whole clusters whose event has coordinators: no buyer has more seats than allowed
// at any instant (P13), no key has two effects (P5), and the audit proves both from the logs (G10, G11), through all
// that TestSimulationOfCluster does. HOLDFAST_SIM_SEED=n, from coordinatedFrom on, replays one run, or with
// HOLDFAST_SIM_SEEDS=m the m runs from there.
func TestSimulationOfCoordinators(t *testing.T) {
	first, seeds, total := uint64(coordinatedFrom+1), simtest.Seeds(t, seedsOfCoordinators), map[string]int{}
	list := slices.Clone(coordinatorsOnce)
	if seed, one := simtest.Seed(t); one {
		first, seeds, list = seed, simtest.Seeds(t, 1), nil
	}
	for seed := first; seed < first+seeds; seed++ {
		list = append(list, seed)
	}
	for _, seed := range list {
		w, err := simulateCluster(seed)
		if err != nil {
			t.Fatalf("%v\nthe end of the story:\n%s\nreplay with: make sim SEED=%d", err, w.story(), seed)
		}
		for what, n := range w.tally {
			total[what] += n
		}
	}
	for _, what := range coordinatorsMustMeet {
		if total[what] == 0 && seeds >= seedsOfCoordinators {
			t.Errorf("no world ever met %q", what)
		}
	}
	t.Logf("%d seeds; what happened: %s", seeds, tallyText(total))
}
