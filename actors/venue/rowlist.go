package venue

// standsDepthMax bounds nested stands.
const standsDepthMax = 8

// readRowList reads stands of sectors of rows, without coordinates. Whatever has rows is a section; what it is nested
// in is its stand.
func (d *draft) readRowList() {
	r := d.reader
	d.openCategories = true
	for r.openObject(); r.more(); {
		switch r.name() {
		case "name", "venue":
			d.name = r.textOf(NameCharactersMax)
		case "tribunes", "sections", "sectors":
			d.readStands("", 1)
		default:
			r.skip()
		}
	}
	d.uniqueSectors()
}

func (d *draft) readStands(stand string, depth int) {
	r := d.reader
	if depth > standsDepthMax {
		r.skip()
		d.defect(r.path(), "stands nested deeper than %d", standsDepthMax)
		return
	}
	if !r.openArray() {
		return
	}
	for r.more() {
		d.readStand(stand, depth)
	}
}

// readStand reads a stand or sector: one may be both. The name may follow what it names, so sections inside are told
// afterwards.
func (d *draft) readStand(stand string, depth int) {
	r := d.reader
	if !r.openObject() {
		return
	}
	s := draftSection{path: r.path(), stand: stand}
	var key, category string
	nested := len(d.sections)
	for r.more() {
		switch r.name() {
		case "name", "label":
			s.id = r.text()
		case "key", "id":
			key = r.text()
		case "category":
			category = d.intern(r.text())
		case "tribunes", "sections", "sectors":
			s.empty = "holds sectors"
			d.readStands("", depth+1)
		case "rows":
			if r.openArray() {
				for r.more() {
					d.readListedRow(&s)
				}
			}
		default:
			r.skip()
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
	if !r.openObject() {
		return
	}
	row, before := draftRow{path: r.path()}, r.defects.total()
	var category string
	for r.more() {
		switch r.name() {
		case "name", "label":
			row.label = r.text()
		case "category":
			category = d.intern(r.text())
		case "seats":
			d.readListedSeats(&row)
		default:
			r.skip()
		}
	}
	for i := range row.seats {
		row.seats[i].category = category
	}
	row.noted = r.defects.total() > before
	s.rows = append(s.rows, row)
}

// readListedSeats reads what readSeatRanges does, or a list of labels, of which each is one seat. Where all are
// numbers, with letters or without, a gap breaks the row as it does in ranges; labels of other kinds are neighbours as
// they are listed.
func (d *draft) readListedSeats(row *draftRow) {
	r := d.reader
	if r.kind() != kindBeginArray {
		row.seats = d.readSeatRanges(row.seats)
		return
	}
	row.listed = true
	numbered, all := numberedRow{}, true
	for r.openArray(); r.more(); {
		label := r.text()
		if !d.room(1, row.path) {
			return
		}
		one, err := parseSpan(plainRanges(label))
		if err == nil && one.from != one.to {
			d.defect(r.path(), "each entry of a list is one seat, and %q looks like a range: write ranges as one text", clip(label))
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
	if r.kind() == kindNumber {
		n, ok := r.count()
		if !ok || !d.room(n, r.path()) {
			return previous
		}
		return spanSeats([]span{{from: 1, to: n}}, n)
	}
	if r.kind() != kindString {
		r.refuse(`a number of seats or ranges like "1-8,18-31"`)
		return previous
	}
	spans, count, err := parseSeats(r.longText())
	if r.err != nil {
		return previous
	}
	if err != nil {
		d.defect(r.path(), "%v", err)
		return previous
	}
	if !d.room(count, r.path()) {
		return previous
	}
	return spanSeats(spans, count)
}

// uniqueSectors prefixes every sector with its stand as soon as two have one name: half a plan prefixed would read as
// two systems.
func (d *draft) uniqueSectors() {
	names := newSightings(len(d.sections))
	for i := range d.sections {
		names.note(d.sections[i].id, d.sections[i].path)
	}
	for i := range d.sections {
		s := &d.sections[i]
		if s.stand != "" {
			s.name = s.stand + " " + s.id
		}
		if len(names.order) > 0 {
			s.id = joinLabels(s.stand, s.id)
		}
	}
}
