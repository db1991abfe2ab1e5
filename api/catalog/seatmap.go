package catalog

import (
	"encoding/json"

	"holdfast/actors/venue"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/wire"
	"holdfast/storage"
)

// Bounds of what is kept of documents that never change.
const (
	stillsMax      = 64
	stillsBytesMax = 64 << 20
)

// Seatmap shows where an event's seats are.
func (h *Handlers) Seatmap(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	doc, err := h.seatmaps.Get(id, func() (*document.Still, error) { return h.buildSeatmap(id) })
	if err != nil {
		return err
	}
	doc.Send(r.Ctx, document.JSON, document.LongCache)
	return nil
}

func (h *Handlers) buildSeatmap(id storage.EventID) (*document.Still, error) {
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	plan, err := h.engine.Venue(ctx, id)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(seatmapAnswer(plan))
	if err != nil {
		return nil, err
	}
	return document.New(body)
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
	answer := wire.SeatmapSection{ID: s.ID, Name: s.PlanName(), PartOf: s.SplitOf, General: s.General,
		Rows: []wire.SeatmapRow{}}
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
