package section

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestExpiryOrder guards P4: due holds end in (end, number) order, Max at a time, and paying ones not at all.
func TestExpiryOrder(t *testing.T) {
	k := newDesk(rowsLayout(10, 10), testRules)
	for i := range 12 {
		k.mustHold(uint64(i), Instant(i/4), SeatIndex(i))
	}
	k.do(Command{Kind: BeginPayment, At: 10, Booking: 3, Operator: true})
	k.do(Command{Kind: ExtendHold, At: 1100, Booking: 1, Operator: true})
	k.do(Command{Kind: ReleaseHold, At: 1100, Booking: 5, Operator: true})
	var got []BookingNo
	for _, at := range []Instant{599_999, 600_000, 600_001, 600_001, 700_000} {
		k.do(Command{Kind: ExpireHolds, At: at, Max: 3})
		for _, c := range k.d.Changes {
			got = append(got, c.Booking)
		}
		got = append(got, 0)
	}
	want := []BookingNo{0, 2, 4, 0, 6, 7, 8, 0, 0, 9, 10, 11, 0}
	if !slices.Equal(got, want) {
		t.Errorf("expired %v, want %v (0 ends a command)", got, want)
	}
	if end, ok := k.state.NextExpiry(); !ok || end != 600_002 {
		t.Errorf("next expiry %d %v, want booking 12's", end, ok)
	}
	if k.state.LiveHolds() != 3 {
		t.Errorf(
			"%d live holds, want the paying one, the extended one and booking 12:\n%v", k.state.LiveHolds(), k.state,
		)
	}
}

// TestExpiryOrderAtRandom guards P4 with a heap that holds leave from the middle, and enter in any order.
func TestExpiryOrderAtRandom(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 3))
	for range 50 {
		k := newDesk(generalLayout(400), testRules)
		for i := range 400 {
			k.mustHold(uint64(i), Instant(i), SeatIndex(i))
		}
		for at := Instant(400); at < 800; at++ {
			kind := []CommandKind{ExtendHold, ReleaseHold, BeginPayment, FailPayment}[chance.IntN(4)]
			k.do(Command{Kind: kind, At: at, Booking: BookingNo(1 + chance.IntN(400)), Operator: true})
		}
		last := Instant(0)
		for k.state.expiry.Len() > 0 {
			end, _ := k.state.NextExpiry()
			k.do(Command{Kind: ExpireHolds, At: max(end, 800), Max: 7})
			for _, c := range k.d.Changes {
				var d Decision
				k.state.Lookup(c.Booking, &d)
				if d.Outcome.ExpiresAt < last || len(k.d.Changes) > 1 && end != d.Outcome.ExpiresAt {
					t.Fatalf("booking %d ends at %d, after one that ends at %d", c.Booking, d.Outcome.ExpiresAt, last)
				}
				last = d.Outcome.ExpiresAt
			}
		}
	}
}

// TestPayingOutlivesTheClock guards P6: money on its way is never met by an expired hold.
func TestPayingOutlivesTheClock(t *testing.T) {
	k := newDesk(rowsLayout(4), testRules)
	paying(k)
	k.do(Command{Kind: ExpireHolds, At: 900_000, Max: 9})
	if out := k.do(Command{Kind: ConfirmPayment, At: 900_000, Booking: 1, Buyer: buyerOf(1)}); out.State != BookingConfirmed {
		t.Fatalf("%v, a late success of the payment must sell", out.Rejection)
	}
	other := newDesk(rowsLayout(4), testRules)
	paying(other)
	other.do(Command{Kind: FailPayment, At: 900_000, Booking: 1, Buyer: buyerOf(1)})
	if end, ok := other.state.NextExpiry(); !ok || end != 960_000 {
		t.Errorf("after the failure the hold ends at %d %v, want its minute", end, ok)
	}
	other.do(Command{Kind: BeginPayment, At: 900_000, Booking: 1, Buyer: buyerOf(1)})
	other.do(Command{Kind: FailPayment, At: 990_000, Booking: 1, Buyer: buyerOf(1)})
	if end, ok := other.state.NextExpiry(); !ok || end != 960_000 {
		t.Errorf("after the second failure the hold ends at %d %v, want no second minute", end, ok)
	}
	if out := other.do(Command{Kind: BeginPayment, At: 990_000, Booking: 1, Buyer: buyerOf(1)}); out.Rejection != HoldExpiredAlready {
		t.Errorf("a second try after the end: %v", out.Rejection)
	}
}

// An extension within the millisecond of the placing changes nothing, and is no reason to refuse.
func TestExtendAtOnce(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	k.mustHold(1, 0, 0)
	if out := k.do(on(ExtendHold)); out.Rejection != Accepted || out.ExpiresAt != 600_000 {
		t.Errorf("extended at once: %v until %d", out.Rejection, out.ExpiresAt)
	}
}

// TestExtensionCeiling guards P4: extensions end at the ceiling, counted from the placing.
func TestExtensionCeiling(t *testing.T) {
	k := newDesk(rowsLayout(4), testRules)
	held(k)
	for _, c := range []struct{ at, want Instant }{{100_000, 700_000}, {598_999, 1_198_999}, {900_000, 1_200_000}} {
		if out := k.do(Command{Kind: ExtendHold, At: c.at, Booking: 1, Buyer: buyerOf(1)}); out.ExpiresAt != c.want {
			t.Errorf("extended at %d until %d (%v), want %d", c.at, out.ExpiresAt, out.Rejection, c.want)
		}
	}
	if out := k.do(Command{Kind: ExtendHold, At: 1_000_000, Booking: 1, Buyer: buyerOf(1)}); out.Rejection != ExtensionLimit {
		t.Errorf("beyond the ceiling: %v", out.Rejection)
	}
}

// TestRepeats guards P5: a repeat answers with the booking as it stands and changes nothing, for every kind of command.
func TestRepeats(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	script := []Command{
		{Kind: PlaceHold, Buyer: buyerOf(1), Seats: seatsOf(0, 1)},
		{Kind: ExtendHold, At: 1005, Buyer: buyerOf(1), Booking: 1},
		{Kind: BeginPayment, At: 1005, Buyer: buyerOf(1), Booking: 1},
		{Kind: FailPayment, At: 1006, Buyer: buyerOf(1), Booking: 1},
		{Kind: BeginPayment, At: 1006, Buyer: buyerOf(1), Booking: 1},
		{Kind: ConfirmPayment, At: 1006, Buyer: buyerOf(1), Booking: 1},
		{Kind: RefundBooking, At: 1007, Operator: true, Booking: 1},
		{Kind: PlaceBest, At: 1007, Buyer: buyerOf(1), Quantity: 2, AnyCategory: true},
		{Kind: ReleaseHold, At: 1008, Buyer: buyerOf(1), Booking: 2},
		{Kind: BlockSeats, At: 1008, Seats: seatsOf(3)},
		{Kind: UnblockSeats, At: 1009, Seats: seatsOf(3)},
	}
	for i := range script {
		script[i].Request, script[i].Fingerprint = requestOf(uint64(i)), uint64(i)
		if out := k.do(script[i]); out.Rejection != Accepted || out.Repeat {
			t.Fatalf("command %d: %v", i, out.Rejection)
		}
	}
	before := k.state.AppendSnapshot(nil)
	for i, c := range script {
		c.At = 1050
		out := k.do(c)
		want, no := BookingRefunded, BookingNo(1)
		switch {
		case i >= 9:
			want, no = BookingNone, 0
		case i >= 7:
			want, no = BookingReleased, 2
		}
		if !out.Repeat || out.Rejection != Accepted || out.State != want || out.Booking != no || len(k.d.Changes) != 0 {
			t.Errorf("command %d again: %+v", i, out)
		}
		c.Fingerprint = 99
		if out := k.do(c); out.Rejection != IdempotencyMismatch {
			t.Errorf("command %d with another body: %v", i, out.Rejection)
		}
	}
	if !slices.Equal(before, k.state.AppendSnapshot(nil)) {
		t.Error("repeats changed the state")
	}
}

// TestRefusalsAreNotRemembered guards P7 and P5 together: a refusal costs nothing, and the same key may try again.
func TestRefusalsAreNotRemembered(t *testing.T) {
	k := newDesk(rowsLayout(6), testRules)
	held(k)
	c := Command{Kind: PlaceHold, Buyer: buyerOf(2), Seats: seatsOf(1), Request: requestOf(5)}
	if out := k.do(c); out.Rejection != SeatTaken {
		t.Fatal(out.Rejection)
	}
	k.do(Command{Kind: ReleaseHold, Booking: 1, Operator: true})
	if out := k.do(c); out.Rejection != Accepted || out.Repeat {
		t.Errorf("the same key, once the seat is free: %v repeat %v", out.Rejection, out.Repeat)
	}
}

// TestForgetting guards P5's stated limit: a request is forgotten when it is older than the window and not among the
// youngest.
func TestForgetting(t *testing.T) {
	r := testRules
	r.DedupeWindow, r.DedupeCountMin, r.SeatsPerBuyerMax = 1000, 3, 100
	k := newDesk(rowsLayout(30), r)
	hold := func(i uint64, at Instant) Outcome {
		return k.do(
			Command{Kind: PlaceHold, At: at, Buyer: buyerOf(1), Seats: seatsOf(SeatIndex(i)), Request: requestOf(i)},
		)
	}
	for i := range uint64(5) {
		hold(i, 0)
	}
	k.do(Command{Kind: ReleaseHold, At: 500, Booking: 1, Operator: true})
	hold(5, 1000)
	if out := hold(0, 1000); !out.Repeat || out.State != BookingReleased {
		t.Fatalf("within the window: %+v", out)
	}
	hold(6, 1001) // 7 remembered, 5 of them old: the oldest four go
	count := 0
	k.state.Requests(func(RequestID) { count++ })
	if count != 3 || hold(4, 1001).Repeat != true {
		t.Errorf("%d remembered, want the youngest three: requests 4 to 6", count)
	}
	var d Decision
	if !k.state.Lookup(1, &d) || d.Outcome.State != BookingReleased {
		t.Error("an ended booking is forgotten before its window has passed")
	}
	if out := hold(0, 1002); out.Repeat || out.Rejection != Accepted {
		t.Errorf("beyond the window the key is new: %+v", out)
	}
	hold(8, 1501)
	if k.state.Lookup(1, &d) {
		t.Error("an ended booking is remembered for ever")
	}
	if !k.state.Lookup(2, &d) {
		t.Error("a live booking was forgotten")
	}
}

// TestZeroIDs: low-entropy ids are slow at worst, never wrong.
func TestZeroIDs(t *testing.T) {
	k := newDesk(generalLayout(5000), testRules)
	for i := range 5000 {
		var r RequestID
		r[15], r[14] = byte(i), byte(i>>8)|128
		out := k.do(Command{Kind: PlaceHold, Buyer: BuyerID(r), Request: r, Seats: seatsOf(SeatIndex(i))})
		if out.Rejection != Accepted || out.Repeat {
			t.Fatalf("hold %d: %+v", i, out)
		}
	}
	if out := k.do(Command{Kind: PlaceHold, Buyer: BuyerID{}, Seats: nil}); out.Rejection != NoSeats {
		t.Error(out.Rejection)
	}
}

// TestChurnKeepsNothing: what is forgotten gives its memory to what comes next.
func TestChurnKeepsNothing(t *testing.T) {
	r := testRules
	r.DedupeWindow, r.DedupeCountMin = 10, 0
	k := newDesk(rowsLayout(10), r)
	for i := range uint64(20_000) {
		at := Instant(i)
		out := k.do(
			Command{
				Kind: PlaceHold, At: at, Buyer: buyerOf(i), Request: requestOf(i), Seats: seatsOf(0, 1, 2, 3, 4, 5, 6),
			},
		)
		k.do(Command{Kind: ReleaseHold, At: at, Booking: out.Booking, Operator: true})
		k.log, k.seqs = k.log[:0], k.seqs[:0]
	}
	s := k.state
	kept := s.bookings.slab.Len() + s.bookings.cells.Len() + s.buyers.slab.Len() + uint32(
		len(s.bookings.pages),
	) + s.requests.entries.Len() + s.ended.Len()
	if kept > 200 || s.bookings.count > 20 {
		t.Errorf("%d records kept, %d bookings remembered after 20000 short holds", kept, s.bookings.count)
	}
}

func TestVisitors(t *testing.T) {
	k := busyDesk()
	var payingNos []BookingNo
	k.state.Unsettled(func(no BookingNo) { payingNos = append(payingNos, no) })
	if !slices.Equal(payingNos, []BookingNo{2}) {
		t.Errorf("paying: %v", payingNos)
	}
	var sold []SeatIndex
	k.state.SoldSeats(func(seat SeatIndex, no BookingNo) {
		sold = append(sold, seat)
		if no != 3 {
			t.Errorf("seat %d sold to %d", seat, no)
		}
	})
	if !slices.Equal(sold, seatsOf(6, 7, 8)) {
		t.Errorf("sold: %v", sold)
	}
	live := map[BuyerID]uint32{}
	k.state.Live(func(b BuyerID, seats uint32) { live[b] += seats })
	for b, seats := range live {
		if seats != k.state.BuyerSeats(b) {
			t.Errorf("buyer %x has %d live seats, Live says %d", b[0], k.state.BuyerSeats(b), seats)
		}
	}
	requests := 0
	k.state.Requests(func(RequestID) { requests++ })
	if requests != 15 {
		t.Errorf("%d requests are remembered, want all 15", requests)
	}
	if owner, ok := k.state.Owner(2); !ok || owner != buyerOf(1) {
		t.Errorf("owner %v %v", owner, ok)
	}
	if _, ok := k.state.Owner(99); ok {
		t.Error("booking 99 has an owner")
	}
}

// TestApplyAsserts guards P1: a change that does not fit is a panic, whoever wrote it.
func TestApplyAsserts(t *testing.T) {
	cases := map[string]Change{
		"seat 0 is h":        {Kind: HoldPlaced, Booking: 2, Seats: seatsOf(0)},
		"placed after":       {Kind: HoldPlaced, Booking: 1, Seats: seatsOf(4)},
		"of 0 seats":         {Kind: HoldPlaced, Booking: 2},
		"booking 1 is held":  {Kind: BookingSold, Booking: 1},
		"is not there":       {Kind: HoldExpired, Booking: 3},
		"kind 77":            {Kind: 77, Booking: 1},
		"change at":          {Kind: HoldReleased, Booking: 1, At: -1},
		"extended backwards": {Kind: HoldExtended, Booking: 1, ExpiresAt: 5},
		"seat 1 is h":        {Kind: SeatsBlocked, Seats: seatsOf(1)},
		"seat 3 is a":        {Kind: SeatsUnblocked, Seats: seatsOf(3)},
	}
	for want, change := range cases {
		k := newDesk(rowsLayout(6), testRules)
		held(k)
		if got := panicOf(func() { k.state.Apply(&change, nil) }); !strings.Contains(got, want) {
			t.Errorf("want a panic with %q, got %q", want, got)
		}
	}
	if got := panicOf(func() { s := NewState(rowsLayout(1), testRules); s.Begin(2); s.Begin(1) }); got == "" {
		t.Error("Begin went back")
	}
}

func TestLayoutAsserts(t *testing.T) {
	seats := make([]SeatSpec, 4)
	cases := map[string]*Layout{
		"rows cover 3 of 4": {Seats: seats, Rows: []RowSpec{{First: 0, Count: 3}}},
		"does not continue": {Seats: seats, Rows: []RowSpec{{First: 1, Count: 3}}},
		"break at 4":        {Seats: seats, Rows: []RowSpec{{Count: 4, Breaks: []uint32{4}}}},
		"qualities":         {Seats: seats, Rows: []RowSpec{{Count: 4}}, Quality: []uint32{1}},
	}
	for want, l := range cases {
		if got := panicOf(func() { NewState(l, testRules) }); !strings.Contains(got, want) {
			t.Errorf("want a panic with %q, got %q", want, got)
		}
	}
}

func panicOf(f func()) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = v.(string)
		}
	}()
	f()
	return ""
}

// TestGeneralArea takes the lowest places, accessible ones only when asked or last.
func TestGeneralArea(t *testing.T) {
	l := generalLayout(200)
	l.Seats[0].Accessible, l.Seats[70].Accessible = true, true
	k := newDesk(l, testRules)
	only := best(2)
	only.AccessibleOnly = true
	if out := k.do(only); !slices.Equal(out.Seats, seatsOf(0, 70)) || out.Split {
		t.Errorf("accessible places: %v", out.Seats)
	}
	if out := k.do(together(3)); !slices.Equal(out.Seats, seatsOf(1, 2, 3)) {
		t.Errorf("places: %v %v", out.Seats, out.Rejection)
	}
	k.do(Command{Kind: ReleaseHold, Booking: 1, Operator: true})
	for i := range uint64(195) {
		out := k.do(Command{Kind: PlaceBest, Buyer: buyerOf(50 + i), Quantity: 1, AnyCategory: true})
		if out.Rejection != Accepted || l.Seats[out.Seats[0]].Accessible {
			t.Fatalf("place %d: %v %v", i, out.Seats, out.Rejection)
		}
	}
	if out := k.do(Command{Kind: PlaceBest, Buyer: buyerOf(300), Quantity: 2, AnyCategory: true}); !slices.Equal(
		out.Seats, seatsOf(0, 70),
	) {
		t.Errorf("the last places: %v", out.Seats)
	}
	k.do(Command{Kind: ReleaseHold, Booking: 2, Operator: true})
	if out := k.do(Command{Kind: PlaceBest, Buyer: buyerOf(301), Quantity: 2, AnyCategory: true}); !slices.Equal(
		out.Seats, seatsOf(1, 2),
	) {
		t.Errorf("places given back: %v %v", out.Seats, out.Rejection)
	}
}

// TestGeneralAreaGivesLowPlacesAgain: a place given back far below the search's hint is found (P11).
func TestGeneralAreaGivesLowPlacesAgain(t *testing.T) {
	k := newDesk(generalLayout(200), testRules)
	one := func(i uint64) Outcome {
		return k.do(Command{Kind: PlaceBest, Buyer: buyerOf(i), Quantity: 1, AnyCategory: true})
	}
	for i := range uint64(150) {
		one(i)
	}
	k.do(Command{Kind: ReleaseHold, Booking: 2, Operator: true})
	if out := one(500); !slices.Equal(out.Seats, seatsOf(1)) {
		t.Errorf("got %v (%v), want the place given back", out.Seats, out.Rejection)
	}
}
