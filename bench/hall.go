package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/api/wire"
)

// Target is a server under test.
type Target struct {
	Address     string // host:port
	OperatorKey Secret // to create events with
	Guest       *Guest // nil: the server is ours, and goes away with its events
}

// HallPlan is the shape of an event made for a load: Sections alike, each with rows of at most rowSeats seats.
type HallPlan struct {
	Sections        int
	SeatsPerSection int
	HoldTTL         time.Duration // whole seconds
}

// seats of one event.
func (p HallPlan) seats() int { return p.Sections * p.SeatsPerSection }

// rowSeats keeps rows like those of a stadium; SeatsPerSection is rounded down to whole rows.
const rowSeats = 25

// sectionsFirst makes section and row labels two or three digits wide from the start, so that requests have nearly one
// length.
const sectionsFirst, rowsFirst = 10, 100

// Hall is an open event, and the requests that can be made of it. Its seats are numbered across sections: neighbours in
// number are in different sections, so that consecutive requests meet different writers, as buyers do.
type Hall struct {
	Event string
	Plan  HallPlan
	host  string
	run   string // tells this hall's buyers and keys from every other run's against the same server
	head  []byte // a booking's head up to the buyer
	// firstLook is how long the first availability took: the moment at which the server loads an event that nobody used
	// yet.
	firstLook time.Duration
}

// OpenHall creates an event, opens its sale, and looks at its map once, as every fan does before booking. What the
// server does at that first look is told by Single; it must not hide in, or spoil, every other figure.
func OpenHall(ctx context.Context, t Target, plan HallPlan) (*Hall, error) {
	plan.SeatsPerSection -= plan.SeatsPerSection % rowSeats
	if plan.seats() <= 0 || plan.HoldTTL < time.Second {
		return nil, fmt.Errorf("bench: a hall needs sections of %d seats or more and a hold of a second or more", rowSeats)
	}
	h := &Hall{Plan: plan, host: t.Address, run: runName()}
	body, err := json.Marshal(plan.event(h.run))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	var made wire.Event
	if err := t.operate(ctx, "/v1/events", h.run+"-create", body, 201, &made); err != nil {
		return nil, err
	}
	t.Guest.made(made.ID)
	if made.Seats != plan.seats() {
		return nil, fmt.Errorf("bench: the event has %d seats instead of %d", made.Seats, plan.seats())
	}
	h.Event = made.ID
	h.head = fmt.Appendf(nil, "POST /v1/events/%s/bookings HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX-Buyer: ", h.Event, h.host)
	if err := t.operate(ctx, "/v1/events/"+h.Event+"/sale", h.run+"-sale", []byte(`{"state":"open"}`), 200, nil); err != nil {
		return nil, err
	}
	begin := time.Now()
	err = t.get(ctx, "/v1/events/"+h.Event+"/availability", nil)
	h.firstLook = time.Since(begin)
	return h, err
}

func runName() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime aborts instead
	return hex.EncodeToString(b[:])
}

func (p HallPlan) event(name string) *wire.CreateEvent {
	name = "load " + name
	currency := "EUR"
	starts := wire.OffsetTime{Time: wire.Time(time.Now().AddDate(1, 0, 0).UnixMilli())}
	ttl := int64(p.HoldTTL / time.Second)
	ceiling := max(2*ttl, 1200)
	seatsMax := int64(1000)
	return &wire.CreateEvent{
		Name: &name, StartsAt: &starts, Currency: &currency, HoldTTLSeconds: &ttl, HoldCeilingSeconds: &ceiling,
		SeatsPerBuyerMax: &seatsMax, Prices: map[string]int64{"*": 5000}, Plan: p.compact(),
	}
}

// compact is the plan in Holdfast's own JSON.
func (p HallPlan) compact() wire.Raw {
	var b bytes.Buffer
	b.WriteString(`{"sections":[`)
	for s := range p.Sections {
		fmt.Fprintf(&b, `%s{"id":"S%d","rows":[`, comma(s), s+sectionsFirst)
		for r := range p.SeatsPerSection / rowSeats {
			fmt.Fprintf(&b, `%s{"label":"%d","seats":%d}`, comma(r), r+rowsFirst, rowSeats)
		}
		b.WriteString("]}")
	}
	b.WriteString("]}")
	return b.Bytes()
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// appendSeat appends the id of seat n of the hall.
func (h *Hall) appendSeat(dst []byte, n uint64) []byte {
	section, index := n%uint64(h.Plan.Sections), n/uint64(h.Plan.Sections)
	dst = strconv.AppendUint(append(dst, 'S'), section+sectionsFirst, 10)
	dst = strconv.AppendUint(append(dst, '-'), index/rowSeats+rowsFirst, 10)
	return strconv.AppendUint(append(dst, '-'), index%rowSeats+1, 10)
}

// seatNumber is the way back, from a section's id and the seat's place in it, as the live map tells them.
func (h *Hall) seatNumber(section string, index uint32) (uint64, error) {
	number, err := strconv.ParseUint(strings.TrimPrefix(section, "S"), 10, 32)
	if err != nil || number < sectionsFirst || number-sectionsFirst >= uint64(h.Plan.Sections) || int(index) >= h.Plan.SeatsPerSection {
		return 0, fmt.Errorf("bench: no seat %d of section %q in this hall", index, section)
	}
	return uint64(index)*uint64(h.Plan.Sections) + number - sectionsFirst, nil
}

const seatsBodyOverhead = len(`{"seats":[""]}`)

// AppendHold appends a request for seat n in the name of buyer n, with a key of its own; who keeps rounds apart.
func (h *Hall) AppendHold(dst []byte, n uint64, who byte, request RequestNo) []byte {
	var seat [32]byte
	id := h.appendSeat(seat[:0], n)
	dst = appendPadded(append(append(append(dst, h.head...), h.run...), who), uint64(request))
	dst = append(append(append(dst, "\r\nIdempotency-Key: "...), h.run...), who)
	dst = append(appendPadded(dst, uint64(request)), "\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(id)+seatsBodyOverhead), 10)
	dst = append(append(dst, "\r\n\r\n{\"seats\":[\""...), id...)
	return append(dst, `"]}`...)
}

// appendPadded writes ten letters a to j for the digits: a long run of digits could be taken for a card's number and
// refused (P12).
func appendPadded(dst []byte, n uint64) []byte {
	const width = 10
	var digits [width]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = 'a' + byte(n%10)
		n /= 10
	}
	return append(append(dst, '-'), digits[:]...)
}

// appendGet appends a request for one of the event's documents.
func (h *Hall) appendGet(dst []byte, document string) []byte {
	return fmt.Appendf(dst, "GET /v1/events/%s/%s HTTP/1.1\r\nHost: %s\r\n\r\n", h.Event, document, h.host)
}
