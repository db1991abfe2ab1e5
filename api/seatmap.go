package api

import (
	"encoding/json"

	"holdfast/actors/venue"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Bounds of what is kept of documents that never change.
const (
	stillsMax      = 64
	stillsBytesMax = 64 << 20
)

func (h *catalog) getSeatmap(r *request) error {
	id, err := r.event()
	if err != nil {
		return err
	}
	doc, err := h.seatmaps.get(id, func() (*still, error) { return h.buildSeatmap(id) })
	if err != nil {
		return err
	}
	doc.send(r.ctx, jsonType, longCache)
	return nil
}

func (h *catalog) buildSeatmap(id storage.EventID) (*still, error) {
	ctx, cancel := deadline(h.timeout)
	defer cancel()
	plan, err := h.engine.Venue(ctx, id)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(seatmapAnswer(plan))
	if err != nil {
		return nil, err
	}
	return newStill(body)
}

func seatmapAnswer(plan *venue.Venue) *wire.Seatmap {
	answer := &wire.Seatmap{Name: plan.Name, FocalPoint: (*wire.Point)(plan.Focus()),
		Categories: []wire.Category{}, Sections: []wire.SeatmapSection{}}
	for _, c := range plan.Categories {
		answer.Categories = append(answer.Categories, wire.Category(c))
	}
	for i := range plan.Sections {
		answer.Sections = append(answer.Sections, sectionAnswer(plan, &plan.Sections[i]))
	}
	return answer
}

func sectionAnswer(plan *venue.Venue, s *venue.Section) wire.SeatmapSection {
	answer := wire.SeatmapSection{ID: s.ID, Name: s.PlanName(), PartOf: s.SplitOf, General: s.General, Rows: []wire.SeatmapRow{}}
	for _, row := range s.Rows {
		seats := make([]wire.SeatmapSeat, len(row.Seats))
		for i, seat := range row.Seats {
			seats[i] = wire.SeatmapSeat{ID: seat.ID, Label: seat.Label, X: seat.X, Y: seat.Y,
				Category: plan.Categories[seat.Category].Label, Accessible: seat.Accessible}
		}
		answer.Rows = append(answer.Rows, wire.SeatmapRow{Label: row.Label, Seats: seats})
	}
	return answer
}
