package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"

	"holdfast/actors/venue"
	"holdfast/api/wire"
	"holdfast/storage"
)

// still is a document that never changes, in both variants.
type still struct {
	plain, packed document
}

func newStill(body []byte) (*still, error) {
	packed, err := gzipped(body, gzipWell)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:12])
	return &still{
		plain:  document{etag: []byte(`"` + tag + `"`), body: body},
		packed: document{etag: []byte(`"` + tag + `-gzip"`), body: packed},
	}, nil
}

func (r *request) sendStill(d *still, contentType string, cache []byte) error {
	if r.wantsGzip() {
		return r.sendDocument(&d.packed, true, contentType, cache)
	}
	return r.sendDocument(&d.plain, false, contentType, cache)
}

// seatmaps keeps a bounded number of encoded seat maps: megabytes each for a stadium.
type seatmaps struct {
	mu      sync.Mutex
	byEvent map[storage.EventID]*seatmapSlot
}

type seatmapSlot struct {
	once sync.Once
	doc  *still
	err  error
}

const seatmapsMax = 64

// slot finds an event's place, forgetting any other when full.
func (m *seatmaps) slot(id storage.EventID) *seatmapSlot {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slot := m.byEvent[id]; slot != nil {
		return slot
	}
	for victim := range m.byEvent {
		if len(m.byEvent) < seatmapsMax {
			break
		}
		delete(m.byEvent, victim)
	}
	if m.byEvent == nil {
		m.byEvent = map[storage.EventID]*seatmapSlot{}
	}
	slot := &seatmapSlot{}
	m.byEvent[id] = slot
	return slot
}

func (m *seatmaps) drop(id storage.EventID, slot *seatmapSlot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byEvent[id] == slot {
		delete(m.byEvent, id)
	}
}

func (s *Server) getSeatmap(r *request) error {
	id, err := r.event()
	if err != nil {
		return err
	}
	slot := s.seatmaps.slot(id)
	slot.once.Do(func() { slot.doc, slot.err = s.buildSeatmap(id) })
	if slot.err != nil {
		s.seatmaps.drop(id, slot) // the next one tries again
		return slot.err
	}
	return r.sendStill(slot.doc, jsonType, longCache)
}

func (s *Server) buildSeatmap(id storage.EventID) (*still, error) {
	ctx, cancel := s.deadline()
	defer cancel()
	plan, err := s.engine.Venue(ctx, id)
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
