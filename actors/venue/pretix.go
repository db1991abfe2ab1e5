package venue

import (
	"strings"

	"holdfast/actors/venue/labels"
	"holdfast/actors/venue/planreader"
)

// readPretix reads a pretix seating plan. Positions are relative: zone + row + seat. A zone is a section; areas are
// drawings.
func (d *draft) readPretix() {
	r := d.reader
	for r.OpenObject(); r.More(); {
		switch r.Name() {
		case "name":
			d.name = r.TextOf(labels.NameCharactersMax)
		case "categories":
			d.readPretixCategories()
		case "zones":
			if r.OpenArray() {
				for r.More() {
					d.readZone()
				}
			}
		default:
			r.Skip()
		}
	}
	d.uniqueZones()
	d.checkGuids()
}

func (d *draft) readPretixCategories() {
	r := d.reader
	if !r.OpenArray() {
		return
	}
	for r.More() {
		if !r.OpenObject() {
			continue
		}
		category := draftCategory{path: r.Path()}
		for r.More() {
			switch r.Name() {
			case "name":
				category.Label = r.Text()
			case "color":
				category.Color = r.Text()
			default:
				r.Skip()
			}
		}
		category.key = category.Label
		d.categories = append(d.categories, category)
	}
}

func (d *draft) readZone() {
	r := d.reader
	if !r.OpenObject() {
		return
	}
	zone := draftSection{path: r.Path(), placed: true}
	var origin Point
	stages := len(d.stages)
	for r.More() {
		switch r.Name() {
		case "name":
			zone.name = r.Text()
		case "zone_id":
			zone.zoneID = r.Text()
		case "position":
			origin, _ = r.Point()
		case "rows":
			if r.OpenArray() {
				for r.More() {
					d.readPretixRow(&zone)
				}
			}
		case "areas":
			zone.empty = "drawings only"
			d.readDrawings()
		default:
			r.Skip()
		}
	}
	zone.transform(func(p Point) Point { return Point{X: p.X + origin.X, Y: p.Y + origin.Y} })
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
	if !r.OpenObject() {
		return
	}
	row := draftRow{path: r.Path(), listed: true}
	var origin Point
	var label string
	for r.More() {
		switch r.Name() {
		case "row_number":
			row.label = r.Text()
		case "row_label":
			label = r.Text()
		case "position":
			origin, _ = r.Point()
		case "seats":
			if r.OpenArray() {
				for r.More() {
					d.readPretixSeat(&row)
				}
			}
		default:
			r.Skip()
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
	if r.OpenObject() {
		for r.More() {
			switch r.Name() {
			case "seat_number":
				seat.label = r.Text()
			case "seat_guid":
				seat.guid = r.Text()
			case "category":
				seat.category = d.intern(r.Text())
			case "wheelchair", "accessible":
				seat.accessible = r.Mark() || seat.accessible
			case "position":
				at, ok := r.Point()
				seat.x, seat.y, seat.unplaced = at.X, at.Y, !ok
			default:
				r.Skip()
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
	names := planreader.NewOccurrences(len(d.sections))
	for i := range d.sections {
		names.Note(d.sections[i].id, d.sections[i].path)
	}
	for i := range d.sections {
		s := &d.sections[i]
		if names.Repeated(s.id) && s.zoneID != "" {
			s.id = slug(s.zoneID)
		}
	}
}

// checkGuids refuses repeated guids, and lets unique ones tell apart the seats whose labels clash.
func (d *draft) checkGuids() {
	guids, ids := planreader.NewOccurrences(d.seats), planreader.NewOccurrences(d.seats)
	d.eachSeat(func(s *draftSection, row *draftRow, i int) {
		seat := &row.seats[i]
		if seat.guid != "" {
			guids.Note(seat.guid, row.path)
		}
		ids.Note(seatID(s.id, row.label, seat.label), row.path)
	})
	places := map[string]*planreader.Clash{}
	d.explained = map[string]bool{}
	d.eachSeat(func(s *draftSection, row *draftRow, i int) {
		seat := &row.seats[i]
		id := labels.Skeleton(seatID(s.id, row.label, seat.label))
		guid := labels.Skeleton(seat.guid)
		switch {
		case guids.Again[guid] != nil:
			if places[guid] == nil {
				places[guid] = &planreader.Clash{}
			}
			places[guid].NoteAs(seat.guid, row.seatPath(i))
			d.explained[id] = true
		case seat.guid != "" && (ids.Again[id] != nil || seat.label == ""):
			seat.id = seat.guid
		}
	})
	for _, guid := range guids.Order {
		d.defect(places[guid].Place(), "seat_guid %s", places[guid])
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
