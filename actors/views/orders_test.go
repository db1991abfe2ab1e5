package views

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/actors/section/order"
	"holdfast/storage"
	"holdfast/storage/projection"
)

// tell writes one record of changes that nobody judges.
func (h *house) tell(no int, changes ...section.Change) {
	h.t.Helper()
	a := h.authors[no]
	a.now += 1000
	var body []byte
	for i := range changes {
		changes[i].At = a.now
		if changes[i].Kind == section.LegBound {
			changes[i].ExpiresAt = a.now + section.Instant(order.CollectMax)
		}
		body = section.AppendChange(body, a.now, &changes[i])
	}
	a.append(storage.EntryChanges, body)
	h.flush(h.store)
}

// party is an order of five seats: two in A, where its home is, two in B and one in G.
var party = order.Part{ID: order.ID{Home: 0, Life: 2, Count: 1}, Hash: 7, Legs: []order.Leg{
	{Section: 1, Booking: 1, Seats: []section.SeatIndex{3, 4}}, {Section: 2, Booking: 1, Seats: []section.SeatIndex{0}},
}}

func bindLeg(k int) section.Change {
	leg := party.Legs[k-1]
	return section.Change{Kind: section.LegBound, Booking: leg.Booking, Buyer: section.BuyerID{1}, Seats: leg.Seats,
		Order: &order.Part{ID: party.ID, Hash: party.Hash, K: uint8(k), N: 3}}
}

// ofLeg is what a leg does as of a record of the home's.
func ofLeg(kind section.ChangeKind, seats ...section.SeatIndex) section.Change {
	return section.Change{Kind: kind, Booking: 1, Seats: seats, Order: party.Bare(5)}
}

func placeParty() section.Change {
	return section.Change{Kind: section.HoldPlaced, Booking: 1, Buyer: section.BuyerID{1}, ExpiresAt: evening + 600_000,
		Seats: []section.SeatIndex{0, 1}, Order: &party}
}

// back is a refund that the processor has taken, with in how many sections the order has seats left.
func back(refund uint32, left uint8, seats []section.SeatIndex, legs ...order.Leg) section.Change {
	return section.Change{Kind: section.RefundPending, Booking: 1, Seats: seats,
		Pay:   account.Payment{Refund: refund},
		Order: &order.Part{ID: party.ID, Hash: party.Hash, Legs: legs, N: left}}
}

// shows has the projection catch up, and compares what a reader sees.
func (h *house) shows(view string, want ...string) {
	h.t.Helper()
	mustRound(h.t, h.projector(Options{}))
	var got []string
	for _, row := range h.rows(view, h.id()) {
		got = append(got, strings.TrimRight(fmt.Sprintln(row...), "\n"))
	}
	if !slices.Equal(got, want) {
		h.t.Fatalf("%s:\n got %q\nwant %q", view, got, want)
	}
}

// TestOrderIsOneRow: a booking over several sections is one row with all of its sections, seats and their price, as its
// home's log has it; its legs stand apart; whatever a seat's section, its booking is the order.
func TestOrderIsOneRow(t *testing.T) {
	h := newHouse(t, 0)
	h.tell(1, bindLeg(1))
	h.tell(2, bindLeg(2))
	h.shows("orders")
	h.shows("legs", "B - bound B-1-4 B-1-5 6000", "G - bound G-GA-1 2000")
	h.shows("taken", "B-1-4 held bound -", "B-1-5 held bound -", "G-GA-1 held bound -")

	h.tell(0, placeParty())
	h.shows("orders", "A 0/1 held A-1-1 A-1-2 B-1-4 B-1-5 G-GA-1 17000 A B G false")
	h.shows("taken", "A-1-1 held held 0/1", "A-1-2 held held 0/1", "B-1-4 held held 0/1", "B-1-5 held held 0/1",
		"G-GA-1 held held 0/1")
	h.tell(0, section.Change{Kind: section.PaymentBegun, Booking: 1})
	h.tell(0, section.Change{Kind: section.BookingSold, Booking: 1})
	h.shows("orders", "A 0/1 confirmed A-1-1 A-1-2 B-1-4 B-1-5 G-GA-1 17000 A B G true")
	h.shows("legs", "B 0/1 bound B-1-4 B-1-5 6000", "G 0/1 bound G-GA-1 2000")
	h.tell(1, ofLeg(section.LegSold))
	h.tell(2, ofLeg(section.LegSold))
	h.tell(0, ofLeg(section.OrderSettled))
	h.shows("orders", "A 0/1 confirmed A-1-1 A-1-2 B-1-4 B-1-5 G-GA-1 17000 A B G false")
	h.shows("legs", "B 0/1 confirmed B-1-4 B-1-5 6000", "G 0/1 confirmed G-GA-1 2000")
	buyer := "01" + strings.Repeat("0", 30)
	h.shows("tickets", "A A-1-1 0/1 "+buyer, "A A-1-2 0/1 "+buyer, "B B-1-4 0/1 "+buyer, "B B-1-5 0/1 "+buyer,
		"G G-GA-1 0/1 "+buyer)

	h.tell(0, back(1, 3, nil, order.Leg{Section: 1, Booking: 1, Seats: []section.SeatIndex{4}}))
	h.tell(1, ofLeg(section.LegSeatsFreed, 4))
	h.shows("orders", "A 0/1 confirmed A-1-1 A-1-2 B-1-4 G-GA-1 14000 A B G false")
	h.tell(0, back(2, 2, []section.SeatIndex{0, 1}))
	h.shows("orders", "A 0/1 confirmed B-1-4 G-GA-1 5000 B G false")
	h.shows("taken", "B-1-4 sold confirmed 0/1", "G-GA-1 sold confirmed 0/1")
	h.tell(0, back(3, 0, nil, order.Leg{Section: 1, Booking: 1, Seats: []section.SeatIndex{3}}, party.Legs[1]))
	h.tell(1, ofLeg(section.LegFreed))
	h.tell(2, ofLeg(section.LegFreed))
	h.shows("orders", "A 0/1 refunded B-1-4 G-GA-1 5000 B G false")
	h.shows("legs", "B 0/1 refunded B-1-4 3000", "G 0/1 refunded G-GA-1 2000")
	h.shows("taken")
	followed := h.dump()
	if rebuilt := h.rebuilt(); !slices.Equal(followed, rebuilt) {
		t.Errorf("followed\n%q\nrebuilt\n%q", followed, rebuilt)
	}
}

// TestLegOfNoOrderIsNoBooking: seats that were bound for a booking which was never placed are free again, and nobody
// has ever had a booking of them.
func TestLegOfNoOrderIsNoBooking(t *testing.T) {
	h := newHouse(t, 0)
	h.tell(1, bindLeg(1))
	h.tell(1, section.Change{Kind: section.LegFreed, Booking: 1, Order: party.Bare(0)})
	h.shows("orders")
	h.shows("legs", "B - released B-1-4 B-1-5 6000")
	h.shows("taken")
}

// TestImpossibleOrdersAreDamage: sections and seats that the event does not have are told with their record.
func TestImpossibleOrdersAreDamage(t *testing.T) {
	e, v := newEvent(t)
	plan := &Plan{Places: placesOf(e, v, 0), Name: func(section.BookingNo) string { return "" }}
	plan.Event = []Plan{*plan, {Places: placesOf(e, v, 1)}}
	placed := func(legs ...order.Leg) section.Change {
		c := placeParty()
		c.Order = &order.Part{ID: party.ID, Legs: legs}
		return c
	}
	for name, changes := range map[string][]section.Change{
		"section beyond the plan":       {placed(order.Leg{Section: 2, Booking: 1, Seats: []section.SeatIndex{0}})},
		"leg's seat beyond the plan":    {placed(order.Leg{Section: 1, Booking: 1, Seats: []section.SeatIndex{12}})},
		"settled, and was never there":  {ofLeg(section.OrderSettled)},
		"leg sold, and was never there": {placed(), ofLeg(section.LegSold)},
	} {
		page := NewPage(storage.SectionKey{Event: e.ID}, projection.Point{Seq: 6})
		for i := range changes {
			page.changes = append(page.changes, logged{7, changes[i]})
		}
		_, err := page.Fold(plan, nil)
		if corrupt, is := err.(*storage.CorruptError); !is || corrupt.Seq != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// old makes the schema of the build that knew no orders, with the rows that it would have written.
func (h *house) old() {
	h.t.Helper()
	h.exec("save_as_old")
	if err := h.store.Views().Drop(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.exec("old_schema")
	steps, err := filepath.Glob("../../storage/sqlstore/people/00*.sql")
	if err != nil || len(steps) < 14 {
		h.t.Fatalf("steps %v: %v", steps, err)
	}
	for i, file := range steps[:13] {
		text, err := os.ReadFile(file)
		if err != nil {
			h.t.Fatal(err)
		}
		if _, err := h.conn.Exec(h.t.Context(), string(text)); err != nil {
			h.t.Fatalf("%s: %v", file, err)
		}
		h.exec("old_step", i+1, strings.TrimSuffix(filepath.Base(file), ".sql"))
	}
	h.exec("load_as_old")
}

// TestTablesOfAnOlderBuildAreTakenOver: where it took legs for bookings, an event's rows are derived anew; those of
// other events stay, and so does what a log that was cut cannot give again. A projector of that build, should one still
// run, is refused from then on.
func TestTablesOfAnOlderBuildAreTakenOver(t *testing.T) {
	h := newHouse(t, 0)
	h.tell(1, bindLeg(1))
	h.tell(2, bindLeg(2))
	h.tell(0, placeParty())
	h.tell(0, section.Change{Kind: section.PaymentBegun, Booking: 1})
	h.tell(0, section.Change{Kind: section.BookingSold, Booking: 1})
	h.tell(1, ofLeg(section.LegSold))
	other := *h
	other.event, other.plan = newEvent(t)
	other.authors = nil
	if err := h.store.CreateEvent(t.Context(), other.event, other.plan.Encode()); err != nil {
		t.Fatal(err)
	}
	key := storage.SectionKey{Event: other.event.ID}
	other.authors = append(other.authors, newAuthor(t, key, h.plan.Layout(0), 7, h.keep(key)))
	other.write(20)
	mustRound(t, h.projector(Options{}))
	want := h.dump()
	h.old()
	if rows := h.rows("bookings", h.id()); len(rows) != 3 {
		t.Fatalf("the older build had %d rows", len(rows))
	}
	if err := h.store.Views().Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, no := range []int{0, 1, 2} {
		h.reached(no, 0)
	}
	other.reached(0, other.authors[0].tail.Seq)
	_, err := h.conn.Exec(t.Context(), statement(t, "old_row"), h.id())
	if refused, is := err.(*pgconn.PgError); !is || refused.Code != "23502" {
		t.Errorf("a row of the older build: %v", err)
	}
	mustRound(t, h.projector(Options{}))
	h.equal(want, "taken over")

	h.old()
	h.exec("cut", h.id(), 1, 1)
	if err := h.store.Views().Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.reached(0, 0)
	h.reached(1, h.authors[1].tail.Seq)
	h.shows("orders", "A 0/1 confirmed A-1-1 A-1-2 B-1-4 B-1-5 G-GA-1 17000 A B G true",
		"B 1/1 confirmed B-1-4 B-1-5 6000 B false")
}
