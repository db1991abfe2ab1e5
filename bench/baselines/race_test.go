package baselines

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

	"holdfast/api/wire"
)

// raceForTenSeats sends 64 buyers at once after the same ten seats and counts what they were granted.
func raceForTenSeats(s *show) int64 {
	var won atomic.Int64
	together(64, func(i int) {
		for n := range 10 {
			r := asked(func() *reply { return s.hold(fmt.Sprintf("buyer-%d", i), fmt.Sprintf("B-1-%d", (i+n)%10+1)) })
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
	eachBaseline(t, func(t *testing.T, c *client) {
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

// TestTheRaceFindsACarelessPeer: a race that a baseline with a gap between look and leap survives would prove nothing.
func TestTheRaceFindsACarelessPeer(t *testing.T) {
	c := serveWith(t, newFace(careless{newMemory()}).listen)
	for range 50 {
		if won := raceForTenSeats(c.newShow(600, 1200)); won > 10 {
			return
		}
	}
	t.Error("50 races found nothing")
}

// Pairs that overlap, wanted in both orders: nobody gets half, nobody waits for ever, and what is left over is truly
// taken.
func TestRaceForPairs(t *testing.T) {
	withoutDeadlocks(t)
	eachBaseline(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		var mu sync.Mutex
		held := map[string]string{}
		together(64, func(i int) {
			pair := []string{fmt.Sprintf("B-2-%d", i%9+1), fmt.Sprintf("B-2-%d", i%9+2)}
			if i%2 == 1 {
				slices.Reverse(pair)
			}
			r := asked(func() *reply { return s.hold(fmt.Sprintf("buyer-%d", i), pair...) })
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
	eachBaseline(t, func(t *testing.T, c *client) {
		s := c.newShow(600, 1200)
		var mu sync.Mutex
		held, soldOut := map[string]int{}, 0
		together(64, func(i int) {
			r := asked(func() *reply { return s.best(fmt.Sprintf("buyer-%d", i), 2, "B") })
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
	withoutDeadlocks(t)
	eachBaseline(t, func(t *testing.T, c *client) {
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
			if confirmed.Load() > 1 || confirmed.Load() == 0 && gone.Load() == 0 || confirmed.Load() > 0 &&
				gone.Load() > 0 {
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
	withoutDeadlocks(t)
	eachBaseline(t, func(t *testing.T, c *client) {
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
		s.shows(want)
	})
}

// shows holds the map against what buyers were told; a seat that nobody was told of is free.
func (s *show) shows(want map[string]byte) {
	s.t.Helper()
	var drawn wire.Seatmap
	text := s.ask("GET", "/v1/events/"+s.id+"/seatmap", "", "", "").want(200, "").body
	if err := json.Unmarshal(text, &drawn); err != nil {
		s.t.Fatal(err)
	}
	letters, n := s.letters(), 0
	for _, section := range drawn.Sections {
		for _, row := range section.Rows {
			for _, seat := range row.Seats {
				if letter := max(want[seat.ID], 'a'); letter != letters[n] {
					s.t.Errorf("%s is %c, and buyers were told %c", seat.ID, letters[n], letter)
				}
				n++
			}
		}
	}
}
