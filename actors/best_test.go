package actors

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/venue"
	"holdfast/storage"
)

const twoAndTwo = `{"sections":[{"id":"A","rows":[{"label":"1","seats":2}]},{"id":"B","rows":[{"label":"1","seats":2}]}]}`

// apart reads "not together" of an error: free, largest booking, section.
func apart(err error) string {
	var no *NotTogetherError
	if errors.As(err, &no) {
		return fmt.Sprintf("%d %d %s", no.Free, no.Largest, no.Section)
	}
	return code(err)
}

// P11: sold out is told per house, not per section. While enough suitable seats are free, a request that no section can
// serve hears so, and what could be had.
func TestSoldOutIsToldPerHouseNotPerSection(t *testing.T) {
	b := newBoxOf(t, twoAndTwo, boxRules(), Config{})
	wish := func(key uint64, best BestAvailable) string {
		_, err := b.best(caller(9, key), best)
		return apart(err)
	}
	b.mustHold(caller(1, 1), "A-1-1")
	for n, row := range []struct {
		best BestAvailable
		want string
	}{
		{BestAvailable{Quantity: 4}, "3 3 B"},               // fewer than wanted: what there is
		{BestAvailable{Quantity: 2, Section: "A"}, "1 1 A"}, // one free seat suits
		{BestAvailable{Quantity: 2}, "accepted"},
		{BestAvailable{Quantity: 2}, "1 1 A"},
		{BestAvailable{Quantity: 2, Section: "B"}, "sold_out"}, // none of the section is free
		{BestAvailable{Quantity: 1}, "accepted"},
		{BestAvailable{Quantity: 2}, "sold_out"},
	} {
		if got := wish(uint64(10+n), row.best); got != row.want {
			t.Errorf("%+v: %s, want %s", row.best, got, row.want)
		}
	}
	b.now.Add(int64(boxRules().HoldTTL)) // every hold is due to end (P4)
	if got := wish(31, BestAvailable{Quantity: 2}); got != "accepted" {
		t.Errorf("all holds are due, two wanted: %s", got)
	}
}

// P11: a party that no section can seat alone is cut over several, of as few as can be, and told that it is; who asks
// again under the key is told of the same seats (P5), and one section that is named seats its own only.
func TestPartyIsCutOverSections(t *testing.T) {
	b := newBoxOf(t, `{"sections":[{"id":"A","rows":[{"label":"1","seats":2}]},
		{"id":"B","rows":[{"label":"1","seats":2}]},
		{"id":"C","rows":[{"label":"1","seats":1}]}]}`, boxRules(), Config{})
	if _, err := b.best(caller(9, 1), BestAvailable{Quantity: 3, Section: "B"}); apart(err) != "2 2 B" {
		t.Errorf("three of a section of two: %v", apart(err))
	}
	held, err := b.best(caller(9, 2), BestAvailable{Quantity: 4})
	if err != nil || strings.Join(held.Seats, " ") != "A-1-1 A-1-2 B-1-1 B-1-2" || !held.Split ||
		held.Amount != 4*4500 {
		t.Fatalf("four of two and two and one: %v, %+v", err, held)
	}
	if again, err := b.best(caller(9, 2), BestAvailable{Quantity: 4}); err != nil || again.ID != held.ID ||
		!slices.Equal(again.Seats, held.Seats) {
		t.Errorf("P5: asked again: %v, %+v", err, again)
	}
	if _, err := b.best(caller(8, 1), BestAvailable{Quantity: 2}); apart(err) != "1 1 C" {
		t.Errorf("two, and one is free: %v", apart(err))
	}
	var out BookingView
	if err := b.e.Release(held.ID, caller(9, 3), patience, &out); err != nil {
		t.Fatal(err)
	}
	b.until("all seats are free again", func() bool { return b.seatsOf(9) == 0 })
	b.mustHold(caller(7, 1), "A-1-1")
	if held, err = b.best(caller(8, 2), BestAvailable{Quantity: 3}); err != nil ||
		strings.Join(held.Seats, " ") != "A-1-2 B-1-1 B-1-2" {
		t.Errorf("three of one and two and one: %v, %v", err, held.Seats)
	}
}

// P11: a party is not cut into more sections than one booking may have.
func TestPartyIsNotCutIntoTooManySections(t *testing.T) {
	var sections []string
	for n := range 9 {
		sections = append(sections, fmt.Sprintf(`{"id":"%c","rows":[{"label":"1","seats":1}]}`, 'A'+n))
	}
	rules := boxRules()
	rules.SeatsPerBookingMax, rules.SeatsPerBuyerMax = 10, 20
	b := newBoxOf(t, `{"sections":[`+strings.Join(sections, ",")+`]}`, rules, Config{})
	if _, err := b.best(caller(9, 1), BestAvailable{Quantity: 9}); apart(err) != "9 8 A" {
		t.Errorf("nine of nine sections: %v", apart(err))
	}
	if held, err := b.best(caller(9, 2), BestAvailable{Quantity: 8}); err != nil || len(held.Seats) != 8 {
		t.Errorf("eight of nine sections: %v, %v", err, held.Seats)
	}
}

// P11: only seats that suit the request count, of whatever kind it is.
func TestNotTogetherCountsWhatSuits(t *testing.T) {
	rules := boxRules()
	rules.SeatsPerBookingMax, rules.SeatsPerBuyerMax = 8, 8
	b := newBoxOf(t, `{"sections":[
		{"id":"A","rows":[{"label":"1","seats":4,"category":"gold","accessible":"1"},{"label":"2","seats":4,"category":"tin"}]},
		{"id":"B","rows":[{"label":"1","seats":3,"category":"gold","accessible":"1-2"}]},
		{"id":"S","general":2,"category":"tin"}]}`, rules, Config{})
	b.mustHold(caller(1, 1), "A-1-2")
	b.mustHold(caller(2, 1), "A-2-1", "A-2-2")
	for n, row := range []struct {
		best BestAvailable
		want string
	}{
		{BestAvailable{Quantity: 7, Category: "gold"}, "6 6 A"},
		{BestAvailable{Quantity: 5, Category: "tin"}, "4 4 A"},
		{BestAvailable{Quantity: 4, Accessible: true}, "3 3 B"},
		{BestAvailable{Quantity: 5, Accessible: true}, "3 3 B"},
		{BestAvailable{Quantity: 2, Accessible: true, Category: "tin"}, "sold_out"},
		{BestAvailable{Quantity: 3, Accessible: true, Section: "B"}, "2 2 B"},
	} {
		if _, err := b.best(caller(9, uint64(10+n)), row.best); apart(err) != row.want {
			t.Errorf("%+v: %s, want %s", row.best, apart(err), row.want)
		}
	}
	for _, best := range []BestAvailable{{Quantity: 2, Accessible: true}, {Quantity: 3, Category: "gold"}} {
		if _, err := b.best(caller(byte(20+best.Quantity), 1), best); err != nil {
			t.Errorf("%+v, as much as was said to be free: %v", best, err)
		}
	}
}

// P11: seats that come and go in two sections by turns are never both gone, and a request for as many as are always
// free is never refused for having looked in the wrong one at the wrong time.
func TestSearchIsNotRefusedBecauseSeatsMoveBehindIt(t *testing.T) {
	rules := boxRules()
	rules.DedupeCountMin, rules.DedupeWindow = 1, 1
	b := newBoxOf(t, twoAndTwo, rules, Config{})
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for n := uint64(1); ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			seats := []string{"A-1-1", "A-1-2"}
			if n%2 == 0 {
				seats = []string{"B-1-1", "B-1-2"}
			}
			who := byte(100 + n/400%100) // nobody asks so often that they are told so
			held, err := b.hold(caller(who, 2*n), seats...)
			if err != nil {
				continue // the search has them at this moment
			}
			var out BookingView
			if err := b.e.Release(held.ID, caller(who, 2*n+1), patience, &out); err != nil {
				t.Error(err)
			}
		}
	})
	for n := range uint64(1500) {
		who := byte(2 + n/400)
		held, err := b.best(caller(who, 2*n+2), BestAvailable{Quantity: 2})
		if err != nil {
			t.Fatalf("P11: one section at least is free, search %d is told: %v", n, err)
		}
		var out BookingView
		if err := b.e.Release(held.ID, caller(who, 2*n+3), patience, &out); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	all.Wait()
}

// P11: a search whose sections have all said no begins anew when one of them has enough by now, and says neither sold
// out nor not together.
func TestSearchBeginsAnewWhenSeatsCameBack(t *testing.T) {
	b := newBoxOf(t, twoAndTwo, boxRules(), Config{})
	b.mustHold(caller(1, 1), "A-1-1") // so that the map can be trusted to be true
	b.mustHold(caller(2, 1), "B-1-1")
	ev, o, err := b.e.openEvent(b.event, deadlineSoon())
	if err != nil {
		t.Fatal(err)
	}
	for quantity, want := range map[uint32]string{1: "again", 2: "2 2 A", 3: "2 2 A"} {
		search := bookingCall{ev: ev, o: o, call: &BookCall{}}
		f := finding{c: section.Command{Kind: section.PlaceBest, Quantity: quantity, AnyCategory: true}}
		got := "again"
		if !search.short(&f, o.order, &BookingView{}) {
			if got = apart(f.err); f.err == nil {
				got = f.rejection.String()
			}
		}
		if got != want {
			t.Errorf("%d wanted, one and one free after every section has said no: %s, want %s", quantity, got, want)
		}
	}
}

// splitVenue is a plan's section K kept in two parts of two rows, between two whole ones, as earlier builds stored
// larger ones.
func splitVenue(t testing.TB) *venue.Venue {
	t.Helper()
	section := func(id string, rows ...string) string {
		for i := range rows {
			rows[i] = `{"label":"` + rows[i] + `","seats":4}`
		}
		return `{"id":"` + id + `","rows":[` + strings.Join(rows, ",") + `]}`
	}
	v, err := venue.Parse(
		[]byte(`{"sections":[`+section("A", "1")+","+section("K", "1", "2", "3", "4")+","+section("B", "1")+`]}`),
		venue.Options{Name: "split"},
	)
	if err != nil {
		t.Fatal(err)
	}
	first, second := v.Sections[1], v.Sections[1]
	first.ID, first.Name, first.SplitOf, first.Rows = "K.1", "K (part 1 of 2)", "K", first.Rows[:2]
	second.ID, second.Name, second.SplitOf, second.Rows = "K.2", "K (part 2 of 2)", "K", second.Rows[2:]
	v.Sections = []venue.Section{v.Sections[0], first, second, v.Sections[2]}
	return v
}

// P11: how the house is cut into sections is nobody's business. The plan's own name finds the seats of all parts, best
// part first; only a booking across the cut is refused, and hears why.
func TestSplitSectionIsFoundByThePlansName(t *testing.T) {
	b := newBoxIn(t, splitVenue(t), boxRules(), Config{})
	for buyer := range byte(4) {
		held, err := b.best(caller(buyer+1, 1), BestAvailable{Quantity: 4, Section: "K"})
		if err != nil {
			t.Fatalf("booking %d in K: %v", buyer, err)
		}
		if want := []string{"K-1-1", "K-2-1", "K-3-1", "K-4-1"}[buyer]; held.Seats[0] != want {
			t.Errorf("booking %d in K begins with %s, want %s", buyer, held.Seats[0], want)
		}
		if again, err := b.best(caller(buyer+1, 1), BestAvailable{Quantity: 4, Section: "K"}); err != nil ||
			again.ID != held.ID {
			t.Errorf("P5: repeated: %v %v, first %v", err, again.ID, held.ID)
		}
	}
	if _, err := b.best(caller(9, 1), BestAvailable{Quantity: 1, Section: "K"}); code(err) != "sold_out" {
		t.Errorf("K is full: %v", err)
	}
	if _, err := b.best(caller(9, 2), BestAvailable{Quantity: 1, Section: "L"}); !errors.Is(err, ErrSectionUnknown) {
		t.Errorf("no such section: %v", err)
	}
	b.now.Add(int64(boxRules().HoldTTL))
	held, err := b.hold(caller(10, 1), "A-1-1", "K-2-2", "K-3-1")
	if err != nil || len(held.Seats) != 3 {
		t.Errorf("across the cut, and of two sections of the plan: %v %v", err, held.Seats)
	}
	if held, err := b.best(caller(11, 1), BestAvailable{Quantity: 2, Section: "K.2"}); err != nil ||
		held.Seats[0][:3] != "K-3" {
		t.Errorf("a part by its own name, as before: %v %v", err, held.Seats)
	}
}

// P11 and P5 over nodes: a search over the parts of a section is the buyer's home's, as one over all sections is.
func TestSearchOverPartsOverNodes(t *testing.T) {
	f := newFleet(t, 3)
	v := splitVenue(t)
	header := *mustEvent(t, f)
	header.Sections, header.Name = nil, "split"
	made, err := f.nodes[0].e.CreateEvent(t.Context(), &header, v)
	if err != nil {
		t.Fatal(err)
	}
	book := func(n int, who Caller, best BestAvailable) (out BookingView, err error) {
		err = f.nodes[n].e.Book(&BookCall{Event: made.ID, Caller: who, Best: best}, patience, &out)
		return out, err
	}
	f.eventually("every node knows the event", func() bool {
		for n := range f.nodes {
			if _, err := f.nodes[n].e.Live(t.Context(), made.ID); err != nil {
				return false
			}
		}
		return true
	})
	taken := map[string]bool{}
	for buyer := range byte(8) { // 16 seats of K, by twos
		var first BookingView
		for n := range f.nodes {
			got, err := book(n, caller(buyer+1, 5), BestAvailable{Quantity: 2, Section: "K"})
			switch {
			case err != nil:
				t.Fatalf("buyer %d on node %d: %v", buyer, n, err)
			case n == 0:
				first = got
			case got.ID != first.ID:
				t.Fatalf("P5: one key, two bookings: %v, then %v", first.ID, got.ID)
			}
		}
		for _, seat := range first.Seats {
			if taken[seat] || seat[0] != 'K' {
				t.Errorf("seat %s is given twice, or is not of K", seat)
			}
			taken[seat] = true
		}
	}
	for n := range f.nodes {
		if _, err := book(n, caller(byte(100+n), 1), BestAvailable{Quantity: 1, Section: "K"}); code(
			err,
		) != "sold_out" {
			t.Errorf("K is full, node %d says %v", n, err)
		}
		if _, err := book(n, caller(byte(110+n), 1), BestAvailable{Quantity: 4}); err != nil { // A, then B
			var no *NotTogetherError
			if n < 2 || code(err) != "sold_out" && !errors.As(err, &no) {
				t.Errorf("node %d: four of A or B: %v", n, err)
			}
		}
	}
}

// P11 over nodes: what could be had is counted over all nodes' sections, and told by whichever node is asked.
func TestNotTogetherOverNodes(t *testing.T) {
	f := newFleet(t, 3)
	for no := range 8 { // one seat of each of two sections is left
		last := 21
		if no < 2 {
			last = 20
		}
		for from := 1; from < 20; from += 4 {
			var seats []string
			for seat := from; seat < min(from+4, last); seat++ {
				seats = append(seats, fleetSeat(no, seat))
			}
			if _, err := f.nodes[no%3].hold(caller(byte(120+8*no+from/4), 1), seats...); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := range f.nodes {
		_, err := f.nodes[n].best(caller(byte(240+n), 1), 3)
		var no *NotTogetherError
		if !errors.As(err, &no) || no.Free != 2 || no.Largest != 2 || len(no.Section) != 1 {
			t.Errorf("two seats apart are left, node %d says %v", n, err)
		}
	}
	held, err := f.nodes[1].best(caller(250, 1), 2) // the two are a party's that is cut, whichever node searches
	if err != nil || len(held.Seats) != 2 || !held.Split {
		t.Errorf("two of two sections: %v, %+v", err, held)
	}
	if again, err := f.nodes[2].best(caller(250, 1), 2); err != nil || again.ID != held.ID ||
		!slices.Equal(again.Seats, held.Seats) {
		t.Errorf("P5: asked again at another node: %v, %+v", err, again)
	}
}

// P7: being told what could be had costs no more pieces of memory than being told sold out.
func TestNotTogetherIsCheap(t *testing.T) {
	if raceDetector {
		t.Log("allocations are counted without the race detector")
		return
	}
	b := newBoxOf(t, twoAndTwo, boxRules(), Config{})
	var out BookingView
	refused := func(quantity uint32, want string) float64 {
		call := BookCall{Event: b.event, Caller: caller(9, 0), Best: BestAvailable{Quantity: quantity}}
		return testing.AllocsPerRun(200, func() {
			if err := b.e.Book(&call, patience, &out); apart(err) != want {
				t.Fatal(err)
			}
		})
	}
	b.mustHold(caller(1, 1), "A-1-1")
	together := refused(4, "3 3 B")
	b.mustHold(caller(1, 2), "A-1-2")
	b.mustHold(caller(2, 1), "B-1-1", "B-1-2")
	if soldOut := refused(4, "sold_out"); together > soldOut+2 { // the test itself makes two of what it reads
		t.Errorf("%v pieces of memory, sold out takes %v", together, soldOut)
	}
}

func mustEvent(t *testing.T, f *fleet) *storage.Event {
	t.Helper()
	header, err := f.nodes[0].e.Event(f.event)
	if err != nil {
		t.Fatal(err)
	}
	return header
}
