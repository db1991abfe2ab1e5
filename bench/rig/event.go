package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/api/wire"
	"holdfast/bench/lab"
)

// eventPlan is the shape of an event made for a load: Sections alike, each with rows of at most rowSeats seats.
type eventPlan struct {
	Sections        int
	SeatsPerSection int
	HoldTTL         time.Duration // whole seconds
	Queue           bool          // a waiting room in front of it
}

// seats of one event.
func (p eventPlan) seats() int { return p.Sections * p.SeatsPerSection }

// rowSeats keeps rows like those of a stadium; SeatsPerSection is rounded down to whole rows.
const rowSeats = 25

// soldEvent is an open event, and the requests that can be made of it. Its seats are numbered across sections:
// neighbours in number are in different sections, so that consecutive requests meet different writers, as buyers do.
type soldEvent struct {
	ID   string
	Plan eventPlan
	host string
	run  string // tells this event's buyers and keys from every other run's against the same server
	head []byte // a booking's head up to the buyer
	// firstLook is how long the first availability took: the moment at which the server loads an event that nobody used
	// yet.
	firstLook time.Duration
}

// openEvent creates an event, opens its sale, and looks at its map once, as every fan does before booking. What the
// server does at that first look is told by Single; it must not hide in, or spoil, every other figure.
func openEvent(ctx context.Context, t lab.Endpoint, plan eventPlan) (*soldEvent, error) {
	plan.SeatsPerSection -= plan.SeatsPerSection % rowSeats
	if plan.seats() <= 0 || plan.HoldTTL < time.Second {
		return nil, fmt.Errorf("rig: a hall needs sections of %d seats or more and a hold of a second or more",
			rowSeats)
	}
	h := &soldEvent{Plan: plan, host: t.Address, run: lab.RunName()}
	body, err := json.Marshal(plan.event(h.run))
	if err != nil {
		return nil, fmt.Errorf("rig: %w", err)
	}
	var made wire.Event
	if err := t.Operate(ctx, "/v1/events", h.run+"-create", body, 201, &made); err != nil {
		return nil, err
	}
	t.Guest.Made(made.ID)
	if made.Seats != plan.seats() {
		return nil, fmt.Errorf("rig: the event has %d seats instead of %d", made.Seats, plan.seats())
	}
	h.ID = made.ID
	h.head = fmt.Appendf(nil, "POST /v1/events/%s/bookings HTTP/1.1\r\nHost: %s\r\nContent-Type: "+
		"application/json\r\nX-Buyer: ", h.ID, h.host)
	if err := t.Operate(ctx, "/v1/events/"+h.ID+"/sale", h.run+"-sale", []byte(`{"state":"open"}`), 200,
		nil); err != nil {
		return nil, err
	}
	begin := time.Now()
	err = t.Get(ctx, "/v1/events/"+h.ID+"/availability", nil)
	h.firstLook = time.Since(begin)
	return h, err
}

func (p eventPlan) event(name string) *wire.CreateEvent {
	name = "load " + name
	currency := "EUR"
	starts := wire.OffsetTime{Time: wire.Time(time.Now().AddDate(1, 0, 0).UnixMilli())}
	ttl := int64(p.HoldTTL / time.Second)
	ceiling := max(2*ttl, 1200)
	seatsMax := int64(1000)
	return &wire.CreateEvent{
		Name: &name, StartsAt: &starts, Currency: &currency, HoldTTLSeconds: &ttl, HoldCeilingSeconds: &ceiling,
		SeatsPerBuyerMax: &seatsMax, Prices: wire.FacePrices(map[string]int64{"*": 5000}),
		Plan:        lab.UniformVenue(p.Sections, p.SeatsPerSection/rowSeats, rowSeats).Plan,
		WaitingRoom: p.waitingRoom(),
	}
}

// appendSeat appends the id of seat n of the event.
func (h *soldEvent) appendSeat(dst []byte, n uint64) []byte {
	section, index := n%uint64(h.Plan.Sections), n/uint64(h.Plan.Sections)
	dst = strconv.AppendUint(append(dst, 'S'), section+lab.SectionsFirst, 10)
	dst = strconv.AppendUint(append(dst, '-'), index/rowSeats+lab.RowsFirst, 10)
	return strconv.AppendUint(append(dst, '-'), index%rowSeats+1, 10)
}

// seatNumber is the way back, from a section's id and the seat's place in it, as the live map tells them.
func (h *soldEvent) seatNumber(section string, index uint32) (uint64, error) {
	number, err := strconv.ParseUint(strings.TrimPrefix(section, "S"), 10, 32)
	if err != nil || number < lab.SectionsFirst || number-lab.SectionsFirst >= uint64(h.Plan.Sections) ||
		int(index) >= h.Plan.SeatsPerSection {
		return 0, fmt.Errorf("rig: no seat %d of section %q in this hall", index, section)
	}
	return uint64(index)*uint64(h.Plan.Sections) + number - lab.SectionsFirst, nil
}

const seatsBodyOverhead = len(`{"seats":[""]}`)

// appendHold appends a request for seat n in the name of buyer n, with a key of its own; who keeps rounds apart.
func (h *soldEvent) appendHold(dst []byte, n uint64, who byte, request requestNo) []byte {
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
func (h *soldEvent) appendGet(dst []byte, document string) []byte {
	return fmt.Appendf(dst, "GET /v1/events/%s/%s HTTP/1.1\r\nHost: %s\r\n\r\n", h.ID, document, h.host)
}
