package venue

import (
	"holdfast/actors/venue/planreader"
)

// draft is a plan as read: labels as they stand, nothing trusted. Only build makes a Venue of it.
type draft struct {
	reader     *planreader.Reader
	name       string
	categories []draftCategory
	// openCategories: the plan declares none, so those that seats name are the categories.
	openCategories bool
	focal          *Point
	front          *Front
	given          *Front      // what somebody has said at the import
	storeys        bool        // several floors are drawn, and each section looks at its floor's front
	stages         []stageText // texts of the drawing that name the stage
	sections       []draftSection
	seats          int
	names          map[string]string // interned category references: 200,000 seats share a handful
	explained      map[string]bool   // seat ids whose clash is already listed for a deeper reason
}

type draftCategory struct {
	Category
	key        string // how seats refer to it; the label where a plan has no keys
	accessible bool
	path       string
}

type draftSection struct {
	path    string
	id      string
	name    string
	stand   string // row list: the stand around it
	zoneID  string // pretix: the way out when two zones share a name
	general bool
	placed  bool // coordinates are the plan's own
	focal   *Point
	rows    []draftRow
	empty   string // why a section without rows is all right to drop; "" means it is a defect
}

type draftRow struct {
	path   string
	label  string
	listed bool // seats are JSON values of their own under path/seats
	// asListed: the list says who is whose neighbour, whatever the coordinates (round tables; rows whose plan names the
	// aisles).
	asListed bool
	noted    bool   // a defect in it is listed already: an empty row is no news then
	section  string // seats.io: the section a row claims without standing in one
	seats    []draftSeat
}

type draftSeat struct {
	label       string
	id          string // overrides <section>-<row>-<seat>
	guid        string
	category    string // key or label of a draftCategory; "" is none
	x, y        float64
	accessible  bool
	breakBefore bool
	unplaced    bool // the plan gives no place, which is not the place (0, 0)
}

func (d *draft) defect(path, format string, args ...any) { d.reader.Defects.Add(path, format, args...) }

// intern keeps one copy of a name that many seats carry.
func (d *draft) intern(name string) string {
	if kept, ok := d.names[name]; ok {
		return kept
	}
	d.names[name] = name
	return name
}

// room takes n seats from the plan's allowance; without enough left the reading stops.
func (d *draft) room(n int, path string) bool {
	if n > SeatsMax-d.seats {
		d.reader.Stop(path, "more than %d seats in one plan", SeatsMax)
		return false
	}
	d.seats += n
	return true
}

// addSection keeps a section, up to SectionsMax.
func (d *draft) addSection(s draftSection) {
	if len(d.sections) >= SectionsMax {
		d.reader.Stop(s.path, "more than %d sections in one plan", SectionsMax)
		return
	}
	d.sections = append(d.sections, s)
}

// generalRow is the label of the one row of a general-admission area.
const generalRow = "GA"

// generalSeats makes the numbered places of an area, in a grid inside the box.
func generalSeats(count int, category string, accessible bool, area box) []draftSeat {
	seats := make([]draftSeat, count)
	for i := range seats {
		at := area.place(i, count)
		seats[i] = draftSeat{label: decimal(i + 1), category: category, accessible: accessible, x: at.X, y: at.Y}
	}
	return seats
}
