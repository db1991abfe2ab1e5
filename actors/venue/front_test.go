package venue_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/venue"
)

func itoa(n int) string { return strconv.Itoa(n) }

func ftoa(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// bestOf is what best-available gives of an empty section.
func bestOf(v *venue.Venue, i, quantity int) (ids []string) {
	state := section.NewState(v.Layout(i), section.Rules{HoldTTL: 1000, HoldCeiling: 1000, SeatsPerBookingMax: 8,
		SeatsPerBuyerMax: 8})
	var d section.Decision
	state.Decide(&section.Command{Kind: section.PlaceBest, Quantity: uint32(quantity), AnyCategory: true}, &d)
	var all []string
	for _, row := range v.Sections[i].Rows {
		for _, seat := range row.Seats {
			all = append(all, seat.ID)
		}
	}
	for _, s := range d.Outcome.Seats {
		ids = append(ids, all[s])
	}
	return ids
}

// The front is where somebody says, else where the plan says, else the top edge; whichever it is, it is told and
// stored.
func TestFrontIsSaidFoundOrAssumedAndTold(t *testing.T) {
	stage := string(caseFile(t, "stage-below.json"))
	bare := strings.ReplaceAll(stage, "Bühne", "Ausgang")
	given := func(text string) *venue.Front {
		front, err := venue.ParseFront(text)
		if err != nil {
			t.Fatal(err)
		}
		return front
	}
	for name, test := range map[string]struct {
		plan  string
		front *venue.Front
		best  []string
		told  string
	}{
		"assumed": {bare, nil, []string{"Parkett-5-1", "Parkett-5-2"}, "top edge (assumed"},
		"a text":  {stage, nil, []string{"Parkett-1-4", "Parkett-1-5"}, `the text "Bühne" below the rows`},
		"French": {strings.ReplaceAll(stage, "Bühne", "SCÈNE"), nil, []string{"Parkett-1-4", "Parkett-1-5"},
			`the text "SCÈNE" below the rows`},
		"decomposed": {strings.ReplaceAll(stage, "Bühne", "Bu\u0308hne"), nil,
			[]string{"Parkett-1-4", "Parkett-1-5"}, "below the rows"},
		"two languages": {strings.ReplaceAll(stage, "Bühne", "BÜHNE / STAGE"), nil,
			[]string{"Parkett-1-4", "Parkett-1-5"}, "below the rows"},
		"spaced letters": {strings.ReplaceAll(stage, "Bühne", "S C R E E N"), nil,
			[]string{"Parkett-1-4", "Parkett-1-5"}, "below the rows"},
		"Hindi": {strings.ReplaceAll(stage, "Bühne", "मंच"), nil, []string{"Parkett-1-4", "Parkett-1-5"},
			"below the rows"},
		"not the stage": {strings.ReplaceAll(stage, "Bühne", "Stage / Bar"), nil,
			[]string{"Parkett-5-1", "Parkett-5-2"}, "top edge (assumed"},
		"bottom":           {bare, given("bottom"), []string{"Parkett-1-1", "Parkett-1-2"}, "bottom edge (given)"},
		"bottom over text": {stage, given("bottom"), []string{"Parkett-1-1", "Parkett-1-2"}, "bottom edge (given)"},
		"top over text":    {stage, given("top"), []string{"Parkett-5-1", "Parkett-5-2"}, "top edge (given)"},
		"left":             {stage, given("left"), []string{"Parkett-3-1", "Parkett-3-2"}, "left edge (given)"},
		"right":            {stage, given("right"), []string{"Parkett-3-4", "Parkett-3-5"}, "right edge (given)"},
		"a point":          {stage, given("125,160"), []string{"Parkett-1-4", "Parkett-1-5"}, "point 125,160 (given)"},
		"over focal point": {`{"focal_point":{"x":0,"y":0},"sections":[{"id":"A","rows":[{"label":"1","seats":2,"x":0,"y":0},{"label":"2","seats":2,"x":0,"y":50}]}]}`, given("bottom"), []string{"A-2-1", "A-2-2"}, "bottom edge (given)"},
		"a row list": {compact(`{"id":"A","rows":[{"label":"1","seats":2},{"label":"2","seats":2}]}`),
			given("bottom"), []string{"A-2-1", "A-2-2"}, "bottom edge (given)"},
		"no coordinates": {compact(`{"id":"A","rows":[{"label":"1","seats":2},{"label":"2","seats":2}]}`), nil,
			[]string{"A-1-1", "A-1-2"}, "each section's first row"},
		"focal point":    {`{"focal_point":{"x":0,"y":60},"sections":[{"id":"A","rows":[{"label":"1","seats":2,"x":0,"y":0},{"label":"2","seats":2,"x":0,"y":50}]}]}`, nil, []string{"A-2-1", "A-2-2"}, "focal point of the plan (0,60)"},
		"seats.io smart": {seatsio(`"shapes":[{"label":"Podest","smartType":"stage","center":{"x":5,"y":90}}],"rows":[{"label":"A","seats":[{"label":"1","x":0,"y":0,"categoryKey":9},{"label":"2","x":10,"y":0,"categoryKey":9}]},{"label":"B","seats":[{"label":"1","x":0,"y":20,"categoryKey":9},{"label":"2","x":10,"y":20,"categoryKey":9}]}]`), nil, []string{"Main-B-1", "Main-B-2"}, `the text "stage" below the rows`},
		"seats.io text":  {seatsio(`"texts":[{"text":"STAGE","center":{"x":5,"y":90}}],"rows":[{"label":"A","seats":[{"label":"1","x":0,"y":0,"categoryKey":9},{"label":"2","x":10,"y":0,"categoryKey":9}]},{"label":"B","seats":[{"label":"1","x":0,"y":20,"categoryKey":9},{"label":"2","x":10,"y":20,"categoryKey":9}]}]`), nil, []string{"Main-B-1", "Main-B-2"}, `the text "STAGE" below the rows`},
		"seats.io stage": {seatsio(`"shapes":[{"label":"Stage","center":{"x":5,"y":90}}],"rows":[{"label":"A","seats":[{"label":"1","x":0,"y":0,"categoryKey":9},{"label":"2","x":10,"y":0,"categoryKey":9}]},{"label":"B","seats":[{"label":"1","x":0,"y":20,"categoryKey":9},{"label":"2","x":10,"y":20,"categoryKey":9}]}]`), nil, []string{"Main-B-1", "Main-B-2"}, `the text "Stage" below the rows`},
	} {
		v, err := venue.Parse([]byte(test.plan), venue.Options{Front: test.front})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := bestOf(v, 0, 2); !reflect.DeepEqual(got, test.best) {
			t.Errorf("%s: best two are %v, want %v", name, got, test.best)
		}
		if got := v.DescribeFront(); !strings.Contains(got, test.told) {
			t.Errorf("%s: told %q, want %q", name, got, test.told)
		}
		again, err := venue.Decode(v.Encode())
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%s: stored and read again: %v", name, err)
		}
		rebuilt, err := venue.Parse(v.PlanJSON(), venue.Options{})
		if err != nil || !reflect.DeepEqual(bestOf(rebuilt, 0, 2), test.best) {
			t.Errorf("%s: written as a plan and read again: %v", name, err)
		}
	}
}

func TestFrontMustBeASideOrAPoint(t *testing.T) {
	for _, text := range []string{"", "up", "Top", "1", "1,", "1,2,3", "x,y", "NaN,0", "Inf,0", "0,2e9"} {
		if front, err := venue.ParseFront(text); err == nil {
			t.Errorf("%q is a front: %+v", text, front)
		}
	}
}

// Which section is best when the plan has no coordinates is the plan's to say, not an odd or even first row's; and a
// hair's breadth decides nothing.
func TestSectionsKeepPlanOrderUnlessTheRoomDecides(t *testing.T) {
	block := func(id, seats string, place ...int) string {
		at := func(down int) string {
			if len(place) == 0 {
				return ""
			}
			return `,"x":` + itoa(place[0]) + `,"y":` + itoa(place[1]+down)
		}
		return `{"id":"` + id + `","rows":[{"label":"1","seats":` + seats + at(0) + `},{"label":"2","seats":8` +
			at(20) + `}]}`
	}
	stand := func(name string, blocks ...string) string {
		return `{"name":"` + name + `","sectors":[` + strings.ReplaceAll(strings.Join(blocks, ","), `"id"`, `"name"`) +
			`]}`
	}
	for name, test := range map[string]struct {
		plan string
		want []int
	}{
		"even, odd, gap": {compact(block("A", "4") + "," + block("B", "3") + "," + block("C", `"1-2,9-10"`) + "," +
			block("D", "5")), []int{0, 1, 2, 3}},
		"with standing": {compact(block("A", "4") + `,{"id":"S","general":7},` + block("B", "3")), []int{0, 1, 2}},
		"a hair's breadth": {compact(block("B", "7", 101, 0) + "," + block("A", "8", 3, 0) + "," +
			block("C", "8", 0, 200)), []int{0, 1, 2}},
		"more than a hair": {compact(block("B", "7", 101, 0) + "," + block("A", "8", 20, 0) + "," +
			block("C", "8", 0, 200)), []int{1, 0, 2}},
		"nearer by a row":  {compact(block("A", "3", 0, 200) + "," + block("B", "3", 0, 0)), []int{1, 0}},
		"drawn comes last": {compact(block("A", "3") + "," + block("B", "3", 0, 0)), []int{1, 0}},
		"round a pitch": {`{"tribunes":[` + stand("south", block("1", "3")) + "," + stand("north", block("2", "4")) +
			"," + stand("east", block("3", "4")) + `]}`, []int{0, 1, 2}},
	} {
		v, err := venue.Parse([]byte(test.plan), venue.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := v.BestFirst(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: order %v, want %v", name, got, test.want)
		}
		again, err := venue.Parse(v.PlanJSON(), venue.Options{})
		// a standing area is drawn anew
		if err != nil || name != "with standing" && !reflect.DeepEqual(again.BestFirst(), v.BestFirst()) {
			t.Errorf("%s: another order after PlanJSON: %v", name, err)
		}
	}
}

// Venues stored by earlier builds open as they were stored, and are written as they were: seat indexes of their logs
// mean these seats.
func TestStoredVenuesOfEarlierBuildsOpen(t *testing.T) {
	for name, test := range map[string]struct{ golden, plan string }{
		"version 1": {goldenV1, `{"name":"Hall","categories":[{"label":"a","color":"#123456"},"b"],"focal_point":{"x":0.5,"y":-3},"sections":[
			{"id":"A","name":"Stalls","rows":[{"label":"1","seats":["1","2","7"],"breaks":["7"],"category":["a","b","b"],"x":[0,10,30],"y":0}]},
			{"id":"B","category":"b","rows":[{"label":"x","seats":2}]}]}`},
		"version 2": {goldenV2, ""},
	} {
		stored, err := hex.DecodeString(test.golden)
		if err != nil {
			t.Fatal(err)
		}
		v, err := venue.Decode(stored)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// what follows is packed, which a newer Go may do better
		if got := v.Encode(); !bytes.Equal(got[:4], stored[:4]) {
			t.Errorf("%s: written as %x", name, got[:4])
		}
		if test.plan == "" {
			if v.Front == nil || v.Front.Side != venue.Bottom {
				t.Errorf("%s: front %+v", name, v.Front)
			}
			continue
		}
		if parsed, err := venue.Parse([]byte(test.plan), venue.Options{}); err != nil || !reflect.DeepEqual(parsed, v) {
			t.Errorf("%s: %v, differs from its plan", name, err)
		}
	}
}

// What earlier builds wrote.
const (
	goldenV1 = "48465601595b8904a062f148ccc961624c6457363432363135634c626064008307f6109ae30013a3235b" +
		"7049624e4e3103030323a32133488500e3057e062e" +
		"46f305f20c8c4e8c4e60990a2646014686097e0c17f81900010000ffff"
	goldenV2 = "4846560241f223081162f148ccc961e4282e49cc4b492c4a616060647464746400d186cc8c0c0c0c0c17" +
		"f8c1982d29bfa4243f97011d00020000ffff"
)
