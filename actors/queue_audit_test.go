package actors

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/audit"
	"holdfast/actors/gate"
	"holdfast/actors/section"
	"holdfast/actors/section/tariff"
	"holdfast/storage"
)

// TestAuditJudgesTheWaitingRoom: G1 to G9 and G7. What an engine has written is clean; a hold that was placed under a
// session whose end its node had followed is found.
func TestAuditJudgesTheWaitingRoom(t *testing.T) {
	d := newFrontDoor(t, waitingRoom())
	for buyer := range byte(4) {
		d.join(buyer + 1)
	}
	d.untilState(1, gate.Called)
	inside := d.enter(1)
	d.wantHold("a hold of one inside", nil, caller(1, 1), inside, "A-1-1")
	var out QueuePlace
	if err := d.e.LeaveQueue(d.event, section.BuyerID{1}, patience, &out); err != nil {
		t.Fatal(err)
	}
	d.until("the slot is free", func() bool { return d.frame().Occupied == 0 && d.frame().Finished == 1 })
	d.untilState(3, gate.Called)
	d.close()
	report := d.audit()
	if left := strings.Join(report.NotAudited, ";"); !report.Clean() || strings.Contains(left, "stocks") {
		t.Errorf("found %v, and are not audited: %s", report.Findings, left)
	}
	gateTail, err := d.store.Tail(t.Context(), storage.SectionKey{Event: d.event, Section: storage.GateNo})
	if err != nil {
		t.Fatal(err)
	}
	d.plant(&section.Change{Kind: section.HoldPlaced, Buyer: section.BuyerID{1},
		Seats: []section.SeatIndex{5}, Session: 1, Horizon: gateTail.Seq})
	if report := d.audit(); len(report.Findings) != 1 || report.Findings[0].Code != audit.Gate ||
		!strings.Contains(report.Findings[0].Detail, "G7: ") {
		t.Errorf("a hold after the end gives %v", report.Findings)
	}
}

// TestAuditRecountsTheStock: G8. A stock that the sections' logs do not give is found, by one seat already.
func TestAuditRecountsTheStock(t *testing.T) {
	d := newFrontDoor(t, waitingRoom())
	d.join(1)
	d.untilState(1, gate.Called)
	inside := d.enter(1)
	d.wantHold("a hold of one inside", nil, caller(1, 1), inside, "A-1-1")
	d.until("the hold is in stock", func() bool { return d.frame().Stock > 1 })
	d.close()
	key := storage.SectionKey{Event: d.event, Section: storage.GateNo}
	var stock gate.Stock
	err := d.store.Read(t.Context(), key, 0, func(e *storage.Entry, _ storage.Hash) error {
		if e.Kind != storage.EntryChanges {
			return nil
		}
		return gate.DecodeChanges(e.Body, e.At, func(c *gate.Change) error {
			if c.Kind == gate.Stocked {
				stock = c.Stock
				stock.Sections = slices.Clone(c.Stock.Sections)
			}
			return nil
		})
	})
	if err != nil || stock.Held != 1 {
		t.Fatalf("the newest stock is %+v: %v", stock, err)
	}
	if report := d.audit(); !report.Clean() {
		t.Fatalf("found %v", report.Findings)
	}
	stock.Free++
	d.append(key, func(at section.Instant) []byte {
		return gate.AppendChange(nil, at, &gate.Change{Kind: gate.Stocked, At: at, Stock: stock})
	})
	if report := d.audit(); len(report.Findings) != 1 || !strings.Contains(report.Findings[0].Detail, "G8: ") {
		t.Errorf("a seat too many in stock gives %v", report.Findings)
	}
}

func (d *frontDoor) audit() *audit.Report {
	d.t.Helper()
	report, err := audit.Run(d.t.Context(), d.store, audit.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	return report
}

// plant appends a change to the first section's log.
func (d *frontDoor) plant(c *section.Change) {
	d.t.Helper()
	d.append(storage.SectionKey{Event: d.event}, func(at section.Instant) []byte {
		c.Booking = section.NumbersFrom(at) + 1
		c.At, c.ExpiresAt = at, at+section.Instant(boxRules().HoldTTL)
		event, err := d.store.Event(d.t.Context(), d.event)
		if err != nil {
			d.t.Fatal(err)
		}
		list := event.PriceList()
		c.PriceMark = tariff.Mark(list.Mark())
		for range c.Seats { // all seats cost the same
			c.Total += slices.Collect(maps.Values(event.Prices))[0]
		}
		return section.AppendChange(nil, at, c)
	})
}

// append appends changes to a log, as a writer that has claimed it.
func (d *frontDoor) append(key storage.SectionKey, changes func(at section.Instant) []byte) {
	d.t.Helper()
	tail, err := d.store.Tail(d.t.Context(), key)
	if err != nil {
		d.t.Fatal(err)
	}
	at := tail.At + 1
	claim := storage.Entry{Kind: storage.EntryClaim, Seq: tail.Seq + 1, Epoch: tail.Epoch + 1,
		Batch: storage.BatchID{1}, At: at, Prev: tail.Hash}
	change := storage.Entry{Kind: storage.EntryChanges, Seq: tail.Seq + 2, Epoch: tail.Epoch + 1, At: at,
		Batch: storage.BatchID{2}, Prev: storage.HashEntry(&claim), Body: changes(at)}
	for _, e := range []storage.Entry{claim, change} {
		if err := d.store.Commit(d.t.Context(), []storage.Append{{Section: key, Entry: e}})[0]; err != nil {
			d.t.Fatal(err)
		}
	}
}

// TestHoldsNameOnlySessionsThatWereLookedUp: G7. A hold that an operator places for a buyer inside needs no session,
// and one that is repeated after the session's end gets its first answer: neither puts a session into the log that
// nobody has looked up.
func TestHoldsNameOnlySessionsThatWereLookedUp(t *testing.T) {
	d := newFrontDoor(t, waitingRoom())
	d.join(1)
	d.untilState(1, gate.Called)
	inside := d.enter(1)
	first := d.wantHold("a hold of one inside", nil, caller(1, 1), inside, "A-1-1")
	operator := caller(1, 2)
	operator.Operator = true
	d.wantHold("an operator's hold for one inside", nil, operator, inside, "A-1-2")
	var out QueuePlace
	if err := d.e.LeaveQueue(d.event, section.BuyerID{1}, patience, &out); err != nil {
		t.Fatal(err)
	}
	d.until("the slot is free", func() bool { return d.frame().Occupied == 0 && d.frame().Finished == 1 })
	if again := d.wantHold("the same hold again", nil, caller(1, 1), inside, "A-1-1"); again.ID != first.ID {
		t.Errorf("one key, two bookings: %v and %v", first.ID, again.ID)
	}
	d.close()
	if report := d.audit(); !report.Clean() {
		t.Errorf("found %v", report.Findings)
	}
}
