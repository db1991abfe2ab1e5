package venue

import (
	"fmt"
	"math"

	"holdfast/actors/venue/planreader"
)

// check says what keeps v from being a venue; "" is nothing. It repeats build's promises over the finished value, so
// that a stored venue is trusted no more than a posted plan.
func (v *Venue) check() string {
	seats := v.SeatCount()
	switch {
	case seats == 0 || seats > SeatsMax:
		return fmt.Sprintf("%d seats", seats)
	case len(v.Categories) == 0 || len(v.Categories) > categoriesMax:
		return fmt.Sprintf("%d categories", len(v.Categories))
	case !finite(v.FocalPoint):
		return "focal point out of bounds"
	case v.Front.problem() != "":
		return v.Front.problem()
	}
	for _, category := range v.Categories {
		if category.Color != plainColor(category.Color) {
			return fmt.Sprintf("category %q: colour %q", category.Label, category.Color)
		}
	}
	ids := make(map[string]struct{}, seats)
	sections := make(map[string]struct{}, len(v.Sections))
	for i := range v.Sections {
		s := &v.Sections[i]
		if _, twice := sections[s.ID]; twice || s.ID == "" {
			return fmt.Sprintf("section %q is there twice or has no id", s.ID)
		}
		sections[s.ID] = struct{}{}
		if problem := v.checkSection(s, ids); problem != "" {
			return problem
		}
	}
	return ""
}

func (v *Venue) checkSection(s *Section, ids map[string]struct{}) string {
	switch count := s.SeatCount(); {
	case count == 0 || count > SectionSeatsMax:
		return fmt.Sprintf("section %q has %d seats", s.ID, count)
	case !finite(s.FocalPoint):
		return fmt.Sprintf("section %q: focal point out of bounds", s.ID)
	}
	for r := range s.Rows {
		row := &s.Rows[r]
		if len(row.Seats) == 0 {
			return fmt.Sprintf("section %q: row %q is empty", s.ID, row.Label)
		}
		for k := range row.Seats {
			if problem := v.checkSeat(&row.Seats[k], k, ids); problem != "" {
				return fmt.Sprintf("section %q, row %q: %s", s.ID, row.Label, problem)
			}
		}
	}
	return ""
}

func (v *Venue) checkSeat(seat *Seat, offset int, ids map[string]struct{}) string {
	if _, twice := ids[seat.ID]; twice || seat.ID == "" {
		return fmt.Sprintf("seat id %q is there twice or empty", seat.ID)
	}
	ids[seat.ID] = struct{}{}
	switch {
	case int(seat.Category) >= len(v.Categories):
		return fmt.Sprintf("seat %q: category %d unknown", seat.ID, seat.Category)
	case !finite(&Point{X: seat.X, Y: seat.Y}):
		return fmt.Sprintf("seat %q: coordinates out of bounds", seat.ID)
	case seat.BreakBefore && offset == 0:
		return fmt.Sprintf("seat %q: a break before the row's first seat", seat.ID)
	}
	return ""
}

// finite allows a margin over coordinateMax: positions are sums of up to three bounded numbers.
func finite(p *Point) bool {
	return p == nil || math.Abs(p.X) <= 8*planreader.CoordinateMax && math.Abs(p.Y) <= 8*planreader.CoordinateMax
}
