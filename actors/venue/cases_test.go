package venue_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/venue"
)

// The files of testdata/cases are one fault each that some venue or another system has shown.
func TestPlansAsHallsWriteThemAreRead(t *testing.T) {
	for file, want := range map[string]string{
		"bom.json":               "Parkett/1/A: 1 2 3 4\n",
		"zwnj-persian.json":      "ردیف\u200cهای_جلو/1/A: 1 2 3 4\n",
		"zwj-emoji.json":         "Family_👨\u200d👩\u200d👧/1/A: 1 2 3 4\n",
		"softhyphen.json":        "Steh\u00adplatz/1/A: 1 2 3 4\n",
		"rlm-hebrew.json":        "אולם\u200f_א/1/A: 1 2 3 4\n",
		"thai-category.json":     "Parkett/1/ที่นั่งชั้นหนึ่งโซนด้านหน้าเวทีกลาง: 1 2 3\n",
		"numeric-guids.json":     "Parkett/1/A: 1 2 3 4\n",
		"nfd-labels.json":        "Cafe\u0301/1/Cafe\u0301: 1 2 3 4\n",
		"pretix-wheelchair.json": "Parkett/1/A: 1* 2 3 4\n",
		"rowlist-array.json": "Balcony/A/standard: 9 10 11 12\nBalcony/B/standard: 1 2 3 4 5 6 7 8 9 10 " +
			"11 12\n",
		"rowlist-letters.json":            "A/1/standard: 1 2 3 4 5 6 7 8 8A\n",
		"rowlist-backwards.json":          "A/1/standard: 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1\n",
		"rowlist-endash.json":             "A/1/standard: 1 2 3 4 5 6 7 8\n",
		"seatsio-floors.json":             "Stalls/A/Cat: 1 2 3 4\nBalcony/A/Cat: 1 2 3 4\n",
		"many-categories-300.json":        "",
		"far-seat-one-row.json":           "Z/1/A: 1 2\n",
		"split-section-6000.json":         "",
		"two-sections-of-two.json":        "A/1/standard: 1 2\nB/1/standard: 1 2\n",
		"odd-left-even-right.json":        "",
		"seats-out-of-order.json":         "",
		"stage-below.json":                "",
		"lookalike-invisible.json":        "refused",
		"twice-on-one-spot.json":          "refused",
		"seatsio-unlabelled-seat.json":    "refused",
		"odd-side-even-side-rowlist.json": "Odd/1/standard: 1 3 5 7\nEven/1/standard: 2 4 6 8\n",
	} {
		v, err := venue.Parse(realPlan(t, "cases/"+file), venue.Options{})
		if (err != nil) != (want == "refused") {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if err != nil {
			continue
		}
		mustHold(t, v)
		if got := draw(v); want != "" && got != want {
			t.Errorf("%s:\n got %+q\nwant %+q", file, got, want)
		}
		if again, err := venue.Parse(v.PlanJSON(), venue.Options{}); err != nil ||
			!reflect.DeepEqual(seatsOf(again), seatsOf(v)) {
			t.Errorf("%s: own plan form: %v", file, err)
		}
	}
}

// defectsOf are the reasons why a plan is refused, one a line.
func defectsOf(t *testing.T, plan []byte) string {
	t.Helper()
	v, err := venue.Parse(plan, venue.Options{})
	var refused *venue.DefectsError
	if v != nil || !errors.As(err, &refused) {
		t.Fatalf("got %v, %v", v, err)
	}
	var b strings.Builder
	for _, d := range refused.Defects {
		fmt.Fprintf(&b, "%s: %s\n", d.Path, d.Problem)
	}
	return b.String()
}

// Labels that differ only by what cannot be seen are refused, told together and with every spelling (P1).
func TestInvisibleLookAlikesAreToldTogether(t *testing.T) {
	told := defectsOf(t, realPlan(t, "cases/lookalike-invisible.json"))
	for _, want := range []string{
		`/sections/1: section "A" is there 3 times, in spellings that look alike: "A" at /sections/0, "A<U+FE0F>" at /sections/1, "A<U+034F>" at /sections/2`,
		`/sections/1/id: contains a character that cannot be seen (U+FE0F)`,
	} {
		if !strings.Contains(told, want) {
			t.Errorf("missing %s in\n%s", want, told)
		}
	}
	told = defectsOf(t, []byte(pretix(`{"name":"Z","rows":[`+pretixRow("A", "g1", "g 2", "g\u00a02")+`]}`)))
	if !strings.Contains(told, "look alike") {
		t.Errorf("%s", told)
	}
}

func TestUnlabelledObjectsOfAChartAreTold(t *testing.T) {
	if told := defectsOf(t, realPlan(t, "cases/seatsio-unlabelled-seat.json")); !strings.Contains(told,
		"/subChart/rows/0/seats/1/label: seat without a label") {
		t.Errorf("%s", told)
	}
	told := defectsOf(t, []byte(seatsio(`"sections":[{"label":"?","subChart":{"rows":[{"label":"?","seats":[{"label":"1","categoryKey":9}]}]}}],
		"booths":[{"label":"?","categoryKey":9}],"generalAdmissionAreas":[{"label":"?","capacity":5,"categoryKey":9}]`)))
	for _, what := range []string{"section", "row", "booth", "general-admission area"} {
		if !strings.Contains(told, "/label: "+what+" without a label") {
			t.Errorf("%s is not told in\n%s", what, told)
		}
	}
}

// A label that is missing, null or blank is none, as "?" is.
func TestObjectsOfAChartWithoutAnyLabelAreTold(t *testing.T) {
	for _, label := range []string{``, `"label":null,`, `"label":"",`, `"label":" ",`, `"label":"？",`} {
		told := defectsOf(t, []byte(seatsio(`"sections":[{`+label+`"subChart":{"rows":[{`+label+`"seats":[{`+label+`"categoryKey":9}]}]}}],
			"tables":[{`+label+`"seats":[{"label":"1","x":9,"categoryKey":9}]}],
			"booths":[{`+label+`"center":{"x":50,"y":0},"categoryKey":9}],"generalAdmissionAreas":[{`+label+`"capacity":5,"categoryKey":9}]`)))
		for _, want := range []string{"/subChart/sections/0/subChart/rows/0",
			"/subChart/sections/0/subChart/rows/0/seats/0", "/subChart/sections/0", "/subChart/tables/0",
			"/subChart/booths/0", "/subChart/generalAdmissionAreas/0"} {
			if !strings.Contains(told, want+": ") && !strings.Contains(told, want+"/label: ") {
				t.Errorf("%q: %s is not told in\n%s", label, want, told)
			}
		}
	}
}

func TestWheelchairFlagsAreKeptOrTold(t *testing.T) {
	flagged := func(flag string) []byte {
		return []byte(pretix(`{"name":"Z","rows":[{"row_number":"1","seats":[{"seat_number":"1","seat_guid":"g","category":"Cat",` + flag + `}]}]}`))
	}
	for flag, want := range map[string]bool{`"wheelchair":true`: true, `"wheelchair":1`: true,
		`"wheelchair":"yes"`: true, `"accessible":true`: true,
		`"wheelchair":false`: false, `"wheelchair":null`: false, `"wheelchair":0`: false, `"wheelchair":""`: false} {
		v, err := venue.Parse(flagged(flag), venue.Options{})
		if err != nil || v.Sections[0].Rows[0].Seats[0].Accessible != want {
			t.Errorf("%s: %v, %v", flag, v, err)
		}
	}
	if told := defectsOf(t, flagged(`"wheelchair":"maybe"`)); !strings.Contains(told,
		"/wheelchair: must be true or false") {
		t.Errorf("%s", told)
	}
}

func TestRowListsAreReadAsPeopleWriteThem(t *testing.T) {
	list := func(seats string) []byte {
		return []byte(`{"sections":[{"name":"A","rows":[{"name":"1","seats":` + seats + `}]}]}`)
	}
	for seats, want := range map[string]string{
		`"4-1"`:               "4 3 2 1",
		`"1‐3"`:               "1 2 3",
		`"1—3"`:               "1 2 3",
		`"１－３，５"`:             "1 2 3 | 5",
		`"8,8A,8B,9"`:         "8 8A 8B 9",
		`"1,2,2bis,3"`:        "1 2 2bis 3",
		`"W1,W2,5-6"`:         "W1 W2 | 5 6",
		`"8A"`:                "8A",
		`"1-2,12A"`:           "1 2 | 12A",
		`"9-7,3-1"`:           "9 8 7 | 3 2 1",
		`["9","10","10A",12]`: "9 10 10A | 12",
		`["Kaiser","Loge"]`:   "Kaiser Loge",
		`"W1-W3,W5"`:          "W1 W2 W3 | W5",
		`"W3–W1"`:             "W3 W2 W1",
		`"W1,W3,W5"`:          "W1 W3 W5",
		`"08-11"`:             "08 09 10 11",
		`"01,02"`:             "01 02",
		`"08A,09"`:            "08A 09",
		`[3,2,1]`:             "3 2 1",
		`["1","7"]`:           "1 | 7",
		`12`:                  "1 2 3 4 5 6 7 8 9 10 11 12",
	} {
		v, err := venue.Parse(list(seats), venue.Options{})
		if err != nil {
			t.Errorf("%s: %v", seats, err)
			continue
		}
		if got := draw(v); got != "A/1/standard: "+want+"\n" {
			t.Errorf("%s: got %s want %s", seats, got, want)
		}
	}
	for seats, want := range map[string]string{
		`["1-8"]`:      "looks like a range",
		`["1","1"]`:    `seat id "A-1-1" is there 2 times`,
		`[]`:           "has no seats",
		`[""]`:         "without a label",
		`[{}]`:         "must be a string",
		`"1A-8A"`:      "a range runs over numbers",
		`"8abcd"`:      `"8abcd" is not a seat number`,
		`"8,8"`:        "is there 2 times",
		`"8A-8D"`:      "list other seats one by one, such as 8A,8B",
		`"A1-B8"`:      "a range runs over numbers, such as 1-8 or W1-W8",
		`"A-H"`:        "write seats as 1-8,10,12A",
		`"1..8"`:       "write seats as 1-8,10,12A",
		`"001-12"`:     "as many digits",
		`"2²-30"`:      "is not a seat number",
		`"①-③"`:        "is not a seat number",
		`"000000001"`:  "is not a seat number",
		`["W1-W3"]`:    "looks like a range",
		`"1-8 (left)"`: "is not a seat number",
	} {
		if told := defectsOf(t, list(seats)); !strings.Contains(told, want) {
			t.Errorf("%s: %s", seats, told)
		}
	}
}

// Floors are drawn on paper of their own: on one map they stand apart, look at their own front, and keep their sections
// and seats apart.
func TestFloorsOfAChartAreKeptApart(t *testing.T) {
	v, err := venue.Parse(realPlan(t, "cases/seatsio-floors.json"), venue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stalls, balcony := &v.Sections[0], &v.Sections[1]
	if low, high := stalls.Rows[0].Seats[0].Y, balcony.Rows[0].Seats[0].Y; high-low < 20 {
		t.Errorf("the floors are drawn at %g and %g", low, high)
	}
	for i := range v.Sections {
		if got := v.Layout(i).Quality; !slices.Equal(got, []uint32{2, 0, 1, 3}) &&
			!slices.Equal(got, []uint32{3, 1, 0, 2}) {
			t.Errorf("%s is ranked %v", v.Sections[i].ID, got)
		}
	}
	floor := func(name string, order int, label string) string {
		return fmt.Sprintf(`{"floor":{"name":%q,"order":%d},"focalPoint":{"x":0,"y":0},"rows":[{"label":%q,"seats":[{"label":"1","x":0,"y":5,"categoryKey":9},{"label":"2","x":10,"y":5,"categoryKey":9}]}],"subChart":{"sections":[]}}`, name, order, label)
	}
	v, err = venue.Parse([]byte(`{"categories":{"list":[{"label":"Cat","key":9}]},"subChartFloors":[`+floor("Upper", 2,
		"A")+`,`+floor("Lower", 1, "A")+`]}`), venue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := draw(v); got != "Upper-Main/A/Cat: 1 2\nLower-Main/A/Cat: 1 2\n" {
		t.Errorf("got %s", got)
	}
	if upper, lower := v.Sections[0].Rows[0].Seats[0].Y, v.Sections[1].Rows[0].Seats[0].Y; upper <= lower {
		t.Errorf("the lower floor is drawn at %g, the upper at %g", lower, upper)
	}
	if v.Sections[0].Name != "Upper Main" || v.Sections[0].FocalPoint.Y != v.Sections[0].Rows[0].Seats[0].Y-5 {
		t.Errorf("%+v looks at %v", v.Sections[0], v.Sections[0].FocalPoint)
	}
}

// Each floor is a drawing with a front of its own: its stage, the side or point that somebody has said. No floor's
// front is another's, and what was assumed is told.
func TestEachFloorHasItsOwnFront(t *testing.T) {
	floors := func(more string) []byte {
		var each []string
		for i, name := range []string{"Ground", "First", "Second"} {
			seat := func(n, y int) string {
				return fmt.Sprintf(`{"label":"%d","x":%d,"y":%d,"categoryKey":9}`, n, 10*n, y)
			}
			each = append(each, fmt.Sprintf(`{"floor":{"name":%q,"order":%d}%s,"rows":[{"label":"A","seats":[%s,%s]},{"label":"B","seats":[%s,%s]}]}`,
				name, i, more, seat(1, 0), seat(2, 0), seat(1, 20), seat(2, 20)))
		}
		return []byte(`{"categories":{"list":[{"label":"Cat","key":9}]},"subChartFloors":[` + strings.Join(each, ",") +
			`]}`)
	}
	for _, test := range []struct{ more, front, best, told string }{
		{"", "", "A", "each floor's focal point, else its top edge (assumed)"},
		{"", "bottom", "B", "bottom edge of each floor (given)"},
		{"", "15,90", "B", "point 15,90 of each floor (given)"},
		{`,"focalPoint":{"x":15,"y":90}`, "", "B", "focal points of the plan (3 of 3 sections have their own)"},
		{`,"focalPoint":{"x":15,"y":90}`, "top", "A", "top edge of each floor (given)"},
		{`,"shapes":[{"label":"Stage","center":{"x":15,"y":90}}]`, "", "B",
			`each floor's focal point, else its text "Stage", else its top edge (assumed)`},
	} {
		options := venue.Options{}
		if test.front != "" {
			options.Front, _ = venue.ParseFront(test.front)
		}
		v, err := venue.Parse(floors(test.more), options)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.DescribeFront(); got != test.told {
			t.Errorf("%+v: told %s", test, got)
		}
		if order := v.BestFirst(); !slices.Equal(order, []int{0, 1, 2}) {
			t.Errorf("%+v: floors are tried in the order %v", test, order)
		}
		again, err := venue.Decode(v.Encode())
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%+v: stored and read again: %v", test, err)
		}
		rebuilt, err := venue.Parse(v.PlanJSON(), venue.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range v.Sections {
			for _, one := range []*venue.Venue{v, rebuilt} {
				if got := bestOf(one, i, 2); !strings.Contains(got[0], "-"+test.best+"-") {
					t.Errorf("%+v: the best of floor %d are %v", test, i, got)
				}
			}
		}
	}
}

func TestManyCategoriesKeepTheirSeats(t *testing.T) {
	v, err := venue.Parse(realPlan(t, "cases/many-categories-300.json"), venue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v, err = venue.Decode(v.Encode()); err != nil {
		t.Fatal(err)
	}
	if len(v.Categories) != 300 {
		t.Fatalf("%d categories", len(v.Categories))
	}
	layout := v.Layout(0)
	for r, row := range v.Sections[0].Rows {
		for k, seat := range row.Seats {
			if label := v.Categories[seat.Category].Label; label != fmt.Sprintf("P%03d", r) {
				t.Fatalf("row %q is of %q", row.Label, label)
			}
			if at := int(layout.Rows[r].First) + k; layout.Seats[at].Category != seat.Category {
				t.Fatalf("seat %d is of category %d in the layout", at, layout.Seats[at].Category)
			}
		}
	}
}

// One seat out of all proportion is a slip of the pen: the plan would be shown as two dots. Two seats alone are a
// drawing of their own scale.
func TestASeatFarFromAllOthersIsTold(t *testing.T) {
	row := func(last string) []byte {
		return []byte(compact(`{"id":"A","rows":[{"label":"1","seats":5,"x":[0,10,20,30,` + last +
			`],"y":0},{"label":"2","seats":3,"x":0,"y":10}]}`))
	}
	if told := defectsOf(t, row("900000000")); !strings.Contains(told, `/sections/0/rows/0: seat "A-1-5" stands 8999`) {
		t.Errorf("%s", told)
	}
	if _, err := venue.Parse(row("90000"), venue.Options{}); err != nil {
		t.Errorf("a wide plan: %v", err)
	}
}
