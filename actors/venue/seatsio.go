package venue

import (
	"holdfast/actors/venue/labels"
)

// mainSection takes the rows and tables of a seats.io chart that stand in no section.
const mainSection = "Main"

// chart is what the parts of a seats.io chart need to know of the whole.
type chart struct {
	*draft
	zones map[string]Point // focal points by zone key
	main  draftSection     // rows and tables outside of sections
	named []string         // zone key of each section, parallel to draft.sections

	floors []floor
}

// readSeatsio reads a seats.io chart. A section's drawing has its own origin (topLeft); categories are inherited from
// it.
func (d *draft) readSeatsio() {
	r := d.reader
	c := &chart{draft: d, zones: map[string]Point{}}
	for r.OpenObject(); r.More(); {
		switch r.Name() {
		case "name":
			d.name = r.TextOf(labels.NameCharactersMax)
		case "categories":
			c.readCategories()
		case "zones":
			c.readZones()
		case "subChart":
			c.readMain()
		case "subChartFloors":
			c.each(c.readFloor)
		default:
			r.Skip()
		}
	}
	for i, zone := range c.named {
		if focal, ok := c.zones[zone]; ok {
			d.sections[i].focal = &focal
		}
	}
	c.settleFloors()
	d.matchCategoryLabels()
}

func (c *chart) readCategories() { c.readList(c.readCategory) }

// readList reads the items of an object's member "list", which is how charts wrap them.
func (c *chart) readList(item func()) {
	r := c.reader
	if !r.OpenObject() {
		return
	}
	for r.More() {
		if r.Name() != "list" || !r.OpenArray() {
			r.Skip()
			continue
		}
		for r.More() {
			item()
		}
	}
}

func (c *chart) readCategory() {
	r := c.reader
	if !r.OpenObject() {
		return
	}
	category := draftCategory{path: r.Path()}
	for r.More() {
		switch r.Name() {
		case "label":
			category.Label = r.Text()
		case "color":
			category.Color = r.Text()
		case "key":
			category.key = keyPrefix + r.Text()
		case "accessible":
			category.accessible = r.Flag()
		default:
			r.Skip()
		}
	}
	if category.key == "" {
		category.key = category.Label
	}
	c.categories = append(c.categories, category)
}

// keyPrefix keeps a category's key apart from another's label: key 2 is not the category labelled "2".
const keyPrefix = "key "

func (c *chart) readZones() { c.readList(c.readZone) }

func (c *chart) readZone() {
	r := c.reader
	if !r.OpenObject() {
		return
	}
	var key string
	var focal Point
	var ok bool
	for r.More() {
		switch r.Name() {
		case "key":
			key = r.Text()
		case "focalPoint":
			focal, ok = r.Point()
		default:
			r.Skip()
		}
	}
	if ok {
		c.zones[key] = focal
	}
}

// readMain reads the chart itself: sections, and whatever stands in none.
func (c *chart) readMain() {
	r := c.reader
	if !r.OpenObject() {
		return
	}
	c.main = draftSection{path: r.Path(), id: mainSection, placed: true}
	for r.More() {
		if name := r.Name(); name == "focalPoint" {
			if focal, ok := r.Point(); ok {
				c.focal = &focal
			}
		} else {
			c.readMainMember(name)
		}
	}
	c.keepMain()
}

// readMainMember reads what a chart or one of its floors holds.
func (c *chart) readMainMember(name string) {
	switch name {
	case "sections":
		c.each(c.readSection)
	case "rows":
		c.each(func() { c.readLine(&c.main, true) })
	case "tables":
		c.each(func() { c.readLine(&c.main, false) })
	case "booths":
		c.each(func() { c.readBooth(&c.main) })
	case "generalAdmissionAreas":
		c.each(func() { c.keepArea(c.readArea(), "") })
	case "shapes", "texts":
		c.each(c.readShape)
	default:
		c.reader.Skip()
	}
}

// unlabelled is what charts show in place of a label that nobody has given.
const unlabelled = "?"

// readLabel reads a label. A chart with unlabelled objects cannot be sold: two of them would be one seat. What has no
// label at all is noted by needLabel, for seats and areas by build.
func (c *chart) readLabel(what string) string {
	label := c.reader.Text()
	if labels.Skeleton(label) == unlabelled {
		c.defect(c.reader.Path(), "%s without a label (seats.io shows %q)", what, unlabelled)
	}
	return label
}

func (c *chart) needLabel(label, path, what string) {
	if label == "" {
		c.defect(path, "%s without a label (seats.io shows %q)", what, unlabelled)
	}
}

func (c *chart) each(read func()) {
	if c.reader.OpenArray() {
		for c.reader.More() {
			read()
		}
	}
}

// keepMain adds the rows outside of sections, by the section label that a row may carry.
func (c *chart) keepMain() {
	byLabel := map[string]int{}
	for _, row := range c.main.rows {
		label := row.section
		if label == "" {
			label = mainSection
		}
		at, ok := byLabel[label]
		if !ok {
			at = len(c.sections)
			byLabel[label] = at
			c.keep(draftSection{path: c.main.path, id: label, placed: true}, "")
		}
		if at < len(c.sections) {
			c.sections[at].rows = append(c.sections[at].rows, row)
		}
	}
}

// keep adds a section and remembers its zone.
func (c *chart) keep(s draftSection, zone string) {
	c.addSection(s)
	for len(c.named) < len(c.sections) {
		c.named = append(c.named, zone)
	}
}

func (c *chart) readSection() {
	r := c.reader
	if !r.OpenObject() {
		return
	}
	s := draftSection{path: r.Path(), placed: true}
	var areas []area
	var zone, category string
	var origin Point
	for r.More() {
		switch name := r.Name(); name {
		case "label":
			s.id = c.readLabel("section")
		case "displayLabel", "displayedLabel":
			s.name = r.Text()
		case "zone":
			zone = r.Text()
		case "categoryKey", "categoryLabel":
			category = c.readCategoryRef(name, category)
		case "topLeft":
			origin, _ = r.Point()
		case "subChart":
			areas = c.readSubChart(&s)
		default:
			r.Skip()
		}
	}
	s.transform(func(p Point) Point { return Point{X: p.X + origin.X, Y: p.Y + origin.Y} })
	s.inherit(category)
	if len(areas) > 0 {
		s.empty = "areas only"
	}
	c.keep(s, zone)
	for _, one := range areas {
		one.box.x, one.box.y = one.box.x+origin.X, one.box.y+origin.Y
		one.label = s.id + "-" + one.label
		if one.category == "" {
			one.category = category
		}
		c.keepArea(one, zone)
	}
}

// inherit gives seats without a category their section's.
func (s *draftSection) inherit(category string) {
	for i := range s.rows {
		for k := range s.rows[i].seats {
			if s.rows[i].seats[k].category == "" {
				s.rows[i].seats[k].category = category
			}
		}
	}
}

func (c *chart) readSubChart(s *draftSection) (areas []area) {
	r := c.reader
	if !r.OpenObject() {
		return nil
	}
	for r.More() {
		switch r.Name() {
		case "rows":
			c.each(func() { c.readLine(s, true) })
		case "tables":
			c.each(func() { c.readLine(s, false) })
		case "booths":
			c.each(func() { c.readBooth(s) })
		case "generalAdmissionAreas":
			c.each(func() { areas = append(areas, c.readArea()) })
		default:
			r.Skip()
		}
	}
	return areas
}

// readCategoryRef reads one of the two ways to name a category; the key wins over the label.
func (c *chart) readCategoryRef(field, known string) string {
	text := c.reader.Text()
	switch {
	case text == "":
		return known
	case field == "categoryKey":
		return c.intern(keyPrefix + text)
	case known == "":
		return c.intern(text)
	}
	return known
}

// matchCategoryLabels turns references by label into references by key.
func (d *draft) matchCategoryLabels() {
	keys := make(map[string]string, len(d.categories))
	for _, category := range d.categories {
		keys[category.Label] = category.key
	}
	d.eachSeat(func(_ *draftSection, row *draftRow, i int) {
		if key, ok := keys[row.seats[i].category]; ok {
			row.seats[i].category = key
		}
	})
}

// readLine reads a row, or a table as the row of its chairs (going round, neighbours are adjacent; no aisles).
func (c *chart) readLine(s *draftSection, aisles bool) {
	r := c.reader
	if !r.OpenObject() {
		return
	}
	row := draftRow{path: r.Path(), listed: true, asListed: !aisles}
	for r.More() {
		switch r.Name() {
		case "label":
			row.label = c.readLabel("row")
		case "sectionLabel":
			row.section = r.Text()
		case "seats":
			c.each(func() { c.readSeat(&row) })
		default:
			r.Skip()
		}
	}
	c.needLabel(row.label, row.path, "row")
	s.rows = append(s.rows, row)
}

func (c *chart) readSeat(row *draftRow) {
	r := c.reader
	var seat draftSeat
	var across, down bool
	if r.OpenObject() {
		for r.More() {
			switch name := r.Name(); name {
			case "label":
				seat.label = c.readLabel("seat")
			case "x":
				seat.x, across = r.Coordinate(), true
			case "y":
				seat.y, down = r.Coordinate(), true
			case "categoryKey", "categoryLabel":
				seat.category = c.readCategoryRef(name, seat.category)
			case "accessible", "categoryAccessible":
				seat.accessible = r.Flag() || seat.accessible
			default:
				r.Skip()
			}
		}
	}
	seat.unplaced = !across || !down
	if c.room(1, row.path) {
		row.seats = append(row.seats, seat)
	}
}

// readBooth reads a booth: one place, seat "1" of a row of its own.
func (c *chart) readBooth(s *draftSection) {
	r := c.reader
	if !r.OpenObject() {
		return
	}
	row := draftRow{path: r.Path()}
	seat := draftSeat{label: "1", unplaced: true}
	for r.More() {
		switch name := r.Name(); name {
		case "label":
			row.label = c.readLabel("booth")
		case "center", "topLeft":
			at, ok := r.Point()
			seat.x, seat.y, seat.unplaced = at.X, at.Y, !ok
		case "categoryKey", "categoryLabel":
			seat.category = c.readCategoryRef(name, seat.category)
		default:
			r.Skip()
		}
	}
	c.needLabel(row.label, row.path, "booth")
	if c.room(1, row.path) {
		row.seats = []draftSeat{seat}
		s.rows = append(s.rows, row)
	}
}
