package venue

// Drawings are of no concern to us but for one: the word that says where the stage is. Whatever is odd about a drawing
// is read over.

// readDrawings looks through a pretix zone's areas for a text that names the stage. Positions are relative: zone + area
// + text.
func (d *draft) readDrawings() {
	r := d.reader
	if r.kind() != kindBeginArray {
		r.skip()
		return
	}
	for r.openArray(); r.more(); {
		d.readDrawing()
	}
}

func (d *draft) readDrawing() {
	r := d.reader
	if r.kind() != kindBeginObject {
		r.skip()
		return
	}
	var text string
	var at, inside Point
	for r.openObject(); r.more(); {
		switch name := r.name(); {
		case name == "position":
			at = r.spot()
		case name == "text" && r.kind() == kindBeginObject:
			for r.openObject(); r.more(); {
				switch name := r.name(); {
				case name == "position":
					inside = r.spot()
				case name == "text" && r.kind() == kindString:
					text = r.token().String()
				default:
					r.skip()
				}
			}
		default:
			r.skip()
		}
	}
	d.noteStage(text, Point{at.X + inside.X, at.Y + inside.Y})
}

// readShape looks whether a shape or text of a seats.io chart is the stage. A chart's focal point says more.
func (c *chart) readShape() {
	r := c.reader
	if r.kind() != kindBeginObject {
		r.skip()
		return
	}
	var label, smart string
	var at Point
	for r.openObject(); r.more(); {
		switch name := r.name(); {
		case (name == "label" || name == "text") && r.kind() == kindString:
			label = r.token().String()
		case name == "smartType" && r.kind() == kindString:
			smart = r.token().String()
		case name == "center" || name == "topLeft":
			at = r.spot()
		default:
			r.skip()
		}
	}
	if smart == "stage" && !namesStage(label) { // whatever is written on it, or nothing
		label = smart
	}
	c.noteStage(label, at)
}

// spot reads a drawing's place; what is none is (0, 0).
func (r *reader) spot() (p Point) {
	if r.kind() != kindBeginObject {
		r.skip()
		return p
	}
	for r.openObject(); r.more(); {
		name := r.name()
		if r.kind() != kindNumber {
			r.skip()
			continue
		}
		switch value := r.token().Float(); name {
		case "x":
			p.X = bounded(value)
		case "y":
			p.Y = bounded(value)
		}
	}
	return p
}

// bounded keeps a drawing's number where seats may be.
func bounded(value float64) float64 { return min(max(value, -coordinateMax), coordinateMax) }
