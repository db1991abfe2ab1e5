package venue

import (
	"math"
	"slices"
	"strings"
)

// Drawing units of what we arrange ourselves.
const (
	seatPitch  = 10.0
	rowPitch   = 14.0
	blockAisle = 25.0
)

// box is a rectangle on the drawing.
type box struct{ x, y, width, height float64 }

// place is where the i-th of count general places stands: an even grid, row by row.
func (b box) place(i, count int) Point {
	columns := int(math.Ceil(math.Sqrt(float64(count) * (b.width + 1) / (b.height + 1))))
	columns = min(max(columns, 1), count)
	lines := (count + columns - 1) / columns
	return Point{
		X: cents(b.x + b.width*(float64(i%columns)+0.5)/float64(columns)),
		Y: cents(b.y + b.height*(float64(i/columns)+0.5)/float64(lines)),
	}
}

// boxFor is a box that gives count places room of their own.
func boxFor(count int) box {
	side := math.Ceil(math.Sqrt(float64(count)))
	return box{width: side * seatPitch, height: side * seatPitch}
}

// cents rounds a coordinate to 1/100: finer is noise, and stored plans shrink. fineDrawing is the size of a section
// below which hundredths of a unit may be whole seats: drawings of one unit's width are in use.
const fineDrawing = 10

func millionths(value float64) float64 { return math.Round(value*1e6) / 1e6 }

func cents(value float64) float64 { return math.Round(value*100) / 100 }

// stack puts a section's rows one behind the other from y = 0, each in the middle.
func (s *draftSection) stack() {
	widest := 0.0
	for i := range s.rows {
		widest = max(widest, rowWidth(s.rows[i].seats))
	}
	for i := range s.rows {
		shift := (widest - rowWidth(s.rows[i].seats)) / 2
		for k := range s.rows[i].seats {
			s.rows[i].seats[k].x += shift
			s.rows[i].seats[k].y = float64(i) * rowPitch
		}
	}
}

func rowWidth(seats []draftSeat) float64 {
	if len(seats) == 0 {
		return 0
	}
	return seats[len(seats)-1].x
}

// bounds is the smallest box around the section's seats.
func (s *draftSection) bounds() box {
	low, high := Point{X: math.Inf(1), Y: math.Inf(1)}, Point{X: math.Inf(-1), Y: math.Inf(-1)}
	for i := range s.rows {
		for k := range s.rows[i].seats {
			seat := &s.rows[i].seats[k]
			low.X, low.Y = min(low.X, seat.x), min(low.Y, seat.y)
			high.X, high.Y = max(high.X, seat.x), max(high.Y, seat.y)
		}
	}
	if low.X > high.X {
		return box{}
	}
	return box{low.X, low.Y, high.X - low.X, high.Y - low.Y}
}

// transform moves every seat of the section.
func (s *draftSection) transform(move func(Point) Point) {
	rounded := cents
	if drawn := s.bounds(); max(drawn.width, drawn.height) < fineDrawing {
		rounded = millionths
	}
	for i := range s.rows {
		for k := range s.rows[i].seats {
			seat := &s.rows[i].seats[k]
			at := move(Point{X: seat.x, Y: seat.y})
			seat.x, seat.y = rounded(at.X), rounded(at.Y)
		}
	}
}

// arrange draws the sections that have no coordinates: around a pitch when the stands are named after the points of the
// compass, in a grid of blocks otherwise.
func (d *draft) arrange() {
	var loose []*draftSection
	for i := range d.sections {
		if s := &d.sections[i]; !s.placed {
			if !s.general {
				s.stack()
			}
			loose = append(loose, s)
		}
	}
	if len(loose) == 0 {
		return
	}
	if len(loose) == len(d.sections) && d.focal == nil && d.arrangeBowl(loose) {
		if d.front == nil {
			d.focal = &Point{}
		}
		return
	}
	d.arrangeGrid(loose)
}

// line is sections side by side.
type line struct {
	sections []*draftSection
	boxes    []box
	width    float64
	depth    float64
}

// lines breaks sections into lines no wider than limit.
func lines(sections []*draftSection, limit float64) []line {
	var result []line
	var current line
	for _, s := range sections {
		b := s.bounds()
		if len(current.sections) > 0 && current.width+blockAisle+b.width > limit {
			result = append(result, current)
			current = line{}
		}
		if len(current.sections) > 0 {
			current.width += blockAisle
		}
		current.sections = append(current.sections, s)
		current.boxes = append(current.boxes, b)
		current.width += b.width
		current.depth = max(current.depth, b.height)
	}
	return append(result, current)
}

// lineLimit makes a drawing about as wide as deep.
func (d *draft) lineLimit() float64 { return 1.2 * seatPitch * math.Sqrt(float64(d.seats)) }

// arrangeGrid lays blocks in lines below whatever has coordinates already. Which block is better is not ours to invent,
// so each block's best seats are its own front and middle.
func (d *draft) arrangeGrid(loose []*draftSection) {
	top := 0.0
	for i := range d.sections {
		if s := &d.sections[i]; s.placed {
			b := s.bounds()
			top = max(top, b.y+b.height+blockAisle*2)
		}
	}
	for _, row := range lines(loose, d.lineLimit()) {
		left := 0.0
		for i, s := range row.sections {
			b := row.boxes[i]
			s.transform(func(p Point) Point { return Point{X: p.X - b.x + left, Y: p.Y - b.y + top} })
			if s.focal == nil && d.focal == nil && d.front == nil {
				focus := gridFocus(box{left, top, b.width, b.height})
				s.focal = &focus
			}
			left += b.width + blockAisle
		}
		top += row.depth + blockAisle*2
	}
}

// gridFocus is what a block in the grid looks at: the middle of its front.
func gridFocus(b box) Point { return Point{X: cents(b.x + b.width/2), Y: cents(b.y - rowPitch)} }

// side is a point of the compass; stands are laid along it, first rows at the pitch.
type side uint8

const (
	sideNone side = iota
	sideNorth
	sideEast
	sideSouth
	sideWest
)

var sideWords = []struct {
	word string
	side side
}{
	{"north", sideNorth}, {"nord", sideNorth}, {"east", sideEast}, {"ost", sideEast}, {"south", sideSouth},
	{"süd", sideSouth},
	{"sued", sideSouth}, {"sud", sideSouth}, {"west", sideWest}, {"ouest", sideWest},
}

// sideOf tells a stand's side from its name; "north-east" is told by its first word.
func sideOf(name string) side {
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool {
		return strings.ContainsRune(" -_./", r)
	}) {
		for _, known := range sideWords {
			if word == known.word {
				return known.side
			}
		}
	}
	return sideNone
}

// arrangeBowl lays stands around a pitch; false means that the names do not tell.
func (d *draft) arrangeBowl(loose []*draftSection) bool {
	var stands [sideWest + 1][]*draftSection
	for _, s := range loose {
		at := sideOf(s.stand)
		if at == sideNone {
			return false
		}
		stands[at] = append(stands[at], s)
	}
	if len(stands[sideNorth])+len(stands[sideSouth]) == 0 || len(stands[sideEast])+len(stands[sideWest]) == 0 {
		return false
	}
	var tiers [sideWest + 1][]line
	var widest [sideWest + 1]float64
	for at := sideNorth; at <= sideWest; at++ {
		if len(stands[at]) > 0 {
			tiers[at] = lines(stands[at], d.lineLimit())
			widest[at] = slices.MaxFunc(tiers[at], func(a, b line) int {
				return int(math.Copysign(1, a.width-b.width))
			}).width
		}
	}
	// The pitch is as long as the longest stand on it, so that stands never meet at the corners.
	half := Point{X: max(widest[sideNorth], widest[sideSouth])/2 + blockAisle,
		Y: max(widest[sideEast], widest[sideWest])/2 + blockAisle}
	for at := sideNorth; at <= sideWest; at++ {
		layStand(tiers[at], at, half)
	}
	return true
}

// layStand puts a stand's lines one behind the other, away from the pitch whose centre is (0, 0).
func layStand(tiers []line, at side, half Point) {
	back := 0.0
	for _, tier := range tiers {
		left := -tier.width / 2
		for i, s := range tier.sections {
			b := tier.boxes[i]
			s.transform(func(p Point) Point { return toSide(at, half, p.X-b.x+left, p.Y-b.y+back) })
			left += b.width + blockAisle
		}
		back += tier.depth + blockAisle*2
	}
}

// toSide turns "along the stand, away from the pitch" into drawing coordinates.
func toSide(at side, half Point, along, away float64) Point {
	switch at {
	case sideNorth:
		return Point{X: -along, Y: -half.Y - away}
	case sideSouth:
		return Point{X: along, Y: half.Y + away}
	case sideEast:
		return Point{X: half.X + away, Y: -along}
	}
	return Point{X: -half.X - away, Y: along}
}
