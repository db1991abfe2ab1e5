package venue

import (
	"fmt"
	"math"
	"slices"

	"holdfast/actors/venue/planreader"
)

// seatGrid finds the seats near a place. General places are not in it.
type seatGrid struct {
	size  float64
	cells map[gridCell][]*Seat
}

type gridCell struct{ x, y int64 }

// grid files the seats of the whole venue in cells as large as seats usually stand apart.
func (v *Venue) grid() *seatGrid {
	var rows []*Row
	v.eachRow(func(s *Section, row *Row) {
		if !s.General {
			rows = append(rows, row)
		}
	})
	g := &seatGrid{size: usualStep(rows), cells: map[gridCell][]*Seat{}}
	if g.size == 0 {
		g.size = seatPitch
	}
	for _, row := range rows {
		for k := range row.Seats {
			copied := row.Seats[k] // rows are put in order meanwhile
			cell := g.cell(copied.at())
			g.cells[cell] = append(g.cells[cell], &copied)
		}
	}
	return g
}

func (v *Venue) eachRow(visit func(s *Section, row *Row)) {
	for i := range v.Sections {
		for r := range v.Sections[i].Rows {
			visit(&v.Sections[i], &v.Sections[i].Rows[r])
		}
	}
}

func (g *seatGrid) cell(p Point) gridCell {
	return gridCell{int64(math.Floor(p.X / g.size)), int64(math.Floor(p.Y / g.size))}
}

// between tells whether another seat stands between two that are no farther apart than neighbours are.
func (g *seatGrid) between(a, b *Seat) bool {
	middle := Point{X: (a.X + b.X) / 2, Y: (a.Y + b.Y) / 2}
	reach := a.at().To(b.at()) * betweenRatio
	low, high := g.cell(Point{X: middle.X - reach, Y: middle.Y - reach}),
		g.cell(Point{X: middle.X + reach, Y: middle.Y + reach})
	if (high.x-low.x+1)*(high.y-low.y+1) > 64 {
		return false // farther apart than seats of this venue ever are: their own row's to judge
	}
	for x := low.x; x <= high.x; x++ {
		for y := low.y; y <= high.y; y++ {
			for _, other := range g.cells[gridCell{x, y}] {
				if other.ID != a.ID && other.ID != b.ID && other.at().To(middle) <= reach {
					return true
				}
			}
		}
	}
	return false
}

// checkSpots refuses seats that stand on one another: nobody could sit on both, and each hides the other on the map. A
// plan all of whose seats stand on one spot has no coordinates, which is no defect; nor is a table drawn over another,
// which real charts have: its chairs are told apart, and are nobody's neighbours but each other's. v's rows are still
// parallel to the draft's.
func (d *draft) checkSpots(v *Venue) {
	type occupied struct {
		count int
		inRow bool // one of them at least is no chair of a table
	}
	seen := make(map[Point]occupied, d.seats)
	d.eachSpot(v, func(at Point, _ *Seat, row *draftRow, _ int) {
		s := seen[at]
		seen[at] = occupied{s.count + 1, s.inRow || !row.asListed}
	})
	if len(seen) < 2 {
		return
	}
	crowded := map[Point]*sharedSpot{}
	var order []*sharedSpot
	d.eachSpot(v, func(at Point, seat *Seat, row *draftRow, k int) {
		if seen[at].count < 2 || !seen[at].inRow {
			return
		}
		c := crowded[at]
		if c == nil {
			c = &sharedSpot{at: seat.at()}
			crowded[at] = c
			order = append(order, c)
		}
		c.Note(row.seatPath(k))
		if len(c.seats) < 2 {
			c.seats = append(c.seats, seat.ID)
		}
	})
	for _, c := range order {
		d.defect(c.Paths[1], "%s", c.problem())
	}
}

// squeezedRatio is how near two seats of one row stand, in parts of the row's usual step, when they stand on one spot
// for all who look.
const squeezedRatio = 0.1

// checkSqueezed refuses seats that stand all but on one another: a hair's breadth is a slip of the pen, and would pass
// for the row's step, so that every other step looked like an aisle. Steps of a row are held against its own and
// against the venue's, since rows of pairs with wide aisles between them are no slip. The row is in order.
func (d *draft) checkSqueezed(row *Row, path string, venueStep, unit float64) {
	usual := min(venueStep, mostStep(row.steps()))
	for k := 1; k < len(row.Seats); k++ {
		a, b := &row.Seats[k-1], &row.Seats[k]
		// on one spot to the hundredth: see checkSpots
		if step := row.step(k); step < squeezedRatio*usual && a.spot(unit) != b.spot(unit) {
			d.defect(path, "seats %q and %q stand all but on one spot: %.3g apart at (%.6g, %.6g), where seats are "+
				"%.3g apart", a.ID, b.ID, step, b.X, b.Y, usual)
		}
	}
}

// checkSteps is checkSqueezed for every row whose neighbours its coordinates tell. v's rows are still parallel to the
// draft's.
func (d *draft) checkSteps(v *Venue) {
	each := func(visit func(row *Row, path string)) {
		for i := range v.Sections {
			for r := range v.Sections[i].Rows {
				if one := &d.sections[i].rows[r]; d.sections[i].placed && !v.Sections[i].General && !one.asListed {
					visit(&v.Sections[i].Rows[r], one.path)
				}
			}
		}
	}
	var all []float64
	each(func(row *Row, _ string) { all = append(all, row.steps()...) })
	usual, unit := mostStep(all), v.spotUnit()
	each(func(row *Row, path string) { d.checkSqueezed(row, path, usual, unit) })
}

// steps are the distances from seat to seat.
func (row *Row) steps() []float64 {
	steps := make([]float64, 0, len(row.Seats))
	for k := 1; k < len(row.Seats); k++ {
		steps = append(steps, row.step(k))
	}
	return steps
}

// mostStep is a step that three in five are at least as wide as; 0 without steps.
func mostStep(steps []float64) float64 {
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	return steps[2*(len(steps)-1)/5]
}

// sharedSpot is several seats on one spot.
type sharedSpot struct {
	planreader.Clash
	at    Point
	seats []string // ids of the first two
}

func (c *sharedSpot) problem() string {
	others := ""
	if c.Count > 2 {
		others = fmt.Sprintf(" and %d more", c.Count-2)
	}
	return fmt.Sprintf("seats %q and %q%s stand on one spot (%.10g, %.10g): %s", c.seats[0], c.seats[1], others, c.at.X,
		c.at.Y,
		planreader.JoinPlaces(c.Paths, c.Count))
}

// eachSpot visits every seat whose place the plan itself gives, with its spot and its row in the plan.
func (d *draft) eachSpot(v *Venue, visit func(at Point, seat *Seat, row *draftRow, k int)) {
	unit := v.spotUnit()
	for i := range v.Sections {
		if v.Sections[i].General || !d.sections[i].placed {
			continue
		}
		for r := range v.Sections[i].Rows {
			row := &d.sections[i].rows[r]
			for k := range v.Sections[i].Rows[r].Seats {
				seat := &v.Sections[i].Rows[r].Seats[k]
				visit(seat.spot(unit), seat, row, k)
			}
		}
	}
}

// spot is the place in units so small that nobody could tell two of them apart.
func (s *Seat) spot(unit float64) Point {
	return Point{X: math.Round(s.X / unit), Y: math.Round(s.Y / unit)}
}

// spotUnit is a hundredth, or less in a drawing whose seats stand but a few hundredths apart.
func (v *Venue) spotUnit() float64 {
	if step := v.usualStep(); step > 0 {
		return min(0.01, step/20)
	}
	return 0.01
}

// checkPlaces refuses a plan that places some of its seats only. One that places none is drawn as it is.
func (d *draft) checkPlaces() {
	placed, lost := 0, map[*draftRow]int{}
	d.eachSeat(func(s *draftSection, row *draftRow, i int) {
		switch {
		case s.general || !s.placed:
		case !row.seats[i].unplaced:
			placed++
		default:
			lost[row]++
		}
	})
	if placed == 0 || len(lost) == 0 {
		return
	}
	d.eachSeat(func(_ *draftSection, row *draftRow, i int) {
		if n := lost[row]; n > 0 && row.seats[i].unplaced {
			d.defect(row.seatPath(i), "seat %q has no place on the drawing (seats without one in the row: %d); (0, "+
				"0) must be said", row.seats[i].label, n)
			delete(lost, row)
		}
	})
}

// drawingStepsMax is how many steps from seat to seat a drawing may be wide or high. The largest venues there are have
// some 1,000; a plan with more has a seat where none is, and would be shown as two dots.
const drawingStepsMax = 10_000

// checkFar notes the seat that stands farthest from the middle of a plan drawn out of all proportion.
func (d *draft) checkFar(v *Venue) {
	step := v.usualStep()
	if step == 0 {
		return
	}
	var xs, ys []float64
	v.eachSeat(func(_, _, _ int, seat *Seat) { xs, ys = append(xs, seat.X), append(ys, seat.Y) })
	slices.Sort(xs)
	slices.Sort(ys)
	last := len(xs) - 1
	if max(xs[last]-xs[0], ys[last]-ys[0]) <= drawingStepsMax*step {
		return
	}
	middle := Point{X: xs[len(xs)/2], Y: ys[len(ys)/2]}
	far, path, id := -1.0, "", ""
	v.eachSeat(func(i, r, k int, seat *Seat) {
		if away := math.Hypot(seat.X-middle.X, seat.Y-middle.Y); away > far {
			far, path, id = away, d.sections[i].rows[r].seatPath(k), seat.ID
		}
	})
	d.defect(path, "seat %q stands %.0f seats away from the middle of the plan; a plan is at most %d seats wide and "+
		"high", id, far/step, drawingStepsMax)
}

// usualStep is the median distance of seats that follow one another in a row; 0 without rows.
func (v *Venue) usualStep() float64 {
	var steps []float64
	v.eachSeat(func(i, r, k int, seat *Seat) {
		if v.Sections[i].General || k == 0 {
			return
		}
		before := &v.Sections[i].Rows[r].Seats[k-1]
		if step := math.Hypot(seat.X-before.X, seat.Y-before.Y); step > 0 {
			steps = append(steps, step)
		}
	})
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}

// eachSeat visits every seat with its section, row and place in the row.
func (v *Venue) eachSeat(visit func(section, row, place int, seat *Seat)) {
	for i := range v.Sections {
		for r := range v.Sections[i].Rows {
			for k := range v.Sections[i].Rows[r].Seats {
				visit(i, r, k, &v.Sections[i].Rows[r].Seats[k])
			}
		}
	}
}
