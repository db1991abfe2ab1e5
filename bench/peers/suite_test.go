package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/api/wire"
)

// What one buyer sees is what Holdfast would show.
func TestHoldAndTaken(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		r := s.hold("ann", "A-1-2").want(201, "")
		b := r.booking()
		if b.State != "held" || b.Event != s.id || !slices.Equal(b.Seats, []string{"A-1-2"}) || b.ExpiresAt == nil || b.Total != (wire.Money{Amount: 9000, Currency: "EUR"}) || b.Tickets != nil {
			t.Errorf("held: %s", r.body)
		}
		if got := string(r.header.Peek("Location")); got != "/v1/bookings/"+b.ID {
			t.Errorf("Location %q", got)
		}
		if again := c.look("ann", b.ID); again.ID != b.ID || *again.ExpiresAt != *b.ExpiresAt {
			t.Errorf("looked up: %+v, want %+v", again, b)
		}
		lost := s.hold("bob", "A-1-2").want(409, "seat_taken")
		if !slices.Equal(lost.problem().Seats, []string{"A-1-2"}) {
			t.Errorf("lost: %s", lost.body)
		}
		c.ask("GET", "/v1/bookings/"+b.ID, "bob", "", "").want(404, "booking_unknown")
		if got := s.letters(); got != "ahaaaaa"+strings.Repeat("a", 65) {
			t.Errorf("letters %s", got)
		}
	})
}

func TestAllOrNothing(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		s.hold("ann", "A-1-3").want(201, "")
		for range 3 { // a part that was kept would be lost the second time
			lost := s.hold("bob", "A-1-2", "A-1-3", "A-2-1").want(409, "seat_taken").problem()
			if !slices.Equal(lost.Seats, []string{"A-1-3"}) {
				t.Errorf("lost %v", lost.Seats)
			}
		}
		b := s.hold("bob", "A-2-1", "A-1-2").want(201, "").booking()
		if !slices.Equal(b.Seats, []string{"A-2-1", "A-1-2"}) || b.Total.Amount != 18000 {
			t.Errorf("%+v: seats come as the buyer named them", b)
		}
		if got := s.letters()[:7]; got != "ahhahaa" {
			t.Errorf("letters %s", got)
		}
	})
}

func TestRefusedAtTheDoor(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		closed, s := c.closedShow(600, 1200), c.newShow(600, 1200)
		closed.hold("ann", "A-1-1").want(409, "sale_not_open")
		for _, row := range []struct {
			who, body string
			status    int
			code      string
		}{
			{"", seatsBody("A-1-1"), 401, "unauthorized"},
			{"ann", seatsBody("A-1-9"), 404, "seat_unknown"},
			{"ann", seatsBody("A-1-1", "A-1-1"), 422, "duplicate_seat"},
			{"ann", seatsBody("A-1-1", "B-1-1"), 422, "seats_in_different_sections"},
			{"ann", `{"seats":[]}`, 422, "no_seats"},
			{"ann", `{"best_available":{"quantity":9}}`, 422, "too_many_seats"},
			{"ann", `{"best_available":{"quantity":1,"section":"Z"}}`, 422, "section_unknown"},
			{"ann", `{"seats":["A-1-1"],"x":1}`, 400, "bad_request"},
		} {
			s.book(row.who, s.newKey(), row.body).want(row.status, row.code)
		}
		c.ask("POST", "/v1/events", "ann", c.newKey(), "{}").want(403, "forbidden")
		c.ask("POST", "/v1/events", "operator", c.newKey(), `{"name":"x","starts_at":"2030-06-01T19:30:00Z","currency":"EUR","prices":{"*":1},"plan":{"sections":[{"id":"A"}]}}`).want(422, "plan_invalid")
		c.ask("GET", "/v1/events/nothing", "", "", "").want(404, "event_unknown")
		c.ask("GET", "/v1/events/"+s.id+"/availability/stream", "", "", "").want(404, "not_found")
		c.do("DELETE", "ann", "b", c.newKey()).want(404, "booking_unknown")
		if got := s.letters(); strings.Trim(got, "a") != "" {
			t.Errorf("refusals took seats: %s", got)
		}
	})
}

func TestBestAvailable(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		for range 2 { // rows of 4 and 3: one pair of neighbours each, at least
			b := s.best("ann", 3, "A").want(201, "").booking()
			if len(b.Seats) != 3 || !strings.HasPrefix(b.Seats[0], "A-") {
				t.Errorf("%+v", b)
			}
		}
		s.best("ann", 2, "A").want(409, "sold_out")
		s.best("ann", 1, "A").want(201, "")
		s.best("ann", 1, "A").want(409, "sold_out")
		for range 5 {
			s.best("ann", 1, "G").want(201, "")
		}
		for range 12 { // nobody who does not mind the section is refused while B has seats
			s.best("bob", 5, "").want(201, "")
		}
		s.best("bob", 1, "").want(409, "sold_out")
		if got := s.letters(); strings.Trim(got, "h") != "" {
			t.Errorf("letters %s", got)
		}
	})
}

func TestRelease(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		b := s.hold("ann", "A-1-1", "A-1-2").want(201, "").booking()
		c.do("DELETE", "bob", b.ID, c.newKey()).want(404, "booking_unknown")
		for range 2 {
			if got := c.do("DELETE", "ann", b.ID, c.newKey()).want(200, "").booking(); got.State != "released" || got.ExpiresAt != nil || len(got.Seats) != 2 {
				t.Errorf("released: %+v", got)
			}
		}
		c.do("confirm", "ann", b.ID, c.newKey()).want(409, "hold_released")
		c.do("extend", "ann", b.ID, c.newKey()).want(409, "hold_released")
		s.hold("bob", "A-1-1", "A-1-2").want(201, "")
		c.do("DELETE", "ann", b.ID, c.newKey()).want(200, "") // of the old booking: bob's seats stay bob's
		if got := s.letters()[:2]; got != "hh" {
			t.Errorf("letters %s", got)
		}
	})
}

func TestExtend(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		b := s.hold("ann", "A-1-1").want(201, "").booking()
		key := c.newKey()
		first := c.do("extend", "ann", b.ID, key).want(200, "").booking()
		if again := c.do("extend", "ann", b.ID, key).want(200, "").booking(); *again.ExpiresAt != *first.ExpiresAt || *first.ExpiresAt < *b.ExpiresAt {
			t.Errorf("%v, extended to %v, and by the same request again to %v", b.ExpiresAt, first.ExpiresAt, again.ExpiresAt)
		}
		if got := c.look("ann", b.ID); *got.ExpiresAt != *first.ExpiresAt {
			t.Errorf("%+v", got)
		}
		c.do("extend", "bob", b.ID, c.newKey()).want(404, "booking_unknown")
		short := c.newShow(600, 600)
		c.do("extend", "ann", short.hold("ann", "A-1-1").want(201, "").booking().ID, c.newKey()).want(409, "extension_limit")
	})
}

// An extended hold outlives its first end, and its seats with it. Where the machine stood still for longer than a hold lasts, again.
func TestExtensionLasts(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(1, 100)
		for stalled := true; stalled && !t.Failed(); {
			b := s.hold("ann", "A-1-1", "A-1-2").want(201, "").booking()
			ends := int64(*b.ExpiresAt)
			s.await("the hold outlives its first end", func() bool {
				r := c.do("extend", "ann", b.ID, c.newKey())
				other := s.hold("bob", "A-1-2")
				if stalled = time.Now().UnixMilli() >= ends; stalled {
					return true
				}
				ends = int64(*r.want(200, "").booking().ExpiresAt)
				other.want(409, "seat_taken")
				return time.Now().UnixMilli() > int64(*b.ExpiresAt)+200
			})
		}
	})
}

func TestLapse(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(1, 10)
		s.await("somebody buys within a second", func() bool {
			r := s.hold("cat", "A-1-4")
			return r.status == 201 && c.do("confirm", "cat", r.booking().ID, c.newKey()).status == 200
		})
		key := s.newKey()
		b := s.book("ann", key, seatsBody("A-1-1", "A-1-2")).want(201, "").booking()
		s.await("the hold lapses", func() bool { return s.letters()[:4] == "aaas" })
		if got := c.look("ann", b.ID); got.State != "expired" || got.ExpiresAt != nil {
			t.Errorf("%+v", got)
		}
		for _, how := range []string{"confirm", "extend", "DELETE"} {
			c.do(how, "ann", b.ID, c.newKey()).want(409, "hold_expired")
		}
		if got := s.book("ann", key, seatsBody("A-1-1", "A-1-2")).want(201, "").booking(); got.ID != b.ID || got.State != "expired" {
			t.Errorf("the repeat of a lapsed hold: %+v", got)
		}
		s.hold("bob", "A-1-2", "A-1-3").want(201, "")
		c.do("confirm", "ann", b.ID, c.newKey()).want(409, "hold_expired")
		s.await("bob's hold lapses too, and what was bought stays", func() bool { return s.letters()[:4] == "aaas" })
	})
}

func TestConfirm(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		b := s.hold("ann", "A-1-1", "A-2-3").want(201, "").booking()
		path := "/v1/bookings/" + b.ID + "/confirm"
		c.ask("POST", path, "ann", c.newKey(), `{"payment_token":"tok_declined"}`).want(402, "payment_declined")
		c.ask("POST", path, "ann", c.newKey(), `{}`).want(400, "bad_request")
		key := c.newKey()
		sold := c.do("confirm", "ann", b.ID, key).want(200, "").booking()
		if sold.State != "confirmed" || len(sold.Tickets) != 2 || sold.Tickets[0].Seat != "A-1-1" || len(sold.Tickets[1].Code) != 19 || sold.ExpiresAt != nil {
			t.Errorf("confirmed: %+v", sold)
		}
		again := c.do("confirm", "ann", b.ID, key).want(200, "").booking()
		if !slices.Equal(again.Tickets, sold.Tickets) || !slices.Equal(c.look("ann", b.ID).Tickets, sold.Tickets) {
			t.Errorf("other tickets: %+v, want %+v", again, sold)
		}
		for _, how := range []string{"confirm", "extend", "DELETE"} {
			c.do(how, "ann", b.ID, c.newKey()).want(409, "already_confirmed")
		}
		s.hold("bob", "A-1-1").want(409, "seat_taken")
		if got := s.letters()[:7]; got != "saaaaas" {
			t.Errorf("letters %s", got)
		}
	})
}

func TestRepeatIsTheSameBooking(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		for _, body := range []string{seatsBody("A-1-1"), seatsBody("A-1-2", "A-1-3"), `{"best_available":{"quantity":2,"section":"B"}}`} {
			key := s.newKey()
			var mu sync.Mutex
			ids := map[string]bool{}
			together(16, func(int) {
				b := s.book("ann", key, body).want(201, "").booking()
				mu.Lock()
				defer mu.Unlock()
				ids[b.ID+strings.Join(b.Seats, "+")] = true
			})
			if len(ids) != 1 {
				t.Errorf("%s: one request became %v", body, ids)
			}
			s.book("bob", key, seatsBody("G-GA-5")).want(201, "") // the key is ann's own
			s.book("ann", key, seatsBody("G-GA-4")).want(422, "idempotency_mismatch")
			c.do("DELETE", "bob", s.book("bob", key, seatsBody("G-GA-5")).want(201, "").booking().ID, c.newKey()).want(200, "")
		}
		if got := strings.Count(s.letters(), "h"); got != 5 {
			t.Errorf("%d seats on hold, want 5: %s", got, s.letters())
		}
		// A released booking's request is not a new one, though its seats are free.
		key := s.newKey()
		b := s.book("ann", key, seatsBody("A-1-4")).want(201, "").booking()
		c.do("DELETE", "ann", b.ID, c.newKey()).want(200, "")
		if got := s.book("ann", key, seatsBody("A-1-4")).want(201, "").booking(); got.ID != b.ID || got.State != "released" {
			t.Errorf("%+v", got)
		}
		s.hold("bob", "A-1-4").want(201, "")
	})
}

// raceForTenSeats sends 64 buyers at once after the same ten seats and counts what they were granted.
func raceForTenSeats(s *show) int64 {
	var won atomic.Int64
	together(64, func(i int) {
		for n := range 10 {
			r := s.hold(fmt.Sprintf("buyer-%d", i), fmt.Sprintf("B-1-%d", (i+n)%10+1))
			if r.status == 201 {
				won.Add(1)
			} else {
				r.want(409, "seat_taken")
			}
		}
	})
	return won.Load()
}

// TestRaceForTenSeats: P1, the one rule that cannot bend.
func TestRaceForTenSeats(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		if won := raceForTenSeats(s); won != 10 {
			t.Errorf("%d holds of 10 seats", won)
		}
		if got := s.letters(); strings.Count(got, "h") != 10 || strings.Count(got, "a") != 62 {
			t.Errorf("letters %s", got)
		}
	})
}

// careless looks whether a seat is free, and takes it a moment later.
type careless struct{ *memory }

func (c careless) hold(ctx context.Context, t *task) (verdict, error) {
	s := c.section(t.event, t.seats[0])
	s.mu.Lock()
	open := s.isFree(t.seats[0], time.Now())
	s.mu.Unlock()
	if !open {
		t.lost = append(t.lost, t.seats[0])
		return seatTaken, nil
	}
	runtime.Gosched()
	s.mu.Lock()
	s.seats[t.seats[0]-s.first] = nil
	s.mu.Unlock()
	return c.memory.hold(ctx, t)
}

// TestTheRaceFindsACarelessPeer: a race that a peer with a gap between look and leap survives would prove nothing.
func TestTheRaceFindsACarelessPeer(t *testing.T) {
	c := serveWith(t, newFace(careless{newMemory()}).listen)
	for range 50 {
		if won := raceForTenSeats(c.newShow(600, 1200)); won > 10 {
			return
		}
	}
	t.Error("50 races found nothing")
}

// Pairs that overlap, wanted in both orders: nobody gets half, nobody waits for ever, and what is left over is truly taken.
func TestRaceForPairs(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		var mu sync.Mutex
		held := map[string]string{}
		together(64, func(i int) {
			pair := []string{fmt.Sprintf("B-2-%d", i%9+1), fmt.Sprintf("B-2-%d", i%9+2)}
			if i%2 == 1 {
				slices.Reverse(pair)
			}
			r := s.hold(fmt.Sprintf("buyer-%d", i), pair...)
			if r.status != 201 {
				r.want(409, "seat_taken")
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, seat := range r.booking().Seats {
				if other := held[seat]; other != "" {
					t.Errorf("%s is on hold by %s and buyer-%d", seat, other, i)
				}
				held[seat] = fmt.Sprintf("buyer-%d", i)
			}
		})
		row := s.letters()[17:27]
		if strings.Contains(row, "aa") || strings.Count(row, "h") != len(held) {
			t.Errorf("%d seats won, letters %s", len(held), row)
		}
	})
}

func TestRaceForTheBest(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		var mu sync.Mutex
		held, soldOut := map[string]int{}, 0
		together(64, func(i int) {
			r := s.best(fmt.Sprintf("buyer-%d", i), 2, "B")
			mu.Lock()
			defer mu.Unlock()
			if r.status != 201 {
				r.want(409, "sold_out")
				soldOut++
				return
			}
			for _, seat := range r.booking().Seats {
				held[seat]++
			}
		})
		if len(held) != 60 || soldOut != 34 {
			t.Errorf("%d seats on hold and %d refusals, want all 60 and 34 (P11)", len(held), soldOut)
		}
	})
}

func TestRacingChanges(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		var sold, released atomic.Int64
		for n := range 10 {
			b := s.hold("ann", fmt.Sprintf("B-3-%d", n+1)).want(201, "").booking()
			var confirmed, gone atomic.Int64
			together(8, func(i int) {
				how := "confirm"
				if i%4 == 3 && n%2 == 1 {
					how = "DELETE"
				}
				r := c.do(how, "ann", b.ID, c.newKey())
				switch {
				case r.status == 200 && how == "confirm":
					confirmed.Add(1)
				case r.status == 200:
					gone.Add(1)
				case r.problem().Code != "hold_released":
					r.want(409, "already_confirmed")
				}
			})
			if confirmed.Load() > 1 || confirmed.Load() == 0 && gone.Load() == 0 || confirmed.Load() > 0 && gone.Load() > 0 {
				t.Errorf("%s: %d confirmations and %d releases were acknowledged", b.ID, confirmed.Load(), gone.Load())
			}
			sold.Add(confirmed.Load())
			if state := c.look("ann", b.ID).State; (state == "confirmed") != (confirmed.Load() == 1) {
				t.Errorf("%s is %s after %d confirmations", b.ID, state, confirmed.Load())
			}
			if confirmed.Load() == 0 {
				released.Add(1)
			}
		}
		row := s.letters()[27:37]
		if strings.Count(row, "s") != int(sold.Load()) || strings.Count(row, "a") != int(released.Load()) {
			t.Errorf("%d sold, %d released, letters %s", sold.Load(), released.Load(), row)
		}
	})
}

// Buyers hold, release, confirm and let lapse at random; in the end the map is what they were told.
func TestSumsAgree(t *testing.T) {
	eachPeer(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		var mu sync.Mutex
		want := map[string]byte{}
		together(32, func(i int) {
			buyer := fmt.Sprintf("buyer-%d", i)
			for n := range 12 {
				r := s.best(buyer, 1+(i+n)%3, "")
				if r.status != 201 {
					r.want(409, "sold_out")
					continue
				}
				b := r.booking()
				end := byte('h')
				switch (i + n) % 3 {
				case 0:
					c.do("DELETE", buyer, b.ID, c.newKey()).want(200, "")
					continue
				case 1:
					c.do("confirm", buyer, b.ID, c.newKey()).want(200, "")
					end = 's'
				}
				mu.Lock()
				for _, seat := range b.Seats {
					if want[seat] != 0 {
						t.Errorf("%s was given twice", seat)
					}
					want[seat] = end
				}
				mu.Unlock()
			}
		})
		var drawn wire.Seatmap
		if err := json.Unmarshal(c.ask("GET", "/v1/events/"+s.id+"/seatmap", "", "", "").want(200, "").body, &drawn); err != nil {
			t.Fatal(err)
		}
		letters, n := s.letters(), 0
		for _, section := range drawn.Sections {
			for _, row := range section.Rows {
				for _, seat := range row.Seats {
					if letter := max(want[seat.ID], 'a'); letter != letters[n] {
						t.Errorf("%s is %c, and buyers were told %c", seat.ID, letters[n], letter)
					}
					n++
				}
			}
		}
	})
}

// After a crash of Redis its locks are gone. Two buyers may then hold one seat; the tickets let only one of them have it (P1).
func TestACrashOfRedisSellsNothingTwice(t *testing.T) {
	c := servePeer(t, "textbook")
	s := c.newShow(600, 1200)
	sold := s.hold("ann", "A-1-1").want(201, "").booking()
	c.do("confirm", "ann", sold.ID, c.newKey()).want(200, "")
	lost := s.hold("ann", "A-1-2", "A-1-3").want(201, "").booking()
	client := redis.NewClient(servers.started.redisOptions())
	defer func() { _ = client.Close() }()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	c.do("extend", "ann", lost.ID, c.newKey()).want(409, "hold_expired")
	second := s.hold("bob", "A-1-1").want(201, "").booking()
	c.do("confirm", "bob", second.ID, c.newKey()).want(409, "hold_expired")
	again := s.hold("bob", "A-1-3").want(201, "").booking()
	c.do("confirm", "ann", lost.ID, c.newKey()).want(409, "hold_expired")
	c.do("confirm", "bob", again.ID, c.newKey()).want(200, "")
}
