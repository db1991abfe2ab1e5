package venue

// splitSections cuts sections above SectionSeatsMax into nearly equal parts, between rows; an over-long general area is
// cut by capacity. One writer then never has more than SectionSeatsMax seats, whatever the plan calls a section.
func splitSections(sections []Section) []Section {
	result := make([]Section, 0, len(sections))
	for i := range sections {
		if sections[i].SeatCount() <= SectionSeatsMax {
			result = append(result, sections[i])
			continue
		}
		result = append(result, splitSection(&sections[i])...)
	}
	return result
}

func splitSection(s *Section) []Section {
	rows := s.Rows
	if s.General {
		rows = cutRows(rows)
	}
	groups := groupRows(rows, s.SeatCount())
	parts := make([]Section, len(groups))
	for i, group := range groups {
		parts[i] = Section{
			ID: s.ID + "." + decimal(i+1), SplitOf: s.ID, General: s.General, FocalPoint: s.FocalPoint, Rows: group,
			Name: s.Name + partSuffix(i+1, len(groups)),
		}
	}
	return parts
}

// groupRows fills parts row by row up to an even share, and never above SectionSeatsMax.
func groupRows(rows []Row, seats int) [][]Row {
	parts := (seats + SectionSeatsMax - 1) / SectionSeatsMax
	share := (seats + parts - 1) / parts
	var groups [][]Row
	start, filled := 0, 0
	for i := range rows {
		size := len(rows[i].Seats)
		over := filled+size > SectionSeatsMax
		// Past an even share the row goes where it overshoots less.
		uneven := filled+size > share && filled+size-share > share-filled
		if i > start && (over || uneven) {
			groups = append(groups, rows[start:i:i])
			start, filled = i, 0
		}
		filled += size
	}
	return append(groups, rows[start:])
}

// cutRows cuts general rows into pieces of at most SectionSeatsMax places, of nearly equal size.
func cutRows(rows []Row) []Row {
	var pieces []Row
	for _, row := range rows {
		parts := max(1, (len(row.Seats)+SectionSeatsMax-1)/SectionSeatsMax)
		for i := range parts {
			from, to := len(row.Seats)*i/parts, len(row.Seats)*(i+1)/parts
			pieces = append(pieces, Row{Label: row.Label, Seats: row.Seats[from:to:to]})
		}
	}
	return pieces
}

// partSuffix tells a part in a section's name.
func partSuffix(part, parts int) string {
	return partOf + decimal(part) + " of " + decimal(parts) + ")"
}

const partOf = " (part "
