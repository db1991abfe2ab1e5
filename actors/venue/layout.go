package venue

import (
	"cmp"
	"math"
	"slices"

	"holdfast/actors/section"
)

// Layout is what the core needs of section i. Seat indexes follow rows, then seats, exactly as Sections[i] lists them; the same venue
// always gives the same Layout, which a section's log relies on for its whole life.
//
// Quality is a rank from 0, without gaps: nearer the section's focal point (else the venue's, else the front and middle of the
// venue) is smaller; equal distances keep seat order.
func (v *Venue) Layout(i int) *section.Layout {
	s := &v.Sections[i]
	count := s.SeatCount()
	layout := &section.Layout{General: s.General, Rows: make([]section.RowSpec, len(s.Rows)), Seats: make([]section.SeatSpec, 0, count)}
	distance := make([]float64, 0, count)
	eye := v.eye(s)
	for r := range s.Rows {
		row := &s.Rows[r]
		layout.Rows[r] = section.RowSpec{First: section.SeatIndex(len(layout.Seats)), Count: uint32(len(row.Seats)), Breaks: row.breaks()}
		for k := range row.Seats {
			seat := &row.Seats[k]
			layout.Seats = append(layout.Seats, section.SeatSpec{Category: seat.Category, Accessible: seat.Accessible})
			distance = append(distance, math.Hypot(seat.X-eye.X, seat.Y-eye.Y))
		}
	}
	layout.Quality = ranks(distance, s.General)
	return layout
}

// breaks lists the offsets before which an aisle stands.
func (row *Row) breaks() []uint32 {
	var offsets []uint32
	for k := 1; k < len(row.Seats); k++ {
		if row.Seats[k].BreakBefore {
			offsets = append(offsets, uint32(k))
		}
	}
	return offsets
}

// ranks orders by distance; general places are all alike and keep their numbers' order.
func ranks(distance []float64, general bool) []uint32 {
	order := make([]uint32, len(distance))
	for i := range order {
		order[i] = uint32(i)
	}
	if !general {
		slices.SortStableFunc(order, func(a, b uint32) int { return cmp.Compare(distance[a], distance[b]) })
	}
	rank := make([]uint32, len(distance))
	for place, seat := range order {
		rank[seat] = uint32(place)
	}
	return rank
}

// eye is the point that a section's seats are ranked by.
func (v *Venue) eye(s *Section) Point {
	switch {
	case s.FocalPoint != nil:
		return *s.FocalPoint
	case v.FocalPoint != nil:
		return *v.FocalPoint
	}
	return v.front()
}

// front is the middle of the venue's front edge (the smallest y).
func (v *Venue) front() Point {
	left, right, top := math.Inf(1), math.Inf(-1), math.Inf(1)
	for i := range v.Sections {
		for r := range v.Sections[i].Rows {
			for k := range v.Sections[i].Rows[r].Seats {
				seat := &v.Sections[i].Rows[r].Seats[k]
				left, right, top = min(left, seat.X), max(right, seat.X), min(top, seat.Y)
			}
		}
	}
	return Point{(left + right) / 2, top}
}

// BestFirst lists section indexes by how near their nearest seat is to what they look at; ties keep plan order. Best-available
// over the whole venue tries sections in this order.
func (v *Venue) BestFirst() []int {
	nearest := make([]float64, len(v.Sections))
	order := make([]int, len(v.Sections))
	front := v.front()
	for i := range v.Sections {
		order[i] = i
		s := &v.Sections[i]
		eye := front
		if v.FocalPoint != nil || s.FocalPoint != nil {
			eye = v.eye(s)
		}
		nearest[i] = math.Inf(1)
		for r := range s.Rows {
			for k := range s.Rows[r].Seats {
				nearest[i] = min(nearest[i], math.Hypot(s.Rows[r].Seats[k].X-eye.X, s.Rows[r].Seats[k].Y-eye.Y))
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(nearest[a], nearest[b]) })
	return order
}
