package venue_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/actors/section"
	"holdfast/actors/venue"
)

// realPlan reads a plan of testdata (SOURCES.md says where they come from).
func realPlan(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return raw
	}
	unzip, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = io.ReadAll(unzip); err != nil {
		t.Fatal(err)
	}
	return raw
}

const (
	metalist = "metalist1925-metalist-stadium-rows.json.gz"
	zones    = "seatsio-sampleChartWithZones.json.gz"
	areas    = "seatsio-sampleChart.json"
	tables   = "seatsio-sampleChartWithTables.json"
	stadium  = "alisaitteke-stadium.json.gz"
)

// figures are what can be counted of a venue.
type figures struct{ sections, rows, seats, categories, broken, accessible, general int }

func count(v *venue.Venue) figures {
	f := figures{sections: len(v.Sections), categories: len(v.Categories)}
	for _, s := range v.Sections {
		if s.General {
			f.general += s.SeatCount()
		}
		for _, row := range s.Rows {
			f.rows++
			broken := false
			for _, seat := range row.Seats {
				f.seats++
				broken = broken || seat.BreakBefore
				if seat.Accessible {
					f.accessible++
				}
			}
			if broken {
				f.broken++
			}
		}
	}
	return f
}

func TestRealPlansImportWhole(t *testing.T) {
	for _, test := range []struct {
		plan string
		want figures
		ids  []string
	}{
		{metalist, figures{sections: 58, rows: 1453, seats: 39616, categories: 1, broken: 9},
			[]string{"1-1-1", "VIP_B-1-1"}},
		{zones, figures{sections: 4, rows: 131, seats: 8897, categories: 2}, []string{"Goal Stand 4-A-1", "MT1-A-1"}},
		{areas, figures{sections: 3, rows: 6, seats: 232, categories: 3, accessible: 1, general: 200},
			[]string{"Main-A-8", "GA2-GA-100"}},
		{tables, figures{sections: 1, rows: 2, seats: 12, categories: 2}, []string{"Main-T2-6"}},
	} {
		t.Run(test.plan, func(t *testing.T) {
			v, err := venue.Parse(realPlan(t, test.plan), venue.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := count(v); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			mustHold(t, v)
			have := seatsByID(v)
			for _, id := range test.ids {
				if _, ok := have[id]; !ok {
					t.Errorf("no seat %q", id)
				}
			}
		})
	}
}

func seatsByID(v *venue.Venue) map[string]venue.Seat {
	seats := map[string]venue.Seat{}
	for _, s := range v.Sections {
		for _, row := range s.Rows {
			for _, seat := range row.Seats {
				seats[seat.ID] = seat
			}
		}
	}
	return seats
}

// mustHold checks every promise of a Venue and its Layouts: P1 begins with unique ids.
func mustHold(t testing.TB, v *venue.Venue) {
	t.Helper()
	if ids := seatsByID(v); len(ids) != v.SeatCount() || len(ids) == 0 || len(ids) > venue.SeatsMax {
		t.Fatalf("P1: %d ids for %d seats", len(ids), v.SeatCount())
	}
	sections := map[string]bool{}
	for i, s := range v.Sections {
		if sections[s.ID] || s.ID == "" || s.SeatCount() > venue.SectionSeatsMax {
			t.Fatalf("section %q: twice, nameless or too large (%d)", s.ID, s.SeatCount())
		}
		sections[s.ID] = true
		layoutMustHold(t, v, i)
	}
}

func layoutMustHold(t testing.TB, v *venue.Venue, i int) {
	t.Helper()
	s, layout := &v.Sections[i], v.Layout(i)
	if len(layout.Rows) != len(s.Rows) || len(layout.Seats) != s.SeatCount() || len(layout.Quality) != s.SeatCount() {
		t.Fatalf("section %q: layout has %d rows, %d seats, %d ranks", s.ID, len(layout.Rows), len(layout.Seats),
			len(layout.Quality))
	}
	var next section.SeatIndex
	for r, spec := range layout.Rows {
		if spec.First != next || int(spec.Count) != len(s.Rows[r].Seats) || spec.Count == 0 {
			t.Fatalf("section %q row %d: %+v, want first %d", s.ID, r, spec, next)
		}
		for k, seat := range s.Rows[r].Seats {
			if got := layout.Seats[int(next)+k]; int(got.Category) >= len(v.Categories) ||
				got.Category != seat.Category {
				t.Fatalf("seat %q: category %d", seat.ID, got.Category)
			}
		}
		for k, offset := range spec.Breaks {
			if offset == 0 || offset >= spec.Count || k > 0 && offset <= spec.Breaks[k-1] {
				t.Fatalf("section %q row %d: breaks %v", s.ID, r, spec.Breaks)
			}
		}
		next += section.SeatIndex(spec.Count)
	}
	ranked := make([]bool, len(layout.Quality))
	for _, rank := range layout.Quality {
		if int(rank) >= len(ranked) || ranked[rank] {
			t.Fatalf("section %q: quality is not a ranking", s.ID)
		}
		ranked[rank] = true
	}
}

// P1: a repeated guid is a double sale waiting to happen; every one must be named, once.
func TestRepeatedGuidsAreAllNamed(t *testing.T) {
	v, err := venue.Parse(realPlan(t, stadium), venue.Options{})
	var refused *venue.DefectsError
	if v != nil || !errors.As(err, &refused) {
		t.Fatalf("got %v, %v", v, err)
	}
	if len(refused.Defects) != 126 || refused.More != 0 {
		t.Fatalf("%d defects and %d more, want 126", len(refused.Defects), refused.More)
	}
	seen := map[string]bool{}
	for _, defect := range refused.Defects {
		_, rest, ok := strings.Cut(defect.Problem, `seat_guid "`)
		guid, _, _ := strings.Cut(rest, `"`)
		if !ok || seen[guid] || !strings.HasPrefix(defect.Path, "/zones/") ||
			!strings.Contains(defect.Problem, "times: /zones/") {
			t.Errorf("%+v", defect)
		}
		seen[guid] = true
	}
}

// A row list has no coordinates: the map must be drawable all the same.
func TestRowListIsDrawnAroundAPitch(t *testing.T) {
	v, err := venue.Parse(realPlan(t, metalist), venue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v.Name != "metalist" || v.FocalPoint == nil {
		t.Fatalf("name %q, focal point %v", v.Name, v.FocalPoint)
	}
	apart(t, v, 9.9)
	west, east := seatsByID(v)["1-1-1"], seatsByID(v)["22-1-1"]
	if west.X >= v.FocalPoint.X || east.X <= v.FocalPoint.X {
		t.Errorf("west at %v, east at %v of %v", west.X, east.X, v.FocalPoint.X)
	}
}

// apart checks that no two seats of a venue overlap, with a grid of cells as large as the distance.
func apart(t testing.TB, v *venue.Venue, distance float64) {
	t.Helper()
	type cell struct{ x, y int }
	grid := map[cell][]venue.Seat{}
	for _, s := range v.Sections {
		for _, row := range s.Rows {
			for _, seat := range row.Seats {
				at := cell{int(floor(seat.X / distance)), int(floor(seat.Y / distance))}
				for dx := -1; dx <= 1; dx++ {
					for dy := -1; dy <= 1; dy++ {
						for _, other := range grid[cell{at.x + dx, at.y + dy}] {
							if gap := hypot(seat, other); gap < distance {
								t.Fatalf("%s and %s stand %.2f apart", seat.ID, other.ID, gap)
							}
						}
					}
				}
				grid[at] = append(grid[at], seat)
			}
		}
	}
}

// Plans of one's own can be tried: HOLDFAST_PLANS=folder go test ./actors/venue -run OtherPlans -v
func TestOtherPlansImportOrSayWhy(t *testing.T) {
	folder := os.Getenv("HOLDFAST_PLANS")
	if folder == "" {
		folder = "testdata" // the real plans above, so that the test never idles
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no plans in %s: %v", folder, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if folder == "testdata" {
			raw = realPlan(t, filepath.Base(file))
		}
		v, err := venue.Parse(raw, venue.Options{Name: file})
		var refused *venue.DefectsError
		switch {
		case err == nil:
			mustHold(t, v)
			t.Logf("%s: %+v", file, count(v))
		case errors.As(err, &refused) && len(refused.Defects) > 0:
			t.Logf("%s: %v", file, err)
		default:
			t.Errorf("%s: %v", file, err)
		}
	}
}
