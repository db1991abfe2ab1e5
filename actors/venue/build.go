package venue

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"holdfast/actors/section"
	"holdfast/actors/venue/labels"
	"holdfast/actors/venue/planreader"
)

// DefaultCategory is the one category of a plan that has none.
const DefaultCategory = "standard"

func decimal(n int) string { return strconv.Itoa(n) }

// build checks the draft and makes the venue. Defects are noted; the venue is of use only when there were none.
func (d *draft) build() *Venue {
	if d.reader.Err != nil {
		return nil // the walk ended early: what is there is a part, and judging it would only add noise
	}
	d.dropEmpty()
	if d.seats == 0 && d.reader.Defects.Total() == 0 {
		d.defect("", "the plan has no seats")
	}
	d.checkSections()
	d.arrange()
	categories := d.indexCategories()
	v := &Venue{Name: d.name, FocalPoint: d.focal, Front: d.front}
	for i := range d.sections {
		v.Sections = append(v.Sections, d.buildSection(&d.sections[i], categories))
	}
	d.checkSeatIDs(v)
	d.checkPlaces()
	d.checkSpots(v)
	d.checkFar(v)
	d.seatNeighbours(v)
	d.checkSteps(v)
	for _, category := range d.categories {
		v.Categories = append(v.Categories, Category{category.Label, plainColor(category.Color)})
	}
	v.Sections = splitSections(v.Sections)
	d.checkSplitIDs(v)
	return v
}

// dropEmpty removes sections that are drawings only, and notes those that should have had seats.
func (d *draft) dropEmpty() {
	kept := d.sections[:0]
	for _, s := range d.sections {
		switch {
		case len(s.rows) > 0:
			kept = append(kept, s)
		case s.empty == "":
			d.defect(s.path, "section without rows")
		}
	}
	d.sections = kept
}

func (d *draft) checkSections() {
	seen := planreader.NewOccurrences(len(d.sections))
	for i := range d.sections {
		s := &d.sections[i]
		if s.id == "" {
			d.defect(s.path, "section without a label")
			continue
		}
		if utf8.RuneCountInString(s.id) > labels.LabelCharactersMax { // put together of several labels
			d.defect(s.path, "section label %s", labels.TooLong(labels.LabelCharactersMax))
		}
		seen.Note(s.id, s.path)
	}
	for _, id := range seen.Order {
		d.defect(seen.Again[id].Place(), "section %s", seen.Again[id])
	}
}

// indexCategories maps keys to ids and makes sure that there is at least one category.
func (d *draft) indexCategories() map[string]section.CategoryID {
	index := make(map[string]section.CategoryID, len(d.categories))
	spelled := make(map[string]string, len(d.categories))
	for i, category := range d.categories {
		if i >= categoriesMax {
			d.defect(category.path, "more than %d categories in one plan", categoriesMax)
			d.categories = d.categories[:i]
			break
		}
		_, twice := index[category.key]
		like, alike := spelled[labels.Skeleton(category.Label)]
		switch {
		case alike && like != category.Label:
			d.defect(category.path, "category %s looks like %s", planreader.Spelled(category.Label),
				planreader.Spelled(like))
		case category.Label == "" || twice || alike:
			d.defect(category.path, "category without a label, or one that is there already: %q", category.Label)
		}
		index[category.key], spelled[labels.Skeleton(category.Label)] = section.CategoryID(i), category.Label
	}
	if len(d.categories) == 0 {
		d.openCategories = true
	}
	return index
}

// categoriesMax keeps CategoryID far from its limit, and a price list readable.
const categoriesMax = 1000

// categoryOf resolves one reference. ok is false when the plan does not have it.
func (d *draft) categoryOf(index map[string]section.CategoryID, key string) (id section.CategoryID, ok bool) {
	if key == "" {
		switch {
		case d.openCategories:
			key = DefaultCategory
		case len(d.categories) == 1:
			return 0, true
		}
	}
	if id, ok = index[key]; ok {
		return id, true
	}
	if !d.openCategories || len(d.categories) >= categoriesMax {
		return 0, false
	}
	id = section.CategoryID(len(d.categories))
	d.categories = append(d.categories, draftCategory{Category: Category{Label: key}, key: key})
	index[key] = id
	return id, true
}

func (d *draft) buildSection(s *draftSection, index map[string]section.CategoryID) Section {
	built := Section{ID: s.id, Name: s.name, General: s.general, FocalPoint: s.focal, Rows: make([]Row, 0, len(s.rows))}
	if built.Name == "" {
		built.Name = s.id
	}
	for i := range s.rows {
		built.Rows = append(built.Rows, d.buildRow(s, &s.rows[i], index))
	}
	return built
}

func (d *draft) buildRow(s *draftSection, row *draftRow, index map[string]section.CategoryID) Row {
	if len(row.seats) == 0 && !row.noted {
		d.defect(row.path, "row %q has no seats", row.label)
	}
	if len(row.seats) > RowSeatsMax && !s.general {
		d.defect(row.path, "row %q has %d seats; one row may have %d", row.label, len(row.seats), RowSeatsMax)
	}
	built := Row{Label: row.label, Seats: make([]Seat, len(row.seats))}
	unknown := map[string]int{}
	var id section.CategoryID
	for i := range row.seats {
		if key := row.seats[i].category; i == 0 || key != row.seats[i-1].category {
			var ok bool
			if id, ok = d.categoryOf(index, key); !ok {
				d.noteUnknown(unknown, row, key)
			}
		}
		built.Seats[i] = d.buildSeat(s, row, i, id)
	}
	return built
}

// noteUnknown names each unknown category once a row: per seat it would drown the rest of the list.
func (d *draft) noteUnknown(unknown map[string]int, row *draftRow, key string) {
	unknown[key]++
	if unknown[key] > 1 {
		return
	}
	if key == "" {
		d.defect(row.path, "row %q has seats without a category", row.label)
		return
	}
	d.defect(row.path, "row %q has seats of category %q, which the plan does not declare", row.label, key)
}

func (d *draft) buildSeat(s *draftSection, row *draftRow, i int, category section.CategoryID) Seat {
	seat := &row.seats[i]
	id := seat.id
	if id == "" {
		id = seatID(s.id, row.label, seat.label)
	}
	if seat.label == "" && seat.id == "" {
		d.defect(row.seatPath(i), "seat without a label")
	}
	return Seat{
		ID: id, Label: seat.label, X: seat.x, Y: seat.y, Category: category,
		Accessible: seat.accessible || d.accessibleCategory(category), BreakBefore: seat.breakBefore && i > 0,
	}
}

func (d *draft) accessibleCategory(id section.CategoryID) bool {
	return int(id) < len(d.categories) && d.categories[id].accessible
}

func (row *draftRow) seatPath(i int) string {
	if row.listed {
		return row.path + "/seats/" + decimal(i)
	}
	return row.path
}

// checkSeatIDs guards P1: one id, one seat, however it is spelled. v's sections are still parallel to the draft's.
func (d *draft) checkSeatIDs(v *Venue) {
	seen := make(map[string]struct{}, d.seats)
	repeated := map[string]bool{}
	var order []string
	for i := range v.Sections {
		for j := range v.Sections[i].Rows {
			for k := range v.Sections[i].Rows[j].Seats {
				id := labels.Skeleton(v.Sections[i].Rows[j].Seats[k].ID)
				if _, twice := seen[id]; twice && !repeated[id] && !d.explained[id] && id != "" {
					repeated[id] = true
					order = append(order, id)
				}
				seen[id] = struct{}{}
			}
		}
	}
	if len(order) > 0 {
		d.nameClashes(v, repeated, order)
	}
}

// nameClashes looks up where the repeated ids stand; only a refused plan pays for that.
func (d *draft) nameClashes(v *Venue, repeated map[string]bool, order []string) {
	places := make(map[string]*planreader.Clash, len(repeated))
	for i := range v.Sections {
		for j := range v.Sections[i].Rows {
			for k := range v.Sections[i].Rows[j].Seats {
				id := labels.Skeleton(v.Sections[i].Rows[j].Seats[k].ID)
				if !repeated[id] {
					continue
				}
				c := places[id]
				if c == nil {
					c = &planreader.Clash{}
					places[id] = c
				}
				c.NoteAs(v.Sections[i].Rows[j].Seats[k].ID, d.sections[i].rows[j].seatPath(k))
			}
		}
	}
	for _, id := range order {
		d.defect(places[id].Place(), "seat id %s", places[id])
	}
}

// checkSplitIDs refuses a plan whose own section label is what a split made.
func (d *draft) checkSplitIDs(v *Venue) {
	taken := make(map[string]bool, len(v.Sections))
	for i := range v.Sections {
		s := &v.Sections[i]
		if taken[labels.Skeleton(s.ID)] && (s.SplitOf != "" || len(v.Sections) != len(d.sections)) && s.ID != "" {
			d.defect("", "section label %q is also the name of a part of a section above %d seats", s.ID,
				SectionSeatsMax)
		}
		taken[labels.Skeleton(s.ID)] = true
	}
}

// plainColor is "#rrggbb" or nothing: a colour ends in pages' style sheets, where a plan's free text has no business.
func plainColor(color string) string {
	digits, ok := strings.CutPrefix(strings.ToLower(color), "#")
	if !ok || strings.Trim(digits, "0123456789abcdef") != "" {
		return ""
	}
	switch len(digits) {
	case 3:
		return "#" + strings.Repeat(digits[:1], 2) + strings.Repeat(digits[1:2], 2) + strings.Repeat(digits[2:], 2)
	case 6:
		return "#" + digits
	}
	return ""
}
