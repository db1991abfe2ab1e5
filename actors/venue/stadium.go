package venue

import (
	"math"

	"holdfast/actors/section"
)

// The generator's categories, in the order of Stadium's list.
const (
	premium section.CategoryID = iota
	category1
	category2
	category3
	family
)

// Measures of the bowl; 10 units are half a metre, the width of a seat.
const (
	bowlHalfX     = 850.0 // centre to where a corner begins, along
	bowlHalfY     = 480.0 // … and across
	bowlCorner    = 300.0 // corner radius of the first row
	bowlRowPitch  = 16.0
	bowlTierGap   = 80.0
	bowlAisle     = 24.0 // between sections, and down the middle of wide ones
	bowlWideSeats = 14   // from here a row has a middle aisle
	bowlMargin    = 60.0
)

// bowl is one choice of measures; the generator tries several to meet a number of seats.
type bowl struct {
	scale            float64 // of the straight sides and the corner radius
	lowerRows, upper int
}

// block is one section's ground: rows at a radius, seats along them.
type block struct {
	category section.CategoryID
	straight bool
	tier     int
	width    func(radius float64) float64
	place    func(radius, along float64) Point
}

// Stadium generates a two-tier bowl around a pitch with about the wished number of seats (within 2 % from 1,000 to
// 150,000): some 60 sections, aisles, five categories, the last row of the lower tier accessible on the straights,
// focal point on the centre spot. The same number always gives the same stadium.
func Stadium(seats int) *Venue {
	seats = min(max(seats, 200), SeatsMax*9/10)
	// A step of the straights moves every block at once, which is coarse in a small bowl: of a few depths the nearest
	// fit is taken.
	rows := fitRows(seats)
	best := bowlOf(rows).stretch(seats)
	for deeper := 1; deeper <= 3; deeper++ {
		if candidate := bowlOf(rows + deeper).stretch(seats); candidate.misses(seats) < best.misses(seats) {
			best = candidate
		}
	}
	return best.venue()
}

func bowlOf(rows int) bowl {
	lower := (rows*11 + 10) / 20
	return bowl{scale: 1, lowerRows: lower, upper: rows - lower}
}

func (b bowl) misses(seats int) int { return max(b.count()-seats, seats-b.count()) }

// stretch scales the bowl until it has about the wished seats.
func (b bowl) stretch(seats int) bowl {
	low, high := 0.02, 4.0
	for range 24 {
		b.scale = (low + high) / 2
		if b.count() < seats {
			low = b.scale
		} else {
			high = b.scale
		}
	}
	under, over := b, b
	under.scale, over.scale = low, high
	if under.misses(seats) < over.misses(seats) {
		return under
	}
	return over
}

// fitRows picks how deep the tiers are together, for a bowl in the proportions of a 40,000-seat one.
func fitRows(seats int) int {
	scale := min(max(math.Sqrt(float64(seats)/40_000), 0.1), 1.5)
	fit := 2
	for rows := 3; rows <= 160; rows++ {
		candidate := bowlOf(rows)
		candidate.scale = scale
		if candidate.count() > seats {
			break
		}
		fit = rows
	}
	return fit
}

// count is the number of seats, without making them.
func (b bowl) count() int {
	total := 0
	for _, one := range b.blocks() {
		for row := range b.rows(one.tier) {
			count, _, _ := b.fill(one, b.radius(one.tier, row))
			total += count
		}
	}
	return total
}

// rows is how many a tier has.
func (b bowl) rows(tier int) int {
	if tier == 2 {
		return b.upper
	}
	return b.lowerRows
}

// radius is a row's corner radius: its distance from the straights' own axes too.
func (b bowl) radius(tier, row int) float64 {
	start := b.corner()
	if tier == 2 {
		start += float64(b.lowerRows)*bowlRowPitch + bowlTierGap
	}
	return start + float64(row)*bowlRowPitch
}

func (b bowl) corner() float64 { return max(bowlCorner*min(b.scale, 1), 40) }

// blocks lists the sections' grounds clockwise from the north-west, lower tier first.
func (b bowl) blocks() []block {
	var all []block
	for tier := 1; tier <= 2; tier++ {
		for at := sideNorth; at <= sideWest; at++ {
			all = append(all, b.straight(at, tier)...)
			all = append(all, b.bend(at, tier)...)
		}
	}
	return all
}

// blocksIn is how many blocks fit a stretch of a given length: at most wanted, each wide enough to look like one.
func blocksIn(length float64, wanted int) int { return max(1, min(wanted, int(length/90))) }

// straight is one side's blocks.
func (b bowl) straight(at side, tier int) []block {
	long := at == sideNorth || at == sideSouth
	half, across, wanted := bowlHalfX*b.scale, bowlHalfY*b.scale, 5+tier
	if !long {
		half, across, wanted = across, half, 4
	}
	n := blocksIn(2*half, wanted)
	result := make([]block, n)
	for i := range result {
		middle := half * (2*float64(i) + 1 - float64(n)) / float64(n)
		result[i] = block{
			tier: tier, straight: true, category: straightCategory(at, tier, i, n),
			width: func(float64) float64 { return 2 * half / float64(n) },
			place: func(radius, along float64) Point { return turn(at, middle+along, across+radius) },
		}
	}
	return result
}

// straightCategory prices the sides: best in the middle of the long ones.
func straightCategory(at side, tier, i, n int) section.CategoryID {
	long, middle := at == sideNorth || at == sideSouth, 3*i >= n-1 && 3*i <= 2*n-1
	switch {
	case tier == 1 && long && middle:
		return premium
	case tier == 1 && long:
		return category1
	case tier == 1 && at == sideEast:
		return family
	case tier == 1, long:
		return category2
	}
	return category3
}

// bend is the corner after a side, clockwise.
func (b bowl) bend(at side, tier int) []block {
	n := blocksIn(math.Pi/2*b.radius(tier, 0), 1+tier)
	sweep := math.Pi / 2 / float64(n)
	half, across := bowlHalfX*b.scale, bowlHalfY*b.scale
	if at == sideEast || at == sideWest {
		half, across = across, half
	}
	result := make([]block, n)
	for i := range result {
		middle := sweep * (float64(i) + 0.5)
		result[i] = block{
			tier: tier, category: category2 + section.CategoryID(tier-1),
			width: func(radius float64) float64 { return radius * sweep },
			place: func(radius, along float64) Point {
				angle := middle + along/radius
				return turn(at, half+radius*math.Sin(angle), across+radius*math.Cos(angle))
			},
		}
	}
	return result
}

// turn maps "clockwise along the side, away from the pitch" to the drawing, y downwards.
func turn(at side, along, away float64) Point {
	switch at {
	case sideNorth:
		return Point{X: along, Y: -away}
	case sideEast:
		return Point{X: away, Y: along}
	case sideSouth:
		return Point{X: -along, Y: away}
	}
	return Point{X: -away, Y: -along}
}

// spot is a seat's place along its row.
type spot struct {
	along float64
	aisle bool // the middle aisle stands before it
}

// fill says how many seats a row takes, how far apart, and how wide its middle aisle is.
func (b bowl) fill(one block, radius float64) (count int, pitch, aisle float64) {
	pitch = seatPitch
	if b.accessible(one, radius) {
		pitch = 2 * seatPitch // a wheelchair and its companion
	}
	room := one.width(radius) - bowlAisle
	count = max(1, int(room/pitch+1e-9))
	if count >= bowlWideSeats {
		aisle = bowlAisle
		count = int((room-aisle)/pitch + 1e-9)
	}
	return count, pitch, aisle
}

// alongs spreads a row's seats evenly about its middle.
func (b bowl) alongs(one block, radius float64) []spot {
	count, pitch, aisle := b.fill(one, radius)
	spots := make([]spot, count)
	for i := range spots {
		along := (float64(i)-float64(count-1)/2)*pitch - aisle/2
		if i >= count/2 {
			along += aisle
		}
		spots[i] = spot{along: along, aisle: aisle > 0 && i == count/2}
	}
	return spots
}

// accessible says whether a row is the step-free one: the last of the lower tier, where the concourse is.
func (b bowl) accessible(one block, radius float64) bool {
	return one.tier == 1 && one.straight && radius == b.radius(1, b.lowerRows-1)
}

// venue builds the seats.
func (b bowl) venue() *Venue {
	outer := b.radius(2, b.upper-1) + bowlMargin
	centre := Point{X: math.Ceil(bowlHalfX*b.scale + outer), Y: math.Ceil(bowlHalfY*b.scale + outer)}
	v := &Venue{
		Name: "Holdfast Stadium", FocalPoint: &centre,
		Categories: []Category{
			{"Premium", "#c9a227"}, {"Category 1", "#c0392b"}, {"Category 2", "#2471a3"}, {"Category 3", "#5d6d7e"},
			{"Family", "#1e8449"},
		},
	}
	var numbers [3]int
	for _, one := range b.blocks() {
		numbers[one.tier]++
		v.Sections = append(v.Sections, b.section(one, decimal(one.tier*100+numbers[one.tier]), centre))
	}
	v.Sections = splitSections(v.Sections)
	return v
}

func (b bowl) section(one block, id string, centre Point) Section {
	s := Section{ID: id, Name: "Block " + id}
	for i := range b.rows(one.tier) {
		radius := b.radius(one.tier, i)
		row := Row{Label: decimal(i + 1)}
		for k, at := range b.alongs(one, radius) {
			p := one.place(radius, at.along)
			label := decimal(k + 1)
			row.Seats = append(row.Seats, Seat{
				ID: seatID(id, row.Label, label), Label: label, X: cents(centre.X + p.X), Y: cents(centre.Y + p.Y),
				Category: one.category, Accessible: b.accessible(one, radius), BreakBefore: at.aisle,
			})
		}
		s.Rows = append(s.Rows, row)
	}
	return s
}
