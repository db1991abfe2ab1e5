package bookingsearch_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	search "holdfast/actors/bookingsearch"
	"holdfast/actors/machine"
	"holdfast/actors/section"
	"holdfast/storage"
)

// room is a section for a test, whose clock goes on with each booking.
type room struct {
	m   *section.Machine
	seq section.Seq
	now *section.Instant
}

func newRoom(seats int, now *section.Instant) *room {
	layout := &section.Layout{Rows: []section.RowSpec{{Count: uint32(seats)}}, Seats: make([]section.SeatSpec, seats),
		Quality: make([]uint32, seats)}
	kind := section.Kind{Layout: layout, Rules: section.Rules{HoldTTL: 60_000_000, HoldCeiling: 60_000_000,
		SeatsPerBookingMax: 8, SeatsPerBuyerMax: 1 << 20, DedupeWindow: section.DefaultDedupeWindow}}
	r := &room{m: kind.New().(*section.Machine), now: now, seq: 1}
	r.m.Claimed(r.seq, *now)
	return r
}

// do has the section judge a command, and says of which booking.
func (r *room) do(t *testing.T, c section.Command) section.BookingNo {
	t.Helper()
	call := &section.Call{Command: c}
	r.seq++
	r.m.Begin(r.seq)
	if r.m.Decide(call, *r.now).Changes == 0 {
		t.Fatalf("%+v: %v", c, call.Decision.Outcome.Rejection)
	}
	var effects machine.Effects = r.m.NewEffects()
	r.m.Apply(effects)
	return call.Decision.Outcome.Booking
}

func (r *room) hold(t *testing.T, buyer byte, seat int) section.BookingNo {
	return r.do(t, section.Command{Kind: section.PlaceHold, Buyer: section.BuyerID{buyer},
		Seats: []section.SeatIndex{section.SeatIndex(seat)}})
}

func (r *room) release(t *testing.T, no section.BookingNo) {
	r.do(t, section.Command{Kind: section.ReleaseHold, Operator: true, Booking: no})
}

// target is an event over rooms.
func target(event byte, rooms []*room) *search.Target {
	return &search.Target{Event: storage.EventID{event}, Sections: len(rooms),
		Look: func(_ context.Context, no storage.SectionNo, see func(*section.State) section.Seq) (fresh, ok bool) {
			see(rooms[no].m.State)
			return true, true
		}}
}

// all reads page after page, with between called after each.
func all(
	t *testing.T, read func(q search.Query) search.Page, q search.Query, between func(),
) (told []search.Item) {
	t.Helper()
	for range 10_000 {
		p := read(q)
		if p.Incomplete {
			t.Fatal("a page is incomplete")
		}
		if told = append(told, p.Items...); p.Next == (search.Key{}) {
			return told
		}
		next, ok := search.ParseKey(p.Next.String())
		if !ok || next != p.Next || q.After == next {
			t.Fatalf("cursor %q after %q: %v", p.Next, q.After, ok)
		}
		q.After = next
		between()
	}
	t.Fatal("the list has no end")
	return nil
}

// Kind: a list that tells a booking twice, or never, because others come and go while it is read. Whatever begins or
// ends between two pages, what matches all the time is told once, newest first, and nothing is told twice.
func TestPagesTellEachBookingOnceWhileOthersComeAndGo(t *testing.T) {
	for seed := range uint64(6) {
		chance := rand.New(rand.NewPCG(seed, 1))
		now := section.Instant(1_700_000_000_000)
		var targets []*search.Target
		var rooms []*room
		for event := range byte(2) {
			var mine []*room
			for range 3 {
				mine = append(mine, newRoom(2000, &now))
			}
			targets, rooms = append(targets, target(event+1, mine)), append(rooms, mine...)
		}
		type placed struct {
			room int
			no   section.BookingNo
		}
		stays, goes, seat := map[placed]bool{}, []placed(nil), 0
		place := func() placed {
			at := chance.IntN(len(rooms))
			now += section.Instant(chance.IntN(2)) // often the same millisecond
			seat++
			return placed{at, rooms[at].hold(t, byte(seat%3), seat%2000)}
		}
		for range 700 {
			if one := place(); chance.IntN(4) == 0 {
				goes = append(goes, one)
			} else {
				stays[one] = true
			}
		}
		between := func() {
			for range chance.IntN(4) {
				place()
				if len(goes) > 0 {
					rooms[goes[0].room].release(t, goes[0].no)
					goes = goes[1:]
				}
			}
		}
		told := map[placed]bool{}
		var last search.Key
		for _, item := range all(t, func(q search.Query) search.Page {
			return search.Search(t.Context(), targets, nil, q)
		},
			search.Query{Limit: 1 + chance.IntN(60), States: []section.BookingState{section.BookingHeld}}, between) {
			one := placed{int(item.ID.Section.Event[0]-1)*3 + int(item.ID.Section.Section), item.ID.No}
			if told[one] {
				t.Fatalf("seed %d: %v is told twice", seed, one)
			}
			if last != (search.Key{}) && item.At > last.At {
				t.Fatalf("seed %d: %v after %v", seed, item.Key, last)
			}
			told[one], last = true, item.Key
		}
		for one := range stays {
			if !told[one] {
				t.Fatalf("seed %d: %v is not told", seed, one)
			}
		}
	}
}

// Kind: a bound of work that cuts a list short. A filter that matches one booking among very many finds it, however
// many pages that takes, and no single look is longer than its bound.
func TestRareBookingsAreFoundBehindManyOthers(t *testing.T) {
	now := section.Instant(1_700_000_000_000)
	r := newRoom(10, &now)
	wanted := r.hold(t, 9, 0)
	for n := range 17_000 {
		now++
		r.release(t, r.hold(t, byte(n%5), 1+n%9))
	}
	h := target(1, []*room{r})
	h.Seat = &search.Seat{Index: 0}
	pages := 0
	told := all(t, func(q search.Query) search.Page {
		return search.Search(t.Context(), []*search.Target{h}, nil, q)
	},
		search.Query{Limit: 5}, func() { pages++ })
	if len(told) != 1 || told[0].ID.No != wanted || pages == 0 {
		t.Errorf("told %v over %d pages", told, pages)
	}
}

// Filters hold together, and each by itself.
func TestFiltersOfBookings(t *testing.T) {
	now := section.Instant(1_700_000_000_000)
	r := newRoom(50, &now)
	var at []section.Instant
	var no []section.BookingNo
	for n := range 6 {
		now += 1000
		at, no = append(at, now), append(no, r.hold(t, byte(n%2+1), n))
	}
	r.release(t, no[0])
	var pay section.Command
	pay.Kind, pay.Operator, pay.Booking = section.BeginPayment, true, no[3]
	pay.Pay.Attempt, pay.Pay.Amount, pay.Pay.Reference = 1, 100, "pi_3"
	r.do(t, pay)
	first := section.BuyerID{1}
	for _, c := range []struct {
		name   string
		target func(h *search.Target)
		q      search.Query
		want   []int
	}{
		{"all", func(*search.Target) {}, search.Query{}, []int{5, 4, 3, 2, 1, 0}},
		{"buyer", func(h *search.Target) { h.Buyer = &first }, search.Query{}, []int{4, 2, 0}},
		{"stranger", func(h *search.Target) { h.Buyer = &section.BuyerID{77} }, search.Query{}, nil},
		{"seat", func(h *search.Target) { h.Seat = &search.Seat{Index: 2} }, search.Query{}, []int{2}},
		{"seat elsewhere", func(h *search.Target) { h.Seat = &search.Seat{Section: 1, Index: 2} }, search.Query{}, nil},
		{"states", func(*search.Target) {}, search.Query{States: []section.BookingState{section.BookingReleased,
			section.BookingPaying}}, []int{3, 0}},
		{"payment", func(*search.Target) {}, search.Query{Payment: "pi_3"}, []int{3}},
		{"time", func(*search.Target) {}, search.Query{From: at[1], Until: at[3]}, []int{2, 1}},
		{"buyer and state", func(h *search.Target) { h.Buyer = &first },
			search.Query{States: []section.BookingState{section.BookingHeld}}, []int{4, 2}},
	} {
		h := target(1, []*room{r})
		c.target(h)
		var want, got []section.BookingNo
		for _, n := range c.want {
			want = append(want, no[n])
		}
		c.q.Limit = 2
		for _, item := range all(t, func(q search.Query) search.Page {
			return search.Search(t.Context(), []*search.Target{h}, nil, q)
		}, c.q, func() {}) {
			got = append(got, item.ID.No)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
}

// Kind: a list that is called whole although nobody could look.
func TestSectionsThatNobodyHasAreToldOf(t *testing.T) {
	now := section.Instant(1_700_000_000_000)
	r := newRoom(10, &now)
	r.hold(t, 1, 1)
	for _, c := range []struct{ fresh, ok, incomplete bool }{
		{true, true, false}, {false, true, true}, {true, false, true},
	} {
		h := target(1, []*room{r})
		look := h.Look
		h.Look = func(
			ctx context.Context, no storage.SectionNo, see func(*section.State) section.Seq,
		) (fresh, ok bool) {
			look(ctx, no, see)
			return c.fresh, c.ok
		}
		p := search.Search(t.Context(), []*search.Target{h}, nil, search.Query{})
		if p.Incomplete != c.incomplete || c.ok != (len(p.Items) == 1) {
			t.Errorf("%+v: %d bookings, incomplete %v", c, len(p.Items), p.Incomplete)
		}
	}
}

// A buyer's list goes over events that nobody has open: those without a booking of the buyer's stay closed, and of the
// others as many are opened as pages need.
func TestClosedEventsAreOpenedForTheirOwnBuyersOnly(t *testing.T) {
	now := section.Instant(1_700_000_000_000)
	rooms := map[storage.EventID]*room{}
	var shows []search.Show
	opened := map[storage.EventID]int{}
	for n := range byte(60) {
		id, r := storage.EventID{n + 1}, newRoom(4, &now)
		now += 10
		r.hold(t, 1+n%2, 0)
		rooms[id] = r
		shows = append(shows, search.Show{Event: id, Buyer: section.BuyerID{1}, Turn: 1,
			Open: func(context.Context) (*search.Target, error) {
				opened[id]++
				h := target(n+1, []*room{r})
				h.Buyer = &section.BuyerID{1}
				return h, nil
			}})
	}
	reads := 0
	reader := search.Reader{Context: t.Context(), Spawn: func(work func()) bool { go work(); return true },
		Wait: func(_ context.Context, _ time.Duration, done <-chan struct{}) { <-done },
		Read: func(_ context.Context, id storage.EventID) (*search.BuyerIndex, uint64, error) {
			r := new(search.BuyerIndex)
			r.Add(rooms[id].m.State)
			r.Sort()
			reads++
			return r, 1, nil
		}}
	var indexes search.BuyerIndexes
	page := func(q search.Query) search.Page {
		return indexes.Search(t.Context(), shows, q, reader)
	}
	first := page(search.Query{Limit: 3})
	if len(first.Items) != 3 || len(opened) != 3 || reads != 60 {
		t.Fatalf("%d bookings by %d events opened, %d read", len(first.Items), len(opened), reads)
	}
	told := all(t, page, search.Query{Limit: 50}, func() {})
	if len(told) != 30 || len(opened) != 30 || reads != 60 {
		t.Errorf("%d bookings by %d events opened, %d read", len(told), len(opened), reads)
	}
	for i := range shows {
		shows[i].Turn = 2
	}
	p := page(search.Query{Limit: 50}) // a turn of the switch later nobody knows who has come
	if !p.Incomplete || len(p.Items) != 0 {
		t.Errorf("by old indexes: %d bookings, incomplete %v", len(p.Items), p.Incomplete)
	}
}

// Cursors of others, or none, are refused.
func TestCursorsAreReadStrictly(t *testing.T) {
	good := search.Key{At: 77}
	good.ID.No = 1
	if k, ok := search.ParseKey(good.String()); !ok || k != good {
		t.Errorf("%q: %v %v", good, k, ok)
	}
	for _, bad := range []string{"", ".", "1", "-1." + good.ID.String(), "01." + good.ID.String(),
		fmt.Sprintf("zz.%sx", good.ID)} {
		if k, ok := search.ParseKey(bad); ok {
			t.Errorf("%q is %v", bad, k)
		}
	}
}
