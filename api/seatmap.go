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

// stills keeps a bounded number of documents, each built once however many ask for it at the same time. Megabytes each
// for a stadium's seat map: the bound is on what they weigh together, and one that is over it alone is kept alone.
type stills[K comparable] struct {
	countMax, bytesMax int

	mu    sync.Mutex
	slots map[K]*stillSlot
	bytes int
}

type stillSlot struct {
	once  sync.Once
	doc   *still
	err   error
	bytes int // counted in stills.bytes; 0 until it is built
}

// get gives the document, building it if need be. A failure is told to everybody who waits for it, and forgotten.
func (m *stills[K]) get(key K, build func() (*still, error)) (*still, error) {
	slot := m.slot(key)
	slot.once.Do(func() {
		slot.doc, slot.err = build()
		m.built(key, slot)
	})
	return slot.doc, slot.err
}

func (m *stills[K]) slot(key K) *stillSlot {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slot := m.slots[key]; slot != nil {
		return slot
	}
	if m.slots == nil {
		m.slots = map[K]*stillSlot{}
	}
	slot := &stillSlot{}
	m.makeRoom(m.countMax-1, m.bytesMax)
	m.slots[key] = slot
	return slot
}

// built weighs a document that has just been built.
func (m *stills[K]) built(key K, slot *stillSlot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.slots[key] != slot {
		return // forgotten meanwhile
	}
	delete(m.slots, key)
	if slot.err != nil {
		return // the next one tries again
	}
	slot.bytes = len(slot.doc.plain.body) + len(slot.doc.packed.body)
	m.makeRoom(m.countMax-1, m.bytesMax-slot.bytes)
	m.slots[key] = slot
	m.bytes += slot.bytes
}

// makeRoom forgets documents; Go's map order makes the victims random, which no caller can aim. mu is held.
func (m *stills[K]) makeRoom(count, bytes int) {
	for victim, slot := range m.slots {
		if len(m.slots) <= count && m.bytes <= bytes {
			return
		}
		m.bytes -= slot.bytes
		delete(m.slots, victim)
	}
}

// Bounds of what is kept of documents that never change.
const (
	stillsMax      = 64
	stillsBytesMax = 64 << 20
)

func (s *Server) getSeatmap(r *request) error {
	id, err := r.event()
	if err != nil {
		return err
	}
	doc, err := s.seatmaps.get(id, func() (*still, error) { return s.buildSeatmap(id) })
	if err != nil {
		return err
	}
	return r.sendStill(doc, jsonType, longCache)
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
