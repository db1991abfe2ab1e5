package venue

import (
	"holdfast/actors/venue/planreader"
)

// Drawings are of no concern to us but for one: the word that says where the stage is. Whatever is odd about a drawing
// is read over.

// readDrawings looks through a pretix zone's areas for a text that names the stage. Positions are relative: zone + area
// + text.
func (d *draft) readDrawings() {
	r := d.reader
	if r.Kind() != planreader.KindBeginArray {
		r.Skip()
		return
	}
	for r.OpenArray(); r.More(); {
		d.readDrawing()
	}
}

func (d *draft) readDrawing() {
	r := d.reader
	if r.Kind() != planreader.KindBeginObject {
		r.Skip()
		return
	}
	var text string
	var at, inside Point
	for r.OpenObject(); r.More(); {
		switch name := r.Name(); {
		case name == "position":
			at = r.Spot()
		case name == "text" && r.Kind() == planreader.KindBeginObject:
			for r.OpenObject(); r.More(); {
				switch name := r.Name(); {
				case name == "position":
					inside = r.Spot()
				case name == "text" && r.Kind() == planreader.KindString:
					text = r.Token().String()
				default:
					r.Skip()
				}
			}
		default:
			r.Skip()
		}
	}
	d.noteStage(text, Point{X: at.X + inside.X, Y: at.Y + inside.Y})
}

// readShape looks whether a shape or text of a seats.io chart is the stage. A chart's focal point says more.
func (c *chart) readShape() {
	r := c.reader
	if r.Kind() != planreader.KindBeginObject {
		r.Skip()
		return
	}
	var label, smart string
	var at Point
	for r.OpenObject(); r.More(); {
		switch name := r.Name(); {
		case (name == "label" || name == "text") && r.Kind() == planreader.KindString:
			label = r.Token().String()
		case name == "smartType" && r.Kind() == planreader.KindString:
			smart = r.Token().String()
		case name == "center" || name == "topLeft":
			at = r.Spot()
		default:
			r.Skip()
		}
	}
	if smart == "stage" && !namesStage(label) { // whatever is written on it, or nothing
		label = smart
	}
	c.noteStage(label, at)
}

// area is a general-admission area as read.
type area struct {
	path, label, category string
	capacity              int
	box                   box
}

func (c *chart) readArea() area {
	r := c.reader
	if !r.OpenObject() {
		return area{}
	}
	one := area{path: r.Path()}
	var centre Point
	for r.More() {
		switch name := r.Name(); name {
		case "label":
			one.label = c.readLabel("general-admission area")
		case "capacity":
			one.capacity, _ = r.Count()
		case "categoryKey", "categoryLabel":
			one.category = c.readCategoryRef(name, one.category)
		case "center":
			centre, _ = r.Point()
		case "width":
			one.box.width = r.Coordinate()
		case "height":
			one.box.height = r.Coordinate()
		case "radius1":
			one.box.width = 2 * r.Coordinate()
		case "radius2":
			one.box.height = 2 * r.Coordinate()
		case "points":
			var shape draftRow
			c.each(func() { c.readCorner(&shape) })
			bounds := draftSection{rows: []draftRow{shape}}
			one.box = bounds.bounds()
			centre = Point{X: one.box.x + one.box.width/2, Y: one.box.y + one.box.height/2}
		default:
			r.Skip()
		}
	}
	one.box.width, one.box.height = max(one.box.width, 0), max(one.box.height, 0)
	one.box.x, one.box.y = centre.X-one.box.width/2, centre.Y-one.box.height/2
	return one
}

// cornersMax bounds a polygon; what follows is read over.
const cornersMax = 10_000

func (c *chart) readCorner(shape *draftRow) {
	if at, ok := c.reader.Point(); ok && len(shape.seats) < cornersMax {
		shape.seats = append(shape.seats, draftSeat{x: at.X, y: at.Y})
	}
}

// keepArea makes a section of an area.
func (c *chart) keepArea(one area, zone string) {
	if one.path == "" {
		return // was no object, which is noted
	}
	s := draftSection{path: one.path, id: one.label, general: true, placed: true}
	if one.capacity == 0 {
		c.defect(one.path, "general-admission area %q without a capacity", one.label)
		s.empty = "noted"
	} else if c.room(one.capacity, one.path) {
		s.rows = []draftRow{{path: one.path, label: generalRow,
			seats: generalSeats(one.capacity, one.category, false, one.box)}}
	}
	c.keep(s, zone)
}
