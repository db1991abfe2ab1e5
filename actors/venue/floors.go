package venue

import (
	"cmp"
	"slices"

	"holdfast/actors/venue/planreader"
)

// floor is one storey of a seats.io chart ("subChartFloors"). Each is drawn on paper of its own, so that two have seats
// at the same places.
type floor struct {
	name        string
	order       float64
	focal       *Point
	stage       *stageText // the text of its drawing that names the stage
	first, last int        // its sections: first to last-1
}

// readFloor reads one storey: its name and order, and what a chart without storeys holds.
func (c *chart) readFloor() {
	r := c.reader
	if !r.OpenObject() {
		return
	}
	one := floor{name: decimal(len(c.floors) + 1), order: float64(len(c.floors)), first: len(c.sections)}
	c.main = draftSection{path: r.Path(), id: mainSection, placed: true}
	c.stages = nil // drawn on one floor, seen from all: each floor has its own
	for r.More() {
		c.readFloorMember(r.Name(), &one)
	}
	c.keepMain()
	if len(c.stages) > 0 {
		one.stage = &c.stages[0]
	}
	one.last = len(c.sections)
	c.floors = append(c.floors, one)
}

func (c *chart) readFloorMember(name string, one *floor) {
	r := c.reader
	switch name {
	case "floor":
		c.readFloorName(one)
	case "floorName":
		one.name = cmp.Or(r.Text(), one.name)
	case "focalPoint":
		if focal, ok := r.Point(); ok {
			one.focal = &focal
		}
	case "subChart":
		for open := r.OpenObject(); open && r.More(); {
			c.readFloorMember(r.Name(), one)
		}
	default:
		c.readMainMember(name)
	}
}

func (c *chart) readFloorName(one *floor) {
	r := c.reader
	for open := r.OpenObject(); open && r.More(); {
		switch r.Name() {
		case "name":
			one.name = cmp.Or(r.Text(), one.name)
		case "order":
			one.order = r.Coordinate()
		default:
			r.Skip()
		}
	}
}

// settleFloors draws the floors one below the other, the lowest first, and tells apart sections that two floors have
// under one label: then every section is prefixed with its floor, since half a plan prefixed would read as two systems.
// Sections look at their floor's front: the one that somebody has said, else its focal point, its stage, or the middle
// of its top edge.
func (c *chart) settleFloors() {
	switch len(c.floors) {
	case 0:
		return
	case 1:
		if c.focal == nil {
			c.focal = c.floors[0].focal
		}
		return
	}
	c.labelFloors()
	c.storeys, c.focal, c.front = true, nil, c.floorsFront()
	order := make([]int, len(c.floors))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.floors[a].order, c.floors[b].order) })
	top, started := 0.0, false
	for _, i := range order {
		one := &c.floors[i]
		sections := c.sections[min(one.first, len(c.sections)):min(one.last, len(c.sections))]
		drawn, ok := boundsOf(sections)
		if !ok {
			continue
		}
		if !started {
			top, started = drawn.y, true
		}
		c.drawFloor(one, sections, drawn, top-drawn.y)
		top += drawn.height + max(2*blockAisle, drawn.height/5)
	}
}

func (c *chart) drawFloor(one *floor, sections []draftSection, drawn box, down float64) {
	focal := (&Front{Side: Top}).at(drawn)
	switch {
	case c.given != nil:
		focal = c.given.at(drawn)
	case one.focal != nil:
		focal = *one.focal
	case one.stage != nil:
		focal = one.stage.at
	}
	for i := range sections {
		s := &sections[i]
		s.transform(func(p Point) Point { return Point{X: p.X, Y: p.Y + down} })
		looksAt := focal
		if s.focal != nil && c.given == nil {
			looksAt = *s.focal // its zone's
		}
		s.focal = &Point{X: looksAt.X, Y: cents(looksAt.Y + down)}
	}
}

// floorsFront says on whose word the floors have their fronts; nil: they all have focal points.
func (c *chart) floorsFront() *Front {
	if c.given != nil {
		return &Front{Side: c.given.Side, Point: c.given.Point}
	}
	var front *Front
	for _, one := range c.floors {
		switch {
		case one.focal != nil:
		case one.stage != nil:
			return &Front{Point: one.stage.at, Text: one.stage.text}
		case slices.ContainsFunc(c.sections[min(one.first, len(c.sections)):min(one.last, len(c.sections))],
			func(s draftSection) bool { return s.focal == nil }):
			front = &Front{Side: Top, Text: assumedSide}
		}
	}
	return front
}

func (c *chart) labelFloors() {
	names := planreader.NewOccurrences(len(c.sections))
	for i := range c.sections {
		names.Note(c.sections[i].id, c.sections[i].path)
	}
	if len(names.Order) == 0 {
		return
	}
	for _, one := range c.floors {
		for i := one.first; i < min(one.last, len(c.sections)); i++ {
			s := &c.sections[i]
			s.name = one.name + " " + cmp.Or(s.name, s.id)
			s.id = joinLabels(one.name, s.id)
		}
	}
}

// boundsOf is the smallest box around several sections' seats; ok is false when there are none.
func boundsOf(sections []draftSection) (whole box, ok bool) {
	for i := range sections {
		if len(sections[i].rows) == 0 {
			continue
		}
		one := sections[i].bounds()
		if !ok {
			whole, ok = one, true
			continue
		}
		right, bottom := max(whole.x+whole.width, one.x+one.width), max(whole.y+whole.height, one.y+one.height)
		whole.x, whole.y = min(whole.x, one.x), min(whole.y, one.y)
		whole.width, whole.height = right-whole.x, bottom-whole.y
	}
	return whole, ok
}
