package baselines

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/api/wire"
)

// What one buyer sees is what Holdfast would show.
func TestHoldAndTaken(t *testing.T) {
	eachBaseline(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		r := s.hold("ann", "A-1-2").want(201, "")
		b := r.booking()
		if b.State != "held" || b.Event != s.id || !slices.Equal(b.Seats, []string{"A-1-2"}) || b.ExpiresAt == nil ||
			b.Total != (wire.Money{Amount: 9000, Currency: "EUR"}) || b.Tickets != nil {
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
	eachBaseline(t, func(t *testing.T, c *client) {
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
	eachBaseline(t, func(t *testing.T, c *client) {
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
		c.ask("POST", "/v1/events", "operator", c.newKey(),
			`{"name":"x","starts_at":"2030-06-01T19:30:00Z","currency":"EUR","prices":{"*":1},"plan":{"sections":[{"id":"A"}]}}`).
			want(422, "plan_invalid")
		c.ask("GET", "/v1/events/nothing", "", "", "").want(404, "event_unknown")
		c.ask("GET", "/v1/events/"+s.id+"/availability/stream", "", "", "").want(404, "not_found")
		c.do("DELETE", "ann", "b", c.newKey()).want(404, "booking_unknown")
		if got := s.letters(); strings.Trim(got, "a") != "" {
			t.Errorf("refusals took seats: %s", got)
		}
	})
}

func TestBestAvailable(t *testing.T) {
	eachBaseline(t, func(t *testing.T, c *client) {
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
	eachBaseline(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		b := s.hold("ann", "A-1-1", "A-1-2").want(201, "").booking()
		c.do("DELETE", "bob", b.ID, c.newKey()).want(404, "booking_unknown")
		for range 2 {
			if got := c.do("DELETE", "ann", b.ID, c.newKey()).want(200, "").booking(); got.State != "released" ||
				got.ExpiresAt != nil || len(got.Seats) != 2 {
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
	eachBaseline(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		b := s.hold("ann", "A-1-1").want(201, "").booking()
		key := c.newKey()
		first := c.do("extend", "ann", b.ID, key).want(200, "").booking()
		if again := c.do("extend", "ann", b.ID, key).want(200, "").booking(); *again.ExpiresAt != *first.ExpiresAt ||
			first.ExpiresAt.Time < b.ExpiresAt.Time {
			t.Errorf("%v, extended to %v, and by the same request again to %v", b.ExpiresAt, first.ExpiresAt,
				again.ExpiresAt)
		}
		if got := c.look("ann", b.ID); *got.ExpiresAt != *first.ExpiresAt {
			t.Errorf("%+v", got)
		}
		c.do("extend", "bob", b.ID, c.newKey()).want(404, "booking_unknown")
		short := c.newShow(600, 600)
		c.do("extend", "ann", short.hold("ann", "A-1-1").want(201, "").booking().ID, c.newKey()).want(409,
			"extension_limit")
	})
}

// An extended hold outlives its first end, and its seats with it. Where the machine stood still for longer than a hold
// lasts, again.
func TestExtensionLasts(t *testing.T) {
	eachBaseline(t, func(t *testing.T, c *client) {
		s := c.newShow(1, 100)
		for stalled := true; stalled && !t.Failed(); {
			b := s.hold("ann", "A-1-1", "A-1-2").want(201, "").booking()
			ends := int64(b.ExpiresAt.Time)
			s.await("the hold outlives its first end", func() bool {
				r := c.do("extend", "ann", b.ID, c.newKey())
				other := s.hold("bob", "A-1-2")
				if stalled = time.Now().UnixMilli() >= ends; stalled {
					return true
				}
				ends = int64(r.want(200, "").booking().ExpiresAt.Time)
				other.want(409, "seat_taken")
				return time.Now().UnixMilli() > int64(b.ExpiresAt.Time)+200
			})
		}
	})
}

func TestLapse(t *testing.T) {
	eachBaseline(t, func(t *testing.T, c *client) {
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
		if got := s.book("ann", key, seatsBody("A-1-1", "A-1-2")).want(201, "").booking(); got.ID != b.ID ||
			got.State != "expired" {
			t.Errorf("the repeat of a lapsed hold: %+v", got)
		}
		s.hold("bob", "A-1-2", "A-1-3").want(201, "")
		c.do("confirm", "ann", b.ID, c.newKey()).want(409, "hold_expired")
		s.await("bob's hold lapses too, and what was bought stays", func() bool { return s.letters()[:4] == "aaas" })
	})
}

func TestConfirm(t *testing.T) {
	eachBaseline(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		b := s.hold("ann", "A-1-1", "A-2-3").want(201, "").booking()
		path := "/v1/bookings/" + b.ID + "/confirm"
		c.ask("POST", path, "ann", c.newKey(), `{"payment_token":"tok_declined"}`).want(402, "payment_declined")
		c.ask("POST", path, "ann", c.newKey(), `{}`).want(400, "bad_request")
		key := c.newKey()
		sold := c.do("confirm", "ann", b.ID, key).want(200, "").booking()
		if sold.State != "confirmed" || len(sold.Tickets) != 2 || sold.Tickets[0].Seat != "A-1-1" ||
			len(sold.Tickets[1].Code) != 19 || sold.ExpiresAt != nil {
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
	eachBaseline(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		for _, body := range []string{seatsBody("A-1-1"), seatsBody("A-1-2", "A-1-3"),
			`{"best_available":{"quantity":2,"section":"B"}}`} {
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
			c.do("DELETE", "bob", s.book("bob", key, seatsBody("G-GA-5")).want(201, "").booking().ID, c.newKey()).want(
				200, "")
		}
		if got := strings.Count(s.letters(), "h"); got != 5 {
			t.Errorf("%d seats on hold, want 5: %s", got, s.letters())
		}
		// A released booking's request is not a new one, though its seats are free.
		key := s.newKey()
		b := s.book("ann", key, seatsBody("A-1-4")).want(201, "").booking()
		c.do("DELETE", "ann", b.ID, c.newKey()).want(200, "")
		if got := s.book("ann", key, seatsBody("A-1-4")).want(201, "").booking(); got.ID != b.ID ||
			got.State != "released" {
			t.Errorf("%+v", got)
		}
		s.hold("bob", "A-1-4").want(201, "")
	})
}

// After a crash of Redis its locks are gone. Two buyers may then hold one seat; the tickets let only one of them have
// it (P1).
func TestACrashOfRedisSellsNothingTwice(t *testing.T) {
	c := serveBaseline(t, "textbook")
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
