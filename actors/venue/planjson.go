package venue

import (
	"encoding/json"
	"math"
	"strings"
)

// The compact plan as it is written (compact.go reads it, with more freedom).
type (
	planFile struct {
		Name       string        `json:"name,omitempty"`
		Categories []Category    `json:"categories"`
		FocalPoint *Point        `json:"focal_point,omitempty"`
		Sections   []planSection `json:"sections"`
	}
	planSection struct {
		ID         string    `json:"id"`
		Name       string    `json:"name,omitempty"`
		FocalPoint *Point    `json:"focal_point,omitempty"`
		General    int       `json:"general,omitempty"`
		Category   string    `json:"category,omitempty"`
		Accessible bool      `json:"accessible,omitempty"`
		Box        []float64 `json:"box,omitempty"`
		Rows       []planRow `json:"rows,omitempty"`
	}
	planRow struct {
		Label      string   `json:"label"`
		Seats      any      `json:"seats"` // a number, or labels
		IDs        []string `json:"ids,omitempty"`
		Category   any      `json:"category"` // one label, or one a seat
		Accessible any      `json:"accessible,omitempty"`
		Breaks     []string `json:"breaks"` // always there: the list's neighbours are the venue's
		X          any      `json:"x"`
		Y          any      `json:"y"`
	}
)

// PlanJSON is v as a compact plan: Parse of it gives the same sections, rows, seats, ids and marks. Parts of a split
// section are written as the one section they were. The places of a general area keep their ids, and their spots only
// roughly; a front becomes the focal point that it stands for.
func (v *Venue) PlanJSON() []byte {
	file := planFile{Name: v.Name, Categories: v.Categories, FocalPoint: v.Focus()}
	for i := 0; i < len(v.Sections); {
		first, whole := i, v.Sections[i]
		i++
		for whole.SplitOf != "" && i < len(v.Sections) && v.Sections[i].SplitOf == whole.SplitOf {
			whole.Rows = append(whole.Rows[:len(whole.Rows):len(whole.Rows)], v.Sections[i].Rows...)
			i++
		}
		if whole.SplitOf != "" {
			whole.ID, whole.Name = whole.SplitOf, strings.TrimSuffix(whole.Name, partSuffix(1, i-first))
		}
		file.Sections = append(file.Sections, v.planSection(&whole))
	}
	raw, err := json.Marshal(file)
	if err != nil {
		panic("venue: a checked venue must have a JSON form: " + err.Error()) // finite numbers and strings only
	}
	return raw
}

func (v *Venue) planSection(s *Section) planSection {
	written := planSection{ID: s.ID, FocalPoint: s.FocalPoint}
	if s.Name != s.ID {
		written.Name = s.Name
	}
	if s.General {
		v.planGeneral(s, &written)
		return written
	}
	for i := range s.Rows {
		written.Rows = append(written.Rows, v.planRow(s.ID, &s.Rows[i]))
	}
	return written
}

func (v *Venue) planGeneral(s *Section, written *planSection) {
	first := s.Rows[0].Seats[0]
	written.General, written.Category, written.Accessible = s.SeatCount(), v.Categories[first.Category].Label,
		first.Accessible
	left, right, top, bottom := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for i := range s.Rows {
		for k := range s.Rows[i].Seats {
			seat := &s.Rows[i].Seats[k]
			left, right, top, bottom = min(left, seat.X), max(right, seat.X), min(top, seat.Y), max(bottom, seat.Y)
		}
	}
	written.Box = []float64{left, top, right - left, bottom - top}
}

func (v *Venue) planRow(sectionID string, row *Row) planRow {
	var labels, categories, accessible, ids []string
	breaks := []string{}
	var x, y []float64
	counted, ownIDs := true, false
	for k := range row.Seats {
		seat := &row.Seats[k]
		labels, ids = append(labels, seat.Label), append(ids, seat.ID)
		categories = append(categories, v.Categories[seat.Category].Label)
		x, y = append(x, seat.X), append(y, seat.Y)
		counted = counted && seat.Label == decimal(k+1)
		ownIDs = ownIDs || seat.ID != seatID(sectionID, row.Label, seat.Label)
		if seat.Accessible {
			accessible = append(accessible, seat.Label)
		}
		if seat.BreakBefore {
			breaks = append(breaks, seat.Label)
		}
	}
	written := planRow{Label: row.Label, Seats: labels, Breaks: breaks, Category: single(categories), X: x,
		Y: single(y)}
	if counted {
		written.Seats = len(labels)
	}
	if ownIDs {
		written.IDs = ids
	}
	switch len(accessible) {
	case 0:
	case len(row.Seats):
		written.Accessible = true
	default:
		written.Accessible = accessible
	}
	return written
}

// single writes a list of equal values as the value.
func single[T comparable](values []T) any {
	for _, value := range values {
		if value != values[0] {
			return values
		}
	}
	return values[0]
}
