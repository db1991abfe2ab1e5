package venue

import (
	"math"
	"slices"
)

// gapRatio is how much wider than its neighbours a step must be to be an aisle. Curved and tapered rows vary by a few
// per cent, an aisle is one seat or more.
const gapRatio = 1.75

// betweenRatio is how near the middle of two seats, in parts of their distance, a third one stands between them.
const betweenRatio = 0.25

// seatNeighbours puts the seats of every row that has coordinates in the order in which they stand, and sets aisles
// where two stand clearly farther apart than their row's seats do, or have a seat of another row between them. What a
// file lists side by side is no reason: only round tables, and rows whose plan says where the aisles are, keep their
// list. v's rows are still parallel to the draft's.
func (d *draft) seatNeighbours(v *Venue) {
	var all *seatGrid
	for i := range v.Sections {
		s := &v.Sections[i]
		if s.General || !d.sections[i].placed {
			continue
		}
		if all == nil {
			all = v.grid()
		}
		var rows []*Row
		for r := range s.Rows {
			if !d.sections[i].rows[r].asListed {
				rows = append(rows, &s.Rows[r])
			}
		}
		for _, row := range rows {
			row.straighten()
		}
		usual := usualStep(rows)
		for _, row := range rows {
			row.markAisles(usual, all)
		}
	}
}

// usualStep is the lower quartile of the steps from seat to seat: the median would be an aisle itself in rows of pairs.
// 0: no two seats stand apart.
func usualStep(rows []*Row) float64 {
	var steps []float64
	for _, row := range rows {
		for k := 1; k < len(row.Seats); k++ {
			if step := row.step(k); step > 0 {
				steps = append(steps, step)
			}
		}
	}
	if len(steps) == 0 {
		return 0
	}
	slices.Sort(steps)
	return steps[(len(steps)-1)/4]
}

// step is the distance from the seat before.
func (row *Row) step(k int) float64 { return row.Seats[k-1].at().To(row.Seats[k].at()) }

func (s *Seat) at() Point { return Point{X: s.X, Y: s.Y} }

// straighten puts the seats in the order in which they stand.
func (row *Row) straighten() {
	places := make([]Point, len(row.Seats))
	for k := range row.Seats {
		places[k] = row.Seats[k].at()
	}
	order := alongRow(places)
	if order == nil {
		return
	}
	seats := make([]Seat, len(order))
	for k, from := range order {
		seats[k] = row.Seats[from]
	}
	row.Seats = seats
}

// markAisles sets the breaks of a row in order. A row of two has one step only, which is measured by its section's.
func (row *Row) markAisles(usual float64, all *seatGrid) {
	if len(row.Seats) > 2 {
		usual = usualStep([]*Row{row})
	}
	for k := range row.Seats {
		seat := &row.Seats[k]
		seat.BreakBefore = false
		if k == 0 || usual == 0 {
			continue
		}
		step := row.step(k)
		seat.BreakBefore = step > gapRatio*usual || all.between(&row.Seats[k-1], seat)
	}
}

// Lengths of two ways through a row that differ by less than this part are one length: rounding to cents is no reason
// to turn a row round.
const lengthSlack = 1e-3

// straightSlack is how much longer than the bee line a way through a row may be, and need not be searched for a shorter
// one.
const straightSlack = 0.02

// chainSeatsMax bounds the rows that are followed seat by seat, which takes a time that grows with the square.
const chainSeatsMax = 1000

// alongRow gives the order in which seats stand along their row: the shortest way through all of them, of three: as
// listed, along the line that fits them best, and from each to its nearest, which follows a row round any bend. nil: as
// listed. The end at which the list begins stays the beginning.
func alongRow(places []Point) []int {
	n := len(places)
	if n < 3 {
		return nil
	}
	listed := make([]int, n)
	for i := range listed {
		listed[i] = i
	}
	best, length := listed, wayLength(places, listed)
	if length <= places[0].To(places[n-1])*(1+straightSlack) {
		return nil
	}
	order := alongAxis(places)
	if along := wayLength(places, order); along < length*(1-lengthSlack) {
		best, length = order, along
	}
	bent := length > places[order[0]].To(places[order[n-1]])*(1+straightSlack)
	if bent && n <= chainSeatsMax {
		if chain := nearestChain(places); chain != nil && wayLength(places, chain) < length*(1-lengthSlack) {
			best = chain
		}
	}
	if &best[0] == &listed[0] {
		return nil
	}
	return asListedEnds(best)
}

func wayLength(places []Point, order []int) (length float64) {
	for i := 1; i < len(order); i++ {
		length += places[order[i-1]].To(places[order[i]])
	}
	return length
}

// alongAxis orders places along the axis on which they are spread most.
func alongAxis(places []Point) []int {
	var mean Point
	for _, p := range places {
		mean.X += p.X / float64(len(places))
		mean.Y += p.Y / float64(len(places))
	}
	var xx, yy, xy float64
	for _, p := range places {
		dx, dy := p.X-mean.X, p.Y-mean.Y
		xx, yy, xy = xx+dx*dx, yy+dy*dy, xy+dx*dy
	}
	sin, cos := math.Sincos(math.Atan2(2*xy, xx-yy) / 2)
	along := make([]float64, len(places))
	order := make([]int, len(places))
	for i, p := range places {
		order[i], along[i] = i, (p.X-mean.X)*cos+(p.Y-mean.Y)*sin
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case along[a] < along[b]:
			return -1
		case along[a] > along[b]:
			return 1
		}
		return 0
	})
	return order
}

// nearestChain is the tree that joins all places by the shortest links, when that tree is a chain; nil when it forks. A
// chain of the shortest links is the shortest way there is.
func nearestChain(places []Point) []int {
	n := len(places)
	link, cost, joined := make([]int, n), make([]float64, n), make([]bool, n)
	for i := range cost {
		link[i], cost[i] = -1, math.Inf(1)
	}
	cost[0] = 0
	next := make([][]int, n)
	for range n {
		nearest := -1
		for i := range n {
			if !joined[i] && (nearest < 0 || cost[i] < cost[nearest]) {
				nearest = i
			}
		}
		joined[nearest] = true
		if to := link[nearest]; to >= 0 {
			if next[to], next[nearest] = append(next[to], nearest), append(next[nearest], to); len(next[to]) > 2 {
				return nil
			}
		}
		for i := range n {
			if d := places[nearest].To(places[i]); !joined[i] && d < cost[i] {
				cost[i], link[i] = d, nearest
			}
		}
	}
	return follow(next)
}

// follow walks a chain from its first end.
func follow(next [][]int) []int {
	at := slices.IndexFunc(next, func(links []int) bool { return len(links) == 1 })
	order, from := []int{at}, -1
	for len(order) < len(next) {
		for _, to := range next[at] {
			if to != from {
				from, at = at, to
				break
			}
		}
		order = append(order, at)
	}
	return order
}

// asListedEnds turns an order round when more of its steps go against the list than with it.
func asListedEnds(order []int) []int {
	with := 0
	for i := 1; i < len(order); i++ {
		if order[i] > order[i-1] {
			with++
		}
	}
	if 2*with < len(order)-1 {
		slices.Reverse(order)
	}
	return order
}
