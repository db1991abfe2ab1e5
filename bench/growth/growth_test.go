package growth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/bench/buyers"
	"holdfast/bench/lab"
	"holdfast/bench/lab/labtest"
	"holdfast/bench/report"
	"holdfast/bench/run"
)

func TestStepsRiseAndEndWhereTheyWereToEnd(t *testing.T) {
	ends := map[string][2]uint64{"sections": {1, 1000}, "seats": {1_000, 70_000}, "clients": {1, 4096},
		"holds": {1_000, 1_000_000}, "history": {0, 10_000_000}}
	for _, d := range Dimensions() {
		if !slices.IsSorted(d.Steps) || d.Steps[0] != ends[d.Name][0] || d.Steps[len(d.Steps)-1] != ends[d.Name][1] ||
			d.About == "" {
			t.Errorf("%s has the steps %d", d.Name, d.Steps)
		}
		delete(ends, d.Name)
	}
	if len(ends) > 0 {
		t.Errorf("missing: %v", ends)
	}
}

func TestDimensionsAreChosenAndCut(t *testing.T) {
	all, left, err := chooseDimensions(nil, 0)
	if err != nil || len(all) != len(Dimensions()) || len(left) != 1 ||
		!strings.Contains(left[0], "history ends at 1,000,000") || !strings.Contains(left[0], "--to 10000000") {
		t.Errorf("all of them: %d, left %q, %v", len(all), left, err)
	}
	few, left, err := chooseDimensions([]string{"clients"}, 64)
	if err != nil || len(few) != 1 || !slices.Equal(few[0].Steps, []uint64{1, 4, 16, 64}) || len(left) != 1 {
		t.Errorf("few: %+v, left %q, %v", few, left, err)
	}
	if whole, left, err := chooseDimensions([]string{"history"}, 10_000_000); err != nil || len(left) != 0 ||
		len(whole[0].Steps) != 5 {
		t.Errorf("the whole history: left %q, %v", left, err)
	}
	for _, nonsense := range []struct {
		names []string
		to    uint64
	}{{[]string{"everything"}, 0}, {[]string{"holds"}, 999}} {
		if _, _, err := chooseDimensions(nonsense.names, nonsense.to); err == nil {
			t.Errorf("%+v was accepted", nonsense)
		}
	}
}

// One thing alone differs between two points of a curve; this is what it is.
func TestPointsDifferInWhatGrows(t *testing.T) {
	shape := growthShape{conns: 7, duration: time.Second}
	for _, d := range Dimensions() {
		for _, at := range d.Steps {
			p := d.point(at, shape)
			loads := slices.Concat(p.before, p.measured)
			for _, l := range loads {
				if !slices.Contains(buyers.Names(), l.scenario.Name) {
					t.Errorf("%s %d: nobody behaves like %q", d.Name, at, l.scenario.Name)
				}
				seats, largest, _ := sizesOf(t, l.scenario.Venue)
				if seats > stadiumSeats || largest > wholeSection {
					t.Errorf("%s %d: an event of %d seats, a section of %d", d.Name, at, seats, largest)
				}
			}
			if got := grows(t, d.Name, &p); got != at {
				t.Errorf("%s at %d has %d of them", d.Name, at, got)
			}
		}
	}
}

func grows(t *testing.T, dimension string, p *growthPoint) uint64 {
	measured := p.measured[0].scenario
	seats, _, sections := sizesOf(t, measured.Venue)
	switch dimension {
	case "sections":
		if seats != wholeSection {
			t.Errorf("%d seats in %d sections", seats, sections)
		}
		return uint64(sections)
	case "seats":
		return uint64(seats)
	case "clients":
		return uint64(measured.Load.Conns)
	}
	if dimension == "holds" {
		return p.before[1].makes
	}
	if made := p.before[0].makes; made > changesOfTurn { // a single buyer makes an event to look at: no history
		return made
	}
	return 0
}

func sizesOf(t *testing.T, v lab.Venue) (seats, largest, sections int) {
	t.Helper()
	var plan struct {
		Sections []struct{ Rows []struct{ Seats int } }
	}
	if err := json.Unmarshal(v.Plan, &plan); err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.Sections {
		size := 0
		for _, row := range s.Rows {
			size += row.Seats
		}
		seats, largest = seats+size, max(largest, size)
	}
	return seats, largest, len(plan.Sections)
}

func TestVoidPointsAreNotDrawn(t *testing.T) {
	d := Dimension{Name: "things", Axis: "things", Steps: []uint64{0, 10, 100},
		curves: curvesOf([]growthLine{useful(0, "u")}, held(0, "hold", ""), nil)}
	var points []*grownPoint
	for i, at := range d.Steps {
		p := &grownPoint{dimension: &d, at: at, figures: run.Figures{}, sides: []report.Side{{Name: "s"}}}
		for round := range 3 {
			r := report.Round{Number: round + 1, Elapsed: time.Second,
				Useful: report.Rate{Count: 9, PerSecond: float64(1000*i + round)}}
			if at == 10 || at == 100 && round == 2 {
				r.Void = "the client was the bottleneck"
			}
			p.sides[0].Rounds = append(p.sides[0].Rounds, r)
		}
		p.figures.Add(report.Figure{Name: figureResident, Value: 3})
		points = append(points, p)
	}
	drawn, any := d.curves[0].curve(&d, points)
	if !any || len(drawn.Lines) != 1 || !slices.Equal(drawn.Lines[0].Points, [][2]float64{{1, 1}, {100, 2000.5}}) ||
		!drawn.X.Log {
		t.Errorf("throughput: %+v", drawn)
	}
	if !strings.Contains(drawn.Note, "100: 2.00k (2.00k … 2.00k)") {
		t.Errorf("note: %s", drawn.Note)
	}
	if _, any := d.curves[1].curve(&d, points); any {
		t.Error("latency that nobody measured was drawn")
	}
	if memory, _ := d.curves[3].curve(&d, points); !slices.Equal(memory.Lines[0].Points,
		[][2]float64{{1, 3}, {10, 3}, {100, 3}}) {
		t.Errorf("memory: %+v", memory)
	}
	table := d.table(points)
	for _, want := range []string{"1.00  ", "0.000…2.00", "void", "1 of 3 void", "kept up", "–"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}

func TestChecksOfRoundsAreMerged(t *testing.T) {
	pass, fail, none := report.Check{Name: "a", Verdict: report.Passed},
		report.Check{Name: "b", Verdict: report.Failed}, report.Check{Name: "c", Verdict: report.NotChecked}
	cases := []struct {
		rounds [][]report.Check
		want   string
		others int
	}{
		{nil, report.NotChecked, 0},
		{[][]report.Check{{pass, pass}, {pass}}, report.Passed, 0},
		{[][]report.Check{{pass, none}, {pass}}, report.NotChecked, 1},
		{[][]report.Check{{pass, fail}, {none}}, report.Failed, 2},
		{[][]report.Check{{none}, {fail}}, report.Failed, 2},
	}
	for i, c := range cases {
		merged := mergeChecks(c.rounds)
		if merged[0].Name != report.NothingOversold || merged[0].Verdict != c.want || len(merged) != 1+c.others {
			t.Errorf("case %d: %+v", i, merged)
		}
	}
	if merged := mergeChecks([][]report.Check{{pass}, {fail}}); merged[1].Name != "round 2: b" || pass.Name != "a" {
		t.Errorf("%+v", merged)
	}
}

func TestCompactFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "0.000", 0.1234: "0.123", 4.561: "4.56", 78.94: "78.9", 99.96: "100",
		123.4: "123", 999.6: "1.00k", 12_345: "12.3k", 999_600: "1.00M", 12_345_678: "12.3M", -3.2: "-3.200"} {
		if got := compact(v); got != want {
			t.Errorf("%v is %s instead of %s", v, got, want)
		}
	}
}

// tinyDimension has everything that a point can have.
func tinyDimension() Dimension {
	return Dimension{
		Name: "tiny", Axis: "holds", Steps: []uint64{2, 20},
		point: func(at uint64, s growthShape) growthPoint {
			venue := spreadVenue(90, 4)
			fill, turns, refused := s.turns("single", venue), s.turns("holdrelease", venue), s.turns("contested", venue)
			fill.Load.Duration, fill.Load.Count, fill.Sidecar = 0, at, memorySidecar(at)
			turns.Sidecar, refused.Sidecar = afterwards(readMaps), afterwards(restart)
			refused.Load.Duration, refused.Load.Count = 0, 40 // ten for each seat, however slow the machine is
			best := s.turns("bestrelease", venue)
			return growthPoint{
				before:   []growthLoad{s.warmUp(), {"fill", fill, at}},
				measured: []growthLoad{{"turns", turns, 0}, {"best", best, 0}, {"refused", refused, 0}},
			}
		},
		curves: append(curvesOf(
			[]growthLine{useful(0, "turns"), useful(1, "best"), {"refusals", ofRounds(2, report.RefusalRate())}},
			slices.Concat(held(0, "hold", ""), held(1, "best", "best "), latencies(2, "hold", "taken", "refused ")),
			nil),
			growthCurve{title: "restart", unit: "ms", lines: []growthLine{measured(figureReady, "ready"),
				measured(figureMap, "map"), measured(figureHoldMemory, "memory")}}),
	}
}

// growTiny measures the tiny dimension at its first few steps.
func growTiny(t *testing.T, c Config, steps int, forgets bool) (*Grown, []*labtest.MemoryServer, []string) {
	t.Helper()
	t.Parallel()
	var started []*labtest.MemoryServer
	var mu sync.Mutex
	var said []string
	c.Target, c.Conns, c.Duration, c.Seed, c.Folder = labtest.MemoryTarget(t, forgets, &started), 4,
		40*time.Millisecond, 7, t.TempDir()
	c.Progress = func(s run.Status) {
		mu.Lock()
		defer mu.Unlock()
		if len(said) == 0 || said[len(said)-1] != s.Doing {
			said = append(said, s.Doing)
		}
	}
	d := tinyDimension()
	d.Steps = d.Steps[:steps]
	grown, err := grow(t.Context(), c, []Dimension{d}, []string{"left out"})
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return grown, started, said
}

func TestGrowthIsCheckedFromEndToEnd(t *testing.T) {
	grown, started, _ := growTiny(t, Config{Rounds: 1}, 1, false)
	if len(started) != 1 || started[0].Crashes != 1 {
		t.Fatalf("%d servers", len(started))
	}
	r := grown.Report
	if len(r.Sides) != 3 || r.Sides[1].Name != "tiny 2: best" {
		t.Fatalf("%+v", r)
	}
	for _, side := range r.Sides {
		if len(side.Checks) != 1 || side.Checks[0].Verdict != report.Passed {
			t.Errorf("%s: checks %+v", side.Name, side.Checks)
		}
		for _, round := range side.Rounds {
			if round.Useful.Count == 0 || round.Series != nil {
				t.Errorf("%s: %+v", side.Name, round)
			}
		}
	}
	if refused := r.Sides[2].Rounds[0]; refused.Useful.Count != 4 || refused.Refusals.Count == 0 {
		t.Errorf("each of four sections has one seat for all: %+v", refused)
	}
	if turns := r.Sides[0].Rounds[0]; turns.Refusals.Count != 0 {
		t.Errorf("seats that nobody had were refused: %+v", turns)
	}
	for _, name := range []string{figureReady, figureMap, figureHoldMemory, figureResident} {
		if !slices.ContainsFunc(r.Figures, func(f report.Figure) bool { return f.Name == "tiny 2: "+name }) {
			t.Errorf("%s is missing among %+v", name, r.Figures)
		}
	}
	if !strings.Contains(grown.Table, "tiny: holds") || !strings.Contains(grown.Table, "passed") {
		t.Errorf("table:\n%s", grown.Table)
	}
}

func TestGrowthGoesThereAndBack(t *testing.T) {
	grown, started, said := growTiny(t, Config{Rounds: 2, Unchecked: true,
		Benchmarks: []report.Curve{{Title: "in process"}}}, 2, false)
	if len(started) != 4 {
		t.Fatalf("two points in two rounds were measured on %d servers", len(started))
	}
	var order []string
	for _, doing := range said {
		if name, ok := strings.CutPrefix(doing, "starting "); ok {
			order = append(order, name)
		}
	}
	if !slices.Equal(order, []string{"tiny 2", "tiny 20", "tiny 20", "tiny 2"}) ||
		!slices.Contains(said, "round 2 of 2, tiny 20, fill: making its events") {
		t.Errorf("order %q; said %q", order, said)
	}
	r := grown.Report
	if len(r.Sides) != 6 || r.Sides[4].Name != "tiny 20: best" || r.Curves[len(r.Curves)-1].Title != "in process" ||
		!slices.Contains(r.Notes, "left out") {
		t.Fatalf("%+v", r)
	}
	for _, side := range r.Sides {
		if len(side.Rounds) != 2 || side.Rounds[0].Number != 1 || side.Rounds[1].Number != 2 ||
			side.Checks[0].Verdict != report.NotChecked {
			t.Errorf("%s: %d rounds, checks %+v", side.Name, len(side.Rounds), side.Checks)
		}
	}
}

// P2: a server that comes back empty makes its points void, and no figure of theirs is drawn.
func TestGrowthNoticesAServerThatForgets(t *testing.T) {
	grown, _, _ := growTiny(t, Config{Rounds: 1, Benchmarks: []report.Curve{{Title: "in process"}}}, 1, true)
	for _, side := range grown.Report.Sides {
		for _, round := range side.Rounds {
			if round.Counted() || !strings.Contains(round.Void, "it failed") {
				t.Errorf("%s: %+v", side.Name, round)
			}
		}
		if side.Checks[0].Verdict != report.NotChecked {
			t.Errorf("%s: %+v", side.Name, side.Checks)
		}
	}
	if len(grown.Report.Curves) != 1 { // that which came from elsewhere
		t.Errorf("%d curves were drawn", len(grown.Report.Curves))
	}
}

// Whoever ends an hour's measurement early gets what was measured, and is told that it is a part.
func TestGrowthCutShort(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var started []*labtest.MemoryServer
	grown, err := grow(ctx, Config{
		Target: labtest.MemoryTarget(t, false, &started), Rounds: 3, Conns: 4, Duration: 20 * time.Millisecond,
		Folder: t.TempDir(), Unchecked: true,
		Progress: func(s run.Status) {
			if s.Doing == "starting tiny 20" {
				stop()
			}
		},
	}, []Dimension{tinyDimension()}, nil)
	if !errors.Is(err, context.Canceled) || grown == nil {
		t.Fatalf("%v, %v", grown, err)
	}
	r := grown.Report
	if len(r.Sides) != 3 || !strings.HasPrefix(r.Sides[0].Name, "tiny 2:") ||
		!strings.Contains(r.Notes[len(r.Notes)-1], "cut short") {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(grown.Table, "–") {
		t.Errorf("table:\n%s", grown.Table)
	}
	grown, err = grow(ctx, Config{Target: labtest.MemoryTarget(t, false, &started), Folder: t.TempDir()},
		[]Dimension{tinyDimension()}, nil)
	if err == nil || grown != nil {
		t.Errorf("of nothing: %v, %v", grown, err)
	}
}

func TestGrowthWantsAServer(t *testing.T) {
	errNotStarted := errors.New("not started")
	broken := lab.Target{Name: "broken", Start: func(context.Context, string, io.Writer) (*lab.Running,
		error) {
		return nil, errNotStarted
	}}
	if _, err := Grow(t.Context(), Config{Target: broken, Dimensions: []string{"sections"},
		Folder: t.TempDir()}); !errors.Is(err, errNotStarted) {
		t.Errorf("%v", err)
	}
	if _, err := Grow(t.Context(), Config{Target: broken, Dimensions: []string{"fame"}}); err == nil ||
		errors.Is(err, errNotStarted) {
		t.Errorf("%v", err)
	}
}
