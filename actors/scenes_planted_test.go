//go:build planted

package actors

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/audit"
	"holdfast/actors/planted"
	"holdfast/actors/request"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/ticketing"
	"holdfast/actors/witness"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// misbehaviour maps a bug to the shortest scene in which it shows: true when it did. Bugs that need several nodes have
// none.
var misbehaviour = map[string]func(t *testing.T) bool{
	"answer-early": answersEarly,
	"refuse-early": refusesEarly,
	"past-fence":   goesOnPastAFence,
	"reclaim-without-rule": func(*testing.T) bool {
		c := Config{Store: memstore.New(), Processor: &countingBank{}, MayClaim: ifAllowed(false)}
		return c.fill() == nil && c.MayClaim(simKey, storage.Tail{Seq: 1, Writer: storage.WriterID{9}})
	},
	"no-tickets":        sellsWithoutTickets,
	"unknown-is-done":   func(*testing.T) bool { _, landed := outcomeOf(storage.ErrUnknown); return landed },
	"unknown-is-failed": func(*testing.T) bool { return takenForFailed(storage.ErrUnknown) },
	"resend-is-word":    func(*testing.T) bool { return takenForFailed(storage.ErrUnavailable) },
	"forget-requests":   forgetsRequests,
	"double-grant":      grantsTwice,
	"drop-hold":         dropsHolds,
	"early-lapse":       lapsesEarly,
	"forget-seen":       sellsWhatWasLost,
	"repeat-anew":       judgesRepeatsAnew,
	"false-sold-out":    saysSoldOut,
	"phantom":           writesWhatItRefused,
	"void-opens":        letsInWhatIsOwedBack,
	"old-code-opens":    letsInWhoGaveAway,
	"two-accept":        givesTwice,
	"child-for-adult":   logsAnotherPrice,
	"old-price":         logsAnotherPrice,

	"given-seat-free-early": exchangeScene("given-seat-free-early", audit.Overlap),
	"given-seat-opens":      exchangeScene("given-seat-opens", audit.Admission),
	"credit-forgotten":      exchangeScene("credit-forgotten", audit.PriceDiffers),
	"difference-kept":       exchangeScene("difference-kept", audit.Exchange),
}

// TestPlantedNames: every bug of one node does what it says, and does it alone: without it the same scene goes well.
func TestPlantedNames(t *testing.T) {
	for name, scene := range misbehaviour {
		t.Run(name, func(t *testing.T) {
			if scene(t) {
				t.Error("it shows while it is asleep")
			}
			planted.For(t, name)
			if !scene(t) {
				t.Error("awake, it does not show")
			}
		})
	}
}

func TestPlantedNamesAreChecked(t *testing.T) {
	planted.For(t, " phantom, drop-hold ,")
	both := func() bool { return planted.Active("phantom") && planted.Active("drop-hold") }
	if !both() || planted.Active("double-grant") {
		t.Error("two names: others are awake")
	}
	err := planted.Activate("double-grant,fantom")
	if err == nil || !strings.Contains(err.Error(), `"fantom"`) || !strings.Contains(err.Error(), "double-grant") {
		t.Errorf("a name that is none: %v", err)
	}
	if !both() || planted.Active("double-grant") {
		t.Error("a name that is none changed what is awake")
	}
	planted.For(t, "ignore-fence")
	if !planted.Active("past-fence") || planted.Active("phantom") {
		t.Error("a further name does not stand for its bug")
	}
}

func numbered(n uint64) (id section.RequestID) {
	binary.BigEndian.PutUint64(id[:], n+1)
	return id
}

// struckKey gives a key whose request, by that buyer, the bug strikes.
func struckKey(bug string, buyer byte) uint64 {
	key := uint64(1)
	for !planted.Struck(bug, caller(buyer, key).Request) {
		key++
	}
	return key
}

// Scenes of one writer.

func goesOnPastAFence(*testing.T) bool {
	w, _ := outcomeOf(&storage.FencedError{Tail: storage.Tail{Seq: 5, Epoch: 2}})
	return !w.Stopped()
}

func answersEarly(*testing.T) bool {
	w := newTestWriter(10)
	w.Submit(&holdRequest(0, 1).Request)
	return len(w.Answers()) > 0
}

func refusesEarly(*testing.T) bool {
	w := newTestWriter(10)
	w.Submit(&holdRequest(0, 1).Request)
	w.Submit(&holdRequest(1, 1).Request)
	return len(w.Answers()) > 0
}

// outcomeOf lets a hold's record meet that outcome.
func outcomeOf(err error) (w *writer.Writer, landed bool) {
	w = newTestWriter(10)
	w.Submit(&holdRequest(0, 1).Request)
	return w, w.Advance(w.Ready().Append.Entry.Batch, err) != nil
}

func takenForFailed(err error) bool {
	w, landed := outcomeOf(err)
	return !landed && w.Serving() && w.Idle()
}

func sellsWithoutTickets(*testing.T) bool {
	w := newTestWriter(10)
	w.Submit(&holdRequest(0, 4).Request)
	for i, kind := range []section.CommandKind{section.BeginPayment, section.ConfirmPayment} {
		w.Submit(
			&request.Of(
				section.Call{
					Command: section.Command{
						Kind: kind, Booking: 1, Operator: true, Request: numbered(uint64(100 + i)),
						Pay: account.Payment{Attempt: 1},
					},
				},
			).Request,
		)
	}
	return len(w.Ready().Append.Sell) == 0
}

func forgetsRequests(t *testing.T) bool {
	w, again := newTestWriter(10), newTestWriter(10)
	w.Submit(&holdRequest(0, 4).Request)
	e := w.Ready().Append.Entry
	if _, err := writer.Replay(again.Machine(), simKey, &e, storage.Tail{Seq: e.Seq - 1, Hash: e.Prev}, nil); err != nil {
		t.Fatal(err)
	}
	var d section.Decision
	again.Machine().(*section.Machine).State.Decide(&holdRequest(0, 4).Command, &d)
	return !d.Outcome.Repeat
}

// Scenes of a whole engine, on a store that is healthy.

func grantsTwice(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	first := b.mustHold(caller(1, struckKey("double-grant", 1)), "A-1-2")
	second, err := b.hold(caller(2, 1), "A-1-2")
	return err == nil && second.ID != first.ID && first.Seats[0] == second.Seats[0]
}

func dropsHolds(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	told := b.mustHold(caller(1, struckKey("drop-hold", 1)), "A-1-2")
	var out BookingView
	return errors.Is(b.e.Booking(told.ID, Caller{Operator: true}, patience, &out), ErrBookingUnknown)
}

// lapsesEarly: the log says what the buyer was told, so the log alone convicts it too.
func sellsWhatWasLost(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{Witness: witness.New()})
	b.mustHold(caller(1, 1), "A-1-1")
	key := b.section(0).key
	b.close()
	b.inner.Lose(key, 1)
	b.open()
	_, err := b.hold(caller(2, 1), "A-1-1")
	return err == nil
}

func lapsesEarly(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	told := b.mustHold(caller(1, 1), "A-1-2")
	b.now.Add(int64(boxRules().HoldTTL)/2 + 1)
	_, err := b.hold(caller(2, 1), "A-1-2")
	if now := section.Instant(b.now.Load()); told.ExpiresAt <= now {
		t.Fatalf("at %d the hold has ended at %d anyway", now, told.ExpiresAt)
	}
	ends, lapses := b.holdsInLog()
	return err == nil && ends == told.ExpiresAt && lapses < ends
}

// holdsInLog gives what section A's log says of the end of its first hold, and when a hold lapsed.
func (b *box) holdsInLog() (ends, lapses section.Instant) {
	b.t.Helper()
	err := b.inner.Read(b.t.Context(), b.key(0), 0, func(e *storage.Entry, _ storage.Hash) error {
		if e.Kind != storage.EntryChanges {
			return nil
		}
		return section.DecodeChanges(e.Body, e.At, func(c *section.Change) error {
			switch {
			case c.Kind == section.HoldPlaced && ends == 0:
				ends = c.ExpiresAt
			case c.Kind == section.HoldExpired:
				lapses = c.At
			}
			return nil
		})
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return ends, lapses
}

func judgesRepeatsAnew(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	who := caller(1, 1)
	first, err := b.best(who, BestAvailable{Quantity: 1})
	again, errAgain := b.best(who, BestAvailable{Quantity: 1})
	return err == nil && errAgain == nil && first.ID != again.ID
}

func saysSoldOut(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	_, err := b.best(caller(1, struckKey("false-sold-out", 1)), BestAvailable{Quantity: 2})
	return code(err) == "sold_out"
}

func writesWhatItRefused(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	_, err := b.hold(caller(1, struckKey("phantom", 1)), "A-1-2")
	return code(err) == "seat_taken" && b.letters(0)[1] == byte(section.Held)
}

// letsInWhoGaveAway says whether the code of a ticket that was given away opens the door, and whether the audit finds
// that out.
func letsInWhoGaveAway(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	all := b.soldTickets(1, "A-1-1")
	b.gives(all.Booking, 1, 2)
	_, err := b.scan(all.Tickets[0].Code, "north", 0)
	if found := b.auditFinds(t, audit.Admission); found != (err == nil) {
		t.Fatalf("the scan ends with %v, and the audit has found it out: %v", err, found)
	}
	return err == nil
}

// givesTwice says whether two people accept one offer, and whether the audit finds that out.
func givesTwice(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	all := b.soldTickets(1, "A-1-1")
	link := b.gives(all.Booking, 1, 2)
	_, err := b.e.Accept(link, ticketing.Caller(caller(3, 0)), patience)
	if found := b.auditFinds(t, audit.Transfer); found != (err == nil) {
		t.Fatalf("the second acceptance ends with %v, and the audit has found it out: %v", err, found)
	}
	return err == nil
}

func (b *box) auditFinds(t *testing.T, code audit.Code) bool {
	report, err := audit.Run(t.Context(), b.inner.Clone(), audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Code == code })
}

// letsInWhatIsOwedBack says whether a code opens the door whose refund is due, and whether the audit finds that out.
func letsInWhatIsOwedBack(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	all := b.soldTickets(1, "A-1-1", "A-1-2")
	b.bank.refundsLost.Store(1 << 30) // the processor does not take it yet
	var out BookingView
	one := RefundCall{Seats: []string{"A-1-2"}}
	if err := b.e.Refund(all.Booking, operatorCaller(9, 9), one, patience, &out); err != nil {
		t.Fatal(err)
	}
	_, err := b.scan(all.Tickets[1].Code, "north", 0)
	report, failed := audit.Run(t.Context(), b.inner.Clone(), audit.Options{})
	if failed != nil {
		t.Fatal(failed)
	}
	found := slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Code == audit.Admission })
	if found != (err == nil) {
		t.Fatalf("the scan ends with %v, and the audit has found it out: %v", err, found)
	}
	return found
}

// logsAnotherPrice says whether a hold behind an edit is logged with another price than its list has, which the audit
// is to find out.
func logsAnotherPrice(t *testing.T) bool {
	b := newBox(t, boxRules(), Config{})
	b.reprice(typesOf(6000, 2000))
	b.mustHold(caller(1, 1), "A-1-2")
	report, err := audit.Run(t.Context(), b.inner.Clone(), audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Code == audit.PriceDiffers })
}
