package venue

import (
	"cmp"
	"math"
	"slices"

	"holdfast/actors/section"
)

// Layout is what the core needs of section i. Seat indexes follow rows, then seats, exactly as Sections[i] lists them;
// the same venue always gives the same Layout, which a section's log relies on for its whole life.
//
// Quality is a rank from 0, without gaps: nearer the section's focal point (else the venue's, else the front and middle
// of the venue, see Front) is smaller; equal distances keep seat order.
func (v *Venue) Layout(i int) *section.Layout {
	s := &v.Sections[i]
	count := s.SeatCount()
	layout := &section.Layout{General: s.General, Rows: make([]section.RowSpec, len(s.Rows)),
		Seats: make([]section.SeatSpec, 0, count)}
	distance := make([]float64, 0, count)
	eye := v.eye(s)
	for r := range s.Rows {
		row := &s.Rows[r]
		layout.Rows[r] = section.RowSpec{First: section.SeatIndex(len(layout.Seats)), Count: uint32(len(row.Seats)),
			Breaks: row.breaks()}
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

// front is where people look when no focal point says so: the given front, or the middle of the top edge.
func (v *Venue) front() Point {
	front := v.Front
	if front == nil {
		front = &Front{Side: Top}
	}
	if front.Side == "" {
		return front.Point
	}
	return front.at(v.bounds())
}

// bounds is the smallest box around all seats.
func (v *Venue) bounds() box {
	low, high := Point{X: math.Inf(1), Y: math.Inf(1)}, Point{X: math.Inf(-1), Y: math.Inf(-1)}
	for i := range v.Sections {
		v.Sections[i].extend(&low, &high)
	}
	return box{low.X, low.Y, high.X - low.X, high.Y - low.Y}
}

func (s *Section) extend(low, high *Point) {
	for r := range s.Rows {
		for k := range s.Rows[r].Seats {
			seat := &s.Rows[r].Seats[k]
			low.X, low.Y = min(low.X, seat.X), min(low.Y, seat.Y)
			high.X, high.Y = max(high.X, seat.X), max(high.Y, seat.Y)
		}
	}
}

// BestFirst lists section indexes in the order in which best-available tries them: by how near their nearest seat is to
// what they look at. Sections whose nearest seats are as near as one another, by less than half a seat's breadth, keep
// plan order, and so do those that the plan gives no coordinates: we drew them, each with a front of its own, and which
// block is better is not ours to invent. They come last.
func (v *Venue) BestFirst() []int {
	nearest := make([]float64, len(v.Sections))
	order := make([]int, len(v.Sections))
	front := v.front()
	drawn := v.drawnHere()
	for i := range v.Sections {
		order[i] = i
		s := &v.Sections[i]
		eye := front
		if v.FocalPoint != nil || s.FocalPoint != nil {
			eye = v.eye(s)
		}
		nearest[i] = math.Inf(1)
		if !drawn[i] {
			nearest[i] = s.nearest(eye)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(nearest[a], nearest[b]) })
	alike := v.grid().size / 2
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && (nearest[order[to]] == nearest[order[from]] ||
			nearest[order[to]]-nearest[order[from]] < alike) {
			to++
		}
		slices.Sort(order[from:to])
		from = to
	}
	return order
}

// nearest is the distance of the section's nearest seat.
func (s *Section) nearest(eye Point) float64 {
	nearest := math.Inf(1)
	for r := range s.Rows {
		for k := range s.Rows[r].Seats {
			nearest = min(nearest, s.Rows[r].Seats[k].at().To(eye))
		}
	}
	return nearest
}

// drawnHere tells which sections have no coordinates of their own: the focal point of the whole section, before it was
// split, is then where arrangeGrid puts it.
func (v *Venue) drawnHere() []bool {
	drawn := make([]bool, len(v.Sections))
	for from := 0; from < len(v.Sections); {
		to := from + 1
		for to < len(v.Sections) && v.Sections[from].SplitOf != "" &&
			v.Sections[to].SplitOf == v.Sections[from].SplitOf {
			to++
		}
		if focus := v.Sections[from].FocalPoint; focus != nil {
			low, high := Point{X: math.Inf(1), Y: math.Inf(1)}, Point{X: math.Inf(-1), Y: math.Inf(-1)}
			for i := from; i < to; i++ {
				v.Sections[i].extend(&low, &high)
			}
			ours := gridFocus(box{low.X, low.Y, high.X - low.X, high.Y - low.Y})
			for i := from; i < to; i++ {
				drawn[i] = ours.To(*focus) < 0.05 // both are rounded to hundredths
			}
		}
		from = to
	}
	return drawn
}
