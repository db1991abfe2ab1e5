package venue

import (
	"strings"

	"holdfast/actors/section"
	"holdfast/actors/venue/labels"
	"holdfast/actors/venue/planreader"
)

// Point is a place on the drawing.
type Point = planreader.Point

// Category is a price category. Its index in Venue.Categories is its section.CategoryID.
type Category struct {
	Label string `json:"label"`
	Color string `json:"color,omitempty"` // "#rrggbb" in small letters, or empty
}

// Venue is a checked plan: every seat id is unique, no row is empty, every category exists. Only Parse and Decode make
// one.
type Venue struct {
	Name       string     `json:"name"`
	Categories []Category `json:"categories"`
	FocalPoint *Point     `json:"focal_point,omitempty"` // where people look
	Front      *Front     `json:"front,omitempty"`       // where they look without a focal point; nil: assumed to be the top edge
	Sections   []Section  `json:"sections"`
}

// Section is the unit of sharding: one writer. A plan's section above SectionSeatsMax seats becomes several, split
// between rows, with SplitOf naming the plan's own section; seat ids keep the plan's section label.
type Section struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	SplitOf    string `json:"split_of,omitempty"`
	General    bool   `json:"general,omitempty"`
	FocalPoint *Point `json:"focal_point,omitempty"` // overrides the venue's (a zone's own)
	Rows       []Row  `json:"rows"`
}

// Row is an ordered run of neighbours.
type Row struct {
	Label string `json:"label"`
	Seats []Seat `json:"seats"`
}

// Seat is one place. ID is unique in the event: <section>-<row>-<seat>.
type Seat struct {
	ID          string             `json:"id"`
	Label       string             `json:"label"`
	X           float64            `json:"x"`
	Y           float64            `json:"y"`
	Category    section.CategoryID `json:"category"`
	Accessible  bool               `json:"accessible,omitempty"`
	BreakBefore bool               `json:"break_before,omitempty"` // an aisle or gap stands before this seat
}

// SectionSeatsMax is the size above which a plan's section is split for sharding: a booking is of one section, so a cut
// is felt. At this size a hold and a search cost what they cost at a quarter of it; a snapshot of a section that is
// sold out is some 2 MB.
const SectionSeatsMax = 20_000

// RowSeatsMax is the most seats of one row.
const RowSeatsMax = 5000

// PlanName is what the plan calls the section, or the section that it is a part of.
func (s *Section) PlanName() string {
	if at := strings.LastIndex(s.Name, partOf); at >= 0 && s.SplitOf != "" {
		return s.Name[:at]
	}
	return s.Name
}

// PlanID is the section's label in the plan, which seat ids carry: that of the whole where it is a part.
func (s *Section) PlanID() string {
	if s.SplitOf != "" {
		return s.SplitOf
	}
	return s.ID
}

// SeatCount is the number of seats and general places in the whole venue.
func (v *Venue) SeatCount() int {
	count := 0
	for i := range v.Sections {
		count += v.Sections[i].SeatCount()
	}
	return count
}

// SeatCount is the number of seats and general places in the section.
func (s *Section) SeatCount() int {
	count := 0
	for i := range s.Rows {
		count += len(s.Rows[i].Seats)
	}
	return count
}

func seatID(sectionLabel, row, seat string) string { return sectionLabel + "-" + row + "-" + seat }

// What is wrong with a plan.
type (
	// Defect is one thing that is wrong with a plan.
	Defect = planreader.Defect
	// DefectsError is why a plan is refused, with all of its defects.
	DefectsError = planreader.DefectsError
)

// DefectsMax is how many defects are listed; more are counted.
const DefectsMax = planreader.DefectsMax

// Bounds of labels and names, in characters.
const (
	LabelCharactersMax = labels.LabelCharactersMax
	NameCharactersMax  = labels.NameCharactersMax
)

// Names holds values by names that people cannot tell apart.
type Names[V any] = labels.Names[V]

// CheckLabel says what is wrong with a label; empty: nothing.
func CheckLabel(label string) (problem string) { return labels.CheckLabel(label) }

// CheckName says what is wrong with a name of so many characters at most; empty: nothing.
func CheckName(name string, charactersMax int) (problem string) {
	return labels.CheckName(name, charactersMax)
}

// Composed is a text in NFC, in which labels are kept and looked up.
func Composed(text string) string { return labels.Composed(text) }

// Skeleton is what people see of a name: names that look alike have the same.
func Skeleton(name string) string { return labels.Skeleton(name) }

// Spelled is a name with its characters, as a defect tells of names that look alike.
func Spelled(name string) string { return planreader.Spelled(name) }
