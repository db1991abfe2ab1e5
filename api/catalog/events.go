package catalog

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"holdfast/actors/money"
	"holdfast/actors/section"
	"holdfast/api/call"
	"holdfast/api/document"
	"holdfast/api/problem"
	"holdfast/api/wire"
	"holdfast/storage"
)

const (
	pageDefault        = 20
	pageMax            = 100
	queryCharactersMax = 200
)

// page is one request to browse.
type page struct {
	limit int
	after *cursor // nil: from the newest
	query string  // searchable
}

// cursor is the last event of the page before: newest first, so the next page holds older ones.
type cursor struct {
	created section.Instant
	id      storage.EventID
}

func (c cursor) String() string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(c.created))
	return base64.RawURLEncoding.EncodeToString(append(raw, c.id[:]...))
}

func parseCursor(text []byte) (*cursor, bool) {
	raw := make([]byte, base64.RawURLEncoding.DecodedLen(len(text)))
	n, err := base64.RawURLEncoding.Decode(raw, text)
	if err != nil || n != 8+16 {
		return nil, false
	}
	c := &cursor{created: section.Instant(binary.BigEndian.Uint64(raw))}
	copy(c.id[:], raw[8:])
	return c, true
}

// parsePage reads the parameters of a list.
func parsePage(query *fasthttp.Args) (page, error) {
	p := page{limit: pageDefault}
	for name, value := range query.All() {
		var err error
		switch string(name) {
		case "limit":
			p.limit, err = parseLimit(value)
		case "cursor":
			p.after, err = parseAfter(value)
		case "q":
			p.query, err = parseQuery(value)
		default:
			err = problem.BadField(wire.Name(name), "is not a known parameter")
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func parseLimit(value []byte) (int, error) {
	limit, err := strconv.Atoi(string(value))
	if err != nil || limit < 1 || limit > pageMax {
		return 0, problem.BadField("limit", "must be a whole number from 1 to 100")
	}
	return limit, nil
}

func parseAfter(value []byte) (*cursor, error) {
	if len(value) == 0 {
		return nil, nil
	}
	if after, ok := parseCursor(value); ok {
		return after, nil
	}
	return nil, problem.BadField("cursor", "must be a next_cursor of an earlier answer")
}

func parseQuery(value []byte) (string, error) {
	if utf8.RuneCount(value) > queryCharactersMax {
		return "", problem.BadField("q", "is longer than 200 characters")
	}
	return searchable(string(value)), nil
}

func eventAnswer(e *storage.Event) wire.Event {
	zone := e.Zone()
	answer := wire.Event{
		ID:                 e.ID.String(),
		Name:               e.Name,
		StartsAt:           wire.OffsetTime{Time: wire.Time(e.StartsAt), Minutes: e.StartsMinutes},
		TimeZone:           e.TimeZone,
		CreatedAt:          call.TimeIn(zone, e.CreatedAt),
		Currency:           e.Currency,
		Sale:               string(e.Sale),
		Version:            e.Version(),
		HoldTTLSeconds:     int64(e.Rules.HoldTTL) / 1000,
		HoldCeilingSeconds: int64(e.Rules.HoldCeiling) / 1000,
		SeatsPerBookingMax: e.Rules.SeatsPerBookingMax,
		SeatsPerBuyerMax:   e.Rules.SeatsPerBuyerMax,
		RefuseOrphans:      e.Rules.RefuseOrphans,
		ForbidTransfers:    e.Rules.ForbidTransfers,
		Prices:             e.Prices,
		PriceComponents:    componentsAnswer(e),
		TicketTypes:        typesAnswer(e),
		WaitingRoom:        waitingRoomAnswer(e.WaitingRoom, zone),
		Sections:           []wire.Section{},
	}
	if answer.Prices == nil {
		answer.Prices = map[string]int64{}
	}
	if ends, some := e.SaleEnd(); some {
		at := call.TimeIn(zone, ends)
		answer.SaleEndsAt = &at
	}
	announced(&answer, e, zone)
	if e.Forgotten != nil {
		at := call.TimeIn(zone, e.Forgotten.At)
		answer.ForgottenAt = &at
	}
	if digits, known := money.Exponent(e.Currency); known {
		answer.CurrencyExponent = &digits
	}
	for i := range e.Sections {
		answer.Seats += int(e.Sections[i].Seats)
		addSection(&answer, &e.Sections[i])
	}
	return answer
}

// addSection lists what the plan calls sections: how one is kept is nobody's business.
func addSection(answer *wire.Event, info *storage.SectionInfo) {
	id := cmp.Or(info.PartOf, info.ID)
	if last := len(answer.Sections) - 1; info.PartOf != "" && last >= 0 && answer.Sections[last].ID == id {
		answer.Sections[last].Seats += info.Seats
		return
	}
	answer.Sections = append(answer.Sections, wire.Section{ID: id, Name: info.Name, Seats: info.Seats})
}

// Get shows one event, with all its sections.
func (h *Handlers) Get(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	event, err := h.engine.Event(id)
	if err != nil {
		return err
	}
	// The pointer is the key, for an event never changes but by another taking its place.
	doc, err := h.headers.Get(event, func() (*document.Still, error) {
		body, err := json.Marshal(eventAnswer(event))
		if err != nil {
			return nil, err
		}
		return document.New(body)
	})
	if err != nil {
		return err
	}
	doc.Send(r.Ctx, document.JSON, document.Revalidate)
	return nil
}

// SetSale opens, pauses or closes an event's sale. Operators only.
func (h *Handlers) SetSale(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	var body wire.Sale
	if err := wire.Decode(r.Body(), &body); err != nil {
		return err
	}
	states := []storage.SaleState{storage.SaleOpen, storage.SalePaused, storage.SaleClosed}
	if !slices.Contains(states, storage.SaleState(body.State)) {
		return problem.BadField("state", "must be open, paused or closed")
	}
	r.Detailf("state=%s", body.State)
	r.Fingerprint().Text(body.State)
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	event, err := h.engine.SetSaleOnce(ctx, id, r.OperatorCaller(), storage.SaleState(body.State))
	if err != nil {
		return err
	}
	answer := eventAnswer(event)
	return r.Encode(http.StatusOK, &answer)
}

// Delete takes an event away that nobody has seats of. Operators only.
func (h *Handlers) Delete(r *call.Call) error {
	id, err := r.Event()
	if err != nil {
		return err
	}
	if err := r.NoBody(); err != nil {
		return err
	}
	r.Fingerprint()
	ctx, cancel := call.Deadline(h.timeout)
	defer cancel()
	event, err := h.engine.DeleteEvent(ctx, id, r.OperatorCaller())
	if err != nil {
		return err
	}
	answer := eventAnswer(event)
	return r.Encode(http.StatusOK, &answer)
}
