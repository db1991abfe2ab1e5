package venue

import (
	"holdfast/actors/venue/labels"
	"holdfast/actors/venue/planreader"
)

// standsDepthMax bounds nested stands.
const standsDepthMax = 8

// readRowList reads stands of sectors of rows, without coordinates. Whatever has rows is a section; what it is nested
// in is its stand.
func (d *draft) readRowList() {
	r := d.reader
	d.openCategories = true
	for r.OpenObject(); r.More(); {
		switch r.Name() {
		case "name", "venue":
			d.name = r.TextOf(labels.NameCharactersMax)
		case "tribunes", "sections", "sectors":
			d.readStands("", 1)
		default:
			r.Skip()
		}
	}
	d.uniqueSectors()
}

func (d *draft) readStands(stand string, depth int) {
	r := d.reader
	if depth > standsDepthMax {
		r.Skip()
		d.defect(r.Path(), "stands nested deeper than %d", standsDepthMax)
		return
	}
	if !r.OpenArray() {
		return
	}
	for r.More() {
		d.readStand(stand, depth)
	}
}

// readStand reads a stand or sector: one may be both. The name may follow what it names, so sections inside are told
// afterwards.
func (d *draft) readStand(stand string, depth int) {
	r := d.reader
	if !r.OpenObject() {
		return
	}
	s := draftSection{path: r.Path(), stand: stand}
	var key, category string
	nested := len(d.sections)
	for r.More() {
		switch r.Name() {
		case "name", "label":
			s.id = r.Text()
		case "key", "id":
			key = r.Text()
		case "category":
			category = d.intern(r.Text())
		case "tribunes", "sections", "sectors":
			s.empty = "holds sectors"
			d.readStands("", depth+1)
		case "rows":
			if r.OpenArray() {
				for r.More() {
					d.readListedRow(&s)
				}
			}
		default:
			r.Skip()
		}
	}
	if s.id == "" {
		s.id = key
	}
	for i := nested; i < len(d.sections); i++ {
		d.sections[i].stand = joinLabels(s.id, d.sections[i].stand)
		d.sections[i].inherit(category)
	}
	s.inherit(category)
	if s.empty == "" && nested < len(d.sections) || s.empty != "" && len(d.sections) == nested && len(s.rows) == 0 {
		d.defect(s.path, "stand without sectors")
	}
	if s.empty == "" || len(s.rows) > 0 {
		d.addSection(s)
	}
}

func joinLabels(outer, inner string) string {
	if outer == "" || inner == "" {
		return outer + inner
	}
	return outer + "-" + inner
}

func (d *draft) readListedRow(s *draftSection) {
	r := d.reader
	if !r.OpenObject() {
		return
	}
	row, before := draftRow{path: r.Path()}, r.Defects.Total()
	var category string
	for r.More() {
		switch r.Name() {
		case "name", "label":
			row.label = r.Text()
		case "category":
			category = d.intern(r.Text())
		case "seats":
			d.readListedSeats(&row)
		default:
			r.Skip()
		}
	}
	for i := range row.seats {
		row.seats[i].category = category
	}
	row.noted = r.Defects.Total() > before
	s.rows = append(s.rows, row)
}

// readListedSeats reads what readSeatRanges does, or a list of labels, of which each is one seat. Where all are
// numbers, with letters or without, a gap breaks the row as it does in ranges; labels of other kinds are neighbours as
// they are listed.
func (d *draft) readListedSeats(row *draftRow) {
	r := d.reader
	if r.Kind() != planreader.KindBeginArray {
		row.seats = d.readSeatRanges(row.seats)
		return
	}
	row.listed = true
	numbered, all := numberedRow{}, true
	for r.OpenArray(); r.More(); {
		label := r.Text()
		if !d.room(1, row.path) {
			return
		}
		one, err := parseSpan(plainRanges(label))
		if err == nil && one.from != one.to {
			d.defect(r.Path(), "each entry of a list is one seat, and %q looks like a range: write ranges as one text",
				clip(label))
		}
		all = all && err == nil
		numbered.add(one, one.from, label)
	}
	if all {
		row.seats = numbered.drawn()
		return
	}
	for i := range numbered.seats {
		numbered.seats[i].x = float64(i) * seatPitch
	}
	row.seats = numbered.seats
}

// readSeatRanges reads 18, "18" or "1-8,18-31". What cannot be read is noted and leaves the row as it was.
func (d *draft) readSeatRanges(previous []draftSeat) []draftSeat {
	r := d.reader
	if r.Kind() == planreader.KindNumber {
		n, ok := r.Count()
		if !ok || !d.room(n, r.Path()) {
			return previous
		}
		return spanSeats([]span{{from: 1, to: n}}, n)
	}
	if r.Kind() != planreader.KindString {
		r.Refuse(`a number of seats or ranges like "1-8,18-31"`)
		return previous
	}
	spans, count, err := parseSeats(r.LongText())
	if r.Err != nil {
		return previous
	}
	if err != nil {
		d.defect(r.Path(), "%v", err)
		return previous
	}
	if !d.room(count, r.Path()) {
		return previous
	}
	return spanSeats(spans, count)
}

// uniqueSectors prefixes every sector with its stand as soon as two have one name: half a plan prefixed would read as
// two systems.
func (d *draft) uniqueSectors() {
	names := planreader.NewOccurrences(len(d.sections))
	for i := range d.sections {
		names.Note(d.sections[i].id, d.sections[i].path)
	}
	for i := range d.sections {
		s := &d.sections[i]
		if s.stand != "" {
			s.name = s.stand + " " + s.id
		}
		if len(names.Order) > 0 {
			s.id = joinLabels(s.stand, s.id)
		}
	}
}
