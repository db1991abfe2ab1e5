package venue

import (
	"math"
	"slices"
)

// drawingStepsMax is how many steps from seat to seat a drawing may be wide or high. The largest houses there are have
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
	middle := Point{xs[len(xs)/2], ys[len(ys)/2]}
	far, path, id := -1.0, "", ""
	v.eachSeat(func(i, r, k int, seat *Seat) {
		if away := math.Hypot(seat.X-middle.X, seat.Y-middle.Y); away > far {
			far, path, id = away, d.sections[i].rows[r].seatPath(k), seat.ID
		}
	})
	d.defect(path, "seat %q stands %.0f seats away from the middle of the plan; a plan is at most %d seats wide and high", id, far/step, drawingStepsMax)
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
