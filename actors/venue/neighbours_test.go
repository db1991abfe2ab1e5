package venue_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

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
		seats[i] = `{"seat_number":"` + itoa(i+1) + `","seat_guid":"s` + itoa(i+1) +
			`","category":"Cat","position":{"x":` + ftoa(p[0]) + `,"y":` + ftoa(p[1]) + `}}`
	}
	return pretix(`{"name":"Z","rows":[{"row_number":"A","position":{"x":0,"y":0},"seats":[` +
		strings.Join(seats, ",") + `]}]}`)
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
		"a curve, shuffled": {line(picked(horseshoe, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2)...),
			"8 9 10 1 2 3 4 5 6 7"},
		"an aisle":           {line(gap...), "1 2 3 | 4 5"},
		"an aisle, shuffled": {line(picked(gap, 4, 0, 3, 1, 2)...), "2 4 5 | 3 1"},
		"two far apart":      {compact(`{"id":"A","rows":[{"label":"1","seats":4,"x":[0,10,20,30],"y":0},{"label":"2","seats":2,"x":[0,50],"y":20}]}`), "1 2 3 4\n1 | 2"},
		"our own plan, no breaks": {compact(`{"id":"A","rows":[{"label":"1","seats":4,"x":[0,30,10,20],"y":0}]}`),
			"1 3 4 2"},
		"our own plan, numbers jump": {compact(`{"id":"A","rows":[{"label":"1","seats":"1-2,8-9","x":[0,10,20,30],"y":0}]}`), "1 2 8 9"},
		"our own plan, breaks given": {compact(`{"id":"A","rows":[{"label":"1","seats":4,"x":[0,30,10,20],"y":0,"breaks":[]}]}`), "1 2 3 4"},
		"a stranger between": {
			compact(`{"id":"A","rows":[{"label":"odd","seats":["1","3","5"],"x":[0,20,40],"y":0},{"label":"even","seats":["2","4"],"x":[10,30],"y":0}]}`),
			"1 | 3 | 5\n2 | 4",
		},
		"a table": {seatsio(`"tables":[{"label":"T","seats":[{"label":"1","x":0,"y":0,"categoryKey":9},{"label":"2","x":50,"y":0,"categoryKey":9},{"label":"3","x":50,"y":10,"categoryKey":9},{"label":"4","x":0,"y":10,"categoryKey":9}]}]`), "1 2 3 4"},
		"odd and even sides of a row list": {string(caseFile(t, "odd-side-even-side-rowlist.json")),
			"1 3 5 7\n2 4 6 8"},
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
	for _, want := range []string{`"Parkett-1-1"`, `"Parkett-2-1"`, "one spot (25, 0)",
		"/zones/0/rows/0/seats/0, /zones/0/rows/1/seats/0"} {
		if !strings.Contains(first.Problem, want) {
			t.Errorf("%q does not say %s", first.Problem, want)
		}
	}
	for name, plan := range map[string]string{
		"sections": compact(`{"id":"A","rows":[{"label":"1","seats":2,"x":0,"y":0}]},{"id":"B","rows":[{"label":"1","seats":2,"x":10,"y":0}]}`),
		"a row":    compact(`{"id":"A","rows":[{"label":"1","seats":3,"x":[0,10,0],"y":0}]}`),
		"a hair":   compact(`{"id":"A","rows":[{"label":"1","seats":5,"x":[0,0.2,25,50,75],"y":0}]}`),
		"many": compact(`{"id":"A","rows":[{"label":"1","seats":40,"x":[0` + strings.Repeat(",1", 39) +
			`],"y":0}]}`),
	} {
		if _, err := venue.Parse([]byte(plan), venue.Options{}); !errors.As(err, &refused) ||
			len(refused.Defects) != 1 {
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
		return seatsio(`"rows":[{"label":"A","seats":[{"label":"1","x":25,"y":5,"categoryKey":9},{"label":"2"` +
			second + `,"categoryKey":9}]}]`)
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
		case want != "" && (!errors.As(err, &refused) ||
			!strings.Contains(refused.Defects[0].Path+": "+refused.Defects[0].Problem, want)):
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
	plan := `{"name":"H","categories":[{"name":"A"}],"zones":[{"name":"Z","rows":[{"row_number":"1","seats":[` +
		strings.Join(seats, ",") + `]}]}]}`
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
