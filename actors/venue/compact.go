package venue

import (
	"strings"

	"holdfast/actors/venue/labels"
	"holdfast/actors/venue/planreader"
)

// readCompact reads our own plan format (see the package comment). Unknown fields are defects here.
func (d *draft) readCompact() {
	r := d.reader
	d.openCategories = true
	for r.OpenObject(); r.More(); {
		switch name := r.Name(); name {
		case "name":
			d.name = r.TextOf(labels.NameCharactersMax)
		case "categories":
			d.readCompactCategories()
		case "focal_point":
			if focal, ok := r.Point(); ok {
				d.focal = &focal
			}
		case "sections":
			if r.OpenArray() {
				for r.More() {
					d.readCompactSection()
				}
			}
		default:
			d.unknownField(name)
		}
	}
}

func (d *draft) unknownField(name string) {
	d.reader.Skip()
	if d.reader.Err == nil {
		d.defect(d.reader.Path(), "unknown field %q", clip(name))
	}
}

func (d *draft) readCompactCategories() {
	r := d.reader
	if !r.OpenArray() {
		return
	}
	d.openCategories = false
	for r.More() {
		category := draftCategory{}
		if r.Kind() == planreader.KindBeginObject {
			category = d.readCompactCategory()
		} else {
			category.Label = r.Text()
			category.path = r.Path()
		}
		category.key = category.Label
		d.categories = append(d.categories, category)
	}
}

func (d *draft) readCompactCategory() draftCategory {
	r := d.reader
	r.OpenObject()
	category := draftCategory{path: r.Path()}
	for r.More() {
		switch name := r.Name(); name {
		case "label", "name":
			category.Label = r.Text()
		case "color":
			category.Color = r.Text()
		default:
			d.unknownField(name)
		}
	}
	return category
}

// compactSection is what a section's members give, before they are put together.
type compactSection struct {
	draftSection
	category   string
	accessible bool
	general    int
	hasGeneral bool
	box        *box
	placedRows int
}

func (d *draft) readCompactSection() {
	r := d.reader
	if !r.OpenObject() {
		return
	}
	s := compactSection{draftSection: draftSection{path: r.Path()}}
	for r.More() {
		switch name := r.Name(); name {
		case "id":
			s.id = r.Text()
		case "name":
			s.name = r.Text()
		case "category":
			s.category = d.intern(r.Text())
		case "accessible":
			s.accessible = r.Flag()
		case "focal_point":
			if focal, ok := r.Point(); ok {
				s.focal = &focal
			}
		case "general":
			s.general, s.hasGeneral = d.readGeneral()
		case "box":
			s.box = d.readBox()
		case "rows":
			if r.OpenArray() {
				for r.More() {
					d.readCompactRow(&s)
				}
			}
		default:
			d.unknownField(name)
		}
	}
	if r.Err == nil {
		d.keepCompact(&s)
	}
}

// readGeneral reads a capacity; a bad one is noted and counts as there, so that "without rows" is not said on top.
func (d *draft) readGeneral() (n int, present bool) {
	present = d.reader.Kind() != planreader.KindNull
	n, _ = d.reader.Count()
	return n, present
}

func (d *draft) readBox() *box {
	values := d.readNumbers(4)
	if len(values) != 4 || values[2] < 0 || values[3] < 0 {
		d.defect(d.reader.Path(), "must be [x, y, width, height]")
		return nil
	}
	return &box{values[0], values[1], values[2], values[3]}
}

// readNumbers reads a list of coordinates, keeping at most limit.
func (d *draft) readNumbers(limit int) []float64 {
	r := d.reader
	if !r.OpenArray() {
		return nil
	}
	var values []float64
	for r.More() {
		if value, ok := r.Place(); ok && len(values) <= limit {
			values = append(values, value)
		}
	}
	return values
}

// keepCompact puts a section together.
func (d *draft) keepCompact(s *compactSection) {
	switch {
	case s.hasGeneral && len(s.rows) > 0:
		d.defect(s.path, "a section has rows or general, not both")
	case s.hasGeneral:
		s.draftSection.empty = "noted"
		s.draftSection.general = true
		if s.general > 0 && d.room(s.general, s.path) {
			room := boxFor(s.general)
			if s.box != nil {
				room, s.placed = *s.box, true
			}
			seats := generalSeats(s.general, s.category, s.accessible, room)
			s.rows = []draftRow{{path: s.path, label: generalRow, seats: seats}}
		}
	case s.box != nil:
		d.defect(s.path, `"box" goes with "general" only`)
	case s.placedRows > 0 && s.placedRows < len(s.rows):
		d.defect(s.path, `"x" and "y" are given for %d of %d rows; wanted all or none`, s.placedRows, len(s.rows))
	default:
		s.placed = s.placedRows > 0
	}
	if !s.hasGeneral {
		s.inherit(s.category)
		for i := range s.rows {
			for k := range s.rows[i].seats {
				s.rows[i].seats[k].accessible = s.rows[i].seats[k].accessible || s.accessible
			}
		}
	}
	d.addSection(s.draftSection)
}

// compactRow is what a row's members give.
type compactRow struct {
	draftRow
	categories    []string
	breaks        []string
	ids           []string
	accessible    string   // ranges
	accessibleOf  []string // labels
	accessibleAll bool
	x, y          []float64
}

func (d *draft) readCompactRow(s *compactSection) {
	r := d.reader
	if !r.OpenObject() {
		return
	}
	row, before := compactRow{draftRow: draftRow{path: r.Path()}}, r.Defects.Total()
	for r.More() {
		switch name := r.Name(); name {
		case "label":
			row.label = r.Text()
		case "seats":
			d.readCompactSeats(&row)
		case "category":
			row.categories = d.readTexts(true)
		case "accessible":
			d.readAccessible(&row)
		case "breaks":
			row.breaks, row.asListed = d.readTexts(false), true
		case "ids":
			row.ids = d.readTexts(false)
		case "x":
			row.x = d.readAxis()
		case "y":
			row.y = d.readAxis()
		default:
			d.unknownField(name)
		}
	}
	if r.Err != nil {
		return
	}
	d.finishRow(&row)
	row.noted = r.Defects.Total() > before
	if len(row.x) > 0 || len(row.y) > 0 {
		s.placedRows++
	}
	s.rows = append(s.rows, row.draftRow)
}

// readCompactSeats reads a number, ranges, or a list of labels.
func (d *draft) readCompactSeats(row *compactRow) {
	r := d.reader
	if r.Kind() != planreader.KindBeginArray {
		row.seats = d.readSeatRanges(row.seats)
		return
	}
	row.listed = true
	for r.OpenArray(); r.More(); {
		label := r.Text()
		if d.room(1, row.path) {
			row.seats = append(row.seats, draftSeat{label: label, x: float64(len(row.seats)) * seatPitch})
		}
	}
}

// readTexts reads a list of labels, or one label where single is allowed.
func (d *draft) readTexts(single bool) []string {
	r := d.reader
	if single && r.Kind() != planreader.KindBeginArray {
		return []string{d.intern(r.Text())}
	}
	var texts []string
	if r.OpenArray() {
		for r.More() {
			if text := r.Text(); len(texts) <= RowSeatsMax {
				texts = append(texts, d.intern(text))
			}
		}
	}
	return texts
}

func (d *draft) readAccessible(row *compactRow) {
	switch d.reader.Kind() {
	case planreader.KindString:
		row.accessible = d.reader.LongText()
	case planreader.KindNumber:
		row.accessible = d.reader.Text()
	case planreader.KindBeginArray:
		row.accessibleOf = d.readTexts(false)
	default:
		row.accessibleAll = d.reader.Flag()
	}
}

// readAxis reads one coordinate or one for each seat.
func (d *draft) readAxis() []float64 {
	if d.reader.Kind() == planreader.KindBeginArray {
		return d.readNumbers(RowSeatsMax)
	}
	if value, ok := d.reader.Number(); ok {
		return []float64{value}
	}
	return nil
}

// finishRow applies a row's members to its seats, in whatever order they came.
func (d *draft) finishRow(row *compactRow) {
	if len(row.seats) == 0 {
		return // noted by build as an empty row
	}
	d.applyCategories(row)
	d.applyIDs(row)
	d.applyMarks(row)
	d.applyAxes(row)
}

func (d *draft) applyCategories(row *compactRow) {
	switch n := len(row.categories); n {
	case 0:
	case 1, len(row.seats):
		for i := range row.seats {
			row.seats[i].category = row.categories[min(i, n-1)]
		}
	default:
		d.defect(row.path, `"category" lists %d categories for %d seats`, n, len(row.seats))
	}
}

func (d *draft) applyIDs(row *compactRow) {
	if len(row.ids) == 0 {
		return
	}
	if len(row.ids) != len(row.seats) {
		d.defect(row.path, `"ids" lists %d ids for %d seats`, len(row.ids), len(row.seats))
		return
	}
	for i := range row.seats {
		row.seats[i].id = row.ids[i]
	}
}

// applyMarks sets aisles and accessible places; naming a seat that is not there is a defect, for it is a mistake in the
// plan.
func (d *draft) applyMarks(row *compactRow) {
	at := make(map[string]int, len(row.seats))
	for i := range row.seats {
		at[row.seats[i].label] = i
		row.seats[i].accessible = row.accessibleAll
	}
	for _, label := range row.breaks {
		i, ok := at[label]
		if !ok || i == 0 {
			d.defect(row.path, `"breaks" names seat %q, which is not in the row or is its first`, label)
			continue
		}
		row.seats[i].breakBefore = true
	}
	for _, label := range append(row.accessibleOf, d.accessibleRanges(row)...) {
		i, ok := at[label]
		if !ok {
			d.defect(row.path, `"accessible" names seat %q, which is not in the row`, label)
			continue
		}
		row.seats[i].accessible = true
	}
}

// accessibleRanges spells out "1-2,9", of at most as many seats as the row has.
func (d *draft) accessibleRanges(row *compactRow) (labels []string) {
	if row.accessible == "" {
		return nil
	}
	spans, count, err := parseSpans(row.accessible)
	if err != nil || count > len(row.seats) {
		d.defect(row.path, `"accessible" must list seats of the row like "1-2,9": %q`, clip(row.accessible))
		return nil
	}
	for _, run := range spans {
		run.each(func(_ int, label string) { labels = append(labels, label) })
	}
	return labels
}

func (d *draft) applyAxes(row *compactRow) {
	if len(row.x) == 0 && len(row.y) == 0 {
		return
	}
	var wrong []string
	for _, axis := range []struct {
		name   string
		values []float64
	}{{"x", row.x}, {"y", row.y}} {
		if n := len(axis.values); n != 1 && n != len(row.seats) {
			wrong = append(wrong, axis.name)
		}
	}
	if len(wrong) > 0 {
		d.defect(row.path, "%s: wanted one number, or one for each of %d seats", strings.Join(wrong, ", "),
			len(row.seats))
		return
	}
	for i := range row.seats {
		if len(row.x) == 1 {
			row.seats[i].x += row.x[0] // seats keep their pitch, drawn gaps included
		} else {
			row.seats[i].x = row.x[i]
		}
		row.seats[i].y = row.y[min(i, len(row.y)-1)]
	}
}
