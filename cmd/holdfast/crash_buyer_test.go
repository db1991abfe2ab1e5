package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
)

// history is what buyers were told: the truth that the server has to live up to.
type history struct {
	mu       sync.Mutex
	bookings map[string]*toldBooking
	refusals int
	repeats  int
}

// toldBooking is one booking and the last state that was acknowledged.
type toldBooking struct {
	owner string
	seats []string
	state string // by the last acknowledgement
	final string // by the server, at the end
}

// inState lists the bookings that the server has in a state at the end.
func (h *history) inState(state string) (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, b := range h.bookings {
		if b.final == state {
			all = append(all, id)
		}
	}
	return all
}

func (h *history) note(id string, change func(b *toldBooking)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.bookings[id]
	if b == nil {
		b = &toldBooking{}
		h.bookings[id] = b
	}
	change(b)
}

func (h *history) count(refusals, repeats int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusals += refusals
	h.repeats += repeats
}

func (h *history) summary() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	states := make(map[string]int)
	for _, b := range h.bookings {
		states[b.state]++
	}
	return fmt.Sprintf("%d bookings acknowledged, last told %v, those over several sections %v; "+
		"%d refusals, %d repeats with the same key",
		len(h.bookings), states, h.ordersByState(), h.refusals, h.repeats)
}

// overSections: its seats lie in more than one section, which the letter before a seat's row names.
func (b *toldBooking) overSections() bool {
	return slices.ContainsFunc(b.seats, func(seat string) bool { return seat[0] != b.seats[0][0] })
}

// ordersByState counts the bookings over several sections by the state that was told last.
func (h *history) ordersByState() map[string]int {
	states := make(map[string]int)
	for _, b := range h.bookings {
		if b.overSections() {
			states[b.state]++
		}
	}
	return states
}

// implied lists the states in which a booking may be found when its last acknowledged one is given.
var implied = map[string][]string{
	"held":      {"held", "expired"},
	"confirmed": {"confirmed"},
	"released":  {"released"},
	"refunded":  {"refunded"},
	"expired":   {"expired"},
}

// readBack asks the server for every booking; false means that time is up.
func (h *history) readBack(p *process, deadline <-chan struct{}) (map[string]answer, bool) {
	found := make(map[string]answer, len(h.bookings))
	for id, b := range h.bookings {
		got, ok := p.ask(deadline, b.owner, "GET", "/v1/bookings/"+id, "", "")
		if !ok {
			p.t.Logf("%d of %d bookings read back; no answer about %s, last told %s", len(found), len(h.bookings), id,
				b.state)
			return nil, false
		}
		b.final, found[id] = got.State, got
	}
	return found, true
}

// contradictions (P1, P2) holds what was found against what was told: every booking must be there, with its seats, in a
// state that the last answer implies; and no two live ones may share a seat.
func (h *history) contradictions(found map[string]answer) (wrong []string) {
	live := make(map[string]string)
	for id, b := range h.bookings {
		got := found[id]
		if got.status != http.StatusOK || !slices.Contains(implied[b.state], got.State) ||
			!slices.Equal(b.seats, got.Seats) {
			wrong = append(wrong, fmt.Sprintf("booking %s: told %s %v, found %d %s %v", id, b.state, b.seats,
				got.status, got.State, got.Seats))
		}
		if !slices.Contains([]string{"held", "paying", "confirming", "confirmed"}, got.State) {
			continue
		}
		for _, seat := range got.Seats {
			if other, taken := live[seat]; taken {
				wrong = append(wrong, fmt.Sprintf("OVERSELL: seat %s is in %s and in %s", seat, id, other))
			}
			live[seat] = id
		}
	}
	return wrong
}

// moneyErrors (P6): the processor's charges and the confirmed bookings are the same.
func (h *history) moneyErrors(charged map[string]bool) (wrong []string) {
	for id := range charged {
		if b := h.bookings[id]; b == nil || b.final != "confirmed" {
			wrong = append(wrong, fmt.Sprintf("booking %s was charged and is not confirmed: %+v", id, b))
		}
	}
	for id, b := range h.bookings {
		if b.final == "confirmed" && !charged[id] {
			wrong = append(wrong, fmt.Sprintf("booking %s is confirmed and was never charged", id))
		}
	}
	return wrong
}

// TestHistoryCatchesLies plants what the crash test must never see, so that its silence means something.
func TestHistoryCatchesLies(t *testing.T) {
	told := func(state string) *toldBooking {
		return &toldBooking{seats: []string{"A-1-1"}, state: state, final: "confirmed"}
	}
	found := func(status int, state string, seats ...string) answer {
		return answer{status, wireBooking{State: state, Seats: seats}}
	}
	for _, c := range []struct {
		name  string
		told  string
		found answer
		want  int
	}{
		{"as told", "confirmed", found(200, "confirmed", "A-1-1"), 0},
		{"a hold may lapse", "held", found(200, "expired", "A-1-1"), 0},
		{"lost", "held", found(404, ""), 1},
		{"a sale may not lapse", "confirmed", found(200, "expired", "A-1-1"), 1},
		{"released and held again", "released", found(200, "held", "A-1-1"), 1},
		{"another seat", "held", found(200, "held", "A-1-2"), 1},
	} {
		h := &history{bookings: map[string]*toldBooking{"x": told(c.told)}}
		if wrong := h.contradictions(map[string]answer{"x": c.found}); len(wrong) != c.want {
			t.Errorf("%s: %v", c.name, wrong)
		}
	}
	twice := &history{bookings: map[string]*toldBooking{"x": told("confirmed"), "y": told("confirmed")}}
	both := map[string]answer{"x": found(200, "confirmed", "A-1-1"), "y": found(200, "confirmed", "A-1-1")}
	if wrong := twice.contradictions(both); len(wrong) != 1 {
		t.Errorf("an oversell was found %d times: %v", len(wrong), wrong)
	}
	if wrong := twice.moneyErrors(map[string]bool{"x": true, "z": true}); len(wrong) != 2 {
		t.Errorf("a ticket without charge and a charge without ticket: %v", wrong)
	}
}

// crashBuyer shops until told to stop, and sees every request through to an answer.
type crashBuyer struct {
	*process
	told     *history
	event    string
	name     string
	chance   *rand.Rand
	requests int
	bought   []string // confirmed and not refunded
}

func (b *crashBuyer) key() string {
	b.requests++
	return fmt.Sprintf("%s-%d", b.name, b.requests)
}

func (b *crashBuyer) shop(enough, deadline <-chan struct{}) {
	for {
		select {
		case <-enough:
			return
		case <-deadline:
			return
		default:
		}
		if !b.evening(deadline) {
			return
		}
	}
}

// evening is one booking from wish to end; false means that time is up.
func (b *crashBuyer) evening(deadline <-chan struct{}) bool {
	hold, ok := b.hold(deadline)
	if !ok || hold.status != http.StatusCreated {
		return ok
	}
	if b.chance.IntN(5) == 0 {
		extended, ok := b.ask(deadline, b.name, "POST", "/v1/bookings/"+hold.ID+"/extend", b.key(), "")
		if !ok {
			return false
		}
		b.expect("extend", extended, http.StatusOK, "hold_expired", "extension_limit")
	}
	switch roll := b.chance.IntN(10); {
	case roll < 4:
		return b.release(deadline, hold.ID)
	case roll < 8:
		return b.confirm(deadline, hold.ID)
	default:
		return true // left to lapse
	}
}

func (b *crashBuyer) wish() string {
	if b.chance.IntN(2) == 0 {
		return fmt.Sprintf(`{"best_available":{"quantity":%d}}`, 1+b.chance.IntN(3))
	}
	section := b.chance.IntN(crashSections)
	row := fmt.Sprintf("%c-%d", 'A'+section, 1+b.chance.IntN(crashRows))
	first := 1 + b.chance.IntN(crashRowSeats-1)
	if b.chance.IntN(3) == 0 { // an order: seats of two sections, in one booking
		other := fmt.Sprintf("%c-%d-%d", 'A'+(section+1+b.chance.IntN(crashSections-1))%crashSections,
			1+b.chance.IntN(crashRows), 1+b.chance.IntN(crashRowSeats))
		return fmt.Sprintf(`{"seats":["%s-%d","%s"]}`, row, first, other)
	}
	return fmt.Sprintf(`{"seats":["%s-%d","%s-%d"]}`, row, first, row, first+1)
}

func (b *crashBuyer) hold(deadline <-chan struct{}) (answer, bool) {
	key, wish := b.key(), b.wish()
	path := "/v1/events/" + b.event + "/bookings"
	got, ok := b.ask(deadline, b.name, "POST", path, key, wish)
	if !ok {
		return got, false
	}
	if got.status != http.StatusCreated {
		b.expect("hold", got, http.StatusCreated, "seat_taken", "sold_out", "not_together", "orphan_seat")
		return got, true
	}
	b.told.note(got.ID, func(t *toldBooking) { t.owner, t.seats, t.state = b.name, got.Seats, "held" })
	if b.chance.IntN(4) == 0 { // a double click (P5)
		again, ok := b.ask(deadline, b.name, "POST", path, key, wish)
		if !ok {
			return got, false
		}
		b.told.count(0, 1)
		if again.ID != got.ID || !slices.Equal(again.Seats, got.Seats) {
			b.t.Errorf("the same key gave %s %v and then %d %s %v %s", got.ID, got.Seats, again.status, again.ID,
				again.Seats, again.Code)
		}
	}
	return got, true
}

// expect counts refusals of the kinds that a buyer has to live with, and reports any other answer.
func (b *crashBuyer) expect(call string, got answer, fine int, refusals ...string) (accepted bool) {
	switch {
	case got.status == fine:
		return true
	case slices.Contains(refusals, got.Code):
		b.told.count(1, 0)
	default:
		b.t.Errorf("%s: unexpected answer %d %s", call, got.status, got.Code)
	}
	return false
}

func (b *crashBuyer) release(deadline <-chan struct{}, id string) bool {
	got, ok := b.ask(deadline, b.name, "DELETE", "/v1/bookings/"+id, b.key(), "")
	if ok && b.expect("release", got, http.StatusOK, "hold_expired") {
		b.told.note(id, func(t *toldBooking) { t.state = got.State })
	}
	return ok
}

func (b *crashBuyer) confirm(deadline <-chan struct{}, id string) bool {
	key := b.key()
	token := b.tokens[b.chance.IntN(len(b.tokens))]
	path, body := "/v1/bookings/"+id+"/confirm", `{"payment_token":"`+token+`"}`
	got, ok := b.ask(deadline, b.name, "POST", path, key, body)
	for ok && (got.status == http.StatusAccepted || got.Code == "payment_in_progress") {
		got, ok = b.settled(deadline, id)
	}
	if !ok {
		return false
	}
	// Declined: whoever took over asked the processor before the charge had reached it, and so called the charge off.
	if !b.expect("confirm", got, http.StatusOK, "hold_expired", "payment_declined") {
		return true
	}
	if got.State == "held" || got.State == "expired" {
		return true // the crash came between the log and the processor: not charged, and the log says so
	}
	b.told.note(id, func(t *toldBooking) { t.state = got.State })
	if got.State != "confirmed" || len(got.Tickets) != len(got.Seats) {
		b.t.Errorf("confirm %s: %s with %d tickets for %d seats", id, got.State, len(got.Tickets), len(got.Seats))
	}
	b.bought = append(b.bought, id)
	return b.refundSome(deadline)
}

// settled waits until the booking's payment has an answer.
func (b *crashBuyer) settled(deadline <-chan struct{}, id string) (answer, bool) {
	for {
		got, ok := b.ask(deadline, b.name, "GET", "/v1/bookings/"+id, "", "")
		if !ok || got.State != "paying" && got.State != "confirming" {
			return got, ok
		}
	}
}

// refundSome gives tickets back, so that there is something to buy until the end.
func (b *crashBuyer) refundSome(deadline <-chan struct{}) bool {
	for len(b.bought) > 3 {
		id := b.bought[0]
		b.bought = b.bought[1:]
		got, ok := b.ask(deadline, "", "POST", "/v1/bookings/"+id+"/refund", "refund-"+id, "")
		for ok && (got.status == http.StatusAccepted || got.State == "confirmed") { // due: it is on its way
			got, ok = b.ask(deadline, b.name, "GET", "/v1/bookings/"+id, "", "")
		}
		if !ok {
			return false
		}
		if b.expect("refund", got, http.StatusOK) {
			b.told.note(id, func(t *toldBooking) { t.state = got.State })
		}
	}
	return true
}
