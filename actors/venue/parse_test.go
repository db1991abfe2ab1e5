package venue_test

import (
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"holdfast/actors/venue"
)

// compact wraps sections in a compact plan.
func compact(sections string) string { return `{"sections":[` + sections + `]}` }

// draw shows a venue as text: one line a row, "|" before an aisle, "*" after an accessible seat.
func draw(v *venue.Venue) string {
	var b strings.Builder
	for _, s := range v.Sections {
		for _, row := range s.Rows {
			fmt.Fprintf(&b, "%s/%s/%s:", s.ID, row.Label, v.Categories[row.Seats[0].Category].Label)
			for _, seat := range row.Seats {
				if seat.BreakBefore {
					b.WriteString(" |")
				}
				b.WriteString(" " + seat.Label)
				if seat.Accessible {
					b.WriteString("*")
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestPlansAreReadAsMeant(t *testing.T) {
	for name, test := range map[string]struct{ plan, want string }{
		"a number of seats": {compact(`{"id":"A","rows":[{"label":"1","seats":3}]}`), "A/1/standard: 1 2 3\n"},
		"a number as text":  {compact(`{"id":"A","rows":[{"label":7,"seats":"2"}]}`), "A/7/standard: 1 2\n"},
		"ranges make aisles": {compact(`{"id":"A","rows":[{"label":"1","seats":"1-2,8,10-11"}]}`),
			"A/1/standard: 1 2 | 8 | 10 11\n"},
		"ranges that meet": {compact(`{"id":"A","rows":[{"label":"1","seats":"1-2,3-4"}]}`),
			"A/1/standard: 1 2 3 4\n"},
		"labels": {compact(`{"id":"A","rows":[{"label":"1","seats":["a","b",3],"breaks":["3"]}]}`),
			"A/1/standard: a b | 3\n"},
		"accessible": {compact(`{"id":"A","rows":[{"label":"1","seats":3,"accessible":"1,3"},{"label":"2","seats":1,"accessible":true}]}`), "A/1/standard: 1* 2 3*\nA/2/standard: 1*\n"},
		"accessible section": {compact(`{"id":"A","accessible":true,"rows":[{"label":"1","seats":1}]}`),
			"A/1/standard: 1*\n"},
		"category of the row": {compact(`{"id":"A","category":"gold","rows":[{"label":"1","seats":1},{"label":"2","seats":1,"category":"tin"}]}`), "A/1/gold: 1\nA/2/tin: 1\n"},
		"the only category": {`{"categories":["gold"],"sections":[{"id":"A","rows":[{"label":"1","seats":1}]}]}`,
			"A/1/gold: 1\n"},
		"spelling is kept": {compact(`{"id":"e\u0301","rows":[{"label":"\u00c5","seats":1}]}`),
			"e\u0301/\u00c5/standard: 1\n"},
		"general":               {compact(`{"id":"S","general":2}`), "S/GA/standard: 1 2\n"},
		"members in any order":  {compact(`{"rows":[{"accessible":[1],"seats":["1"],"label":"1"}],"category":"gold","id":"A"}`), "A/1/gold: 1*\n"},
		"row list":              {`{"tribunes":[{"name":"W","sectors":[{"name":"1","rows":[{"name":"a","seats":"2"}]}]}]}`, "1/a/standard: 1 2\n"},
		"row list of sections":  {`{"sections":[{"name":"W","sectors":[{"name":"1","rows":[{"name":"a","seats":2}]}]}]}`, "1/a/standard: 1 2\n"},
		"row list without":      {`{"sections":[{"name":"W","rows":[{"name":"a","seats":2}]}]}`, "W/a/standard: 1 2\n"},
		"stands prefix sectors": {`{"tribunes":[{"name":"W","sectors":[{"name":"1","rows":[{"name":"a","seats":1}]}]},{"sectors":[{"name":"1","rows":[{"name":"a","seats":1}]}],"name":"E"}]}`, "W-1/a/standard: 1\nE-1/a/standard: 1\n"},
		"stands in stands":      {`{"tribunes":[{"name":"W","tribunes":[{"name":"up","sectors":[{"name":"1","rows":[{"name":"a","seats":1}]}]},{"name":"down","sectors":[{"name":"1","rows":[{"name":"a","seats":1}]}]}]}]}`, "W-up-1/a/standard: 1\nW-down-1/a/standard: 1\n"},
		"pretix": {pretix(`{"name":"Ground floor","position":{"x":1,"y":1},"rows":[` +
			pretixRow("A", "g1", "g2") + `]}`), "Ground_floor/A/Cat: 1 2\n"},
		"pretix drawings": {pretix(`{"name":"Z","rows":[` + pretixRow("A", "g1") +
			`]},{"name":"stage","rows":[],"areas":[{}]}`), "Z/A/Cat: 1\n"},
		"pretix zones by id": {pretix(`{"name":"Z","zone_id":"z1","rows":[` + pretixRow("A", "g1") +
			`]},{"name":"Z","zone_id":"z2","rows":[` + pretixRow("A", "g2") + `]}`), "z1/A/Cat: 1\nz2/A/Cat: 1\n"},
		"seats.io table, booth": {seatsio(`"tables":[{"label":"T1","seats":[{"label":"1","categoryKey":9}]}],"booths":[{"label":"B","categoryKey":"9"}]`), "Main/T1/Cat: 1\nMain/B/Cat: 1\n"},
		"seats.io section":      {seatsio(`"sections":[{"label":"S","categoryLabel":"Cat","topLeft":{"x":10,"y":0},"subChart":{"rows":[{"label":"A","seats":[{"label":"1","accessible":true}]}],"generalAdmissionAreas":[{"label":"Pit","capacity":2}]}}]`), "S/A/Cat: 1*\nS-Pit/GA/Cat: 1 2\n"},
		"seats.io row's claim":  {seatsio(`"rows":[{"label":"A","sectionLabel":"Left","seats":[{"label":"1","categoryKey":9}]}]`), "Left/A/Cat: 1\n"},
		"seats.io aisle":        {seatsio(`"rows":[{"label":"A","seats":[{"label":"1","categoryKey":9},{"label":"2","x":10,"categoryKey":9},{"label":"3","x":20,"categoryKey":9},{"label":"4","x":45,"categoryKey":9}]}]`), "Main/A/Cat: 1 2 3 | 4\n"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := venue.Parse([]byte(test.plan), venue.Options{Name: "fallback"})
			if err != nil {
				t.Fatalf("%v\n%+v", err, err)
			}
			if got := draw(v); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
			if v.Name != "fallback" {
				t.Errorf("name %q", v.Name)
			}
			mustHold(t, v)
		})
	}
}

func pretix(zones string) string {
	return `{"categories":[{"name":"Cat","color":"#fff"}],"zones":[` + zones + `],"size":{"width":1,"height":1}}`
}

func pretixRow(label string, guids ...string) string {
	var seats []string
	for i, guid := range guids {
		seats = append(seats, fmt.Sprintf(`{"seat_number":"%d","seat_guid":%q,"category":"Cat","position":{"x":%d,"y":2}}`, i+1, guid, i*10))
	}
	y := crc32.ChecksumIEEE([]byte(guids[0])) % 10_000 * 20 // no two rows stand on one another
	return fmt.Sprintf(`{"row_number":%q,"position":{"x":5,"y":%d},"seats":[%s]}`, label, y, strings.Join(seats, ","))
}

func seatsio(chart string) string {
	return `{"categories":{"list":[{"label":"Cat","key":9}]},"subChart":{` + chart + `}}`
}

// oneSeat is a row that nothing is wrong with.
const oneSeat = `{"label":"1","seats":1}`

// refused are plans that are unsafe, each in a way of its own.
var refusedPlans = map[string]struct {
	plan string
	want []string // path: part of the problem
}{
	"empty":           {``, []string{": not valid JSON"}},
	"no object":       {`[]`, []string{": must be an object"}},
	"no plan":         {`{"name":"x"}`, []string{": format not known"}},
	"cut short":       {`{"sections":[{"id":"A"`, []string{": not valid JSON"}},
	"trailing":        {compact(`{"id":"A","rows":[`+oneSeat+`]}`) + "x", []string{": something follows"}},
	"a member twice":  {`{"sections":[],"sections":[]}`, []string{": not valid JSON"}},
	"no seats at all": {compact(``), []string{": the plan has no seats"}},
	"empty row": {compact(`{"id":"A","rows":[` + oneSeat + `,{"label":"2","seats":[]}]}`),
		[]string{`/sections/0/rows/1: row "2" has no seats`}},
	"section without rows": {compact(`{"id":"A"},{"id":"B","rows":[` + oneSeat + `]}`),
		[]string{"/sections/0: section without rows"}},
	"section without id": {compact(`{"rows":[` + oneSeat + `]}`), []string{"/sections/0: section without a label"}},
	"seat without label": {compact(`{"id":"A","rows":[{"label":"1","seats":["1",""]}]}`),
		[]string{"/sections/0/rows/0/seats/1: seat without a label"}},
	"section twice": {compact(`{"id":"A","rows":[{"label":"1","seats":1}]},{"id":"A","rows":[{"label":"2","seats":1}]}`), []string{`/sections/1: section "A" is there 2 times: /sections/0, /sections/1`}},
	"row twice": {
		compact(`{"id":"A","rows":[{"label":"1","seats":2},{"label":"1","seats":"2-3"}]}`),
		[]string{`/sections/0/rows/1: seat id "A-1-2" is there 2 times: /sections/0/rows/0, /sections/0/rows/1`},
	},
	"ids that run together": {compact(`{"id":"A-1","rows":[{"label":"1","seats":1}]},{"id":"A","rows":[{"label":"1-1","seats":1}]}`), []string{`/sections/1/rows/0: seat id "A-1-1-1" is there 2 times`}},
	"ranges overlap": {compact(`{"id":"A","rows":[{"label":"1","seats":"1-2,2-3"}]}`),
		[]string{`/sections/0/rows/0: seat id "A-1-2" is there 2 times`}},
	"unknown category": {`{"categories":["g"],"sections":[{"id":"A","category":"x","rows":[` + oneSeat + `]}]}`,
		[]string{`/sections/0/rows/0: row "1" has seats of category "x"`}},
	"which category": {`{"categories":["g","h"],"sections":[{"id":"A","rows":[` + oneSeat + `]}]}`,
		[]string{`/sections/0/rows/0: row "1" has seats without a category`}},
	"category twice": {`{"categories":["g","g"],"sections":[{"id":"A","category":"g","rows":[` + oneSeat +
		`]}]}`, []string{"/categories/1: category without a label, or one"}},
	"unknown fields": {`{"x":1,"sections":[{"id":"A","y":{},"rows":[{"label":"1","seats":1,"z":[]}]}]}`,
		[]string{`/x: unknown field "x"`, `/sections/0/y: unknown field "y"`,
			`/sections/0/rows/0/z: unknown field "z"`}},
	"wrong types": {`{"name":[],"sections":[{"id":true,"rows":[{"label":{},"seats":false,"accessible":{}},7],"focal_point":3}]}`, []string{"/name: must be a string", "/sections/0/id: must be a string", "/sections/0/rows/0/label: must be a string", "/sections/0/rows/0/seats: must be", "/sections/0/rows/0/accessible: must be", "/sections/0/rows/1: must be an object", "/sections/0/focal_point: must be an object", "/sections/0: section without a label"}},
	"rows and general": {compact(`{"id":"A","general":5,"rows":[` + oneSeat + `]}`),
		[]string{"/sections/0: a section has rows or general"}},
	"half the coordinates": {compact(`{"id":"A","rows":[{"label":"1","seats":1,"x":1,"y":1},{"label":"2","seats":1}]}`),
		[]string{`/sections/0: "x" and "y" are given for 1 of 2 rows`}},
	"too few coordinates": {compact(`{"id":"A","rows":[{"label":"1","seats":3,"x":[1,2],"y":1}]}`),
		[]string{"/sections/0/rows/0: x: wanted one number"}},
	"a far coordinate": {compact(`{"id":"A","rows":[{"label":"1","seats":1,"x":1e300,"y":1e999}]}`),
		[]string{"/sections/0/rows/0/x: number out of bounds", "/sections/0/rows/0/y: number out of bounds"}},
	"no such seat": {compact(`{"id":"A","rows":[{"label":"1","seats":2,"accessible":"3","breaks":["9"]}]}`),
		[]string{`/sections/0/rows/0: "breaks" names seat "9"`, `/sections/0/rows/0: "accessible" names seat "3"`}},
	"control characters": {compact(`{"id":"A\u0007","rows":[` + oneSeat + `]}`),
		[]string{"/sections/0/id: contains a character that cannot be seen (U+0007)"}},
	"zero width": {compact(`{"id":"A","rows":[{"label":"1","seats":["1","1\u200b"]}]}`),
		[]string{"/sections/0/rows/0/seats/1: contains a character that cannot be seen (U+200B)"}},
	"right to left": {compact(`{"id":"A","rows":[{"label":"\u202e1","seats":1}]}`),
		[]string{"/sections/0/rows/0/label: contains a character that cannot be seen (U+202E)"}},
	"line separator": {compact(`{"id":"A\u2028B","rows":[` + oneSeat + `]}`),
		[]string{"/sections/0/id: contains a character that cannot be seen (U+2028)"}},
	"pretix, zero width": {pretix(`{"name":"Z\ufeff","rows":[` + pretixRow("A\u200d", "g1") + `]}`),
		[]string{"/zones/0/name: contains a character", "/zones/0/rows/0/row_number: contains a character"}},
	"sections look alike": {compact(`{"id":"\u00e9","rows":[` + oneSeat + `]},{"id":"e\u0301","rows":[` + oneSeat +
		`]}`),
		[]string{"/sections/1: section \"\u00e9\" is there 2 times, in spellings that look alike: \"\u00e9\" at " +
			"/sections/0, \"e<U+0301>\" at /sections/1"}},
	"seats look alike": {compact(`{"id":"A","rows":[{"label":"1","seats":["\u00e9","b","e\u0301"]}]}`),
		[]string{"/sections/0/rows/0/seats/2: seat id \"A-1-\u00e9\" is there 2 times, in spellings that look " +
			"alike: \"A-1-\u00e9\" at /sections/0/rows/0/seats/0, \"A-1-e<U+0301>\" at /sections/0/rows/0/seats/2"}},
	"rows look alike": {compact(`{"id":"A","rows":[{"label":"\u00c5","seats":1},{"label":"A\u030a","seats":1}]}`),
		[]string{"seat id \"A-\u00c5-1\" is there 2 times"}},
	"guids look alike": {pretix(`{"name":"Z","rows":[` + pretixRow("A", "\u00e9") + `,` +
		pretixRow("B", "e\u0301") + `]}`), []string{"seat_guid \"\u00e9\" is there 2 times"}},
	"categories look alike": {`{"categories":["\u00e9","e\u0301"],"sections":[{"id":"A","category":"\u00e9","rows":[` +
		oneSeat + `]}]}`, []string{"/categories/1: category \"e<U+0301>\" looks like \"\u00e9\""}},
	"a long label": {compact(`{"id":"` + strings.Repeat("A", 101) + `","rows":[` + oneSeat + `]}`),
		[]string{"/sections/0/id: is longer than 100 characters", "/sections/0: section without a label"}},
	"a split's name taken": {compact(`{"id":"A.1","rows":[` + oneSeat + `]},{"id":"A","general":21000}`),
		[]string{`: section label "A.1" is also the name of a part`}},
	"a row too long": {compact(`{"id":"A","rows":[{"label":"1","seats":5001}]}`),
		[]string{`/sections/0/rows/0: row "1" has 5001 seats`}},
	"bad ranges": {
		compact(`{"id":"A","rows":[{"label":"1","seats":"8A-12"},{"label":"2","seats":"a"},{"label":"3","seats":"1-"},{"label":"4","seats":"0"},{"label":"5","seats":""},{"label":"6","seats":1.5},{"label":"7","seats":-1}]}`),
		[]string{"/0/rows/0/seats: \"8A-12\": a range runs", "/0/rows/1/seats: \"a\" is not",
			"/0/rows/2/seats: \"\" is not", "/0/rows/3/seats: \"0\" seats", "/0/rows/4/seats: \"\" is not",
			"/0/rows/5/seats: must be a whole", "/0/rows/6/seats: must be a whole"},
	},
	"guid twice, labels not": {pretix(`{"name":"Z","rows":[` + pretixRow("A", "g1") + `,` + pretixRow("B", "g1") +
		`]}`), []string{`/zones/0/rows/1/seats/0: seat_guid "g1" is there 2 times: /zones/0/rows/0/seats/0, /zones/0/rows/1/seats/0`}},
	"zones alike": {pretix(`{"name":"Z","rows":[` + pretixRow("A", "g1") + `]},{"name":"Z","rows":[` +
		pretixRow("B", "g2") + `]}`), []string{`/zones/1: section "Z" is there 2 times`}},
	"seats.io no capacity": {seatsio(`"generalAdmissionAreas":[{"label":"G","categoryKey":9}]`),
		[]string{`/subChart/generalAdmissionAreas/0: general-admission area "G" without a capacity`}},
	"seats.io category": {seatsio(`"rows":[{"label":"A","seats":[{"label":"1","categoryKey":8},{"label":"2","categoryLabel":"Dog"}]}]`), []string{`/subChart/rows/0: row "A" has seats of category "key 8"`, `/subChart/rows/0: row "A" has seats of category "Dog"`}},
}

// Every way to be unsafe is told, with its place (P1: what cannot be told apart is not imported).
func TestPlansAreRefusedWithEveryReason(t *testing.T) {
	for name, test := range refusedPlans {
		t.Run(name, func(t *testing.T) {
			v, err := venue.Parse([]byte(test.plan), venue.Options{})
			var refused *venue.DefectsError
			if v != nil || !errors.As(err, &refused) {
				t.Fatalf("got %v, %v", v, err)
			}
			for _, want := range test.want {
				if !slices.ContainsFunc(refused.Defects, func(d venue.Defect) bool {
					return strings.Contains(d.Path+": "+d.Problem, want)
				}) {
					t.Errorf("missing %s\nin %v", want, refused.Defects)
				}
			}
		})
	}
}

// Hostile numbers are refused by their size, before anything is made of them.
func TestHostilePlansCostNothing(t *testing.T) {
	for name, plan := range map[string]string{
		"general":   compact(`{"id":"A","general":1e12}`),
		"range":     compact(`{"id":"A","rows":[{"label":"1","seats":"1-999999999"}]}`),
		"seats":     compact(`{"id":"A","rows":[{"label":"1","seats":1e300}]}`),
		"ranges":    compact(`{"id":"A","rows":[{"label":"1","seats":"` + strings.Repeat("0-99999,", 500) + `1"}]}`),
		"many rows": compact(`{"id":"A","rows":[` + strings.Repeat(`{"label":"1","seats":"1-99999"},`, 5000) + `{}]}`),
		"capacity":  seatsio(`"generalAdmissionAreas":[{"label":"G","capacity":999999999,"categoryKey":9}]`),
		"deep":      `{"tribunes":` + strings.Repeat(`[{"tribunes":`, 3000) + `[]` + strings.Repeat(`}]`, 3000) + `}`,
		"unclosed":  strings.Repeat(`{"a":[`, 100_000),
		"sections":  compact(strings.Repeat(`{"id":"A","general":1},`, 20_000) + `{"id":"A","general":1}`),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := venue.Parse([]byte(plan), venue.Options{})
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			var refused *venue.DefectsError
			if !errors.As(err, &refused) || len(refused.Defects) > 10 {
				t.Fatalf("got %v", err)
			}
			if limit := uint64(100 << 20); allocated > limit {
				t.Errorf("allocated %d bytes", allocated)
			}
		})
	}
}

func TestDefectsAreBounded(t *testing.T) {
	plan := compact(`{"id":"A","rows":[` + strings.Repeat(`{"label":1.5,"seats":"x"},`, 9000) +
		`{"label":"1","seats":1}]}`)
	_, err := venue.Parse([]byte(plan), venue.Options{})
	var refused *venue.DefectsError
	if !errors.As(err, &refused) || len(refused.Defects) != venue.DefectsMax ||
		refused.More != 2*9000-venue.DefectsMax {
		t.Fatalf("%T with %d and %d more", err, len(refused.Defects), refused.More)
	}
}

// Two rows "A" in one zone are common in pretix: the guid tells their seats apart, where it must.
func TestPretixGuidsTellClashingLabelsApart(t *testing.T) {
	plan := pretix(`{"name":"Z","position":{"x":100,"y":50},"rows":[` + pretixRow("A", "left-1", "left-2") + `,` +
		pretixRow("A", "right-1") + `]}`)
	v, err := venue.Parse([]byte(plan), venue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seats := seatsByID(v)
	for _, id := range []string{"left-1", "Z-A-2", "right-1"} {
		if _, ok := seats[id]; !ok {
			t.Errorf("no seat %q in %v", id, seats)
		}
	}
	if at, first := seats["Z-A-2"], seats["left-1"]; at.X != 115 || at.Y != first.Y || at.Y < 52 {
		t.Errorf("zone + row + seat is %v, %v", at.X, at.Y)
	}
}

// A colour goes into pages: only the plain form gets through.
func TestColoursArePlain(t *testing.T) {
	for color, want := range map[string]string{
		"#AbC": "#aabbcc", "#C0FFEE": "#c0ffee", "red": "", "#12345": "", "#ggg": "", "#fff;background:url(x)": "",
		"": "",
	} {
		plan := `{"categories":[{"label":"g","color":"` + color + `"}],"sections":[{"id":"A","general":1}]}`
		v, err := venue.Parse([]byte(plan), venue.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Categories[0].Color; got != want {
			t.Errorf("%q became %q, want %q", color, got, want)
		}
	}
}

func TestLargeSectionsAreSplitBetweenRows(t *testing.T) {
	rows := strings.TrimSuffix(strings.Repeat(`{"label":"%d","seats":2800},`, 18), ",")
	labels := make([]any, 18)
	for i := range labels {
		labels[i] = i + 1
	}
	v, err := venue.Parse([]byte(compact(`{"id":"K","name":"Kop","rows":[`+fmt.Sprintf(rows,
		labels...)+`]},{"id":"G","general":48001}`)), venue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, v)
	type part struct {
		id, name, of string
		seats        int
		first        string
	}
	var got []part
	for _, s := range v.Sections {
		got = append(got, part{s.ID, s.Name, s.SplitOf, s.SeatCount(), s.Rows[0].Seats[0].ID})
	}
	want := []part{
		{"K.1", "Kop (part 1 of 3)", "K", 16800, "K-1-1"}, {"K.2", "Kop (part 2 of 3)", "K", 16800, "K-7-1"},
		{"K.3", "Kop (part 3 of 3)", "K", 16800, "K-13-1"},
		{"G.1", "G (part 1 of 3)", "G", 16000, "G-GA-1"}, {"G.2", "G (part 2 of 3)", "G", 16000, "G-GA-16001"},
		{"G.3", "G (part 3 of 3)", "G", 16001, "G-GA-32001"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Nothing that a plan calls one section is cut below 20,000 seats: a cut is felt, for a booking is of one section
// (P11).
func TestSectionsOfOrdinarySizeAreNotCut(t *testing.T) {
	for name, plan := range map[string]string{
		"6,000 seats": string(caseFile(t, "split-section-6000.json")),
		"20,000": compact(`{"id":"A","rows":[` + strings.TrimSuffix(strings.Repeat(`{"label":"%d","seats":1000},`,
			20), ",") + `]}`),
		"standing": compact(`{"id":"A","general":20000}`),
	} {
		if strings.Contains(plan, "%d") {
			labels := make([]any, 20)
			for i := range labels {
				labels[i] = i
			}
			plan = fmt.Sprintf(plan, labels...)
		}
		v, err := venue.Parse([]byte(plan), venue.Options{})
		if err != nil || len(v.Sections) != 1 || v.Sections[0].ID != "A" || v.Sections[0].SplitOf != "" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := venue.Decode(v.Encode()); err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%s: stored and read again: %v", name, err)
		}
	}
}

func TestQualityRanksByWhereOneLooks(t *testing.T) {
	at := func(focal string) string {
		return `{` + focal + `"sections":[{"id":"A","rows":[{"label":"1","seats":3,"x":0,"y":0},{"label":"2","seats":3,"x":0,"y":100}]}]}`
	}
	for name, test := range map[string]struct {
		plan string
		want []uint32
	}{
		"front and middle first": {at(""), []uint32{1, 0, 2, 4, 3, 5}},
		"a focal point":          {at(`"focal_point":{"x":20,"y":100},`), []uint32{5, 4, 3, 2, 1, 0}},
		"no coordinates": {compact(`{"id":"A","rows":[{"label":"1","seats":2},{"label":"2","seats":4}]}`),
			[]uint32{0, 1, 4, 2, 3, 5}},
		"general": {compact(`{"id":"A","general":3}`), []uint32{0, 1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := venue.Parse([]byte(test.plan), venue.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := v.Layout(0).Quality; !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
