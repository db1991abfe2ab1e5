package venue

import "strings"

// readPretix reads a pretix seating plan. Positions are relative: zone + row + seat. A zone is a section; areas are
// drawings.
func (d *draft) readPretix() {
	r := d.reader
	for r.openObject(); r.more(); {
		switch r.name() {
		case "name":
			d.name = r.textOf(NameCharactersMax)
		case "categories":
			d.readPretixCategories()
		case "zones":
			if r.openArray() {
				for r.more() {
					d.readZone()
				}
			}
		default:
			r.skip()
		}
	}
	d.uniqueZones()
	d.checkGuids()
}

func (d *draft) readPretixCategories() {
	r := d.reader
	if !r.openArray() {
		return
	}
	for r.more() {
		if !r.openObject() {
			continue
		}
		category := draftCategory{path: r.path()}
		for r.more() {
			switch r.name() {
			case "name":
				category.Label = r.text()
			case "color":
				category.Color = r.text()
			default:
				r.skip()
			}
		}
		category.key = category.Label
		d.categories = append(d.categories, category)
	}
}

func (d *draft) readZone() {
	r := d.reader
	if !r.openObject() {
		return
	}
	zone := draftSection{path: r.path(), placed: true}
	var origin Point
	stages := len(d.stages)
	for r.more() {
		switch r.name() {
		case "name":
			zone.name = r.text()
		case "zone_id":
			zone.zoneID = r.text()
		case "position":
			origin, _ = r.point()
		case "rows":
			if r.openArray() {
				for r.more() {
					d.readPretixRow(&zone)
				}
			}
		case "areas":
			zone.empty = "drawings only"
			d.readDrawings()
		default:
			r.skip()
		}
	}
	zone.transform(func(p Point) Point { return Point{p.X + origin.X, p.Y + origin.Y} })
	d.moveStages(stages, origin)
	zone.id = slug(zone.name)
	if zone.id == "" {
		zone.id = slug(zone.zoneID)
	}
	if zone.id == "" {
		zone.id = "zone" + decimal(len(d.sections)+1) // the schema allows a zone without a name
	}
	d.addSection(zone)
}

// slug makes a label of a name: blanks become "_".
func slug(name string) string { return strings.Join(strings.Fields(name), "_") }

func (d *draft) readPretixRow(zone *draftSection) {
	r := d.reader
	if !r.openObject() {
		return
	}
	row := draftRow{path: r.path(), listed: true}
	var origin Point
	var label string
	for r.more() {
		switch r.name() {
		case "row_number":
			row.label = r.text()
		case "row_label":
			label = r.text()
		case "position":
			origin, _ = r.point()
		case "seats":
			if r.openArray() {
				for r.more() {
					d.readPretixSeat(&row)
				}
			}
		default:
			r.skip()
		}
	}
	if row.label == "" {
		row.label = label
	}
	for i := range row.seats {
		row.seats[i].x += origin.X
		row.seats[i].y += origin.Y
	}
	zone.rows = append(zone.rows, row)
}

func (d *draft) readPretixSeat(row *draftRow) {
	r := d.reader
	seat := draftSeat{unplaced: true}
	if r.openObject() {
		for r.more() {
			switch r.name() {
			case "seat_number":
				seat.label = r.text()
			case "seat_guid":
				seat.guid = r.text()
			case "category":
				seat.category = d.intern(r.text())
			case "wheelchair", "accessible":
				seat.accessible = r.mark() || seat.accessible
			case "position":
				at, ok := r.point()
				seat.x, seat.y, seat.unplaced = at.X, at.Y, !ok
			default:
				r.skip()
			}
		}
	}
	// A seat that was no object stays in place, without a label: paths of its neighbours must not shift.
	if d.room(1, row.path) {
		row.seats = append(row.seats, seat)
	}
}

// uniqueZones gives zones of one name their zone_id as label, if that tells them apart.
func (d *draft) uniqueZones() {
	names := newSightings(len(d.sections))
	for i := range d.sections {
		names.note(d.sections[i].id, d.sections[i].path)
	}
	for i := range d.sections {
		s := &d.sections[i]
		if names.repeated(s.id) && s.zoneID != "" {
			s.id = slug(s.zoneID)
		}
	}
}

// checkGuids refuses repeated guids, and lets unique ones tell apart the seats whose labels clash.
func (d *draft) checkGuids() {
	guids, labels := newSightings(d.seats), newSightings(d.seats)
	d.eachSeat(func(s *draftSection, row *draftRow, i int) {
		seat := &row.seats[i]
		if seat.guid != "" {
			guids.note(seat.guid, row.path)
		}
		labels.note(seatID(s.id, row.label, seat.label), row.path)
	})
	places := map[string]*clash{}
	d.explained = map[string]bool{}
	d.eachSeat(func(s *draftSection, row *draftRow, i int) {
		seat := &row.seats[i]
		id := Skeleton(seatID(s.id, row.label, seat.label))
		guid := Skeleton(seat.guid)
		switch {
		case guids.again[guid] != nil:
			if places[guid] == nil {
				places[guid] = &clash{}
			}
			places[guid].noteAs(seat.guid, row.seatPath(i))
			d.explained[id] = true
		case seat.guid != "" && (labels.again[id] != nil || seat.label == ""):
			seat.id = seat.guid
		}
	})
	for _, guid := range guids.order {
		d.defect(places[guid].place(), "seat_guid %s", places[guid])
	}
}

func (d *draft) eachSeat(visit func(s *draftSection, row *draftRow, i int)) {
	for i := range d.sections {
		for j := range d.sections[i].rows {
			for k := range d.sections[i].rows[j].seats {
				visit(&d.sections[i], &d.sections[i].rows[j], k)
			}
		}
	}
}
