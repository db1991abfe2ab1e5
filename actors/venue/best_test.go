package venue_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/venue"
)

// room is one section of a venue as its seats stand, judged without what the importer made of it: neighbours are seats
// of one row no farther apart than the row's seats usually are, with nobody between them.
type room struct {
	seats      []venue.Seat
	runs       [][]int // longest runs of neighbours, as seat indexes
	byDistance []int   // seats, nearest to the front first
	layout     *section.Layout
}

func roomOf(v *venue.Venue, i int) *room {
	s := &v.Sections[i]
	r := &room{layout: v.Layout(i)}
	for _, row := range s.Rows {
		first := len(r.seats)
		r.seats = append(r.seats, row.Seats...)
		r.addRuns(v, first)
	}
	eye := eyeOf(v, s)
	for k := range r.seats {
		r.byDistance = append(r.byDistance, k)
	}
	slices.SortStableFunc(r.byDistance, func(a, b int) int {
		return cmp.Compare(far(r.seats[a], eye), far(r.seats[b], eye))
	})
	return r
}

func eyeOf(v *venue.Venue, s *venue.Section) venue.Point {
	if s.FocalPoint != nil {
		return *s.FocalPoint
	}
	if at := v.Focus(); at != nil {
		return *at
	}
	left, right, top := math.Inf(1), math.Inf(-1), math.Inf(1)
	for _, seat := range seatsByID(v) {
		left, right, top = min(left, seat.X), max(right, seat.X), min(top, seat.Y)
	}
	return venue.Point{X: (left + right) / 2, Y: top}
}

func far(seat venue.Seat, from venue.Point) float64 { return math.Hypot(seat.X-from.X, seat.Y-from.Y) }

// addRuns finds the runs of the row that begins at first: two are neighbours when no third is nearer to both than they
// are to one another.
func (r *room) addRuns(v *venue.Venue, first int) {
	n := len(r.seats) - first
	next := make([][]int, n)
	nearest := make([]float64, n)
	for a := range n {
		nearest[a] = math.Inf(1)
		for b := range n {
			if a != b {
				nearest[a] = min(nearest[a], hypot(r.seats[first+a], r.seats[first+b]))
			}
		}
	}
	sorted := slices.Sorted(slices.Values(nearest))
	usual := sorted[(n-1)/4]
	for a := range n {
		for b := a + 1; b < n; b++ {
			apart := hypot(r.seats[first+a], r.seats[first+b])
			if apart > 1.75*usual {
				continue
			}
			between := false
			for c := range n {
				between = between || c != a && c != b && hypot(r.seats[first+a], r.seats[first+c]) < apart &&
					hypot(r.seats[first+c], r.seats[first+b]) < apart
			}
			if !between {
				next[a], next[b] = append(next[a], b), append(next[b], a)
			}
		}
	}
	done := make([]bool, n)
	for a := range n {
		if done[a] || len(next[a]) > 1 {
			continue
		}
		var run []int
		for at, from := a, -1; at >= 0; {
			done[at] = true
			run = append(run, first+at)
			to := slices.IndexFunc(next[at], func(b int) bool { return b != from })
			if to < 0 {
				break
			}
			from, at = at, next[at][to]
		}
		r.runs = append(r.runs, run)
	}
}

// bestWindow is the best q free neighbours by brute force: the choice is the rule that section.State documents. nil:
// there are none.
func (r *room) bestWindow(free func(int) bool, q int) (best []int) {
	bestKey := math.Inf(1)
	for _, run := range r.runs {
		var window []int
		inside := math.Inf(1)
		strandsBest := false
		for from := 0; from+q <= len(run); from++ {
			if slices.ContainsFunc(run[from:from+q], func(s int) bool { return !free(s) }) {
				continue
			}
			key := r.cost(run[from : from+q])
			strands := r.strands(run, from, from+q, free)
			if strands {
				key += 1e9 // inside a run a single seat left over is avoided at any price but an accessible one
			}
			if key < inside {
				inside, window, strandsBest = key, run[from:from+q], strands
			}
		}
		if window == nil {
			continue
		}
		key := r.cost(window)
		if strandsBest {
			quality := math.Mod(key, 1e12)
			key += math.Floor(quality/4) + 1
		}
		if key < bestKey {
			bestKey, best = key, window
		}
	}
	return best
}

func (r *room) cost(seats []int) (cost float64) {
	for _, s := range seats {
		cost += float64(r.layout.Quality[s])
		if r.seats[s].Accessible {
			cost += 1e12
		}
	}
	return cost
}

// strands tells whether run[from:to] taken leaves one free seat alone beside it.
func (r *room) strands(run []int, from, to int, free func(int) bool) bool {
	is := func(k int) bool { return k >= 0 && k < len(run) && free(run[k]) }
	return is(from-1) && !is(from-2) || is(to) && !is(to+1)
}

// TestBestAvailableAgainstBruteForce holds best-available against the room itself, on every plan there is, with random
// seats taken: together means side by side in the room, nearer to the front is better, and apart only where nothing is
// together (P11).
func TestBestAvailableAgainstBruteForce(t *testing.T) {
	plans := map[string][]byte{}
	for _, name := range []string{metalist, zones, areas} {
		plans[name] = realPlan(t, name)
	}
	for _, name := range []string{"stage-below.json", "seats-out-of-order.json", "odd-left-even-right.json",
		"odd-side-even-side-rowlist.json"} {
		plans[name] = caseFile(t, name)
	}
	guids := 0 // of this one some are repeated: without that it is a plan like others
	plans[stadium] = regexp.MustCompile(`"seat_guid": *"[^"]*"`).ReplaceAllFunc(realPlan(t, stadium),
		func([]byte) []byte {
			guids++
			return []byte(`"seat_guid":"g` + itoa(guids) + `"`)
		})
	plans["bowl"] = withoutBreaks(venue.Stadium(8000))
	plans["horseshoe"] = []byte(line(picked(arc(12, 60, 300), 3, 11, 5, 0, 7, 2, 9, 4, 1, 6, 10, 8)...))
	plans["stage-below.json, bottom"] = plans["stage-below.json"]
	for name, raw := range plans {
		options := venue.Options{}
		if strings.HasSuffix(name, ", bottom") {
			options.Front = &venue.Front{Side: venue.Bottom}
		}
		v, err := venue.Parse(raw, options)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range v.Sections {
			if !v.Sections[i].General {
				roomMustHold(t, name, roomOf(v, i), max(2, 60/len(v.Sections)))
			}
		}
	}
}

func roomMustHold(t *testing.T, plan string, r *room, patterns int) {
	t.Helper()
	for k := 1; k < len(r.byDistance); k++ {
		if r.layout.Quality[r.byDistance[k]] <= r.layout.Quality[r.byDistance[k-1]] {
			t.Fatalf("%s: seat %s is nearer to the front than %s and ranked behind it", plan,
				r.seats[r.byDistance[k-1]].ID, r.seats[r.byDistance[k]].ID)
		}
	}
	chance := rand.New(rand.NewPCG(uint64(len(r.seats)), 11))
	for range patterns {
		state := section.NewState(r.layout, section.Rules{HoldTTL: 1000, HoldCeiling: 1000, SeatsPerBookingMax: 8,
			SeatsPerBuyerMax: 8})
		var d section.Decision
		share := chance.Float64()
		block := section.Command{Kind: section.BlockSeats, Operator: true}
		for s := range r.seats {
			if chance.Float64() < share {
				block.Seats = append(block.Seats, section.SeatIndex(s))
			}
		}
		if state.Decide(&block, &d); len(d.Changes) == 1 {
			state.Begin(1)
			state.Apply(&d.Changes[0], nil)
		}
		for q := 1; q <= 5; q++ {
			state.Decide(&section.Command{Kind: section.PlaceBest, Quantity: uint32(q), AnyCategory: true,
				Buyer: section.BuyerID{1}}, &d)
			want := r.bestWindow(func(s int) bool { return state.Status(section.SeatIndex(s)) == section.Available }, q)
			judgeChoice(t, plan, r, &d.Outcome, want, q, state.Free())
		}
	}
}

func judgeChoice(t *testing.T, plan string, r *room, out *section.Outcome, want []int, q, free int) {
	t.Helper()
	switch {
	case free < q:
		if out.Rejection != section.SoldOut {
			t.Fatalf("%s: %v of %d with %d free", plan, out.Rejection, q, free)
		}
		return
	case out.Rejection != section.Accepted || out.Split != (want == nil):
		t.Fatalf("%s: best %d is %v, split %v; side by side in the room: %v", plan, q, out.Rejection, out.Split, want)
	case want == nil:
		return
	}
	var got, ids []string
	var seats []int
	for _, s := range out.Seats {
		seats, got = append(seats, int(s)), append(got, r.seats[s].ID)
	}
	for _, s := range want {
		ids = append(ids, r.seats[s].ID)
	}
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) && r.cost(seats) != r.cost(want) {
		t.Fatalf("%s: best %d is %v (%g), by brute force %v (%g)", plan, q, got, r.cost(seats), ids, r.cost(want))
	}
}
