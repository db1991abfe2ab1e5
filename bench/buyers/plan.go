package buyers

import (
	"errors"
	"fmt"

	"holdfast/api/wire"
	"holdfast/bench/check/history"
)

// Plan is a venue as its seat map tells it. Events of one venue share it.
type Plan struct {
	Sections []Section
	Seats    int
	places   map[string]SeatRef
}

// Section is a block of seats. A booking is of one section.
type Section struct {
	ID    string
	Rows  []Row // of seats that are neighbours; places of general admission are one row
	Seats uint32

	ids     []byte
	offsets []uint32 // seat i's id is ids[offsets[i]:offsets[i+1]]
}

// Row is an ordered run of seats, by index into the section.
type Row struct{ First, Count uint32 }

// SeatRef is a seat's section and its index there.
type SeatRef struct{ Section, Seat uint32 }

// NewPlan reads a seat map.
func NewPlan(m *wire.Seatmap) (*Plan, error) {
	p := &Plan{places: map[string]SeatRef{}}
	for i := range m.Sections {
		from := &m.Sections[i]
		s := Section{ID: from.ID, offsets: []uint32{0}}
		for _, row := range from.Rows {
			s.Rows = append(s.Rows, Row{First: s.Seats, Count: uint32(len(row.Seats))})
			for _, seat := range row.Seats {
				if _, twice := p.places[seat.ID]; twice {
					return nil, fmt.Errorf("buyers: the seat map has seat %q twice", seat.ID)
				}
				p.places[seat.ID] = SeatRef{uint32(i), s.Seats}
				s.ids = append(s.ids, seat.ID...)
				s.offsets = append(s.offsets, uint32(len(s.ids)))
				s.Seats++
			}
		}
		p.Seats += int(s.Seats)
		p.Sections = append(p.Sections, s)
	}
	if p.Seats == 0 {
		return nil, errors.New("buyers: the seat map has no seats")
	}
	return p, nil
}

// SeatID is the id of a section's seat.
func (s *Section) SeatID(seat uint32) []byte { return s.ids[s.offsets[seat]:s.offsets[seat+1]] }

// Find is where a seat is.
func (p *Plan) Find(id []byte) (SeatRef, bool) {
	place, ok := p.places[string(id)]
	return place, ok
}

// SectionNo finds a section by its id; of few sections a look along them is as quick as a map.
func (p *Plan) SectionNo(id string) (uint32, bool) {
	for i := range p.Sections {
		if p.Sections[i].ID == id {
			return uint32(i), true
		}
	}
	return 0, false
}

// Sizes are the sections as a history's header has them.
func (p *Plan) Sizes() (sizes []history.Section) {
	for i := range p.Sections {
		sizes = append(sizes, history.Section{ID: p.Sections[i].ID, Seats: int(p.Sections[i].Seats)})
	}
	return sizes
}

// Event is an event that is on sale.
type Event struct {
	ID   string
	Plan *Plan
}
