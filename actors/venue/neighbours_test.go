package venue_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/venue"
)

// caseFile reads a small plan that was once read wrong.
func caseFile(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "cases", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// line writes a pretix row of seats at the places given, in that order.
func line(places ...[2]float64) string {
	seats := make([]string, len(places))
	for i, p := range places {
		seats[i] = `{"seat_number":"` + itoa(i+1) + `","seat_guid":"s` + itoa(i+1) + `","category":"Cat","position":{"x":` + ftoa(p[0]) + `,"y":` + ftoa(p[1]) + `}}`
	}
	return pretix(`{"name":"Z","rows":[{"row_number":"A","position":{"x":0,"y":0},"seats":[` + strings.Join(seats, ",") + `]}]}`)
}

// arc lays n seats on a circle, through so many degrees.
func arc(n int, radius, degrees float64) (places [][2]float64) {
	for i := range n {
		sin, cos := math.Sincos(degrees / 180 * math.Pi * float64(i) / float64(n-1))
		places = append(places, [2]float64{radius * cos, radius * sin})
	}
	return places
}

func picked(places [][2]float64, order ...int) (some [][2]float64) {
	for _, i := range order {
		some = append(some, places[i])
	}
	return some
}

// Neighbours are those who stand side by side, in whatever order a file lists them (P11).
func TestNeighboursByPlaceNotByFile(t *testing.T) {
	straight := [][2]float64{{0, 0}, {20, 0}, {40, 0}, {60, 0}, {80, 0}, {100, 0}}
	steep := [][2]float64{{0, 0}, {7, 19}, {14, 38}, {21, 57}, {28, 76}}
	horseshoe := arc(10, 60, 300)
	gap := [][2]float64{{0, 0}, {20, 0}, {40, 0}, {90, 0}, {110, 0}}
	for name, test := range map[string]struct{ plan, want string }{
		"out of order in the file":    {string(caseFile(t, "seats-out-of-order.json")), "1 2 3 4"},
		"odd left, even right":        {string(caseFile(t, "odd-left-even-right.json")), "3 1 2 4"},
		"odd first, even after":       {line(picked(straight, 0, 2, 4, 1, 3, 5)...), "1 4 2 5 3 6"},
		"up one side, down the other": {line(picked(straight, 0, 2, 4, 5, 3, 1)...), "1 6 2 5 3 4"},
		"listed right to left":        {line(picked(straight, 5, 4, 3, 2, 1, 0)...), "1 2 3 4 5 6"},
		"a steep row":                 {line(picked(steep, 2, 0, 4, 1, 3)...), "2 4 1 5 3"},
		"a curve, as listed":          {line(horseshoe...), "1 2 3 4 5 6 7 8 9 10"},
		"a curve, shuffled":           {line(picked(horseshoe, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2)...), "8 9 10 1 2 3 4 5 6 7"},
		"an aisle":                    {line(gap...), "1 2 3 | 4 5"},
		"an aisle, shuffled":          {line(picked(gap, 4, 0, 3, 1, 2)...), "2 4 5 | 3 1"},
		"two far apart":               {compact(`{"id":"A","rows":[{"label":"1","seats":4,"x":[0,10,20,30],"y":0},{"label":"2","seats":2,"x":[0,50],"y":20}]}`), "1 2 3 4\n1 | 2"},
		"our own plan, no breaks":     {compact(`{"id":"A","rows":[{"label":"1","seats":4,"x":[0,30,10,20],"y":0}]}`), "1 3 4 2"},
		"our own plan, numbers jump":  {compact(`{"id":"A","rows":[{"label":"1","seats":"1-2,8-9","x":[0,10,20,30],"y":0}]}`), "1 2 8 9"},
		"our own plan, breaks given":  {compact(`{"id":"A","rows":[{"label":"1","seats":4,"x":[0,30,10,20],"y":0,"breaks":[]}]}`), "1 2 3 4"},
		"a stranger between": {
			compact(`{"id":"A","rows":[{"label":"odd","seats":["1","3","5"],"x":[0,20,40],"y":0},{"label":"even","seats":["2","4"],"x":[10,30],"y":0}]}`),
			"1 | 3 | 5\n2 | 4",
		},
		"a table":                          {seatsio(`"tables":[{"label":"T","seats":[{"label":"1","x":0,"y":0,"categoryKey":9},{"label":"2","x":50,"y":0,"categoryKey":9},{"label":"3","x":50,"y":10,"categoryKey":9},{"label":"4","x":0,"y":10,"categoryKey":9}]}]`), "1 2 3 4"},
		"odd and even sides of a row list": {string(caseFile(t, "odd-side-even-side-rowlist.json")), "1 3 5 7\n2 4 6 8"},
	} {
		v, err := venue.Parse([]byte(test.plan), venue.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var lines []string
		for _, line := range strings.Split(strings.TrimSpace(draw(v)), "\n") {
			_, seats, _ := strings.Cut(line, ": ")
			lines = append(lines, seats)
		}
		if got := strings.Join(lines, "\n"); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		mustHold(t, v)
	}
}

// withoutBreaks is a venue as a plan that does not say where its aisles are.
func withoutBreaks(v *venue.Venue) []byte {
	return regexp.MustCompile(`"breaks":\[[^\]]*\],`).ReplaceAll(v.PlanJSON(), nil)
}

// Aisles are found in bent rows too, and nowhere else: a bowl that is read without its marks is the same bowl.
func TestAislesAreFoundByDistance(t *testing.T) {
	want := venue.Stadium(8000)
	got, err := venue.Parse(withoutBreaks(want), venue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) || count(got).broken == 0 {
		t.Errorf("%d rows have aisles, the bowl has %d; or another order", count(got).broken, count(want).broken)
	}
}

// Two seats on one spot are a defect that names both; a plan without coordinates, and chairs of two tables, are none.
func TestSeatsOnOneSpotAreDefects(t *testing.T) {
	_, err := venue.Parse(caseFile(t, "twice-on-one-spot.json"), venue.Options{})
	var refused *venue.DefectsError
	if !errors.As(err, &refused) || len(refused.Defects) != 4 {
		t.Fatalf("got %v", err)
	}
	first := refused.Defects[0]
	for _, want := range []string{`"Parkett-1-1"`, `"Parkett-2-1"`, "one spot (25, 0)", "/zones/0/rows/0/seats/0, /zones/0/rows/1/seats/0"} {
		if !strings.Contains(first.Problem, want) {
			t.Errorf("%q does not say %s", first.Problem, want)
		}
	}
	for name, plan := range map[string]string{
		"sections": compact(`{"id":"A","rows":[{"label":"1","seats":2,"x":0,"y":0}]},{"id":"B","rows":[{"label":"1","seats":2,"x":10,"y":0}]}`),
		"a row":    compact(`{"id":"A","rows":[{"label":"1","seats":3,"x":[0,10,0],"y":0}]}`),
		"a hair":   compact(`{"id":"A","rows":[{"label":"1","seats":5,"x":[0,0.2,25,50,75],"y":0}]}`),
		"many":     compact(`{"id":"A","rows":[{"label":"1","seats":40,"x":[0` + strings.Repeat(",1", 39) + `],"y":0}]}`),
	} {
		if _, err := venue.Parse([]byte(plan), venue.Options{}); !errors.As(err, &refused) || len(refused.Defects) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, plan := range map[string]string{
		"pairs, wide aisle": compact(`{"id":"A","rows":[{"label":"1","seats":3,"x":[0,1,100],"y":0},{"label":"2","seats":3,"x":[0,1,100],"y":1}]}`),
		"a small drawing":   compact(`{"id":"A","rows":[{"label":"1","seats":9,"x":[0,100,200,300,400,500,600,700,800],"y":0}]},{"id":"B","rows":[{"label":"1","seats":3,"x":[0,1,2],"y":900}]}`),
		"no coordinates":    seatsio(`"rows":[{"label":"A","seats":[{"label":"1","categoryKey":9},{"label":"2","categoryKey":9}]}]`),
		"two tables":        string(realPlan(t, tables)),
	} {
		if _, err := venue.Parse([]byte(plan), venue.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Absent, null and zero are three things for a place too: a seat at (0, 0) says so, in a plan that places the others.
func TestSeatsWithoutAPlaceAreTold(t *testing.T) {
	pretix := func(second string) string {
		return `{"name":"H","categories":[{"name":"A"}],"zones":[{"name":"Z","rows":[{"row_number":"1","seats":[
			{"seat_guid":"a","seat_number":"1","category":"A","position":{"x":25,"y":5}},{"seat_guid":"b","seat_number":"2","category":"A"` + second + `}]}]}]}`
	}
	chart := func(second string) string {
		return seatsio(`"rows":[{"label":"A","seats":[{"label":"1","x":25,"y":5,"categoryKey":9},{"label":"2"` + second + `,"categoryKey":9}]}]`)
	}
	for plan, want := range map[string]string{
		pretix(``):                             `/zones/0/rows/0/seats/1: seat "2" has no place`,
		pretix(`,"position":null`):             `/zones/0/rows/0/seats/1: seat "2" has no place`,
		pretix(`,"position":{"x":null,"y":0}`): `/zones/0/rows/0/seats/1/position/x: must be a number: null`,
		pretix(`,"position":{"x":0,"y":0}`):    "",
		chart(``):                              `/subChart/rows/0/seats/1: seat "2" has no place`,
		chart(`,"x":0`):                        `/subChart/rows/0/seats/1: seat "2" has no place`,
		chart(`,"x":0,"y":null`):               `/subChart/rows/0/seats/1/y: must be a number: null`,
		chart(`,"x":0,"y":0`):                  "",
		compact(`{"id":"A","rows":[{"label":"1","seats":2,"x":[5,null],"y":0}]}`):                                `/sections/0/rows/0/x/1: must be a number: null`,
		seatsio(`"booths":[{"label":"A","center":{"x":5,"y":5},"categoryKey":9},{"label":"B","categoryKey":9}]`): `/subChart/booths/1: seat "1" has no place`,
	} {
		_, err := venue.Parse([]byte(plan), venue.Options{})
		var refused *venue.DefectsError
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", plan, err)
		case want != "" && (!errors.As(err, &refused) || !strings.Contains(refused.Defects[0].Path+": "+refused.Defects[0].Problem, want)):
			t.Errorf("%s: %v, want %s", plan, err, want)
		}
	}
}

// A drawing may be one unit wide: seats that stand thousandths apart are told apart, in every format.
func TestFineDrawingsKeepTheirSeatsApart(t *testing.T) {
	var seats []string
	for i := range 30 {
		seats = append(seats, fmt.Sprintf(`{"seat_guid":"%d","seat_number":"%d","category":"A","position":{"x":%g,"y":0.5}}`, i, i, 0.004*float64(i)))
	}
	plan := `{"name":"H","categories":[{"name":"A"}],"zones":[{"name":"Z","rows":[{"row_number":"1","seats":[` + strings.Join(seats, ",") + `]}]}]}`
	v, err := venue.Parse([]byte(plan), venue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	row := v.Sections[0].Rows[0]
	if last := row.Seats[29]; math.Abs(last.X-0.116) > 1e-9 || len(row.Seats) != 30 {
		t.Errorf("the last seat stands at %g", last.X)
	}
	for _, seat := range row.Seats {
		if seat.BreakBefore {
			t.Errorf("an aisle before %s", seat.ID)
		}
	}
	if _, err := venue.Parse([]byte(strings.Replace(plan, `"x":0.008`, `"x":0.004`, 1)), venue.Options{}); err == nil {
		t.Error("two seats on one spot of a fine drawing are not told")
	}
}

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
	slices.SortStableFunc(r.byDistance, func(a, b int) int { return cmp.Compare(far(r.seats[a], eye), far(r.seats[b], eye)) })
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
				between = between || c != a && c != b && hypot(r.seats[first+a], r.seats[first+c]) < apart && hypot(r.seats[first+c], r.seats[first+b]) < apart
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
	for _, name := range []string{"stage-below.json", "seats-out-of-order.json", "odd-left-even-right.json", "odd-side-even-side-rowlist.json"} {
		plans[name] = caseFile(t, name)
	}
	guids := 0 // of this one some are repeated: without that it is a plan like others
	plans[stadium] = regexp.MustCompile(`"seat_guid": *"[^"]*"`).ReplaceAllFunc(realPlan(t, stadium), func([]byte) []byte {
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
			t.Fatalf("%s: seat %s is nearer to the front than %s and ranked behind it", plan, r.seats[r.byDistance[k-1]].ID, r.seats[r.byDistance[k]].ID)
		}
	}
	chance := rand.New(rand.NewPCG(uint64(len(r.seats)), 11))
	for range patterns {
		state := section.NewState(r.layout, section.Rules{HoldTTL: 1000, HoldCeiling: 1000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8})
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
			state.Decide(&section.Command{Kind: section.PlaceBest, Quantity: uint32(q), AnyCategory: true, Buyer: section.BuyerID{1}}, &d)
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
