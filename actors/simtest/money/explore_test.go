package money

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"holdfast/actors/checkout/processor"
	"holdfast/actors/checkout/till"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
)

// move is something that may happen next. do is nil where it cannot.
type move struct {
	name string
	do   func()
}

// bounds say how often each may happen in one history; all else is bounded by the depth.
var bounds = map[string]int{
	"pay": 2, "settle": 2, "hint": 2, "crash": 1, "lapse": 2, "refund": 2, "lost": 1, "betray": 1,
	"release": 1, "cancel": 1,
}

func (w *world) once(kind string) bool { return w.used[kind] < bounds[kind] }

// use makes a bounded move.
func (w *world) use(kind string, do func()) func() {
	if !w.once(kind) {
		return nil
	}
	return func() { w.used[kind]++; do() }
}

// moves are all that may happen in a world, in a fixed order.
func (w *world) moves() (all []move) {
	add := func(name string, do func()) {
		if do != nil {
			all = append(all, move{name, do})
		}
	}
	b := w.view()
	for i, f := range w.flows {
		if f.at == nil {
			continue
		}
		name := fmt.Sprint(f.name, " on ", f.node, ": ", f.at.name)
		f := f
		_ = i
		add(name, func() { w.step(f, true, true) })
		if f.at.bank || strings.HasPrefix(f.at.name, "tell") {
			add(name+", answer lost", w.use("lost", func() { w.step(f, true, false) }))
			add(name+", lost", w.use("lost", func() { w.step(f, false, false) }))
		}
	}
	add("pay", w.use("pay", func() { w.paid++; w.start("pay", 1, true, pay) }))
	for node := 1; node <= 2; node++ { // the second is whoever has taken over, or only believes so
		add(fmt.Sprint("settle on ", node), w.use("settle", func() { w.start("settle", node, false, settle(0)) }))
	}
	for n := uint(1); n <= uint(w.paid); n++ { // true, late, doubled or forged: a hint says no more than "look"
		add(fmt.Sprint("hint at ", n), w.use("hint", func() { w.start("hint", 2, false, settle(1<<n)) }))
	}
	add("crash", w.use("crash", w.crash))
	add("cancel", w.use("cancel", w.cancel))
	add("lapse", w.use("lapse", func() { w.now += ttl; w.tell(section.Command{Kind: section.ExpireHolds, Max: 9}) }))
	if b.State == section.BookingHeld {
		add("release", w.use("release", func() { w.tell(section.Command{Kind: section.ReleaseHold}) }))
	}
	if b.State == section.BookingConfirmed {
		one := section.Command{Kind: section.RefundBooking, Seats: seats[:1], Pay: account.Payment{Amount: price}}
		add("refund of a seat", w.use("refund", func() { w.tell(one) }))
		all := section.Command{
			Kind: section.RefundBooking, Pay: account.Payment{Amount: b.Money.Amount - b.Money.Given()},
		}
		add("refund of the rest", w.use("refund", func() { w.tell(all) }))
	}
	w.bankMoves(add)
	return all
}

// bankMoves are what the bank does by itself.
func (w *world) bankMoves(add func(string, func())) {
	for n := uint8(1); int(n) <= w.paid; n++ {
		k := w.bank.attempts[w.attempt(n)]
		if k == nil {
			continue
		}
		become := func(s processor.Status) func() { return func() { k.status = s } }
		switch k.status {
		case processor.Pending:
			add(fmt.Sprint("captured: ", n), become(processor.Captured))
			add(fmt.Sprint("declined: ", n), become(processor.Declined))
			add(fmt.Sprint("challenged: ", n), become(processor.Challenge))
		case processor.Challenge:
			add(fmt.Sprint("passed: ", n), func() { k.status, k.passed = processor.Opened, true })
			add(fmt.Sprint("not passed: ", n), become(processor.Declined))
		case processor.Declined, processor.Cancelled:
			add(fmt.Sprint("captured against its word: ", n), w.use("betray", func() {
				k.status, k.betrayed = processor.Captured, true
			}))
		}
	}
	for _, r := range w.bank.refunds {
		if r.status == processor.RefundPending {
			add("refunded: "+string(r.id), func() { r.status = processor.Refunded })
			add("refund failed: "+string(r.id), func() { r.status = processor.RefundFailed })
		}
	}
}

// check holds the invariants that stand in every world.
func (w *world) check() error {
	if w.broken != nil {
		return w.broken
	}
	b := w.view()
	given, captured := map[processor.AttemptID]int64{}, 0
	for _, r := range w.bank.refunds {
		if r.status != processor.RefundFailed {
			given[r.attempt] += r.amount
		}
		known := slices.ContainsFunc(b.Money.Refunds, func(l account.Refund) bool {
			return w.refundID(l.No) == r.id && l.Amount == r.amount
		})
		if !known {
			return fmt.Errorf("I6: the bank gives %s back, and no log owes it", r.id)
		}
	}
	for a, k := range w.bank.attempts {
		if given[a] > k.amount || given[a] > 0 && k.status != processor.Captured {
			return fmt.Errorf("I6: %d of %s went back, which is %+v", given[a], a, *k)
		}
		if k.status == processor.Captured && !w.accounted(&b, a, k) {
			return fmt.Errorf("I5: %s is captured, and nobody knows: %v %+v", a, b.State, b.Money)
		}
		if k.status == processor.Captured && !k.betrayed {
			captured++
		}
	}
	sold := b.State == section.BookingConfirmed || b.State == section.BookingRefunded
	if own := w.bank.attempts[w.attempt(b.Money.Attempt)]; captured > 1 ||
		sold && (own == nil || own.status != processor.Captured) {
		return fmt.Errorf("I4: booking %v for %+v, %d attempts captured", b.State, own, captured)
	}
	if back := b.Money.Given(); back > b.Money.Amount {
		return fmt.Errorf("I6: %d of %d owed back", back, b.Money.Amount)
	}
	return w.checkSeats(&b)
}

// accounted says where captured money stands: on its way to the log, sold, owed back, or taken against the bank's word
// and not looked at since.
func (w *world) accounted(b *till.Booking, a processor.AttemptID, k *payment) bool {
	mine := a == w.attempt(b.Money.Attempt)
	return mine && b.State == section.BookingPaying || mine && b.Money.Phase == account.Captured ||
		k.betrayed || slices.ContainsFunc(b.Money.Refunds, func(r account.Refund) bool {
		return r.Reason == account.Anomaly && w.attempt(r.Attempt) == a
	})
}

// checkSeats: a seat is sold exactly while its money is, or is owed back and not on its way yet.
func (w *world) checkSeats(b *till.Booking) error {
	value := int64(0)
	for _, seat := range seats {
		if w.state.Status(seat) == section.Sold {
			value += price
		}
	}
	kept := int64(0)
	if b.Money.Phase == account.Captured {
		kept = b.Money.Amount
	}
	for i := range b.Money.Refunds {
		if r := &b.Money.Refunds[i]; r.Reason == account.Requested && !r.Replaced && r.Back {
			kept -= r.Amount
		}
	}
	if value != kept {
		return fmt.Errorf("I5: seats of %d are sold, and %d is kept for them", value, kept)
	}
	return nil
}

// rest lets everything come to its end without faults, and holds P6 against it.
func (w *world) rest() error {
	for range 200 {
		moved := false
		for _, f := range w.flows {
			for f.at != nil {
				w.step(f, true, true)
				moved = true
			}
		}
		w.flows = nil
		if w.off { // what is due is done without a command, too
			w.tell(section.Command{Kind: section.WindUp, Max: 1})
		}
		for _, k := range w.bank.attempts {
			if k.status == processor.Pending {
				k.status, moved = processor.Captured, true
			}
		}
		for _, r := range w.bank.refunds {
			if r.status == processor.RefundPending {
				r.status, moved = processor.Refunded, true
			}
		}
		if b := w.view(); b.State == section.BookingPaying || b.Money.Owed() || w.unheard() {
			w.now += account.ChallengeMax
			hints := uint64(0)
			for n := 1; n <= w.paid; n++ {
				hints |= 1 << n
			}
			w.start("settle", 3, false, settle(hints))
			moved = true
		}
		if err := w.check(); err != nil {
			return err
		}
		if !moved {
			return w.atRest()
		}
	}
	return fmt.Errorf("nothing comes to rest: %+v", w.view())
}

// unheard says that money was taken against the bank's word, and nobody has looked.
func (w *world) unheard() bool {
	b := w.view()
	for a, k := range w.bank.attempts {
		if sold := a == w.attempt(b.Money.Attempt) && b.Money.Phase == account.Captured; k.betrayed && !k.heard &&
			!sold {
			return true
		}
	}
	return false
}

// atRest: charged = sold + refunded.
func (w *world) atRest() error {
	charged, back, sold := int64(0), int64(0), int64(0)
	for _, k := range w.bank.attempts {
		if k.status == processor.Captured {
			charged += k.amount
		}
	}
	for _, r := range w.bank.refunds {
		if r.status == processor.Refunded {
			back += r.amount
		}
	}
	for _, seat := range seats {
		if w.state.Status(seat) == section.Sold {
			sold += price
		}
	}
	if b := w.view(); w.off && (sold > 0 || b.State == section.BookingHeld || b.State == section.BookingPaying) {
		return fmt.Errorf("the event is cancelled, and booking %v keeps seats of %d", b.State, sold)
	}
	if charged != sold+back {
		return fmt.Errorf("P6: charged %d, sold %d, refunded %d: %+v", charged, sold, back, w.view())
	}
	return nil
}

// explorer walks all histories up to a depth.
type explorer struct {
	fault  fault
	depth  int
	seen   map[uint64]int // the depth that was left when a world was met
	worlds int
	rests  int
}

// replay makes the world that moves lead to.
func (x *explorer) replay(path []int) (w *world, story []string, err error) {
	w = newWorld(x.fault)
	for _, i := range path {
		m := w.moves()[i]
		story = append(story, m.name)
		m.do()
		if err = w.check(); err != nil {
			return w, story, err
		}
	}
	return w, story, nil
}

// walk goes on from a world in every way.
func (x *explorer) walk(path []int) error {
	w, story, err := x.replay(path)
	if err == nil {
		left, key := x.depth-len(path), w.hash()
		if met, known := x.seen[key]; known && met >= left {
			w.close()
			return nil
		} else if !known {
			x.worlds++
		}
		x.seen[key] = left
		if left > 0 {
			n := len(w.moves())
			w.close()
			for i := range n {
				if err := x.walk(append(path[:len(path):len(path)], i)); err != nil {
					return err
				}
			}
			return nil
		}
		x.rests++
		err = w.rest()
	}
	w.close()
	if err != nil {
		return fmt.Errorf("%w\nafter: %s", err, strings.Join(story, "; "))
	}
	return nil
}

func explore(f fault, depth int) (*explorer, error) { return exploreFrom(f, nil, depth) }

// exploreFrom walks on from the world that the named moves lead to.
func exploreFrom(f fault, from []string, depth int) (*explorer, error) {
	x := &explorer{fault: f, depth: depth + len(from), seen: map[uint64]int{}}
	var path []int
	for _, name := range from {
		w, story, err := x.replay(path)
		if err != nil {
			return x, err
		}
		i := slices.IndexFunc(w.moves(), func(m move) bool { return strings.HasPrefix(m.name, name) })
		w.close()
		if i < 0 {
			return x, fmt.Errorf("no move %q after %v", name, story)
		}
		path = append(path, i)
	}
	return x, x.walk(path)
}

// depthUsual keeps the test under some seconds; HOLDFAST_MONEY_DEPTH=n explores further.
const depthUsual = 8

func depth(t *testing.T) int {
	text := os.Getenv("HOLDFAST_MONEY_DEPTH")
	if text == "" {
		return depthUsual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestEveryInterleavingOfMoney: P6, I1 to I6, I12, in every world that up to so many moves lead to.
func TestEveryInterleavingOfMoney(t *testing.T) {
	x, err := explore(none, depth(t))
	t.Logf("%d worlds to depth %d, %d of them brought to rest", x.worlds, x.depth, x.rests)
	if err != nil {
		t.Fatal(err)
	}
	if x.worlds < 1000 {
		t.Errorf("%d worlds: too little happens to mean anything", x.worlds)
	}
}

// mistakes are the ways in which a checkout may be wrong, as faults of the ports around it, and where each shows soon.
// A planted build (planted_test.go) has bugs of the same effect in the product's source.
var mistakes = map[string]struct {
	fault fault
	depth int      // of what comes after
	from  []string // moves that come first, by the beginnings of their names
	says  string
}{
	"sold before the money is there":        {confirmBeforeCharged, 4, []string{"pay"}, "I3, I4"},
	"given up without the processor's word": {cancelNotAsked, 4, []string{"pay"}, "I3"},
	"a refund given under two ids": {refundTwice, 4, []string{"pay", "pay on 1: read",
		"pay on 1: open", "pay on 1: tell", "pay on 1: charge", "captured: 1", "settle on 2", "settle on 2: read",
		"settle on 2: look", "settle on 2: tell"}, "I5"},
	"a late no to one attempt ends another": {staleDeclineBelieved, 3, []string{"pay",
		"pay on 1: read", "pay on 1: open", "pay on 1: tell", "settle on 2", "settle on 2: read", "settle on 2: look",
		"settle on 2: cancel", "pay on 1: charge", "pay on 1: tell", "pay", "pay on 1: read", "pay on 1: open",
		"pay on 1: tell"}, "I3"},
	"a section forgotten when its event was cancelled": {sectionForgotten, 3, []string{"pay", "pay on 1", "pay on 1",
		"pay on 1", "pay on 1", "captured"}, "the event is cancelled, and"},
	"a payment accepted in a cancelled event": {paidAfterCancelled, 5, []string{"pay", "pay on 1: read",
		"pay on 1: open"}, "after the event was cancelled"},
	"money taken against the bank's word is lost": {lateMoneyDropped, 4, []string{"pay",
		"pay on 1", "pay on 1", "pay on 1", "settle on 2", "settle on 2", "settle on 2", "settle on 2",
		"settle on 2"}, "P6"},
}

// findMistake explores ever deeper until a mistake shows, which breaks what says names.
func findMistake(t *testing.T, name string, f fault, says string) {
	t.Helper()
	row := mistakes[name]
	var err error
	at := 0
	for at = 0; at <= row.depth && err == nil; at++ {
		_, err = exploreFrom(f, row.from, at)
	}
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: to depth %d: %v, want %s", name, row.depth, err, says)
		return
	}
	t.Logf("%s, at depth %d: %v", name, at-1, err)
}

// TestPlantedMistakesOfMoneyAreFound: the invariants see a checkout that is wrong in any of these ways.
func TestPlantedMistakesOfMoneyAreFound(t *testing.T) {
	for name, row := range mistakes {
		findMistake(t, name, row.fault, row.says)
	}
}
