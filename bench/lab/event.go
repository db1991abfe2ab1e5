package lab

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"holdfast/api/wire"
	"holdfast/api/wire/roomrules"
	"holdfast/bench/buyers"
)

// SectionsFirst and RowsFirst make section and row labels two or three digits wide from the start, so that requests
// have nearly one length.
const SectionsFirst, RowsFirst = 10, 100

// Venue is a plan in any format that the server under test reads.
type Venue struct {
	Name string
	Plan wire.Raw
}

// UniformVenue is sections alike, each of rows with seats each, in Holdfast's own compact JSON, which every baseline
// reads too.
func UniformVenue(sections, rows, seats int) Venue {
	var b strings.Builder
	b.WriteString(`{"sections":[`)
	for s := range sections {
		fmt.Fprintf(&b, `%s{"id":"S%d","rows":[`, comma(s), s+SectionsFirst)
		for r := range rows {
			fmt.Fprintf(&b, `%s{"label":"%d","seats":%d}`, comma(r), r+RowsFirst, seats)
		}
		b.WriteString("]}")
	}
	b.WriteString("]}")
	return Venue{Name: fmt.Sprintf("%d sections of %d rows of %d seats", sections, rows, seats),
		Plan: wire.Raw(b.String())}
}

// SpreadVenue is so many seats spread over so many sections as evenly as they go, in rows of at most 25.
func SpreadVenue(seats, sections int) Venue {
	var b strings.Builder
	b.WriteString(`{"sections":[`)
	for s := range sections {
		left := seats / sections
		if s < seats%sections {
			left++
		}
		fmt.Fprintf(&b, `%s{"id":"S%d","rows":[`, comma(s), s+SectionsFirst)
		for r := 0; left > 0; r++ {
			fmt.Fprintf(&b, `%s{"label":"%d","seats":%d}`, comma(r), r+RowsFirst, min(left, spreadRowSeats))
			left -= spreadRowSeats
		}
		b.WriteString("]}")
	}
	b.WriteString("]}")
	return Venue{Name: fmt.Sprintf("%d seats in %d sections", seats, sections), Plan: wire.Raw(b.String())}
}

// spreadRowSeats keeps rows like those of a stadium.
const spreadRowSeats = 25

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// Terms are an event's booking rules. A buyer may have any number of seats: what is measured is the server, not a
// limit.
type Terms struct {
	HoldTTL      time.Duration // whole seconds
	SeatsPerHold int64
	WaitingRoom  *WaitingRoom // nil: none
}

// WaitingRoom is an event's: without a lobby, so that whoever comes first is called first.
type WaitingRoom struct {
	ActiveMax            int64
	Session, Turn, Grace time.Duration // whole seconds
	CallsAfter           time.Duration // joins begin at once, calls so much later
	// Lowered, if set, is what an operator lowers ActiveMax to, LoweredAfter the round's beginning.
	Lowered      int64
	LoweredAfter time.Duration
	// ProofOfWork, if set, is max_number of the puzzle of a join, in a rush too.
	ProofOfWork int64
}

func (w *WaitingRoom) wire(now time.Time) *wire.WaitingRoom {
	if w == nil {
		return nil
	}
	session, turn, grace := int64(w.Session/time.Second), int64(w.Turn/time.Second), int64(w.Grace/time.Second)
	opens := wire.OffsetTime{Time: wire.Time(now.Add(-time.Second).UnixMilli())}
	calls := wire.OffsetTime{Time: wire.Time(now.Add(w.CallsAfter).UnixMilli())}
	room := &wire.WaitingRoom{OpensAt: &opens, DoorsAt: &calls, ActiveMax: &w.ActiveMax, SessionSeconds: &session,
		TurnSeconds: &turn, GraceSeconds: &grace}
	if w.ProofOfWork > 0 {
		room.ProofOfWork = &roomrules.ProofOfWork{MaxNumber: &w.ProofOfWork, MaxNumberRush: &w.ProofOfWork}
	}
	return room
}

// seatsPerBuyer is beyond what any buyer of a load has at once.
const seatsPerBuyer = 10_000

// OpenEvent makes an event of a venue, puts it on sale, reads its seat map, and looks at it once, as every fan does
// before booking. plan, if given, is the venue's as read before: then the seat map, which may be megabytes, is not read
// again.
func OpenEvent(ctx context.Context, t Endpoint, v Venue, terms Terms, plan *buyers.Plan) (*buyers.Event, error) {
	name := "load " + RunName()
	currency := "EUR"
	starts := wire.OffsetTime{Time: wire.Time(time.Now().AddDate(1, 0, 0).UnixMilli())}
	ttl := int64(max(terms.HoldTTL/time.Second, 1))
	ceiling := max(2*ttl, 1200)
	buyerMax := int64(seatsPerBuyer)
	body, err := json.Marshal(&wire.CreateEvent{
		Name: &name, StartsAt: &starts, Currency: &currency, HoldTTLSeconds: &ttl, HoldCeilingSeconds: &ceiling,
		SeatsPerBookingMax: &terms.SeatsPerHold, SeatsPerBuyerMax: &buyerMax,
		Prices: wire.FacePrices(map[string]int64{"*": 5000}),
		Plan:   v.Plan, WaitingRoom: terms.WaitingRoom.wire(time.Now()),
	})
	if err != nil {
		return nil, fmt.Errorf("lab: venue %s: %w", v.Name, err)
	}
	var made wire.Event
	if err := t.Operate(ctx, "/v1/events", name[len("load "):]+"-create", body, 201, &made); err != nil {
		return nil, err
	}
	t.Guest.Made(made.ID)
	event := "/v1/events/" + made.ID
	if err := t.Operate(ctx, event+"/sale", name[len("load "):]+"-sale", []byte(`{"state":"open"}`), 200,
		nil); err != nil {
		return nil, err
	}
	if plan == nil {
		if plan, err = ReadPlan(ctx, t, made.ID); err != nil {
			return nil, err
		}
	}
	return &buyers.Event{ID: made.ID, Plan: plan}, t.Get(ctx, event+"/availability", nil)
}

// RunName tells one run's names from every other run's against the same server.
func RunName() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime aborts instead
	return hex.EncodeToString(b[:])
}

// ReadPlan reads an event's seat map as buyers use it.
func ReadPlan(ctx context.Context, t Endpoint, event string) (*buyers.Plan, error) {
	seatmap, err := ReadSeatmap(ctx, t, event)
	if err != nil {
		return nil, err
	}
	return buyers.NewPlan(seatmap)
}

// ReadSeatmap reads an event's seat map.
func ReadSeatmap(ctx context.Context, t Endpoint, event string) (*wire.Seatmap, error) {
	var seatmap wire.Seatmap
	return &seatmap, t.Get(ctx, "/v1/events/"+event+"/seatmap", &seatmap)
}

// Translate writes a seat map in the compact JSON that baselines read: sections, rows and their lengths are kept;
// labels of seats are not, for there they are counted from 1.
func Translate(v Venue, m *wire.Seatmap) (Venue, error) {
	type row struct {
		Label string `json:"label"`
		Seats int    `json:"seats"`
	}
	type block struct {
		ID   string `json:"id"`
		Rows []row  `json:"rows"`
	}
	var plan struct {
		Sections []block `json:"sections"`
	}
	for i := range m.Sections {
		s := block{ID: m.Sections[i].ID}
		for n, r := range m.Sections[i].Rows {
			s.Rows = append(s.Rows, row{Label: fmt.Sprintf("r%d", n+1), Seats: len(r.Seats)})
		}
		plan.Sections = append(plan.Sections, s)
	}
	text, err := json.Marshal(&plan)
	return Venue{Name: v.Name, Plan: text}, err
}
