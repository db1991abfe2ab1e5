package baselines

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/api/wire"
)

// event is one show: what never changes of it, its sale, and the reading of its map that is under way. A service keeps
// such things in memory whatever its database is, so every baseline does.
type event struct {
	number   int32 // in this process; what the stores know it by
	id       id
	name     string // of id, in the API
	about    wire.Event
	ttl      time.Duration
	ceiling  time.Duration
	seatsMax int // of one booking
	sections []section
	rows     []row
	rowOf    []int32 // by seat
	seatIDs  []string
	byID     map[string]int32
	sale     atomic.Pointer[string]
	turn     atomic.Uint32 // which section is tried first for a buyer who does not mind
	live     reading
	seatmap  func() ([]byte, error)
}

// section is seats from first up to end.
type section struct {
	id         string
	first, end int32
	general    bool
}

// row is neighbours from first up to end; of a general section there is one, and its seats have no neighbours.
type row struct {
	label      string
	section    int32
	first, end int32
	category   string
	price      int64
}

// compactPlan is Holdfast's own plan format, as far as loads use it.
type compactPlan struct {
	Name     string           `json:"name,omitempty"`
	Sections []compactSection `json:"sections"`
}

type compactSection struct {
	ID       string       `json:"id"`
	Name     string       `json:"name,omitempty"`
	Category string       `json:"category,omitempty"`
	General  int          `json:"general,omitempty"`
	Rows     []compactRow `json:"rows,omitempty"`
}

type compactRow struct {
	Label    string `json:"label"`
	Seats    int    `json:"seats"`
	Category string `json:"category,omitempty"`
}

const (
	generalRow  = "GA"
	anyCategory = "*"
	seatsMax    = 1_000_000 // of one event
	// The rules of an event that does not tell its own, as Holdfast has them.
	ttlDefault, ceilingDefault, bookingSeatsDefault = 600, 1200, 8
)

// newEvent reads the body of POST /v1/events.
func newEvent(body []byte, now time.Time) (*event, error) {
	var request wire.CreateEvent
	if err := wire.Decode(body, &request); err != nil {
		return nil, err
	}
	if request.Name == nil || request.StartsAt == nil || request.Currency == nil {
		return nil, &wire.FieldError{Field: "name", Reason: "is missing, or starts_at or currency is"}
	}
	var plan compactPlan
	if err := wire.Decode(request.Plan, &plan); err != nil {
		return nil, defective(err.Error() + " (peers read the compact plan only)")
	}
	e := &event{id: newEventID(now), byID: map[string]int32{}}
	e.name = e.id.uuid()
	e.about = wire.Event{ID: e.name, Name: *request.Name, StartsAt: *request.StartsAt,
		CreatedAt: wire.OffsetTime{Time: wire.Time(now.UnixMilli())},
		Currency:  *request.Currency, Prices: wire.Faces(request.Prices), Sections: []wire.Section{}}
	e.rules(&request)
	if err := e.build(&plan); err != nil {
		return nil, err
	}
	e.setSale("closed")
	e.seatmap = sync.OnceValues(e.buildSeatmap)
	return e, nil
}

// newEventID is a UUID of version 7.
func newEventID(now time.Time) (made id) {
	_, _ = rand.Read(made[:]) // never fails: the runtime aborts instead
	for i, ms := 5, now.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		made[i] = byte(ms)
	}
	made[6], made[8] = 0x70|made[6]&0x0f, 0x80|made[8]&0x3f
	return made
}

// rules sets times and limits; what was not asked for is Holdfast's default.
func (e *event) rules(request *wire.CreateEvent) {
	ttl := given(request.HoldTTLSeconds, ttlDefault)
	ceiling := max(given(request.HoldCeilingSeconds, ceilingDefault), ttl)
	perBooking := given(request.SeatsPerBookingMax, bookingSeatsDefault)
	e.ttl, e.ceiling, e.seatsMax = time.Duration(ttl)*time.Second, time.Duration(ceiling)*time.Second, int(perBooking)
	e.about.HoldTTLSeconds, e.about.HoldCeilingSeconds, e.about.SeatsPerBookingMax = ttl, ceiling, uint32(perBooking)
	e.about.SeatsPerBuyerMax = uint32(given(request.SeatsPerBuyerMax, perBooking))
}

func given(value *int64, otherwise int64) int64 {
	if value == nil {
		return otherwise
	}
	return *value
}

// build makes sections, rows and seats of a plan.
func (e *event) build(plan *compactPlan) error {
	known := map[string]bool{}
	for i := range plan.Sections {
		s := &plan.Sections[i]
		if s.ID == "" || known[s.ID] || (s.General > 0) == (len(s.Rows) > 0) {
			return defective("sections want an id of their own, and rows or general")
		}
		known[s.ID] = true
		e.sections = append(e.sections, section{id: s.ID, first: int32(len(e.rowOf)), general: s.General > 0})
		if s.General > 0 {
			s.Rows = []compactRow{{Label: generalRow, Seats: s.General}}
		}
		if err := e.addRows(s); err != nil {
			return err
		}
		made := &e.sections[i]
		made.end = int32(len(e.rowOf))
		e.about.Sections = append(e.about.Sections, wire.Section{ID: s.ID, Name: cmp.Or(s.Name, s.ID),
			Seats: uint32(made.end - made.first)})
	}
	if e.about.Seats = len(e.rowOf); e.about.Seats == 0 {
		return defective("a plan has seats")
	}
	return nil
}

func (e *event) addRows(s *compactSection) error {
	for _, r := range s.Rows {
		category := cmp.Or(r.Category, s.Category)
		price, ok := e.about.Prices[category]
		if !ok {
			price, ok = e.about.Prices[anyCategory]
		}
		if first := len(e.rowOf); !ok || r.Seats <= 0 || r.Label == "" || first+r.Seats > seatsMax {
			return defective("row " + r.Label + " of section " + s.ID +
				" wants a label, a number of seats, and a price of its category")
		}
		first := int32(len(e.rowOf))
		e.rows = append(e.rows, row{label: r.Label, section: int32(len(e.sections) - 1), first: first,
			end:      first + int32(r.Seats),
			category: category, price: price})
		if err := e.addSeats(s.ID+"-"+r.Label+"-", r.Seats); err != nil {
			return err
		}
	}
	return nil
}

func (e *event) addSeats(prefix string, count int) error {
	for n := range count {
		name := prefix + strconv.Itoa(n+1)
		if _, twice := e.byID[name]; twice {
			return defective("seat " + name + " is there twice")
		}
		e.byID[name] = int32(len(e.rowOf))
		e.seatIDs = append(e.seatIDs, name)
		e.rowOf = append(e.rowOf, int32(len(e.rows)-1))
	}
	return nil
}

// sectionOf is the index of a seat's section.
func (e *event) sectionOf(seat int32) int32 { return e.rows[e.rowOf[seat]].section }

// together says whether seats, in rising order, are neighbours in a row. Of a general section any seats are.
func (e *event) together(seats []int32) bool {
	if len(seats) == 0 || e.sections[e.sectionOf(seats[0])].general {
		return true
	}
	for i := 1; i < len(seats); i++ {
		if seats[i] != seats[i-1]+1 || e.rowOf[seats[i]] != e.rowOf[seats[0]] {
			return false
		}
	}
	return true
}

func (e *event) total(seats []int32) (sum int64) {
	for _, seat := range seats {
		sum += e.rows[e.rowOf[seat]].price
	}
	return sum
}

func (e *event) setSale(state string) { e.sale.Store(&state) }

func (e *event) isOpen() bool { return *e.sale.Load() == "open" }

// answer is the event as the API tells it.
func (e *event) answer() *wire.Event {
	answer := e.about
	answer.Sale = *e.sale.Load()
	return &answer
}

// seatPitch and rowPitch place seats on the drawing, which no load looks at.
const seatPitch, rowPitch = 1.0, 1.2

func (e *event) buildSeatmap() ([]byte, error) {
	drawn := wire.Seatmap{Name: e.about.Name, Categories: []wire.Category{}}
	for i, s := range e.sections {
		drawn.Sections = append(drawn.Sections, wire.SeatmapSection{ID: s.id, Name: e.about.Sections[i].Name,
			General: s.general})
	}
	for i, r := range e.rows {
		seats := make([]wire.SeatmapSeat, 0, r.end-r.first)
		for seat := r.first; seat < r.end; seat++ {
			n := int(seat-r.first) + 1
			seats = append(seats, wire.SeatmapSeat{ID: e.seatIDs[seat], Label: strconv.Itoa(n),
				X: float64(n) * seatPitch, Y: float64(i) * rowPitch,
				Category: r.category})
		}
		into := &drawn.Sections[r.section]
		into.Rows = append(into.Rows, wire.SeatmapRow{Label: r.label, Seats: seats})
		if label := (wire.Category{Label: r.category}); !slices.Contains(drawn.Categories, label) {
			drawn.Categories = append(drawn.Categories, label)
		}
	}
	text, err := json.Marshal(&drawn)
	if err != nil {
		return nil, fmt.Errorf("baselines: seatmap: %w", err)
	}
	return text, nil
}

// catalog is the events of this process.
type catalog struct {
	mu     sync.RWMutex
	byName map[string]*event
	all    []*event // by number, from 1
}

// add numbers an event; it is not found before publish.
func (c *catalog) add(e *event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, e)
	e.number = int32(len(c.all))
}

func (c *catalog) publish(e *event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byName == nil {
		c.byName = map[string]*event{}
	}
	c.byName[e.name] = e
}

// find is nil for an event that is not there.
func (c *catalog) find(name []byte) *event {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byName[string(name)]
}

// numbered is the event that a store's booking names.
func (c *catalog) numbered(number int32) *event {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.all[number-1]
}
